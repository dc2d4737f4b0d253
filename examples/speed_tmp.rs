use std::path::Path;
use tars_sim::experiment::*;
fn main() {
    for file in std::env::args().skip(1) {
        let mut d = Diagnostics::new();
        let p = Path::new(&file);
        let Some(l) = load(p, &[], &mut d) else {
            println!("{d}");
            continue;
        };
        let mut t = TraceStore::new(p, Some("/work/shared/data".into()));
        let tree = cell_tree(&l, &l.cells[0]);
        let e = build(&tree, &mut t, &mut d);
        println!("{d}");
        let Some(e) = e else { continue };
        let plan = tars_sim::sim::Plan::new(e.model);
        let cut = plan.model.measure.warmup.unwrap_or_default();
        for r in 0..3 {
            let s = std::time::Instant::now();
            let run = tars_sim::sim::replicate(&plan, r, cut);
            let el = s.elapsed().as_secs_f64();
            println!(
                "{file} events {} stale {} ev/s {:.2e} ns/task {:.1} issued {} good {} lat mean {:?} p99 {:?} b {} wait {:?}",
                run.events,
                run.stale,
                (run.events - run.stale) as f64 / el,
                el * 1e9 / run.issued_ever as f64,
                run.issued,
                run.good,
                run.latency.mean().map(|x| x / 1e9),
                run.latency.quantile(0.99).map(|x| x / 1e9),
                0,
                run.stations[0].wait.mean().map(|x| x / 1e9)
            );
        }
    }
}

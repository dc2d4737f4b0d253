use std::path::Path;
use sha2::Digest;
use tars_sim::experiment::*;
fn main(){
  let args: Vec<String> = std::env::args().skip(1).collect();
  let reps: u64 = args[0].parse().unwrap();
  for spec in &args[1..] {
    let mut parts = spec.split(',');
    let file = parts.next().unwrap().to_string();
    let sets: Vec<String> = parts.map(|s| s.to_string()).collect();
    let mut d=Diagnostics::new();
    let p=Path::new(&file);
    let Some(l)=load(p,&sets,&mut d) else { println!("{d}"); continue };
    let mut t=TraceStore::new(p, None);
    let cell = &l.cells[if sets.is_empty() || file.contains("theory") {0} else {l.cells.len()/2}];
    let tree=cell_tree(&l,cell);
    let e=build(&tree,&mut t,&mut d);
    let Some(e)=e else { println!("{d}"); continue};
    let plan=tars_sim::sim::Plan::new(e.model);
    let cut=plan.model.measure.warmup.unwrap_or_default();
    for r in 0..reps {
    let s=std::time::Instant::now();
    let run=tars_sim::sim::replicate(&plan,r,cut);
    let el=s.elapsed().as_secs_f64();
    let h=sha2::Sha256::digest(run.encode());
    println!("{spec} ev {} stale {} ev/s {:.2e} ns/task {:.1} issued {} good {} DIGEST {:02x}{:02x}{:02x}{:02x}", run.events, run.stale, (run.events-run.stale) as f64/el, el*1e9/run.issued_ever as f64, run.issued, run.good, h[0],h[1],h[2],h[3]);
    }
  }
}

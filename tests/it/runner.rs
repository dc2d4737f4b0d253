//! Cells × replications: the same results whatever the threads, the interruptions and the other cells.

use std::path::Path;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use tars_policy::units::Span;
use tars_sim::analysis::metrics;
use tars_sim::experiment::build::{TraceStore, build};
use tars_sim::experiment::{Diagnostics, cell_tree, load};
use tars_sim::model::Model;
use tars_sim::runner::{
    CellDigest, CellJob, CellRuns, Origin, Progress, RunError, RunOptions, Silent, combined, run_cells,
};
use tars_sim::sim::Run;
use tars_sim::store::{Key, Store};

/// A queue in which tasks come at several rates.
pub(crate) const QUEUE: &str = r#"{
  "name": "queue",
  "workload": {
    "classes": { "customer": {} },
    "clients": { "arrivals": { "load": { "open": { "poisson": { "rate_per_s": 0.5 } } } } }
  },
  "system": {
    "stations": { "server": { "servers": 1, "service": { "exponential": { "mean": "1s" } } } },
    "routes": { "through": [ { "visit": { "station": "server" } } ] }
  },
  "measure": { "duration": "2000s", "warmup": "200s", "replications": { "min": 4, "max": 4 }, "seed": 5 },
  "sweep": { "axes": [
    { "path": "/workload/clients/arrivals/load/open/poisson/rate_per_s", "values": [0.3, 0.5, 0.6, 0.7, 0.8] }
  ] }
}"#;

/// The cells of an experiment.
fn jobs(text: &str, sets: &[&str]) -> Vec<CellJob> {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("x.json");
    std::fs::write(&file, text).unwrap();
    let sets: Vec<String> = sets.iter().map(|&set| set.to_owned()).collect();
    let mut diagnostics = Diagnostics::new();
    let loaded = load(&file, &sets, &mut diagnostics).unwrap();
    let mut traces = TraceStore::new(&file, None);
    let mut model =
        |cell| build(&cell_tree(&loaded, cell), &mut traces, &mut diagnostics).map(|built| built.model);
    let models: Option<Vec<Model>> = loaded.cells.iter().map(&mut model).collect();
    let Some(models) = models else { panic!("{diagnostics}") };
    models.into_iter().enumerate().map(|(index, model)| CellJob { index, model }).collect()
}

static NEVER: AtomicBool = AtomicBool::new(false);

fn options(threads: usize, stop: &AtomicBool) -> RunOptions<'_> {
    RunOptions { threads, stop, quick: false, estimate: metrics::estimate }
}

fn run(jobs: &[CellJob], threads: usize, store: Option<&Store>) -> Vec<CellRuns> {
    let done = run_cells(jobs, store, &options(threads, &NEVER), &Silent, |_, runs| runs).unwrap();
    done.into_iter().collect::<Option<_>>().expect("nothing stops it")
}

fn digest(jobs: &[CellJob], done: &[CellRuns]) -> String {
    combined(&jobs.iter().zip(done).map(|(job, runs)| runs.digest(job)).collect::<Vec<CellDigest>>())
}

fn encoded(done: &[CellRuns]) -> Vec<Vec<u8>> {
    done.iter().flat_map(|cell| cell.runs.iter().map(Run::encode)).collect()
}

fn open(folder: &Path) -> Store {
    Store::open(folder, "plan").unwrap()
}

#[test]
fn any_number_of_threads_gives_the_same_in_the_same_order() {
    let jobs = jobs(QUEUE, &[]);
    let one = run(&jobs, 1, None);
    assert!(one.iter().all(|cell| cell.runs.len() == 4 && cell.failed.is_none()));
    for threads in [2, 8] {
        let many = run(&jobs, threads, None);
        assert_eq!(encoded(&many), encoded(&one));
        assert_eq!(digest(&jobs, &many), digest(&jobs, &one));
    }
}

/// Counts, and asks to stop after some replications.
struct Until<'a> {
    stop: &'a AtomicBool,
    fresh_max: u64,
    fresh: AtomicU64,
    resumed: AtomicU64,
}

impl<'a> Until<'a> {
    fn new(stop: &'a AtomicBool, fresh_max: u64) -> Self {
        Self { stop, fresh_max, fresh: AtomicU64::new(0), resumed: AtomicU64::new(0) }
    }
}

impl Progress for Until<'_> {
    fn planned(&self, _replications: u64) {}
    fn replicated(&self, _run: &Run, origin: Origin) {
        let counter = if origin == Origin::Fresh { &self.fresh } else { &self.resumed };
        counter.fetch_add(1, Ordering::Relaxed);
        if self.fresh.load(Ordering::Relaxed) >= self.fresh_max {
            self.stop.store(true, Ordering::Relaxed);
        }
    }
    fn cell_done(&self, _unneeded: u64) {}
}

#[test]
fn a_stopped_run_keeps_what_is_done_and_goes_on_from_there() {
    let jobs = jobs(QUEUE, &["/measure/warmup=auto"]);
    let undisturbed = run(&jobs, 2, None);
    let folder = tempfile::tempdir().unwrap();
    for round in 0..12 {
        let stop = AtomicBool::new(false);
        let progress = Until::new(&stop, 3);
        let store = open(folder.path());
        let done = run_cells(&jobs, Some(&store), &options(2, &stop), &progress, |_, runs| runs).unwrap();
        let kept = progress.fresh.load(Ordering::Relaxed) + progress.resumed.load(Ordering::Relaxed);
        // The first kept replication is computed again each time, to see that it is the same.
        assert!(round == 0 || progress.fresh.load(Ordering::Relaxed) >= 1);
        if let Some(done) = done.into_iter().collect::<Option<Vec<CellRuns>>>() {
            assert!(kept == 20 && round > 4, "{kept} in round {round}");
            assert_eq!(digest(&jobs, &done), digest(&jobs, &undisturbed));
            assert_eq!(encoded(&done), encoded(&undisturbed));
            return;
        }
    }
    panic!("twelve rounds of three replications do not make twenty");
}

#[test]
fn a_kept_replication_that_is_not_what_comes_out_now_is_told() {
    let jobs = jobs(QUEUE, &[]);
    let folder = tempfile::tempdir().unwrap();
    let mut forged = run(&jobs[..1], 1, None).remove(0).runs.remove(0);
    forged.good += 1;
    open(folder.path()).put(Key::Replication(0, 0), &forged.encode()).unwrap();
    let store = open(folder.path());
    let done = run_cells(&jobs, Some(&store), &options(2, &NEVER), &Silent, |_, _| ());
    assert!(matches!(done, Err(RunError::Differs { key: Key::Replication(0, 0) })), "{done:?}");
}

#[test]
fn a_cell_that_panics_is_told_and_the_others_finish() {
    let mut jobs = jobs(QUEUE, &[]);
    let whole = run(&jobs, 2, None);
    // No experiment gives such a model: a route that leads nowhere.
    jobs[2].model.program.ops.clear();
    for threads in [1, 4] {
        let done = run(&jobs, threads, None);
        let failed: Vec<_> = done.iter().map(|cell| cell.failed.is_some()).collect();
        assert_eq!(failed, [false, false, true, false, false]);
        assert!(done[2].runs.is_empty() && done[2].failed.as_deref().unwrap().contains(".rs:"));
        assert_eq!(encoded(&done[3..]), encoded(&whole[3..]));
    }
}

#[test]
fn a_panic_while_a_cell_is_evaluated_makes_it_fail_alone() {
    let jobs = jobs(QUEUE, &[]);
    let finish = |job: &CellJob, runs: CellRuns| {
        assert!(job.index != 1 || runs.failed.is_some(), "cell 1 cannot be evaluated");
        runs.failed
    };
    let done = run_cells(&jobs, None, &options(2, &NEVER), &Silent, finish).unwrap();
    let told: Vec<_> = done.into_iter().map(Option::unwrap).collect();
    assert!(told[1].as_deref().unwrap().starts_with("cell 1 cannot be evaluated"), "{told:?}");
    assert_eq!(told.iter().flatten().count(), 1);
}

#[test]
fn replications_go_on_until_the_precision_is_there_and_no_further() {
    let goal = r#"/measure/precision=[{"metric": "latency_mean_s", "relative": 0.04}]"#;
    let jobs = jobs(QUEUE, &[goal, r#"/measure/replications={"min": 4, "max": 60}"#]);
    let one = run(&jobs, 1, None);
    let counts: Vec<_> = one.iter().map(|cell| cell.runs.len()).collect();
    // A busier queue varies more.
    assert!(counts[0] < counts[4] && counts.iter().all(|count| (20..=60).contains(count)), "{counts:?}");
    let many = run(&jobs, 8, None);
    assert_eq!(encoded(&many), encoded(&one));
    assert!(one.iter().zip(&many).all(|(a, b)| a.goals == b.goals && a.goals.len() == 1));
}

#[test]
fn an_open_number_of_replications_ends_at_the_usual_precision() {
    let open = r#"/measure/replications={"min": 20, "max": 120}"#;
    let jobs = jobs(QUEUE, &[open, "/measure/duration=8000s"]);
    let goals: Vec<_> =
        jobs[0].model.measure.precision.iter().map(|goal| (goal.relative, goal.absolute)).collect();
    assert_eq!(goals, [(Some(0.02), None), (Some(0.05), None), (None, Some(0.005))]);
    let cells = run(&jobs, 0, None);
    let counts: Vec<_> = cells.iter().map(|cell| cell.runs.len()).collect();
    assert!(counts[0] < 120 && counts[0] < counts[4], "{counts:?}");
    assert!(cells.iter().all(|cell| cell.goals.len() == 3));
}

#[test]
fn a_fixed_number_of_replications_stays_fixed() {
    let jobs = jobs(QUEUE, &[]);
    assert!(jobs[0].model.measure.precision.is_empty());
}

#[test]
fn pilots_fix_one_cut_that_an_interruption_does_not_change() {
    let jobs = jobs(QUEUE, &["/measure/warmup=auto"]);
    let cells = run(&jobs, 2, None);
    for cell in &cells {
        assert!(cell.warmup_rule.starts_with("MSER-5"), "{}", cell.warmup_rule);
        assert!(cell.cut <= Span::from_secs(1_000));
        assert!(cell.runs.iter().all(|run| run.cut == cell.cut.as_nanos()));
    }
    let folder = tempfile::tempdir().unwrap();
    run(&jobs, 2, Some(&open(folder.path())));
    let again = run(&jobs, 2, Some(&open(folder.path())));
    assert_eq!(
        again.iter().map(|cell| cell.cut).collect::<Vec<_>>(),
        cells.iter().map(|cell| cell.cut).collect::<Vec<_>>()
    );
}

#[test]
fn few_cells_are_alive_at_once() {
    struct Alive {
        now: Mutex<(u64, u64)>,
    }
    impl Progress for Alive {
        fn planned(&self, replications: u64) {
            if replications > 0 {
                let mut now = self.now.lock().unwrap();
                now.0 += 1;
                now.1 = now.1.max(now.0);
            }
        }
        fn replicated(&self, _run: &Run, _origin: Origin) {}
        fn cell_done(&self, _unneeded: u64) {
            self.now.lock().unwrap().0 -= 1;
        }
    }
    let values: Vec<String> = (0..40).map(|step| format!("{}", 0.1 + 0.01 * f64::from(step))).collect();
    let jobs = jobs(QUEUE, &[&format!("/sweep/axes/0/values=[{}]", values.join(","))]);
    let alive = Alive { now: Mutex::new((0, 0)) };
    run_cells(&jobs, None, &options(3, &NEVER), &alive, |_, _| ()).unwrap();
    let (left, most) = *alive.now.lock().unwrap();
    assert!(left == 0 && most <= 3, "{most} cells were alive at once");
}

#[test]
fn an_unused_component_does_not_move_the_digest() {
    let plain = jobs(QUEUE, &[]);
    let unused = QUEUE
        .replace(
            r#""customer": {}"#,
            r#""customer": {"route": "through"}, "another": {"route": "through", "priority": "high"}"#,
        )
        .replace(r#""arrivals": { "load""#, r#""arrivals": { "mix": {"customer": 1}, "load""#)
        .replace(
            r#""stations": {"#,
            r#""pools": {"idle": {"groups": {"some": {"agents": 3}}}},
               "caches": {"cold": {"store": {"max_entries": 10, "ttl": "1s"}, "keys": {"deterministic": {"value": 1}}}},
               "stations": {"apart": {"servers": 2, "service": {"deterministic": {"value": "1s"}},
                 "breakdown": {"up": {"exponential": {"mean": "50s"}}, "down": {"deterministic": {"value": "1s"}}}},"#,
        )
        .replace(
            r#""routes": {"#,
            r#""routes": {"unused": [{"agent": {"pool": "idle", "steps": [{"cache": {"cache": "cold"}}]}}, {"visit": {"station": "apart"}}],"#,
        );
    let more = jobs(&unused, &[]);
    assert_eq!(digest(&plain, &run(&plain, 2, None)), digest(&more, &run(&more, 2, None)));
    let other = jobs(QUEUE, &["/measure/seed=6"]);
    assert_ne!(digest(&plain, &run(&plain, 2, None)), digest(&other, &run(&other, 2, None)));
}

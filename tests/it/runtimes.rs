//! The named runtimes stop as they are said to: `published-003` as document 003 prints it, `measured-node20` as measured.

use std::path::Path;
use tars_policy::units::Span;
use tars_sim::experiment::{Diagnostics, TraceStore, build, cell_tree, load};
use tars_sim::sim::{NodeRun, Plan, replicate};

/// The node of a runtime under a load that keeps so many tasks a second coming.
fn stopped_by(runtime: &str, rate_per_s: &str) -> (NodeRun, f64) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("experiments/runtimes.json");
    let mut diagnostics = Diagnostics::new();
    let loaded = load(&path, &[], &mut diagnostics).unwrap_or_else(|| panic!("{diagnostics}"));
    let is_it = |text: &str| [runtime, rate_per_s].contains(&text.trim_matches('"'));
    let cell = loaded.cells.iter().find(|cell| cell.coordinates.iter().all(|at| is_it(&at.setting.text)));
    let tree = cell_tree(&loaded, cell.expect("the sweep has this cell"));
    let built = build(&tree, &mut TraceStore::new(&path, None), &mut diagnostics);
    let model = built.unwrap_or_else(|| panic!("{diagnostics}")).model;
    let place =
        model.nodes.iter().position(|group| group.name == runtime).expect("the file has this runtime");
    let mut run = replicate(&Plan::new(model), 0, Span::from_secs(20));
    let seconds = (run.end - run.cut) as f64 / 1e9;
    (run.nodes.swap_remove(place), seconds)
}

/// The pause that this share of pauses does not exceed, in milliseconds.
fn pause(node: &NodeRun, share: f64) -> f64 {
    let mut pauses: Vec<u64> = Vec::new();
    for (nanos, count) in node.pauses.counted() {
        pauses.extend(std::iter::repeat_n(nanos, usize::try_from(count).unwrap()));
    }
    pauses.sort_unstable();
    let rank = (pauses.len() as f64 * share).floor();
    let place = (0..pauses.len()).find(|place| *place as f64 >= rank).unwrap_or(0);
    pauses[place.min(pauses.len() - 1)] as f64 / 1e6
}

#[test]
fn the_measured_runtime_stops_as_often_and_as_long_as_measured() {
    let (node, seconds) = stopped_by("measured", "47.5");
    let (median, tail) = (pause(&node, 0.5), pause(&node, 0.99));
    assert!((7.0..=10.0).contains(&median), "median {median} ms");
    assert!((38.0..=50.0).contains(&tail), "99th percentile {tail} ms");
    let share = node.stopped as f64 / 1e9 / seconds;
    assert!((0.06..=0.08).contains(&share), "stopped {share} of the time");
}

#[test]
fn the_published_runtime_stops_for_longer_the_more_tasks_it_has() {
    let (few, _) = stopped_by("published", "10");
    let (many, _) = stopped_by("published", "75");
    assert!(pause(&few, 0.99) < 1e-9, "nobody sees a pause at 15 tasks: {} ms", pause(&few, 0.99));
    assert!(pause(&many, 0.5) > 50.0, "above 50 ms beyond 100 tasks: {} ms", pause(&many, 0.5));
}

//! Systems that do not come back: a short trigger leaves each in the bad state for good, and a named policy prevents it.
//!
//! What is measured begins minutes after the trigger has ended, as each file says.

use std::path::Path;
use tars_policy::units::Span;
use tars_sim::analysis::metrics::{CameBack, came_back};
use tars_sim::experiment::{Diagnostics, TraceStore, build, cell_tree, load};
use tars_sim::sim::{Plan, replicate};

/// An experiment whose first cell has no trigger, whose second has one, and whose others have a policy besides.
struct Study {
    plans: Vec<Plan>,
    cut: Span,
}

impl Study {
    fn read(name: &str) -> Self {
        let path =
            Path::new(env!("CARGO_MANIFEST_DIR")).join("experiments").join(name).with_extension("json");
        let mut diagnostics = Diagnostics::new();
        let loaded = load(&path, &[], &mut diagnostics).unwrap_or_else(|| panic!("{diagnostics}"));
        let mut traces = TraceStore::new(&path, None);
        let mut models = loaded.cells.iter().map(|cell| {
            let built = build(&cell_tree(&loaded, cell), &mut traces, &mut diagnostics);
            built.unwrap_or_else(|| panic!("{name} does not build")).model
        });
        let first = models.next().unwrap();
        let cut = first.measure.warmup.expect("the measurement begins at a stated time");
        let plans = std::iter::once(first).chain(models).map(Plan::new).collect();
        Self { plans, cut }
    }

    /// Good answers over tasks issued, in the measured window.
    fn good_share(&self, cell: usize, replication: u64) -> f64 {
        let run = replicate(&self.plans[cell], replication, self.cut);
        run.good_in_window as f64 / run.issued as f64
    }

    /// When the first replication has come back, in seconds after the trigger; at once where there was none.
    fn back(&self, cell: usize) -> f64 {
        let run = replicate(&self.plans[cell], 0, self.cut);
        match came_back(&self.plans[cell].model, &run) {
            None => 0.0,
            Some(CameBack::After(seconds)) => seconds,
            Some(CameBack::NotWithin(_)) => f64::INFINITY,
        }
    }

    /// In how many of so many replications the share passes.
    fn count(&self, cell: usize, replications: u64, passes: impl Fn(f64) -> bool) -> u64 {
        let those = (0..replications).filter(|replication| passes(self.good_share(cell, *replication)));
        u64::try_from(those.count()).unwrap()
    }
}

/// Healthy without the trigger, always; down long after it, but for `spared` seeds; healthy after it with each policy.
#[track_caller]
fn check(name: &str, replications: u64, spared: u64) {
    let study = Study::read(name);
    assert!(study.plans.len() >= 3, "{name} has no cell with a policy");
    assert_eq!(
        study.count(0, replications, |share| share > 0.95),
        replications,
        "{name} without the trigger"
    );
    assert!(study.back(0) <= 0.0, "{name} without the trigger is never away");
    assert!(study.back(1).is_infinite(), "{name} comes back by itself");
    let down = study.count(1, replications, |share| share < 0.5);
    assert!(down >= replications - spared, "{name}: down after the trigger in {down} of {replications}");
    for policy in 2..study.plans.len() {
        let healthy = study.count(policy, replications, |share| share > 0.95);
        assert_eq!(healthy, replications, "{name}, cell {policy}: the policy does not prevent it");
        assert!(
            study.back(policy) < 300.0,
            "{name}, cell {policy}: comes back after {} s",
            study.back(policy)
        );
    }
}

#[test]
fn retries_keep_a_system_down_and_a_budget_does_not() {
    check("metastable-retries", 1, 0);
}

#[test]
fn a_lost_cache_stays_lost_unless_retries_have_a_budget() {
    check("metastable-cache", 1, 0);
}

#[test]
fn collections_keep_a_process_busy_unless_they_are_rare_or_its_tasks_few() {
    check("metastable-collections", 1, 0);
}

#[test]
#[ignore = "minutes; part of ./check --all"]
fn over_twenty_seeds_each_system_stays_down_in_nineteen_and_with_a_policy_in_none() {
    for name in ["metastable-retries", "metastable-cache", "metastable-collections"] {
        check(name, 20, 1);
    }
}

//! Experiment files through the whole simulator, everything recorded.

use std::path::Path;

use tars_policy::units::Span;
use tars_sim::experiment::{Diagnostics, TraceStore, build, cell_tree, load};
use tars_sim::sim::{Plan, Run, replicate};

/// An experiment file as a case.
#[derive(Clone, Copy)]
pub(crate) struct Sim {
    pub(crate) name: &'static str,
    file: &'static str,
    /// Which cell of its sweep.
    cell: usize,
    /// Tasks in a second of simulated time.
    tasks_per_s: f64,
    /// What is counted as one.
    unit: Unit,
    /// The case of the kernel that is its floor.
    pub(crate) floor: &'static str,
    /// The greatest ratio to the floor that is promised.
    pub(crate) promised: f64,
}

/// What is counted as one.
#[derive(Clone, Copy)]
enum Unit {
    /// A task: one customer.
    Task,
    /// An event that was not stale.
    Event,
}

pub(crate) const SIMS: [Sim; 4] = [
    theory("sim mm1", "experiments/theory/mm1.json", 0.8, "mm1"),
    theory("sim mm10", "experiments/theory/mm10.json", 9.0, "mm10"),
    theory("sim closed", "experiments/theory/closed.json", 1_000.0, "closed"),
    Sim {
        name: "sim tier3",
        file: "experiments/tier3.json",
        // 50 tasks a second, four deployments, 600,000 requests an hour: two of the three axes vary faster.
        cell: (2 * 3 + 1) * 2 + 1,
        tasks_per_s: 50.0,
        unit: Unit::Event,
        floor: "hold-100",
        promised: 5.0,
    },
];

const fn theory(name: &'static str, file: &'static str, tasks_per_s: f64, floor: &'static str) -> Sim {
    Sim { name, file, cell: 0, tasks_per_s, unit: Unit::Task, floor, promised: 3.0 }
}

/// The same platform with a thousand agents and with a hundred thousand, whose events are to cost about the same.
pub(crate) const SCALES: [Sim; 2] = [
    scale("sim scale-1000", "experiments/platform/scale-1000.json", 308.0),
    scale("sim scale-100000", "experiments/platform/scale-100000.json", 30_800.0),
];

const fn scale(name: &'static str, file: &'static str, tasks_per_s: f64) -> Sim {
    // Not held to a floor, but to each other.
    Sim { name, file, cell: 0, tasks_per_s, unit: Unit::Event, floor: "", promised: 1.5 }
}

impl Sim {
    /// The plan of a run of about so many tasks, all of them measured.
    pub(crate) fn plan(&self, tasks: u64) -> Plan {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(self.file);
        let seconds = (tasks as f64 / self.tasks_per_s).round();
        let sets = [format!("/measure/duration=\"{seconds}s\""), "/measure/warmup=\"0s\"".to_owned()];
        let mut diagnostics = Diagnostics::new();
        let loaded = load(&path, &sets, &mut diagnostics).unwrap_or_else(|| panic!("{diagnostics}"));
        let tree = cell_tree(&loaded, &loaded.cells[self.cell]);
        let built = build(&tree, &mut TraceStore::new(&path, None), &mut diagnostics);
        Plan::new(built.unwrap_or_else(|| panic!("{diagnostics}")).model)
    }

    /// The first replication.
    pub(crate) fn run(plan: &Plan) -> Run {
        replicate(plan, 0, Span::ZERO)
    }

    /// How many units of work a run was.
    pub(crate) fn units(&self, run: &Run) -> u64 {
        match self.unit {
            Unit::Task => run.issued_ever,
            Unit::Event => run.events - run.stale,
        }
    }
}

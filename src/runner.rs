//! Cells × replications on all cores, with results in the order of the cells.
//!
//! ```text
//! cell ─▶ open ─▶ pilots ─▶ cut ─▶ replications ─▶ decide ─▶ enough? ─▶ fold ─▶ one result
//!            (only for an automatic warm-up)  ▲                 │ no
//!                                             └─────────────────┘
//! ```
//!
//! Workers take the oldest piece of work there is, and start a cell only when those in flight have nothing left to give:
//! few cells are alive at once, and no core waits while there is work. What a piece of work gives depends on its cell and
//! number alone, decisions are taken over prefixes of replications, so that threads and interruptions change nothing.

mod caught;
mod cell;
mod digest;
mod identity;
mod schedule;
mod warmup;

pub use cell::{CellJob, CellRuns, Goal};
pub use digest::{CellDigest, combined};
pub use identity::{PlanIdentity, SEED_SCHEME, SOURCES};
pub use warmup::{PILOT_REPLICATIONS, PILOT_SLICES, PILOTS_START, RELAXATIONS_MORE};

use crate::model::Model;
use crate::sim::Run;
use crate::stats::Estimate;
use crate::store::{Key, Store, StoreError};
use std::fmt;
use std::sync::atomic::AtomicBool;
use tars_policy::units::Span;

/// Estimates a metric over replications of a system that takes so long to forget, where that is known: `None` where
/// nothing was seen.
pub type Estimator = fn(&Model, &str, &[Run], Option<Span>) -> Option<Estimate>;

/// How cells are run.
#[derive(Clone, Copy, Debug)]
pub struct RunOptions<'a> {
    /// Worker threads; 0 takes as many as there are cores.
    pub threads: usize,
    /// Set from outside to stop: what runs is finished and kept, nothing new is started.
    pub stop: &'a AtomicBool,
    /// Whether an automatic warm-up is not looked for but set to a quarter of the run.
    pub quick: bool,
    /// How a metric with a precision goal is estimated.
    pub estimate: Estimator,
}

/// Is told how far the work is. It may be told from any thread.
pub trait Progress: Sync {
    /// So many more replications are to be made.
    fn planned(&self, replications: u64);
    /// A replication is there, freshly made or from the journal.
    fn replicated(&self, run: &Run, origin: Origin);
    /// A cell is done, and so many of its planned replications turned out not to be needed.
    fn cell_done(&self, unneeded: u64);
}

/// Where a replication came from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin {
    /// It was simulated.
    Fresh,
    /// The journal had it.
    Journal,
}

/// Tells nobody.
#[derive(Clone, Copy, Debug, Default)]
pub struct Silent;

impl Progress for Silent {
    fn planned(&self, _replications: u64) {}
    fn replicated(&self, _run: &Run, _origin: Origin) {}
    fn cell_done(&self, _unneeded: u64) {}
}

/// Why a run ended early. A cell that panics is no such reason: it is reported in its place.
#[derive(Debug)]
pub enum RunError {
    /// The journal could not be written or read.
    Store(StoreError),
    /// A replication from the journal differs from the same one computed again.
    Differs {
        /// The record.
        key: Key,
    },
    /// A cell's runs could not be folded into a result, not even as failed.
    Fold {
        /// The cell.
        cell: usize,
        /// The panic's message.
        message: String,
    },
    /// Worker threads could not be started.
    Threads(String),
}

impl fmt::Display for RunError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Store(error) => error.fmt(f),
            Self::Differs { key } => {
                let (cell, replication) = match key {
                    Key::Replication(cell, replication) => (*cell, *replication),
                    Key::Cell(cell) => (*cell, 0),
                };
                writeln!(
                    f,
                    "replication {replication} of cell {cell} is not what was computed before: the simulation is not \
                     deterministic here, or the journal was changed"
                )?;
                write!(f, "  hint: remove `.parts` in the folder of results to start anew, and report this")
            }
            Self::Fold { cell, message } => write!(f, "cell {cell} could not be evaluated: {message}"),
            Self::Threads(why) => write!(f, "cannot start worker threads: {why}"),
        }
    }
}

impl std::error::Error for RunError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Store(error) => Some(error),
            Self::Differs { .. } | Self::Fold { .. } | Self::Threads(_) => None,
        }
    }
}

impl From<StoreError> for RunError {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

/// Runs `cells` and folds each with `finish` as soon as its replications are there; its runs are dropped then.
///
/// Entry `i` of the result belongs to `cells[i]`; it is `None` if the run was stopped before that cell was done. With a
/// `store`, replications are kept as they come and taken from it where it has them already.
///
/// # Errors
/// When the journal fails, when a kept replication differs from its recomputation, or when no thread can be started.
pub fn run_cells<T: Send>(
    cells: &[CellJob],
    store: Option<&Store>,
    options: &RunOptions<'_>,
    progress: &dyn Progress,
    finish: impl Fn(&CellJob, CellRuns) -> T + Sync,
) -> Result<Vec<Option<T>>, RunError> {
    let pool = rayon::ThreadPoolBuilder::new().num_threads(options.threads).build();
    let pool = pool.map_err(|error| RunError::Threads(error.to_string()))?;
    let schedule = schedule::Schedule::new(cells, store, options, progress, pool.current_num_threads());
    pool.broadcast(|_| schedule.work(&finish));
    let results = schedule.into_results();
    if let Some(store) = store {
        store.sync()?;
    }
    results
}

//! What goes into a cell's run and what comes out.

use super::digest::CellDigest;
use crate::model::Model;
use crate::sim::Run;
use crate::stats::Precision;
use tars_policy::units::Span;

/// A configuration to run.
#[derive(Clone, Debug)]
pub struct CellJob {
    /// Its number, which keys it in the journal and the digest: its place in the sweep.
    pub index: usize,
    /// What is simulated, and how it is measured.
    pub model: Model,
}

impl CellJob {
    /// Its number as the journal writes it.
    pub(super) fn number(&self) -> u32 {
        u32::try_from(self.index).expect("a sweep has at most 100,000 cells")
    }
}

/// What the replications of a cell gave.
#[derive(Clone, Debug)]
pub struct CellRuns {
    /// What was cut off the start of each.
    pub cut: Span,
    /// How that was found, in words.
    pub warmup_rule: String,
    /// What is to be known of the warm-up before the numbers are trusted.
    pub warmup_flag: Option<String>,
    /// How long the system takes to forget, where pilots have shown it.
    pub relaxation: Option<Span>,
    /// The replications, from the first on; none if the cell failed.
    pub runs: Vec<Run>,
    /// Why it failed.
    pub failed: Option<String>,
    /// Whether each precision goal was reached, in the order of the model's goals.
    pub goals: Vec<Goal>,
}

impl CellRuns {
    /// Identifies what the replications of `job` gave.
    pub fn digest(&self, job: &CellJob) -> CellDigest {
        match self.failed {
            None => CellDigest::of(job.index, &job.model, &self.runs),
            Some(_) => CellDigest::failed(job.index),
        }
    }
}

/// Whether a precision goal was reached.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Goal {
    /// The metric's name.
    pub metric: String,
    /// Whether its interval is as narrow as asked.
    pub state: Precision,
}

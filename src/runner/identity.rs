//! What identifies a plan: an unchanged version number must not resume results of other code.

use crate::store::hex;
use sha2::{Digest, Sha256};

/// SHA-256 of the sources that decide a result, and of the pinned versions of what they use.
pub const SOURCES: &str = env!("TARS_SIM_SOURCES");

/// How a seed becomes streams, in words; part of every plan's identity.
pub const SEED_SCHEME: &str = "ChaCha8 keyed by SHA-256 of master seed, replication, component name, purpose";

/// What a plan is made from.
#[derive(Clone, Copy, Debug)]
pub struct PlanIdentity<'a> {
    /// The canonical experiment, its sweep and seed included.
    pub canonical: &'a str,
    /// Digests of the traces that it reads, in any order.
    pub traces: &'a [String],
    /// Which part of it is run, and whether it is cut short: `sweep`, `run --quick`.
    pub extent: &'a str,
}

impl PlanIdentity<'_> {
    /// SHA-256 of the canonical experiment alone, in hexadecimal.
    pub fn experiment(&self) -> String {
        hex(&Sha256::digest(self.canonical))
    }

    /// SHA-256 of everything that decides what the plan gives, in hexadecimal.
    pub fn plan_id(&self) -> String {
        let mut traces: Vec<&str> = self.traces.iter().map(String::as_str).collect();
        traces.sort_unstable();
        traces.dedup();
        let mut sum = Sha256::new();
        let parts = ["tars-sim plan 1", SOURCES, SEED_SCHEME, self.canonical, self.extent];
        for part in parts.into_iter().chain(traces) {
            sum.update((part.len() as u64).to_le_bytes());
            sum.update(part);
        }
        hex(&sum.finalize())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whatever_decides_a_result_changes_the_plan() {
        let plan =
            |canonical, traces: &[String], extent| PlanIdentity { canonical, traces, extent }.plan_id();
        let base = plan("{}", &[], "sweep");
        let trace = ["ab".to_owned(), "cd".to_owned()];
        for other in [plan("[]", &[], "sweep"), plan("{}", &trace, "sweep"), plan("{}", &[], "run")] {
            assert_ne!(base, other);
        }
        let swapped = ["cd".to_owned(), "ab".to_owned(), "ab".to_owned()];
        assert_eq!(plan("{}", &trace, "sweep"), plan("{}", &swapped, "sweep"));
        assert_eq!(SOURCES.len(), 64);
    }
}

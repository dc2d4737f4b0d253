//! Where a task's time went: the mean ledger with its intervals, and that of the slowest 1 % of tasks.

use super::{CellInput, figure};
use crate::analysis::metrics::of_pairs;
use crate::result::{Figure, LedgerPart};
use crate::sim::{PARTS, Part, Run};
use std::collections::BTreeMap;

/// Why the ledger of the slowest has no interval.
const POOLED: &str = "of the slowest 1 % of all replications together; it describes them and has no interval";

/// Each part that took time.
pub(super) fn parts(input: &CellInput<'_>) -> Vec<LedgerPart> {
    let (tasks, slowest) = slowest(input.runs);
    let replications = u32::try_from(input.runs.len()).unwrap_or(u32::MAX);
    Part::ALL
        .into_iter()
        .map(|part| {
            let pairs: Vec<_> = input.runs.iter().map(|run| spent(run, part)).collect();
            LedgerPart {
                part: part.as_str().to_owned(),
                mean_s: figure(of_pairs(&pairs, input.model.measure.confidence), "", input),
                slowest_s: Figure {
                    value: Some(slowest[part as usize] / 1e9 / tasks.max(1.0)),
                    low: None,
                    high: None,
                    method: "pooled mean".to_owned(),
                    replications,
                    note: Some(POOLED.to_owned()),
                },
            }
        })
        .filter(|row| [&row.mean_s, &row.slowest_s].iter().any(|part| part.value.is_some_and(|s| s > 0.0)))
        .collect()
}

/// Seconds that the good tasks of a run spent in a part, and how many tasks those were.
fn spent(run: &Run, part: Part) -> (f64, f64) {
    let sum: u128 = run.ledgers.iter().map(|(_, _, spent)| u128::from(spent[part as usize])).sum();
    let tasks: u64 = run.ledgers.iter().map(|(_, tasks, _)| tasks).sum();
    (sum as f64 / 1e9, tasks as f64)
}

/// How many tasks the slowest 1 % are, and the nanoseconds they spent by part: from the slowest bucket down, the last one
/// in proportion.
fn slowest(runs: &[Run]) -> (f64, [f64; PARTS]) {
    let mut buckets: BTreeMap<u32, (u64, [u128; PARTS])> = BTreeMap::new();
    for (bucket, tasks, spent) in runs.iter().flat_map(|run| &run.ledgers) {
        let (count, sums) = buckets.entry(*bucket).or_insert((0, [0; PARTS]));
        *count += tasks;
        for (sum, part) in sums.iter_mut().zip(spent) {
            *sum += u128::from(*part);
        }
    }
    let all: u64 = buckets.values().map(|(count, _)| count).sum();
    let wanted = (all as f64 / 100.0).max(1.0);
    let mut slowest = (0.0, [0.0; PARTS]);
    for (count, sums) in buckets.values().rev() {
        let share = ((wanted - slowest.0) / *count as f64).clamp(0.0, 1.0);
        slowest.0 += *count as f64 * share;
        for (sum, part) in slowest.1.iter_mut().zip(sums) {
            *sum += *part as f64 * share;
        }
    }
    slowest
}

//! What is cut off the start of every replication of a cell: stated, or found by pilots.

use crate::model::Measure;
use crate::stats::{Cut, average_series, mser5, relaxation_time};
use serde::{Deserialize, Serialize};
use tars_policy::units::Span;

/// Pilots of a cell whose warm-up is found automatically.
pub const PILOT_REPLICATIONS: u32 = 5;
/// The number of the first pilot; replications that are measured have lower ones.
pub const PILOTS_START: u64 = 1_000_000;
/// Slices of time over which a pilot averages the number of tasks in the system.
pub const PILOT_SLICES: u32 = 500;
/// Relaxation times cut off beyond what MSER-5 finds. It weighs what is left of the start against the noise of a few
/// pilots, and so stops where the rest is still seen in the mean; each relaxation time more leaves a third of it.
pub const RELAXATIONS_MORE: u32 = 2;

/// What is cut off, and how that was found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct WarmupCut {
    pub(super) nanos: u64,
    pub(super) rule: String,
    pub(super) flag: Option<String>,
    /// The relaxation time that pilots show, in nanoseconds.
    #[serde(default)]
    pub(super) relaxation: Option<u64>,
}

impl WarmupCut {
    /// The cut that needs no pilots, if the experiment or its haste gives one.
    pub(super) fn stated(measure: &Measure, quick: bool) -> Option<Self> {
        let (cut, rule) = match measure.warmup {
            Some(_) if measure.terminating => (Span::ZERO, "terminating run: nothing is cut"),
            Some(stated) => (stated, "stated in the experiment"),
            None if quick => (
                Span::from_nanos(measure.duration.as_nanos() / 4),
                "a quarter of the run, not examined (--quick)",
            ),
            None => return None,
        };
        Some(Self { nanos: cut.as_nanos(), rule: rule.to_owned(), flag: None, relaxation: None })
    }

    /// The cut that MSER-5 finds in the pilots' numbers of tasks in the system, refused past half the run, and
    /// [`RELAXATIONS_MORE`] relaxation times more as far as half the run allows.
    pub(super) fn found(pilots: &[Vec<u128>], duration: Span) -> Self {
        let series: Vec<Vec<f64>> =
            pilots.iter().map(|slices| slices.iter().map(|&area| area as f64).collect()).collect();
        let relaxation = relaxation_time(&series);
        let series = average_series(&series);
        let slices = series.len().max(1) as u128;
        let at = |observations: usize| {
            let nanos = u128::from(duration.as_nanos()) * observations as u128 / slices;
            u64::try_from(nanos).expect("a part of the run is shorter than the run")
        };
        let relaxation = relaxation.map(|observations| nanoseconds(observations * slice(duration, slices)));
        let rule = format!("MSER-5 on the tasks in the system, averaged over {} pilots", pilots.len());
        let half = |rule: String, flag: &str| Self {
            nanos: duration.as_nanos() / 2,
            rule: format!("{rule}: refused, half the run is cut"),
            flag: Some(flag.to_owned()),
            relaxation,
        };
        match mser5(&series).cut {
            Cut::Delete { observations } => {
                let more = relaxation.unwrap_or(0).saturating_mul(u64::from(RELAXATIONS_MORE));
                let nanos = at(observations).saturating_add(more).min(duration.as_nanos() / 2);
                let rule = format!("{rule}, and {RELAXATIONS_MORE} relaxation times more");
                Self { nanos, rule, flag: None, relaxation }
            }
            Cut::Unsettled { .. } => half(
                rule,
                "the number of tasks in the system has not settled within half the run; lengthen `measure.duration`, \
                 or set `transient` if no steady state is expected",
            ),
            Cut::TooShort => {
                half(rule, "the run is too short to look for a warm-up; lengthen `measure.duration`")
            }
        }
    }

    /// How long the system takes to forget, where pilots have shown it.
    pub(super) fn relaxation(&self) -> Option<Span> {
        self.relaxation.map(Span::from_nanos)
    }

    pub(super) const fn span(&self) -> Span {
        Span::from_nanos(self.nanos)
    }
}

/// The length of a slice in nanoseconds.
fn slice(duration: Span, slices: u128) -> f64 {
    duration.as_nanos() as f64 / slices as f64
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "positive; too long saturates")]
fn nanoseconds(value: f64) -> u64 {
    value as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(pilot: Vec<u128>, expected: u64, flagged: bool) {
        let found = WarmupCut::found(&[pilot.clone(), pilot], Span::from_secs(100));
        assert_eq!((found.nanos, found.flag.is_some()), (expected, flagged), "{}", found.rule);
    }

    #[test]
    fn a_start_that_is_higher_is_cut_in_simulated_time() {
        check(
            (0..500).map(|slice| if slice < 50 { 900 } else { slice % 2 }).collect(),
            10_000_000_000,
            false,
        );
    }

    /// Pilots that are at 0 and 2 in turn, each for so many slices, one the other way round: their average is steady.
    fn swinging(slices: u128) -> WarmupCut {
        let pilot = |first: u128| (0..500).map(|at| (at / slices + first) % 2 * 2).collect::<Vec<_>>();
        WarmupCut::found(&[pilot(0), pilot(1)], Span::from_secs(100))
    }

    #[test]
    fn two_relaxation_times_are_cut_beyond_what_is_found() {
        let found = swinging(10);
        let relaxation = found.relaxation.expect("neighbours are alike");
        assert!(relaxation > 0);
        assert_eq!((found.nanos, found.flag), (2 * relaxation, None));
    }

    #[test]
    fn no_more_than_half_the_run_is_cut_for_slow_forgetting() {
        let found = swinging(250);
        assert!(found.relaxation.is_some_and(|time| time > 25_000_000_000), "{:?}", found.relaxation);
        assert_eq!((found.nanos, found.flag), (50_000_000_000, None));
    }

    #[test]
    fn a_queue_that_grows_to_the_end_cuts_half_and_says_so() {
        check((0..500).collect(), 50_000_000_000, true);
    }

    #[test]
    fn a_run_of_few_slices_cuts_half_and_says_so() {
        check(vec![1; 20], 50_000_000_000, true);
    }
}

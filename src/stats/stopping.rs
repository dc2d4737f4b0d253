//! How many replications to make: [`Stopping`].

use serde::{Deserialize, Serialize};

use super::estimate::{Estimate, NoInterval, Precision};

/// The least replications for an interval to be trusted; production experiments start here.
pub const REPLICATIONS_MIN: u32 = 20;
/// Further replications over which a precision must hold, for up to 100 of them; five in a hundred beyond.
const LOOK_AHEAD: u32 = 5;

/// How narrow an interval must be.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Target {
    /// Its half-width is at most this share of the point.
    Relative(f64),
    /// Its half-width is at most this, in the unit of the point.
    Absolute(f64),
}

impl Target {
    /// Whether `estimate` is as narrow as asked; never without an interval.
    pub fn met_by(self, estimate: &Estimate) -> bool {
        let (width, target) = match self {
            Self::Relative(target) => (estimate.relative(), target),
            Self::Absolute(target) => (estimate.half_width(), target),
        };
        width.is_some_and(|width| width <= target)
    }
}

/// Sequential stopping (Chow & Robbins 1965) at fixed looks, with look-ahead (Hoad, Robinson & Davies 2010).
///
/// Looks come at the minimum and then each time half as many more replications are there: 20, 30, 45, 68, 102 … up to
/// the cap. At a look the estimates over the first n replications must meet every target, and must still meet it over
/// each of the next five prefixes (five in a hundred of n beyond 100): an interval that is narrow by luck widens again.
/// Where it does not hold, the next look decides. Only the numbers of replications decide where to look and only prefixes
/// are looked at, never what happened to finish first, so every machine stops at the same place.
///
/// A metric without an interval for a reason that more replications cannot mend (its runs are too short) holds nobody
/// up; its state is "not reached".
///
/// The caller makes [`planned`](Self::planned) replications, estimates over the first [`next`](Self::next) of them,
/// hands that in, and repeats until there is an [`outcome`](Self::outcome):
///
/// ```
/// use tars_sim::stats::{Precision, Stopping, Target, mean};
///
/// let value = |replication: u32| 10.0 + f64::from(replication % 7);
/// let mut stopping = Stopping::new(20, 200, vec![Target::Relative(0.05)]);
/// while let Some(count) = stopping.next() {
///     let values: Vec<f64> = (0..count).map(value).collect();
///     stopping.observe(&[mean(&values, 0.95).unwrap()]);
/// }
/// let outcome = stopping.outcome().unwrap();
/// assert_eq!((outcome.replications, outcome.states[0]), (50, Precision::Reached));
/// ```
#[derive(Clone, Debug)]
pub struct Stopping {
    cap: u32,
    targets: Vec<Target>,
    look: u32,
    next: u32,
    outcome: Option<Outcome>,
}

/// Where a [`Stopping`] rule stopped.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outcome {
    /// The replications to report on: all that were needed to decide, those looked ahead at included.
    pub replications: u32,
    /// For each target whether it was reached there.
    pub states: Vec<Precision>,
}

impl Stopping {
    /// A rule for `targets`, never with fewer than `minimum` replications nor with more than `cap`. Without targets it
    /// stops at the minimum.
    ///
    /// Panics unless 2 ≤ `minimum` ≤ `cap`.
    pub fn new(minimum: u32, cap: u32, targets: Vec<Target>) -> Self {
        assert!(2 <= minimum && minimum <= cap, "2 ≤ {minimum} ≤ {cap} replications");
        Self { cap, targets, look: minimum, next: minimum, outcome: None }
    }

    /// Takes the estimates over the first [`next`](Self::next) replications, in the order of the targets.
    ///
    /// Panics where there are not as many estimates as targets, or where the rule has already stopped.
    pub fn observe(&mut self, estimates: &[Estimate]) {
        assert_eq!(estimates.len(), self.targets.len(), "one estimate for each target");
        assert!(self.outcome.is_none(), "the rule has stopped");
        let holds =
            self.targets.iter().zip(estimates).all(|(target, seen)| target.met_by(seen) || beyond_help(seen));
        if holds && self.next < self.planned() {
            self.next += 1;
        } else if holds || self.next == self.cap {
            self.outcome = Some(self.conclude(estimates));
        } else {
            self.look = look_after(self.look, self.next).min(self.cap);
            self.next = self.look;
        }
    }

    /// Over how many replications, from the first on, to estimate next; `None` once the rule has stopped.
    pub const fn next(&self) -> Option<u32> {
        match self.outcome {
            None => Some(self.next),
            Some(_) => None,
        }
    }

    /// How many replications the present look can need, those looked ahead at included: make them all at once.
    pub fn planned(&self) -> u32 {
        if self.targets.is_empty() { self.look } else { (self.look + look_ahead(self.look)).min(self.cap) }
    }

    /// Where the rule stopped; `None` while it has not.
    pub const fn outcome(&self) -> Option<&Outcome> {
        self.outcome.as_ref()
    }

    fn conclude(&self, estimates: &[Estimate]) -> Outcome {
        let state = |(target, seen): (&Target, &Estimate)| {
            if target.met_by(seen) { Precision::Reached } else { Precision::NotReached { cap: self.next } }
        };
        Outcome { replications: self.next, states: self.targets.iter().zip(estimates).map(state).collect() }
    }
}

fn beyond_help(estimate: &Estimate) -> bool {
    estimate.note.is_some_and(|why| !NoInterval::more_replications_help(why))
}

/// The first look after `replications`, from that at `look` on.
fn look_after(look: u32, replications: u32) -> u32 {
    let mut look = look;
    while look <= replications {
        look = look.saturating_add(look.div_ceil(2));
    }
    look
}

fn look_ahead(replications: u32) -> u32 {
    if replications <= 100 {
        LOOK_AHEAD
    } else {
        replications / 100 * LOOK_AHEAD + replications % 100 * LOOK_AHEAD / 100
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stats::estimate::{Basis, Method};
    use crate::stats::mean;
    use crate::stats::testing::Chance;
    use proptest::prelude::*;

    /// An estimate of 1 whose interval has this half-width.
    fn wide(half_width: f64) -> Estimate {
        Estimate::symmetric(1.0, half_width, basis())
    }

    fn without_interval(why: NoInterval) -> Estimate {
        Estimate::bare(1.0, why, basis())
    }

    fn basis() -> Basis {
        Basis { replications: 20, method: Method::ReplicationStudentT, confidence: 0.95 }
    }

    /// Runs the rule on one metric, whose half-width over the first n replications is `width(n)`, asked for 0.1.
    fn run(cap: u32, width: impl Fn(u32) -> f64) -> (Vec<u32>, Outcome) {
        let mut stopping = Stopping::new(20, cap, vec![Target::Relative(0.1)]);
        let mut looked = Vec::new();
        while let Some(count) = stopping.next() {
            looked.push(count);
            stopping.observe(&[wide(width(count))]);
        }
        (looked, stopping.outcome().unwrap().clone())
    }

    #[test]
    fn it_looks_each_time_half_as_many_more_are_there() {
        let (looked, outcome) = run(400, |_| 1.0);
        assert_eq!(looked, [20, 30, 45, 68, 102, 153, 230, 345, 400]);
        assert_eq!(outcome, Outcome { replications: 400, states: vec![Precision::NotReached { cap: 400 }] });
    }

    #[test]
    fn a_precision_that_holds_over_the_look_ahead_stops() {
        let (looked, outcome) = run(400, |_| 0.05);
        assert_eq!(looked, [20, 21, 22, 23, 24, 25]);
        assert_eq!(outcome, Outcome { replications: 25, states: vec![Precision::Reached] });
    }

    #[test]
    fn a_precision_by_luck_does_not_stop() {
        let (looked, outcome) = run(400, |count| if count == 23 { 0.2 } else { 0.05 });
        assert_eq!(looked, [20, 21, 22, 23, 30, 31, 32, 33, 34, 35]);
        assert_eq!(outcome.replications, 35);
    }

    #[test]
    fn a_precision_between_looks_waits_for_the_next() {
        assert_eq!(run(400, |count| if count < 31 { 1.0 } else { 0.05 }).1.replications, 50);
    }

    #[test]
    fn the_look_ahead_ends_at_the_cap() {
        assert_eq!(
            run(22, |_| 0.05),
            (vec![20, 21, 22], Outcome { replications: 22, states: vec![Precision::Reached] })
        );
    }

    #[test]
    fn luck_lost_before_the_cap_leaves_a_last_look_at_the_cap() {
        let (looked, outcome) = run(23, |count| if count == 21 { 0.2 } else { 0.05 });
        assert_eq!((looked, outcome.states), (vec![20, 21, 23], vec![Precision::Reached]));
    }

    #[test]
    fn the_look_ahead_is_five_or_five_in_a_hundred() {
        assert_eq!([20, 100, 102, 153, 230, 1_000].map(look_ahead), [5, 5, 5, 7, 11, 50]);
    }

    #[test]
    fn without_targets_the_minimum_is_enough() {
        let mut stopping = Stopping::new(20, 400, Vec::new());
        assert_eq!((stopping.next(), stopping.planned()), (Some(20), 20));
        stopping.observe(&[]);
        assert_eq!(stopping.outcome(), Some(&Outcome { replications: 20, states: Vec::new() }));
    }

    #[test]
    fn every_metric_must_be_narrow() {
        let mut stopping = Stopping::new(20, 30, vec![Target::Relative(0.1), Target::Absolute(0.01)]);
        while stopping.next().is_some() {
            stopping.observe(&[wide(0.05), wide(0.05)]);
        }
        let expected = vec![Precision::Reached, Precision::NotReached { cap: 30 }];
        assert_eq!(stopping.outcome(), Some(&Outcome { replications: 30, states: expected }));
    }

    #[test]
    fn a_metric_that_replications_cannot_help_holds_nobody_up() {
        let mut stopping = Stopping::new(20, 400, vec![Target::Relative(0.1), Target::Relative(0.1)]);
        let why = NoInterval::TooFewSamples { samples: 9, needed: 1_000 };
        while stopping.next().is_some() {
            stopping.observe(&[wide(0.05), without_interval(why)]);
        }
        let expected = vec![Precision::Reached, Precision::NotReached { cap: 25 }];
        assert_eq!(stopping.outcome(), Some(&Outcome { replications: 25, states: expected }));
    }

    #[test]
    fn a_metric_that_replications_can_help_is_waited_for() {
        assert!(!beyond_help(&without_interval(NoInterval::DenominatorVanishes)));
        assert!(!beyond_help(&wide(9.0)));
    }

    #[test]
    fn a_target_is_met_at_its_edge_and_never_without_an_interval() {
        assert!(Target::Relative(0.5).met_by(&wide(0.5)) && Target::Absolute(0.5).met_by(&wide(0.5)));
        assert!(!Target::Absolute(0.5).met_by(&wide(0.5625)));
        assert!(!Target::Absolute(0.5).met_by(&without_interval(NoInterval::TooFewReplications)));
    }

    /// The rule simulated: normal replications, mean 10, deviation 3, asked for 5 % (some 140 replications). Intervals
    /// that stop themselves cover a little less often than they say; 1,000 runs stay above 92.5 %.
    #[test]
    fn intervals_that_stop_themselves_still_cover() {
        let mut chance = Chance::new(10);
        let mut covered = 0;
        for _ in 0..1_000 {
            let mut values = Vec::new();
            let mut stopping = Stopping::new(20, 1_000, vec![Target::Relative(0.05)]);
            let mut last = None;
            while let Some(count) = stopping.next() {
                values.resize_with(count as usize, || 10.0 + 3.0 * chance.normal());
                last = mean(&values, 0.95);
                stopping.observe(last.as_slice());
            }
            assert_eq!(stopping.outcome().unwrap().states, [Precision::Reached]);
            covered += u32::from(last.unwrap().holds(10.0).unwrap());
        }
        assert!((925..=975).contains(&covered), "{covered}");
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn it_stops_between_minimum_and_cap_and_looks_forwards(
            minimum in 2_u32..200, more in 0_u32..600, widths in prop::collection::vec(0.0..0.2_f64, 800),
        ) {
            let cap = minimum + more;
            let mut stopping = Stopping::new(minimum, cap, vec![Target::Relative(0.1)]);
            let mut before = 0;
            while let Some(count) = stopping.next() {
                prop_assert!(before < count && count <= stopping.planned() && stopping.planned() <= cap);
                before = count;
                stopping.observe(&[wide(widths[count as usize])]);
            }
            let outcome = stopping.outcome().unwrap();
            prop_assert!(minimum <= outcome.replications && outcome.replications <= cap);
            let narrow = widths[outcome.replications as usize] <= 0.1;
            prop_assert_eq!(outcome.states[0] == Precision::Reached, narrow);
            prop_assert!(narrow || outcome.replications == cap);
        }
    }
}

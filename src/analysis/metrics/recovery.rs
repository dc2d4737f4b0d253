//! Whether and when a system comes back after a trigger.

use crate::model::{Model, Recovery};
use crate::sim::{Run, WindowRun};
use crate::stats::{Estimate, Method, NoInterval, Precision, mean};

/// What became of a run after its trigger, in seconds from the end of the trigger.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum CameBack {
    /// It had come back after so long, to within a window of the time series.
    After(f64),
    /// It had not when the run ended, so long after.
    NotWithin(f64),
}

/// What became of `run`; `None` where nothing is asked, or no window begins after the trigger.
///
/// The run has come back from the first window on in which at least the stated share of the tasks submitted ends well, if
/// the rest of the run from there on reaches that share too: neither a burst of old work nor a lull is a recovery.
pub fn came_back(model: &Model, run: &Run) -> Option<CameBack> {
    let recovery = model.measure.recovery?;
    let count = u64::try_from(run.windows.len()).ok().filter(|count| *count > 0)?;
    let length = run.end.div_ceil(count).max(1);
    let from = recovery.from.as_nanos();
    let first = usize::try_from(from.div_ceil(length)).ok().filter(|first| *first < run.windows.len())?;
    let since = |nanos: u64| nanos.saturating_sub(from) as f64 / 1e9;
    let back = first_back(&run.windows[first..], recovery).map(|place| (first + place) as u64 * length);
    Some(back.map_or(CameBack::NotWithin(since(run.end)), |at| CameBack::After(since(at))))
}

/// The first window that reaches the share, together with those that follow it.
fn first_back(windows: &[WindowRun], recovery: Recovery) -> Option<usize> {
    let reaches = |good: u64, issued: u64| good as f64 >= recovery.goodput_share * issued as f64;
    let (mut good, mut issued) = (0, 0);
    let mut first = None;
    for (place, window) in windows.iter().enumerate().rev() {
        good += window.good;
        issued += window.issued;
        if reaches(window.good, window.issued) && reaches(good, issued) {
            first = Some(place);
        }
    }
    first
}

/// The mean time to recover. A run that did not counts with what was left of it: the mean is then a lower bound, and has
/// no interval.
pub(super) fn time_to_recover(model: &Model, runs: &[Run]) -> Option<Estimate> {
    let seen: Vec<CameBack> = runs.iter().map(|run| came_back(model, run)).collect::<Option<_>>()?;
    let times: Vec<f64> = seen
        .iter()
        .map(|back| match back {
            CameBack::After(seconds) | CameBack::NotWithin(seconds) => *seconds,
        })
        .collect();
    let estimate = mean(&times, model.measure.confidence)?;
    let lost = seen.iter().filter(|back| matches!(back, CameBack::NotWithin(_))).count();
    if lost == 0 {
        return Some(estimate);
    }
    let replications = u32::try_from(lost).unwrap_or(u32::MAX);
    Some(Estimate {
        low: None,
        high: None,
        method: Method::ReplicationStudentT,
        state: Precision::NotAsked,
        note: Some(NoInterval::Censored { replications }),
        ..estimate
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use tars_policy::units::Span;

    fn window(issued: u64, good: u64) -> WindowRun {
        WindowRun { issued, good, ..WindowRun::default() }
    }

    fn at_95() -> Recovery {
        Recovery { from: Span::ZERO, goodput_share: 0.95 }
    }

    #[track_caller]
    fn check(windows: &[(u64, u64)], expected: Option<usize>) {
        let windows: Vec<_> = windows.iter().map(|(issued, good)| window(*issued, *good)).collect();
        assert_eq!(first_back(&windows, at_95()), expected);
    }

    #[test]
    fn a_system_that_never_suffered_is_back_at_once() {
        check(&[(100, 99), (100, 101), (100, 98)], Some(0));
    }

    #[test]
    fn it_is_back_when_good_answers_are() {
        check(&[(100, 10), (100, 50), (100, 96), (100, 100)], Some(2));
    }

    #[test]
    fn a_lull_before_it_goes_down_again_is_no_recovery() {
        check(&[(100, 10), (100, 100), (100, 10), (100, 10), (100, 100)], Some(4));
    }

    #[test]
    fn one_that_stays_down_does_not_come_back() {
        check(&[(100, 10), (100, 94), (100, 94)], None);
    }

    #[test]
    fn a_window_without_tasks_is_no_failure() {
        check(&[(100, 10), (0, 0), (0, 0)], Some(1));
    }
}

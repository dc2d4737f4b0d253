//! Counting results until they trip the breaker.

use super::{Trip, Window};
use crate::units::{Span, Time};
use alloc::collections::VecDeque;

/// A trip rule with what it has seen since the circuit closed.
#[derive(Clone, Debug)]
pub(super) enum Watch {
    Consecutive { most: u32, failures: u32 },
    Count { most: u32, window: Span, failures: VecDeque<Time> },
    Total { most: u32, failures: u32 },
    RateOfCalls { share: f64, minimum: u32, calls_max: u32, calls: VecDeque<bool>, failures: u32 },
    RateOfTime { share: f64, minimum: u32, window: Span, calls: VecDeque<(Time, bool)>, failures: u32 },
}

impl Watch {
    pub(super) fn new(trip: &Trip) -> Self {
        match *trip {
            Trip::Consecutive { failures } => Self::Consecutive { most: failures, failures: 0 },
            Trip::Count { failures, window } => {
                Self::Count { most: failures, window, failures: VecDeque::new() }
            }
            Trip::TotalFailures { failures } => Self::Total { most: failures, failures: 0 },
            Trip::Rate { share, minimum_calls: minimum, window: Window::Count(calls_max) } => {
                Self::RateOfCalls { share, minimum, calls_max, calls: VecDeque::new(), failures: 0 }
            }
            Trip::Rate { share, minimum_calls: minimum, window: Window::Time(window) } => {
                Self::RateOfTime { share, minimum, window, calls: VecDeque::new(), failures: 0 }
            }
        }
    }

    /// Counts a result; true when it trips.
    pub(super) fn record(&mut self, now: Time, failed: bool) -> bool {
        match self {
            Self::Consecutive { most, failures } => {
                *failures = if failed { *failures + 1 } else { 0 };
                *failures >= *most
            }
            Self::Total { most, failures } => {
                *failures += u32::from(failed);
                *failures >= *most
            }
            Self::Count { most, window, failures } => failed && count_failure(now, *most, *window, failures),
            Self::RateOfCalls { share, minimum, calls_max, calls, failures } => {
                if calls.len() == *calls_max as usize {
                    *failures -= u32::from(calls.pop_front() == Some(true));
                }
                calls.push_back(failed);
                *failures += u32::from(failed);
                reached(*share, *minimum, calls.len(), *failures)
            }
            Self::RateOfTime { share, minimum, window, calls, failures } => {
                while let Some((at, was_failure)) = calls.front()
                    && at.saturating_add(*window) <= now
                {
                    *failures -= u32::from(*was_failure);
                    calls.pop_front();
                }
                calls.push_back((now, failed));
                *failures += u32::from(failed);
                reached(*share, *minimum, calls.len(), *failures)
            }
        }
    }

    pub(super) fn clear(&mut self) {
        match self {
            Self::Consecutive { failures, .. } | Self::Total { failures, .. } => *failures = 0,
            Self::Count { failures, .. } => failures.clear(),
            Self::RateOfCalls { calls, failures, .. } => {
                calls.clear();
                *failures = 0;
            }
            Self::RateOfTime { calls, failures, .. } => {
                calls.clear();
                *failures = 0;
            }
        }
    }
}

/// Keeps at most `most` times of failures, so memory does not grow with the traffic.
fn count_failure(now: Time, most: u32, window: Span, failures: &mut VecDeque<Time>) -> bool {
    while failures.front().is_some_and(|at| at.saturating_add(window) <= now) {
        failures.pop_front();
    }
    failures.push_back(now);
    failures.len() >= most as usize
}

fn reached(share: f64, minimum: u32, calls: usize, failures: u32) -> bool {
    calls >= minimum as usize && f64::from(failures) >= share * calls as f64
}

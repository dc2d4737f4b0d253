//! Client throttling: turning requests away before a backend that refuses them anyway.

use alloc::collections::VecDeque;
use alloc::format;

use super::AdmissionResult;
use crate::spec::SpecError;
use crate::units::{Span, Time};

/// Parts of the window; the oldest part is forgotten as a whole.
const PARTS: u64 = 12;

/// Adaptive throttling: a request is turned away with probability `max(0, (requests - k * accepts) / (requests + 1))`
/// over a sliding window (Beyer et al., *Site Reliability Engineering*, 2016, chapter 21).
///
/// Requests that are turned away here count as requests, those turned away by another rule before do not.
#[derive(Clone, Copy, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "serde", serde(deny_unknown_fields, default))]
pub struct ClientThrottle {
    /// How many requests are sent for each that is accepted, at most; 1 or more. Smaller throttles sooner.
    pub k: f64,
    /// The window, forgotten in twelfths.
    pub window: Span,
}

impl Default for ClientThrottle {
    /// `k` of 2 over two minutes, as in the source.
    fn default() -> Self {
        Self { k: 2.0, window: Span::from_secs(120) }
    }
}

impl ClientThrottle {
    pub(super) fn validate(&self) -> Result<(), SpecError> {
        if !(self.k >= 1.0 && self.k.is_finite()) {
            return Err(SpecError::new("k", format!("{} is impossible; expected at least 1", self.k)));
        }
        if self.window.as_nanos() < PARTS {
            return Err(SpecError::new(
                "window",
                format!("{} is too short; expected at least 12ns", self.window),
            ));
        }
        Ok(())
    }
}

/// What happened in one part of the window.
#[derive(Clone, Copy, Debug)]
struct Part {
    number: u64,
    requests: u64,
    accepts: u64,
}

/// The throttle at work.
#[derive(Clone, Debug)]
pub(super) struct Throttle {
    k: f64,
    part_nanos: u64,
    parts: VecDeque<Part>,
    requests: u64,
    accepts: u64,
}

impl Throttle {
    pub(super) fn new(spec: &ClientThrottle) -> Self {
        let part_nanos = spec.window.as_nanos().div_ceil(PARTS);
        Self { k: spec.k, part_nanos, parts: VecDeque::new(), requests: 0, accepts: 0 }
    }

    /// Counts a request and says whether it is turned away.
    pub(super) fn rejects(&mut self, now: Time, draw: f64) -> bool {
        let probability = self.probability(now);
        self.requests += 1;
        self.part(now).requests += 1;
        draw < probability
    }

    /// Takes in how a request ended.
    pub(super) fn on_result(&mut self, now: Time, result: AdmissionResult) {
        match result {
            AdmissionResult::Accepted => {
                self.forget(now);
                self.accepts += 1;
                self.part(now).accepts += 1;
            }
            AdmissionResult::Limited => {}
        }
    }

    /// The probability with which a request is turned away.
    pub(super) fn probability(&mut self, now: Time) -> f64 {
        self.forget(now);
        let requests = self.requests as f64;
        ((requests - self.k * self.accepts as f64) / (requests + 1.0)).max(0.0)
    }

    /// Drops the parts that have left the window.
    fn forget(&mut self, now: Time) {
        let number = now.as_nanos() / self.part_nanos;
        while let Some(part) = self.parts.front()
            && part.number + PARTS <= number
        {
            self.requests -= part.requests;
            self.accepts -= part.accepts;
            self.parts.pop_front();
        }
    }

    /// The part of the window that `now` is in.
    fn part(&mut self, now: Time) -> &mut Part {
        let number = now.as_nanos() / self.part_nanos;
        if self.parts.back().is_none_or(|part| part.number < number) {
            self.parts.push_back(Part { number, requests: 0, accepts: 0 });
        }
        self.parts.back_mut().expect("a part was pushed if there was none")
    }
}

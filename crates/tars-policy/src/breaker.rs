//! Circuit breaker: is the other side well enough to be called?
//!
//! Closed, calls pass and their results are watched. Once they trip it, it is open and refuses until `open_for` has
//! passed. Then it is half-open and lets `probes` calls through at once: enough successes close it, one failure opens
//! it again. It can be forced open or closed by hand.
//!
//! Every allowed call carries a [`Pass`], and every pass is to be [`record`](Breaker::record)ed, as
//! [`Outcome::Ignored`] where the call was never made; a probe that is not holds its place. The results of calls that
//! started before a state change are dropped, so a late failure of the last outage cannot open a circuit that has
//! recovered.
//!
//! Exact-time edges: an open circuit lets its first probe through when *exactly* `open_for` has passed (the printed
//! code asks for more: [`OpenEdge::AfterTimeout`]); a result leaves a time window when its age *equals* the window.
//!
//! ```
//! use tars_policy::breaker::{BreakerSpec, Outcome, Permit, State};
//! use tars_policy::units::{Span, Time};
//!
//! let mut breaker = BreakerSpec::default().build()?; // five in a row, 30 s
//! let mut now = Time::START;
//! for _ in 0..5 {
//!     let Permit::Allowed(pass) = breaker.permit(now) else { unreachable!() };
//!     breaker.record(now, pass, Outcome::Failure);
//! }
//! assert_eq!(breaker.permit(now), Permit::Refused { retry_at: Some(Time::START + Span::from_secs(30)) });
//! now += Span::from_secs(30);
//! let Permit::Allowed(probe) = breaker.permit(now) else { unreachable!() };
//! breaker.record(now, probe, Outcome::Success);
//! assert_eq!(breaker.state(now), State::Closed);
//! # Ok::<(), tars_policy::spec::SpecError>(())
//! ```

use crate::spec::SpecError;
use crate::units::{Span, Time};
use alloc::format;

mod examples;
mod trip;

use trip::Watch;

/// When to stop calling, and when to try again.
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "serde", serde(deny_unknown_fields, default))]
pub struct BreakerSpec {
    /// What trips it.
    pub trip: Trip,
    /// How long it refuses once tripped.
    pub open_for: Span,
    /// Whether the first probe comes at that time or after it.
    pub open_edge: OpenEdge,
    /// Calls let through at once while half-open, at least 1.
    pub probes: u32,
    /// Successful probes that close it, at least 1.
    pub successes_to_close: u32,
    /// What happens to results of calls that started before the last state change.
    pub stale_results: StaleResults,
}

impl Default for BreakerSpec {
    /// Five failures in a row, 30 s, one probe, one success closes.
    fn default() -> Self {
        Self {
            trip: Trip::Consecutive { failures: 5 },
            open_for: Span::from_secs(30),
            open_edge: OpenEdge::AtTimeout,
            probes: 1,
            successes_to_close: 1,
            stale_results: StaleResults::Drop,
        }
    }
}

/// What opens a closed circuit.
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "serde", serde(rename_all = "snake_case", deny_unknown_fields))]
pub enum Trip {
    /// So many failures in a row.
    Consecutive {
        /// How many, at least 1.
        failures: u32,
    },
    /// A share of failures among the last calls, looked at after every result.
    Rate {
        /// The share that trips, above 0 and at most 1; reaching it is enough.
        share: f64,
        /// Calls that must be in the window before the share counts, at least 1.
        minimum_calls: u32,
        /// Which calls count.
        window: Window,
    },
    /// So many failures within a time, whatever succeeds between them.
    Count {
        /// How many, at least 1.
        failures: u32,
        /// Within which time.
        window: Span,
    },
    /// So many failures since it last closed, however long ago and whatever succeeded between them: the code printed
    /// in document 004, which never resets its count while closed.
    TotalFailures {
        /// How many, at least 1.
        failures: u32,
    },
}

/// Which calls a failure rate is taken over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "serde", serde(rename_all = "snake_case"))]
pub enum Window {
    /// The last so many results, at least `minimum_calls`.
    Count(u32),
    /// The results of the last so long.
    Time(Span),
}

/// Whether an open circuit may be probed when `open_for` has passed or only after.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "serde", serde(rename_all = "snake_case"))]
pub enum OpenEdge {
    /// At `opened + open_for`.
    #[default]
    AtTimeout,
    /// One nanosecond later: documents 003 and 004 print `now − openedAt > timeout`.
    AfterTimeout,
}

/// What happens to results of calls that started before the last state change.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "serde", serde(rename_all = "snake_case"))]
pub enum StaleResults {
    /// They are dropped.
    #[default]
    Drop,
    /// They count as if they had started now, as the code printed in document 004 has it: a late failure keeps an open
    /// circuit open for another `open_for`, a late success closes a half-open one.
    Count,
}

impl BreakerSpec {
    /// Names every impossible value: zero counts, windows and probes, shares out of range, windows below the minimum.
    pub fn validate(&self) -> Result<(), SpecError> {
        self.trip.validate().map_err(|e| e.within("trip"))?;
        at_least_one(u64::from(self.probes), "probes")?;
        at_least_one(u64::from(self.successes_to_close), "successes_to_close")
    }

    /// The breaker, closed.
    pub fn build(&self) -> Result<Breaker, SpecError> {
        self.validate()?;
        Ok(Breaker { spec: self.clone(), watch: Watch::new(&self.trip), phase: Phase::Closed, epoch: 0 })
    }
}

impl Trip {
    fn validate(&self) -> Result<(), SpecError> {
        match self {
            Self::Consecutive { failures } => at_least_one(u64::from(*failures), "consecutive.failures"),
            Self::TotalFailures { failures } => at_least_one(u64::from(*failures), "total_failures.failures"),
            Self::Count { failures, window } => {
                at_least_one(u64::from(*failures), "count.failures")?;
                at_least_one(window.as_nanos(), "count.window")
            }
            Self::Rate { share, minimum_calls, window } => {
                if !(*share > 0.0 && *share <= 1.0) {
                    return Err(SpecError::new(
                        "rate.share",
                        format!("is {share}; expected above 0 and at most 1"),
                    ));
                }
                at_least_one(u64::from(*minimum_calls), "rate.minimum_calls")?;
                match window {
                    Window::Count(calls) if calls < minimum_calls => Err(SpecError::new(
                        "rate.window.count",
                        format!("is {calls} and never holds the minimum of {minimum_calls} calls"),
                    )),
                    Window::Count(_) => Ok(()),
                    Window::Time(span) => at_least_one(span.as_nanos(), "rate.window.time"),
                }
            }
        }
    }
}

fn at_least_one(value: u64, field: &str) -> Result<(), SpecError> {
    if value == 0 { Err(SpecError::new(field, "is 0; expected at least 1")) } else { Ok(()) }
}

/// How a call went.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The other side is well.
    Success,
    /// It is not.
    Failure,
    /// Says nothing about the other side: the call was never made, was cancelled, or was at fault itself.
    Ignored,
}

/// The receipt of an allowed call; give it back to [`Breaker::record`]. It cannot be copied, so nothing counts twice.
#[derive(Debug, PartialEq, Eq)]
pub struct Pass {
    epoch: u64,
    probe: bool,
}

impl Pass {
    /// Whether the call tests a half-open circuit.
    pub const fn is_probe(&self) -> bool {
        self.probe
    }
}

/// The answer to [`Breaker::permit`].
#[must_use]
#[derive(Debug, PartialEq, Eq)]
pub enum Permit {
    /// Call, and record how it went.
    Allowed(Pass),
    /// Fail at once.
    Refused {
        /// When a probe may go; `None` where that depends on results or on a person.
        retry_at: Option<Time>,
    },
}

/// The state as seen from outside.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// Calls pass.
    Closed,
    /// Calls are refused.
    Open,
    /// Some calls pass as probes.
    HalfOpen,
    /// Refused by hand until released.
    ForcedOpen,
    /// Passed by hand, whatever the results, until released.
    ForcedClosed,
}

impl State {
    /// A stable code for logs and results.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Closed => "closed",
            Self::Open => "open",
            Self::HalfOpen => "half_open",
            Self::ForcedOpen => "forced_open",
            Self::ForcedClosed => "forced_closed",
        }
    }
}

/// A change of state.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Transition {
    /// Before.
    pub from: State,
    /// After.
    pub to: State,
    /// Why.
    pub reason: TransitionReason,
}

/// Why a state changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TransitionReason {
    /// Results tripped it.
    Tripped,
    /// A probe failed.
    ProbeFailed,
    /// Enough probes succeeded.
    ProbesSucceeded,
    /// By hand.
    Forced,
    /// The hand let go.
    Released,
}

impl TransitionReason {
    /// A stable code for logs and results.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Tripped => "tripped",
            Self::ProbeFailed => "probe_failed",
            Self::ProbesSucceeded => "probes_succeeded",
            Self::Forced => "forced",
            Self::Released => "released",
        }
    }
}

/// A circuit breaker; made by [`BreakerSpec::build`].
#[derive(Clone, Debug)]
pub struct Breaker {
    spec: BreakerSpec,
    watch: Watch,
    phase: Phase,
    /// Counts state changes; a pass of an earlier epoch is stale.
    epoch: u64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    Closed,
    Open { until: Time },
    HalfOpen { in_flight: u32, successes: u32 },
    ForcedOpen,
    ForcedClosed,
}

impl Breaker {
    /// Asks to make a call. An open circuit whose time has come turns half-open here.
    pub fn permit(&mut self, now: Time) -> Permit {
        match self.phase {
            Phase::Closed | Phase::ForcedClosed => self.allow(false),
            Phase::ForcedOpen => Permit::Refused { retry_at: None },
            Phase::Open { until } if now < until => Permit::Refused { retry_at: Some(until) },
            Phase::Open { .. } => {
                self.enter(Phase::HalfOpen { in_flight: 1, successes: 0 });
                self.allow(true)
            }
            Phase::HalfOpen { in_flight, .. } if in_flight >= self.spec.probes => {
                Permit::Refused { retry_at: None }
            }
            Phase::HalfOpen { in_flight, successes } => {
                self.phase = Phase::HalfOpen { in_flight: in_flight + 1, successes };
                self.allow(true)
            }
        }
    }

    /// Says how an allowed call went; returns the change of state it caused, if any.
    #[expect(clippy::needless_pass_by_value, reason = "a receipt is used up, so that nothing counts twice")]
    pub fn record(&mut self, now: Time, pass: Pass, outcome: Outcome) -> Option<Transition> {
        let stale = pass.epoch != self.epoch;
        if stale && self.spec.stale_results == StaleResults::Drop {
            return None;
        }
        match self.phase {
            Phase::Closed => self.record_closed(now, outcome),
            Phase::HalfOpen { in_flight, successes } => {
                let in_flight = if pass.probe && !stale { in_flight - 1 } else { in_flight };
                self.record_half_open(now, outcome, in_flight, successes)
            }
            Phase::Open { .. } => {
                if outcome == Outcome::Failure {
                    self.phase = Phase::Open { until: self.probe_at(now) };
                }
                None
            }
            Phase::ForcedOpen | Phase::ForcedClosed => None,
        }
    }

    /// The state at `now`; an open circuit whose time has come counts as half-open.
    pub fn state(&self, now: Time) -> State {
        match self.phase {
            Phase::Closed => State::Closed,
            Phase::Open { until } if now < until => State::Open,
            Phase::Open { .. } | Phase::HalfOpen { .. } => State::HalfOpen,
            Phase::ForcedOpen => State::ForcedOpen,
            Phase::ForcedClosed => State::ForcedClosed,
        }
    }

    /// Refuses every call until released.
    pub fn force_open(&mut self, now: Time) -> Transition {
        self.force(now, Phase::ForcedOpen, TransitionReason::Forced)
    }

    /// Lets every call pass until released.
    pub fn force_closed(&mut self, now: Time) -> Transition {
        self.force(now, Phase::ForcedClosed, TransitionReason::Forced)
    }

    /// Ends a forced state: closed, with nothing counted. Also resets a breaker that was not forced.
    pub fn release(&mut self, now: Time) -> Transition {
        self.force(now, Phase::Closed, TransitionReason::Released)
    }

    fn allow(&self, probe: bool) -> Permit {
        Permit::Allowed(Pass { epoch: self.epoch, probe })
    }

    fn record_closed(&mut self, now: Time, outcome: Outcome) -> Option<Transition> {
        let tripped = match outcome {
            Outcome::Success => self.watch.record(now, false),
            Outcome::Failure => self.watch.record(now, true),
            Outcome::Ignored => false,
        };
        tripped.then(|| {
            self.enter(Phase::Open { until: self.probe_at(now) });
            Transition { from: State::Closed, to: State::Open, reason: TransitionReason::Tripped }
        })
    }

    fn record_half_open(
        &mut self,
        now: Time,
        outcome: Outcome,
        in_flight: u32,
        successes: u32,
    ) -> Option<Transition> {
        let (next, to, reason) = match outcome {
            Outcome::Success if successes + 1 >= self.spec.successes_to_close => {
                (Phase::Closed, State::Closed, TransitionReason::ProbesSucceeded)
            }
            Outcome::Failure => {
                (Phase::Open { until: self.probe_at(now) }, State::Open, TransitionReason::ProbeFailed)
            }
            Outcome::Success => {
                self.phase = Phase::HalfOpen { in_flight, successes: successes + 1 };
                return None;
            }
            Outcome::Ignored => {
                self.phase = Phase::HalfOpen { in_flight, successes };
                return None;
            }
        };
        self.enter(next);
        Some(Transition { from: State::HalfOpen, to, reason })
    }

    fn force(&mut self, now: Time, phase: Phase, reason: TransitionReason) -> Transition {
        let from = self.state(now);
        self.enter(phase);
        Transition { from, to: self.state(now), reason }
    }

    /// Every change of state goes through here: it makes earlier passes stale, and counting starts anew.
    fn enter(&mut self, phase: Phase) {
        self.phase = phase;
        self.epoch += 1;
        self.watch.clear();
    }

    /// When a circuit that opens at `now` may first be probed.
    fn probe_at(&self, now: Time) -> Time {
        let edge = match self.spec.open_edge {
            OpenEdge::AtTimeout => Span::ZERO,
            OpenEdge::AfterTimeout => Span::from_nanos(1),
        };
        now.saturating_add(self.spec.open_for).saturating_add(edge)
    }
}

#[cfg(test)]
mod tests;

//! Retrying: try again, when, or give up?
//!
//! A [`Retry`] is asked after every failed try. It knows the tries, the wait before each, the jitter and the budget;
//! the driver knows what failed and does the waiting.
//!
//! - **Backoff.** After the k-th try failed: exponential `base × factor^(k−1)`, linear `step × k`, or fixed; then the cap.
//! - **Jitter** spreads the waits of clients that failed together (full, equal and decorrelated as named by Marc Brooker,
//!   "Exponential Backoff and Jitter", AWS Architecture Blog, 2015).
//! - **Pushback.** A server's retry-after wins over the backoff when it is honoured: the wait is then exactly what the
//!   server said, without jitter or cap.
//! - **Budget.** A retry that the budget does not cover is not made, so retries cannot multiply an outage. The tries
//!   are looked at first; a failure that gives up anyway takes nothing from the budget.
//!
//! ```
//! use tars_policy::retry::{Failure, RetryReason, RetrySpec, RetryVerdict};
//! use tars_policy::units::{Span, Time};
//!
//! // Document 000: three tries, 2 s and 4 s between them.
//! let mut retry = RetrySpec::published_000().build()?;
//! let now = Time::START + Span::from_secs(10);
//! let verdict = retry.on_failure(now, &Failure::of_attempt(2), 0.5);
//! assert_eq!(verdict, RetryVerdict::RetryAt { at: now + Span::from_secs(4), reason: RetryReason::Backoff });
//! assert!(matches!(retry.on_failure(now, &Failure::of_attempt(3), 0.5), RetryVerdict::GiveUp { .. }));
//! # Ok::<(), tars_policy::spec::SpecError>(())
//! ```

use crate::spec::SpecError;
use crate::units::{Span, Time};
use alloc::boxed::Box;
use alloc::format;
use core::fmt;

mod budget;
mod examples;

use budget::Budget;

/// When and how often to try again.
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "serde", serde(deny_unknown_fields, default))]
pub struct RetrySpec {
    /// Tries in all, the first included: 1 never retries.
    pub attempts: u32,
    /// The wait before the next try.
    pub backoff: Backoff,
    /// How the wait is spread.
    pub jitter: Jitter,
    /// Whether a server's retry-after replaces the backoff.
    pub honour_retry_after: bool,
    /// What limits retries beyond the tries of one call.
    pub budget: Option<RetryBudget>,
    /// Whether a task that is given up goes to the dead letters instead of vanishing.
    pub dead_letter: bool,
}

impl Default for RetrySpec {
    /// Three tries, 100 ms doubling up to 20 s, full jitter, retry-after honoured, retries at most a fifth of requests.
    fn default() -> Self {
        Self {
            attempts: 3,
            backoff: Backoff::Exponential {
                base: Span::from_millis(100),
                factor: 2.0,
                cap: Span::from_secs(20),
            },
            jitter: Jitter::Full,
            honour_retry_after: true,
            budget: Some(RetryBudget::TokenRatio { ratio: 0.2, reserve_per_s: 10.0, capacity: 100 }),
            dead_letter: false,
        }
    }
}

/// How the wait grows with the tries that failed.
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "serde", serde(rename_all = "snake_case", deny_unknown_fields))]
pub enum Backoff {
    /// `base × factor^(k−1)` after the k-th try, at most `cap`.
    Exponential {
        /// The wait after the first try.
        base: Span,
        /// What each further failure multiplies it by, at least 1; 2 by default.
        #[cfg_attr(feature = "serde", serde(default = "doubling"))]
        factor: f64,
        /// The longest wait; 300 s (document 003) by default.
        #[cfg_attr(feature = "serde", serde(default = "five_minutes"))]
        cap: Span,
    },
    /// `step × k` after the k-th try, at most `cap`.
    Linear {
        /// The wait after the first try, and what each further failure adds.
        step: Span,
        /// The longest wait; 300 s by default.
        #[cfg_attr(feature = "serde", serde(default = "five_minutes"))]
        cap: Span,
    },
    /// The same wait after every try.
    Fixed {
        /// The wait.
        wait: Span,
    },
}

#[cfg(feature = "serde")]
fn doubling() -> f64 {
    2.0
}

#[cfg(feature = "serde")]
fn five_minutes() -> Span {
    CAP_003
}

/// `Math.min(300000, …)` of document 003.
const CAP_003: Span = Span::from_secs(300);

/// How a wait is spread; `w` is the backoff, `u` the draw on `[0, 1)`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "serde", serde(rename_all = "snake_case"))]
pub enum Jitter {
    /// `w`.
    None,
    /// `u × w`.
    Full,
    /// `w/2 + u × w/2`.
    Equal,
    /// `min(cap, first + u × (3 × last − first))`: grows from the last wait and not from the count of tries; `first` is
    /// the backoff after the first try, `last` the last wait, at least `first`.
    Decorrelated,
}

/// What limits the retries of all calls together.
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "serde", serde(rename_all = "snake_case", deny_unknown_fields))]
pub enum RetryBudget {
    /// Every request earns `ratio` of a retry, and so does time; a retry costs one. The balance starts full.
    TokenRatio {
        /// Retries earned by one request, 0 to 1000, kept to a millionth.
        ratio: f64,
        /// Retries earned by a second whatever the traffic, 0 to 1,000,000, kept to a millionth; 0 by default.
        #[cfg_attr(feature = "serde", serde(default))]
        reserve_per_s: f64,
        /// The most that can be saved up, at least 1; 100 by default.
        #[cfg_attr(feature = "serde", serde(default = "hundred"))]
        capacity: u32,
    },
    /// A retry may start while fewer than `max(minimum, share × active)` are on their way (as Envoy's `retry_budget`).
    ActiveShare {
        /// Share of the active calls, 0 to 1; 0.2 by default.
        #[cfg_attr(feature = "serde", serde(default = "fifth"))]
        share: f64,
        /// Retries that are always allowed at once; 3 by default.
        #[cfg_attr(feature = "serde", serde(default = "three"))]
        minimum: u32,
    },
}

#[cfg(feature = "serde")]
fn hundred() -> u32 {
    100
}

#[cfg(feature = "serde")]
fn fifth() -> f64 {
    0.2
}

#[cfg(feature = "serde")]
fn three() -> u32 {
    3
}

impl RetrySpec {
    /// Names every impossible value: no tries, a factor below 1, a cap of zero, decorrelated jitter without a cap,
    /// ratios and shares out of range.
    pub fn validate(&self) -> Result<(), SpecError> {
        if self.attempts == 0 {
            return Err(SpecError::new("attempts", "is 0; expected at least 1, the first try"));
        }
        self.backoff.validate().map_err(|e| e.within("backoff"))?;
        if self.jitter == Jitter::Decorrelated && matches!(self.backoff, Backoff::Fixed { .. }) {
            return Err(SpecError::new(
                "jitter",
                "decorrelated jitter grows and needs a cap; use an exponential or linear backoff",
            ));
        }
        self.budget.as_ref().map_or(Ok(()), |budget| budget.validate().map_err(|e| e.within("budget")))
    }

    /// The policy, its budget full.
    pub fn build(&self) -> Result<Retry, SpecError> {
        self.validate()?;
        Ok(Retry::Standard(StandardRetry {
            spec: self.clone(),
            budget: self.budget.as_ref().map(Budget::new),
        }))
    }
}

impl Backoff {
    fn validate(&self) -> Result<(), SpecError> {
        match self {
            Self::Exponential { factor, cap, .. } => {
                if !(factor.is_finite() && *factor >= 1.0) {
                    return Err(SpecError::new(
                        "exponential.factor",
                        format!("is {factor}; expected at least 1"),
                    ));
                }
                positive(*cap, "exponential.cap")
            }
            Self::Linear { cap, .. } => positive(*cap, "linear.cap"),
            Self::Fixed { .. } => Ok(()),
        }
    }

    /// The wait after the `attempt`-th try failed (1 = the first), before jitter.
    pub fn wait(&self, attempt: u32) -> Span {
        match self {
            Self::Exponential { base, factor, cap } => {
                let power = libm::pow(*factor, f64::from(attempt.saturating_sub(1)));
                base.scale(power).min(*cap)
            }
            Self::Linear { step, cap } => step.saturating_mul(u64::from(attempt)).min(*cap),
            Self::Fixed { wait } => *wait,
        }
    }

    /// The longest wait.
    pub fn cap(&self) -> Span {
        match self {
            Self::Exponential { cap, .. } | Self::Linear { cap, .. } => *cap,
            Self::Fixed { wait } => *wait,
        }
    }
}

fn positive(cap: Span, field: &str) -> Result<(), SpecError> {
    if cap.is_zero() { Err(SpecError::new(field, "is zero; expected the longest wait")) } else { Ok(()) }
}

impl Jitter {
    /// Spreads the backoff after the `attempt`-th try. `last_wait` is the wait before that try.
    fn spread(self, backoff: &Backoff, attempt: u32, last_wait: Span, draw: f64) -> Span {
        match self {
            Self::None => backoff.wait(attempt),
            Self::Full => backoff.wait(attempt).scale(draw),
            Self::Equal => {
                let wait = backoff.wait(attempt);
                let half = Span::from_nanos(wait.as_nanos() / 2);
                half.saturating_add((wait - half).scale(draw))
            }
            Self::Decorrelated => {
                let first = backoff.wait(1);
                let most = last_wait.max(first).saturating_mul(3);
                first.saturating_add(most.saturating_sub(first).scale(draw)).min(backoff.cap())
            }
        }
    }
}

/// A try that failed and may be repeated.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Failure {
    /// Which try of the call failed; 1 is the first.
    pub attempt: u32,
    /// The wait before the try that failed; zero for the first.
    pub last_wait: Span,
    /// What the server asked for, if it did.
    pub retry_after: Option<Span>,
    /// Calls on their way now, retries included; for [`RetryBudget::ActiveShare`].
    pub active: u32,
    /// Retries waiting or on their way now, without this one; for [`RetryBudget::ActiveShare`].
    pub retrying: u32,
}

impl Failure {
    /// The failure of the `attempt`-th try, with nothing else known.
    pub const fn of_attempt(attempt: u32) -> Self {
        Self { attempt, last_wait: Span::ZERO, retry_after: None, active: 0, retrying: 0 }
    }
}

/// What to do after a failure.
#[must_use]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RetryVerdict {
    /// Try again at `at`.
    RetryAt {
        /// When; never before now.
        at: Time,
        /// What set the wait.
        reason: RetryReason,
    },
    /// Do not try again.
    GiveUp {
        /// Why.
        reason: GiveUpReason,
        /// Whether the task goes to the dead letters.
        dead_letter: bool,
    },
}

/// What set the wait before a retry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RetryReason {
    /// The backoff, after jitter.
    Backoff,
    /// The server's retry-after.
    Pushback,
}

impl RetryReason {
    /// A stable code for logs and results.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Backoff => "backoff",
            Self::Pushback => "pushback",
        }
    }
}

/// Why a call is not tried again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum GiveUpReason {
    /// It was the last try.
    AttemptsExhausted,
    /// The budget does not cover another retry.
    BudgetExhausted,
}

impl GiveUpReason {
    /// A stable code for logs and results.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::AttemptsExhausted => "attempts_exhausted",
            Self::BudgetExhausted => "budget_exhausted",
        }
    }
}

/// A retry policy of one's own.
pub trait RetryPolicy: fmt::Debug + Send {
    /// A call's first try starts.
    fn on_request(&mut self, now: Time);
    /// A call succeeded.
    fn on_success(&mut self, now: Time);
    /// A try failed; `draw` is uniform on `[0, 1)`.
    fn on_failure(&mut self, now: Time, failure: &Failure, draw: f64) -> RetryVerdict;
}

/// A retry policy; made by [`RetrySpec::build`].
#[derive(Debug)]
pub enum Retry {
    /// The policy of a [`RetrySpec`].
    Standard(StandardRetry),
    /// A policy of one's own.
    Custom(Box<dyn RetryPolicy>),
}

impl Retry {
    /// A call's first try starts: budgets earn from it.
    pub fn on_request(&mut self, now: Time) {
        match self {
            Self::Standard(retry) => retry.on_request(now),
            Self::Custom(custom) => custom.on_request(now),
        }
    }

    /// A call succeeded. The standard policy earns from requests and not from successes; this is for policies of one's
    /// own.
    pub fn on_success(&mut self, now: Time) {
        match self {
            Self::Standard(_) => {}
            Self::Custom(custom) => custom.on_success(now),
        }
    }

    /// A try failed. `draw` is uniform on `[0, 1)`; it is used only where there is jitter.
    pub fn on_failure(&mut self, now: Time, failure: &Failure, draw: f64) -> RetryVerdict {
        match self {
            Self::Standard(retry) => retry.on_failure(now, failure, draw),
            Self::Custom(custom) => custom.on_failure(now, failure, draw),
        }
    }
}

/// The policy of a [`RetrySpec`].
#[derive(Clone, Debug)]
pub struct StandardRetry {
    spec: RetrySpec,
    budget: Option<Budget>,
}

impl StandardRetry {
    fn on_request(&mut self, now: Time) {
        if let Some(budget) = &mut self.budget {
            budget.earn(now);
        }
    }

    fn on_failure(&mut self, now: Time, failure: &Failure, draw: f64) -> RetryVerdict {
        if failure.attempt >= self.spec.attempts {
            return self.give_up(GiveUpReason::AttemptsExhausted);
        }
        if !self.budget.as_mut().is_none_or(|budget| budget.spend(now, failure)) {
            return self.give_up(GiveUpReason::BudgetExhausted);
        }
        match failure.retry_after {
            Some(wait) if self.spec.honour_retry_after => {
                RetryVerdict::RetryAt { at: now.saturating_add(wait), reason: RetryReason::Pushback }
            }
            Some(_) | None => {
                let wait =
                    self.spec.jitter.spread(&self.spec.backoff, failure.attempt, failure.last_wait, draw);
                RetryVerdict::RetryAt { at: now.saturating_add(wait), reason: RetryReason::Backoff }
            }
        }
    }

    fn give_up(&self, reason: GiveUpReason) -> RetryVerdict {
        RetryVerdict::GiveUp { reason, dead_letter: self.spec.dead_letter }
    }
}

#[cfg(test)]
mod tests;

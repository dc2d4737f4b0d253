//! Rate limits: may this call go out now, when could it, or never?
//!
//! A provider counts several things at once (requests, input tokens, output tokens). A [`Limiter`] holds one bucket
//! for each and is all-or-nothing: a call takes from every bucket or from none. What a call will really use is often
//! unknown when it starts (output tokens), so the most it may use is taken at first and
//! [`settle`](Limiter::settle)d when the true figure is in.
//!
//! All arithmetic is on integers: a token bucket's level is kept in units of `1 / per` of its
//! [`Rate`], so no refill is ever rounded and [`Acquire::Wait`] names the exact first nanosecond at which the call fits.
//!
//! Exact-time edges:
//! - a token that completes at `t` can be used at `t`;
//! - a fixed window begins at a multiple of its length: a call at the boundary belongs to the new window;
//! - a sliding log forgets a call once its age *equals* the window;
//! - time that steps back counts as no time passed.
//!
//! ```
//! use tars_policy::limiter::{Acquire, Cost, LimiterSpec};
//! use tars_policy::units::{Span, Time};
//!
//! let mut limiter = LimiterSpec::published_001_hourly().build()?; // 10,000 requests an hour, full at the start
//! let one = Cost::requests(1);
//! for _ in 0..10_000 {
//!     assert!(matches!(limiter.try_acquire(Time::START, &one), Acquire::Granted(_)));
//! }
//! let until = Time::START + Span::from_millis(360);
//! assert_eq!(limiter.try_acquire(Time::START, &one), Acquire::Wait { until, bucket: 0 });
//! assert!(matches!(limiter.try_acquire(until, &one), Acquire::Granted(_)));
//! # Ok::<(), tars_policy::spec::SpecError>(())
//! ```

use crate::spec::SpecError;
use crate::units::{Rate, Span, Time};
use alloc::format;
use alloc::vec::Vec;

mod examples;
mod fixed_window;
mod sliding_log;
mod token_bucket;

use fixed_window::FixedWindow;
use sliding_log::SlidingLog;
use token_bucket::TokenBucket;

/// The largest denominator of a rate, in nanoseconds: with it, any `u64` amount of tokens fits the exact level.
const PER_NANOS_MAX: u64 = 1 << 62;

/// What a bucket counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "serde", serde(rename_all = "snake_case"))]
pub enum Counted {
    /// Calls.
    Requests,
    /// Tokens of the prompt.
    InputTokens,
    /// Tokens of the answer.
    OutputTokens,
    /// Tokens of both.
    TotalTokens,
}

/// How a bucket forgets.
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "serde", serde(rename_all = "snake_case", deny_unknown_fields))]
pub enum Algorithm {
    /// Refills continuously at `rate` up to `burst`.
    TokenBucket {
        /// The sustained rate.
        rate: Rate,
        /// The most that can be saved up, in what the bucket counts; at least 1.
        burst: u64,
        /// The level at the start as a share of `burst`, 0 to 1, kept to a millionth; full by default. A full bucket
        /// can hide the limit for minutes, so a question about the steady state starts it empty.
        #[cfg_attr(feature = "serde", serde(default = "full"))]
        initial_level: f64,
    },
    /// At most `limit` in each window; windows begin at multiples of `window` from the start of time.
    FixedWindow {
        /// The most in one window; at least 1.
        limit: u64,
        /// The length of a window.
        window: Span,
    },
    /// At most `limit` in any stretch of `window`; keeps one entry per call of the last `window`.
    SlidingLog {
        /// The most in any window; at least 1.
        limit: u64,
        /// The length of the window.
        window: Span,
    },
}

/// The share a bucket starts at unless told otherwise.
#[cfg(feature = "serde")]
fn full() -> f64 {
    1.0
}

/// One limit.
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "serde", serde(deny_unknown_fields))]
pub struct BucketSpec {
    /// What is counted.
    pub counts: Counted,
    /// How it is forgotten.
    pub algorithm: Algorithm,
}

/// Several limits that hold at once. None at all never limits.
#[derive(Clone, Debug, Default, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "serde", serde(deny_unknown_fields))]
pub struct LimiterSpec {
    /// The limits; a call takes from all of them or from none.
    pub buckets: Vec<BucketSpec>,
}

impl LimiterSpec {
    /// Names every impossible value: zero limits, bursts and windows, levels outside 0 to 1, rates too fine.
    pub fn validate(&self) -> Result<(), SpecError> {
        for (index, bucket) in self.buckets.iter().enumerate() {
            bucket.algorithm.validate().map_err(|e| e.within(&format!("buckets.{index}.algorithm")))?;
        }
        Ok(())
    }

    /// The limiter, as it stands at the start of time.
    pub fn build(&self) -> Result<Limiter, SpecError> {
        self.validate()?;
        let buckets = self.buckets.iter().map(Bucket::new).collect();
        Ok(Limiter { buckets, serial_next: 0 })
    }
}

impl Algorithm {
    fn validate(&self) -> Result<(), SpecError> {
        match self {
            Self::TokenBucket { rate, burst, initial_level } => {
                if rate.per_nanos() > PER_NANOS_MAX {
                    return Err(SpecError::new(
                        "token_bucket.rate",
                        "is too slow or too fine to be kept exactly; expected at least one in 146 years",
                    ));
                }
                positive(*burst, "token_bucket.burst")?;
                if !(0.0..=1.0).contains(initial_level) {
                    return Err(SpecError::new(
                        "token_bucket.initial_level",
                        format!("is {initial_level}; expected a share of the burst, 0 to 1"),
                    ));
                }
                Ok(())
            }
            Self::FixedWindow { limit, window } => {
                positive(*limit, "fixed_window.limit")?;
                positive(window.as_nanos(), "fixed_window.window")
            }
            Self::SlidingLog { limit, window } => {
                positive(*limit, "sliding_log.limit")?;
                positive(window.as_nanos(), "sliding_log.window")
            }
        }
    }
}

fn positive(value: u64, field: &str) -> Result<(), SpecError> {
    if value == 0 {
        Err(SpecError::new(field, "is 0 and could never admit a call; expected at least 1"))
    } else {
        Ok(())
    }
}

/// What a call uses.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Cost {
    /// Calls, usually 1.
    pub requests: u64,
    /// Tokens of the prompt.
    pub input_tokens: u64,
    /// Tokens of the answer: the most it may have when acquiring, what it had when settling.
    pub output_tokens: u64,
}

impl Cost {
    /// A cost of calls alone.
    pub const fn requests(requests: u64) -> Self {
        Self { requests, input_tokens: 0, output_tokens: 0 }
    }

    /// One call with its tokens.
    pub const fn call(input_tokens: u64, output_tokens: u64) -> Self {
        Self { requests: 1, input_tokens, output_tokens }
    }

    /// The part of the cost that a bucket of this kind counts.
    pub const fn of(&self, counted: Counted) -> u64 {
        match counted {
            Counted::Requests => self.requests,
            Counted::InputTokens => self.input_tokens,
            Counted::OutputTokens => self.output_tokens,
            Counted::TotalTokens => self.input_tokens.saturating_add(self.output_tokens),
        }
    }
}

/// The receipt of a call that was let through; give it back to [`Limiter::settle`] or [`Limiter::cancel`], or drop it
/// when the call used what it reserved. It cannot be copied, so nothing is refunded twice.
#[derive(Debug, PartialEq, Eq)]
pub struct Grant {
    serial: u64,
    at: Time,
    cost: Cost,
}

impl Grant {
    /// When it was granted.
    pub const fn at(&self) -> Time {
        self.at
    }

    /// What was reserved.
    pub const fn cost(&self) -> Cost {
        self.cost
    }
}

/// The answer to [`Limiter::try_acquire`].
#[must_use]
#[derive(Debug, PartialEq, Eq)]
pub enum Acquire {
    /// Go; the cost has been taken from every bucket.
    Granted(Grant),
    /// Not now; nothing has been taken.
    Wait {
        /// The first nanosecond at which the call fits if nothing else comes.
        until: Time,
        /// The bucket that makes it wait longest (the first of equals).
        bucket: usize,
    },
    /// The call is larger than a bucket can ever hold; waiting is no use.
    Never {
        /// The first bucket that is too small.
        bucket: usize,
    },
}

/// Whether one bucket has room.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Room {
    Now,
    At(Time),
    Never,
}

/// Several limits that hold at once.
#[derive(Clone, Debug)]
pub struct Limiter {
    buckets: Vec<Bucket>,
    serial_next: u64,
}

impl Limiter {
    /// Takes `cost` from every bucket, or from none. A bucket whose kind the cost does not use is not asked, even when
    /// it is in debt.
    pub fn try_acquire(&mut self, now: Time, cost: &Cost) -> Acquire {
        if !self.buckets.iter_mut().all(|bucket| bucket.room(now, cost) == Room::Now) {
            return self.refusal(now, cost);
        }
        let grant = Grant { serial: self.serial_next, at: now, cost: *cost };
        self.serial_next += 1;
        for bucket in &mut self.buckets {
            bucket.take(now, &grant);
        }
        Acquire::Granted(grant)
    }

    /// Corrects a reservation to what was really used. What was not used comes back (never above the burst; a window
    /// that has passed is not touched); what was used beyond the reservation is charged and can leave a bucket in
    /// debt, which later calls wait out.
    #[expect(
        clippy::needless_pass_by_value,
        reason = "a receipt is used up, so that nothing is refunded twice"
    )]
    pub fn settle(&mut self, now: Time, grant: Grant, actual: &Cost) {
        for bucket in &mut self.buckets {
            bucket.settle(now, &grant, actual.of(bucket.counts));
        }
    }

    /// Takes a grant back as if the call had never been made.
    pub fn cancel(&mut self, now: Time, grant: Grant) {
        self.settle(now, grant, &Cost::default());
    }

    /// What can be taken from `bucket` at `now`, in what it counts; negative when in debt.
    pub fn level(&self, now: Time, bucket: usize) -> f64 {
        match &self.buckets[bucket].state {
            State::TokenBucket(bucket) => bucket.level(now),
            State::FixedWindow(window) => window.level(now),
            State::SlidingLog(log) => log.level(now),
        }
    }

    /// Sets every token bucket to `share` of its burst (clamped to 0 to 1, kept to a millionth). Windows have no level
    /// and are left alone.
    pub fn set_initial_level(&mut self, share: f64) {
        for bucket in &mut self.buckets {
            match &mut bucket.state {
                State::TokenBucket(bucket) => bucket.set_share(share),
                State::FixedWindow(_) | State::SlidingLog(_) => {}
            }
        }
    }

    /// Changes the sustained rate of `bucket` from `now` on (a quota cut or its end). What was earned so far is kept
    /// (to the new rate's unit, rounded down); a window's limit becomes what the rate gives in one window, at least 1.
    ///
    /// # Errors
    /// When the rate's denominator is above 2^62 ns: it could not be kept exactly.
    pub fn set_rate(&mut self, now: Time, bucket: usize, rate: Rate) -> Result<(), SpecError> {
        if rate.per_nanos() > PER_NANOS_MAX {
            return Err(SpecError::new("rate", "is too slow or too fine to be kept exactly"));
        }
        match &mut self.buckets[bucket].state {
            State::TokenBucket(bucket) => bucket.set_rate(now, rate),
            State::FixedWindow(window) => window.set_rate(rate),
            State::SlidingLog(log) => log.set_rate(rate),
        }
        Ok(())
    }

    /// Changes the burst of a token bucket, or the limit of a window, from `now` on; 0 is taken as 1. A level above a
    /// smaller burst is cut to it.
    pub fn set_burst(&mut self, now: Time, bucket: usize, burst: u64) {
        let burst = burst.max(1);
        match &mut self.buckets[bucket].state {
            State::TokenBucket(bucket) => bucket.set_burst(now, burst),
            State::FixedWindow(window) => window.set_limit(burst),
            State::SlidingLog(log) => log.set_limit(burst),
        }
    }

    /// How long `bucket`, as it stands, carries a steady demand of `rate_per_s` (of what it counts) before it first
    /// makes a call wait; `None` when it always can. For a window: until its limit is used up, in fluid terms.
    pub fn seconds_to_exhaustion(&self, bucket: usize, rate_per_s: f64) -> Option<f64> {
        let sustained = self.sustained_per_s(bucket);
        if rate_per_s.is_nan() || rate_per_s <= sustained {
            return None;
        }
        Some(match &self.buckets[bucket].state {
            State::TokenBucket(bucket) => bucket.level_stored().max(0.0) / (rate_per_s - sustained),
            State::FixedWindow(window) => window.limit() as f64 / rate_per_s,
            State::SlidingLog(log) => log.limit() as f64 / rate_per_s,
        })
    }

    /// What `bucket` admits per second for ever.
    pub fn sustained_per_s(&self, bucket: usize) -> f64 {
        match &self.buckets[bucket].state {
            State::TokenBucket(bucket) => bucket.rate().per_second(),
            State::FixedWindow(window) => window.limit() as f64 / window.length().as_secs_f64(),
            State::SlidingLog(log) => log.limit() as f64 / log.length().as_secs_f64(),
        }
    }

    /// How many buckets there are.
    pub fn len(&self) -> usize {
        self.buckets.len()
    }

    /// Whether nothing is limited.
    pub fn is_empty(&self) -> bool {
        self.buckets.is_empty()
    }

    /// What `bucket` counts.
    pub fn counts(&self, bucket: usize) -> Counted {
        self.buckets[bucket].counts
    }

    /// Says why a call that does not fit has to wait. Room never shrinks by waiting, so the latest bucket decides.
    #[cold]
    fn refusal(&mut self, now: Time, cost: &Cost) -> Acquire {
        let mut latest = (now, 0);
        for (index, bucket) in self.buckets.iter_mut().enumerate() {
            match bucket.room(now, cost) {
                Room::Now => {}
                Room::At(until) if until > latest.0 => latest = (until, index),
                Room::At(_) => {}
                Room::Never => return Acquire::Never { bucket: index },
            }
        }
        Acquire::Wait { until: latest.0, bucket: latest.1 }
    }
}

/// One limit at work.
#[derive(Clone, Debug)]
struct Bucket {
    counts: Counted,
    state: State,
}

#[derive(Clone, Debug)]
enum State {
    TokenBucket(TokenBucket),
    FixedWindow(FixedWindow),
    SlidingLog(SlidingLog),
}

impl Bucket {
    fn new(spec: &BucketSpec) -> Self {
        let state = match spec.algorithm {
            Algorithm::TokenBucket { rate, burst, initial_level } => {
                State::TokenBucket(TokenBucket::new(rate, burst, initial_level))
            }
            Algorithm::FixedWindow { limit, window } => State::FixedWindow(FixedWindow::new(limit, window)),
            Algorithm::SlidingLog { limit, window } => State::SlidingLog(SlidingLog::new(limit, window)),
        };
        Self { counts: spec.counts, state }
    }

    #[inline]
    fn room(&mut self, now: Time, cost: &Cost) -> Room {
        let amount = cost.of(self.counts);
        if amount == 0 {
            return Room::Now;
        }
        match &mut self.state {
            State::TokenBucket(bucket) => bucket.room(now, amount),
            State::FixedWindow(window) => window.room(now, amount),
            State::SlidingLog(log) => log.room(now, amount),
        }
    }

    #[inline]
    fn take(&mut self, now: Time, grant: &Grant) {
        let amount = grant.cost.of(self.counts);
        if amount == 0 {
            return;
        }
        match &mut self.state {
            State::TokenBucket(bucket) => bucket.take(amount),
            State::FixedWindow(window) => window.take(amount),
            State::SlidingLog(log) => log.take(now, grant.serial, amount),
        }
    }

    fn settle(&mut self, now: Time, grant: &Grant, actual: u64) {
        let reserved = grant.cost.of(self.counts);
        if reserved == actual {
            return;
        }
        match &mut self.state {
            State::TokenBucket(bucket) => bucket.settle(now, reserved, actual),
            State::FixedWindow(window) => window.settle(now, grant.at, reserved, actual),
            State::SlidingLog(log) => log.settle(now, grant, reserved, actual),
        }
    }
}

#[cfg(test)]
mod tests;

//! Limits on what is in flight that adapt to what the backend can take.

use alloc::format;

use super::AdmissionResult;
use crate::spec::SpecError;
use crate::units::{Span, Time};

/// A limit on requests in flight that adapts.
#[derive(Clone, Copy, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "serde", serde(rename_all = "snake_case"))]
pub enum ConcurrencyLimit {
    /// Additive increase, multiplicative decrease.
    Aimd(AimdSpec),
    /// By the ratio of the long-term latency to that of now.
    Gradient(GradientSpec),
}

/// Grows by `increase` when a result was accepted in time, and shrinks to `decrease_factor` of itself when one was refused or
/// late (Chiu and Jain, 1989). It grows only while at least half of it is in use.
///
/// The default is `AIMDLimit` of Netflix's concurrency-limits. [`per_round`](Self::per_round) is the gentler law of TCP.
#[derive(Clone, Copy, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "serde", serde(deny_unknown_fields, default))]
pub struct AimdSpec {
    /// Most in flight at first.
    pub initial: u32,
    /// Never less.
    pub min: u32,
    /// Never more.
    pub max: u32,
    /// What is added.
    pub increase: f64,
    /// What it is added for.
    pub growth: Growth,
    /// The share that is kept at a bad result, between 0 and 1.
    pub decrease_factor: f64,
    /// A result that took longer is bad; absent: latency does not count.
    pub latency_above: Option<Span>,
    /// Shrinks at most once in this time: one wave of refusals is one signal. Zero: at every bad result.
    pub decrease_every: Span,
}

/// What a limit grows for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "serde", serde(rename_all = "snake_case"))]
pub enum Growth {
    /// Each good result; the limit is kept whole, rounded down when it shrinks.
    #[default]
    PerResult,
    /// As many good results as the limit is large, a part for each.
    PerRound,
}

impl Default for AimdSpec {
    fn default() -> Self {
        Self {
            initial: 20,
            min: 20,
            max: 200,
            increase: 1.0,
            growth: Growth::PerResult,
            decrease_factor: 0.9,
            latency_above: Some(Span::from_secs(5)),
            decrease_every: Span::ZERO,
        }
    }
}

impl AimdSpec {
    /// One more a round, and a tenth less once a second at most, by refusals alone.
    pub fn per_round() -> Self {
        Self {
            min: 1,
            max: 1000,
            growth: Growth::PerRound,
            latency_above: None,
            decrease_every: Span::from_secs(1),
            ..Self::default()
        }
    }
}

/// The limit follows `limit * gradient + queue`, with the gradient `tolerance * long-term latency / latency`
/// between 0.5 and 1: `Gradient2Limit` of Netflix's concurrency-limits, whose defaults these are. It moves only while at
/// least half of it is in use.
#[derive(Clone, Copy, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "serde", serde(deny_unknown_fields, default))]
pub struct GradientSpec {
    /// Most in flight at first.
    pub initial: u32,
    /// Never less.
    pub min: u32,
    /// Never more.
    pub max: u32,
    /// How far latency may rise above its long-term mean before the limit shrinks; at least 1.
    pub tolerance: f64,
    /// How much of the way to its new value the limit goes at each result, above 0, at most 1.
    pub smoothing: f64,
    /// Results in the long-term mean.
    pub window: u32,
    /// By how much the limit may grow at once while latency does not rise, before smoothing.
    pub queue: QueueAllowance,
    /// What a refusal means.
    pub refusal: RefusalRule,
}

/// How many may wait behind a limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "serde", serde(rename_all = "snake_case", deny_unknown_fields))]
pub enum QueueAllowance {
    /// So many.
    Fixed(u32),
    /// The root of the limit, both rounded down, and at least so many.
    SquareRoot {
        /// Never less.
        min: u32,
    },
}

/// What a refusal means to a gradient limit.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "serde", serde(rename_all = "snake_case"))]
pub enum RefusalRule {
    /// A result like any other: its latency counts. This is what the source does.
    #[default]
    AsLatency,
    /// A gradient of 0.5 without a queue, whatever is in use; its latency does not count.
    Halve,
}

impl Default for GradientSpec {
    fn default() -> Self {
        Self {
            initial: 20,
            min: 20,
            max: 200,
            tolerance: 1.5,
            smoothing: 0.2,
            window: 600,
            queue: QueueAllowance::Fixed(4),
            refusal: RefusalRule::AsLatency,
        }
    }
}

/// Lowest gradient: the limit never more than halves at once, before smoothing.
const GRADIENT_MIN: f64 = 0.5;
/// The long-term mean is a plain mean of so many results before it becomes an exponential one.
const PLAIN_RESULTS: u32 = 10;
/// Past this ratio of long-term to present latency the long-term mean is let down faster, to recover from an overload.
const RECOVERY_RATIO: f64 = 2.0;
/// How fast it is let down then.
const RECOVERY_FACTOR: f64 = 0.95;

impl ConcurrencyLimit {
    /// The limit at work, at its initial level.
    pub fn build(&self) -> Result<AdaptiveLimit, SpecError> {
        self.validate()?;
        Ok(AdaptiveLimit::new(self))
    }

    /// Names every impossible value: bounds out of order, factors out of range.
    pub fn validate(&self) -> Result<(), SpecError> {
        match self {
            Self::Aimd(spec) => spec.validate().map_err(|error| error.within("aimd")),
            Self::Gradient(spec) => spec.validate().map_err(|error| error.within("gradient")),
        }
    }
}

impl AimdSpec {
    fn validate(&self) -> Result<(), SpecError> {
        bounds(self.initial, self.min, self.max)?;
        if !(self.increase > 0.0 && self.increase.is_finite()) {
            return Err(SpecError::new(
                "increase",
                format!("{} is impossible; expected above 0", self.increase),
            ));
        }
        if !(self.decrease_factor > 0.0 && self.decrease_factor < 1.0) {
            let problem = format!("{} is impossible; expected between 0 and 1", self.decrease_factor);
            return Err(SpecError::new("decrease_factor", problem));
        }
        Ok(())
    }
}

impl GradientSpec {
    fn validate(&self) -> Result<(), SpecError> {
        bounds(self.initial, self.min, self.max)?;
        if !(self.tolerance >= 1.0 && self.tolerance.is_finite()) {
            return Err(SpecError::new(
                "tolerance",
                format!("{} is impossible; expected at least 1", self.tolerance),
            ));
        }
        if !(self.smoothing > 0.0 && self.smoothing <= 1.0) {
            let problem = format!("{} is impossible; expected above 0, at most 1", self.smoothing);
            return Err(SpecError::new("smoothing", problem));
        }
        if self.window < PLAIN_RESULTS {
            return Err(SpecError::new(
                "window",
                format!("is {}; expected at least {PLAIN_RESULTS}", self.window),
            ));
        }
        Ok(())
    }
}

fn bounds(initial: u32, min: u32, max: u32) -> Result<(), SpecError> {
    if min == 0 {
        return Err(SpecError::new("min", "is 0; expected at least 1, or nothing would ever come in again"));
    }
    if max < min {
        return Err(SpecError::new("max", format!("{max} is below the minimum {min}")));
    }
    if !(min..=max).contains(&initial) {
        return Err(SpecError::new("initial", format!("{initial} is outside the bounds {min} to {max}")));
    }
    Ok(())
}

/// How a request ended, for an [`AdaptiveLimit`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sample {
    /// Requests in flight when it began, itself included.
    pub in_flight: u32,
    /// How long it took.
    pub latency: Span,
    /// Whether it was accepted.
    pub result: AdmissionResult,
}

/// A limit at work; made by [`ConcurrencyLimit::build`].
#[derive(Clone, Debug)]
pub struct AdaptiveLimit {
    law: Law,
    level: f64,
}

#[derive(Clone, Debug)]
enum Law {
    Aimd { spec: AimdSpec, decreased: Option<Time> },
    Gradient { spec: GradientSpec, mean: LongTermMean },
}

impl AdaptiveLimit {
    fn new(spec: &ConcurrencyLimit) -> Self {
        let (law, initial) = match *spec {
            ConcurrencyLimit::Aimd(spec) => (Law::Aimd { spec, decreased: None }, spec.initial),
            ConcurrencyLimit::Gradient(spec) => {
                (Law::Gradient { spec, mean: LongTermMean::default() }, spec.initial)
            }
        };
        Self { law, level: f64::from(initial) }
    }

    /// How many may be in flight.
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "the limit is within bounds of u32"
    )]
    pub fn allowed(&self) -> u32 {
        self.level as u32
    }

    /// Takes in how a request ended.
    pub fn on_sample(&mut self, now: Time, sample: &Sample) {
        self.level = match &mut self.law {
            Law::Aimd { spec, decreased } => aimd(spec, decreased, self.level, now, sample),
            Law::Gradient { spec, mean } => gradient(spec, mean, self.level, sample),
        };
    }
}

/// The next limit by additive increase and multiplicative decrease.
fn aimd(spec: &AimdSpec, decreased: &mut Option<Time>, limit: f64, now: Time, sample: &Sample) -> f64 {
    let late = spec.latency_above.is_some_and(|most| sample.latency > most);
    let next = if late || matches!(sample.result, AdmissionResult::Limited) {
        if decreased.is_some_and(|at| now.saturating_since(at) < spec.decrease_every) {
            return limit;
        }
        *decreased = Some(now);
        match spec.growth {
            Growth::PerResult => libm::floor(limit * spec.decrease_factor),
            Growth::PerRound => limit * spec.decrease_factor,
        }
    } else if f64::from(sample.in_flight) * 2.0 >= limit {
        match spec.growth {
            Growth::PerResult => limit + spec.increase,
            Growth::PerRound => limit + spec.increase / limit,
        }
    } else {
        limit
    };
    next.clamp(f64::from(spec.min), f64::from(spec.max))
}

/// The next limit by the gradient of latency.
fn gradient(spec: &GradientSpec, mean: &mut LongTermMean, limit: f64, sample: &Sample) -> f64 {
    let halve = matches!((spec.refusal, sample.result), (RefusalRule::Halve, AdmissionResult::Limited));
    let (gradient, queue) = if halve {
        (GRADIENT_MIN, 0.0)
    } else {
        let nanos = sample.latency.as_nanos().max(1) as f64;
        let long = mean.add(spec.window, nanos);
        if long / nanos > RECOVERY_RATIO {
            mean.value *= RECOVERY_FACTOR;
        }
        if f64::from(sample.in_flight) < limit / 2.0 {
            return limit;
        }
        ((spec.tolerance * long / nanos).clamp(GRADIENT_MIN, 1.0), spec.queue.at(limit))
    };
    let wanted = limit * gradient + queue;
    let next = limit * (1.0 - spec.smoothing) + wanted * spec.smoothing;
    next.clamp(f64::from(spec.min), f64::from(spec.max))
}

impl QueueAllowance {
    fn at(self, limit: f64) -> f64 {
        match self {
            Self::Fixed(many) => f64::from(many),
            Self::SquareRoot { min } => libm::floor(libm::sqrt(libm::floor(limit))).max(f64::from(min)),
        }
    }
}

/// The mean latency: plain over the first results, exponential from then on.
#[derive(Clone, Copy, Debug, Default)]
struct LongTermMean {
    value: f64,
    sum: f64,
    results: u32,
}

impl LongTermMean {
    fn add(&mut self, window: u32, nanos: f64) -> f64 {
        if self.results < PLAIN_RESULTS {
            self.results += 1;
            self.sum += nanos;
            self.value = self.sum / f64::from(self.results);
        } else {
            let factor = 2.0 / (f64::from(window) + 1.0);
            self.value = self.value * (1.0 - factor) + nanos * factor;
        }
        self.value
    }
}

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

/// Grows by `increase` for each limit's worth of results that were accepted in time, and shrinks by `decrease_factor`
/// when one was refused or late (Chiu and Jain, 1989). It grows only while at least half of it is in use.
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
    /// Added for each limit's worth of good results.
    pub increase: f64,
    /// The share that is kept at a bad result, between 0 and 1.
    pub decrease_factor: f64,
    /// A result that took longer is bad; absent: latency does not count.
    pub latency_above: Option<Span>,
    /// Shrinks at most once in this time: one wave of refusals is one signal.
    pub decrease_every: Span,
}

impl Default for AimdSpec {
    fn default() -> Self {
        Self {
            initial: 20,
            min: 1,
            max: 1000,
            increase: 1.0,
            decrease_factor: 0.9,
            latency_above: None,
            decrease_every: Span::from_secs(1),
        }
    }
}

/// The limit follows `limit * gradient + sqrt(limit)`, with the gradient `tolerance * long-term latency / latency`
/// between 0.5 and 1 (the "Gradient2" rule of Netflix's concurrency-limits). A refusal counts as a gradient of 0.5. It
/// moves only while at least half of it is in use.
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
}

impl Default for GradientSpec {
    fn default() -> Self {
        Self { initial: 20, min: 10, max: 200, tolerance: 1.5, smoothing: 0.2, window: 600 }
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
    pub(super) fn validate(&self) -> Result<(), SpecError> {
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

/// A limit at work.
#[derive(Clone, Debug)]
pub(super) struct Limit {
    law: Law,
    level: f64,
    in_flight: u32,
}

#[derive(Clone, Debug)]
enum Law {
    Aimd { spec: AimdSpec, decreased: Option<Time> },
    Gradient { spec: GradientSpec, mean_nanos: f64, results: u32 },
}

impl Limit {
    pub(super) fn new(spec: &ConcurrencyLimit) -> Self {
        let (law, initial) = match *spec {
            ConcurrencyLimit::Aimd(spec) => (Law::Aimd { spec, decreased: None }, spec.initial),
            ConcurrencyLimit::Gradient(spec) => {
                (Law::Gradient { spec, mean_nanos: 0.0, results: 0 }, spec.initial)
            }
        };
        Self { law, level: f64::from(initial), in_flight: 0 }
    }

    /// Whether one more may be in flight.
    pub(super) fn admits(&mut self, in_flight: u32) -> bool {
        let admits = in_flight < self.allowed();
        self.in_flight = if admits { in_flight.saturating_add(1) } else { in_flight };
        admits
    }

    /// How many may be in flight.
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "the limit is within bounds of u32"
    )]
    pub(super) fn allowed(&self) -> u32 {
        self.level as u32
    }

    /// Takes in how a request ended.
    pub(super) fn on_result(&mut self, now: Time, result: AdmissionResult, latency: Span) {
        let used = f64::from(self.in_flight) * 2.0 >= self.level;
        let limited = matches!(result, AdmissionResult::Limited);
        self.level = match &mut self.law {
            Law::Aimd { spec, decreased } => aimd(spec, decreased, self.level, now, limited, latency, used),
            Law::Gradient { spec, mean_nanos, results } => {
                let gradient =
                    if limited { GRADIENT_MIN } else { gradient(spec, mean_nanos, results, latency) };
                if used || limited { follow(spec, self.level, gradient, limited) } else { self.level }
            }
        };
        self.in_flight = self.in_flight.saturating_sub(1);
    }
}

/// The next limit by additive increase and multiplicative decrease.
fn aimd(
    spec: &AimdSpec,
    decreased: &mut Option<Time>,
    limit: f64,
    now: Time,
    limited: bool,
    latency: Span,
    used: bool,
) -> f64 {
    let late = spec.latency_above.is_some_and(|most| latency > most);
    let next = if limited || late {
        if decreased.is_some_and(|at| now.saturating_since(at) < spec.decrease_every) {
            return limit;
        }
        *decreased = Some(now);
        limit * spec.decrease_factor
    } else if used {
        limit + spec.increase / limit
    } else {
        limit
    };
    next.clamp(f64::from(spec.min), f64::from(spec.max))
}

/// The gradient after a result, which also enters the long-term mean.
fn gradient(spec: &GradientSpec, mean_nanos: &mut f64, results: &mut u32, latency: Span) -> f64 {
    let nanos = latency.as_nanos().max(1) as f64;
    *results = results.saturating_add(1);
    if *results <= PLAIN_RESULTS {
        *mean_nanos += (nanos - *mean_nanos) / f64::from(*results);
    } else {
        *mean_nanos += (nanos - *mean_nanos) * 2.0 / f64::from(spec.window + 1);
    }
    if *mean_nanos / nanos > RECOVERY_RATIO {
        *mean_nanos *= RECOVERY_FACTOR;
    }
    (spec.tolerance * *mean_nanos / nanos).clamp(GRADIENT_MIN, 1.0)
}

/// The limit moves towards what the gradient says; after a refusal there is no allowance for a queue.
fn follow(spec: &GradientSpec, limit: f64, gradient: f64, limited: bool) -> f64 {
    let queue = if limited { 0.0 } else { libm::sqrt(limit) };
    let wanted = limit * gradient + queue;
    (limit + (wanted - limit) * spec.smoothing).clamp(f64::from(spec.min), f64::from(spec.max))
}

//! Admission: whether a request may come in at all, and what its reply says of the load.
//!
//! An [`Admission`] is asked before the queue is. It accepts, answers 429 (too many requests) or 503 (unavailable), and
//! fills the backpressure headers. If it accepts, the queue has the last word: [`Admit::status`] combines the two.
//!
//! | edge | decision |
//! |---|---|
//! | utilisation equal to `reject_above_utilisation` | accepted, as printed |
//! | heap share equal to a step of `memory_caps` | the step holds |
//! | several reasons | the first of utilisation, memory, concurrency, throttle |
//! | a queue with a cap of 0 | its utilisation is 1; without a cap it is 0 |
//!
//! ```
//! use tars_policy::admission::{Admission, AdmissionSpec, AdmissionView, AdmitVerdict};
//! use tars_policy::units::Time;
//!
//! let mut admission = AdmissionSpec::published_000().build()?;
//! let view = AdmissionView { depth: 951, max_depth: Some(1000), ..AdmissionView::default() };
//! let admit = admission.decide(Time::START, &view, 0.5);
//! assert!(matches!(admit.verdict, AdmitVerdict::Unavailable(_)));
//! assert_eq!(admit.headers.utilisation_text(), "95.1%");
//! # Ok::<(), tars_policy::spec::SpecError>(())
//! ```

use alloc::boxed::Box;
use alloc::format;
use alloc::vec::Vec;

use crate::queue::Offered;
use crate::spec::SpecError;
use crate::units::{Span, Time};

mod concurrency;
mod headers;
#[cfg(test)]
pub(crate) mod reference;
#[cfg(test)]
mod tests;
mod throttle;

pub use concurrency::{
    AdaptiveLimit, AimdSpec, ConcurrencyLimit, GradientSpec, Growth, QueueAllowance, RefusalRule, Sample,
};
pub use headers::{Headers, RetryAfterLaw};
pub use throttle::ClientThrottle;

use throttle::Throttle;

/// From a share of the heap on, at most so many tasks wait.
#[derive(Clone, Copy, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "serde", serde(deny_unknown_fields))]
pub struct MemoryCap {
    /// The step holds from this share of the heap on.
    pub heap_share_from: f64,
    /// Most tasks waiting.
    pub max_depth: u32,
}

/// Who comes in; the default lets everyone in and says so politely.
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "serde", serde(deny_unknown_fields, default))]
pub struct AdmissionSpec {
    /// Answers 503 when the queue's utilisation is above.
    pub reject_above_utilisation: Option<f64>,
    /// The retry-after of the headers and of a 429.
    pub retry_after: RetryAfterLaw,
    /// The retry-after in the body of a 503.
    pub unavailable_retry_after: Span,
    /// Answers 429 when as many tasks wait as the heap allows; by rising heap share.
    pub memory_caps: Vec<MemoryCap>,
    /// Answers 429 by chance, the more the less was accepted lately.
    pub throttle: Option<ClientThrottle>,
    /// Answers 429 when as many are in flight as a limit that adapts allows.
    pub concurrency: Option<ConcurrencyLimit>,
}

impl Default for AdmissionSpec {
    fn default() -> Self {
        Self {
            reject_above_utilisation: None,
            retry_after: RetryAfterLaw::default(),
            unavailable_retry_after: Span::from_secs(60),
            memory_caps: Vec::new(),
            throttle: None,
            concurrency: None,
        }
    }
}

impl AdmissionSpec {
    /// As printed in document 000, Part 3, "Backpressure Signaling": 503 above 95 %, with 60 s.
    ///
    /// The printed code calls a `calculateRetryAfter` that is nowhere defined; the default law stands in for it.
    pub fn published_000() -> Self {
        Self { reject_above_utilisation: Some(0.95), ..Self::default() }
    }

    /// As stated in document 003, "Memory-Aware Queue Limiting": 1000 at 30 % heap, 500 at 50 %, 100 at 70 %.
    pub fn published_003() -> Self {
        let cap = |heap_share_from, max_depth| MemoryCap { heap_share_from, max_depth };
        Self {
            memory_caps: alloc::vec![cap(0.3, 1000), cap(0.5, 500), cap(0.7, 100)],
            ..Self::published_000()
        }
    }

    /// Named configurations; property tests run over all of them.
    pub fn examples() -> Vec<(&'static str, Self)> {
        alloc::vec![
            ("default", Self::default()),
            ("published_000", Self::published_000()),
            ("published_003", Self::published_003()),
            ("throttle", Self { throttle: Some(ClientThrottle::default()), ..Self::default() }),
            (
                "aimd",
                Self { concurrency: Some(ConcurrencyLimit::Aimd(AimdSpec::default())), ..Self::default() }
            ),
            (
                "aimd_per_round",
                Self { concurrency: Some(ConcurrencyLimit::Aimd(AimdSpec::per_round())), ..Self::default() }
            ),
            (
                "gradient",
                Self {
                    concurrency: Some(ConcurrencyLimit::Gradient(GradientSpec::default())),
                    ..Self::default()
                },
            ),
        ]
    }

    /// Says what is impossible in this specification.
    pub fn validate(&self) -> Result<(), SpecError> {
        if let Some(share) = self.reject_above_utilisation
            && !(0.0..=1.0).contains(&share)
        {
            return Err(SpecError::new(
                "reject_above_utilisation",
                format!("{share} is no share; expected 0 to 1"),
            ));
        }
        self.retry_after.validate().map_err(|error| error.within("retry_after"))?;
        self.validate_memory_caps()?;
        if let Some(throttle) = &self.throttle {
            throttle.validate().map_err(|error| error.within("throttle"))?;
        }
        match &self.concurrency {
            None => Ok(()),
            Some(limit) => limit.validate().map_err(|error| error.within("concurrency")),
        }
    }

    fn validate_memory_caps(&self) -> Result<(), SpecError> {
        let mut last: Option<&MemoryCap> = None;
        for (index, cap) in self.memory_caps.iter().enumerate() {
            let from = cap.heap_share_from;
            if !(0.0..=1.0).contains(&from) {
                let field = format!("memory_caps.{index}.heap_share_from");
                return Err(SpecError::new(field, format!("{from} is no share; expected 0 to 1")));
            }
            if let Some(last) = last
                && (from <= last.heap_share_from || cap.max_depth > last.max_depth)
            {
                let problem =
                    "does not follow the step before; expected a larger heap share with no larger depth";
                return Err(SpecError::new(format!("memory_caps.{index}"), problem));
            }
            last = Some(cap);
        }
        Ok(())
    }

    /// The admission policy.
    pub fn build(&self) -> Result<Admission, SpecError> {
        self.validate()?;
        Ok(Admission {
            throttle: self.throttle.as_ref().map(Throttle::new),
            limit: self.concurrency.as_ref().map(ConcurrencyLimit::build).transpose()?,
            in_flight: 0,
            spec: self.clone(),
            custom: None,
        })
    }

    /// The queue's cap at this share of the heap, if a step of [`memory_caps`](Self::memory_caps) holds.
    pub fn memory_cap(&self, heap_share: f64) -> Option<u32> {
        let step = self.memory_caps.iter().rev().find(|cap| heap_share >= cap.heap_share_from);
        step.map(|cap| cap.max_depth)
    }
}

/// What admission is told of the service.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct AdmissionView {
    /// Tasks waiting, before this one.
    pub depth: u32,
    /// The cap of the queue; `None` without one.
    pub max_depth: Option<u32>,
    /// Heap in use as a share of the most.
    pub heap_share: f64,
    /// Requests in flight, before this one.
    pub in_flight: u32,
}

/// Whether a request comes in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[must_use]
pub enum AdmitVerdict {
    /// It may be offered to the queue.
    Accept,
    /// 429: too many requests.
    TooMany(AdmitReason),
    /// 503: the service is unavailable.
    Unavailable(AdmitReason),
}

/// Why a request does not come in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum AdmitReason {
    /// The queue is too full.
    Utilisation,
    /// As many wait as the heap allows.
    Memory,
    /// As many are in flight as the adaptive limit allows.
    Concurrency,
    /// The throttle drew against it.
    Throttled,
    /// A rule of the caller's own.
    Custom,
}

impl AdmitReason {
    /// The reason as a word: `utilisation`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Utilisation => "utilisation",
            Self::Memory => "memory",
            Self::Concurrency => "concurrency",
            Self::Throttled => "throttled",
            Self::Custom => "custom",
        }
    }
}

/// What admission answers.
#[derive(Clone, Copy, Debug, PartialEq)]
#[must_use]
pub struct Admit {
    /// Whether the request comes in.
    pub verdict: AdmitVerdict,
    /// What the reply says of the load, whatever the verdict.
    pub headers: Headers,
    /// What the body of a 503 says.
    unavailable_retry_after: Span,
}

impl Admit {
    /// The status code of the reply: 202, 429 or 503. `offered` is the queue's answer, if it was asked.
    pub fn status<T>(&self, offered: Option<&Offered<T>>) -> u16 {
        match (self.verdict, offered) {
            (AdmitVerdict::Unavailable(_), _) => 503,
            (AdmitVerdict::TooMany(_), _) | (AdmitVerdict::Accept, Some(Offered::Rejected(_))) => 429,
            (
                AdmitVerdict::Accept,
                None | Some(Offered::Accepted(_) | Offered::AcceptedDisplacing { .. }),
            ) => 202,
        }
    }

    /// The `retryAfter` in the body of a reply with this status: none for 202.
    pub const fn body_retry_after(&self, status: u16) -> Option<Span> {
        match status {
            503 => Some(self.unavailable_retry_after),
            429 => Some(self.headers.retry_after),
            _ => None,
        }
    }
}

/// How a request that was let in ended, as far as limits that adapt want to know.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum AdmissionResult {
    /// The backend took it.
    Accepted,
    /// The backend refused it, or it timed out: there is too much.
    Limited,
}

/// An admission rule of the caller's own, asked after all others have accepted.
pub trait AdmissionRule: core::fmt::Debug + Send {
    /// Whether the request comes in; `draw` is uniform on `[0, 1)`.
    fn decide(&mut self, now: Time, view: &AdmissionView, draw: f64) -> AdmitVerdict;
    /// How one that came in ended, and how long it took.
    fn on_result(&mut self, now: Time, result: AdmissionResult, latency: Span);
}

/// An admission policy; see the [module](self).
#[derive(Debug)]
pub struct Admission {
    spec: AdmissionSpec,
    throttle: Option<Throttle>,
    limit: Option<AdaptiveLimit>,
    /// As far as is known without being told.
    in_flight: u32,
    custom: Option<Box<dyn AdmissionRule>>,
}

impl Admission {
    /// The same policy with a rule of the caller's own behind it.
    #[must_use]
    pub fn with_custom(mut self, rule: Box<dyn AdmissionRule>) -> Self {
        self.custom = Some(rule);
        self
    }

    /// Decides on one request. `draw`, uniform on `[0, 1)`, is used only by the throttle and custom rules.
    pub fn decide(&mut self, now: Time, view: &AdmissionView, draw: f64) -> Admit {
        let utilisation = headers::utilisation(view.depth, view.max_depth);
        let headers = Headers {
            queue_depth: view.depth,
            utilisation,
            retry_after: self.spec.retry_after.after(utilisation),
        };
        let verdict = self.verdict(now, view, utilisation, draw);
        Admit { verdict, headers, unavailable_retry_after: self.spec.unavailable_retry_after }
    }

    /// Takes in how a request that was let in ended. `latency` counts for limits that adapt to it. What was in flight is taken
    /// from the last decision, less those that have ended since; who knows it uses [`on_sample`](Self::on_sample).
    pub fn on_result(&mut self, now: Time, result: AdmissionResult, latency: Span) {
        let sample = Sample { in_flight: self.in_flight, latency, result };
        self.in_flight = self.in_flight.saturating_sub(1);
        self.on_sample(now, &sample);
    }

    /// As [`on_result`](Self::on_result), told how many were in flight when the request began.
    pub fn on_sample(&mut self, now: Time, sample: &Sample) {
        if let Some(throttle) = &mut self.throttle {
            throttle.on_result(now, sample.result);
        }
        if let Some(limit) = &mut self.limit {
            limit.on_sample(now, sample);
        }
        if let Some(custom) = &mut self.custom {
            custom.on_result(now, sample.result, sample.latency);
        }
    }

    /// How many may be in flight at present, if a limit adapts.
    pub fn concurrency_limit(&self) -> Option<u32> {
        self.limit.as_ref().map(AdaptiveLimit::allowed)
    }

    /// The probability with which the throttle turns a request away at present.
    pub fn throttle_probability(&mut self, now: Time) -> f64 {
        self.throttle.as_mut().map_or(0.0, |throttle| throttle.probability(now))
    }

    /// Whether one more may be in flight.
    fn has_slot(&mut self, in_flight: u32) -> bool {
        let has_slot = self.limit.as_ref().is_none_or(|limit| in_flight < limit.allowed());
        self.in_flight = if has_slot { in_flight.saturating_add(1) } else { in_flight };
        has_slot
    }

    fn verdict(&mut self, now: Time, view: &AdmissionView, utilisation: f64, draw: f64) -> AdmitVerdict {
        if self.spec.reject_above_utilisation.is_some_and(|most| utilisation > most) {
            return AdmitVerdict::Unavailable(AdmitReason::Utilisation);
        }
        if self.spec.memory_cap(view.heap_share).is_some_and(|cap| view.depth >= cap) {
            return AdmitVerdict::TooMany(AdmitReason::Memory);
        }
        if !self.has_slot(view.in_flight) {
            return AdmitVerdict::TooMany(AdmitReason::Concurrency);
        }
        if self.throttle.as_mut().is_some_and(|throttle| throttle.rejects(now, draw)) {
            return AdmitVerdict::TooMany(AdmitReason::Throttled);
        }
        match &mut self.custom {
            None => AdmitVerdict::Accept,
            Some(custom) => custom.decide(now, view, draw),
        }
    }
}

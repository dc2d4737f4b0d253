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
mod throttle;

pub use concurrency::{AimdSpec, ConcurrencyLimit, GradientSpec};
pub use headers::{Headers, RetryAfterLaw};
pub use throttle::ClientThrottle;

use concurrency::Limit;
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
            limit: self.concurrency.as_ref().map(Limit::new),
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
    limit: Option<Limit>,
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

    /// Takes in how a request that was let in ended. `latency` counts for limits that adapt to it.
    pub fn on_result(&mut self, now: Time, result: AdmissionResult, latency: Span) {
        if let Some(throttle) = &mut self.throttle {
            throttle.on_result(now, result);
        }
        if let Some(limit) = &mut self.limit {
            limit.on_result(now, result, latency);
        }
        if let Some(custom) = &mut self.custom {
            custom.on_result(now, result, latency);
        }
    }

    /// How many may be in flight at present, if a limit adapts.
    pub fn concurrency_limit(&self) -> Option<u32> {
        self.limit.as_ref().map(Limit::allowed)
    }

    /// The probability with which the throttle turns a request away at present.
    pub fn throttle_probability(&mut self, now: Time) -> f64 {
        self.throttle.as_mut().map_or(0.0, |throttle| throttle.probability(now))
    }

    fn verdict(&mut self, now: Time, view: &AdmissionView, utilisation: f64, draw: f64) -> AdmitVerdict {
        if self.spec.reject_above_utilisation.is_some_and(|most| utilisation > most) {
            return AdmitVerdict::Unavailable(AdmitReason::Utilisation);
        }
        if self.spec.memory_cap(view.heap_share).is_some_and(|cap| view.depth >= cap) {
            return AdmitVerdict::TooMany(AdmitReason::Memory);
        }
        if self.limit.as_mut().is_some_and(|limit| !limit.admits(view.in_flight)) {
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

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::queue::{Offer, Priority, QueueSpec};

    fn at(seconds: u64) -> Time {
        Time::START + Span::from_secs(seconds)
    }

    fn admission(spec: &AdmissionSpec) -> Admission {
        spec.build().expect("a valid policy")
    }

    fn depth(depth: u32) -> AdmissionView {
        AdmissionView { depth, max_depth: Some(1000), ..AdmissionView::default() }
    }

    #[test]
    fn only_above_the_share_is_the_service_unavailable() {
        let mut admission = admission(&AdmissionSpec::published_000());
        let mut status = |waiting| admission.decide(at(0), &depth(waiting), 0.0).status::<u32>(None);
        assert_eq!([status(0), status(950), status(951), status(2_000)], [202, 202, 503, 503]);
    }

    #[test]
    fn an_unavailable_service_asks_for_sixty_seconds_and_a_busy_one_for_what_its_load_says() {
        let mut admission = admission(&AdmissionSpec::published_000());
        let admit = admission.decide(at(0), &depth(500), 0.0);
        assert_eq!(admit.headers.retry_after, Span::from_secs(31), "1 s + half of 59 s, rounded up");
        assert_eq!(admit.body_retry_after(503), Some(Span::from_secs(60)));
        assert_eq!(admit.body_retry_after(429), Some(Span::from_secs(31)));
        assert_eq!(admit.body_retry_after(202), None);
    }

    #[test]
    fn the_queue_has_the_last_word() {
        let mut queue =
            QueueSpec { max_depth: Some(1), ..QueueSpec::default() }.build(1).expect("a valid queue");
        let admit = admission(&AdmissionSpec::default()).decide(at(0), &depth(0), 0.0);
        let statuses =
            [1_u32, 2].map(|task| admit.status(Some(&queue.offer(at(0), task, Offer::new(Priority::High)))));
        assert_eq!(statuses, [202, 429]);
    }

    #[test]
    fn less_may_wait_the_fuller_the_heap() {
        let spec = AdmissionSpec::published_003();
        let caps = [0.0, 0.299, 0.3, 0.499, 0.5, 0.7, 0.99].map(|heap| spec.memory_cap(heap));
        assert_eq!(caps, [None, None, Some(1000), Some(1000), Some(500), Some(100), Some(100)]);
        let mut admission = admission(&spec);
        let mut verdict = |waiting, heap_share| {
            admission.decide(at(0), &AdmissionView { heap_share, ..depth(waiting) }, 0.0).verdict
        };
        assert_eq!(verdict(499, 0.5), AdmitVerdict::Accept);
        assert_eq!(verdict(500, 0.5), AdmitVerdict::TooMany(AdmitReason::Memory));
        assert_eq!(verdict(951, 0.5), AdmitVerdict::Unavailable(AdmitReason::Utilisation), "named first");
    }

    #[test]
    fn utilisation_is_written_as_javascript_writes_it() {
        let text =
            |utilisation| Headers { queue_depth: 0, utilisation, retry_after: Span::ZERO }.utilisation_text();
        for (utilisation, expected) in [
            (0.0, "0.0%"),
            (0.951, "95.1%"),
            (1.0 / 3.0, "33.3%"),
            (0.0025, "0.3%"),
            (0.0075, "0.8%"),
            (0.1225, "12.3%"),
            (0.1275, "12.8%"),
            (0.00349, "0.3%"),
            (1.2, "120.0%"),
            // As floats both products lie a little below the tie that they seem to be.
            (0.0055, "0.5%"),
            (1.0005, "100.0%"),
        ] {
            assert_eq!(text(utilisation), expected, "{utilisation}");
        }
    }

    #[test]
    fn retry_after_follows_its_law_in_whole_seconds() {
        let (at_empty, at_full) = (Span::from_secs(1), Span::from_secs(64));
        let exponential = RetryAfterLaw::Exponential { at_empty, at_full };
        let linear = RetryAfterLaw::Linear { at_empty, at_full };
        let fixed = RetryAfterLaw::Fixed(Span::from_millis(4_001));
        for (law, utilisation, seconds) in [
            (exponential, 0.0, 1),
            (exponential, 0.5, 8),
            (exponential, 1.0, 64),
            (linear, 0.0, 1),
            (linear, 1.0 / 3.0, 22),
            (linear, 0.34, 23),
            (linear, 7.0, 64),
            (linear, f64::NAN, 1),
            (fixed, 0.9, 5),
        ] {
            assert_eq!(law.after(utilisation), Span::from_secs(seconds), "{law:?} at {utilisation}");
        }
    }

    fn throttled() -> Admission {
        admission(&AdmissionSpec { throttle: Some(ClientThrottle::default()), ..AdmissionSpec::default() })
    }

    #[test]
    fn the_throttle_follows_its_formula_and_forgets_after_its_window() {
        let mut admission = throttled();
        for request in 0..30 {
            let _ = admission.decide(at(0), &depth(0), 1.0);
            if request < 5 {
                admission.on_result(at(0), AdmissionResult::Accepted, Span::ZERO);
            } else {
                admission.on_result(at(0), AdmissionResult::Limited, Span::ZERO);
            }
        }
        let probability = (30.0 - 2.0 * 5.0) / 31.0;
        assert!((admission.throttle_probability(at(119)) - probability).abs() < 1e-12);
        let below = admission.decide(at(119), &depth(0), probability - 1e-9).verdict;
        assert_eq!(below, AdmitVerdict::TooMany(AdmitReason::Throttled));
        // What was asked at 0 s has left the window at 120 s; the request just turned away counts until later.
        assert!((admission.throttle_probability(at(120)) - 0.5).abs() < 1e-12);
        assert!(admission.throttle_probability(at(240)).abs() < 1e-12);
    }

    #[test]
    fn a_throttle_lets_all_in_while_at_least_half_is_accepted() {
        let mut admission = throttled();
        for second in 0..1_000 {
            assert_eq!(admission.decide(at(second), &depth(0), 0.01).verdict, AdmitVerdict::Accept);
            if second % 2 == 0 {
                admission.on_result(at(second), AdmissionResult::Accepted, Span::ZERO);
            }
        }
    }

    fn adaptive(limit: ConcurrencyLimit) -> Admission {
        admission(&AdmissionSpec { concurrency: Some(limit), ..AdmissionSpec::default() })
    }

    /// A request with so many in flight before it, and its result.
    fn round(admission: &mut Admission, now: Time, in_flight: u32, result: AdmissionResult, latency: Span) {
        let _ = admission.decide(now, &AdmissionView { in_flight, ..depth(0) }, 0.0);
        admission.on_result(now, result, latency);
    }

    #[test]
    fn as_many_as_the_limit_are_in_flight_and_no_more() {
        let mut admission = adaptive(ConcurrencyLimit::Aimd(AimdSpec { initial: 3, ..AimdSpec::default() }));
        let mut verdict =
            |in_flight| admission.decide(at(0), &AdmissionView { in_flight, ..depth(0) }, 0.0).verdict;
        assert_eq!(verdict(2), AdmitVerdict::Accept);
        assert_eq!(verdict(3), AdmitVerdict::TooMany(AdmitReason::Concurrency));
    }

    #[test]
    fn aimd_grows_by_one_a_round_and_shrinks_once_a_wave() {
        let mut admission = adaptive(ConcurrencyLimit::Aimd(AimdSpec { initial: 10, ..AimdSpec::default() }));
        for _ in 0..10 {
            round(&mut admission, at(0), 9, AdmissionResult::Accepted, Span::ZERO);
        }
        // Ten results at about a tenth each fall just short of one.
        assert_eq!(admission.concurrency_limit(), Some(10));
        round(&mut admission, at(0), 9, AdmissionResult::Accepted, Span::ZERO);
        assert_eq!(admission.concurrency_limit(), Some(11));
        for _ in 0..5 {
            round(&mut admission, at(1), 9, AdmissionResult::Limited, Span::ZERO);
        }
        assert_eq!(admission.concurrency_limit(), Some(9), "nine tenths of eleven, once");
        round(&mut admission, at(2), 9, AdmissionResult::Limited, Span::ZERO);
        assert_eq!(admission.concurrency_limit(), Some(8));
    }

    #[test]
    fn aimd_does_not_grow_while_it_is_not_used_and_counts_late_as_bad() {
        let latency_above = Some(Span::from_secs(2));
        let spec = AimdSpec { initial: 10, latency_above, ..AimdSpec::default() };
        let mut admission = adaptive(ConcurrencyLimit::Aimd(spec));
        for _ in 0..1_000 {
            round(&mut admission, at(0), 3, AdmissionResult::Accepted, Span::from_secs(2));
        }
        assert_eq!(admission.concurrency_limit(), Some(10));
        round(&mut admission, at(0), 9, AdmissionResult::Accepted, Span::from_secs(2) + Span::from_nanos(1));
        assert_eq!(admission.concurrency_limit(), Some(9));
    }

    #[test]
    fn the_gradient_limit_grows_at_steady_latency_and_shrinks_when_it_rises() {
        let mut admission = adaptive(ConcurrencyLimit::Gradient(GradientSpec::default()));
        for _ in 0..500 {
            round(&mut admission, at(0), 199, AdmissionResult::Accepted, Span::from_millis(100));
            let limit = admission.concurrency_limit().expect("it adapts");
            round(&mut admission, at(0), limit - 1, AdmissionResult::Accepted, Span::from_millis(100));
        }
        assert_eq!(admission.concurrency_limit(), Some(200));
        for _ in 0..20 {
            let limit = admission.concurrency_limit().expect("it adapts");
            round(&mut admission, at(0), limit - 1, AdmissionResult::Accepted, Span::from_millis(1_000));
        }
        let limit = admission.concurrency_limit().expect("it adapts");
        assert!((10..100).contains(&limit), "{limit}");
    }

    #[test]
    fn a_rule_of_the_callers_own_has_its_say() {
        #[derive(Debug)]
        struct Odd;
        impl AdmissionRule for Odd {
            fn decide(&mut self, _: Time, view: &AdmissionView, _: f64) -> AdmitVerdict {
                if view.depth % 2 == 1 {
                    AdmitVerdict::TooMany(AdmitReason::Custom)
                } else {
                    AdmitVerdict::Accept
                }
            }
            fn on_result(&mut self, _: Time, _: AdmissionResult, _: Span) {}
        }
        let mut admission = admission(&AdmissionSpec::published_000()).with_custom(Box::new(Odd));
        let mut status = |waiting| admission.decide(at(0), &depth(waiting), 0.0).status::<u32>(None);
        assert_eq!([status(2), status(3), status(999)], [202, 429, 503]);
    }

    #[test]
    fn impossible_specifications_name_the_field() {
        let check = |change: fn(&mut AdmissionSpec), field: &str| {
            let mut spec = AdmissionSpec::default();
            change(&mut spec);
            assert_eq!(spec.validate().map_err(|error| error.field), Err(field.into()));
        };
        check(|spec| spec.reject_above_utilisation = Some(f64::NAN), "reject_above_utilisation");
        check(
            |spec| spec.memory_caps = alloc::vec![MemoryCap { heap_share_from: 2.0, max_depth: 1 }],
            "memory_caps.0.heap_share_from",
        );
        check(
            |spec| {
                spec.memory_caps = AdmissionSpec::published_003().memory_caps;
                spec.memory_caps.reverse();
            },
            "memory_caps.1",
        );
        check(
            |spec| {
                spec.retry_after =
                    RetryAfterLaw::Linear { at_empty: Span::from_secs(2), at_full: Span::from_secs(1) };
            },
            "retry_after.linear.at_full",
        );
        check(
            |spec| {
                spec.retry_after =
                    RetryAfterLaw::Exponential { at_empty: Span::ZERO, at_full: Span::from_secs(1) };
            },
            "retry_after.exponential.at_empty",
        );
        check(
            |spec| spec.throttle = Some(ClientThrottle { k: 0.5, ..ClientThrottle::default() }),
            "throttle.k",
        );
        check(
            |spec| {
                spec.throttle =
                    Some(ClientThrottle { window: Span::from_nanos(11), ..ClientThrottle::default() });
            },
            "throttle.window",
        );
        check(
            |spec| {
                spec.concurrency = Some(ConcurrencyLimit::Aimd(AimdSpec { min: 0, ..AimdSpec::default() }))
            },
            "concurrency.aimd.min",
        );
        check(
            |spec| {
                let limit = GradientSpec { smoothing: 0.0, ..GradientSpec::default() };
                spec.concurrency = Some(ConcurrencyLimit::Gradient(limit));
            },
            "concurrency.gradient.smoothing",
        );
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 128, failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn limits_stay_within_bounds_and_verdicts_follow_them(
            steps in proptest::collection::vec(
                (0_u64..40, 0_u32..1_200, 0.0..1.0, 0_u32..300, 0.0..1.0, any::<bool>(), 1_u64..5_000),
                1..120,
            )
        ) {
            for (name, spec) in AdmissionSpec::examples() {
                let mut admission = admission(&spec);
                let mut now = Time::START;
                for &(gap, waiting, heap_share, in_flight, draw, good, latency_ms) in &steps {
                    now += Span::from_secs(gap);
                    let view = AdmissionView { heap_share, in_flight, ..depth(waiting) };
                    let limit = admission.concurrency_limit();
                    let probability = admission.throttle_probability(now);
                    prop_assert!((0.0..1.0).contains(&probability), "{}: {}", name, probability);
                    let admit = admission.decide(now, &view, draw);
                    let expected = if spec.reject_above_utilisation.is_some() && waiting > 950 {
                        AdmitVerdict::Unavailable(AdmitReason::Utilisation)
                    } else if spec.memory_cap(heap_share).is_some_and(|cap| waiting >= cap) {
                        AdmitVerdict::TooMany(AdmitReason::Memory)
                    } else if limit.is_some_and(|limit| in_flight >= limit) {
                        AdmitVerdict::TooMany(AdmitReason::Concurrency)
                    } else if draw < probability {
                        AdmitVerdict::TooMany(AdmitReason::Throttled)
                    } else {
                        AdmitVerdict::Accept
                    };
                    prop_assert_eq!(admit.verdict, expected, "{}", name);
                    let wait = admit.headers.retry_after;
                    prop_assert!(wait >= Span::from_secs(1) && wait <= Span::from_secs(60));
                    let result = if good { AdmissionResult::Accepted } else { AdmissionResult::Limited };
                    admission.on_result(now, result, Span::from_millis(latency_ms));
                    let bounds = match &spec.concurrency {
                        None => continue,
                        Some(ConcurrencyLimit::Aimd(spec)) => spec.min..=spec.max,
                        Some(ConcurrencyLimit::Gradient(spec)) => spec.min..=spec.max,
                    };
                    let limit = admission.concurrency_limit().expect("it adapts");
                    prop_assert!(bounds.contains(&limit), "{}: {}", name, limit);
                }
            }
        }
    }
}

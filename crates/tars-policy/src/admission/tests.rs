//! Admission, edge by edge.

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
    let mut queue = QueueSpec { max_depth: Some(1), ..QueueSpec::default() }.build(1).expect("a valid queue");
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
    let mut admission = adaptive(ConcurrencyLimit::Aimd(AimdSpec { initial: 3, ..AimdSpec::per_round() }));
    let mut verdict =
        |in_flight| admission.decide(at(0), &AdmissionView { in_flight, ..depth(0) }, 0.0).verdict;
    assert_eq!(verdict(2), AdmitVerdict::Accept);
    assert_eq!(verdict(3), AdmitVerdict::TooMany(AdmitReason::Concurrency));
}

#[test]
fn aimd_grows_by_one_a_round_and_shrinks_once_a_wave() {
    let mut admission = adaptive(ConcurrencyLimit::Aimd(AimdSpec { initial: 10, ..AimdSpec::per_round() }));
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
    let spec = AimdSpec { initial: 10, latency_above, ..AimdSpec::per_round() };
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
    assert!((20..100).contains(&limit), "{limit}");
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
    check(|spec| spec.throttle = Some(ClientThrottle { k: 0.5, ..ClientThrottle::default() }), "throttle.k");
    check(
        |spec| {
            spec.throttle =
                Some(ClientThrottle { window: Span::from_nanos(11), ..ClientThrottle::default() });
        },
        "throttle.window",
    );
    check(
        |spec| {
            spec.concurrency = Some(ConcurrencyLimit::Aimd(AimdSpec { min: 0, ..AimdSpec::default() }));
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

/// The limit after so many results of one kind, each with `in_flight` before it.
fn after(
    admission: &mut Admission,
    results: u32,
    in_flight: u32,
    result: AdmissionResult,
    latency: Span,
) -> u32 {
    for _ in 0..results {
        round(admission, at(0), in_flight, result, latency);
    }
    admission.concurrency_limit().expect("it adapts")
}

#[test]
fn a_refusal_takes_the_gradient_limit_a_fifth_of_the_way_to_half() {
    let spec = GradientSpec { initial: 100, refusal: RefusalRule::Halve, ..GradientSpec::default() };
    let mut admission = adaptive(ConcurrencyLimit::Gradient(spec));
    assert_eq!(after(&mut admission, 1, 99, AdmissionResult::Limited, Span::from_secs(1)), 90);
}

#[test]
fn the_gradient_limit_rests_while_it_is_not_used() {
    let mut admission = adaptive(ConcurrencyLimit::Gradient(GradientSpec::default()));
    assert_eq!(after(&mut admission, 100, 8, AdmissionResult::Accepted, Span::from_secs(1)), 20);
    assert!(after(&mut admission, 100, 199, AdmissionResult::Accepted, Span::from_secs(1)) >= 20);
}

#[test]
fn after_an_overload_the_long_term_latency_comes_down_fast() {
    let mut admission =
        adaptive(ConcurrencyLimit::Gradient(GradientSpec { min: 10, ..GradientSpec::default() }));
    let _ = after(&mut admission, 10, 0, AdmissionResult::Accepted, Span::from_secs(10));
    // Sixty results of 1 s bring the mean of 10 s below 2 s; by the window of 600 alone it would still be above 8 s.
    let _ = after(&mut admission, 60, 0, AdmissionResult::Accepted, Span::from_secs(1));
    let limit = admission.concurrency_limit().expect("it adapts");
    assert!(after(&mut admission, 1, limit - 1, AdmissionResult::Accepted, Span::from_secs(6)) < limit);
}

use super::*;
use alloc::vec;
use proptest::prelude::*;

fn at(nanos: u64) -> Time {
    Time::from_nanos(nanos)
}

fn seconds(seconds: u64) -> Time {
    Time::START + Span::from_secs(seconds)
}

fn one_bucket(counts: Counted, algorithm: Algorithm) -> Limiter {
    LimiterSpec { buckets: vec![BucketSpec { counts, algorithm }] }.build().unwrap()
}

fn tokens(count: u64, per: Span, burst: u64, initial_level: f64) -> Limiter {
    let rate = Rate::new(count, per).unwrap();
    one_bucket(Counted::Requests, Algorithm::TokenBucket { rate, burst, initial_level })
}

#[track_caller]
fn granted(limiter: &mut Limiter, now: Time, cost: Cost) -> Grant {
    match limiter.try_acquire(now, &cost) {
        Acquire::Granted(grant) => grant,
        other @ (Acquire::Wait { .. } | Acquire::Never { .. }) => panic!("not granted: {other:?}"),
    }
}

#[track_caller]
fn waits(limiter: &mut Limiter, now: Time, cost: Cost, until: Time) {
    assert_eq!(limiter.try_acquire(now, &cost), Acquire::Wait { until, bucket: 0 });
}

#[test]
fn a_wait_ends_on_the_first_nanosecond_that_suffices() {
    // 3 a second: the tokens come at 333,333,333.3 ns, so the first is whole at 333,333,334 ns.
    let mut limiter = tokens(3, Span::from_secs(1), 1, 0.0);
    waits(&mut limiter, Time::START, Cost::requests(1), at(333_333_334));
    waits(&mut limiter, at(333_333_333), Cost::requests(1), at(333_333_334));
    granted(&mut limiter, at(333_333_334), Cost::requests(1));
}

#[test]
fn no_refill_is_ever_rounded_away() {
    // Looking every nanosecond gives the same as looking once: 7 in 11 ns.
    let rate = Rate::new(7, Span::from_nanos(11)).unwrap();
    let spec = Algorithm::TokenBucket { rate, burst: 1_000, initial_level: 0.0 };
    let mut often = one_bucket(Counted::Requests, spec.clone());
    for nano in 0..1_100 {
        let _ = often.try_acquire(at(nano), &Cost::requests(1_000));
    }
    let once = one_bucket(Counted::Requests, spec);
    assert!((often.level(at(1_100), 0) - 700.0).abs() < 1e-12);
    assert!((once.level(at(1_100), 0) - 700.0).abs() < 1e-12);
}

#[test]
fn a_bucket_starts_full_and_holds_no_more_than_its_burst() {
    let mut limiter = tokens(1, Span::from_secs(1), 5, 1.0);
    granted(&mut limiter, seconds(1_000), Cost::requests(5));
    waits(&mut limiter, seconds(1_000), Cost::requests(2), seconds(1_002));
}

#[test]
fn an_initial_level_in_decimals_is_exact() {
    let mut limiter = tokens(1, Span::from_secs(1), 10, 0.3);
    granted(&mut limiter, Time::START, Cost::requests(3));
    waits(&mut limiter, Time::START, Cost::requests(1), seconds(1));
}

#[test]
fn a_call_larger_than_the_burst_never_fits_and_does_not_wait() {
    let mut limiter = tokens(1, Span::from_secs(1), 5, 1.0);
    assert_eq!(limiter.try_acquire(seconds(9), &Cost::requests(6)), Acquire::Never { bucket: 0 });
    granted(&mut limiter, seconds(9), Cost::requests(5));
}

#[test]
fn a_call_takes_from_all_buckets_or_from_none() {
    let mut limiter = LimiterSpec::per_minute(60, 6_000, 600).build().unwrap();
    granted(&mut limiter, Time::START, Cost::call(10, 600));
    let refused = limiter.try_acquire(Time::START, &Cost::call(10, 5));
    assert_eq!(refused, Acquire::Wait { until: at(500_000_000), bucket: 2 });
    assert!((limiter.level(Time::START, 0) - 59.0).abs() < 1e-9, "the refused call took a request");
    assert!((limiter.level(Time::START, 1) - 5_990.0).abs() < 1e-9, "the refused call took input tokens");
    let never = limiter.try_acquire(Time::START, &Cost::call(6_001, 5));
    assert_eq!(never, Acquire::Never { bucket: 1 });
}

#[test]
fn the_slowest_bucket_sets_the_wait() {
    let mut limiter = LimiterSpec::per_minute(60, 6_000, 600).build().unwrap();
    granted(&mut limiter, Time::START, Cost { requests: 60, input_tokens: 6_000, output_tokens: 600 });
    // A request comes back in 1 s, 300 input tokens in 3 s, 10 output tokens in 1 s.
    let wait = limiter.try_acquire(Time::START, &Cost::call(300, 10));
    assert_eq!(wait, Acquire::Wait { until: seconds(3), bucket: 1 });
}

#[test]
fn unused_tokens_come_back_when_a_call_is_settled() {
    let mut limiter = LimiterSpec::per_minute(60, 6_000, 600).build().unwrap();
    let grant = granted(&mut limiter, Time::START, Cost::call(100, 500));
    limiter.settle(Time::START, grant, &Cost::call(100, 120));
    assert!((limiter.level(Time::START, 2) - 480.0).abs() < 1e-9);
    assert!((limiter.level(Time::START, 0) - 59.0).abs() < 1e-9);
}

#[test]
fn a_cancelled_call_leaves_no_trace() {
    let mut limiter = LimiterSpec::per_minute(60, 6_000, 600).build().unwrap();
    let grant = granted(&mut limiter, Time::START, Cost::call(100, 500));
    limiter.cancel(Time::START, grant);
    for (bucket, level) in [60.0, 6_000.0, 600.0].into_iter().enumerate() {
        assert!((limiter.level(Time::START, bucket) - level).abs() < 1e-9);
    }
}

#[test]
fn a_refund_never_fills_a_bucket_above_its_burst() {
    let mut limiter = tokens(1, Span::from_secs(1), 5, 1.0);
    let grant = granted(&mut limiter, Time::START, Cost::requests(5));
    limiter.cancel(seconds(100), grant);
    assert!((limiter.level(seconds(100), 0) - 5.0).abs() < 1e-12);
}

#[test]
fn using_more_than_reserved_puts_a_bucket_in_debt() {
    let mut limiter = tokens(1, Span::from_secs(1), 5, 1.0);
    let grant = granted(&mut limiter, Time::START, Cost::requests(5));
    limiter.settle(Time::START, grant, &Cost::requests(8));
    assert!((limiter.level(Time::START, 0) + 3.0).abs() < 1e-12);
    waits(&mut limiter, Time::START, Cost::requests(1), seconds(4));
}

#[test]
fn a_bucket_in_debt_does_not_stop_calls_it_does_not_count() {
    let mut limiter = LimiterSpec::per_minute(60, 6_000, 600).build().unwrap();
    let grant = granted(&mut limiter, Time::START, Cost::call(0, 600));
    limiter.settle(Time::START, grant, &Cost::call(0, 900));
    granted(&mut limiter, Time::START, Cost::call(50, 0));
}

#[test]
fn time_that_steps_back_earns_nothing_and_breaks_nothing() {
    let mut limiter = tokens(1, Span::from_secs(1), 1, 1.0);
    granted(&mut limiter, seconds(10), Cost::requests(1));
    waits(&mut limiter, seconds(5), Cost::requests(1), seconds(11));
}

#[test]
fn a_window_opens_at_its_boundary() {
    let mut limiter =
        one_bucket(Counted::Requests, Algorithm::FixedWindow { limit: 2, window: Span::from_secs(60) });
    granted(&mut limiter, seconds(59), Cost::requests(2));
    waits(&mut limiter, seconds(59), Cost::requests(1), seconds(60));
    waits(&mut limiter, at(59_999_999_999), Cost::requests(1), seconds(60));
    granted(&mut limiter, seconds(60), Cost::requests(2));
    assert_eq!(limiter.try_acquire(seconds(60), &Cost::requests(3)), Acquire::Never { bucket: 0 });
}

#[test]
fn a_refund_for_a_window_that_is_over_changes_nothing() {
    let mut limiter =
        one_bucket(Counted::Requests, Algorithm::FixedWindow { limit: 2, window: Span::from_secs(60) });
    let old = granted(&mut limiter, seconds(1), Cost::requests(2));
    let young = granted(&mut limiter, seconds(61), Cost::requests(2));
    limiter.cancel(seconds(62), old);
    waits(&mut limiter, seconds(62), Cost::requests(1), seconds(120));
    limiter.cancel(seconds(62), young);
    granted(&mut limiter, seconds(62), Cost::requests(2));
}

#[test]
fn a_sliding_log_forgets_a_call_exactly_one_window_later() {
    let mut limiter =
        one_bucket(Counted::Requests, Algorithm::SlidingLog { limit: 3, window: Span::from_secs(60) });
    granted(&mut limiter, seconds(10), Cost::requests(1));
    granted(&mut limiter, seconds(20), Cost::requests(2));
    waits(&mut limiter, seconds(30), Cost::requests(1), seconds(70));
    waits(&mut limiter, seconds(30), Cost::requests(2), seconds(80));
    waits(&mut limiter, at(69_999_999_999), Cost::requests(1), seconds(70));
    granted(&mut limiter, seconds(70), Cost::requests(1));
}

#[test]
fn a_sliding_log_corrects_the_call_that_is_settled() {
    let mut limiter =
        one_bucket(Counted::OutputTokens, Algorithm::SlidingLog { limit: 100, window: Span::from_secs(60) });
    let first = granted(&mut limiter, seconds(0), Cost::call(0, 60));
    let second = granted(&mut limiter, seconds(1), Cost::call(0, 40));
    limiter.settle(seconds(2), first, &Cost::call(0, 10));
    assert!((limiter.level(seconds(2), 0) - 50.0).abs() < 1e-12);
    limiter.settle(seconds(2), second, &Cost::call(0, 90));
    assert!(limiter.level(seconds(2), 0).abs() < 1e-12);
    waits(&mut limiter, seconds(2), Cost::call(0, 20), seconds(61));
}

#[test]
fn a_quota_cut_keeps_what_was_earned_and_slows_what_comes() {
    let mut limiter = tokens(1, Span::from_secs(1), 10, 0.0);
    limiter.set_rate(seconds(3), 0, Rate::new(1, Span::from_secs(10)).unwrap()).unwrap();
    granted(&mut limiter, seconds(3), Cost::requests(3));
    waits(&mut limiter, seconds(3), Cost::requests(1), seconds(13));
    limiter.set_burst(seconds(50), 0, 2);
    assert!((limiter.level(seconds(50), 0) - 2.0).abs() < 1e-12);
}

#[test]
fn the_published_hourly_quota_hides_for_224_seconds() {
    // 10,000 an hour carries 47.5 a second for 10,000 / (47.5 − 2.78) s.
    let limiter = LimiterSpec::published_001_hourly().build().unwrap();
    let hidden = limiter.seconds_to_exhaustion(0, 47.5).unwrap();
    assert!((hidden - 223.6).abs() < 0.05, "{hidden}");
    assert!((limiter.sustained_per_s(0) - 2.777_778).abs() < 1e-6);
    assert_eq!(limiter.seconds_to_exhaustion(0, 2.7), None);
    let mut empty = limiter;
    empty.set_initial_level(0.0);
    assert_eq!(empty.seconds_to_exhaustion(0, 47.5), Some(0.0));
}

#[test]
fn the_largest_amounts_are_kept_exactly() {
    let rate = Rate::new(1, Span::from_nanos((1 << 62) - 1)).unwrap();
    let spec = Algorithm::TokenBucket { rate, burst: u64::MAX, initial_level: 1.0 };
    let mut limiter = one_bucket(Counted::InputTokens, spec);
    let grant = granted(&mut limiter, Time::START, Cost::call(u64::MAX, 0));
    assert_eq!(limiter.level(Time::START, 0).to_bits(), 0.0_f64.to_bits());
    limiter.settle(Time::NEVER, grant, &Cost::call(u64::MAX, 0));
    assert!(matches!(limiter.try_acquire(Time::NEVER, &Cost::call(1_000, 0)), Acquire::Wait { .. }));
}

#[test]
fn impossible_limits_are_named() {
    let window = Span::from_secs(1);
    let rate = Rate::new(1, window).unwrap();
    for (algorithm, field) in [
        (
            Algorithm::TokenBucket { rate, burst: 0, initial_level: 1.0 },
            "buckets.0.algorithm.token_bucket.burst",
        ),
        (
            Algorithm::TokenBucket { rate, burst: 1, initial_level: 1.5 },
            "buckets.0.algorithm.token_bucket.initial_level",
        ),
        (
            Algorithm::TokenBucket { rate, burst: 1, initial_level: f64::NAN },
            "buckets.0.algorithm.token_bucket.initial_level",
        ),
        (Algorithm::FixedWindow { limit: 0, window }, "buckets.0.algorithm.fixed_window.limit"),
        (Algorithm::FixedWindow { limit: 1, window: Span::ZERO }, "buckets.0.algorithm.fixed_window.window"),
        (Algorithm::SlidingLog { limit: 1, window: Span::ZERO }, "buckets.0.algorithm.sliding_log.window"),
    ] {
        let spec = LimiterSpec { buckets: vec![BucketSpec { counts: Counted::Requests, algorithm }] };
        assert_eq!(spec.validate().unwrap_err().field, field);
    }
}

/// Calls with gaps, costs and settlements.
fn calls() -> impl Strategy<Value = Vec<(u64, u64, u64, u64)>> {
    prop::collection::vec((0..20_000_000_000_u64, 0..4_000_u64, 0..1_500_u64, 0..2_500_u64), 1..80)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 128, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_named_wait_is_the_first_moment_that_suffices(which in 0..LimiterSpec::examples().len(), calls in calls()) {
        let (_, spec) = LimiterSpec::examples().swap_remove(which);
        let mut limiter = spec.build().unwrap();
        let mut now = Time::START;
        for (gap, input, reserved, used) in calls {
            now += Span::from_nanos(gap);
            let cost = Cost::call(input, reserved);
            match limiter.try_acquire(now, &cost) {
                Acquire::Granted(grant) => limiter.settle(now, grant, &Cost::call(input, used)),
                Acquire::Wait { until, .. } => {
                    prop_assert!(until > now);
                    let just_before = until.as_nanos() - 1;
                    let early = limiter.clone().try_acquire(at(just_before), &cost);
                    prop_assert!(matches!(early, Acquire::Wait { .. }), "{:?}", early);
                    let due = limiter.clone().try_acquire(until, &cost);
                    prop_assert!(matches!(due, Acquire::Granted(_)), "{:?}", due);
                }
                Acquire::Never { bucket } => {
                    let mut fresh = spec.build().unwrap();
                    prop_assert_eq!(fresh.try_acquire(Time::START, &cost), Acquire::Never { bucket });
                }
            }
        }
    }

    #[test]
    fn no_stretch_of_time_admits_more_than_burst_and_rate_give(
        count in 1..50_u64, per in 1..2_000_000_u64, burst in 1..40_u64,
        gaps in prop::collection::vec((0..3_000_000_u64, 1..10_u64), 1..120),
    ) {
        let mut limiter = tokens(count, Span::from_nanos(per), burst, 1.0);
        let mut admitted: Vec<(u64, u64)> = Vec::new();
        let mut now = 0_u64;
        for (gap, amount) in gaps {
            now += gap;
            if let Acquire::Granted(_) = limiter.try_acquire(at(now), &Cost::requests(amount)) {
                admitted.push((now, amount));
            }
        }
        for first in 0..admitted.len() {
            let mut sum = 0_u128;
            for &(when, amount) in &admitted[first..] {
                sum += u128::from(amount);
                let elapsed = u128::from(when - admitted[first].0);
                let most = u128::from(burst) * u128::from(per) + elapsed * u128::from(count);
                prop_assert!(sum * u128::from(per) <= most);
            }
        }
    }

    #[test]
    fn a_log_never_holds_more_than_its_limit_in_any_window(
        gaps in prop::collection::vec((0..3_000_u64, 1..6_u64), 1..150),
    ) {
        let window = 10_000;
        let spec = Algorithm::SlidingLog { limit: 9, window: Span::from_nanos(window) };
        let mut limiter = one_bucket(Counted::Requests, spec);
        let mut admitted: Vec<(u64, u64)> = Vec::new();
        let mut now = 0_u64;
        for (gap, amount) in gaps {
            now += gap;
            if let Acquire::Granted(_) = limiter.try_acquire(at(now), &Cost::requests(amount)) {
                admitted.push((now, amount));
            }
            let recent = admitted.iter().filter(|(when, _)| now - when < window).map(|(_, amount)| amount);
            prop_assert!(recent.sum::<u64>() <= 9);
        }
    }
}

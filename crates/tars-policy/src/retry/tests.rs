use super::*;
use alloc::vec::Vec;
use proptest::prelude::*;

const NOW: Time = Time::from_nanos(1_000_000_000_000);

#[track_caller]
fn waits_ms(spec: &RetrySpec, expected: &[u64]) {
    let mut retry = spec.build().unwrap();
    let mut waits = Vec::new();
    for attempt in 1.. {
        match retry.on_failure(NOW, &Failure::of_attempt(attempt), 0.5) {
            RetryVerdict::RetryAt { at, .. } => waits.push((at - NOW).as_nanos() / 1_000_000),
            RetryVerdict::GiveUp { reason, .. } => {
                assert_eq!(reason, GiveUpReason::AttemptsExhausted);
                break;
            }
        }
    }
    assert_eq!(waits, expected);
}

fn with_jitter(jitter: Jitter) -> RetrySpec {
    let backoff = Backoff::Exponential { base: Span::from_secs(1), factor: 2.0, cap: Span::from_secs(10) };
    RetrySpec { attempts: 9, backoff, jitter, budget: None, ..RetrySpec::default() }
}

#[track_caller]
fn wait(spec: &RetrySpec, failure: &Failure, draw: f64) -> Span {
    match spec.build().unwrap().on_failure(NOW, failure, draw) {
        RetryVerdict::RetryAt { at, .. } => at - NOW,
        verdict @ RetryVerdict::GiveUp { .. } => panic!("{verdict:?}"),
    }
}

#[test]
fn the_published_policies_wait_as_printed() {
    waits_ms(&RetrySpec::published_000(), &[2_000, 4_000]);
    waits_ms(&RetrySpec::published_004_llm(), &[1_000, 2_000, 4_000]);
    waits_ms(&RetrySpec::published_004_tool(), &[500, 1_000]);
    waits_ms(&RetrySpec::published_004_checkpoint(), &[100, 200, 400, 800, 1_600]);
    waits_ms(&RetrySpec::published_004_memory(), &[100, 100]);
    waits_ms(&RetrySpec::published_004_database(), &[500, 1_000, 2_000]);
    waits_ms(&RetrySpec::never(), &[]);
}

#[test]
fn the_five_minute_cap_is_reached_at_the_thirteenth_failure() {
    let backoff = RetrySpec::published_003().backoff;
    assert_eq!(backoff.wait(12), Span::from_millis(204_800));
    assert_eq!(backoff.wait(13), Span::from_secs(300));
    assert_eq!(backoff.wait(u32::MAX), Span::from_secs(300));
}

#[test]
fn jitter_spreads_as_it_is_named() {
    let third = Failure { last_wait: Span::from_secs(2), ..Failure::of_attempt(3) };
    for (jitter, draw, expected_ms) in [
        (Jitter::None, 0.75, 4_000),
        (Jitter::Full, 0.75, 3_000),
        (Jitter::Full, 0.0, 0),
        (Jitter::Equal, 0.0, 2_000),
        (Jitter::Equal, 0.75, 3_500),
        // 1 s + u × (3 × 2 s − 1 s)
        (Jitter::Decorrelated, 0.0, 1_000),
        (Jitter::Decorrelated, 0.5, 3_500),
    ] {
        assert_eq!(
            wait(&with_jitter(jitter), &third, draw),
            Span::from_millis(expected_ms),
            "{jitter:?} {draw}"
        );
    }
}

#[test]
fn the_first_decorrelated_wait_is_one_to_three_times_the_base() {
    let spec = with_jitter(Jitter::Decorrelated);
    assert_eq!(wait(&spec, &Failure::of_attempt(1), 0.0), Span::from_secs(1));
    assert_eq!(wait(&spec, &Failure::of_attempt(1), 0.5), Span::from_secs(2));
}

#[test]
fn the_servers_retry_after_wins() {
    let failure = Failure { retry_after: Some(Span::from_secs(60)), ..Failure::of_attempt(1) };
    let mut retry = with_jitter(Jitter::Full).build().unwrap();
    let verdict = retry.on_failure(NOW, &failure, 0.9);
    assert_eq!(
        verdict,
        RetryVerdict::RetryAt { at: NOW + Span::from_secs(60), reason: RetryReason::Pushback }
    );
    let deaf = RetrySpec { honour_retry_after: false, ..with_jitter(Jitter::None) };
    assert_eq!(wait(&deaf, &failure, 0.9), Span::from_secs(1));
}

#[test]
fn pushback_does_not_add_tries() {
    let failure = Failure { retry_after: Some(Span::from_secs(1)), ..Failure::of_attempt(9) };
    let verdict = with_jitter(Jitter::None).build().unwrap().on_failure(NOW, &failure, 0.0);
    assert_eq!(verdict, RetryVerdict::GiveUp { reason: GiveUpReason::AttemptsExhausted, dead_letter: false });
}

#[test]
fn what_is_given_up_goes_to_the_dead_letters_if_asked() {
    let spec = RetrySpec { dead_letter: true, ..RetrySpec::never() };
    let verdict = spec.build().unwrap().on_failure(NOW, &Failure::of_attempt(1), 0.0);
    assert_eq!(verdict, RetryVerdict::GiveUp { reason: GiveUpReason::AttemptsExhausted, dead_letter: true });
}

fn budgeted(budget: RetryBudget) -> Retry {
    RetrySpec { attempts: u32::MAX, budget: Some(budget), ..RetrySpec::default() }.build().unwrap()
}

fn retries(retry: &mut Retry, now: Time, failure: &Failure) -> bool {
    matches!(retry.on_failure(now, failure, 0.5), RetryVerdict::RetryAt { .. })
}

#[test]
fn five_requests_earn_one_retry_at_a_ratio_of_a_fifth() {
    let mut retry = budgeted(RetryBudget::TokenRatio { ratio: 0.2, reserve_per_s: 0.0, capacity: 1 });
    let failure = Failure::of_attempt(1);
    assert!(retries(&mut retry, NOW, &failure), "the balance starts full");
    for _ in 0..4 {
        retry.on_request(NOW);
    }
    assert!(!retries(&mut retry, NOW, &failure));
    retry.on_request(NOW);
    assert!(retries(&mut retry, NOW, &failure));
    assert!(!retries(&mut retry, NOW, &failure));
}

#[test]
fn the_reserve_earns_with_time_and_is_capped() {
    let mut retry = budgeted(RetryBudget::TokenRatio { ratio: 0.0, reserve_per_s: 2.0, capacity: 3 });
    let failure = Failure::of_attempt(1);
    assert_eq!((0..10).filter(|_| retries(&mut retry, NOW, &failure)).count(), 3);
    let soon = NOW + Span::from_nanos(499_999_999);
    assert!(!retries(&mut retry, soon, &failure));
    assert!(retries(&mut retry, NOW + Span::from_millis(500), &failure));
    let late = NOW + Span::from_secs(3_600);
    assert_eq!((0..10).filter(|_| retries(&mut retry, late, &failure)).count(), 3);
}

#[test]
fn a_share_of_the_active_calls_may_be_retries() {
    let mut retry = budgeted(RetryBudget::ActiveShare { share: 0.2, minimum: 3 });
    let load = |active, retrying| Failure { active, retrying, ..Failure::of_attempt(1) };
    for (active, retrying, expected) in
        [(0, 2, true), (0, 3, false), (15, 3, false), (16, 3, true), (100, 19, true), (100, 20, false)]
    {
        assert_eq!(retries(&mut retry, NOW, &load(active, retrying)), expected, "{active} {retrying}");
    }
}

#[test]
fn a_last_try_takes_nothing_from_the_budget() {
    let budget = RetryBudget::TokenRatio { ratio: 0.0, reserve_per_s: 0.0, capacity: 1 };
    let mut retry = RetrySpec { attempts: 2, budget: Some(budget), ..RetrySpec::default() }.build().unwrap();
    assert!(!retries(&mut retry, NOW, &Failure::of_attempt(2)));
    assert!(retries(&mut retry, NOW, &Failure::of_attempt(1)));
    let broke = retry.on_failure(NOW, &Failure::of_attempt(1), 0.0);
    assert_eq!(broke, RetryVerdict::GiveUp { reason: GiveUpReason::BudgetExhausted, dead_letter: false });
}

#[test]
fn a_policy_of_ones_own_decides() {
    #[derive(Debug)]
    struct OncePerSuccess(u32);
    impl RetryPolicy for OncePerSuccess {
        fn on_request(&mut self, _: Time) {}
        fn on_success(&mut self, _: Time) {
            self.0 += 1;
        }
        fn on_failure(&mut self, now: Time, _: &Failure, _: f64) -> RetryVerdict {
            if self.0 == 0 {
                return RetryVerdict::GiveUp { reason: GiveUpReason::BudgetExhausted, dead_letter: false };
            }
            self.0 -= 1;
            RetryVerdict::RetryAt { at: now, reason: RetryReason::Backoff }
        }
    }
    let mut retry = Retry::Custom(Box::new(OncePerSuccess(0)));
    retry.on_request(NOW);
    assert!(!retries(&mut retry, NOW, &Failure::of_attempt(1)));
    retry.on_success(NOW);
    assert!(retries(&mut retry, NOW, &Failure::of_attempt(1)));
}

#[test]
fn impossible_policies_are_named() {
    let exponential = |factor, cap| Backoff::Exponential { base: Span::from_secs(1), factor, cap };
    let good = RetrySpec::default();
    let ratio =
        |ratio, reserve_per_s, capacity| Some(RetryBudget::TokenRatio { ratio, reserve_per_s, capacity });
    for (spec, field) in [
        (RetrySpec { attempts: 0, ..good.clone() }, "attempts"),
        (
            RetrySpec { backoff: exponential(0.5, Span::from_secs(1)), ..good.clone() },
            "backoff.exponential.factor",
        ),
        (RetrySpec { backoff: exponential(2.0, Span::ZERO), ..good.clone() }, "backoff.exponential.cap"),
        (
            RetrySpec {
                backoff: Backoff::Fixed { wait: Span::ZERO },
                jitter: Jitter::Decorrelated,
                ..good.clone()
            },
            "jitter",
        ),
        (RetrySpec { budget: ratio(-0.1, 0.0, 1), ..good.clone() }, "budget.token_ratio.ratio"),
        (RetrySpec { budget: ratio(0.1, f64::NAN, 1), ..good.clone() }, "budget.token_ratio.reserve_per_s"),
        (RetrySpec { budget: ratio(0.1, 0.0, 0), ..good.clone() }, "budget.token_ratio.capacity"),
        (
            RetrySpec { budget: Some(RetryBudget::ActiveShare { share: 1.1, minimum: 0 }), ..good },
            "budget.active_share.share",
        ),
    ] {
        assert_eq!(spec.validate().unwrap_err().field, field);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_retry_is_never_in_the_past_nor_beyond_the_cap_nor_the_last_try(
        which in 0..RetrySpec::examples().len(), attempt in 1..40_u32, last in 0..400_000_000_000_u64, draw in 0.0..1.0,
    ) {
        let (_, spec) = RetrySpec::examples().swap_remove(which);
        let failure = Failure { last_wait: Span::from_nanos(last), ..Failure::of_attempt(attempt) };
        match spec.build().unwrap().on_failure(NOW, &failure, draw) {
            RetryVerdict::RetryAt { at, .. } => {
                prop_assert!(attempt < spec.attempts);
                prop_assert!(at >= NOW && at - NOW <= spec.backoff.cap());
            }
            RetryVerdict::GiveUp { .. } => prop_assert!(attempt >= spec.attempts),
        }
    }

    #[test]
    fn retries_never_exceed_what_the_ratio_earned(
        ratio in 0.0..2.0, capacity in 1..20_u32, steps in prop::collection::vec(any::<bool>(), 1..400),
    ) {
        let mut retry = budgeted(RetryBudget::TokenRatio { ratio, reserve_per_s: 0.0, capacity });
        let (mut requests, mut granted) = (0_u32, 0_u32);
        for is_request in steps {
            if is_request {
                retry.on_request(NOW);
                requests += 1;
            } else {
                granted += u32::from(retries(&mut retry, NOW, &Failure::of_attempt(1)));
            }
            prop_assert!(f64::from(granted) <= f64::from(capacity) + f64::from(requests) * (ratio + 1e-6));
        }
    }
}

use super::*;
use alloc::vec::Vec;
use proptest::prelude::*;

fn at(millis: u64) -> Time {
    Time::START + Span::from_millis(millis)
}

#[track_caller]
fn pass(breaker: &mut Breaker, now: Time) -> Pass {
    match breaker.permit(now) {
        Permit::Allowed(pass) => pass,
        Permit::Refused { retry_at } => panic!("refused until {retry_at:?}"),
    }
}

fn call(breaker: &mut Breaker, now: Time, outcome: Outcome) -> Option<Transition> {
    let pass = pass(breaker, now);
    breaker.record(now, pass, outcome)
}

/// Runs `script` (`s`uccess, `f`ailure, `i`gnored, one every 100 ms) and says after how many calls it opened.
#[track_caller]
fn opens_after(trip: Trip, script: &str, expected: Option<usize>) {
    let mut breaker = BreakerSpec { trip, ..BreakerSpec::default() }.build().unwrap();
    let mut opened = None;
    for (index, letter) in script.chars().enumerate() {
        let outcome = match letter {
            's' => Outcome::Success,
            'f' => Outcome::Failure,
            _ => Outcome::Ignored,
        };
        if call(&mut breaker, at(100 * index as u64), outcome).is_some() {
            opened = Some(index + 1);
            break;
        }
    }
    assert_eq!(opened, expected, "{script}");
}

fn opened(spec: &BreakerSpec, now: Time) -> Breaker {
    let mut breaker = spec.build().unwrap();
    while breaker.state(now) == State::Closed {
        call(&mut breaker, now, Outcome::Failure);
    }
    breaker
}

#[test]
fn failures_in_a_row_trip_and_a_success_starts_over() {
    opens_after(Trip::Consecutive { failures: 3 }, "ffsffsff", None);
    opens_after(Trip::Consecutive { failures: 3 }, "ffsfff", Some(6));
    opens_after(Trip::Consecutive { failures: 3 }, "ffif", Some(4));
}

#[test]
fn failures_within_a_window_trip_whatever_succeeds_between() {
    let within = |millis| Trip::Count { failures: 3, window: Span::from_millis(millis) };
    opens_after(within(401), "fsfsf", Some(5));
    // The first failure is exactly one window old when the third comes: it no longer counts.
    opens_after(within(400), "fsfsf", None);
}

#[test]
fn the_printed_count_never_forgets_while_closed() {
    opens_after(Trip::TotalFailures { failures: 3 }, "fssssssssssssfssssssssf", Some(23));
}

#[test]
fn a_rate_of_calls_needs_its_minimum() {
    let rate = |minimum_calls, calls| Trip::Rate { share: 0.5, minimum_calls, window: Window::Count(calls) };
    opens_after(rate(4, 4), "fff", None);
    opens_after(rate(4, 4), "ffss", Some(4));
    opens_after(rate(4, 4), "fsssfsssf", None);
    opens_after(rate(4, 4), "sssssssff", Some(9));
}

#[test]
fn a_rate_of_time_forgets_what_is_old() {
    let rate =
        |millis| Trip::Rate { share: 0.5, minimum_calls: 2, window: Window::Time(Span::from_millis(millis)) };
    opens_after(rate(250), "sssfss", None);
    opens_after(rate(150), "sssf", Some(4));
}

#[test]
fn an_open_circuit_is_probed_when_its_time_has_passed() {
    let mut breaker = opened(&BreakerSpec::default(), at(0));
    let just_before = Time::from_nanos(at(30_000).as_nanos() - 1);
    assert_eq!(breaker.permit(just_before), Permit::Refused { retry_at: Some(at(30_000)) });
    assert_eq!(breaker.state(just_before), State::Open);
    assert_eq!(breaker.state(at(30_000)), State::HalfOpen);
    assert!(pass(&mut breaker, at(30_000)).is_probe());
}

#[test]
fn the_printed_edge_is_one_nanosecond_later() {
    let mut breaker = opened(&BreakerSpec::published_003(), at(0));
    let just_after = at(30_000) + Span::from_nanos(1);
    assert_eq!(breaker.permit(at(30_000)), Permit::Refused { retry_at: Some(just_after) });
    assert!(pass(&mut breaker, just_after).is_probe());
}

#[test]
fn half_open_lets_only_so_many_probes_through_at_once() {
    let spec = BreakerSpec { probes: 2, successes_to_close: 3, ..BreakerSpec::default() };
    let mut breaker = opened(&spec, at(0));
    let first = pass(&mut breaker, at(30_000));
    let second = pass(&mut breaker, at(30_000));
    assert_eq!(breaker.permit(at(30_000)), Permit::Refused { retry_at: None });
    assert_eq!(breaker.record(at(30_001), first, Outcome::Success), None);
    assert_eq!(breaker.record(at(30_001), second, Outcome::Ignored), None);
    let third = pass(&mut breaker, at(30_001));
    assert_eq!(breaker.record(at(30_002), third, Outcome::Success), None);
    let closed =
        Transition { from: State::HalfOpen, to: State::Closed, reason: TransitionReason::ProbesSucceeded };
    assert_eq!(call(&mut breaker, at(30_003), Outcome::Success), Some(closed));
}

#[test]
fn a_failed_probe_opens_again_for_the_whole_time() {
    let mut breaker = opened(&BreakerSpec::default(), at(0));
    let reopened =
        Transition { from: State::HalfOpen, to: State::Open, reason: TransitionReason::ProbeFailed };
    assert_eq!(call(&mut breaker, at(31_000), Outcome::Failure), Some(reopened));
    assert_eq!(breaker.permit(at(31_000)), Permit::Refused { retry_at: Some(at(61_000)) });
}

#[test]
fn results_from_before_a_change_of_state_are_dropped() {
    let mut breaker = BreakerSpec::default().build().unwrap();
    let late: Vec<Pass> = (0..10).map(|_| pass(&mut breaker, at(0))).collect();
    for _ in 0..5 {
        call(&mut breaker, at(1), Outcome::Failure);
    }
    call(&mut breaker, at(30_001), Outcome::Success);
    for pass in late {
        assert_eq!(breaker.record(at(30_002), pass, Outcome::Failure), None);
    }
    assert_eq!(breaker.state(at(30_002)), State::Closed);
}

#[test]
fn the_printed_code_lets_late_results_count() {
    let mut breaker = BreakerSpec::published_004_code().build().unwrap();
    let mut late: Vec<Pass> = (0..3).map(|_| pass(&mut breaker, at(0))).collect();
    for _ in 0..5 {
        call(&mut breaker, at(1_000), Outcome::Failure);
    }
    // A late failure keeps it open for another 30 s; a late success closes it once half-open.
    breaker.record(at(20_000), late.pop().unwrap(), Outcome::Failure);
    let until = at(50_000) + Span::from_nanos(1);
    assert_eq!(breaker.permit(at(31_001)), Permit::Refused { retry_at: Some(until) });
    let probe = pass(&mut breaker, until);
    let closed = breaker.record(until, late.pop().unwrap(), Outcome::Success).expect("it closes");
    assert_eq!(closed.to, State::Closed);
    assert!(probe.is_probe());
}

#[test]
fn a_hand_overrules_results_until_it_lets_go() {
    let mut breaker = BreakerSpec::default().build().unwrap();
    assert_eq!(breaker.force_open(at(0)).to, State::ForcedOpen);
    assert_eq!(breaker.permit(at(999_999)), Permit::Refused { retry_at: None });
    assert_eq!(breaker.force_closed(at(1)).from, State::ForcedOpen);
    for _ in 0..20 {
        assert_eq!(call(&mut breaker, at(2), Outcome::Failure), None);
    }
    assert_eq!(breaker.release(at(3)).to, State::Closed);
    for _ in 0..4 {
        assert_eq!(call(&mut breaker, at(4), Outcome::Failure), None, "nothing was counted while forced");
    }
    assert!(call(&mut breaker, at(4), Outcome::Failure).is_some());
}

#[test]
fn impossible_breakers_are_named() {
    let tripping = |trip| BreakerSpec { trip, ..BreakerSpec::default() };
    let rate = |share, minimum_calls, window| tripping(Trip::Rate { share, minimum_calls, window });
    for (spec, field) in [
        (tripping(Trip::Consecutive { failures: 0 }), "trip.consecutive.failures"),
        (tripping(Trip::TotalFailures { failures: 0 }), "trip.total_failures.failures"),
        (tripping(Trip::Count { failures: 1, window: Span::ZERO }), "trip.count.window"),
        (rate(0.0, 1, Window::Count(1)), "trip.rate.share"),
        (rate(f64::NAN, 1, Window::Count(1)), "trip.rate.share"),
        (rate(0.5, 0, Window::Count(1)), "trip.rate.minimum_calls"),
        (rate(0.5, 10, Window::Count(9)), "trip.rate.window.count"),
        (rate(0.5, 10, Window::Time(Span::ZERO)), "trip.rate.window.time"),
        (BreakerSpec { probes: 0, ..BreakerSpec::default() }, "probes"),
        (BreakerSpec { successes_to_close: 0, ..BreakerSpec::default() }, "successes_to_close"),
    ] {
        assert_eq!(spec.validate().unwrap_err().field, field);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn probes_are_bounded_and_refusals_point_to_the_future(
        which in 0..BreakerSpec::examples().len(),
        steps in prop::collection::vec((0..9_000_u64, 0..4_u8, any::<prop::sample::Index>()), 1..300),
    ) {
        let (_, spec) = BreakerSpec::examples().swap_remove(which);
        let mut breaker = spec.build().unwrap();
        let mut out: Vec<Pass> = Vec::new();
        let mut now = at(0);
        for (gap, action, index) in steps {
            now += Span::from_millis(gap);
            if action < 2 {
                match breaker.permit(now) {
                    Permit::Allowed(pass) => {
                        prop_assert_eq!(pass.is_probe(), breaker.state(now) == State::HalfOpen);
                        out.push(pass);
                    }
                    Permit::Refused { retry_at } => {
                        prop_assert!(breaker.state(now) != State::Closed);
                        prop_assert!(retry_at.is_none_or(|retry_at| retry_at > now));
                    }
                }
            } else if !out.is_empty() {
                let pass = out.swap_remove(index.index(out.len()));
                let before = breaker.state(now);
                let outcome = if action == 2 { Outcome::Failure } else { Outcome::Success };
                let change = breaker.record(now, pass, outcome);
                if let Some(change) = change {
                    prop_assert_eq!(change.to, breaker.state(now));
                    prop_assert!(change.to != change.from);
                } else if spec.stale_results == StaleResults::Drop {
                    prop_assert_eq!(before, breaker.state(now));
                }
            }
            let probes = out.iter().filter(|pass| pass.probe && pass.epoch == breaker.epoch).count();
            prop_assert!(probes <= spec.probes as usize);
        }
    }
}

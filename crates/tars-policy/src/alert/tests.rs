//! Alerts, edge by edge.

use super::*;
use proptest::prelude::*;

fn at(seconds: u64) -> Time {
    Time::START + Span::from_secs(seconds)
}

fn seconds(seconds: u64) -> Span {
    Span::from_secs(seconds)
}

fn alert(change: impl FnOnce(&mut AlertSpec)) -> Alert {
    let mut spec = AlertSpec::queue_above(500.0);
    change(&mut spec);
    spec.build().expect("a valid alert")
}

#[track_caller]
fn check(alert: &mut Alert, second: u64, value: f64, event: AlertEvent, reason: AlertReason) {
    let decision = alert.update(at(second), value);
    assert_eq!((decision.event, decision.reason), (event, reason));
    assert_eq!(decision.firing, alert.is_firing());
}

#[test]
fn a_value_equal_to_the_threshold_does_not_fire() {
    let mut above = alert(|_| {});
    check(&mut above, 0, 500.0, AlertEvent::None, AlertReason::Within);
    check(&mut above, 0, 500.1, AlertEvent::Fired, AlertReason::Beyond);
    let mut below = alert(|spec| spec.comparison = Comparison::Below);
    check(&mut below, 0, 500.0, AlertEvent::None, AlertReason::Within);
    check(&mut below, 0, 499.9, AlertEvent::Fired, AlertReason::Beyond);
}

#[test]
fn the_condition_holds_for_the_whole_window_without_a_break() {
    let mut alert = alert(|spec| spec.window = seconds(60));
    check(&mut alert, 0, 600.0, AlertEvent::None, AlertReason::Holding);
    check(&mut alert, 59, 600.0, AlertEvent::None, AlertReason::Holding);
    check(&mut alert, 59, 500.0, AlertEvent::None, AlertReason::Within);
    check(&mut alert, 60, 600.0, AlertEvent::None, AlertReason::Holding);
    check(&mut alert, 120, 600.0, AlertEvent::Fired, AlertReason::Beyond);
    check(&mut alert, 180, 600.0, AlertEvent::None, AlertReason::Beyond);
}

#[test]
fn it_resolves_after_the_whole_clear_window() {
    let mut alert = alert(|spec| spec.resolve_after = seconds(30));
    check(&mut alert, 0, 600.0, AlertEvent::Fired, AlertReason::Beyond);
    check(&mut alert, 10, 0.0, AlertEvent::None, AlertReason::Clearing);
    check(&mut alert, 20, 600.0, AlertEvent::None, AlertReason::Beyond);
    check(&mut alert, 30, 0.0, AlertEvent::None, AlertReason::Clearing);
    check(&mut alert, 59, 0.0, AlertEvent::None, AlertReason::Clearing);
    check(&mut alert, 60, 0.0, AlertEvent::Resolved, AlertReason::Within);
    assert_eq!(
        (alert.firings(), alert.first_fired(), alert.fired_for(at(99))),
        (1, Some(at(0)), seconds(60))
    );
}

#[test]
fn it_does_not_fire_again_within_the_cooldown() {
    let mut alert = alert(|spec| spec.cooldown = seconds(100));
    check(&mut alert, 0, 600.0, AlertEvent::Fired, AlertReason::Beyond);
    check(&mut alert, 10, 0.0, AlertEvent::Resolved, AlertReason::Within);
    check(&mut alert, 99, 600.0, AlertEvent::None, AlertReason::Cooldown);
    check(&mut alert, 100, 600.0, AlertEvent::Fired, AlertReason::Beyond);
    check(&mut alert, 300, 600.0, AlertEvent::None, AlertReason::Beyond);
    assert_eq!((alert.firings(), alert.fired_for(at(300))), (2, seconds(210)));
}

#[test]
fn it_calls_again_when_it_is_told_to_and_the_cooldown_is_over() {
    let mut alert = alert(|spec| (spec.cooldown, spec.repeat) = (seconds(100), true));
    check(&mut alert, 0, 600.0, AlertEvent::Fired, AlertReason::Beyond);
    check(&mut alert, 99, 600.0, AlertEvent::None, AlertReason::Beyond);
    check(&mut alert, 100, 600.0, AlertEvent::Repeated, AlertReason::Beyond);
    check(&mut alert, 199, 600.0, AlertEvent::None, AlertReason::Beyond);
    assert_eq!(alert.firings(), 1, "a repetition is no new firing");
}

#[test]
fn a_value_that_is_not_a_number_changes_nothing() {
    let mut alert = alert(|spec| spec.window = seconds(10));
    check(&mut alert, 0, 600.0, AlertEvent::None, AlertReason::Holding);
    check(&mut alert, 5, f64::NAN, AlertEvent::None, AlertReason::NoValue);
    check(&mut alert, 10, 600.0, AlertEvent::Fired, AlertReason::Beyond);
    check(&mut alert, 11, f64::NAN, AlertEvent::None, AlertReason::NoValue);
    assert!(alert.is_firing());
}

fn throughput(window: u64, least: u64) -> Alert {
    alert(|spec| {
        spec.comparison = Comparison::Below;
        spec.threshold =
            AlertThreshold::TimesBaseline { factor: 0.8, window: seconds(window), least: seconds(least) };
    })
}

#[test]
fn a_drop_below_what_is_usual_fires_once_that_is_known() {
    let mut alert = throughput(100, 20);
    check(&mut alert, 0, 50.0, AlertEvent::None, AlertReason::NoBaseline);
    check(&mut alert, 10, 50.0, AlertEvent::None, AlertReason::NoBaseline);
    check(&mut alert, 20, 50.0, AlertEvent::None, AlertReason::NoBaseline);
    check(&mut alert, 30, 40.0, AlertEvent::None, AlertReason::Within);
    // The mean of 50, 50 and 40 is 46 ⅔; 80 % of it are 37 ⅓.
    check(&mut alert, 40, 37.0, AlertEvent::Fired, AlertReason::Beyond);
    check(&mut alert, 1_000, 37.0, AlertEvent::None, AlertReason::Beyond);
    check(&mut alert, 1_010, 38.0, AlertEvent::Resolved, AlertReason::Within);
}

#[test]
fn the_baseline_is_weighted_by_time_and_forgets_what_is_older_than_its_window() {
    let mut alert = throughput(100, 0);
    let _ = alert.update(at(0), 0.0);
    let _ = alert.update(at(90), 10.0);
    let _ = alert.update(at(100), 110.0);
    let threshold = |alert: &mut Alert, second| alert.update(at(second), 1_000.0).threshold;
    assert_eq!(threshold(&mut alert, 100), Some(0.8 * 20.0));
    assert_eq!(threshold(&mut alert, 190), Some(0.8 * 20.0));
    assert_eq!(threshold(&mut alert, 191), Some((10.0 * 110.0 + 90.0 * 1_000.0) / 100.0 * 0.8));
}

#[test]
fn a_condition_of_the_callers_own_is_followed() {
    #[derive(Debug)]
    struct Rises(f64);
    impl AlertCondition for Rises {
        fn holds(&mut self, _: Time, value: f64) -> Option<bool> {
            Some(value > core::mem::replace(&mut self.0, value))
        }
    }
    let spec = AlertSpec::queue_above(500.0);
    let mut alert = spec.build_custom(Box::new(Rises(0.0))).expect("a valid alert");
    check(&mut alert, 0, 1.0, AlertEvent::Fired, AlertReason::Beyond);
    check(&mut alert, 1, 1.0, AlertEvent::Resolved, AlertReason::Within);
}

#[test]
fn the_printed_tables_have_their_rows() {
    let printed = |specs: Vec<(&'static str, AlertSpec)>| {
        let row = |(_, spec): (&str, AlertSpec)| {
            let value = match spec.threshold {
                AlertThreshold::Value(value) => value,
                AlertThreshold::TimesBaseline { factor, .. } => factor,
            };
            let actions: Vec<&str> = spec.actions.iter().map(|action| action.as_str()).collect();
            (spec.metric.as_str(), value, actions.join("+"))
        };
        specs.into_iter().map(row).collect::<Vec<_>>()
    };
    let rows = |rows: &[(&'static str, f64, &str)]| {
        rows.iter().map(|&(metric, value, actions)| (metric, value, actions.into())).collect::<Vec<_>>()
    };
    assert_eq!(
        printed(AlertSpec::published_002()),
        rows(&[
            ("throughput_per_s", 0.8, "scale_up"),
            ("latency_p99_s", 15.0, "degrade"),
            ("error_share", 0.05, "trip_breaker"),
            ("heap_mb", 800.0, "collect_garbage+shrink_cache"),
            ("queue_depth", 500.0, "emergency_scale_up"),
        ])
    );
    assert_eq!(
        printed(AlertSpec::published_003()),
        rows(&[
            ("rate_limited_share", 0.05, "reduce_concurrency"),
            ("heap_share", 0.7, "collect_garbage+scale_up"),
            ("timeout_share", 0.01, "serve_cached"),
            ("queue_depth", 500.0, "reject_new"),
            ("latency_p99_s", 10.0, "scale_up"),
            ("error_share", 0.05, "trip_breaker"),
        ])
    );
}

#[test]
fn impossible_specifications_name_the_field() {
    let error = |change: fn(&mut AlertSpec)| {
        let mut spec = AlertSpec::queue_above(500.0);
        change(&mut spec);
        spec.validate().expect_err("it is impossible").field
    };
    let baseline = |factor, window, least| {
        let threshold = AlertThreshold::TimesBaseline { factor, window, least };
        AlertSpec { threshold, ..AlertSpec::queue_above(0.0) }.validate().expect_err("impossible").field
    };
    assert_eq!(error(|spec| spec.threshold = AlertThreshold::Value(f64::NAN)), "threshold.value");
    assert_eq!(error(|spec| spec.repeat = true), "repeat");
    assert_eq!(baseline(0.0, seconds(1), Span::ZERO), "threshold.times_baseline.factor");
    assert_eq!(baseline(1.0, Span::ZERO, Span::ZERO), "threshold.times_baseline.window");
    assert_eq!(baseline(1.0, seconds(1), seconds(2)), "threshold.times_baseline.least");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 128, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn calls_keep_their_distance_and_every_firing_ends_before_the_next(
        steps in proptest::collection::vec((0_u64..120, 0.0..2.0_f64), 1..80)
    ) {
        let paced = |spec: AlertSpec| spec.steadied(seconds(60), seconds(300));
        let examples = AlertSpec::examples().into_iter();
        for (name, spec) in examples.flat_map(|(name, spec)| [(name, spec.clone()), (name, paced(spec))]) {
            let scale = match spec.threshold {
                AlertThreshold::Value(value) => value.max(1.0),
                AlertThreshold::TimesBaseline { .. } => 100.0,
            };
            let mut alert = spec.build().expect("a valid example");
            let (mut now, mut firing, mut fired) = (Time::START, false, 0);
            let mut called: Option<Time> = None;
            for &(gap, value) in &steps {
                now += seconds(gap);
                let decision = alert.update(now, value * scale);
                match decision.event {
                    AlertEvent::Fired => {
                        prop_assert!(!firing, "{} fires twice", name);
                        (firing, fired) = (true, fired + 1);
                    }
                    AlertEvent::Repeated => prop_assert!(firing && spec.repeat, "{} repeats unasked", name),
                    AlertEvent::Resolved => {
                        prop_assert!(firing, "{} resolves what does not fire", name);
                        firing = false;
                    }
                    AlertEvent::None => {}
                }
                prop_assert_eq!(decision.firing, firing);
                if matches!(decision.event, AlertEvent::Fired | AlertEvent::Repeated) {
                    prop_assert_eq!(decision.reason, AlertReason::Beyond);
                    let soon = called.is_some_and(|called| now - called < spec.cooldown);
                    prop_assert!(!soon, "{} calls too soon", name);
                    called = Some(now);
                }
            }
            prop_assert_eq!(alert.firings(), fired);
            prop_assert!(alert.fired_for(now) <= now - Time::START);
        }
    }
}

//! Whole syncs: windows, several metrics, bounds, conditions.

use super::*;

fn full(milli: i64, replicas: u32) -> Observation {
    observed(replicas, &alloc::vec![milli; replicas as usize])
}

fn behaving(scale_up: Span, scale_down: Span) -> Hpa {
    let rules = |window| ScalingRules { stabilization_window: Some(window), ..ScalingRules::default() };
    let behavior = Some(Behavior { scale_up: rules(scale_up), scale_down: rules(scale_down) });
    HpaSpec { behavior, ..HpaSpec::cpu(50, 1, 100) }.build().expect("a valid autoscaler")
}

/// An autoscaler that has seen these proposals of 10 replicas, at these seconds before [`NOW`].
fn having_proposed(mut hpa: Hpa, proposals: &[(u64, i64)]) -> Hpa {
    for &(age, replicas) in proposals {
        // 10 pods at 50 m a proposed replica ask for just that; whatever it decides is not carried out.
        let decision = hpa.decide(at(NOW - age), &full(50 * replicas, 10));
        assert_eq!(decision.proposals[0].map(|it| i64::from(it.replicas)), Ok(replicas));
    }
    hpa
}

#[track_caller]
fn check(hpa: &mut Hpa, seen: &Observation, replicas: u32, able: Able) {
    let decision = hpa.decide(at(NOW), seen);
    let stabilized_or_not = if decision.rescaled { Able::SucceededRescale } else { able };
    assert_eq!((decision.replicas, decision.conditions.able_to_scale), (replicas, stabilized_or_not));
}

#[test]
fn the_way_down_waits_for_the_highest_proposal_to_age() {
    let five = Span::from_secs(300);
    let waits = |proposals: &[(u64, i64)]| having_proposed(behaving(Span::ZERO, five), proposals);
    check(&mut waits(&[(299, 10)]), &full(250, 10), 10, Able::ScaleDownStabilized);
    check(&mut waits(&[(400, 10), (299, 8)]), &full(250, 10), 8, Able::ScaleDownStabilized);
    check(&mut waits(&[(300, 10)]), &full(250, 10), 5, Able::ReadyForNewScale);
}

#[test]
fn without_behavior_a_proposal_exactly_a_window_old_still_counts() {
    let hpa = || HpaSpec::cpu(50, 1, 100).build().expect("a valid autoscaler");
    check(&mut having_proposed(hpa(), &[(300, 10)]), &full(250, 10), 10, Able::ScaleDownStabilized);
    check(&mut having_proposed(hpa(), &[(301, 10)]), &full(250, 10), 5, Able::ReadyForNewScale);
}

#[test]
fn the_way_up_waits_for_the_lowest_proposal_to_age() {
    let minute = Span::from_secs(60);
    let waits = |proposals: &[(u64, i64)]| having_proposed(behaving(minute, Span::ZERO), proposals);
    check(&mut waits(&[(59, 10)]), &full(1_000, 10), 10, Able::ScaleUpStabilized);
    check(&mut waits(&[(90, 10), (59, 14)]), &full(1_000, 10), 14, Able::ScaleUpStabilized);
    check(&mut waits(&[(60, 10)]), &full(1_000, 10), 20, Able::ReadyForNewScale);
    // Between the lowest and the highest proposal the present number stays.
    let mut both = having_proposed(behaving(minute, minute), &[(50, 14), (20, 8)]);
    check(&mut both, &full(600, 10), 10, Able::ScaleUpStabilized);
}

#[test]
fn the_number_found_first_is_a_recommendation() {
    check(&mut HpaSpec::cpu(50, 1, 10).build().expect("valid"), &full(50, 8), 8, Able::ScaleDownStabilized);
    check(&mut HpaSpec::cpu(50, 1, 10).build().expect("valid"), &full(600, 1), 2, Able::ReadyForNewScale);
}

fn two_metrics() -> HpaSpec {
    let mut spec = HpaSpec { downscale_stabilization: Span::ZERO, ..HpaSpec::cpu(50, 1, 10) };
    spec.metrics.push(HpaMetric::External { name: "depth".into(), target: ValueTarget::ValueMilli(1_000) });
    spec
}

fn both(milli: i64, replicas: u32, depth: Reading) -> Observation {
    let mut seen = full(milli, replicas);
    seen.readings.push(depth);
    seen
}

#[test]
fn the_largest_of_several_metrics_wins() {
    let mut hpa = two_metrics().build().expect("a valid autoscaler");
    let depth = |milli| Reading::Values(alloc::vec![milli]);
    let decision = hpa.decide(at(NOW), &both(600, 4, depth(1_500)));
    assert_eq!((decision.replicas, decision.reason), (6, Rescale::AboveTarget(1)));
    let decision = hpa.decide(at(NOW + 1), &both(900, 4, depth(1_500)));
    assert_eq!((decision.replicas, decision.reason), (8, Rescale::AboveTarget(0)));
    let decision = hpa.decide(at(NOW + 2), &both(100, 4, depth(500)));
    assert_eq!((decision.replicas, decision.reason), (2, Rescale::AllBelowTarget));
}

#[test]
fn a_missing_metric_forbids_the_way_down_and_not_the_way_up() {
    let mut hpa = two_metrics().build().expect("a valid autoscaler");
    let up = hpa.decide(at(NOW), &both(100, 4, Reading::Unavailable));
    assert_eq!((up.replicas, up.stabilized), (4, None));
    assert_eq!(up.conditions.scaling_active, Some(Active::FailedGetExternalMetric));
    assert_eq!(up.conditions.able_to_scale, Able::SucceededGetScale);
    let down = hpa.decide(at(NOW + 1), &both(100, 4, Reading::Values(alloc::vec![500])));
    assert_eq!((down.replicas, down.conditions.scaling_active), (2, Some(Active::ValidMetricFound)));
    let up = hpa.decide(at(NOW + 2), &both(900, 4, Reading::Unavailable));
    assert_eq!((up.replicas, up.conditions.scaling_active), (8, Some(Active::ValidMetricFound)));
    let same = hpa.decide(at(NOW + 3), &both(500, 4, Reading::Unavailable));
    assert_eq!(same.conditions.scaling_active, Some(Active::ValidMetricFound), "no fewer: it may stay");
}

#[test]
fn each_kind_of_metric_fails_by_its_own_name() {
    let target = ResourceTarget::AverageValueMilli(1);
    for (metric, reason) in [
        (HpaMetric::Resource { name: Resource::Memory, target }, "FailedGetResourceMetric"),
        (
            HpaMetric::ContainerResource { name: Resource::Cpu, container: "app".into(), target },
            "FailedGetContainerResourceMetric",
        ),
        (HpaMetric::Pods { name: "qps".into(), average_value_milli: 1 }, "FailedGetPodsMetric"),
        (
            HpaMetric::Object { name: "qps".into(), target: ValueTarget::ValueMilli(1) },
            "FailedGetObjectMetric",
        ),
    ] {
        let spec = HpaSpec { metrics: alloc::vec![metric], ..HpaSpec::default() };
        let mut hpa = spec.build().expect("a valid autoscaler");
        let decision = hpa.decide(at(NOW), &Observation { readings: Vec::new(), ..full(1, 3) });
        assert_eq!(decision.conditions.scaling_active.map(Active::as_str), Some(reason));
        assert!(!decision.rescaled);
    }
}

#[test]
fn bounds_hold_whatever_the_metrics_and_the_pace_say() {
    let hpa = |min, max| HpaSpec::cpu(50, min, max).build().expect("a valid autoscaler");
    let above = hpa(2, 5).decide(at(NOW), &full(8_000, 6));
    assert_eq!((above.replicas, above.reason, above.proposals.len()), (5, Rescale::AboveMax, 0));
    let below = hpa(20, 60).decide(at(NOW), &full(0, 1));
    assert_eq!((below.replicas, below.reason), (20, Rescale::BelowMin));
    assert_eq!(below.conditions.able_to_scale.as_str(), "SucceededRescale");
    assert_eq!(below.conditions.scaling_limited, None);
}

#[test]
fn no_replicas_turn_it_off_unless_it_may_have_none() {
    let mut hpa = HpaSpec::cpu(50, 1, 10).build().expect("a valid autoscaler");
    let off = hpa.decide(at(NOW), &full(0, 0));
    assert_eq!((off.replicas, off.conditions.scaling_active), (0, Some(Active::ScalingDisabled)));
    let mut spec = two_metrics();
    (spec.min, spec.metrics) = (0, spec.metrics.split_off(1));
    let seen =
        |milli| Observation { readings: alloc::vec![Reading::Values(alloc::vec![milli])], ..full(0, 0) };
    let mut hpa = spec.build().expect("a valid autoscaler");
    assert_eq!(hpa.decide(at(NOW), &seen(0)).replicas, 0);
    assert_eq!(hpa.decide(at(NOW), &seen(2_500)).replicas, 3);
}

#[test]
fn a_sync_carries_its_decision_out() {
    let period = Span::from_secs(60);
    let scale_up = ScalingRules {
        policies: Some(alloc::vec![RatePolicy::Pods { value: 4, period }]),
        ..Default::default()
    };
    let behavior = Some(Behavior { scale_up, ..Behavior::default() });
    let mut hpa = HpaSpec { behavior, ..HpaSpec::cpu(50, 1, 100) }.build().expect("a valid autoscaler");
    let first = hpa.sync(at(NOW), &full(1_000, 10));
    assert_eq!((first.replicas, first.conditions.scaling_limited), (14, Some(Limited::ScaleUpLimit)));
    assert_eq!(hpa.sync(at(NOW + 15), &full(1_000, 14)).replicas, 14, "the four of this minute are used up");
    assert_eq!(hpa.sync(at(NOW + 60), &full(1_000, 14)).replicas, 18);
}

fn up(spec: &mut HpaSpec) -> &mut ScalingRules {
    &mut spec.behavior.get_or_insert_default().scale_up
}

#[test]
fn impossible_specifications_name_the_field() {
    let error = |change: fn(&mut HpaSpec)| {
        let mut spec = HpaSpec { behavior: Some(Behavior::default()), ..HpaSpec::default() };
        change(&mut spec);
        spec.validate().map_err(|error| error.field)
    };
    let period = Span::from_secs(60);
    assert_eq!(error(|_| {}), Ok(()));
    assert_eq!(error(|spec| spec.min = 11), Err("min".into()));
    assert_eq!(error(|spec| spec.min = 0), Err("min".into()));
    assert_eq!(error(|spec| spec.max = 1 << 31), Err("max".into()));
    assert_eq!(error(|spec| spec.metrics.clear()), Err("metrics".into()));
    assert_eq!(error(|spec| spec.tolerance = -0.1), Err("tolerance".into()));
    assert_eq!(error(|spec| spec.sync_period = Span::ZERO), Err("sync_period".into()));
    assert_eq!(
        error(|spec| spec.metrics = HpaSpec::cpu(0, 1, 2).metrics),
        Err("metrics.0.target.average_utilization_percent".into())
    );
    assert_eq!(
        error(|spec| up(spec).stabilization_window = Some(Span::from_secs(3_601))),
        Err("behavior.scale_up.stabilization_window".into())
    );
    assert_eq!(error(|spec| up(spec).policies = Some(Vec::new())), Err("behavior.scale_up.policies".into()));
    assert_eq!(error(|spec| up(spec).tolerance = Some(f64::NAN)), Err("behavior.scale_up.tolerance".into()));
    assert_eq!(error_of(RatePolicy::Pods { value: 0, period }), "behavior.scale_down.policies.0.value");
    assert_eq!(
        error_of(RatePolicy::Percent { value: 1, period: Span::ZERO }),
        "behavior.scale_down.policies.0.period"
    );
}

fn error_of(policy: RatePolicy) -> String {
    let scale_down = ScalingRules { policies: Some(alloc::vec![policy]), ..ScalingRules::default() };
    let behavior = Some(Behavior { scale_down, ..Behavior::default() });
    HpaSpec { behavior, ..HpaSpec::default() }.validate().expect_err("it is impossible").field
}

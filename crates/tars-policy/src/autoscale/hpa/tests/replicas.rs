//! What one metric calls for: the cases of the replica calculator's own tests (`replica_calculator_test.go`), by their
//! numbers, and the edges that those leave open.

use super::super::replicas::Sync;
use super::*;

const T: bool = true;
const F: bool = false;

fn cpu(percent: u32) -> HpaMetric {
    HpaMetric::Resource { name: Resource::Cpu, target: ResourceTarget::AverageUtilizationPercent(percent) }
}

fn pods_metric(average_value_milli: u64) -> HpaMetric {
    HpaMetric::Pods { name: "qps".into(), average_value_milli }
}

fn object(target: ValueTarget) -> HpaMetric {
    HpaMetric::Object { name: "qps".into(), target }
}

fn propose(metric: &HpaMetric, seen: &Observation) -> Result<(u32, i64), MetricFailure> {
    let spec = HpaSpec { cpu_initialization_period: Span::from_secs(120), ..HpaSpec::default() };
    let spec = HpaSpec { initial_readiness_delay: Span::from_secs(10), ..spec };
    let proposal = Sync::new(at(NOW), &spec, seen).propose(metric, &seen.readings[0])?;
    Ok((proposal.replicas, proposal.current))
}

#[track_caller]
fn check(metric: &HpaMetric, seen: &Observation, replicas: u32, current: i64) {
    assert_eq!(propose(metric, seen), Ok((replicas, current)));
}

/// A pod that has never been ready: it became unready when it was started, an hour ago.
fn never_ready() -> Pod {
    let readiness = Some(Readiness { ready: false, since: at(0) });
    Pod { readiness, ..Pod::ready_since(at(0)) }
}

fn with_readiness(mut seen: Observation, ready: &[bool]) -> Observation {
    for (pod, &ready) in seen.pods.iter_mut().zip(ready) {
        if !ready {
            *pod = never_ready();
        }
    }
    seen
}

/// More pods than samples: the last ones have none.
fn lacking(spec_replicas: u32, milli: &[i64], pods: usize) -> Observation {
    let mut seen = observed(spec_replicas, milli);
    seen.pods.resize(pods, Pod::ready_since(at(0)));
    let all = milli.iter().map(|&milli| Some(milli)).chain(core::iter::repeat(None)).take(pods);
    seen.readings = alloc::vec![samples(all, 1_000)];
    seen
}

#[test]
fn a_utilisation_scales_up_and_down() {
    check(&cpu(30), &observed(3, &[300, 500, 700]), 5, 50);
    check(&cpu(50), &observed(5, &[100, 300, 500, 250, 250]), 3, 28);
}

#[test]
fn pods_that_were_never_ready_use_nothing_on_the_way_up_and_are_left_out_on_the_way_down() {
    check(&cpu(30), &with_readiness(observed(3, &[300, 500, 700]), &[F, T, T]), 4, 60);
    check(&cpu(30), &with_readiness(observed(3, &[400, 500, 700]), &[T, F, F]), 3, 40);
    check(&cpu(50), &with_readiness(observed(5, &[100, 300, 500, 250, 250]), &[T, T, T, F, F]), 2, 30);
}

#[test]
fn a_processor_that_warms_up_is_not_trusted() {
    let hot = |mut seen: Observation, places: &[usize]| {
        for &place in places {
            seen.pods[place] = Pod::ready_since(at(NOW));
        }
        if let Reading::Pods { samples, .. } = &mut seen.readings[0] {
            for sample in samples.iter_mut().flatten() {
                sample.window = Span::from_secs(60);
            }
        }
        seen
    };
    check(&cpu(30), &hot(observed(3, &[300, 500, 700]), &[0]), 4, 60);
    check(&cpu(50), &hot(observed(5, &[100, 300, 500, 250, 250]), &[3, 4]), 2, 30);
}

#[test]
fn a_pod_that_was_ready_once_counts_although_it_is_not_ready_now() {
    let mut seen = observed(3, &[300, 500, 700]);
    let lost_at = |seconds| Some(Readiness { ready: false, since: at(seconds) });
    seen.pods[0].readiness = lost_at(10);
    check(&cpu(30), &seen, 5, 50);
    seen.pods[0].readiness = lost_at(9);
    check(&cpu(30), &seen, 4, 60);
    seen.pods[0].readiness = None;
    check(&cpu(30), &seen, 4, 60);
}

#[test]
fn the_first_full_window_of_a_ready_pod_counts_within_the_initialisation_period() {
    let mut seen = observed(3, &[300, 500, 700]);
    seen.pods[0] = Pod { started: Some(at(NOW - 119)), ..Pod::ready_since(at(NOW - 60)) };
    if let Reading::Pods { samples, .. } = &mut seen.readings[0] {
        samples[0] = Some(Sample { milli: 300, at: at(NOW), window: Span::from_secs(60) });
    }
    check(&cpu(30), &seen, 5, 50);
    seen.pods[0].readiness = Some(Readiness { ready: true, since: at(NOW - 59) });
    check(&cpu(30), &seen, 4, 60);
    // The period is over exactly 120 s after the start.
    seen.pods[0].started = Some(at(NOW - 120));
    check(&cpu(30), &seen, 5, 50);
}

#[test]
fn pods_that_failed_or_are_being_deleted_are_left_out() {
    for gone in [
        Pod { phase: Phase::Failed, ..Pod::ready_since(at(0)) },
        Pod { phase: Phase::Succeeded, ..Pod::ready_since(at(0)) },
        Pod { deleted: true, ..Pod::ready_since(at(0)) },
    ] {
        let mut up = lacking(2, &[500, 700], 4);
        up.pods[2..].fill(gone);
        check(&cpu(30), &up, 4, 60);
        let mut down = lacking(5, &[100, 300, 500, 250, 250], 7);
        down.pods[5..].fill(gone);
        check(&cpu(50), &down, 3, 28);
    }
}

#[test]
fn pending_pods_are_left_out_on_the_way_down() {
    let mut seen = lacking(5, &[100], 5);
    seen.pods[1..].fill(Pod { phase: Phase::Pending, ..never_ready() });
    check(&cpu(50), &seen, 1, 10);
}

#[test]
fn a_ratio_within_tolerance_changes_nothing() {
    let mut seen = observed(3, &[1_010, 1_030, 1_020]);
    if let Reading::Pods { requests_milli, .. } = &mut seen.readings[0] {
        *requests_milli = alloc::vec![Some(900), Some(1_000), Some(1_100)];
    }
    check(&cpu(100), &seen, 3, 102);
    check(&pods_metric(20_000), &observed(3, &[20_000, 21_000, 21_000]), 3, 20_666);
    // Exactly 1.1 and exactly 0.9 are within.
    check(&cpu(100), &observed(3, &[1_100, 1_100, 1_100]), 3, 110);
    check(&cpu(100), &observed(3, &[1_110, 1_110, 1_110]), 4, 111);
    check(&cpu(100), &observed(10, &[900; 10]), 10, 90);
    check(&cpu(100), &observed(10, &[890; 10]), 9, 89);
}

#[test]
fn each_direction_has_a_tolerance_of_its_own() {
    let rules = |tolerance| ScalingRules { tolerance: Some(tolerance), ..ScalingRules::default() };
    let behavior = Behavior { scale_up: rules(0.0), scale_down: rules(0.5) };
    let spec = HpaSpec { behavior: Some(behavior), ..HpaSpec::cpu(100, 1, 10) };
    let replicas = |milli: i64| {
        let seen = observed(3, &[milli; 3]);
        Sync::new(at(NOW), &spec, &seen).propose(&spec.metrics[0], &seen.readings[0]).map(|it| it.replicas)
    };
    assert_eq!([replicas(1_010), replicas(500), replicas(490)], [Ok(4), Ok(3), Ok(2)]);
}

#[test]
fn samples_of_unknown_pods_weigh_in_averages_only() {
    let mut seen = observed(4, &[4_000, 9_500, 3_000, 7_000]);
    if let Reading::Pods { strays_milli, .. } = &mut seen.readings[0] {
        *strays_milli = alloc::vec![3_200, 2_000];
    }
    check(&cpu(100), &seen, 24, 587);
    check(&pods_metric(1_000), &seen, 20, 4_783);
}

#[test]
fn missing_samples_hold_a_change_back() {
    check(&cpu(100), &lacking(4, &[400, 95], 4), 3, 24);
    check(&cpu(100), &lacking(2, &[1_000], 2), 2, 100);
    check(&cpu(100), &lacking(2, &[1_900], 2), 2, 190);
    check(&cpu(100), &lacking(2, &[600], 2), 2, 60);
    check(&cpu(50), &lacking(2, &[100, 100], 3), 2, 10);
}

#[test]
fn missing_and_unready_pods_add_up() {
    let seen = |milli: &[Option<i64>]| {
        let mut seen = observed(3, &[0; 3]);
        seen.readings = alloc::vec![samples(milli.iter().copied(), 1_000)];
        with_readiness(seen, &[F, T, T])
    };
    check(&cpu(50), &seen(&[Some(100), Some(450), None]), 3, 45);
    check(&cpu(50), &seen(&[Some(100), Some(2_000), None]), 4, 200);
    let mut four = lacking(4, &[100, 100, 100], 4);
    four.pods[0] = never_ready();
    check(&cpu(50), &four, 3, 10);
}

#[test]
fn above_a_hundred_percent_missing_pods_use_the_target() {
    // 100 % of the request would make (1 000 + 1 000) / 2 = 100 % of 200 %: one replica.
    check(&cpu(200), &lacking(2, &[1_000], 2), 2, 100);
    // 5 × 10 % and 5 × 200 % are 105 % of 200 %: ceil(0.525 × 10).
    check(&cpu(200), &lacking(10, &[100; 5], 10), 6, 10);
}

#[test]
fn averages_of_pods_know_no_readiness() {
    check(&pods_metric(15_000), &observed(3, &[20_000, 10_000, 30_000]), 4, 20_000);
    check(
        &pods_metric(15_000),
        &with_readiness(observed(3, &[50_000, 10_000, 30_000]), &[T, T, F]),
        6,
        30_000,
    );
    check(
        &pods_metric(15_000),
        &with_readiness(observed(3, &[50_000, 15_000, 30_000]), &[F, T, F]),
        7,
        31_666,
    );
    check(&pods_metric(20_000), &observed(5, &[12_000; 5]), 3, 12_000);
}

#[test]
fn an_average_of_a_resource_knows_readiness() {
    let metric = HpaMetric::ContainerResource {
        name: Resource::Cpu,
        container: "app".into(),
        target: ResourceTarget::AverageValueMilli(300),
    };
    check(&metric, &with_readiness(observed(3, &[300, 500, 700]), &[F, T, T]), 4, 600);
    let memory =
        HpaMetric::Resource { name: Resource::Memory, target: ResourceTarget::AverageValueMilli(300) };
    check(&memory, &with_readiness(observed(3, &[300, 500, 700]), &[F, T, T]), 5, 500);
}

fn total(replicas: u32, milli: i64, ready: &[bool]) -> Observation {
    let mut seen = with_readiness(observed(replicas, &alloc::vec![0; ready.len()]), ready);
    seen.readings = alloc::vec![Reading::Values(alloc::vec![milli])];
    seen
}

#[test]
fn a_value_scales_the_pods_that_are_ready() {
    let value = |milli| object(ValueTarget::ValueMilli(milli));
    check(&value(15_000), &total(3, 20_000, &[T; 3]), 4, 20_000);
    check(&value(10_000), &total(3, 50_000, &[F, T, F]), 5, 50_000);
    check(&value(4_400), &total(3, 8_600, &[F, T, F]), 2, 8_600);
    check(&value(20_000), &total(5, 12_000, &[T; 5]), 3, 12_000);
    check(&value(14_334), &total(5, 8_600, &[T; 5]), 3, 8_600);
    check(&value(20_000), &total(3, 20_666, &[T; 3]), 3, 20_666);
    check(&value(8_888), &total(3, 8_600, &[T; 3]), 3, 8_600);
    // From none, neither pods nor tolerance matter.
    check(&value(1_000), &total(0, 1_001, &[]), 2, 1_001);
}

#[test]
fn a_value_per_pod_needs_no_pods() {
    let average =
        |milli| HpaMetric::External { name: "qps".into(), target: ValueTarget::AverageValueMilli(milli) };
    check(&average(5_000), &total(3, 20_000, &[]), 4, 6_667);
    check(&average(2_150), &total(3, 8_600, &[]), 4, 2_867);
    check(&average(2_000), &total(5, 6_000, &[]), 3, 1_200);
    check(&average(2_867), &total(5, 8_600, &[]), 3, 1_720);
    check(&average(5_000), &total(4, 20_166, &[]), 4, 5_042);
    check(&average(2_900), &total(3, 8_600, &[]), 3, 2_867);
    check(&average(5_000), &total(0, 9_000, &[]), 2, 0);
}

#[test]
fn the_smallest_step_beyond_the_tolerance_is_taken() {
    // The regression case of the calculator's tests: 10 pods of 150 m, asking for 300 m give or take; target 56 %.
    let seen = || {
        let mut seen = observed(10, &[150; 10]);
        if let Reading::Pods { requests_milli, .. } = &mut seen.readings[0] {
            let asked = [400, 200, 310, 290, 302, 298, 301, 299, 300, 300];
            *requests_milli = asked.into_iter().map(Some).collect();
        }
        seen
    };
    check(&cpu(56), &seen(), 9, 50);
    check(&cpu(55), &seen(), 10, 50);
}

#[test]
fn what_cannot_be_computed_says_why() {
    let fails = |metric: &HpaMetric, seen: &Observation| propose(metric, seen).expect_err("nothing to go by");
    let mut nothing_asked = observed(1, &[100]);
    if let Reading::Pods { requests_milli, .. } = &mut nothing_asked.readings[0] {
        requests_milli.clear();
    }
    assert_eq!(fails(&cpu(100), &nothing_asked), MetricFailure::NoRequest);
    assert_eq!(propose(&pods_metric(100), &nothing_asked), Ok((1, 100)), "an average needs no request");
    assert_eq!(fails(&cpu(100), &lacking(4, &[], 3)), MetricFailure::Unavailable);
    assert_eq!(fails(&cpu(100), &with_readiness(observed(1, &[100]), &[F])), MetricFailure::NoSamples);
    let mut strangers = lacking(1, &[], 1);
    if let Reading::Pods { strays_milli, .. } = &mut strangers.readings[0] {
        strays_milli.push(100);
    }
    assert_eq!(fails(&cpu(100), &strangers), MetricFailure::NothingRequested);
    let value = object(ValueTarget::ValueMilli(1_000));
    assert_eq!(fails(&value, &total(3, 9_000, &[])), MetricFailure::NoPods);
    assert_eq!(fails(&value, &observed(3, &[1])), MetricFailure::WrongKind);
    assert_eq!(fails(&cpu(100), &total(3, 1, &[T])), MetricFailure::WrongKind);
}

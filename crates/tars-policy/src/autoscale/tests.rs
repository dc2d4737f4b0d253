//! Autoscaling, edge by edge.

use proptest::prelude::*;

use super::*;

const HOUR: Span = Span::from_secs(3_600);

fn at(seconds: u64) -> Time {
    Time::START + Span::from_secs(seconds)
}

fn queue(queue_depth: u32, agents_active: u32) -> Metrics {
    Metrics { queue_depth, queue_max: 100, agents_active, agents_idle: agents_active, ..Metrics::default() }
}

fn threshold(change: impl FnOnce(&mut ThresholdSpec)) -> Autoscaler {
    let mut spec = ThresholdSpec { pace: PaceSpec::default(), ..ThresholdSpec::default() };
    change(&mut spec);
    AutoscaleSpec::Threshold(spec).build().expect("a valid autoscaler")
}

#[track_caller]
fn check(scale: Scale, target_change: i32, reason: ScaleReason) {
    assert_eq!(scale, Scale { target_change, reason });
}

#[test]
fn a_share_equal_to_its_threshold_does_nothing() {
    let mut autoscaler = threshold(|_| {});
    check(autoscaler.decide(at(0), &queue(80, 7)), 0, ScaleReason::Within);
    check(autoscaler.decide(at(0), &queue(81, 7)), 2, ScaleReason::QueueHigh);
    check(autoscaler.decide(at(0), &queue(20, 7)), 0, ScaleReason::Within);
    check(autoscaler.decide(at(0), &queue(19, 7)), -1, ScaleReason::QueueLow);
}

#[test]
fn exact_bounds_cut_a_step_and_fill_up() {
    let mut autoscaler = threshold(|_| {});
    check(autoscaler.decide(at(0), &queue(90, 9)), 1, ScaleReason::QueueHigh);
    check(autoscaler.decide(at(0), &queue(90, 10)), 0, ScaleReason::AtMax);
    check(autoscaler.decide(at(0), &queue(0, 5)), 0, ScaleReason::AtMin);
    check(autoscaler.decide(at(0), &queue(0, 3)), 2, ScaleReason::BelowMin);
}

#[test]
fn the_printed_bounds_overshoot_by_one_and_never_fill_up() {
    let mut autoscaler = AutoscaleSpec::published_000().build().expect("a valid autoscaler");
    check(autoscaler.decide(at(0), &queue(90, 9)), 2, ScaleReason::QueueHigh);
    check(autoscaler.decide(at(0), &queue(0, 3)), 0, ScaleReason::AtMin);
    let starting = Metrics { agents_starting: 9, ..queue(90, 9) };
    check(autoscaler.decide(at(0), &starting), 2, ScaleReason::QueueHigh);
}

#[test]
fn agents_that_are_starting_count_unless_as_printed() {
    let starting = Metrics { agents_starting: 1, ..queue(90, 9) };
    check(threshold(|_| {}).decide(at(0), &starting), 0, ScaleReason::AtMax);
}

#[test]
fn a_full_heap_asks_for_agents_and_keeps_those_there_are() {
    let mut autoscaler = threshold(|spec| spec.heap_above = Some(0.7));
    let heap = |heap_share| Metrics { heap_share, ..queue(0, 7) };
    check(autoscaler.decide(at(0), &heap(0.71)), 2, ScaleReason::HeapHigh);
    check(autoscaler.decide(at(0), &heap(0.7)), -1, ScaleReason::QueueLow);
}

#[test]
fn only_idle_agents_are_retired() {
    let mut autoscaler = threshold(|spec| spec.step_down = 3);
    check(autoscaler.decide(at(0), &Metrics { agents_idle: 2, ..queue(0, 10) }), -2, ScaleReason::QueueLow);
    check(autoscaler.decide(at(0), &Metrics { agents_idle: 0, ..queue(0, 10) }), 0, ScaleReason::NoIdle);
}

#[test]
fn a_cooldown_ends_exactly_when_it_is_over() {
    let mut autoscaler = threshold(|spec| {
        (spec.pace.cooldown_up, spec.pace.cooldown_down) = (Span::from_secs(10), Span::from_secs(20));
    });
    check(autoscaler.decide(at(0), &queue(90, 5)), 2, ScaleReason::QueueHigh);
    check(autoscaler.decide(at(9), &queue(90, 7)), 0, ScaleReason::Cooldown);
    check(autoscaler.decide(at(10), &queue(90, 7)), 2, ScaleReason::QueueHigh);
    check(autoscaler.decide(at(29), &queue(0, 9)), 0, ScaleReason::Cooldown);
    check(autoscaler.decide(at(30), &queue(0, 9)), -1, ScaleReason::QueueLow);
    check(autoscaler.decide(at(31), &queue(0, 4)), 1, ScaleReason::BelowMin);
}

#[test]
fn the_spawn_rate_cuts_a_step_and_recovers_after_its_window() {
    let rate = SpawnRate { agents: 3, per: Span::from_secs(60) };
    let mut autoscaler = threshold(|spec| spec.pace.spawn_rate_limit = Some(rate));
    check(autoscaler.decide(at(0), &queue(90, 1)), 3, ScaleReason::SpawnRate);
    check(autoscaler.decide(at(59), &queue(90, 5)), 0, ScaleReason::SpawnRate);
    check(autoscaler.decide(at(60), &queue(90, 5)), 2, ScaleReason::QueueHigh);
    check(autoscaler.decide(at(61), &queue(90, 7)), 1, ScaleReason::SpawnRate);
}

#[test]
fn the_schedule_is_a_minimum_that_comes_and_goes() {
    let daily = Prewarm {
        at: Span::from_secs(100),
        lasts: Span::from_secs(50),
        every: Some(Span::from_secs(1_000)),
        agents: 8,
    };
    let mut autoscaler = threshold(|spec| {
        (spec.pace.prewarm, spec.pace.cooldown_up) = (alloc::vec![daily], Span::from_secs(10_000));
    });
    check(autoscaler.decide(at(99), &queue(50, 6)), 0, ScaleReason::Within);
    check(autoscaler.decide(at(100), &queue(50, 6)), 2, ScaleReason::Prewarm);
    check(
        autoscaler.decide(at(149), &Metrics { agents_starting: 2, ..queue(50, 5) }),
        1,
        ScaleReason::Prewarm,
    );
    check(autoscaler.decide(at(149), &queue(0, 8)), 0, ScaleReason::Prewarm);
    check(autoscaler.decide(at(150), &queue(0, 8)), -1, ScaleReason::QueueLow);
    check(autoscaler.decide(at(1_149), &queue(50, 7)), 1, ScaleReason::Prewarm);
}

#[test]
fn needed_agents_as_printed_drain_in_a_second() {
    let mut autoscaler = AutoscaleSpec::published_002().build().expect("a valid autoscaler");
    let seconds = |queue_depth, agents_active| Metrics {
        mean_processing: Span::from_millis(1_500),
        ..queue(queue_depth, agents_active)
    };
    check(autoscaler.decide(at(0), &seconds(14, 0)), 20, ScaleReason::NeededAgents);
    check(autoscaler.decide(at(0), &seconds(14, 20)), 0, ScaleReason::AtMax);
    check(autoscaler.decide(at(0), &seconds(0, 20)), -20, ScaleReason::NeededAgents);
    check(autoscaler.decide(at(0), &seconds(0, 0)), 0, ScaleReason::AtMin);
    check(autoscaler.decide(at(0), &queue(5, 0)), 0, ScaleReason::AtMin);
}

#[test]
fn needed_agents_carry_what_arrives_and_share_the_work() {
    let spec = NeededAgentsSpec { concurrency: 2, ..NeededAgentsSpec::default() };
    let mut autoscaler = AutoscaleSpec::NeededAgents(spec).build().expect("a valid autoscaler");
    // 10 a second of 2 s each are 10 agents of two; 60 waiting are drained in 30 s by 2 more.
    let metrics = Metrics {
        arrival_rate_per_s: 10.0,
        mean_processing: Span::from_secs(2),
        agents_starting: 1,
        ..queue(60, 8)
    };
    check(autoscaler.decide(at(0), &metrics), 3, ScaleReason::NeededAgents);
    let idle = Metrics { arrival_rate_per_s: 0.0, queue_depth: 0, ..metrics };
    check(autoscaler.decide(at(0), &idle), 0, ScaleReason::Cooldown);
    check(autoscaler.decide(at(300), &idle), -4, ScaleReason::NeededAgents);
}

#[test]
fn a_rule_of_the_callers_own_is_paced_too() {
    #[derive(Debug)]
    struct Greedy;
    impl AutoscaleRule for Greedy {
        fn wanted(&mut self, _: Time, _: &Metrics) -> Scale {
            Scale { target_change: 100, reason: ScaleReason::QueueHigh }
        }
    }
    let rate = SpawnRate { agents: 4, per: Span::from_secs(60) };
    let pace = PaceSpec { spawn_rate_limit: Some(rate), ..PaceSpec::default() };
    let mut autoscaler = Autoscaler::custom(Box::new(Greedy), &pace).expect("a valid pace");
    check(autoscaler.decide(at(0), &queue(0, 0)), 4, ScaleReason::SpawnRate);
}

fn hpa(metric: hpa::HpaMetric) -> Autoscaler {
    let spec = HpaSpec { min: 2, metrics: alloc::vec![metric], ..HpaSpec::default() };
    AutoscaleSpec::Hpa(HpaSpec { downscale_stabilization: Span::ZERO, ..spec }).build().expect("valid")
}

fn busy(percent: u32) -> hpa::HpaMetric {
    let target = hpa::ResourceTarget::AverageUtilizationPercent(percent);
    hpa::HpaMetric::Resource { name: hpa::Resource::Cpu, target }
}

#[test]
fn agents_are_pods_to_kubernetes() {
    let share = |busy_share, agents| Metrics { busy_share, ..queue(0, agents) };
    let mut rule = hpa(busy(50));
    check(rule.decide(at(0), &share(0.9, 4)), 4, ScaleReason::AboveTarget);
    check(rule.decide(at(14), &share(0.9, 8)), 0, ScaleReason::Cooldown);
    check(rule.decide(at(15), &share(0.9, 8)), 2, ScaleReason::AtMax);
    check(rule.decide(at(30), &share(0.52, 10)), 0, ScaleReason::Within);
    check(rule.decide(at(45), &share(0.2, 10)), -6, ScaleReason::BelowTarget);
    check(rule.decide(at(60), &share(0.1, 4)), -2, ScaleReason::AtMin);
    check(rule.decide(at(75), &Metrics { agents_idle: 0, ..share(0.1, 4) }), 0, ScaleReason::NoIdle);
    check(rule.decide(at(90), &share(0.0, 1)), 1, ScaleReason::BelowMin);
    check(rule.decide(at(105), &share(0.0, 0)), 0, ScaleReason::Disabled);
    check(rule.decide(at(120), &share(0.9, 12)), -2, ScaleReason::AboveMax);
}

#[test]
fn agents_that_are_starting_hold_kubernetes_back() {
    // 4 at 90 % of 50 % would be 8; with 3 that start and use nothing they are ceil(1.02 × 7): within tolerance.
    let seen = Metrics { busy_share: 0.9, agents_starting: 3, ..queue(0, 4) };
    check(hpa(busy(50)).decide(at(0), &seen), 0, ScaleReason::Within);
}

#[test]
fn the_queue_is_a_metric_to_kubernetes_and_what_is_unknown_is_missing() {
    let value = |name: &str| hpa::HpaMetric::External {
        name: name.into(),
        target: hpa::ValueTarget::AverageValueMilli(10_000),
    };
    check(hpa(value("queue_depth")).decide(at(0), &queue(55, 4)), 2, ScaleReason::AboveTarget);
    check(hpa(value("typo")).decide(at(0), &queue(55, 4)), 0, ScaleReason::MetricMissing);
    let each = hpa::HpaMetric::Pods { name: "queue_depth".into(), average_value_milli: 10_000 };
    check(hpa(each).decide(at(0), &queue(55, 4)), 2, ScaleReason::AboveTarget);
}

#[test]
fn the_time_of_day_sets_a_minimum() {
    let window = DailyWindow { from: HOUR, until: Span::from_secs(7_200), days: alloc::vec![], agents: 9 };
    let mut autoscaler = threshold(|spec| {
        spec.pace.daily = Some(DailySchedule { windows: alloc::vec![window], ..DailySchedule::default() });
    });
    check(autoscaler.decide(at(3_599), &queue(50, 6)), 0, ScaleReason::Within);
    check(autoscaler.decide(at(3_600), &queue(50, 6)), 3, ScaleReason::Prewarm);
    check(autoscaler.decide(at(7_200), &queue(50, 6)), 0, ScaleReason::Within);
}

#[test]
fn impossible_specifications_name_the_field() {
    let threshold = |change: fn(&mut ThresholdSpec)| {
        let mut spec = ThresholdSpec::default();
        change(&mut spec);
        AutoscaleSpec::Threshold(spec).validate().map_err(|error| error.field)
    };
    let needed = |change: fn(&mut NeededAgentsSpec)| {
        let mut spec = NeededAgentsSpec::default();
        change(&mut spec);
        AutoscaleSpec::NeededAgents(spec).validate().map_err(|error| error.field)
    };
    for (found, field) in [
        (threshold(|spec| spec.min = 11), "threshold.min"),
        (threshold(|spec| (spec.min, spec.max) = (0, 0)), "threshold.max"),
        (threshold(|spec| spec.scale_up_above = 1.1), "threshold.scale_up_above"),
        (threshold(|spec| spec.scale_down_below = 0.9), "threshold.scale_down_below"),
        (threshold(|spec| spec.step_up = 0), "threshold.step_up"),
        (threshold(|spec| spec.heap_above = Some(-0.1)), "threshold.heap_above"),
        (
            threshold(|spec| spec.pace.spawn_rate_limit = Some(SpawnRate { agents: 0, per: HOUR })),
            "threshold.pace.spawn_rate_limit.agents",
        ),
        (needed(|spec| spec.drain = Span::ZERO), "needed_agents.drain"),
        (needed(|spec| spec.concurrency = 0), "needed_agents.concurrency"),
        (
            needed(|spec| {
                let prewarm = Prewarm { at: HOUR, lasts: HOUR, every: Some(Span::ZERO), agents: 1 };
                spec.pace.prewarm = alloc::vec![prewarm];
            }),
            "needed_agents.pace.prewarm.0.every",
        ),
    ] {
        assert_eq!(found, Err(field.into()));
    }
}

/// The bounds that a specification promises to keep, and its spawn rate.
fn promises(spec: &AutoscaleSpec) -> (u32, u32, PaceSpec) {
    match spec {
        AutoscaleSpec::Threshold(spec) => {
            // As printed the last step may go past the maximum.
            let over = if spec.exact_bounds { 0 } else { spec.step_up - 1 };
            (spec.min, spec.max + over, spec.pace.clone())
        }
        AutoscaleSpec::NeededAgents(spec) => (spec.min, spec.max, spec.pace.clone()),
        AutoscaleSpec::Predictive(spec) => (spec.min, spec.max, spec.pace.clone()),
        AutoscaleSpec::Hpa(spec) => (spec.min, spec.max, PaceSpec::default()),
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 128, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn agents_stay_within_bounds_and_changes_keep_their_pace(
        steps in proptest::collection::vec((0_u64..400, 0_u32..120, 0.0..1.0, 0.0..1.0), 1..60)
    ) {
        for (name, spec) in AutoscaleSpec::examples() {
            assert_eq!((spec.min(), spec.build().is_ok()), (promises(&spec).0, true));
            let (min, max, pace) = promises(&spec);
            let mut autoscaler = spec.build().expect("a valid example");
            let (mut now, mut agents) = (Time::START, min);
            let mut spawned: Vec<(Time, u32)> = Vec::new();
            for &(gap, queue_depth, heap_share, idle_share) in &steps {
                now += Span::from_secs(gap);
                let agents_idle = ceil_share(idle_share, agents);
                let metrics = Metrics {
                    heap_share,
                    busy_share: 1.0 - idle_share,
                    arrival_rate_per_s: heap_share * 20.0,
                    agents_idle,
                    mean_processing: Span::from_millis(1_500),
                    ..queue(queue_depth, agents)
                };
                let scale = autoscaler.decide(now, &metrics);
                prop_assert!(scale.target_change >= -i32::try_from(agents_idle).expect("few"), "{} stops busy agents", name);
                agents = agents.checked_add_signed(scale.target_change).expect("never below none");
                prop_assert!(agents >= min, "{} goes below {}", name, min);
                prop_assert!(agents <= max.max(pace.floor(now)), "{} goes above {}: {:?}", name, max, scale);
                if let Some(rate) = pace.spawn_rate_limit {
                    spawned.push((now, u32::try_from(scale.target_change).unwrap_or(0)));
                    let recent = spawned.iter().filter(|(at, _)| now - *at < rate.per);
                    prop_assert!(recent.map(|(_, agents)| agents).sum::<u32>() <= rate.agents, "{} spawns too fast", name);
                }
            }
        }
    }
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a share of few agents")]
fn ceil_share(share: f64, agents: u32) -> u32 {
    libm::ceil(share * f64::from(agents)) as u32
}

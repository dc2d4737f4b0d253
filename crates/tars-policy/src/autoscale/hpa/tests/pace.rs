//! Windows, rates and bounds: the cases of the controller's own tests (`horizontal_test.go`), by their numbers.

use super::super::behavior::Rules;
use super::*;
use proptest::prelude::*;

const MINUTE: Span = Span::from_secs(60);
const TWO: Span = Span::from_secs(120);

fn pods(value: u32, period: Span) -> RatePolicy {
    RatePolicy::Pods { value, period }
}

fn percent(value: u32, period: Span) -> RatePolicy {
    RatePolicy::Percent { value, period }
}

fn rules(policies: &[RatePolicy]) -> ScalingRules {
    ScalingRules { policies: Some(policies.to_vec()), ..ScalingRules::default() }
}

fn hpa(min: u32, max: u32, behavior: impl Into<Option<Behavior>>) -> Hpa {
    // A wider range than is valid is asked for where the table does.
    Hpa::new(&HpaSpec { behavior: behavior.into(), ..HpaSpec::cpu(50, min, max) })
}

fn up(policies: &[RatePolicy]) -> Behavior {
    Behavior { scale_up: rules(policies), ..Behavior::default() }
}

fn down(policies: &[RatePolicy]) -> Behavior {
    Behavior { scale_down: rules(policies), ..Behavior::default() }
}

/// Records changes spread evenly over the last 120 s: each in the middle of its part.
fn spread(hpa: &mut Hpa, changes: &[i64], downwards: bool) {
    let everything = Rules::up(&rules(&[pods(1, Span::from_secs(1_800))]));
    let parts = u64::try_from(changes.len()).expect("few");
    for (part, &change) in (0_u64..).zip(changes) {
        let time = at(NOW - 120 + 60 / parts + part * 120 / parts);
        let (from, to) = if downwards { (change, 0) } else { (0, change) };
        hpa.changes.record(time, from, to, &everything, &everything);
    }
}

#[track_caller]
fn check(hpa: &Hpa, current: i64, wanted: i64, replicas: i64, limited: Limited) {
    let (found, cut) = hpa.limited(at(NOW), current, wanted);
    let cut = if found == wanted { Limited::DesiredWithinRange } else { cut };
    assert_eq!((found, cut), (replicas, limited));
}

#[test]
fn without_behavior_the_bounds_and_twice_the_replicas_limit() {
    check(&hpa(3, 8, None), 5, 7, 7, Limited::DesiredWithinRange);
    check(&hpa(2, 8, None), 3, 1, 2, Limited::TooFewReplicas);
    check(&hpa(0, 10, None), 1, 0, 0, Limited::DesiredWithinRange);
    check(&hpa(1, 10, None), 20, 1_000, 10, Limited::TooManyReplicas);
    check(&hpa(1, 2_000, None), 3, 1_000, 6, Limited::ScaleUpLimit);
    check(&hpa(1, 2_000, None), 1, 1_000, 4, Limited::ScaleUpLimit);
}

#[test]
fn the_default_behavior_doubles_or_adds_four() {
    let hpa = hpa(1, 1_000, Behavior::default());
    check(&hpa, 10, 50, 20, Limited::ScaleUpLimit);
    check(&hpa, 1, 50, 5, Limited::ScaleUpLimit);
    check(&hpa, 100, 1, 1, Limited::DesiredWithinRange);
    check(&hpa, 10, 10, 10, Limited::DesiredWithinRange);
}

#[test]
fn the_larger_policy_decides_upwards() {
    let cases: [(&[RatePolicy], i64, Limited); 5] = [
        (&[pods(100, MINUTE), percent(100, MINUTE)], 110, Limited::ScaleUpLimit),
        (&[pods(2, MINUTE), percent(100, MINUTE)], 20, Limited::ScaleUpLimit),
        (&[pods(10_000, MINUTE)], 500, Limited::DesiredWithinRange),
        (&[pods(30, MINUTE)], 40, Limited::ScaleUpLimit),
        (&[percent(200, MINUTE)], 30, Limited::ScaleUpLimit),
    ];
    for (policies, replicas, limited) in cases {
        check(&hpa(1, 1_000, up(policies)), 10, 500, replicas, limited);
    }
    // A percentage is rounded up, so that it is never nothing.
    check(&hpa(1, 2_000, up(&[percent(1, MINUTE)])), 3, 1_000, 4, Limited::ScaleUpLimit);
}

#[test]
fn the_larger_policy_decides_downwards() {
    check(&hpa(3, 2_000, down(&[pods(20, MINUTE)])), 1_000, 3, 980, Limited::ScaleDownLimit);
    check(&hpa(1, 1_000, down(&[pods(20, MINUTE), percent(1, MINUTE)])), 100, 2, 80, Limited::ScaleDownLimit);
    check(&hpa(1, 1_000, down(&[pods(2, MINUTE), percent(1, MINUTE)])), 100, 2, 98, Limited::ScaleDownLimit);
    check(&hpa(1, 1_000, down(&[pods(100, MINUTE)])), 10, 0, 1, Limited::TooFewReplicas);
    check(&hpa(5, 1_000, down(&[percent(100, MINUTE)])), 10, 2, 5, Limited::TooFewReplicas);
    check(&hpa(1, 1_000, down(&[pods(5, MINUTE)])), 10, 2, 5, Limited::ScaleDownLimit);
    check(&hpa(1, 1_000, down(&[percent(50, MINUTE)])), 10, 5, 5, Limited::DesiredWithinRange);
}

#[test]
fn the_smaller_policy_decides_where_it_is_told_to() {
    let smaller =
        ScalingRules { select_policy: SelectPolicy::Min, ..rules(&[pods(2, MINUTE), percent(50, MINUTE)]) };
    let behavior = Behavior { scale_up: smaller.clone(), scale_down: smaller };
    check(&hpa(1, 10, behavior.clone()), 1, 9, 2, Limited::ScaleUpLimit);
    check(&hpa(1, 10, behavior), 5, 1, 3, Limited::ScaleDownLimit);
}

#[test]
fn a_disabled_direction_does_not_move() {
    let never = ScalingRules { select_policy: SelectPolicy::Disabled, ..ScalingRules::default() };
    let hpa = hpa(1, 10, Behavior { scale_up: never.clone(), scale_down: never });
    check(&hpa, 5, 9, 5, Limited::ScaleUpLimit);
    check(&hpa, 5, 1, 5, Limited::ScaleDownLimit);
}

#[test]
fn recent_additions_count_against_the_way_up() {
    let cases: [(u32, RatePolicy, i64, Limited); 5] = [
        (200, pods(300, MINUTE), 200, Limited::TooManyReplicas),
        (200, percent(10_000, MINUTE), 200, Limited::TooManyReplicas),
        (1_000, pods(5, TWO), 100, Limited::ScaleUpLimit),
        (1_000, pods(150, TWO), 235, Limited::ScaleUpLimit),
        (1_000, percent(200, TWO), 255, Limited::ScaleUpLimit),
    ];
    for (max, policy, replicas, limited) in cases {
        let mut hpa = hpa(1, max, up(&[policy]));
        spread(&mut hpa, &[1, 5, 9], false);
        check(&hpa, 100, 500, replicas, limited);
    }
    let mut both = hpa(1, 1_000, up(&[percent(300, Span::from_secs(300))]));
    spread(&mut both, &[4], false);
    spread(&mut both, &[2], true);
    check(&both, 6, 24, 16, Limited::ScaleUpLimit);
}

#[test]
fn recent_removals_count_against_the_way_down() {
    /// What was removed, the minimum, the policy, the present and the wanted number; what comes of it.
    type Case<'a> = (&'a [i64], u32, RatePolicy, (i64, i64), i64, Limited);
    let cases: [Case; 7] = [
        (&[1, 5, 9], 1, pods(115, TWO), (100, 0), 1, Limited::TooFewReplicas),
        (&[1, 5, 9], 5, pods(130, TWO), (100, 0), 5, Limited::TooFewReplicas),
        (&[1, 5, 9], 5, percent(100, TWO), (100, 2), 5, Limited::TooFewReplicas),
        (&[1, 5, 9], 1, pods(5, TWO), (100, 2), 100, Limited::ScaleDownLimit),
        (&[2, 4, 6], 1, percent(50, TWO), (100, 0), 56, Limited::ScaleDownLimit),
        (&[10, 10, 10], 1, percent(10, TWO), (100, 0), 100, Limited::ScaleDownLimit),
        (&[10, 10, 10], 1, percent(1_000, TWO), (10, 5), 5, Limited::DesiredWithinRange),
    ];
    for (removed, min, policy, (current, wanted), replicas, limited) in cases {
        let mut hpa = hpa(min, 1_000, down(&[policy]));
        spread(&mut hpa, removed, true);
        check(&hpa, current, wanted, replicas, limited);
    }
    let mut both = hpa(1, 1_000, down(&[percent(50, Span::from_secs(180))]));
    spread(&mut both, &[2], false);
    spread(&mut both, &[4], true);
    check(&both, 10, 1, 6, Limited::ScaleDownLimit);
}

#[test]
fn a_change_exactly_a_period_old_no_longer_counts() {
    let mut hpa = hpa(1, 100, up(&[pods(4, MINUTE)]));
    hpa.rescaled(at(NOW - 60), 10, 14);
    check(&hpa, 14, 30, 18, Limited::ScaleUpLimit);
    hpa.rescaled(at(NOW - 59), 14, 15);
    check(&hpa, 15, 30, 18, Limited::ScaleUpLimit);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_window_of_a_policy_ever_sees_more_than_it_allows(
        steps in proptest::collection::vec((1_u64..90, 0_i64..4_000), 1..80)
    ) {
        let behavior = Behavior {
            scale_up: rules(&[pods(3, MINUTE)]),
            scale_down: ScalingRules { stabilization_window: Some(TWO), ..rules(&[pods(2, MINUTE)]) },
        };
        let mut hpa = hpa(2, 40, behavior);
        let (mut now, mut replicas) = (at(NOW), 10_u32);
        let mut history: Vec<(Time, u32)> = alloc::vec![(now, replicas)];
        for (gap, milli) in steps {
            now += Span::from_secs(gap);
            let decision = hpa.sync(now, &observed(replicas, &alloc::vec![milli; replicas as usize]));
            prop_assert!((2..=40).contains(&decision.replicas));
            prop_assert_eq!(decision.rescaled, decision.replicas != replicas);
            if decision.rescaled {
                // Only replicas that were asked for lately can be told from those of a minute ago.
                let before = history.iter().rev().find(|(at, _)| *at + MINUTE <= now).or(history.first());
                let start = before.expect("the first stays").1;
                prop_assert!(decision.replicas <= start.max(replicas) + 3, "{} from {start}", decision.replicas);
                prop_assert!(decision.replicas + 2 >= start.min(replicas), "{} from {start}", decision.replicas);
                if decision.replicas < replicas {
                    let held = decision.stabilized.expect("metrics were looked at");
                    prop_assert!(decision.replicas >= held, "below every recent proposal");
                }
                replicas = decision.replicas;
                history.push((now, replicas));
            }
        }
    }
}

use super::*;
use proptest::prelude::*;

fn loads(loads: &[u32]) -> Vec<Candidate> {
    (0..).zip(loads).map(|(id, load)| Candidate::new(id, *load, 10)).collect()
}

fn weighted(weights: &[u32]) -> Vec<Candidate> {
    (0..)
        .zip(weights)
        .map(|(id, weight)| Candidate { weight: *weight, ..Candidate::new(id, 0, 10) })
        .collect()
}

fn picks(spec: &BalanceSpec, candidates: &[Candidate], count: usize) -> Vec<usize> {
    let mut balance = spec.build().unwrap();
    (0..count).filter_map(|_| balance.pick(candidates, 0, 0.0)).collect()
}

#[test]
fn round_robin_goes_around_and_passes_over_the_full_and_the_down() {
    assert_eq!(picks(&BalanceSpec::RoundRobin, &loads(&[0, 0, 0]), 5), [0, 1, 2, 0, 1]);
    let mut some = loads(&[0, 10, 0, 0]);
    some[2].up = false;
    assert_eq!(picks(&BalanceSpec::RoundRobin, &some, 4), [0, 3, 0, 3]);
    assert!(picks(&BalanceSpec::RoundRobin, &loads(&[10, 10]), 3).is_empty());
}

#[test]
fn smooth_weights_spread_the_heavy_one_out() {
    assert_eq!(picks(&BalanceSpec::Weighted, &weighted(&[5, 1, 1]), 7), [0, 0, 1, 0, 2, 0, 0]);
    assert_eq!(picks(&BalanceSpec::Weighted, &weighted(&[0, 1]), 3), [1, 1, 1]);
}

#[test]
fn smooth_weights_follow_those_that_stay() {
    let mut balance = BalanceSpec::Weighted.build().unwrap();
    let all = weighted(&[1, 1, 1]);
    assert_eq!(balance.pick(&all, 0, 0.0), Some(0));
    // Without the first, which has spent its turn, the other two go on in order.
    assert_eq!(balance.pick(&all[1..], 0, 0.0), Some(0));
    assert_eq!(balance.pick(&all[1..], 0, 0.0), Some(1));
}

#[test]
fn the_least_loaded_is_picked_and_a_tie_goes_to_the_lowest_index() {
    assert_eq!(picks(&BalanceSpec::LeastLoaded, &loads(&[3, 2, 2]), 1), [1]);
    assert_eq!(picks(&BalanceSpec::LeastLoaded, &loads(&[3, 0, 0]), 1), [1]);
    let mut heavy = loads(&[2, 3]);
    heavy[1].weight = 2;
    assert_eq!(picks(&BalanceSpec::LeastLoaded, &heavy, 1), [1], "3 of weight 2 is less than 2 of weight 1");
}

#[test]
fn two_choices_takes_the_lighter_of_the_two_it_draws() {
    let mut balance = BalanceSpec::TwoChoices.build().unwrap();
    let candidates = loads(&[5, 1, 3]);
    // 0.0 draws the first and the second, 0.4 the second and the third, 0.9 the third and the second.
    assert_eq!(balance.pick(&candidates, 0, 0.0), Some(1));
    assert_eq!(balance.pick(&candidates, 0, 0.2), Some(2), "the first and the third");
    assert_eq!(balance.pick(&candidates, 0, 0.4), Some(1));
    assert_eq!(balance.pick(&candidates[..1], 0, 0.9), Some(0));
}

#[test]
fn two_choices_draws_every_pair_equally_often() {
    let candidates = loads(&[0, 1, 2]);
    let mut balance = BalanceSpec::TwoChoices.build().unwrap();
    let draws = 6_000_u32;
    let mut counts = [0_u32; 3];
    for n in 0..draws {
        let draw = (f64::from(n) + 0.5) / f64::from(draws);
        counts[balance.pick(&candidates, 0, draw).unwrap()] += 1;
    }
    // Of three pairs, two hold the lightest, one the middle, none has the heaviest as its lighter.
    assert_eq!(counts, [4_000, 2_000, 0]);
}

#[test]
fn a_key_keeps_its_place_when_others_leave() {
    let candidates = loads(&[0; 8]);
    let mut balance = BalanceSpec::Rendezvous { replicas: 1, bound: None }.build().unwrap();
    for key in 0..500 {
        let home = balance.pick(&candidates, key, 0.0).unwrap();
        let leaver = (home + 1) % candidates.len();
        let mut fewer = candidates.clone();
        fewer.remove(leaver);
        let found = balance.pick(&fewer, key, 0.0).unwrap();
        assert_eq!(fewer[found].id, candidates[home].id);
    }
}

#[test]
fn keys_spread_evenly() {
    let candidates = loads(&[0; 8]);
    let mut balance = BalanceSpec::Rendezvous { replicas: 1, bound: None }.build().unwrap();
    let mut counts = [0_u32; 8];
    for key in 0..8_000 {
        counts[balance.pick(&candidates, key, 0.0).unwrap()] += 1;
    }
    // 1,000 each with a standard deviation of 30.
    assert!(counts.iter().all(|count| (850..=1_150).contains(count)), "{counts:?}");
}

#[test]
fn the_lighter_replica_serves_and_failover_goes_to_the_next_score() {
    let mut candidates = loads(&[0; 6]);
    let order = |key| {
        let mut ids: Vec<usize> = (0..6).collect();
        ids.sort_by_key(|id| core::cmp::Reverse(score(key, u32::try_from(*id).unwrap())));
        ids
    };
    let best = order(77);
    let mut balance = BalanceSpec::Rendezvous { replicas: 2, bound: None }.build().unwrap();
    assert_eq!(balance.pick(&candidates, 77, 0.0), Some(best[0]));
    candidates[best[0]].load = 1;
    assert_eq!(balance.pick(&candidates, 77, 0.0), Some(best[1]));
    candidates[best[0]].load = 10;
    candidates[best[1]].load = 10;
    assert_eq!(balance.pick(&candidates, 77, 0.0), Some(best[2]), "both replicas are full");
    candidates[best[0]].up = false;
    candidates[best[2]].load = 5;
    assert_eq!(balance.pick(&candidates, 77, 0.0), Some(best[2]), "a replica moves up for one that is down");
}

#[test]
fn bounded_loads_send_one_hot_key_elsewhere() {
    let mut candidates = loads(&[0; 4]);
    let mut balance = BalanceSpec::Rendezvous { replicas: 1, bound: Some(1.25) }.build().unwrap();
    for sent in 1..=20_u32 {
        let index = balance.pick(&candidates, 42, 0.0).unwrap();
        candidates[index].load += 1;
        let most = (1.25 * f64::from(sent) / 4.0).ceil();
        assert!(f64::from(candidates[index].load) <= most, "after {sent}: {candidates:?}");
    }
}

#[test]
fn scores_are_the_same_for_ever() {
    // From an independent implementation that also gives SplitMix64's first output for seed 0, 0xe220a8397b1dcdaf.
    assert_eq!(score(0, 0), 0x4821_8226_ff3c_d4bf);
    assert_eq!(score(77, 5), 0x4b1e_f9be_6d07_d0b2);
}

#[test]
fn weighted_scores_are_those_of_the_logarithmic_method() {
    // From an independent implementation.
    let expected =
        [12.002_651_525_786_1, 1.158_090_839_970_789_4, 12.503_633_629_665_837, 1.831_436_318_381_478];
    for (id, expected) in (0..).zip(expected) {
        let score = weighted_score(77, id, id + 1);
        assert!((score / expected - 1.0).abs() < 1e-12, "{id}: {score}");
    }
    let candidates = weighted(&[1, 2, 3, 4]);
    let mut balance = BalanceSpec::Rendezvous { replicas: 1, bound: None }.build().unwrap();
    let homes: Vec<usize> = (0..40).filter_map(|key| balance.pick(&candidates, key, 0.0)).collect();
    assert_eq!(
        homes,
        [
            2, 2, 2, 3, 2, 2, 2, 1, 1, 3, 3, 1, 3, 2, 3, 2, 1, 3, 2, 3, 2, 2, 3, 2, 2, 3, 2, 2, 3, 1, 3, 1,
            3, 2, 2, 2, 1, 2, 3, 3
        ]
    );
}

#[test]
fn a_candidate_is_home_to_its_share_of_the_weights() {
    let candidates = weighted(&[1, 2, 5]);
    let mut balance = BalanceSpec::Rendezvous { replicas: 1, bound: None }.build().unwrap();
    let mut counts = [0_u32; 3];
    for key in 0..8_000 {
        counts[balance.pick(&candidates, key, 0.0).unwrap()] += 1;
    }
    // 1,000, 2,000 and 5,000 with standard deviations of 30, 39 and 43.
    let near = |count: u32, expected: u32| count.abs_diff(expected) < 160;
    assert!(near(counts[0], 1_000) && near(counts[1], 2_000) && near(counts[2], 5_000), "{counts:?}");
}

#[test]
fn bounded_loads_place_each_ball_as_the_paper_does() {
    // From an independent implementation: ⌈1.25 · balls / bins⌉ of the balls so far, the new one included.
    let expected = [
        2, 4, 3, 1, 2, 0, 4, 1, 2, 3, 1, 4, 2, 4, 1, 3, 2, 1, 4, 0, 2, 1, 4, 3, 1, 2, 0, 4, 2, 4, 3, 1, 2, 0,
        4, 1, 2, 3, 1, 4,
    ];
    let mut candidates: Vec<Candidate> = (0..5).map(|id| Candidate::new(id, 0, 100)).collect();
    let mut balance = BalanceSpec::Rendezvous { replicas: 1, bound: Some(1.25) }.build().unwrap();
    for (ball, expected) in (0_u64..).zip(expected) {
        let bin = balance.pick(&candidates, ball % 7, 0.0).unwrap();
        assert_eq!(bin, expected, "ball {ball}");
        candidates[bin].load += 1;
    }
}

#[test]
fn a_bound_that_is_a_whole_number_is_not_rounded_up_past_itself() {
    // 1.2 times 5 balls over 3 bins are exactly 2.
    let mut candidates = vec![Candidate::new(0, 2, 10), Candidate::new(1, 2, 10), Candidate::new(2, 0, 10)];
    let mut balance = BalanceSpec::Rendezvous { replicas: 1, bound: Some(1.2) }.build().unwrap();
    assert!((0..100).all(|key| balance.pick(&candidates, key, 0.0) == Some(2)));
    candidates[2].load = 1;
    assert!(
        (0..100).any(|key| balance.pick(&candidates, key, 0.0) != Some(2)),
        "six balls: 2.4, rounded up to 3"
    );
}

#[test]
fn what_a_balancer_of_ones_own_picks_is_checked() {
    #[derive(Debug)]
    struct Always(usize);
    impl BalancePolicy for Always {
        fn pick(&mut self, _: &[Candidate], _: u64, _: f64) -> Option<usize> {
            Some(self.0)
        }
    }
    let candidates = loads(&[0, 10]);
    for (index, expected) in [(0, Some(0)), (1, None), (2, None)] {
        assert_eq!(Balance::Custom(Box::new(Always(index))).pick(&candidates, 0, 0.0), expected);
    }
}

#[test]
fn impossible_balancers_are_named() {
    for (spec, field) in [
        (BalanceSpec::Rendezvous { replicas: 0, bound: None }, "rendezvous.replicas"),
        (BalanceSpec::Rendezvous { replicas: 9, bound: None }, "rendezvous.replicas"),
        (BalanceSpec::Rendezvous { replicas: 1, bound: Some(0.9) }, "rendezvous.bound"),
        (BalanceSpec::Rendezvous { replicas: 1, bound: Some(f64::NAN) }, "rendezvous.bound"),
    ] {
        assert_eq!(spec.validate().unwrap_err().field, field);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_pick_has_room_and_somebody_is_picked_if_anybody_has(
        which in 0..BalanceSpec::examples().len(),
        states in prop::collection::vec((0..6_u32, 1..6_u32, 1..4_u32, any::<bool>()), 0..20),
        asks in prop::collection::vec((any::<u64>(), 0.0..1.0), 1..20),
    ) {
        let (_, spec) = BalanceSpec::examples().swap_remove(which);
        let mut balance = spec.build().unwrap();
        let mut candidates: Vec<Candidate> = (0..)
            .zip(states)
            .map(|(id, (load, capacity, weight, up))| Candidate { id, load: load.min(capacity), capacity, weight, up })
            .collect();
        for (key, draw) in asks {
            let open = candidates.iter().any(Candidate::has_room);
            let pick = balance.pick(&candidates, key, draw);
            prop_assert_eq!(pick.is_some(), open);
            if let Some(index) = pick {
                prop_assert!(candidates[index].has_room());
                candidates[index].load += 1;
            }
        }
    }

    #[test]
    fn knowing_the_least_load_changes_no_pick(
        which in 0..BalanceSpec::examples().len(),
        states in prop::collection::vec((0..6_u32, any::<bool>()), 1..20), capacity in 1..6_u32,
        below in 0..2_u32, key in any::<u64>(), draw in 0.0..1.0,
    ) {
        let (_, spec) = BalanceSpec::examples().swap_remove(which);
        let candidates: Vec<Candidate> = (0..)
            .zip(states)
            .map(|(id, (load, up))| Candidate { up, ..Candidate::new(id, load.min(capacity), capacity) })
            .collect();
        let least = candidates.iter().map(|one| one.load).min().unwrap().saturating_sub(below);
        let known = spec.build().unwrap().pick_alike(&candidates, key, draw, least);
        prop_assert_eq!(known, spec.build().unwrap().pick(&candidates, key, draw));
    }

    /// Minimal disruption: who leaves takes only its own keys along, who comes or grows takes keys only to itself.
    #[test]
    fn keys_move_only_from_who_leaves_and_only_to_who_grows(
        weights in prop::collection::vec(1_u32..9, 2..9), changed in any::<prop::sample::Index>(), key in any::<u64>(),
    ) {
        let mut balance = BalanceSpec::Rendezvous { replicas: 1, bound: None }.build().unwrap();
        let before = weighted(&weights);
        let changed = changed.index(before.len());
        let home = balance.pick(&before, key, 0.0).unwrap();
        let mut heavier = before.clone();
        heavier[changed].weight *= 2;
        let moved = balance.pick(&heavier, key, 0.0).unwrap();
        prop_assert!(moved == home || moved == changed);
        let mut fewer = before.clone();
        fewer.remove(changed);
        let left = fewer[balance.pick(&fewer, key, 0.0).unwrap()].id;
        prop_assert!(left == before[home].id || home == changed);
    }

    /// No pick takes anybody past the bound while somebody is below it.
    #[test]
    fn nobody_is_loaded_past_the_bound(
        bins in 1_u32..9, bound in 1.0..3.0, keys in prop::collection::vec(0_u64..5, 1..120),
    ) {
        let mut candidates: Vec<Candidate> = (0..bins).map(|id| Candidate::new(id, 0, 1_000)).collect();
        let mut balance = BalanceSpec::Rendezvous { replicas: 1, bound: Some(bound) }.build().unwrap();
        for (sent, key) in (1_u32..).zip(keys) {
            let index = balance.pick(&candidates, key, 0.0).unwrap();
            candidates[index].load += 1;
            let most = libm::ceil(bound * f64::from(sent) / f64::from(bins));
            prop_assert!(f64::from(candidates[index].load) <= most);
        }
    }
}

use super::*;
use proptest::prelude::*;

type Of = Coalescer<u32, u32>;

fn at(secs: u64) -> Time {
    Time::START + Span::from_secs(secs)
}

fn built(spec: &CoalesceSpec) -> Of {
    spec.build().unwrap()
}

/// One who leads and some who follow, all at 0 s, of key 7.
fn flight(spec: &CoalesceSpec, followers: core::ops::RangeInclusive<u32>) -> Of {
    let mut coalescer = built(spec);
    let late_at = spec.leader_timeout.map(|span| Time::START + span);
    assert_eq!(coalescer.request(at(0), 7, 1), Part::Leads { late_at });
    for caller in followers {
        assert_eq!(coalescer.request(at(0), 7, caller), Part::Follows { leader: 1 });
    }
    coalescer
}

fn handed(leader: u32, late_at: Option<Time>) -> Handed<u32> {
    Handed { leader, late_at }
}

#[test]
fn all_who_ask_meanwhile_get_the_one_result_in_order() {
    for outcome in [FlightOutcome::Success, FlightOutcome::Failure] {
        let mut coalescer = flight(&CoalesceSpec::default(), 2..=4);
        assert_eq!(coalescer.end(at(1), &7, &2, outcome), Ended::NotLeading);
        assert_eq!(coalescer.end(at(1), &7, &1, outcome), Ended::Shared { followers: vec![2, 3, 4] });
        assert_eq!(coalescer.request(at(1), 7, 5), Part::Leads { late_at: None }, "no result is kept");
    }
}

#[test]
fn other_keys_fly_by_themselves() {
    let mut coalescer = flight(&CoalesceSpec::default(), 2..=2);
    assert_eq!(coalescer.request(at(0), 8, 9), Part::Leads { late_at: None });
    assert_eq!((coalescer.flights(), coalescer.callers()), (2, 3));
}

#[test]
fn a_failure_is_retried_by_followers_so_many_times_and_then_shared() {
    let spec = CoalesceSpec { on_failure: OnFailure::Retry { times_max: 2 }, ..CoalesceSpec::default() };
    let mut coalescer = flight(&spec, 2..=5);
    let fail = |coalescer: &mut Of, caller| coalescer.end(at(1), &7, &caller, FlightOutcome::Failure);
    assert_eq!(fail(&mut coalescer, 1), Ended::HandedOn(handed(2, None)));
    assert_eq!(fail(&mut coalescer, 2), Ended::HandedOn(handed(3, None)));
    assert_eq!(fail(&mut coalescer, 3), Ended::Shared { followers: vec![4, 5] });
    assert_eq!(coalescer.flights(), 0);
}

#[test]
fn a_failure_without_followers_ends_the_flight_even_where_it_could_be_retried() {
    let spec = CoalesceSpec { on_failure: OnFailure::Retry { times_max: 2 }, ..CoalesceSpec::default() };
    let mut coalescer = flight(&spec, 2..=2);
    assert_eq!(coalescer.leave(at(0), &7, &2), Departed::Followed);
    assert_eq!(coalescer.end(at(1), &7, &1, FlightOutcome::Failure), Ended::Shared { followers: vec![] });
}

#[test]
fn a_late_leader_is_deposed_at_its_timeout_and_its_result_is_its_own() {
    let spec = CoalesceSpec { leader_timeout: Some(Span::from_secs(10)), ..CoalesceSpec::default() };
    let mut coalescer = flight(&spec, 2..=3);
    assert_eq!(coalescer.next_late(), Some(at(10)));
    assert_eq!(coalescer.take_late(Time::from_nanos(at(10).as_nanos() - 1)), None);
    let late = coalescer.take_late(at(10)).unwrap();
    assert_eq!((late.deposed, late.handed), (1, Some(handed(2, Some(at(20))))));
    assert_eq!(coalescer.take_late(at(10)), None);
    assert_eq!(coalescer.end(at(11), &7, &1, FlightOutcome::Success), Ended::NotLeading);
    assert_eq!(coalescer.end(at(12), &7, &2, FlightOutcome::Success), Ended::Shared { followers: vec![3] });
    assert_eq!(coalescer.next_late(), None);
}

#[test]
fn a_late_leader_without_followers_is_forgotten() {
    let spec = CoalesceSpec { leader_timeout: Some(Span::from_secs(10)), ..CoalesceSpec::default() };
    let mut coalescer = flight(&spec, 2..=2);
    assert_eq!(coalescer.leave(at(3), &7, &2), Departed::Followed);
    assert_eq!(coalescer.take_late(at(10)), Some(Late { key: 7, deposed: 1, handed: None }));
    assert_eq!((coalescer.flights(), coalescer.next_late()), (0, None));
}

#[test]
fn a_leader_that_leaves_hands_on_and_others_just_go() {
    let mut coalescer = flight(&CoalesceSpec::default(), 2..=3);
    assert_eq!(coalescer.leave(at(0), &7, &3), Departed::Followed);
    assert_eq!(coalescer.leave(at(0), &7, &3), Departed::Unknown);
    assert_eq!(coalescer.leave(at(0), &7, &1), Departed::HandedOn(handed(2, None)));
    assert_eq!(coalescer.leave(at(0), &7, &2), Departed::Abandoned);
    assert_eq!(coalescer.leave(at(0), &7, &2), Departed::Unknown);
}

#[test]
fn too_many_followers_make_the_call_by_themselves() {
    let spec = CoalesceSpec { followers_max: Some(1), ..CoalesceSpec::default() };
    let mut coalescer = flight(&spec, 2..=2);
    assert_eq!(coalescer.request(at(0), 7, 3), Part::Alone);
    assert_eq!(coalescer.end(at(0), &7, &3, FlightOutcome::Failure), Ended::NotLeading);
    assert_eq!(coalescer.leave(at(0), &7, &2), Departed::Followed);
    assert_eq!(coalescer.request(at(0), 7, 4), Part::Follows { leader: 1 });
}

#[test]
fn a_failure_is_remembered_up_to_its_end_and_a_success_is_not() {
    let spec = CoalesceSpec { failure_ttl: Some(Span::from_secs(5)), ..CoalesceSpec::default() };
    let mut coalescer = flight(&spec, 2..=2);
    assert_eq!(coalescer.end(at(1), &7, &1, FlightOutcome::Failure), Ended::Shared { followers: vec![2] });
    assert_eq!(coalescer.request(at(5), 7, 3), Part::Fails { until: at(6) });
    assert_eq!(coalescer.request(at(5), 8, 3), Part::Leads { late_at: None }, "another key did not fail");
    assert_eq!(coalescer.request(at(6), 7, 3), Part::Leads { late_at: None });
    assert_eq!(coalescer.end(at(6), &7, &3, FlightOutcome::Success), Ended::Shared { followers: vec![] });
    assert_eq!(coalescer.request(at(6), 7, 4), Part::Leads { late_at: None });
}

#[test]
fn impossible_coalescing_is_named() {
    let good = CoalesceSpec::default();
    for (spec, field) in [
        (CoalesceSpec { followers_max: Some(0), ..good.clone() }, "followers_max"),
        (CoalesceSpec { leader_timeout: Some(Span::ZERO), ..good.clone() }, "leader_timeout"),
        (CoalesceSpec { failure_ttl: Some(Span::ZERO), ..good.clone() }, "failure_ttl"),
        (
            CoalesceSpec { on_failure: OnFailure::Retry { times_max: 0 }, ..good },
            "on_failure.retry.times_max",
        ),
    ] {
        assert_eq!(spec.validate().unwrap_err().field, field);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, failure_persistence: None, ..ProptestConfig::default() })]

    /// Each caller that has a part in a flight is told once how it ends; each flight has one leader at a time.
    #[test]
    fn nobody_is_forgotten_and_nobody_is_told_twice(
        which in 0..CoalesceSpec::examples().len(),
        steps in prop::collection::vec((0_u64..12, 0_u32..3, 0_u8..5), 1..120),
    ) {
        let (_, spec) = CoalesceSpec::examples().swap_remove(which);
        let mut coalescer = built(&spec);
        let mut leaders: BTreeMap<u32, u32> = BTreeMap::new();
        let mut present: BTreeMap<u32, u32> = BTreeMap::new();
        let mut now = Time::START;
        for (caller, &(gap, key, kind)) in (0_u32..).zip(&steps) {
            now += Span::from_secs(gap);
            while let Some(late) = coalescer.take_late(now) {
                prop_assert_eq!(leaders.remove(&late.key), Some(late.deposed));
                prop_assert_eq!(present.remove(&late.deposed), Some(late.key));
                leaders.extend(late.handed.map(|handed| (late.key, handed.leader)));
            }
            let leader = leaders.get(&key).copied();
            match (kind, leader) {
                (0 | 1, Some(leader)) => {
                    let outcome = if kind == 0 { FlightOutcome::Success } else { FlightOutcome::Failure };
                    present.remove(&leader);
                    leaders.remove(&key);
                    match coalescer.end(now, &key, &leader, outcome) {
                        Ended::Shared { followers } => {
                            for follower in followers {
                                prop_assert_eq!(present.remove(&follower), Some(key));
                            }
                            prop_assert!(present.values().all(|other| *other != key));
                        }
                        Ended::HandedOn(handed) => {
                            prop_assert_eq!(present.get(&handed.leader), Some(&key));
                            leaders.insert(key, handed.leader);
                        }
                        Ended::NotLeading => prop_assert!(false, "the leader leads"),
                    }
                }
                (2, Some(leader)) => {
                    present.remove(&leader);
                    leaders.remove(&key);
                    if let Departed::HandedOn(handed) = coalescer.leave(now, &key, &leader) {
                        leaders.insert(key, handed.leader);
                    }
                }
                (_, _) => match coalescer.request(now, key, caller) {
                    Part::Leads { .. } => {
                        prop_assert_eq!(leaders.insert(key, caller), None);
                        present.insert(caller, key);
                    }
                    Part::Follows { leader } => {
                        prop_assert_eq!(leaders.get(&key), Some(&leader));
                        present.insert(caller, key);
                    }
                    Part::Alone => prop_assert!(spec.followers_max.is_some()),
                    Part::Fails { until } => prop_assert!(until > now),
                },
            }
            prop_assert_eq!(coalescer.flights(), leaders.len());
            prop_assert_eq!(coalescer.callers(), present.len());
        }
    }
}

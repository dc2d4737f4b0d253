use super::*;
use alloc::vec;
use proptest::prelude::*;

fn at(seconds: u64) -> Time {
    Time::START + Span::from_secs(seconds)
}

const FIRST: GroupId = GroupId::new(0);

fn agents(count: u32, concurrency: u32) -> PoolSpec {
    PoolSpec::of(GroupSpec { concurrency, ..GroupSpec::new("agent", count) })
}

fn filled(spec: &PoolSpec) -> Pool {
    let mut pool = spec.build().unwrap();
    assert_eq!(pool.start_full(at(0), AtStart::Idle), []);
    pool
}

#[track_caller]
fn pick(pool: &mut Pool, now: Time) -> AgentId {
    pool.pick(now, FIRST, 0, 0.0).expect("an agent has room")
}

#[track_caller]
fn counts(pool: &Pool, starting: u32, idle: u32, busy: u32, draining: u32, dead: u32) {
    assert_eq!(pool.counts(FIRST), Counts { starting, idle, busy, draining, dead });
}

#[test]
fn an_agent_carries_as_many_tasks_as_its_concurrency() {
    let mut pool = filled(&agents(2, 2));
    let picked: Vec<u32> = (0..4).map(|_| pick(&mut pool, at(0)).slot()).collect();
    assert_eq!(picked, [0, 1, 0, 1]);
    assert_eq!(pool.pick(at(0), FIRST, 0, 0.0), None);
    assert_eq!(pool.free_slots(FIRST), 0);
    counts(&pool, 0, 0, 2, 0, 0);
}

#[test]
fn a_warm_start_takes_a_container_and_prepares_another() {
    let mut pool = filled(&PoolSpec { warm_pool: 1, ..agents(0, 1) });
    let warm = pool.spawn(at(1), FIRST);
    assert_eq!((warm.start, warm.ready_at), (Start::Warm, at(1) + Span::from_millis(200)));
    assert_eq!(warm.refill_at, Some(at(1) + Span::from_millis(2_500)));
    let cold = pool.spawn(at(1), FIRST);
    assert_eq!(
        (cold.start, cold.ready_at, cold.refill_at),
        (Start::Cold, at(1) + Span::from_millis(2_500), None)
    );
    pool.warm_ready();
    pool.warm_ready();
    assert_eq!(pool.warm_containers(), 1, "no more than asked for are kept");
    assert_eq!(pool.spawn(at(4), FIRST).start, Start::Warm);
}

#[test]
fn a_starting_agent_takes_no_work_until_it_is_ready() {
    let mut pool = agents(1, 1).build().unwrap();
    let starting = pool.start_full(at(0), AtStart::Starting);
    counts(&pool, 1, 0, 0, 0, 0);
    assert_eq!(pool.pick(at(1), FIRST, 0, 0.0), None);
    assert!(pool.ready(starting[0].ready_at, starting[0].agent));
    assert!(!pool.ready(starting[0].ready_at, starting[0].agent), "it is ready already");
    assert_eq!(pick(&mut pool, at(3)), starting[0].agent);
}

#[test]
fn the_longest_idle_leaves_first() {
    let mut pool = filled(&agents(3, 1));
    let (a, b, c) = (pick(&mut pool, at(0)), pick(&mut pool, at(0)), pick(&mut pool, at(0)));
    pool.release(at(2), a);
    pool.release(at(1), b);
    assert_eq!(pool.retire_one_idle(at(3), FIRST), Some(b));
    assert_eq!(pool.retire_idle(at(3), FIRST, 5), 1, "the third is busy");
    assert_eq!((pool.agent(a), pool.agent(c)), (None, Some((AgentState::Busy, 1))));
}

#[test]
fn a_draining_agent_leaves_after_its_last_task() {
    let mut pool = filled(&agents(1, 2));
    let agent = pick(&mut pool, at(0));
    pick(&mut pool, at(0));
    assert_eq!(pool.drain(at(1), agent), Drained::Draining);
    assert_eq!(pool.drain(at(1), agent), Drained::NotThere);
    counts(&pool, 0, 0, 0, 1, 0);
    assert_eq!(pool.release(at(2), agent).agent_left, None);
    assert_eq!(pool.pick(at(2), FIRST, 0, 0.0), None, "it takes no more work");
    assert_eq!(pool.release(at(3), agent).agent_left, Some(RetireReason::ScaledIn));
    assert_eq!(pool.total_agents(), 0);
}

#[test]
fn an_agent_idle_for_exactly_the_idle_ttl_leaves_down_to_the_minimum() {
    let group = GroupSpec { minimum: 1, ..GroupSpec::new("agent", 3) };
    let mut pool = filled(&PoolSpec { idle_ttl: Some(Span::from_secs(300)), ..PoolSpec::of(group) });
    let agent = pick(&mut pool, at(0));
    pool.release(at(10), agent);
    assert_eq!(pool.next_expiry(at(10)), Some(at(300)));
    assert_eq!(pool.expire(Time::from_nanos(at(300).as_nanos() - 1)), []);
    let left: Vec<u32> = pool.expire(at(300)).iter().map(|retired| retired.agent.slot()).collect();
    assert_eq!(left, [1, 2]);
    assert_eq!((pool.next_expiry(at(300)), pool.expire(at(9_999))), (None, vec![]));
}

#[test]
fn an_old_agent_finishes_its_work_and_leaves() {
    let mut pool = filled(&PoolSpec { lifespan: Some(Span::from_secs(60)), ..agents(2, 1) });
    let busy = pick(&mut pool, at(50));
    assert_eq!(pool.next_expiry(at(50)), Some(at(60)));
    let left = pool.expire(at(60));
    assert_eq!(left.len(), 1);
    assert_eq!((left[0].agent.slot(), left[0].reason), (1, RetireReason::Lifespan));
    assert_eq!(pool.agent(busy), Some((AgentState::Draining, 1)));
    assert_eq!(pool.release(at(70), busy).agent_left, Some(RetireReason::Lifespan));
}

#[test]
fn a_task_that_ends_after_the_lifespan_takes_its_agent_along() {
    let mut pool = filled(&PoolSpec { lifespan: Some(Span::from_secs(60)), ..agents(1, 1) });
    let agent = pick(&mut pool, at(59));
    assert_eq!(pool.release(at(60), agent).agent_left, Some(RetireReason::Lifespan));
}

#[test]
fn the_printed_pool_hands_each_agent_out_once() {
    let mut pool = filled(&PoolSpec::published_003_code());
    let agent = pick(&mut pool, at(0));
    let left = pool.release(at(1), agent).agent_left;
    assert_eq!(left, Some(RetireReason::Used));
    assert!(left.is_some_and(RetireReason::wants_replacement));
    assert_eq!(pool.counts(FIRST).alive(), 2);
}

#[test]
fn a_crashed_agent_loses_its_tasks_and_is_found_at_the_next_check() {
    let check = Some(HealthCheck { interval: Span::from_secs(10), restart: true });
    let mut pool = filled(&PoolSpec { health_check: check, ..agents(1, 3) });
    let agent = pick(&mut pool, at(0));
    pick(&mut pool, at(0));
    let crashed = pool.crash(at(12), agent).expect("it lived");
    assert_eq!((crashed.tasks_lost, crashed.restart_at), (2, Some(at(20))));
    counts(&pool, 0, 0, 0, 0, 1);
    assert_eq!((pool.free_slots(FIRST), pool.total_agents()), (0, 0));
    assert_eq!(pool.crash(at(13), agent), None);
    assert_eq!(pool.release(at(14), agent), Released::default(), "its tasks are gone");
    let again = pool.restart(at(20), agent).expect("it is dead");
    assert_ne!(again.agent, agent, "a new identity");
    assert_eq!(again.ready_at, at(20) + Span::from_millis(2_500));
    assert!(!pool.ready(at(30), agent), "the old identity is stale");
    assert!(pool.ready(again.ready_at, again.agent));
    counts(&pool, 0, 1, 0, 0, 0);
}

#[test]
fn the_dead_stay_dead_without_a_health_check() {
    let mut pool = filled(&agents(1, 1));
    let agent = pick(&mut pool, at(0));
    assert_eq!(pool.crash(at(1), agent).and_then(|crashed| crashed.restart_at), None);
    assert!(pool.discard(agent));
    assert!(!pool.discard(agent));
    counts(&pool, 0, 0, 0, 0, 0);
}

#[test]
fn a_place_is_used_again_under_another_identity() {
    let mut pool = filled(&agents(1, 1));
    let old = pool.retire_one_idle(at(0), FIRST).expect("it was idle");
    let new = pool.spawn(at(0), FIRST).agent;
    assert_eq!(new.slot(), old.slot());
    assert_ne!(new.generation(), old.generation());
    assert_eq!(pool.agent(old), None);
}

#[test]
fn lazy_spawning_starts_strictly_above_the_queue_depth() {
    let pool = PoolSpec::published_003().build().unwrap();
    assert_eq!((pool.should_spawn_lazily(50), pool.should_spawn_lazily(51)), (false, true));
}

#[test]
fn impossible_pools_are_named() {
    let good = agents(1, 1);
    let twice = vec![GroupSpec::new("a", 1), GroupSpec::new("a", 1)];
    let check = Some(HealthCheck { interval: Span::ZERO, restart: true });
    for (spec, field) in [
        (PoolSpec::default(), "groups"),
        (PoolSpec { groups: twice, ..good.clone() }, "groups.1.name"),
        (PoolSpec::of(GroupSpec::new("", 1)), "groups.0.name"),
        (agents(1, 0), "groups.0.concurrency"),
        (agents(70_000, 70_000), "groups.0.concurrency"),
        (PoolSpec { idle_ttl: Some(Span::ZERO), ..good.clone() }, "idle_ttl"),
        (PoolSpec { lifespan: Some(Span::ZERO), ..good.clone() }, "lifespan"),
        (PoolSpec { health_check: check, ..good.clone() }, "health_check.interval"),
        (
            PoolSpec { balance: BalanceSpec::Rendezvous { replicas: 0, bound: None }, ..good },
            "balance.rendezvous.replicas",
        ),
    ] {
        assert_eq!(spec.validate().unwrap_err().field, field);
    }
}

/// The counts, told again from the agents themselves.
fn recount(pool: &Pool, known: &[AgentId], group: GroupId) -> (Counts, u32) {
    let (mut counts, mut load) = (Counts::default(), 0);
    for agent in known.iter().filter(|agent| pool.group_of(**agent) == Some(group)) {
        let (state, tasks) = pool.agent(*agent).expect("it has a group");
        match state {
            AgentState::Starting => counts.starting += 1,
            AgentState::Idle => counts.idle += 1,
            AgentState::Busy => counts.busy += 1,
            AgentState::Draining => counts.draining += 1,
            AgentState::Dead => counts.dead += 1,
        }
        load += if state == AgentState::Busy { tasks } else { 0 };
    }
    (counts, load)
}

#[test]
fn an_agent_starts_as_the_caller_says_and_leaves_the_containers_alone() {
    let mut pool = filled(&PoolSpec::published_003());
    let group = pool.group("researcher").unwrap();
    let before = pool.warm_containers();
    let (warm, cold) = (pool.spawn_as(at(0), group, Start::Warm), pool.spawn_as(at(0), group, Start::Cold));
    assert_eq!([warm.ready_at, cold.ready_at].map(|at| at.as_nanos() / 1_000_000), [200, 2_500]);
    assert_eq!((warm.refill_at, pool.warm_containers()), (None, before));
    assert!(pool.crash(at(1), warm.agent).is_some());
    let again = pool.restart_as(at(1), warm.agent, Start::Warm).unwrap();
    assert_eq!((again.start, pool.ready(at(2), again.agent)), (Start::Warm, true));
    assert_eq!(pool.restart_as(at(2), again.agent, Start::Warm), None, "it is not dead");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 128, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn the_books_always_agree_with_the_agents(
        which in 0..PoolSpec::examples().len(),
        steps in prop::collection::vec((0..8_u8, 0..9_u64, any::<prop::sample::Index>(), 0.0..1.0), 1..250),
    ) {
        let (_, spec) = PoolSpec::examples().swap_remove(which);
        let mut pool = filled(&spec);
        let mut known: Vec<AgentId> = Vec::new();
        for slot in 0..pool.total_agents() {
            known.push(pool.agents.id_at(slot));
        }
        let mut now = at(0);
        for (action, gap, index, draw) in steps {
            now += Span::from_secs(gap);
            let group = GroupId::new(u32::try_from(index.index(spec.groups.len())).unwrap());
            let somebody = (!known.is_empty()).then(|| known[index.index(known.len())]);
            match (action, somebody) {
                (0 | 1, _) => {
                    let has_room = pool.free_slots(group) > 0;
                    prop_assert_eq!(pool.pick(now, group, gap, draw).is_some(), has_room);
                }
                (2 | 3, Some(agent)) => drop(pool.release(now, agent)),
                (4, _) => {
                    let spawned = pool.spawn(now, group);
                    known.push(spawned.agent);
                }
                (5, Some(agent)) => drop(pool.ready(now, agent)),
                (6, Some(agent)) => {
                    if pool.crash(now, agent).is_some() && let Some(again) = pool.restart(now, agent) {
                        known.push(again.agent);
                    }
                }
                (7, _) => drop(pool.expire(now)),
                _ => drop(pool.retire_idle(now, group, 1)),
            }
            for (index, group_spec) in (0..).zip(&spec.groups) {
                let group = GroupId::new(index);
                let (counts, load) = recount(&pool, &known, group);
                prop_assert_eq!(counts, pool.counts(group));
                let slots = (counts.idle + counts.busy) * group_spec.concurrency;
                prop_assert_eq!(pool.free_slots(group), slots - load);
            }
        }
    }
}

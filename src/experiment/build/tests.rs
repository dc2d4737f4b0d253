//! Defaults of an experiment, and which systems count as overloaded: what may settle is never refused.

use super::*;
use crate::experiment::{cell_tree, load};
use tars_policy::units::Span;

/// Two servers of a second each, four agents, a provider that takes a second.
const SYSTEM: &str = r#"
  "stations": { "server": { "servers": 2, "service": { "exponential": { "mean": "1s" } } } },
  "pools": { "workers": { "groups": { "all": { "agents": 4, "model": "m" } } } },
  "providers": { "llm": { "models": { "m": {
    "latency": "1s", "input_usd_per_million_tokens": "1", "output_usd_per_million_tokens": "1" } } } },
  "models": { "m": { "accuracy": 0.9 } },
  "caches": { "answers": { "store": { "max_entries": 10 }, "keys": { "zipf": { "exponent": 1, "items": 100 } } } }"#;

/// Tasks at a rate through a route of the system, changed by `sets`; what is wrong with that, if anything.
fn built(rate: f64, steps: &str, sets: &[&str]) -> Result<Experiment, String> {
    let text = format!(
        r#"{{ "name": "x", "workload": {{ "classes": {{ "task": {{}} }},
        "clients": {{ "users": {{ "load": {{ "open": {{ "poisson": {{ "rate_per_s": {rate} }} }} }} }} }} }},
        "system": {{ {SYSTEM}, "routes": {{ "task": [{steps}] }} }}, "measure": {{ "duration": "1min" }} }}"#
    );
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("x.json");
    std::fs::write(&file, text).unwrap();
    let sets: Vec<String> = sets.iter().map(|&set| set.to_owned()).collect();
    let mut diagnostics = Diagnostics::new();
    let loaded = load(&file, &sets, &mut diagnostics).ok_or_else(|| diagnostics.to_string())?;
    let mut traces = TraceStore::new(&file, None);
    build(&cell_tree(&loaded, &loaded.cells[0]), &mut traces, &mut diagnostics)
        .ok_or_else(|| diagnostics.to_string())
}

#[track_caller]
fn settles(rate: f64, steps: &str, sets: &[&str]) {
    if let Err(why) = built(rate, steps, sets) {
        panic!("{why}");
    }
}

#[track_caller]
fn overloaded(rate: f64, steps: &str, sets: &[&str], by: &str) {
    let why = built(rate, steps, sets).expect_err("it never settles");
    assert!(why.contains(&format!("offered load is {by}")), "{why}");
}

const VISIT: &str = r#"{ "visit": { "station": "server" } }"#;
const AGENT: &str = r#"{ "agent": { "pool": "workers", "steps": [{ "llm": { "provider": "llm" } }] } }"#;

#[test]
fn what_is_left_out_has_its_default() {
    let experiment = built(1.0, VISIT, &[]).unwrap();
    let measure = &experiment.model.measure;
    assert_eq!((measure.replications_min, measure.replications_max, measure.windows), (20, 20, 60));
    assert_eq!((measure.warmup, measure.terminating, measure.seed), (None, false, 0));
    assert_eq!(measure.drain, Span::from_secs(60));
    assert!((measure.confidence - 0.95).abs() < 1e-12);
    assert!(!experiment.transient && experiment.sensitivity.is_empty());
    let client = &experiment.model.clients[0];
    assert!(client.retries_refused && !client.retries_failed && !client.retries_timed_out);
    let station = &experiment.model.stations[0];
    assert!(station.queue.max_depth.is_none() && !station.waits_for_limit);
    let group = &experiment.model.pools[0].agents.groups[0];
    assert_eq!((group.count, group.concurrency, group.cold_start), (4, 1, Span::ZERO));
    assert!(experiment.model.pools[0].ready_at_start);
}

#[test]
fn a_terminating_run_has_no_warm_up() {
    let experiment = built(1.0, VISIT, &[r#"/measure={"duration": "1min", "mode": "terminating"}"#]).unwrap();
    assert_eq!(experiment.model.measure.warmup, Some(Span::ZERO));
    assert!(experiment.transient);
}

#[test]
fn a_station_just_below_its_capacity_settles_and_just_above_does_not() {
    settles(1.99, VISIT, &[]);
    overloaded(2.02, VISIT, &[], "1.01");
    settles(2.02, VISIT, &["/transient=true"]);
}

#[test]
fn agents_are_held_while_they_call() {
    settles(3.9, AGENT, &[]);
    overloaded(4.4, AGENT, &[], "1.10");
    settles(7.9, AGENT, &["/system/pools/workers/groups/all/tasks_per_agent=2"]);
    // Branches of one second each take one second, loops of three take three.
    let parallel = format!(
        r#"{{ "agent": {{ "pool": "workers", "steps": [{{ "parallel": {{ "branches": [[{0}], [{0}]] }} }}] }} }}"#,
        r#"{ "delay": { "time": "1s" } }"#
    );
    settles(3.9, &parallel, &[]);
    let again = r#"{ "agent": { "pool": "workers", "steps": [{ "loop": { "count": 3, "steps": [{ "delay": { "time": "1s" } }] } }] } }"#;
    settles(1.3, again, &[]);
    overloaded(2.0, again, &[], "1.50");
}

#[test]
fn a_bounded_queue_and_an_autoscaler_relieve_agents() {
    settles(9.0, AGENT, &[r#"/system/pools/workers/queue={"max_depth": 10}"#]);
    settles(9.0, AGENT, &[r"/system/pools/workers/lazy_spawn_above=3"]);
    settles(
        9.0,
        AGENT,
        &[
            r#"/policies={"autoscale": {"workers": {"interval": "1s", "rule": {"threshold": {"min": 1, "max": 50}}}}}"#,
        ],
    );
}

#[test]
fn only_a_run_knows_what_a_cache_holds() {
    let cached = format!(r#"{{ "cache": {{ "cache": "answers", "miss": [{VISIT}] }} }}"#);
    settles(9.0, &cached, &[]);
    // Behind the cache all are there again.
    overloaded(3.0, &format!("{cached}, {VISIT}"), &[r"/system/routes/task/0/cache/miss=[]"], "1.50");
}

#[test]
fn whoever_gives_up_or_is_refused_is_no_load_behind() {
    let in_line = r#"{ "visit": { "station": "server", "timeout": "2s" } }"#;
    settles(9.0, in_line, &[]);
    settles(9.0, r#"{ "visit": { "station": "server", "patience": "2s" } }"#, &[]);
    settles(9.0, VISIT, &["/system/stations/server/capacity=5"]);
    settles(9.0, VISIT, &[r#"/system/stations/server/queue={"drop_expired": true}"#]);
    let behind = format!(r#"{{ "delay": {{ "time": "1s" }} }}, {in_line}, {AGENT}"#);
    settles(9.0, &behind, &[]);
    // Half fail, and the other half is 3 per second.
    let failing = [r#"/system/stations/first={"servers": "infinite", "failure": {"share": 0.5}}"#];
    let first = r#"{ "visit": { "station": "first" } }"#;
    settles(3.9, &format!("{first}, {VISIT}"), &failing);
    overloaded(6.0, &format!("{first}, {VISIT}"), &failing, "1.50");
}

#[test]
fn shares_and_ways_back_are_followed() {
    let choice = format!(r#"{{ "choose": [{{ "probability": 0.25, "steps": [{VISIT}] }}] }}"#);
    settles(7.9, &choice, &[]);
    overloaded(8.8, &choice, &[], "1.10");
    let back =
        format!(r#"{VISIT}, {{ "choose": [{{ "probability": 0.5, "steps": [{{ "go": "task" }}] }}] }}"#);
    settles(0.99, &back, &[]);
    overloaded(1.1, &back, &[], "1.10");
    let spread = format!(r#"{{ "spread": {{ "by": "round_robin", "branches": [[{VISIT}], []] }} }}"#);
    settles(3.9, &spread, &[]);
    overloaded(4.4, &spread, &[], "1.10");
}

#[test]
fn a_loop_that_is_rounded_down_counts_for_its_least() {
    let rounds = |law: &str| format!(r#"{{ "loop": {{ "count": {law}, "steps": [{VISIT}] }} }}"#);
    // From 0 to 2, rounded down: half a round on average, not one.
    settles(3.9, &rounds(r#"{ "uniform": { "low": 0, "high": 2 } }"#), &[]);
    overloaded(1.1, &rounds(r#"{ "geometric": { "mean": 2 } }"#), &[], "1.10");
}

#[test]
fn a_closed_loop_is_never_too_much() {
    settles(1.0, VISIT, &[r#"/workload/clients/users={"load": {"closed": {"users": 1000}}}"#]);
}

#[test]
fn a_pattern_counts_by_its_mean_and_a_story_not_at_all() {
    let points = |repeat: bool| {
        format!(
            r#"/workload/clients/users/load={{"open": {{"piecewise": {{"repeat": {repeat}, "interpolation": "linear", "points": [{{"at": "0s", "rate_per_s": 0}}, {{"at": "10s", "rate_per_s": 5}}, {{"at": "20s", "rate_per_s": 0}}]}}}}}}"#
        )
    };
    overloaded(1.0, VISIT, &[&points(true)], "1.25");
    settles(1.0, VISIT, &[&points(false)]);
}

/// Users who submit again as soon as they have an answer, through a route of the system.
fn restless(users: u32, steps: &str, sets: &[&str]) -> Result<Experiment, String> {
    let load = format!(r#"/workload/clients/users/load={{"closed": {{"users": {users}}}}}"#);
    let sets: Vec<&str> = [load.as_str()].into_iter().chain(sets.iter().copied()).collect();
    built(1.0, steps, &sets)
}

const FULL_POOL: &str = r#"/system/pools/workers/queue={"max_depth": 6}"#;

#[test]
fn users_who_are_refused_for_ever_at_one_instant_are_told_before_the_run() {
    let tells = |users, steps: &str, sets: &[&str], holds: &str| {
        let why = restless(users, steps, sets).expect_err("time stands still");
        let expected =
            format!("time would stand still: {users} users without think time, and {holds} at once");
        assert!(why.contains(&expected), "{why}");
    };
    tells(11, AGENT, &[FULL_POOL], "`workers` takes 10");
    tells(5, VISIT, &["/system/stations/server/capacity=4"], "`server` takes 4");
    let zero = r#"/workload/clients/users/load/closed/think_time={"deterministic": {"value": "0s"}}"#;
    tells(11, AGENT, &[FULL_POOL, zero], "`workers` takes 10");
}

#[test]
fn users_who_fit_or_pause_are_not_told_that_time_stands_still() {
    let runs = |users, steps: &str, sets: &[&str]| {
        if let Err(why) = restless(users, steps, sets) {
            panic!("{why}");
        }
    };
    runs(10, AGENT, &[FULL_POOL]);
    runs(11, AGENT, &[]);
    runs(
        11,
        AGENT,
        &[FULL_POOL, r#"/workload/clients/users/load/closed/think_time={"exponential": {"mean": "1s"}}"#],
    );
    runs(11, AGENT, &[FULL_POOL, "/workload/clients/users/load/closed/start_spread=1s"]);
    runs(11, AGENT, &[FULL_POOL, "/workload/clients/users/load/closed/tasks_per_user=3"]);
    runs(
        11,
        &format!(r#"{{ "delay": {{ "time": {{ "deterministic": {{ "value": "1s" }} }} }} }}, {AGENT}"#),
        &[FULL_POOL],
    );
    runs(4, VISIT, &["/system/stations/server/capacity=4"]);
}

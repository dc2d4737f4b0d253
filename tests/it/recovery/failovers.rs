//! Failovers, phase by phase.

use super::{fixed, latencies, recovery, retry, story};
use crate::sim::SECOND;
use serde_json::{Value, json};
use tars_sim::sim::{FailoverActs, Run};

/// A primary that is out from 12 to 40 s, probed every 5 s; three failures: found at 25 s. A decision of 2 s and a
/// promotion of 3 s: the other is active at 30 s.
fn group() -> Value {
    json!({
        "members": ["a", "b"], "probe": { "interval": "5s", "misses": 3 }, "decision": fixed("2s"), "promotion": fixed("3s"),
        "verification": fixed("7s"), "notification": fixed("11s")
    })
}

fn with(key: &str, value: &Value) -> Value {
    let mut group = group();
    group[key] = value.clone();
    group
}

/// Calls of a tenth of a second at these times.
fn calls(times: &[&str], access: &str, group: &Value, faults: &Value) -> Run {
    let call = json!({ "visit": { "station": "a", "access": access, "retry": "often" } });
    let system = json!({
        "stations": {
            "a": { "servers": "infinite", "service": fixed("100ms") }, "b": { "servers": "infinite", "service": fixed("100ms") }
        },
        "routes": { "way": [call] }
    });
    let policies = json!({ "failovers": { "group": group }, "retries": { "often": retry(9, "1s") } });
    story(times, &system, &policies, faults)
}

fn outage() -> Value {
    json!([{ "at": "12s", "lasts": "28s", "effect": { "outage": { "station": "a" } } }])
}

fn acts(run: &Run) -> FailoverActs {
    recovery(run).failovers[0]
}

#[test]
fn the_phases_follow_one_another_and_nothing_else_makes_the_outage() {
    // The call of 28.5 s tries again at 29.5 and 30.5 s.
    let run = calls(&["0s", "20s", "28500ms", "50s"], "write", &group(), &outage());
    let seen = acts(&run);
    assert_eq!((seen.detection, seen.decision, seen.promotion), (13 * SECOND, 2 * SECOND, 3 * SECOND));
    assert_eq!((seen.first_answer, seen.outage), (SECOND * 6 / 10, SECOND * 186 / 10));
    assert_eq!((seen.verified, seen.notified), (25 * SECOND, 36 * SECOND));
    // The call of 20 s gives up at 28 s.
    assert_eq!((latencies(&run), seen.switches, seen.writes), (vec![100, 100, 2_100], 1, 3));
    // Out from 12 to 30 s.
    assert_eq!(seen.answering, u128::from(82 * SECOND));
}

#[test]
fn an_outage_that_ends_before_it_is_found_changes_nothing() {
    let faults = json!([{ "at": "12s", "lasts": "10s", "effect": { "outage": { "station": "a" } } }]);
    let run = calls(&["30s"], "write", &group(), &faults);
    assert_eq!(
        (acts(&run).switches, acts(&run).aborted, acts(&run).answering),
        (0, 0, u128::from(90 * SECOND))
    );
}

#[test]
fn a_primary_that_answers_again_when_it_is_decided_stays() {
    // Found at 25 s, back at 26 s, decided at 27 s.
    let faults = json!([{ "at": "12s", "lasts": "14s", "effect": { "outage": { "station": "a" } } }]);
    let seen = acts(&calls(&["30s"], "write", &group(), &faults));
    assert_eq!((seen.switches, seen.aborted), (0, 1));
}

#[test]
fn an_operator_comes_first() {
    let seen = acts(&calls(&["0s"], "write", &with("operator", &fixed("10s")), &outage()));
    assert_eq!((seen.switches, seen.decision), (1, 12 * SECOND));
}

#[test]
fn what_only_the_watcher_cannot_reach_stays_where_it_is_looked_at_twice() {
    let faults = json!([{ "at": "12s", "lasts": "60s", "effect": { "partition": { "station": "a" } } }]);
    let checked = acts(&calls(&["35s"], "write", &group(), &faults));
    // Found at 25 s, 40 s, 55 s and 70 s; the check 2 s later takes no probe away.
    assert_eq!((checked.switches, checked.aborted, checked.answering), (0, 4, u128::from(100 * SECOND)));
    let split = json!({ "split_brain_check": false, "dns_ttl": "1h" });
    let mut group = group();
    for (key, value) in split.as_object().unwrap() {
        group[key] = value.clone();
    }
    // Nobody is told for an hour: the write of 35 s goes to the old one.
    let unchecked = acts(&calls(&["35s"], "write", &group, &faults));
    assert_eq!((unchecked.switches, unchecked.split_writes, unchecked.writes), (1, 1, 0));
    // What was written before the switch was carried over all the while but for the lag: at 30 s that of 26.1 s was not.
    group["replication"] = json!({ "asynchronous": { "lag": fixed("4s") } });
    let lagging = acts(&calls(&["5s", "13s", "25s", "26s"], "write", &group, &faults));
    assert_eq!((lagging.writes, lagging.writes_lost, lagging.span_lost), (4, 1, SECOND * 39 / 10));
}

#[test]
fn writes_that_have_not_arrived_are_lost_with_the_primary() {
    let group = with("replication", &json!({ "asynchronous": { "lag": fixed("4s") } }));
    // Written at 5.1, 9.1 and 11.1 s: the first has arrived at 12 s, the others have not.
    let seen = acts(&calls(&["5s", "9s", "11s"], "write", &group, &outage()));
    assert_eq!((seen.writes, seen.writes_lost, seen.span_lost), (3, 2, SECOND * 29 / 10));
    let sooner = acts(&calls(&["5s", "7s", "7900ms"], "write", &group, &outage()));
    assert_eq!((sooner.writes_lost, sooner.span_lost), (0, 0));
}

#[test]
fn a_primary_that_is_well_again_comes_back_in_order() {
    // Well from 40 s on, seen so at 40 s, and for 10 s at 50 s: active again at 53 s.
    let group = with("fail_back", &json!({ "after": "10s" }));
    let faults = json!([
        { "at": "12s", "lasts": "28s", "effect": { "outage": { "station": "a" } } },
        { "at": "54s", "lasts": "10s", "effect": { "outage": { "station": "b" } } }
    ]);
    let run = calls(&["35s", "60s"], "write", &group, &faults);
    assert_eq!((latencies(&run), acts(&run).returns, acts(&run).switches), (vec![100, 100], 1, 1));
}

#[test]
fn a_standby_that_dies_while_it_is_promoted_is_not_promoted() {
    let faults = json!([
        { "at": "12s", "lasts": "28s", "effect": { "outage": { "station": "a" } } },
        { "at": "28s", "lasts": "5s", "effect": { "outage": { "station": "b" } } }
    ]);
    // At 30 s it is dead, and nobody else is ready; it is at 35 s, with the next probe, and promoted at 38 s.
    let seen = acts(&calls(&["0s"], "write", &group(), &faults));
    assert_eq!(
        (seen.switches, seen.detection, seen.decision, seen.promotion),
        (1, 13 * SECOND, 10 * SECOND, 3 * SECOND)
    );
}

#[test]
fn callers_move_over_one_by_one_while_name_entries_run_out() {
    // Active at 30 s, out until 40 s; everybody has moved by 38 s, and half of them about by 34 s.
    let group = with("dns_ttl", &json!("8s"));
    let times: Vec<String> = (0..200).map(|number| format!("{}ms", 34_000 + number)).collect();
    let times: Vec<&str> = times.iter().map(String::as_str).collect();
    let run = calls(&times, "write", &group, &outage());
    let at_once = latencies(&run).into_iter().filter(|latency| *latency == 100).count();
    assert!((70..130).contains(&at_once), "{at_once} of 200 had moved");
    assert_eq!(latencies(&run).into_iter().max(), Some(4_100));
}

#[test]
fn a_read_elsewhere_is_stale_until_the_write_of_its_user_has_arrived() {
    let read = |written: &str, wait: &str, faults: &Value| {
        let system = json!({
            "stations": { "a": { "servers": "infinite" }, "b": { "servers": "infinite" } },
            "routes": { "way": [
                { "visit": { "station": "a", "access": "write" } }, { "delay": { "time": fixed(wait) } },
                { "visit": { "station": "a", "access": "replica" } }
            ] }
        });
        let group = with("replication", &json!({ "asynchronous": { "lag": fixed("4s") } }));
        acts(&story(&["1s", written], &system, &json!({ "failovers": { "group": group } }), faults))
    };
    let (soon, later) = (read("2s", "3s", &json!([])), read("2s", "5s", &json!([])));
    assert_eq!((soon.stale_reads, soon.reads, later.stale_reads), (2, 2, 0));
    // What was written a second before the primary died is still not there long after it would have been; at 29 s nobody
    // has been promoted yet.
    let lost = read("11s", "18s", &outage());
    assert_eq!((lost.stale_reads, lost.reads, lost.writes_lost), (1, 2, 1));
}

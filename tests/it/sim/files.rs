//! What processes write to disk: buffers, losses in a crash, snapshots, and what a restart reads.

use super::*;

/// One node that writes files, whose tasks take a second in service, and which dies at these times.
fn writing(times: &[&str], files: &Value, deaths: &[&str]) -> Run {
    let node = json!({ "memory": { "heap_limit_mb": 100 }, "restart": fixed("1s"), "files": files });
    with_node(times, &node, deaths)
}

fn with_node(times: &[&str], node: &Value, deaths: &[&str]) -> Run {
    let faults: Vec<Value> =
        deaths.iter().map(|at| json!({ "at": at, "effect": { "node_death": { "nodes": "n" } } })).collect();
    let plan = plan(&json!({
        "name": "story",
        "transient": true,
        "workload": { "classes": { "task": {} }, "clients": { "all": { "load": arrivals(times) } } },
        "system": {
            "stations": { "s": { "servers": "infinite", "service": fixed("1s") } },
            "nodes": { "n": node },
            "pools": { "p": { "groups": { "g": { "agents": 9, "cold_start": "1s" } }, "nodes": "n" } },
            "routes": { "way": [{ "agent": { "pool": "p", "steps": [visit("s")] } }] }
        },
        "faults": faults,
        "measure": { "duration": "100s", "mode": "terminating", "warmup": "0s", "seed": 1 }
    }));
    replicate(&plan, 0, tars_policy::units::Span::ZERO)
}

#[test]
fn lines_in_the_buffer_are_lost_in_a_crash() {
    let times = ["0s", "1s", "2s", "3s", "4s"];
    let lost = |files: &Value| {
        let node = &writing(&times, files, &["50s"]).nodes[0];
        (node.writes, node.lines_lost_ever)
    };
    assert_eq!(lost(&json!({ "write": fixed("10ms") })), (5, 0));
    assert_eq!(lost(&json!({ "write": fixed("10ms"), "buffer_lines": 3 })), (1, 2));
    assert_eq!(lost(&json!({ "write": fixed("10ms"), "buffer_lines": 4, "lines_per_task": 2 })), (2, 2));
}

#[test]
fn lines_that_are_not_on_disk_yet_are_lost_in_a_crash() {
    // Done at 1 s and 1 s: the first is on disk at 1.4 s, the second at 1.8 s.
    let run = writing(&["0s", "0s"], &json!({ "write": fixed("400ms") }), &["1500ms"]);
    assert_eq!((run.nodes[0].lines_lost_ever, run.nodes[0].disk_busy), (1, 800_000_000));
}

#[test]
fn a_task_that_dies_with_its_process_leaves_no_line() {
    let run = writing(&["0s"], &json!({ "write": fixed("10ms") }), &["500ms"]);
    assert_eq!((run.nodes[0].writes, run.nodes[0].lines_lost_ever), (0, 0));
}

#[test]
fn a_write_holds_up_the_event_loop_only_where_it_blocks() {
    let latency = |blocking: bool| {
        latencies(&writing(&["0s", "50ms"], &json!({ "write": fixed("100ms"), "blocking": blocking }), &[]))
    };
    // The first is done at 1 s; the answer of the second, at 1.05 s, waits for the write until 1.1 s.
    assert_eq!((latency(false), latency(true)), (vec![1_000, 1_000], vec![1_000, 1_050]));
}

#[test]
fn a_write_that_blocks_moves_what_waits_for_the_event_loop() {
    let node = |blocking: bool| {
        let files = json!({ "write": fixed("100ms"), "blocking": blocking });
        json!({ "memory": { "heap_limit_mb": 100 }, "event_loop": { "per_call": fixed("200ms") }, "files": files })
    };
    let latency = |blocking: bool| latencies(&with_node(&["0s", "0s"], &node(blocking), &[]));
    // Two answers at 1 s, read by 1.2 s and 1.4 s; the line of the first task is written in between.
    assert_eq!((latency(false), latency(true)), (vec![1_200, 1_400], vec![1_200, 1_500]));
}

#[test]
fn snapshots_and_rotations_use_the_disk() {
    let files = json!({
        "write": fixed("10ms"),
        "snapshot": { "every_tasks": 2, "time": fixed("50ms") },
        "rotation": { "every_lines": 3, "time": fixed("500ms") }
    });
    let node = &writing(&["0s", "2s", "4s", "6s"], &files, &[]).nodes[0];
    // Four lines, two snapshots, one rotation.
    assert_eq!((node.writes, node.disk_busy), (7, 640_000_000));
}

#[test]
fn a_restart_reads_the_snapshot_and_the_lines_after_it() {
    let times = ["0s", "2s", "4s", "51s"];
    let files = |every: u32| {
        json!({
            "snapshot": { "every_tasks": every, "time": fixed("10ms") },
            "read": { "snapshot": fixed("200ms"), "per_line": "100ms" }
        })
    };
    // Dead at 50 s: a second, 0.2 s for the snapshot, 0.1 s for each line, a second for the agents.
    let last = |every: u32| latencies(&writing(&times, &files(every), &["50s"])).pop().unwrap();
    assert_eq!((last(2), last(100)), (2_300, 2_500));
}

#[test]
fn agents_live_where_there_is_room_for_them() {
    let node = |weight: u32| json!({ "memory": { "heap_limit_mb": 100 }, "weight": weight });
    let plan = plan(&json!({
        "name": "story",
        "transient": true,
        "workload": { "classes": { "task": {} }, "clients": { "all": { "load": arrivals(&["0s"; 8]) } } },
        "system": {
            "stations": { "s": { "servers": "infinite", "service": fixed("1s") } },
            "nodes": { "large": node(3), "small": node(1) },
            "pools": { "p": { "groups": { "g": { "agents": 8 } }, "nodes": ["large", "small"] } },
            "routes": { "way": [{ "agent": { "pool": "p", "steps": [visit("s")] } }] }
        },
        "measure": { "duration": "100s", "mode": "terminating", "warmup": "0s", "seed": 1 }
    }));
    let run = replicate(&plan, 0, tars_policy::units::Span::ZERO);
    let seconds: Vec<u128> = run.nodes.iter().map(|node| node.tasks_area / u128::from(SECOND)).collect();
    assert_eq!(seconds, [6, 2]);
}

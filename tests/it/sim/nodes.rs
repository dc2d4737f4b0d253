//! Runtime processes: event loops, collections, death and restart, each against a schedule worked out by hand.

use super::*;

/// A pool of ten agents in nodes with these keys; tasks come at these times and take these steps.
fn on_nodes(times: &[&str], node: &Value, steps: &Value) -> Run {
    let plan = plan(&json!({
        "name": "story",
        "transient": true,
        "workload": { "classes": { "task": {} }, "clients": { "all": { "load": arrivals(times) } } },
        "system": {
            "stations": { "llm": { "servers": "infinite", "service": fixed("1s") } },
            "nodes": { "n": node },
            "pools": { "p": { "groups": { "g": { "agents": 10, "cold_start": "1s" } }, "nodes": "n" } },
            "routes": { "way": [{ "agent": { "pool": "p", "steps": steps } }] }
        },
        "measure": { "duration": "100s", "mode": "terminating", "warmup": "0s", "seed": 1 }
    }));
    replicate(&plan, 0, tars_policy::units::Span::ZERO)
}

/// A node with a heap of 100 MB and more keys.
fn node(keys: &Value) -> Value {
    let mut node = json!({ "memory": { "heap_limit_mb": 100 } });
    for (key, value) in keys.as_object().unwrap() {
        node[key] = value.clone();
    }
    node
}

fn pause(span: &str) -> Value {
    json!({ "time": fixed(span) })
}

#[test]
fn an_event_loop_does_one_thing_after_another() {
    let node = node(&json!({ "event_loop": { "per_task": fixed("100ms") } }));
    let run = on_nodes(&["0s", "0s", "0s"], &node, &json!([visit("llm")]));
    assert_eq!((latencies(&run), spent(&run, Part::EventLoop)), (vec![1_100, 1_200, 1_300], 600));
    assert_eq!(run.nodes[0].worked, 300_000_000);
}

#[test]
fn answers_wait_for_the_event_loop() {
    let node = node(&json!({ "event_loop": { "per_call": fixed("100ms") } }));
    let run = on_nodes(&["0s", "0s"], &node, &json!([visit("llm")]));
    assert_eq!((latencies(&run), spent(&run, Part::EventLoop)), (vec![1_100, 1_200], 300));
}

#[test]
fn an_answer_is_read_buffer_by_buffer() {
    // 200 KB are four reads of 64 KB, the last of them not full, or one of 256 KB.
    for (size, took, resident) in [(64, 1_080, 96), (256, 1_020, 288)] {
        let buffer = json!({ "size_kb": size, "answer_kb": 200, "per_read": "20ms" });
        let node = node(&json!({ "buffer": buffer, "memory": {
            "heap_limit_mb": 100, "external_per_task_mb": 0.03125
        } }));
        let run = on_nodes(&["0s"], &node, &json!([visit("llm")]));
        assert_eq!((latencies(&run), run.nodes[0].resident_max), (vec![took], resident));
    }
}

#[test]
fn half_a_core_takes_twice_as_long() {
    let node = node(&json!({ "event_loop": { "per_call": fixed("100ms"), "cores": 0.5 } }));
    assert_eq!(latencies(&on_nodes(&["0s"], &node, &json!([visit("llm")]))), [1_200]);
}

#[test]
fn a_collection_delays_only_what_has_finished() {
    let node = node(&json!({
        "garbage": { "per_task_mb": 10 },
        "minor": { "every_mb": 20, "pause": pause("500ms") }
    }));
    // The second task fills the young generation at 0.8 s; the first one's answer of 1 s waits until 1.3 s.
    let run = on_nodes(&["0s", "800ms"], &node, &json!([visit("llm")]));
    assert_eq!((latencies(&run), spent(&run, Part::Pause)), (vec![1_300, 1_500], 800));
    assert_eq!((run.nodes[0].minors, run.nodes[0].stopped), (1, 500_000_000));
}

#[test]
fn work_on_the_event_loop_is_held_up_by_a_collection() {
    let node = node(&json!({
        "event_loop": { "per_task": fixed("1s") },
        "garbage": { "per_task_mb": 10 },
        "minor": { "every_mb": 20, "pause": pause("2s") }
    }));
    let run = on_nodes(&["0s", "500ms"], &node, &json!([]));
    // Done at 1 s without the collection of 0.5 s to 2.5 s; the second follows it.
    assert_eq!(latencies(&run), [3_000, 3_500]);
    assert_eq!((spent(&run, Part::Pause), spent(&run, Part::EventLoop)), (4_000, 2_500));
}

#[test]
fn a_collection_of_the_whole_heap_follows_its_growth() {
    let node = json!({
        "memory": { "heap_limit_mb": 100, "base_mb": 10 },
        "garbage": { "per_task_mb": 10 },
        "major": { "growth_factor": 2.5, "pause": pause("100ms") }
    });
    // 20 MB, then 30 MB, which is above 25: collected back to 10.
    let run = on_nodes(&["0s", "10s", "20s", "30s"], &node, &json!([]));
    assert_eq!((latencies(&run), run.nodes[0].majors), (vec![0, 0, 100, 100], 2));
    assert_eq!(run.nodes[0].heap_max, 30 * 1024);
}

#[test]
fn pauses_grow_with_the_tasks_on_the_node() {
    let node = node(&json!({
        "garbage": { "per_task_mb": 10 },
        "minor": { "every_mb": 40, "pause": { "by_tasks": [[2, "100ms"], [6, "300ms"]] } }
    }));
    // The fourth task comes while four are there: half way between the points.
    let run = on_nodes(&["0s", "0s", "0s", "0s"], &node, &json!([{ "delay": { "time": fixed("1s") } }]));
    assert_eq!(run.nodes[0].stopped, 200_000_000);
}

#[test]
fn a_program_asks_for_a_collection_when_its_heap_is_full_enough_and_not_too_often() {
    let node = json!({
        "memory": { "heap_limit_mb": 100, "base_mb": 40 },
        "garbage": { "per_task_mb": 20 },
        "manual": { "at_heap_share": 0.5, "every": "15s", "pause": pause("200ms") }
    });
    let run = on_nodes(&["0s", "10s", "20s", "30s"], &node, &json!([]));
    assert_eq!((latencies(&run), run.nodes[0].manuals), (vec![0, 0, 200, 200], 2));
}

#[test]
fn a_node_that_runs_out_of_memory_dies_with_its_tasks_and_restarts_cold() {
    let node = json!({
        "memory": { "heap_limit_mb": 100, "base_mb": 50, "per_task_mb": 20 },
        "restart": fixed("5s")
    });
    // The third makes it 110 MB. Back at 5 s, agents ready at 6 s.
    let run = on_nodes(&["0s", "0s", "0s", "3s", "7s"], &node, &json!([visit("llm")]));
    assert_eq!((latencies(&run), ended(&run, Cause::NodeLost)), (vec![1_000, 4_000], 3));
    assert_eq!(run.nodes[0].deaths_ever, 1);
}

#[test]
fn a_leak_fills_the_heap_for_good() {
    let node = json!({
        "memory": { "heap_limit_mb": 100, "base_mb": 50, "leak_per_task_mb": 20 },
        "major": { "growth_factor": 1.5, "pause": pause("1ms") },
        "restart": fixed("1s")
    });
    let run = on_nodes(&["0s", "10s", "20s", "30s"], &node, &json!([visit("llm")]));
    // 70, 90 and 110 MB: the fourth task finds a heap that no collection empties.
    assert_eq!((run.nodes[0].deaths_ever, ended(&run, Cause::NodeLost)), (1, 1));
}

#[test]
fn a_probe_kills_a_node_that_does_not_answer() {
    let node = node(&json!({
        "garbage": { "per_task_mb": 10 },
        "minor": { "every_mb": 10, "pause": pause("60s") },
        "liveness": { "interval": "10s", "timeout": "5s", "misses": 2 },
        "restart": fixed("1s")
    }));
    let run = on_nodes(&["1s"], &node, &json!([visit("llm")]));
    assert_eq!((run.nodes[0].probe_kills_ever, ended(&run, Cause::NodeLost)), (1, 1));
}

#[test]
fn a_collection_stops_its_own_node_alone() {
    let node = node(&json!({
        "count": 2,
        "garbage": { "per_task_mb": 10 },
        "minor": { "every_mb": 20, "pause": pause("500ms") }
    }));
    // Round robin over agents, agents over nodes: the third task meets the first one's node.
    let run = on_nodes(&["0s", "0s", "0s"], &node, &json!([visit("llm")]));
    let minors: Vec<u64> = run.nodes.iter().map(|node| node.minors).collect();
    assert_eq!(minors.iter().sum::<u64>(), 1, "{minors:?}");
    assert_eq!(latencies(&run), [1_000, 1_000, 1_500]);
}

/// One call of a provider from a node, one second and 100 tokens of 10 ms each.
fn streamed(responses: &Value, offer: &Value) -> Run {
    let mut model = json!({
        "latency": fixed("1s"), "per_output_token": "10ms", "input_usd_per_million_tokens": "1", "output_usd_per_million_tokens": "1"
    });
    for (key, value) in offer.as_object().unwrap() {
        model[key] = value.clone();
    }
    let node = json!({
        "memory": { "heap_limit_mb": 100, "per_task_mb": 10, "external_per_task_mb": 20 },
        "event_loop": { "per_call": fixed("100ms") }, "responses": responses
    });
    let llm = json!({ "agent": { "pool": "p", "steps": [{ "llm": { "provider": "l" } }, { "delay": { "time": fixed("5s") } }] } });
    let plan = plan(&json!({
        "name": "story",
        "transient": true,
        "workload": { "classes": { "task": { "output_tokens": 100 } }, "clients": { "all": { "load": arrivals(&["0s"]) } } },
        "system": {
            "models": { "m": { "accuracy": 1 } },
            "providers": { "l": { "models": { "m": model } } },
            "nodes": { "n": node },
            "pools": { "p": { "groups": { "g": { "agents": 1, "model": "m" } }, "nodes": "n" } },
            "routes": { "way": [llm] }
        },
        "measure": { "duration": "100s", "mode": "terminating", "warmup": "0s", "seed": 1 }
    }));
    replicate(&plan, 0, tars_policy::units::Span::ZERO)
}

fn first_bytes(run: &Run) -> Vec<u64> {
    run.first_byte.counted().into_iter().map(|(nanos, _)| nanos / 1_000_000).collect()
}

#[test]
fn the_first_byte_of_a_streamed_answer_comes_with_the_first_token() {
    let run = streamed(&json!({ "streamed": { "memory_share": 0.5, "latency_share": 0 } }), &json!({}));
    // The call takes 2 s and 0.1 s of the event loop, its tokens the last second; 5 s of work follow.
    assert_eq!((latencies(&run), first_bytes(&run)), (vec![7_100], vec![1_100]));
    assert_eq!((run.nodes[0].heap_max, run.nodes[0].resident_max), (5 * 1024, 15 * 1024));
}

#[test]
fn streaming_makes_a_call_longer_as_a_whole() {
    let run = streamed(&json!({ "streamed": { "latency_share": 0.5 } }), &json!({}));
    assert_eq!((latencies(&run), first_bytes(&run)), (vec![8_100], vec![1_600]));
}

#[test]
fn a_provider_may_say_when_its_first_token_comes() {
    let responses = json!({ "streamed": { "latency_share": 0 } });
    let run = streamed(&responses, &json!({ "first_token": fixed("200ms") }));
    assert_eq!(first_bytes(&run), [300]);
    let run = streamed(&responses, &json!({ "first_token": fixed("1h") }));
    assert_eq!(first_bytes(&run), [2_100], "never after the answer");
}

#[test]
fn a_buffered_answer_comes_as_a_whole() {
    let run = streamed(&json!("buffered"), &json!({}));
    assert_eq!((latencies(&run), first_bytes(&run)), (vec![7_100], vec![]));
    assert_eq!((run.nodes[0].heap_max, run.nodes[0].resident_max), (10 * 1024, 30 * 1024));
}

#[test]
fn a_probe_does_not_ask_a_node_that_has_just_started() {
    let kills = |initial_delay: &str| {
        let node = node(&json!({
            "garbage": { "per_task_mb": 10 },
            "minor": { "every_mb": 10, "pause": pause("25s") },
            "liveness": { "interval": "10s", "timeout": "5s", "misses": 2, "initial_delay": initial_delay },
            "restart": fixed("1s")
        }));
        on_nodes(&["1s"], &node, &json!([visit("llm")])).nodes[0].probe_kills_ever
    };
    // Stopped from 1 s to 26 s: asked in vain at 10 s and 20 s, or at 20 s alone.
    assert_eq!((kills("0s"), kills("20s")), (1, 0));
}

#[test]
fn what_collections_leave_grows_with_a_leak() {
    let grows = |leak: f64| {
        let node = json!({
            "memory": { "heap_limit_mb": 200, "base_mb": 20, "leak_per_task_mb": leak },
            "garbage": { "per_task_mb": 30 },
            "major": { "growth_factor": 1.5, "pause": pause("1ms") }
        });
        let run = on_nodes(&["10s", "20s", "60s", "70s"], &node, &json!([]));
        tars_sim::analysis::metrics::heap_growth(&run, 0)
    };
    // Each task meets a full heap; 20 and 30 MB are left before the middle, 40 and 50 MB after it.
    assert_eq!((grows(0.0), grows(10.0)), (Some(0.0), Some(40.0)));
}

#[test]
fn a_cache_lies_in_the_heaps_of_its_processes() {
    let plan = plan(&json!({
        "name": "story",
        "transient": true,
        "workload": { "classes": { "task": {} }, "clients": { "all": { "load": arrivals(&["0s", "5s"]) } } },
        "system": {
            "caches": { "c": { "store": { "max_entries": 5 }, "keys": 1, "entry_bytes": 10_485_760 } },
            "nodes": { "n": { "count": 2, "memory": { "heap_limit_mb": 100, "base_mb": 20, "caches": ["c"] } } },
            "pools": { "p": { "groups": { "g": { "agents": 2 } }, "nodes": "n" } },
            "routes": { "way": [{ "agent": { "pool": "p", "steps": [{ "cache": { "cache": "c", "miss": [] } }] } }] }
        },
        "measure": { "duration": "100s", "mode": "terminating", "warmup": "0s", "seed": 1 }
    }));
    let run = replicate(&plan, 0, tars_policy::units::Span::ZERO);
    // Ten megabytes, half of them in each of two heaps; the node of the second task is weighed with them.
    assert_eq!(run.nodes.iter().map(|node| node.heap_max).max(), Some(25 * 1024));
}

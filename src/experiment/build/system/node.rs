//! Runtime processes.

use super::super::places;
use super::{check_law, check_law_option};
use crate::experiment::diagnostic::Diagnostics;
use crate::experiment::path::Path;
use crate::experiment::schema::{BufferSpec, MemorySpec, NodeSpec, PauseSpec, ResponsesSpec};
use crate::experiment::tree::Tree;
use crate::model::node::{Memory, NodeGroup, Pause};
use tars_policy::units::Span;

/// Runtime processes that are alike.
pub(super) fn group(
    tree: &Tree,
    path: &Path,
    name: &str,
    spec: &NodeSpec,
    caches: &[String],
    diagnostics: &mut Diagnostics,
) -> NodeGroup {
    if spec.count == 0 || spec.count > 10_000 {
        let at = path.key("count");
        diagnostics.out_of_range(tree, &at, "the number of nodes", f64::from(spec.count), "1 to 10000");
    }
    if spec.weight == 0 || spec.weight > 100 {
        let at = path.key("weight");
        diagnostics.out_of_range(tree, &at, "the weight", f64::from(spec.weight), "1 to 100");
    }
    let mut memory = memory(tree, &path.key("memory"), &spec.memory, spec.responses, diagnostics);
    let reading = reading(tree, &path.key("buffer"), spec.buffer, diagnostics);
    memory.external += spec.buffer.map_or(0.0, |buffer| buffer.size_kb / 1024.0);
    let garbage = path.key("garbage");
    not_negative(tree, &garbage.key("per_task_mb"), spec.garbage.per_task_mb, diagnostics);
    not_negative(tree, &garbage.key("per_call_mb"), spec.garbage.per_call_mb, diagnostics);
    let event_loop = path.key("event_loop");
    check_law_option(tree, &event_loop.key("per_task"), spec.event_loop.per_task.as_ref(), diagnostics);
    check_law_option(tree, &event_loop.key("per_call"), spec.event_loop.per_call.as_ref(), diagnostics);
    if !(spec.event_loop.cores > 0.0 && spec.event_loop.cores <= 1.0) {
        let at = event_loop.key("cores");
        let cores = spec.event_loop.cores;
        diagnostics.out_of_range(tree, &at, "the share of a core", cores, "above 0, up to 1");
    }
    check_law_option(tree, &path.key("restart"), spec.restart.as_ref(), diagnostics);
    NodeGroup {
        name: name.to_owned(),
        count: spec.count.max(1),
        weight: spec.weight,
        files: super::files::files(tree, path, spec.files.as_ref(), diagnostics),
        memory,
        garbage: (spec.garbage.per_task_mb, spec.garbage.per_call_mb),
        work: (spec.event_loop.per_task.clone(), spec.event_loop.per_call.clone()),
        reading,
        cores: spec.event_loop.cores,
        streamed: streamed(tree, &path.key("responses"), spec.responses, diagnostics),
        minor: spec.minor.as_ref().map(|minor| {
            let path = path.key("minor");
            positive(tree, &path.key("every_mb"), minor.every_mb, diagnostics);
            share(tree, &path.key("promoted_share"), minor.promoted_share, diagnostics);
            let pause = pause(tree, &path.key("pause"), &minor.pause, diagnostics);
            (minor.every_mb, minor.promoted_share, pause)
        }),
        major: spec.major.as_ref().map(|major| {
            let path = path.key("major");
            if !(major.growth_factor > 1.0 && major.growth_factor.is_finite()) {
                let at = path.key("growth_factor");
                diagnostics.out_of_range(tree, &at, "the growth factor", major.growth_factor, "above 1");
            }
            (major.growth_factor, pause(tree, &path.key("pause"), &major.pause, diagnostics))
        }),
        manual: spec.manual.as_ref().map(|manual| {
            let path = path.key("manual");
            share(tree, &path.key("at_heap_share"), manual.at_heap_share, diagnostics);
            super::super::check_positive(tree, &path.key("every"), manual.every, diagnostics);
            let pause = pause(tree, &path.key("pause"), &manual.pause, diagnostics);
            (manual.at_heap_share, manual.every, pause)
        }),
        restart: spec.restart.clone(),
        probe_delay: spec.liveness.as_ref().map_or(Span::ZERO, |probe| probe.initial_delay),
        leak_above: spec.memory.leak_above_mb,
        caches: places(
            tree,
            &path.key("memory").key("caches"),
            "cache",
            &spec.memory.caches,
            caches,
            diagnostics,
        ),
        liveness: spec.liveness.as_ref().map(|probe| {
            let path = path.key("liveness");
            super::super::check_positive(tree, &path.key("interval"), probe.interval, diagnostics);
            if probe.misses == 0 {
                let at = path.key("misses");
                diagnostics.out_of_range(tree, &at, "the number of misses", 0.0, "at least 1");
            }
            (probe.interval, probe.timeout, probe.misses.max(1))
        }),
        pools: Vec::new(),
    }
}

/// The work of the event loop to read an answer through the buffer.
fn reading(tree: &Tree, path: &Path, spec: Option<BufferSpec>, diagnostics: &mut Diagnostics) -> Span {
    let Some(buffer) = spec else { return Span::ZERO };
    positive(tree, &path.key("size_kb"), buffer.size_kb, diagnostics);
    not_negative(tree, &path.key("answer_kb"), buffer.answer_kb, diagnostics);
    let reads = (buffer.answer_kb / buffer.size_kb).ceil();
    if reads > 1e6 {
        let at = path.key("size_kb");
        diagnostics.senseless(tree, &at, "an answer takes more than a million reads", "make it larger");
        return Span::ZERO;
    }
    buffer.per_read.scale(reads)
}

/// How much longer streamed calls take.
fn streamed(tree: &Tree, path: &Path, spec: ResponsesSpec, diagnostics: &mut Diagnostics) -> Option<f64> {
    let ResponsesSpec::Streamed { memory_share, latency_share } = spec else { return None };
    let path = path.key("streamed");
    share(tree, &path.key("memory_share"), memory_share, diagnostics);
    not_negative(tree, &path.key("latency_share"), latency_share, diagnostics);
    Some(latency_share)
}

fn memory(
    tree: &Tree,
    path: &Path,
    spec: &MemorySpec,
    responses: ResponsesSpec,
    diagnostics: &mut Diagnostics,
) -> Memory {
    positive(tree, &path.key("heap_limit_mb"), spec.heap_limit_mb, diagnostics);
    let parts = [
        ("base_mb", spec.base_mb),
        ("per_agent_mb", spec.per_agent_mb),
        ("per_task_mb", spec.per_task_mb),
        ("per_queued_task_mb", spec.per_queued_task_mb),
        ("external_per_task_mb", spec.external_per_task_mb),
        ("resident_base_mb", spec.resident_base_mb),
        ("leak_per_task_mb", spec.leak_per_task_mb),
        ("leak_above_mb", spec.leak_above_mb),
    ];
    for (field, value) in parts {
        not_negative(tree, &path.key(field), value, diagnostics);
    }
    if spec.base_mb >= spec.heap_limit_mb {
        diagnostics.senseless(
            tree,
            &path.key("base_mb"),
            "the heap is full before there is any work, so the node dies at once",
            "raise `heap_limit_mb`",
        );
    }
    let held = match responses {
        ResponsesSpec::Buffered => 1.0,
        ResponsesSpec::Streamed { memory_share, .. } => memory_share,
    };
    Memory {
        limit: spec.heap_limit_mb,
        base: spec.base_mb,
        per_agent: spec.per_agent_mb,
        per_task: spec.per_task_mb * held,
        per_queued: spec.per_queued_task_mb,
        external: spec.external_per_task_mb * held,
        resident: spec.resident_base_mb,
        leak: spec.leak_per_task_mb,
    }
}

fn pause(tree: &Tree, path: &Path, spec: &PauseSpec, diagnostics: &mut Diagnostics) -> Pause {
    if let Some(law) = &spec.time {
        check_law(tree, &path.key("time"), law, diagnostics);
    }
    if spec.by_tasks.windows(2).any(|pair| pair[0].0 >= pair[1].0) {
        diagnostics.senseless(
            tree,
            &path.key("by_tasks"),
            "the points are not in order of the number of tasks",
            "expected strictly rising numbers, such as [[100, \"50ms\"], [150, \"100ms\"]]",
        );
    }
    if spec.time.is_none() && spec.by_tasks.is_empty() && spec.per_live_mb == Span::ZERO {
        diagnostics.senseless(
            tree,
            path,
            "the pause has no length",
            "give `time`, `per_live_mb` or `by_tasks`, or leave the collection out",
        );
    }
    Pause { time: spec.time.clone(), per_live_mb: spec.per_live_mb, by_tasks: spec.by_tasks.clone() }
}

fn positive(tree: &Tree, path: &Path, value: f64, diagnostics: &mut Diagnostics) {
    if !(value.is_finite() && value > 0.0) {
        diagnostics.out_of_range(tree, path, "this", value, "above 0");
    }
}

fn not_negative(tree: &Tree, path: &Path, value: f64, diagnostics: &mut Diagnostics) {
    if !(value.is_finite() && value >= 0.0) {
        diagnostics.out_of_range(tree, path, "this", value, "at least 0");
    }
}

fn share(tree: &Tree, path: &Path, value: f64, diagnostics: &mut Diagnostics) {
    if !(0.0..=1.0).contains(&value) {
        diagnostics.out_of_range(tree, path, "a share", value, "0 to 1");
    }
}

//! The *as published* configurations decide as the JavaScript printed in the documents does.
//!
//! `data/decisions.json` holds the decisions of that code, executed as printed on random inputs. Every one of them must
//! come out here.

use serde::Deserialize;
use tars_policy::admission::{AdmissionSpec, AdmissionView, AdmitVerdict};
use tars_policy::autoscale::{AutoscaleSpec, Metrics, NeededAgentsSpec, ThresholdSpec, needed_agents};
use tars_policy::degrade::{DegradeSpec, Health, Mode};
use tars_policy::queue::{LaneMask, Offer, Offered, Priority, PriorityQueue, QueueSpec, Refusal, Taken};
use tars_policy::units::{Span, Time};

/// The sections of the fixture that are tested here; steps are tuples in the order that `inputs` states there.
#[derive(Deserialize)]
struct Decisions {
    priority_queue_000: Runs,
    degradation_000: Steps<Degradation>,
    select_mode_002: Steps<(f64, String)>,
    needed_agents_002: Steps<(u32, f64, u32)>,
    autoscale_000: Steps<(u32, u32, u32, u32, u32, u32, u32)>,
    backpressure_000: Steps<Backpressure>,
}

/// Depth, heap in GB, success share and priority; mode, model, cache TTL and timeout in ms, features, rejected.
type Degradation = (u32, f64, f64, String, String, String, u64, u64, String, bool);
/// Waiting by class and the priority of one more; depth, utilisation, status.
type Backpressure = (u32, u32, u32, u32, String, u32, String, u16);

#[derive(Deserialize)]
struct Runs {
    runs: Vec<Run>,
}

#[derive(Deserialize)]
struct Run {
    ops: Vec<Operation>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Operation {
    Enqueue(String, u32, String, String),
    Dequeue(String, Option<u32>, Option<String>),
}

#[derive(Deserialize)]
struct Steps<T> {
    steps: Vec<T>,
}

fn decisions() -> Decisions {
    serde_json::from_str(include_str!("data/decisions.json")).expect("the fixture is as described")
}

fn priority(name: &str) -> Priority {
    name.parse().expect("a priority")
}

/// What the printed code says of an offer.
fn words(offered: Offered<u32>, priority: &str) -> String {
    match offered {
        Offered::Accepted(_) => "accepted".to_owned(),
        Offered::Rejected(Refusal::PriorityFull) => format!("Queue full for {priority} tasks"),
        Offered::Rejected(Refusal::QueueFull) => "Global queue full".to_owned(),
        Offered::AcceptedDisplacing { .. } => panic!("the printed queue displaces nobody"),
    }
}

fn queue() -> PriorityQueue<u32> {
    QueueSpec::published_000().build(1).expect("a valid queue")
}

#[test]
fn the_priority_queue_of_document_000_decides_as_printed() {
    let runs = decisions().priority_queue_000.runs;
    assert_eq!(runs.iter().map(|run| run.ops.len()).sum::<usize>(), 6_000);
    for run in runs {
        let mut queue = queue();
        for (step, operation) in run.ops.into_iter().enumerate() {
            match operation {
                Operation::Enqueue(op, task, class, expected) => {
                    assert_eq!(op, "enqueue");
                    let offered = queue.offer(Time::START, task, Offer::new(priority(&class)));
                    assert_eq!(words(offered, &class), expected, "step {step}");
                }
                Operation::Dequeue(op, task, class) => {
                    assert_eq!(op, "dequeue");
                    let expected = task.zip(class.as_deref().map(priority));
                    assert_eq!(dequeue(&mut queue), expected, "step {step}");
                }
            }
        }
    }
}

fn dequeue(queue: &mut PriorityQueue<u32>) -> Option<(u32, Priority)> {
    match queue.take(Time::START, LaneMask::ALL, 0.0) {
        Taken::Serve { item, waited: _, priority } => Some((item, priority)),
        Taken::Empty => None,
        Taken::Drop { .. } => panic!("the printed queue drops nobody"),
    }
}

#[test]
fn the_degradation_controller_of_document_000_decides_as_printed() {
    let steps = decisions().degradation_000.steps;
    assert_eq!(steps.len(), 3_000);
    let mut degrade = DegradeSpec::published_000().build().expect("a valid controller");
    for (step, (depth, heap_gb, success, class, mode, model, ttl_ms, timeout_ms, features, rejected)) in
        steps.into_iter().enumerate()
    {
        let health = Health {
            queue_share: f64::from(depth) / 1000.0,
            memory_share: heap_gb / 3.2,
            success_share: success,
            load: 0.0,
        };
        let change = degrade.update(Time::START, &health);
        let settings = degrade.settings();
        assert_eq!(mode_000(change.mode), mode, "step {step}");
        assert_eq!(settings.model.as_deref(), Some(model.as_str()), "step {step}");
        assert_eq!(settings.cache_ttl, Some(Span::from_millis(ttl_ms)), "step {step}");
        assert_eq!(settings.timeout, Some(Span::from_millis(timeout_ms)), "step {step}");
        assert_eq!(settings.features.join("+"), features, "step {step}");
        assert_eq!(degrade.rejects(priority(&class)), rejected, "step {step}");
    }
}

fn mode_000(mode: Mode) -> &'static str {
    match mode {
        Mode::Optimal => "OPTIMAL",
        Mode::HighLoad => "HIGHLOAD",
        Mode::Critical => "CRITICAL",
    }
}

#[test]
fn the_mode_of_document_002_is_selected_as_printed() {
    let steps = decisions().select_mode_002.steps;
    assert_eq!(steps.len(), 400);
    let mut degrade = DegradeSpec::published_002().build().expect("a valid controller");
    for (load, expected) in steps {
        let change = degrade.update(Time::START, &Health { load, ..Health::PERFECT });
        let mode = match change.mode {
            Mode::Optimal => "optimal",
            Mode::HighLoad => "highLoad",
            Mode::Critical => "critical",
        };
        assert_eq!(mode, expected, "load {load}");
    }
}

#[test]
fn the_needed_agents_of_document_002_are_counted_as_printed() {
    let steps = decisions().needed_agents_002.steps;
    assert_eq!(steps.len(), 300);
    let most = NeededAgentsSpec::published_002().max;
    let mut autoscaler = AutoscaleSpec::published_002().build().expect("a valid autoscaler");
    for (depth, seconds, expected) in steps {
        assert_eq!(needed_agents(depth, seconds, most), expected, "{depth} waiting, {seconds} s each");
        // The policy measures in whole nanoseconds; the inputs have at most three decimals.
        let mean_processing = Span::from_secs_f64(seconds);
        let metrics = Metrics { queue_depth: depth, mean_processing, ..Metrics::default() };
        let change = autoscaler.decide(Time::START, &metrics).target_change;
        assert_eq!(u32::try_from(change), Ok(expected), "{depth} waiting, {seconds} s each");
    }
}

#[test]
fn the_autoscaler_of_document_000_decides_as_printed() {
    let steps = decisions().autoscale_000.steps;
    assert_eq!(steps.len(), 800);
    for (queue_depth, queue_max, agents_active, max, min, spawned, retired) in steps {
        let spec = AutoscaleSpec::Threshold(ThresholdSpec { min, max, ..ThresholdSpec::published_000() });
        let metrics = Metrics {
            queue_depth,
            queue_max,
            agents_active,
            agents_idle: agents_active,
            ..Metrics::default()
        };
        let scale = spec.build().expect("a valid autoscaler").decide(Time::START, &metrics);
        let expected = i64::from(spawned) - i64::from(retired);
        assert_eq!(i64::from(scale.target_change), expected, "{metrics:?} of {min} to {max}: {scale:?}");
    }
}

#[test]
fn the_backpressure_of_document_000_is_signalled_as_printed() {
    let steps = decisions().backpressure_000.steps;
    assert_eq!(steps.len(), 1_500);
    let mut admission = AdmissionSpec::published_000().build().expect("a valid policy");
    for (critical, high, normal, low, class, depth, utilisation, status) in steps {
        let mut queue = queue();
        for (class, waiting) in Priority::ALL.into_iter().zip([critical, high, normal, low]) {
            for task in 0..waiting {
                assert!(matches!(queue.offer(Time::START, task, Offer::new(class)), Offered::Accepted(_)));
            }
        }
        let view =
            AdmissionView { depth: queue.len(), max_depth: queue.max_depth(), ..AdmissionView::default() };
        let admit = admission.decide(Time::START, &view, 0.0);
        let offered = match admit.verdict {
            AdmitVerdict::Accept => Some(queue.offer(Time::START, 0, Offer::new(priority(&class)))),
            AdmitVerdict::TooMany(_) | AdmitVerdict::Unavailable(_) => None,
        };
        assert_eq!(admit.headers.queue_depth, depth);
        assert_eq!(admit.headers.utilisation_text(), utilisation);
        assert_eq!(admit.status(offered.as_ref()), status, "{class} at {view:?}");
    }
}

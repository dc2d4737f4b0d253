//! The autoscaler of Kubernetes as a rule: agents seen as pods.

use alloc::vec::Vec;

use super::hpa::{
    Active, Hpa, HpaDecision, HpaMetric, HpaSpec, Limited, Observation, Phase, Pod, Reading, Rescale,
    Resource, Sample,
};
use super::{Metrics, Scale, ScaleReason, change};
use crate::units::Time;

/// What one agent asks for: of a metric that is known as a share, a thousand thousandths.
const WHOLE: i64 = 1_000;

/// An [`Hpa`] that looks at most once a sync period, and is told of agents instead of pods.
///
/// | metric of the specification | what it reads |
/// |---|---|
/// | `cpu` | the share of busy slots, of a request of one whole unit an agent |
/// | `memory` | the heap share, likewise |
/// | `queue_depth` | tasks waiting: in all, or an agent's part of them |
/// | `arrival_rate_per_s` | tasks arriving a second: in all, or an agent's part of them |
/// | `active_agents` | tasks that agents carry, who are to it what agents are to a pod: in all, or an agent's part of them |
/// | `latency_s` | mean seconds from coming to leaving, of the tasks that left since the last look |
/// | `error_share` | the share of errors among the tasks that were refused or left since the last look |
/// | `index_size` | what the index that is watched holds: in all, or an agent's part of it |
/// | any other | unavailable |
///
/// Agents that are starting are pods that are pending. Busy agents are never stopped: a change downwards is cut at those
/// that are idle, and only what is left of it counts against the pace.
#[derive(Debug)]
pub(super) struct Replicas {
    hpa: Hpa,
    looked: Option<Time>,
}

impl Replicas {
    pub(super) fn new(hpa: Hpa) -> Self {
        Self { hpa, looked: None }
    }

    pub(super) fn wanted(&mut self, now: Time, metrics: &Metrics) -> Scale {
        let period = self.hpa.spec().sync_period;
        if self.looked.is_some_and(|looked| now.saturating_since(looked) < period) {
            return Scale::new(0, ScaleReason::Cooldown);
        }
        self.looked = Some(now);
        let seen = observe(now, metrics, self.hpa.spec());
        let decision = self.hpa.decide(now, &seen);
        let (from, to) = (seen.spec_replicas, decision.replicas);
        let kept = to.max(from.saturating_sub(metrics.agents_idle));
        self.hpa.rescaled(now, from, kept);
        let reason = if to < from && kept == from { ScaleReason::NoIdle } else { reason(&decision) };
        Scale::new(change(i64::from(kept) - i64::from(from)), reason)
    }
}

/// The word for what the autoscaler of Kubernetes says in three conditions.
fn reason(decision: &HpaDecision) -> ScaleReason {
    let conditions = &decision.conditions;
    match decision.reason {
        Rescale::AboveMax => return ScaleReason::AboveMax,
        Rescale::BelowMin => return ScaleReason::BelowMin,
        Rescale::AboveTarget(_) | Rescale::AllBelowTarget | Rescale::None => {}
    }
    match conditions.scaling_active {
        Some(Active::ValidMetricFound) => {}
        Some(Active::ScalingDisabled) => return ScaleReason::Disabled,
        Some(
            Active::FailedGetResourceMetric
            | Active::FailedGetContainerResourceMetric
            | Active::FailedGetPodsMetric
            | Active::FailedGetObjectMetric
            | Active::FailedGetExternalMetric,
        )
        | None => return ScaleReason::MetricMissing,
    }
    match conditions.scaling_limited {
        Some(Limited::TooManyReplicas) => ScaleReason::AtMax,
        Some(Limited::TooFewReplicas) => ScaleReason::AtMin,
        Some(Limited::ScaleUpLimit | Limited::ScaleDownLimit) => ScaleReason::SpawnRate,
        Some(Limited::DesiredWithinRange) | None => match decision.reason {
            Rescale::AboveTarget(_) => ScaleReason::AboveTarget,
            Rescale::AllBelowTarget => ScaleReason::BelowTarget,
            Rescale::AboveMax | Rescale::BelowMin | Rescale::None => held(decision),
        },
    }
}

/// Nothing changes: because nothing is to, or because recent proposals hold it.
fn held(decision: &HpaDecision) -> ScaleReason {
    let most = decision.proposals.iter().flatten().map(|proposal| proposal.replicas).max();
    if most == decision.stabilized { ScaleReason::Within } else { ScaleReason::Stabilized }
}

fn observe(now: Time, metrics: &Metrics, spec: &HpaSpec) -> Observation {
    let active = metrics.agents_active as usize;
    let mut pods = alloc::vec![Pod::ready_since(Time::START); active];
    let pending = Pod { phase: Phase::Pending, deleted: false, started: None, readiness: None };
    pods.resize(active + metrics.agents_starting as usize, pending);
    let replicas = metrics.agents_active.saturating_add(metrics.agents_starting);
    let readings = spec.metrics.iter().map(|metric| read(now, metrics, metric, pods.len())).collect();
    Observation { spec_replicas: replicas, status_replicas: replicas, pods, readings }
}

fn read(now: Time, metrics: &Metrics, metric: &HpaMetric, pods: usize) -> Reading {
    let active = metrics.agents_active as usize;
    let each = |value: f64| {
        let mut samples: Vec<Option<Sample>> = alloc::vec![Some(Sample::of(milli(value), now)); active];
        samples.resize(pods, None);
        let requests_milli = alloc::vec![Some(WHOLE); pods];
        Reading::Pods { samples, requests_milli, strays_milli: Vec::new() }
    };
    match metric {
        HpaMetric::Resource { name, .. } | HpaMetric::ContainerResource { name, .. } => match name {
            Resource::Cpu => each(metrics.busy_share),
            Resource::Memory => each(metrics.heap_share),
        },
        HpaMetric::Pods { name, .. } => {
            named(metrics, name).map_or(Reading::Unavailable, |total| each(total / active as f64))
        }
        HpaMetric::Object { name, .. } | HpaMetric::External { name, .. } => named(metrics, name)
            .map_or(Reading::Unavailable, |total| Reading::Values(alloc::vec![milli(total)])),
    }
}

fn named(metrics: &Metrics, name: &str) -> Option<f64> {
    match name {
        "queue_depth" => Some(f64::from(metrics.queue_depth)),
        "arrival_rate_per_s" => Some(metrics.arrival_rate_per_s),
        "latency_s" => Some(metrics.latency.as_secs_f64()),
        "active_agents" => Some(f64::from(metrics.tasks_running)),
        "error_share" => Some(metrics.error_share),
        "index_size" => Some(metrics.index_size),
        _ => None,
    }
}

/// Thousandths, to the nearest.
#[expect(clippy::cast_possible_truncation, reason = "`as` saturates, which is what is wanted")]
fn milli(value: f64) -> i64 {
    libm::round(value * 1_000.0) as i64
}

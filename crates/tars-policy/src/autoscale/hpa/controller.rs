//! The controller: from proposals to a number of replicas.

use alloc::vec::Vec;

use super::behavior::{Changes, Rules};
use super::conditions::{Able, Active, Conditions, Limited, Rescale};
use super::observed::{Observation, Reading};
use super::replicas::{MetricFailure, Proposal, Sync};
use super::{HpaMetric, HpaSpec};
use crate::units::{Span, Time};

/// Without `behavior` the replicas grow at most by this factor in one sync …
const GROWTH: i64 = 2;
/// … or to this many.
const SMALL: i64 = 4;

/// What an autoscaler decides in one sync.
#[derive(Clone, Debug, PartialEq, Eq)]
#[must_use]
pub struct HpaDecision {
    /// How many replicas there are to be.
    pub replicas: u32,
    /// Whether that is a change.
    pub rescaled: bool,
    /// Why.
    pub reason: Rescale,
    /// What each metric called for, in the order of the specification; empty when none was looked at.
    pub proposals: Vec<Result<Proposal, MetricFailure>>,
    /// The largest proposal, after the recent ones had their say; `None` when there was none.
    pub stabilized: Option<u32>,
    /// The conditions as they stand.
    pub conditions: Conditions,
}

/// A Horizontal Pod Autoscaler at work; see the [module](super).
#[derive(Clone, Debug)]
pub struct Hpa {
    spec: HpaSpec,
    /// The rules of the way up and of the way down.
    rules: Option<(Rules, Rules)>,
    /// Proposals that still count.
    recommended: Vec<(Time, i64)>,
    pub(super) changes: Changes,
    conditions: Conditions,
    started: bool,
}

impl Hpa {
    pub(super) fn new(spec: &HpaSpec) -> Self {
        let rules = spec.behavior.as_ref().map(|behavior| {
            (Rules::up(&behavior.scale_up), Rules::down(&behavior.scale_down, spec.downscale_stabilization))
        });
        let conditions = Conditions {
            able_to_scale: Able::SucceededGetScale,
            scaling_active: None,
            scaling_limited: None,
        };
        Self {
            spec: spec.clone(),
            rules,
            recommended: Vec::new(),
            changes: Changes::default(),
            conditions,
            started: false,
        }
    }

    /// The specification it was made from.
    pub const fn spec(&self) -> &HpaSpec {
        &self.spec
    }

    /// Decides and takes it as done. Time does not step back between calls.
    pub fn sync(&mut self, now: Time, seen: &Observation) -> HpaDecision {
        let decision = self.decide(now, seen);
        if decision.rescaled {
            self.rescaled(now, seen.spec_replicas, decision.replicas);
        }
        decision
    }

    /// Decides; the caller says with [`rescaled`](Self::rescaled) what came of it.
    pub fn decide(&mut self, now: Time, seen: &Observation) -> HpaDecision {
        let current = i64::from(seen.spec_replicas);
        if !self.started {
            // The number found first is a recommendation too: a new autoscaler does not scale down at once.
            self.started = true;
            self.recommended.push((now, current));
        }
        self.conditions.able_to_scale = Able::SucceededGetScale;
        let (min, max) = (i64::from(self.spec.min), i64::from(self.spec.max));
        if current == 0 && min != 0 {
            self.conditions.scaling_active = Some(Active::ScalingDisabled);
            return self.answer(seen, current, Rescale::None, Vec::new(), None);
        }
        if current > max {
            return self.answer(seen, max, Rescale::AboveMax, Vec::new(), None);
        }
        if current < min {
            return self.answer(seen, min, Rescale::BelowMin, Vec::new(), None);
        }
        self.by_metrics(now, seen)
    }

    /// The replicas have been changed: it counts against the pace.
    pub fn rescaled(&mut self, now: Time, from: u32, to: u32) {
        if from == to {
            return;
        }
        self.conditions.able_to_scale = Able::SucceededRescale;
        if let Some((up, down)) = &self.rules {
            self.changes.record(now, i64::from(from), i64::from(to), up, down);
        }
    }

    fn by_metrics(&mut self, now: Time, seen: &Observation) -> HpaDecision {
        let sync = Sync::new(now, &self.spec, seen);
        let reading = |place: usize| seen.readings.get(place).unwrap_or(&Reading::Unavailable);
        let metrics = self.spec.metrics.iter().enumerate();
        let proposals: Vec<_> = metrics.map(|(place, metric)| sync.propose(metric, reading(place))).collect();
        let current = i64::from(seen.spec_replicas);
        let Some((metric, proposed)) = self.largest(&proposals, current) else {
            return self.answer(seen, current, Rescale::None, proposals, None);
        };
        self.conditions.scaling_active = Some(Active::ValidMetricFound);
        let stabilized = self.stabilized(now, current, proposed);
        let (replicas, limited) = self.limited(now, current, stabilized);
        self.conditions.scaling_limited =
            Some(if replicas == stabilized { Limited::DesiredWithinRange } else { limited });
        let reason = match (replicas == current, proposed > current) {
            (true, _) => Rescale::None,
            (false, true) => Rescale::AboveTarget(metric),
            (false, false) => Rescale::AllBelowTarget,
        };
        self.answer(seen, replicas, reason, proposals, Some(stabilized))
    }

    /// The largest proposal and whose it is; `None` when nothing may be done because metrics are missing.
    fn largest(
        &mut self,
        proposals: &[Result<Proposal, MetricFailure>],
        current: i64,
    ) -> Option<(usize, i64)> {
        let mut largest: Option<(usize, i64)> = None;
        let mut failed = None;
        for (place, proposal) in proposals.iter().enumerate() {
            match proposal {
                Ok(proposal) => {
                    let replicas = i64::from(proposal.replicas);
                    // A proposal of none gives way to whatever follows.
                    if largest.is_none_or(|(_, most)| most == 0 || replicas > most) {
                        largest = Some((place, replicas));
                    }
                }
                Err(_) => failed = failed.or(Some(place)),
            }
        }
        let Some(failed) = failed else { return largest };
        if largest.is_none_or(|(_, replicas)| replicas < current) {
            self.conditions.scaling_active = Some(failure_of(&self.spec.metrics[failed]));
            return None;
        }
        largest
    }

    /// The proposal, moved towards the present number as far as the recent ones ask for.
    fn stabilized(&mut self, now: Time, current: i64, proposed: i64) -> i64 {
        let stabilized = match &self.rules {
            None => {
                let window = self.spec.downscale_stabilization;
                self.recommended.retain(|(at, _)| at.saturating_add(window) >= now);
                self.recommended.iter().map(|&(_, replicas)| replicas).fold(proposed, i64::max)
            }
            Some((up, down)) => {
                let counts = |at: Time, window: Span| at.saturating_add(window) > now;
                self.recommended.retain(|&(at, _)| counts(at, up.window) || counts(at, down.window));
                let recent = |window| self.recommended.iter().filter(move |(at, _)| counts(*at, window));
                let least = recent(up.window).map(|&(_, replicas)| replicas).fold(proposed, i64::min);
                let most = recent(down.window).map(|&(_, replicas)| replicas).fold(proposed, i64::max);
                current.max(least).min(most)
            }
        };
        self.recommended.push((now, proposed));
        self.conditions.able_to_scale = if stabilized == proposed {
            Able::ReadyForNewScale
        } else if self.rules.is_some() && proposed >= current {
            Able::ScaleUpStabilized
        } else {
            Able::ScaleDownStabilized
        };
        stabilized
    }

    /// The number cut at the pace and the bounds, and what would have cut it.
    pub(super) fn limited(&self, now: Time, current: i64, wanted: i64) -> (i64, Limited) {
        let (min, max) = (i64::from(self.spec.min), i64::from(self.spec.max));
        let (least, most) = match &self.rules {
            None => ((min, Limited::TooFewReplicas), lower(max, (GROWTH * current).max(SMALL))),
            Some((up, _)) if wanted > current => {
                ((wanted, Limited::DesiredWithinRange), lower(max, up.limit_up(now, current, &self.changes)))
            }
            Some((_, down)) if wanted < current => {
                let limit = down.limit_down(now, current, &self.changes);
                let least = if min < limit {
                    (limit, Limited::ScaleDownLimit)
                } else {
                    (min, Limited::TooFewReplicas)
                };
                (least, (wanted, Limited::DesiredWithinRange))
            }
            Some(_) => return (wanted, Limited::DesiredWithinRange),
        };
        if wanted < least.0 {
            least
        } else if wanted > most.0 {
            most
        } else {
            (wanted, Limited::DesiredWithinRange)
        }
    }

    fn answer(
        &self,
        seen: &Observation,
        replicas: i64,
        reason: Rescale,
        proposals: Vec<Result<Proposal, MetricFailure>>,
        stabilized: Option<i64>,
    ) -> HpaDecision {
        let count = |replicas: i64| u32::try_from(replicas).expect("never below none, nor above a bound");
        let replicas = count(replicas);
        let rescaled = replicas != seen.spec_replicas;
        let mut conditions = self.conditions;
        if rescaled {
            conditions.able_to_scale = Able::SucceededRescale;
        }
        HpaDecision { replicas, rescaled, reason, proposals, stabilized: stabilized.map(count), conditions }
    }
}

/// The most there may be: the maximum, or the limit of the pace when that is lower.
fn lower(max: i64, limit: i64) -> (i64, Limited) {
    if max > limit { (limit, Limited::ScaleUpLimit) } else { (max, Limited::TooManyReplicas) }
}

const fn failure_of(metric: &HpaMetric) -> Active {
    match metric {
        HpaMetric::Resource { .. } => Active::FailedGetResourceMetric,
        HpaMetric::ContainerResource { .. } => Active::FailedGetContainerResourceMetric,
        HpaMetric::Pods { .. } => Active::FailedGetPodsMetric,
        HpaMetric::Object { .. } => Active::FailedGetObjectMetric,
        HpaMetric::External { .. } => Active::FailedGetExternalMetric,
    }
}

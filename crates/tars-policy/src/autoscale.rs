//! Autoscaling: how many agents to spawn or to retire now.
//!
//! An [`Autoscaler`] is a rule (by [`AutoscaleSpec`]) behind a [`PaceSpec`]: scheduled minima, cooldowns and a limit on
//! the spawn rate. It is told [`Metrics`] whenever the caller likes, and answers with a change and its reason.
//!
//! | edge | decision |
//! |---|---|
//! | a share equal to its threshold | does nothing, as printed |
//! | cooldown exactly over | may scale |
//! | nobody idle to retire | [`ScaleReason::NoIdle`], no change: busy agents are never stopped |
//! | an agent spawned `per` ago | no longer counts against the spawn rate |
//!
//! ```
//! use tars_policy::autoscale::{AutoscaleSpec, Metrics, Scale, ScaleReason};
//! use tars_policy::units::Time;
//!
//! let mut autoscaler = AutoscaleSpec::published_000().build()?;
//! let metrics = Metrics { queue_depth: 801, queue_max: 1000, agents_active: 9, ..Metrics::default() };
//! let scale = autoscaler.decide(Time::START, &metrics);
//! // Two are spawned whenever there is room for one: the printed rule can exceed its maximum of ten.
//! assert_eq!(scale, Scale { target_change: 2, reason: ScaleReason::QueueHigh });
//! # Ok::<(), tars_policy::spec::SpecError>(())
//! ```

use alloc::boxed::Box;
use alloc::collections::VecDeque;
use alloc::format;
use alloc::vec::Vec;

use crate::spec::SpecError;
use crate::units::{Span, Time};

use hpa::HpaSpec;
use predictive::Predictive;
use replicas::Replicas;

pub mod hpa;
mod needed;
mod pace;
mod predictive;
mod replicas;
mod schedule;
#[cfg(test)]
mod tests;
mod threshold;

pub use needed::{NeededAgentsSpec, needed_agents};
pub use pace::{PaceSpec, Prewarm, SpawnRate};
pub use predictive::{Forecast, PredictiveSpec};
pub use schedule::{DailySchedule, DailyWindow, Weekday};
pub use threshold::ThresholdSpec;

/// What the autoscaler is told.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Metrics {
    /// Tasks waiting.
    pub queue_depth: u32,
    /// The cap on tasks waiting.
    pub queue_max: u32,
    /// Agents that are up, idle or busy.
    pub agents_active: u32,
    /// Those of them that are idle.
    pub agents_idle: u32,
    /// Agents that are starting; not among the active.
    pub agents_starting: u32,
    /// Busy slots as a share of all.
    pub busy_share: f64,
    /// Heap in use as a share of the most.
    pub heap_share: f64,
    /// Mean time an agent takes for a task.
    pub mean_processing: Span,
    /// Tasks arriving, per second.
    pub arrival_rate_per_s: f64,
    /// Tasks that agents carry.
    pub tasks_running: u32,
    /// Mean time from coming to leaving, of the tasks that left since the last look.
    pub latency: Span,
    /// Of the tasks that were refused or left since the last look, the share that was refused, dropped or failed.
    pub error_share: f64,
    /// What an index holds that is watched.
    pub index_size: f64,
}

impl Metrics {
    /// The queue as a share of its cap: not a number for 0 of 0, infinite for more of 0, as a division is.
    pub fn queue_share(&self) -> f64 {
        f64::from(self.queue_depth) / f64::from(self.queue_max)
    }
}

/// The rule that is followed.
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "serde", serde(rename_all = "snake_case"))]
pub enum AutoscaleSpec {
    /// By queue share and heap share (document 000, Tier 3).
    Threshold(ThresholdSpec),
    /// By the agents needed to drain the queue (document 002, "Horizontal Scaling").
    NeededAgents(NeededAgentsSpec),
    /// By the agents that the forecast load will need (document 001, "Implement predictive scaling").
    Predictive(PredictiveSpec),
    /// As the Horizontal Pod Autoscaler of Kubernetes does, agents for pods; it has a pace of its own and no other. Its
    /// metrics are `cpu` (the share of busy slots), `memory` (the heap share) and, as values in all or an agent,
    /// `queue_depth`, `arrival_rate_per_s`, `active_agents` (the tasks that agents carry: as seen from a pod, the agents
    /// at work in it), `latency_s`, `error_share` (since the last look) and `index_size` (vectors).
    Hpa(HpaSpec),
}

impl Default for AutoscaleSpec {
    /// The threshold rule, bounded and with cooldowns.
    fn default() -> Self {
        Self::Threshold(ThresholdSpec::default())
    }
}

impl AutoscaleSpec {
    /// The rule printed in document 000, Tier 3: 5 to 10 agents, two up above 80 %, one down below 20 %; no pace.
    pub fn published_000() -> Self {
        Self::Threshold(ThresholdSpec::published_000())
    }

    /// The rule printed in document 002: drains the queue in one second, at most 20 agents; no pace.
    pub fn published_002() -> Self {
        Self::NeededAgents(NeededAgentsSpec::published_002())
    }

    /// Named configurations; property tests run over all of them.
    pub fn examples() -> Vec<(&'static str, Self)> {
        let prewarm = Prewarm {
            at: Span::from_secs(8 * 3_600),
            lasts: Span::from_secs(3_600),
            every: Some(Span::from_secs(86_400)),
            agents: 8,
        };
        let rate = SpawnRate { agents: 2, per: Span::from_secs(60) };
        let pace =
            PaceSpec { spawn_rate_limit: Some(rate), prewarm: alloc::vec![prewarm], ..PaceSpec::default() };
        alloc::vec![
            ("default", Self::default()),
            ("published_000", Self::published_000()),
            ("published_002", Self::published_002()),
            ("needed_agents", Self::NeededAgents(NeededAgentsSpec::default())),
            ("predictive", Self::Predictive(PredictiveSpec::default())),
            ("hpa", Self::Hpa(HpaSpec::default())),
            (
                "hpa_behavior",
                Self::Hpa(HpaSpec { behavior: Some(hpa::Behavior::default()), ..HpaSpec::default() })
            ),
            (
                "paced",
                Self::Threshold(ThresholdSpec { heap_above: Some(0.7), pace, ..ThresholdSpec::default() })
            ),
        ]
    }

    /// Says what is impossible in this specification.
    pub fn validate(&self) -> Result<(), SpecError> {
        match self {
            Self::Threshold(spec) => spec.validate().map_err(|error| error.within("threshold")),
            Self::NeededAgents(spec) => spec.validate().map_err(|error| error.within("needed_agents")),
            Self::Predictive(spec) => spec.validate().map_err(|error| error.within("predictive")),
            Self::Hpa(spec) => spec.validate().map_err(|error| error.within("hpa")),
        }
    }

    /// The fewest agents that the rule allows.
    pub const fn min(&self) -> u32 {
        match self {
            Self::Threshold(spec) => spec.min,
            Self::NeededAgents(spec) => spec.min,
            Self::Predictive(spec) => spec.min,
            Self::Hpa(spec) => spec.min,
        }
    }

    /// The most agents that the rule allows.
    pub const fn max(&self) -> u32 {
        match self {
            Self::Threshold(spec) => spec.max,
            Self::NeededAgents(spec) => spec.max,
            Self::Predictive(spec) => spec.max,
            Self::Hpa(spec) => spec.max,
        }
    }

    /// The autoscaler.
    pub fn build(&self) -> Result<Autoscaler, SpecError> {
        self.validate()?;
        Ok(match self {
            Self::Threshold(spec) => Autoscaler::new(Rule::Threshold(spec.clone()), &spec.pace),
            Self::NeededAgents(spec) => Autoscaler::new(Rule::NeededAgents(spec.clone()), &spec.pace),
            Self::Predictive(spec) => Autoscaler::new(Rule::Predictive(Predictive::new(spec)), &spec.pace),
            Self::Hpa(spec) => {
                Autoscaler::new(Rule::Hpa(Box::new(Replicas::new(spec.build()?))), &PaceSpec::default())
            }
        })
    }
}

/// What the autoscaler answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub struct Scale {
    /// Agents to spawn (positive) or idle agents to retire (negative).
    pub target_change: i32,
    /// Why.
    pub reason: ScaleReason,
}

impl Scale {
    const fn new(target_change: i32, reason: ScaleReason) -> Self {
        Self { target_change, reason }
    }
}

/// Why the autoscaler answers as it does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ScaleReason {
    /// The queue is too full.
    QueueHigh,
    /// The queue is nearly empty.
    QueueLow,
    /// The heap is too full.
    HeapHigh,
    /// So many agents are needed to drain the queue.
    NeededAgents,
    /// So many agents will be needed.
    Forecast,
    /// A metric is above its target.
    AboveTarget,
    /// Every metric is below its target.
    BelowTarget,
    /// A change is called for, but recent proposals were milder.
    Stabilized,
    /// A metric is missing, so nothing is known well enough.
    MetricMissing,
    /// There are no agents, which turns the rule off.
    Disabled,
    /// There are more than the maximum.
    AboveMax,
    /// More are called for, but the maximum is reached.
    AtMax,
    /// Fewer are called for, but the minimum is reached.
    AtMin,
    /// There are fewer than the minimum.
    BelowMin,
    /// The schedule calls for more.
    Prewarm,
    /// A change is called for, but the last one is too recent.
    Cooldown,
    /// A larger change is called for than the rate allows; the change is what it allows.
    SpawnRate,
    /// Fewer are called for, but nobody is idle.
    NoIdle,
    /// All is within bounds.
    Within,
}

impl ScaleReason {
    /// The reason as a word: `queue_high`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::QueueHigh => "queue_high",
            Self::QueueLow => "queue_low",
            Self::HeapHigh => "heap_high",
            Self::NeededAgents => "needed_agents",
            Self::Forecast => "forecast",
            Self::AboveTarget => "above_target",
            Self::BelowTarget => "below_target",
            Self::Stabilized => "stabilized",
            Self::MetricMissing => "metric_missing",
            Self::Disabled => "disabled",
            Self::AboveMax => "above_max",
            Self::AtMax => "at_max",
            Self::AtMin => "at_min",
            Self::BelowMin => "below_min",
            Self::Prewarm => "prewarm",
            Self::Cooldown => "cooldown",
            Self::SpawnRate => "spawn_rate",
            Self::NoIdle => "no_idle",
            Self::Within => "within",
        }
    }
}

/// A rule that is not in [`AutoscaleSpec`].
pub trait AutoscaleRule: core::fmt::Debug + Send {
    /// What the rule calls for; pace and idle agents are looked after by the [`Autoscaler`].
    fn wanted(&mut self, now: Time, metrics: &Metrics) -> Scale;
}

/// The rule of an autoscaler.
#[derive(Debug)]
enum Rule {
    Threshold(ThresholdSpec),
    NeededAgents(NeededAgentsSpec),
    Predictive(Predictive),
    Hpa(Box<Replicas>),
    Custom(Box<dyn AutoscaleRule>),
}

/// An autoscaler; see the [module](self).
#[derive(Debug)]
pub struct Autoscaler {
    rule: Rule,
    pace: PaceSpec,
    changed: Option<Time>,
    /// Spawns that count against the rate, oldest first.
    spawned: VecDeque<(Time, u32)>,
}

impl Autoscaler {
    fn new(rule: Rule, pace: &PaceSpec) -> Self {
        Self { rule, pace: pace.clone(), changed: None, spawned: VecDeque::new() }
    }

    /// An autoscaler with a rule of the caller's own.
    pub fn custom(rule: Box<dyn AutoscaleRule>, pace: &PaceSpec) -> Result<Self, SpecError> {
        pace.validate()?;
        Ok(Self::new(Rule::Custom(rule), pace))
    }

    /// Says how many agents to spawn or to retire now. The caller is expected to do so: it counts as done.
    pub fn decide(&mut self, now: Time, metrics: &Metrics) -> Scale {
        let wanted = match &mut self.rule {
            Rule::Threshold(spec) => spec.wanted(metrics),
            Rule::NeededAgents(spec) => spec.wanted(metrics),
            Rule::Predictive(rule) => rule.wanted(now, metrics),
            Rule::Hpa(rule) => rule.wanted(now, metrics),
            Rule::Custom(rule) => rule.wanted(now, metrics),
        };
        let wanted = self.with_schedule(now, metrics, wanted);
        let scale = match wanted.target_change {
            0 => wanted,
            1.. => self.paced_up(now, wanted),
            ..0 => self.paced_down(now, metrics, wanted),
        };
        if scale.target_change != 0 {
            self.changed = Some(now);
        }
        scale
    }

    /// Raises what is wanted to what the schedule calls for.
    fn with_schedule(&self, now: Time, metrics: &Metrics, wanted: Scale) -> Scale {
        let floor = self.pace.floor(now);
        if floor == 0 {
            return wanted;
        }
        let least = i64::from(floor) - i64::from(metrics.agents_active) - i64::from(metrics.agents_starting);
        if i64::from(wanted.target_change) >= least {
            return wanted;
        }
        // The schedule may stop a retirement in part or in whole, or ask for more.
        Scale::new(change(least), ScaleReason::Prewarm)
    }

    /// A spawn, as far as cooldown and spawn rate allow. The schedule and the minimum do not wait for a cooldown.
    fn paced_up(&mut self, now: Time, wanted: Scale) -> Scale {
        let waits = !matches!(wanted.reason, ScaleReason::Prewarm | ScaleReason::BelowMin);
        if waits && self.cools(now, self.pace.cooldown_up) {
            return Scale::new(0, ScaleReason::Cooldown);
        }
        let Some(rate) = self.pace.spawn_rate_limit else { return wanted };
        while self.spawned.front().is_some_and(|&(at, _)| now.saturating_since(at) >= rate.per) {
            self.spawned.pop_front();
        }
        let recent: u32 = self.spawned.iter().map(|&(_, agents)| agents).sum();
        let asked = wanted.target_change.unsigned_abs();
        let agents = asked.min(rate.agents.saturating_sub(recent));
        if agents > 0 {
            self.spawned.push_back((now, agents));
        }
        let reason = if agents < asked { ScaleReason::SpawnRate } else { wanted.reason };
        Scale::new(change(i64::from(agents)), reason)
    }

    /// A retirement, as far as cooldown and idle agents allow.
    fn paced_down(&self, now: Time, metrics: &Metrics, wanted: Scale) -> Scale {
        if self.cools(now, self.pace.cooldown_down) {
            return Scale::new(0, ScaleReason::Cooldown);
        }
        match wanted.target_change.unsigned_abs().min(metrics.agents_idle) {
            0 => Scale::new(0, ScaleReason::NoIdle),
            agents => Scale::new(change(-i64::from(agents)), wanted.reason),
        }
    }

    fn cools(&self, now: Time, cooldown: Span) -> bool {
        self.changed.is_some_and(|changed| now.saturating_since(changed) < cooldown)
    }
}

/// A change in agents; a difference of two counts always fits but at absurd sizes, where it is cut.
fn change(agents: i64) -> i32 {
    i32::try_from(agents).unwrap_or(if agents < 0 { -i32::MAX } else { i32::MAX })
}

/// Checks that a minimum and a maximum of agents can both hold.
fn check_bounds(min: u32, max: u32) -> Result<(), SpecError> {
    if max == 0 {
        return Err(SpecError::new("max", "is 0; expected at least one agent"));
    }
    if min > max {
        return Err(SpecError::new("min", format!("{min} is above the maximum {max}")));
    }
    Ok(())
}

//! The needed-agents rule: as many as drain the queue in a stated time.

use super::{Metrics, PaceSpec, Scale, ScaleReason, change, check_bounds};
use crate::spec::SpecError;
use crate::units::Span;

/// As many agents as drain the queue (document 002, "Horizontal Scaling", `calculateNeededAgents`).
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "serde", serde(deny_unknown_fields, default))]
pub struct NeededAgentsSpec {
    /// Fewest agents.
    pub min: u32,
    /// Most agents.
    pub max: u32,
    /// The time in which the queue is to be drained. As printed one second, hidden in the units: 14 waiting tasks of
    /// 1.5 s already ask for 21 agents.
    pub drain: Span,
    /// Tasks an agent works on at once.
    pub concurrency: u32,
    /// Whether agents are also needed for what arrives (arrival rate times mean processing time). As printed they are
    /// not, so that an empty queue asks for nobody at any load.
    pub carry_arrivals: bool,
    /// How fast the rule may act.
    pub pace: PaceSpec,
}

impl Default for NeededAgentsSpec {
    /// 5 to 20 agents that carry what arrives and drain the rest in 30 s; down after 5 min without a change.
    fn default() -> Self {
        Self {
            min: 5,
            drain: Span::from_secs(30),
            carry_arrivals: true,
            pace: PaceSpec { cooldown_down: Span::from_secs(300), ..PaceSpec::default() },
            ..Self::published_002()
        }
    }
}

impl NeededAgentsSpec {
    /// As printed in document 002: no minimum (its `baseAgentCount` of 5 is never read), at most 20.
    pub fn published_002() -> Self {
        Self {
            min: 0,
            max: 20,
            drain: Span::from_secs(1),
            concurrency: 1,
            carry_arrivals: false,
            pace: PaceSpec::default(),
        }
    }

    pub(super) fn validate(&self) -> Result<(), SpecError> {
        check_bounds(self.min, self.max)?;
        if self.drain.is_zero() {
            return Err(SpecError::new("drain", "is zero; expected a positive span"));
        }
        if self.concurrency == 0 {
            return Err(SpecError::new("concurrency", "is 0; expected at least 1"));
        }
        self.pace.validate().map_err(|error| error.within("pace"))
    }

    /// What the rule calls for; agents that are starting count.
    pub(super) fn wanted(&self, metrics: &Metrics) -> Scale {
        let needed = self.needed(metrics);
        let agents = metrics.agents_active.saturating_add(metrics.agents_starting);
        let reason = match (needed == agents, agents >= self.max, agents <= self.min) {
            (false, _, _) => ScaleReason::NeededAgents,
            (true, true, _) => ScaleReason::AtMax,
            (true, false, true) => ScaleReason::AtMin,
            (true, false, false) => ScaleReason::Within,
        };
        Scale::new(change(i64::from(needed) - i64::from(agents)), reason)
    }

    /// How many agents there should be.
    fn needed(&self, metrics: &Metrics) -> u32 {
        let seconds = metrics.mean_processing.as_secs_f64();
        let per_agent = f64::from(self.concurrency) * self.drain.as_secs_f64();
        let carried = if self.carry_arrivals {
            metrics.arrival_rate_per_s * seconds / f64::from(self.concurrency)
        } else {
            0.0
        };
        let drained = f64::from(metrics.queue_depth) / (per_agent / seconds);
        ceiling(drained + carried).clamp(self.min, self.max)
    }
}

/// The printed formula, in the printed order of operations: `min(ceil(depth / (1 / seconds)), most)`.
///
/// `seconds` is the mean processing time of a task; 0 asks for nobody.
///
/// ```
/// use tars_policy::autoscale::needed_agents;
/// assert_eq!(needed_agents(14, 1.158, 20), 17);
/// assert_eq!(needed_agents(14, 1.5, 20), 20, "21 are needed, 20 is the most");
/// ```
pub fn needed_agents(queue_depth: u32, seconds: f64, most: u32) -> u32 {
    ceiling(f64::from(queue_depth) / (1.0 / seconds)).min(most)
}

/// Rounds up to a whole number of agents; what is not a number is nobody.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "`as` saturates, which is what is wanted"
)]
pub(super) fn ceiling(agents: f64) -> u32 {
    libm::ceil(agents) as u32
}

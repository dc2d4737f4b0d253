//! The threshold rule: by the share of the queue in use.

use alloc::format;

use super::{Metrics, PaceSpec, Scale, ScaleReason, change, check_bounds};
use crate::spec::SpecError;
use crate::units::Span;

/// Adds above one share of the queue, removes below another (document 000, Tier 3, "Auto-Scaling Logic").
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "serde", serde(deny_unknown_fields, default))]
pub struct ThresholdSpec {
    /// Fewest agents.
    pub min: u32,
    /// Most agents.
    pub max: u32,
    /// Adds when the queue share is above.
    pub scale_up_above: f64,
    /// Removes when the queue share is below.
    pub scale_down_below: f64,
    /// Agents added at once.
    pub step_up: u32,
    /// Agents removed at once.
    pub step_down: u32,
    /// Adds when the heap share is above, too, and removes nobody while it is.
    pub heap_above: Option<f64>,
    /// Whether the bounds hold exactly: a step is cut at them, and fewer than `min` are filled up. As printed they are
    /// only looked at before a step, so that 9 of 10 become 11 and 4 of at least 5 stay.
    pub exact_bounds: bool,
    /// Whether agents that are starting count. As printed they do not, and each look spawns anew until they are up.
    pub count_starting: bool,
    /// How fast the rule may act.
    pub pace: PaceSpec,
}

impl Default for ThresholdSpec {
    /// The thresholds of document 000 with exact bounds; up after 15 s, down after 5 min without a change.
    fn default() -> Self {
        Self {
            exact_bounds: true,
            count_starting: true,
            pace: PaceSpec {
                cooldown_up: Span::from_secs(15),
                cooldown_down: Span::from_secs(300),
                ..PaceSpec::default()
            },
            ..Self::published_000()
        }
    }
}

impl ThresholdSpec {
    /// As printed in document 000, Tier 3.
    pub fn published_000() -> Self {
        Self {
            min: 5,
            max: 10,
            scale_up_above: 0.8,
            scale_down_below: 0.2,
            step_up: 2,
            step_down: 1,
            heap_above: None,
            exact_bounds: false,
            count_starting: false,
            pace: PaceSpec::default(),
        }
    }

    pub(super) fn validate(&self) -> Result<(), SpecError> {
        check_bounds(self.min, self.max)?;
        for (field, value) in
            [("scale_up_above", self.scale_up_above), ("scale_down_below", self.scale_down_below)]
        {
            if !(0.0..=1.0).contains(&value) {
                return Err(SpecError::new(field, format!("{value} is no share; expected 0 to 1")));
            }
        }
        if self.scale_down_below > self.scale_up_above {
            let problem =
                format!("{} is above scale_up_above, {}", self.scale_down_below, self.scale_up_above);
            return Err(SpecError::new("scale_down_below", problem));
        }
        for (field, step) in [("step_up", self.step_up), ("step_down", self.step_down)] {
            if step == 0 {
                return Err(SpecError::new(field, "is 0; expected at least 1"));
            }
        }
        if let Some(heap) = self.heap_above
            && !(0.0..=1.0).contains(&heap)
        {
            return Err(SpecError::new("heap_above", format!("{heap} is no share; expected 0 to 1")));
        }
        self.pace.validate().map_err(|error| error.within("pace"))
    }

    /// What the rule calls for.
    pub(super) fn wanted(&self, metrics: &Metrics) -> Scale {
        let starting = if self.count_starting { metrics.agents_starting } else { 0 };
        let agents = metrics.agents_active.saturating_add(starting);
        if self.exact_bounds && agents < self.min {
            return Scale::new(change(i64::from(self.min - agents)), ScaleReason::BelowMin);
        }
        let share = metrics.queue_share();
        if share > self.scale_up_above {
            self.up(agents, ScaleReason::QueueHigh)
        } else if self.heap_above.is_some_and(|heap| metrics.heap_share > heap) {
            self.up(agents, ScaleReason::HeapHigh)
        } else if share < self.scale_down_below {
            self.down(agents)
        } else {
            Scale::new(0, ScaleReason::Within)
        }
    }

    fn up(&self, agents: u32, reason: ScaleReason) -> Scale {
        if agents >= self.max {
            return Scale::new(0, ScaleReason::AtMax);
        }
        let step = if self.exact_bounds { self.step_up.min(self.max - agents) } else { self.step_up };
        Scale::new(change(i64::from(step)), reason)
    }

    fn down(&self, agents: u32) -> Scale {
        if agents <= self.min {
            return Scale::new(0, ScaleReason::AtMin);
        }
        let step = if self.exact_bounds { self.step_down.min(agents - self.min) } else { self.step_down };
        Scale::new(change(-i64::from(step)), ScaleReason::QueueLow)
    }
}

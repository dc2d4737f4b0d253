//! How fast an autoscaler may act, and what the schedule asks for.

use alloc::format;
use alloc::vec::Vec;

use super::DailySchedule;
use crate::spec::SpecError;
use crate::units::{Span, Time};

/// Limits on the changes of an autoscaler, whatever its rule; the default has none.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "serde", serde(deny_unknown_fields, default))]
pub struct PaceSpec {
    /// No spawn so soon after the last change of either kind.
    pub cooldown_up: Span,
    /// No retirement so soon after the last change of either kind.
    pub cooldown_down: Span,
    /// Most agents spawned within a sliding window.
    pub spawn_rate_limit: Option<SpawnRate>,
    /// Scheduled minima; where several hold, the largest counts. They are not bounded by the maximum of the rule.
    pub prewarm: Vec<Prewarm>,
    /// Minima by the time of day; like those of `prewarm`, and the larger of the two counts.
    pub daily: Option<DailySchedule>,
}

/// At most `agents` spawned in any window of length `per`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "serde", serde(deny_unknown_fields))]
pub struct SpawnRate {
    /// Most agents.
    pub agents: u32,
    /// The window.
    pub per: Span,
}

/// A minimum that holds at set times: ahead of a known peak.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "serde", serde(deny_unknown_fields))]
pub struct Prewarm {
    /// From when, counted from the start.
    pub at: Span,
    /// For how long; the end is exclusive.
    pub lasts: Span,
    /// Repeated so often; absent: once.
    #[cfg_attr(feature = "serde", serde(default))]
    pub every: Option<Span>,
    /// At least so many agents, up or starting.
    pub agents: u32,
}

impl Prewarm {
    fn holds(&self, now: Time) -> bool {
        let since_start = now.saturating_since(Time::START);
        if since_start < self.at {
            return false;
        }
        let since_begin = since_start.saturating_sub(self.at).as_nanos();
        let phase = self.every.map_or(since_begin, |every| since_begin % every.as_nanos());
        phase < self.lasts.as_nanos()
    }
}

impl PaceSpec {
    /// The largest scheduled minimum that holds.
    pub(super) fn floor(&self, now: Time) -> u32 {
        let daily = self.daily.as_ref().map_or(0, |daily| daily.floor(now));
        self.prewarm
            .iter()
            .filter(|prewarm| prewarm.holds(now))
            .map(|prewarm| prewarm.agents)
            .max()
            .unwrap_or(0)
            .max(daily)
    }

    /// Says what is impossible in this specification.
    pub fn validate(&self) -> Result<(), SpecError> {
        if let Some(rate) = self.spawn_rate_limit {
            if rate.agents == 0 {
                return Err(SpecError::new("spawn_rate_limit.agents", "is 0; expected at least 1"));
            }
            if rate.per.is_zero() {
                return Err(SpecError::new("spawn_rate_limit.per", "is zero; expected a positive span"));
            }
        }
        self.daily.as_ref().map_or(Ok(()), DailySchedule::validate).map_err(|error| error.within("daily"))?;
        for (index, prewarm) in self.prewarm.iter().enumerate() {
            if prewarm.lasts.is_zero() {
                return Err(SpecError::new(
                    format!("prewarm.{index}.lasts"),
                    "is zero; expected a positive span",
                ));
            }
            if prewarm.every.is_some_and(|every| every < prewarm.lasts) {
                let problem = format!("is shorter than `lasts`, {}; expected at least that", prewarm.lasts);
                return Err(SpecError::new(format!("prewarm.{index}.every"), problem));
            }
        }
        Ok(())
    }
}

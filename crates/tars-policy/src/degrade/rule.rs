//! The two rules that choose a mode.

use alloc::format;

use super::{Health, Mode, Modes, Trigger};
use crate::spec::SpecError;
use crate::units::{Span, Time};

/// Beyond one of these a mode is called for.
#[derive(Clone, Copy, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "serde", serde(deny_unknown_fields))]
pub struct ModeThresholds {
    /// Fires when the queue share is above.
    pub queue_share: f64,
    /// Fires when the memory share is above.
    pub memory_share: f64,
    /// Fires when the success share is below.
    pub success_share: f64,
}

impl ModeThresholds {
    /// The signal that fires, in the order of the printed condition.
    fn fires(&self, health: &Health) -> Option<Trigger> {
        if health.memory_share > self.memory_share {
            Some(Trigger::Memory)
        } else if health.queue_share > self.queue_share {
            Some(Trigger::Queue)
        } else if health.success_share < self.success_share {
            Some(Trigger::Success)
        } else {
            None
        }
    }

    fn validate(&self) -> Result<(), SpecError> {
        share("queue_share", self.queue_share)?;
        share("memory_share", self.memory_share)?;
        share("success_share", self.success_share)
    }

    /// Whether these fire whenever `worse` does.
    fn is_below(&self, worse: &Self) -> Result<(), SpecError> {
        let problem = |field, mine, theirs| {
            SpecError::new(field, format!("{mine} fires later than the {theirs} it must not fire after"))
        };
        if self.queue_share > worse.queue_share {
            return Err(problem("queue_share", self.queue_share, worse.queue_share));
        }
        if self.memory_share > worse.memory_share {
            return Err(problem("memory_share", self.memory_share, worse.memory_share));
        }
        if self.success_share < worse.success_share {
            return Err(problem("success_share", self.success_share, worse.success_share));
        }
        Ok(())
    }
}

/// A share of one, as a field of a specification.
fn share(field: &str, value: f64) -> Result<(), SpecError> {
    if (0.0..=1.0).contains(&value) {
        Ok(())
    } else {
        Err(SpecError::new(field, format!("{value} is no share; expected 0 to 1")))
    }
}

/// Three modes by queue, memory and success rate.
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "serde", serde(deny_unknown_fields, default))]
pub struct ThreeModeSpec {
    /// What holds in each mode.
    pub modes: Modes,
    /// High load begins beyond one of these.
    pub enter_high_load: ModeThresholds,
    /// Critical begins beyond one of these.
    pub enter_critical: ModeThresholds,
    /// High load ends when none of these is exceeded; absent: those of entering.
    pub exit_high_load: Option<ModeThresholds>,
    /// Critical ends when none of these is exceeded; absent: those of entering.
    pub exit_critical: Option<ModeThresholds>,
    /// How long a mode lasts at least before a better one.
    pub dwell: Span,
}

impl Default for ThreeModeSpec {
    /// The thresholds of document 000 with margins of a tenth (success: of half a point) and a dwell of 30 s.
    fn default() -> Self {
        Self {
            exit_high_load: Some(ModeThresholds {
                queue_share: 0.4,
                memory_share: 0.5,
                success_share: 0.985,
            }),
            exit_critical: Some(ModeThresholds { queue_share: 0.7, memory_share: 0.7, success_share: 0.955 }),
            dwell: Span::from_secs(30),
            ..Self::published_000()
        }
    }
}

impl ThreeModeSpec {
    /// As printed in document 000, Part 4.
    pub fn published_000() -> Self {
        Self {
            modes: Modes::published_000(),
            enter_high_load: ModeThresholds { queue_share: 0.5, memory_share: 0.6, success_share: 0.98 },
            enter_critical: ModeThresholds { queue_share: 0.8, memory_share: 0.8, success_share: 0.95 },
            exit_high_load: None,
            exit_critical: None,
            dwell: Span::ZERO,
        }
    }

    pub(super) fn validate(&self) -> Result<(), SpecError> {
        self.modes.validate().map_err(|error| error.within("modes"))?;
        let (high, critical) = (&self.enter_high_load, &self.enter_critical);
        let (exit_high, exit_critical) = (self.exit_high_load.as_ref(), self.exit_critical.as_ref());
        for (field, thresholds) in [
            ("enter_high_load", Some(high)),
            ("enter_critical", Some(critical)),
            ("exit_high_load", exit_high),
            ("exit_critical", exit_critical),
        ] {
            thresholds.map_or(Ok(()), ModeThresholds::validate).map_err(|error| error.within(field))?;
        }
        high.is_below(critical).map_err(|error| error.within("enter_high_load"))?;
        let below = |exit: Option<&ModeThresholds>, enter| exit.map_or(Ok(()), |exit| exit.is_below(enter));
        below(exit_high, high).map_err(|error| error.within("exit_high_load"))?;
        below(exit_critical, critical).map_err(|error| error.within("exit_critical"))
    }

    /// The mode called for while in `current`, and the signal.
    pub(super) fn target(&self, current: Mode, health: &Health) -> (Mode, Trigger) {
        let exit_critical = self.exit_critical.as_ref().unwrap_or(&self.enter_critical);
        let exit_high_load = self.exit_high_load.as_ref().unwrap_or(&self.enter_high_load);
        choose(
            current,
            [self.enter_high_load.fires(health), self.enter_critical.fires(health)],
            [exit_high_load.fires(health), exit_critical.fires(health)],
        )
    }
}

/// The worst mode that is entered, or held because its exit thresholds are still exceeded.
fn choose(current: Mode, enter: [Option<Trigger>; 2], stay: [Option<Trigger>; 2]) -> (Mode, Trigger) {
    let held = |mode: Mode, signal: Option<Trigger>| if current >= mode { signal } else { None };
    if let Some(trigger) = enter[1].or(held(Mode::Critical, stay[1])) {
        (Mode::Critical, trigger)
    } else if let Some(trigger) = enter[0].or(held(Mode::HighLoad, stay[0])) {
        (Mode::HighLoad, trigger)
    } else {
        (Mode::Optimal, Trigger::None)
    }
}

/// Three modes by one load figure.
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "serde", serde(deny_unknown_fields, default))]
pub struct LoadSpec {
    /// What holds in each mode.
    pub modes: Modes,
    /// High load begins at this load, as a share of capacity.
    pub high_load: f64,
    /// Critical begins at this load.
    pub critical: f64,
    /// High load ends below this load; absent: below `high_load`.
    pub exit_high_load: Option<f64>,
    /// Critical ends below this load; absent: below `critical`.
    pub exit_critical: Option<f64>,
    /// Time constant of an exponential average of the load, which starts at 0; absent: the load as it is.
    pub smoothing: Option<Span>,
    /// How long a mode lasts at least before a better one.
    pub dwell: Span,
}

impl Default for LoadSpec {
    /// The thresholds of document 002, left a tenth lower, on a load averaged over 10 s, with a dwell of 30 s.
    fn default() -> Self {
        Self {
            exit_high_load: Some(0.5),
            exit_critical: Some(0.75),
            smoothing: Some(Span::from_secs(10)),
            dwell: Span::from_secs(30),
            ..Self::published_002()
        }
    }
}

impl LoadSpec {
    /// As printed in document 002, "Graceful Degradation".
    pub fn published_002() -> Self {
        Self {
            modes: Modes::published_002(),
            high_load: 0.6,
            critical: 0.85,
            exit_high_load: None,
            exit_critical: None,
            smoothing: None,
            dwell: Span::ZERO,
        }
    }

    pub(super) fn validate(&self) -> Result<(), SpecError> {
        self.modes.validate().map_err(|error| error.within("modes"))?;
        let exit_high_load = self.exit_high_load.unwrap_or(self.high_load);
        let exit_critical = self.exit_critical.unwrap_or(self.critical);
        for (field, value, most) in [
            ("critical", self.critical, f64::MAX),
            ("high_load", self.high_load, self.critical),
            ("exit_high_load", exit_high_load, self.high_load),
            ("exit_critical", exit_critical, self.critical),
        ] {
            if !(value > 0.0 && value <= most) {
                return Err(SpecError::new(
                    field,
                    format!("{value} is impossible; expected above 0, at most {most}"),
                ));
            }
        }
        if self.smoothing.is_some_and(Span::is_zero) {
            return Err(SpecError::new("smoothing", "is zero; expected a positive span, or none"));
        }
        Ok(())
    }

    /// The mode called for by a (smoothed) load while in `current`, and the signal.
    pub(super) fn target(&self, current: Mode, load: f64) -> (Mode, Trigger) {
        let at = |threshold: f64| (load >= threshold).then_some(Trigger::Load);
        choose(
            current,
            [at(self.high_load), at(self.critical)],
            [
                at(self.exit_high_load.unwrap_or(self.high_load)),
                at(self.exit_critical.unwrap_or(self.critical)),
            ],
        )
    }
}

/// An exponential average over irregular times, 0 before [`Time::START`].
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Average {
    value: f64,
    at: Time,
}

impl Average {
    /// Takes in a value that has held since the last update; what is not a number leaves the average as it is.
    pub(super) fn update(&mut self, now: Time, value: f64, time_constant: Option<Span>) -> f64 {
        let Some(time_constant) = time_constant else { return value };
        if value.is_nan() {
            return self.value;
        }
        let elapsed = now.saturating_since(self.at).as_secs_f64() / time_constant.as_secs_f64();
        self.value += (value - self.value) * -libm::expm1(-elapsed);
        self.at = now;
        self.value
    }
}

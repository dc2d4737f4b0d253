//! Degradation: which mode the service is in, and what that mode gives up to stay available.
//!
//! A [`Degrade`] controller is told the [`Health`] of the service and answers with a [`Mode`] and what fired. The mode
//! grows worse at once; it grows better once its exit thresholds are met and the dwell is over.
//!
//! | edge | decision |
//! |---|---|
//! | three-mode thresholds | strict, as printed: a share equal to its threshold does not fire |
//! | load thresholds | inclusive, as printed: a load equal to its threshold fires |
//! | dwell exactly over | may grow better |
//! | several signals fire | named in the order memory, queue, success, as printed |
//! | a signal that is not a number | does not fire |
//!
//! ```
//! use tars_policy::degrade::{DegradeSpec, Health, Mode, Trigger};
//! use tars_policy::units::Time;
//!
//! let mut degrade = DegradeSpec::published_000().build()?;
//! let health = Health { success_share: 0.97, ..Health::PERFECT };
//! let change = degrade.update(Time::START, &health);
//! assert_eq!((change.mode, change.changed, change.reason), (Mode::HighLoad, true, Trigger::Success));
//! assert_eq!(degrade.settings().model.as_deref(), Some("haiku"));
//! # Ok::<(), tars_policy::spec::SpecError>(())
//! ```

use alloc::borrow::ToOwned;
use alloc::string::String;
use alloc::vec::Vec;

use crate::queue::Priority;
use crate::spec::SpecError;
use crate::units::{Span, Time};

mod controller;
mod levels;
mod rule;

pub use controller::Degrade;
pub use levels::{
    Capabilities, Component, Components, Level, LevelCause, LevelChange, LevelSpec, Levels, Several,
};
pub use rule::{LoadSpec, ModeThresholds, ThreeModeSpec};

/// How degraded the service is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "serde", serde(rename_all = "snake_case"))]
pub enum Mode {
    /// Nothing is given up.
    #[default]
    Optimal,
    /// Moderate overload.
    HighLoad,
    /// Severe overload.
    Critical,
}

impl Mode {
    /// Every mode, the best first.
    pub const ALL: [Self; 3] = [Self::Optimal, Self::HighLoad, Self::Critical];

    /// The place in [`Mode::ALL`].
    pub const fn index(self) -> usize {
        self as usize
    }

    /// The name, as in a specification: `high_load`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Optimal => "optimal",
            Self::HighLoad => "high_load",
            Self::Critical => "critical",
        }
    }
}

/// Who is turned away.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "serde", serde(rename_all = "snake_case"))]
pub enum Reject {
    /// Nobody.
    #[default]
    None,
    /// Tasks of low priority, as coded in document 000, Part 4.
    Low,
    /// Tasks of any priority but critical, as written there ("auto-reject non-critical tasks").
    AllButCritical,
}

impl Reject {
    /// Whether a task of this priority is turned away.
    pub const fn rejects(self, priority: Priority) -> bool {
        match self {
            Self::None => false,
            Self::Low => matches!(priority, Priority::Low),
            Self::AllButCritical => !matches!(priority, Priority::Critical),
        }
    }
}

/// What holds while a mode lasts.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "serde", serde(deny_unknown_fields, default))]
pub struct ModeSettings {
    /// The model that answers; `None` leaves the routing as it is.
    pub model: Option<String>,
    /// How long a cached answer lives; `None` leaves the cache as it is.
    pub cache_ttl: Option<Span>,
    /// How long a task may take; `None` leaves the timeout as it is.
    pub timeout: Option<Span>,
    /// The features that stay on; steps that belong to another are left out. Empty leaves all on.
    pub features: Vec<String>,
    /// Whether only cached answers are given.
    pub cached_only: bool,
    /// Who is turned away.
    pub reject: Reject,
}

impl ModeSettings {
    fn published(model: &str, cache_ttl_min: u64, timeout_s: u64, features: &[&str]) -> Self {
        Self {
            model: Some(model.to_owned()),
            cache_ttl: Some(Span::from_secs(cache_ttl_min * 60)),
            timeout: Some(Span::from_secs(timeout_s)),
            features: features.iter().map(|&feature| feature.to_owned()).collect(),
            cached_only: false,
            reject: Reject::None,
        }
    }

    /// Whether a step of this feature is carried out.
    pub fn allows(&self, feature: &str) -> bool {
        self.features.is_empty() || self.features.iter().any(|on| on == feature || on == "full")
    }

    fn validate(&self) -> Result<(), SpecError> {
        if self.timeout.is_some_and(Span::is_zero) {
            return Err(SpecError::new("timeout", "is zero; expected a positive span"));
        }
        if self.model.as_deref().is_some_and(str::is_empty) {
            return Err(SpecError::new(
                "model",
                "is empty; expected a name, or no model to leave the routing alone",
            ));
        }
        Ok(())
    }
}

/// The settings of each mode.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "serde", serde(deny_unknown_fields, default))]
pub struct Modes {
    /// When all is well.
    pub optimal: ModeSettings,
    /// Under moderate overload.
    pub high_load: ModeSettings,
    /// Under severe overload.
    pub critical: ModeSettings,
}

impl Modes {
    /// The settings printed in document 000, Part 4, "Implementation": critical turns away `low`, serves all others.
    pub fn published_000() -> Self {
        Self {
            optimal: ModeSettings::published("sonnet", 30, 30, &["full"]),
            high_load: ModeSettings::published("haiku", 60, 20, &["core", "search"]),
            critical: ModeSettings {
                reject: Reject::Low,
                ..ModeSettings::published("haiku", 24 * 60, 10, &["core"])
            },
        }
    }

    /// The settings written in the prose of document 000, Part 4: critical serves only what is cached, and only
    /// critical tasks.
    pub fn written_000() -> Self {
        let coded = Self::published_000();
        let critical = ModeSettings { cached_only: true, reject: Reject::AllButCritical, ..coded.critical };
        Self { critical, ..coded }
    }

    /// The settings printed in document 002, "Graceful Degradation": nobody is turned away and no feature is named.
    /// Its cache of `'aggressive'` is read as the 24 h of document 000.
    pub fn published_002() -> Self {
        Self {
            optimal: ModeSettings::published("sonnet", 30, 30, &[]),
            high_load: ModeSettings::published("haiku", 60, 20, &[]),
            critical: ModeSettings::published("haiku", 24 * 60, 10, &[]),
        }
    }

    /// The settings of one mode.
    pub const fn of(&self, mode: Mode) -> &ModeSettings {
        match mode {
            Mode::Optimal => &self.optimal,
            Mode::HighLoad => &self.high_load,
            Mode::Critical => &self.critical,
        }
    }

    fn validate(&self) -> Result<(), SpecError> {
        Mode::ALL
            .into_iter()
            .try_for_each(|mode| self.of(mode).validate().map_err(|error| error.within(mode.as_str())))
    }
}

/// How the mode is chosen.
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "serde", serde(rename_all = "snake_case"))]
pub enum DegradeSpec {
    /// By queue, memory and success rate (document 000, Part 4).
    ThreeMode(ThreeModeSpec),
    /// By one load figure (document 002, "Graceful Degradation"; document 001, Scenario 11).
    Load(LoadSpec),
}

impl Default for DegradeSpec {
    /// Three modes that do not flap: each threshold is left a tenth lower, after 30 s.
    fn default() -> Self {
        Self::ThreeMode(ThreeModeSpec::default())
    }
}

impl DegradeSpec {
    /// The controller printed in document 000, Part 4: no hysteresis, no dwell, critical rejects `low`.
    pub fn published_000() -> Self {
        Self::ThreeMode(ThreeModeSpec::published_000())
    }

    /// The same thresholds with the critical mode of the prose: only cached answers, only critical tasks.
    pub fn written_000() -> Self {
        Self::ThreeMode(ThreeModeSpec { modes: Modes::written_000(), ..ThreeModeSpec::published_000() })
    }

    /// The controller printed in document 002: high load from 0.6, critical from 0.85, of an instantaneous load.
    pub fn published_002() -> Self {
        Self::Load(LoadSpec::published_002())
    }

    /// The controller that reproduces the mode times of document 001, Scenario 11: the rule of document 002 on a load
    /// averaged with a time constant of 10.19 s (*calibrated*: a load of 1.103 from the start on, 150 users on a capacity
    /// of 136, then crosses 0.6 after 8 s and 0.85 after 15 s, as published).
    pub fn scenario_11() -> Self {
        Self::Load(LoadSpec { smoothing: Some(Span::from_millis(10_190)), ..LoadSpec::published_002() })
    }

    /// Named configurations; property tests run over all of them.
    pub fn examples() -> Vec<(&'static str, Self)> {
        alloc::vec![
            ("default", Self::default()),
            ("published_000", Self::published_000()),
            ("written_000", Self::written_000()),
            ("published_002", Self::published_002()),
            ("scenario_11", Self::scenario_11()),
        ]
    }

    /// Says what is impossible in this specification.
    pub fn validate(&self) -> Result<(), SpecError> {
        match self {
            Self::ThreeMode(spec) => spec.validate().map_err(|error| error.within("three_mode")),
            Self::Load(spec) => spec.validate().map_err(|error| error.within("load")),
        }
    }

    /// The controller, in [`Mode::Optimal`].
    pub fn build(&self) -> Result<Degrade, SpecError> {
        self.validate()?;
        Ok(Degrade::new(self))
    }

    /// The settings of each mode.
    pub const fn modes(&self) -> &Modes {
        match self {
            Self::ThreeMode(spec) => &spec.modes,
            Self::Load(spec) => &spec.modes,
        }
    }
}

/// What the controller is told.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Health {
    /// Tasks waiting, as a share of the cap.
    pub queue_share: f64,
    /// Heap in use, as a share of what counts as full (3.2 GB in document 000).
    pub memory_share: f64,
    /// Calls that succeeded lately, as a share of all.
    pub success_share: f64,
    /// Load, as a share of capacity; used by [`DegradeSpec::Load`] alone.
    pub load: f64,
}

impl Health {
    /// An idle service without failures.
    pub const PERFECT: Self = Self { queue_share: 0.0, memory_share: 0.0, success_share: 1.0, load: 0.0 };
}

/// The signal that called for a mode.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Trigger {
    /// Too many wait.
    Queue,
    /// Too much heap is in use.
    Memory,
    /// Too many calls fail.
    Success,
    /// The load is too high.
    Load,
    /// No signal fires; the mode is optimal, or held by its dwell.
    None,
}

impl Trigger {
    /// The signal as a word: `queue`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Queue => "queue",
            Self::Memory => "memory",
            Self::Success => "success",
            Self::Load => "load",
            Self::None => "none",
        }
    }
}

/// What the controller answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub struct ModeChange {
    /// The mode from now on.
    pub mode: Mode,
    /// Whether it was another before.
    pub changed: bool,
    /// The signal that calls for this mode, or keeps it.
    pub reason: Trigger,
}

/// A way of choosing the mode that is not in [`DegradeSpec`].
pub trait DegradeRule: core::fmt::Debug + Send {
    /// The mode that `health` calls for while in `current`, and the signal.
    fn target(&mut self, now: Time, current: Mode, health: &Health) -> (Mode, Trigger);
}

//! Five levels by the health of components (document 004, "Graceful Degradation").
//!
//! A [`Levels`] controller is told how healthy each [`Component`] is and answers with a [`Level`]: what still works for
//! users, from everything to nothing new. It is a controller of its own, beside the modes by load: one asks whether there
//! is too much to do, the other whether the parts are there to do it.
//!
//! | edge | decision |
//! |---|---|
//! | health equal to `down_below` | still up |
//! | health equal to `up_from` | up again |
//! | health that is not a number | leaves the component as it was |
//! | dwell exactly over | the level may grow better |
//! | several components down | as printed the first of the list decides; by default the worst, and two make at least level 3 |
//!
//! The table and the code of the document differ: the table gives level 3 to "multiple component failures", which the code
//! never tests, and the code gives it to the tools, which the table never names. As printed, a lost primary model hides
//! the loss of memory and tools altogether.
//!
//! ```
//! use tars_policy::degrade::{Components, Level, LevelCause, LevelSpec};
//! use tars_policy::units::Time;
//!
//! let mut levels = LevelSpec::published_004().build()?;
//! let health = Components { memory_service: 0.0, ..Components::HEALTHY };
//! let change = levels.update(Time::START, &health);
//! assert_eq!((change.level, change.cause), (Level::LimitedFeatures, LevelCause::MemoryService));
//! assert!(levels.capabilities().tools && !levels.capabilities().long_term_memory);
//! # Ok::<(), tars_policy::spec::SpecError>(())
//! ```

use alloc::format;
use alloc::vec::Vec;

use crate::spec::SpecError;
use crate::units::{Span, Time};

/// What still works.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "serde", serde(rename_all = "snake_case"))]
pub enum Level {
    /// Level 0: everything.
    #[default]
    Normal,
    /// Level 1: everything, by a smaller, faster model.
    ReducedQuality,
    /// Level 2: everything but long-term memory.
    LimitedFeatures,
    /// Level 3: simple questions and answers, without tools.
    CoreOnly,
    /// Level 4: nothing new; what is cached is served.
    Maintenance,
}

impl Level {
    /// Every level, the best first.
    pub const ALL: [Self; 5] =
        [Self::Normal, Self::ReducedQuality, Self::LimitedFeatures, Self::CoreOnly, Self::Maintenance];

    /// Its number, 0 to 4.
    pub const fn number(self) -> u8 {
        self as u8
    }

    /// The name, as in a specification: `reduced_quality`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Normal => "normal",
            Self::ReducedQuality => "reduced_quality",
            Self::LimitedFeatures => "limited_features",
            Self::CoreOnly => "core_only",
            Self::Maintenance => "maintenance",
        }
    }

    /// What users can still have, as printed in the table and in `get_capabilities`.
    pub const fn capabilities(self) -> Capabilities {
        let all = Capabilities {
            full_quality: true,
            long_term_memory: true,
            tools: true,
            basic_answers: true,
            new_requests: true,
        };
        match self {
            Self::Normal => all,
            Self::ReducedQuality => Capabilities { full_quality: false, ..all },
            Self::LimitedFeatures => Capabilities { long_term_memory: false, ..all },
            Self::CoreOnly => Capabilities { long_term_memory: false, tools: false, ..all },
            Self::Maintenance => Capabilities {
                full_quality: false,
                long_term_memory: false,
                tools: false,
                basic_answers: false,
                new_requests: false,
            },
        }
    }
}

/// What users can still have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "a set of five named capabilities, as the document lists them"
)]
pub struct Capabilities {
    /// Answers of the primary model.
    pub full_quality: bool,
    /// What was said in earlier sessions.
    pub long_term_memory: bool,
    /// Tools.
    pub tools: bool,
    /// Simple questions and answers.
    pub basic_answers: bool,
    /// New requests; without them only what is cached is served.
    pub new_requests: bool,
}

/// A part that the service is made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Component {
    /// The primary model's provider.
    PrimaryModel,
    /// The backup model's provider.
    BackupModel,
    /// The long-term memory.
    MemoryService,
    /// The tools.
    ToolService,
    /// The store of checkpoints.
    CheckpointStore,
}

impl Component {
    /// Every component, in the order of the printed health check.
    pub const ALL: [Self; 5] = [
        Self::PrimaryModel,
        Self::BackupModel,
        Self::MemoryService,
        Self::ToolService,
        Self::CheckpointStore,
    ];
}

/// How healthy each component is: the share of its calls or checks that succeeded lately; 1 and 0 for up and down.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Components {
    /// Of the primary model.
    pub primary_model: f64,
    /// Of the backup model.
    pub backup_model: f64,
    /// Of the long-term memory.
    pub memory_service: f64,
    /// Of the tools.
    pub tool_service: f64,
    /// Of the store of checkpoints.
    pub checkpoint_store: f64,
}

impl Components {
    /// All well.
    pub const HEALTHY: Self = Self {
        primary_model: 1.0,
        backup_model: 1.0,
        memory_service: 1.0,
        tool_service: 1.0,
        checkpoint_store: 1.0,
    };

    /// The health of one.
    pub const fn of(&self, component: Component) -> f64 {
        match component {
            Component::PrimaryModel => self.primary_model,
            Component::BackupModel => self.backup_model,
            Component::MemoryService => self.memory_service,
            Component::ToolService => self.tool_service,
            Component::CheckpointStore => self.checkpoint_store,
        }
    }
}

/// How several failures add up.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "serde", serde(rename_all = "snake_case"))]
pub enum Several {
    /// The worst level that any failure calls for, and level 3 at least when several components are down, as the table
    /// says.
    #[default]
    Worst,
    /// The first of the printed list decides: checkpoints, both models, primary model, memory, tools.
    FirstOfList,
}

/// A controller of five levels.
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "serde", serde(deny_unknown_fields, default))]
pub struct LevelSpec {
    /// A component goes down when its health is below this share.
    pub down_below_share: f64,
    /// A component that is down comes up again when its health is at least this share.
    pub up_from_share: f64,
    /// How several failures add up.
    pub several: Several,
    /// How long a level lasts at least before a better one.
    pub dwell: Span,
}

impl Default for LevelSpec {
    /// Down below half, up again from 0.9, no better level within 30 s, the worst failure decides.
    fn default() -> Self {
        Self {
            down_below_share: 0.5,
            up_from_share: 0.9,
            several: Several::Worst,
            dwell: Span::from_secs(30),
        }
    }
}

impl LevelSpec {
    /// As printed in document 004, `DegradationManager`: up or down, at once, by the first of the list.
    pub fn published_004() -> Self {
        Self { down_below_share: 1.0, up_from_share: 1.0, several: Several::FirstOfList, dwell: Span::ZERO }
    }

    /// As the table of document 004 reads: the same, but several failures leave the core only.
    pub fn written_004() -> Self {
        Self { several: Several::Worst, ..Self::published_004() }
    }

    /// Named configurations; property tests run over all of them.
    pub fn examples() -> Vec<(&'static str, Self)> {
        alloc::vec![
            ("default", Self::default()),
            ("published_004", Self::published_004()),
            ("written_004", Self::written_004()),
        ]
    }

    /// Says what is impossible in this specification.
    pub fn validate(&self) -> Result<(), SpecError> {
        for (field, share) in
            [("down_below_share", self.down_below_share), ("up_from_share", self.up_from_share)]
        {
            if !(share > 0.0 && share <= 1.0) {
                let problem = format!("{share} is impossible; expected above 0, at most 1");
                return Err(SpecError::new(field, problem));
            }
        }
        if self.up_from_share < self.down_below_share {
            let problem =
                format!("{} is below down_below_share, {}", self.up_from_share, self.down_below_share);
            return Err(SpecError::new("up_from_share", problem));
        }
        Ok(())
    }

    /// The controller, at [`Level::Normal`] with everything up.
    pub fn build(&self) -> Result<Levels, SpecError> {
        self.validate()?;
        Ok(Levels { spec: self.clone(), up: [true; 5], level: Level::Normal, since: Time::START })
    }
}

/// Why a level holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum LevelCause {
    /// Checkpoints cannot be kept.
    CheckpointStore,
    /// Neither model answers.
    NoModel,
    /// The primary model does not answer.
    PrimaryModel,
    /// The long-term memory is gone.
    MemoryService,
    /// The tools are gone.
    ToolService,
    /// Several components are down, no one of which would do.
    Several,
    /// All is well again, or a better level waits for the dwell.
    None,
}

impl LevelCause {
    /// The cause as a word: `no_model`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::CheckpointStore => "checkpoint_store",
            Self::NoModel => "no_model",
            Self::PrimaryModel => "primary_model",
            Self::MemoryService => "memory_service",
            Self::ToolService => "tool_service",
            Self::Several => "several",
            Self::None => "none",
        }
    }
}

/// What the controller answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub struct LevelChange {
    /// The level from now on.
    pub level: Level,
    /// Whether it was another before.
    pub changed: bool,
    /// What calls for this level.
    pub cause: LevelCause,
}

/// A controller at work; see the top of this file.
#[derive(Clone, Debug)]
pub struct Levels {
    spec: LevelSpec,
    /// Which components are up, in the order of [`Component::ALL`].
    up: [bool; 5],
    level: Level,
    since: Time,
}

impl Levels {
    /// Chooses the level. Worse comes at once, better after the dwell.
    pub fn update(&mut self, now: Time, health: &Components) -> LevelChange {
        for (up, component) in self.up.iter_mut().zip(Component::ALL) {
            let share = health.of(component);
            // A share that is not a number is neither below nor above.
            if *up {
                *up = share.is_nan() || share >= self.spec.down_below_share;
            } else {
                *up = share >= self.spec.up_from_share;
            }
        }
        let (target, cause) = self.called_for();
        if target < self.level && now.saturating_since(self.since) < self.spec.dwell {
            return LevelChange { level: self.level, changed: false, cause: LevelCause::None };
        }
        let changed = target != self.level;
        if changed {
            (self.level, self.since) = (target, now);
        }
        LevelChange { level: target, changed, cause }
    }

    /// The level at present.
    pub const fn level(&self) -> Level {
        self.level
    }

    /// When the present level began; [`Time::START`] at first.
    pub const fn since(&self) -> Time {
        self.since
    }

    /// What users can have at present.
    pub const fn capabilities(&self) -> Capabilities {
        self.level.capabilities()
    }

    /// Whether a component counts as up.
    pub const fn is_up(&self, component: Component) -> bool {
        self.up[component as usize]
    }

    fn called_for(&self) -> (Level, LevelCause) {
        let down = |component| !self.is_up(component);
        let primary = down(Component::PrimaryModel);
        // In the order of the printed list.
        let called = [
            (down(Component::CheckpointStore), Level::Maintenance, LevelCause::CheckpointStore),
            (primary && down(Component::BackupModel), Level::Maintenance, LevelCause::NoModel),
            (primary, Level::ReducedQuality, LevelCause::PrimaryModel),
            (down(Component::MemoryService), Level::LimitedFeatures, LevelCause::MemoryService),
            (down(Component::ToolService), Level::CoreOnly, LevelCause::ToolService),
        ];
        let mut called =
            called.into_iter().filter(|(down, ..)| *down).map(|(_, level, cause)| (level, cause));
        match self.spec.several {
            Several::FirstOfList => called.next().unwrap_or((Level::Normal, LevelCause::None)),
            Several::Worst => {
                let several = self.up.iter().filter(|up| !**up).count() > 1;
                let first = (Level::Normal, LevelCause::None);
                let worst = called.fold(first, |worst, next| if next.0 > worst.0 { next } else { worst });
                if several && worst.0 < Level::CoreOnly {
                    (Level::CoreOnly, LevelCause::Several)
                } else {
                    worst
                }
            }
        }
    }
}

#[cfg(test)]
mod tests;

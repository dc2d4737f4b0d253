//! The controller: a rule, the mode it has led to, and when.

use alloc::boxed::Box;

use super::rule::{Average, LoadSpec, ThreeModeSpec};
use super::{DegradeRule, DegradeSpec, Health, Mode, ModeChange, ModeSettings, Modes, Trigger};
use crate::queue::Priority;
use crate::units::{Span, Time};

/// A degradation controller; see the [module](super).
#[derive(Debug)]
pub struct Degrade {
    rule: Rule,
    modes: Modes,
    dwell: Span,
    mode: Mode,
    since: Time,
}

/// How the mode is chosen.
#[derive(Debug)]
enum Rule {
    ThreeMode(ThreeModeSpec),
    Load(LoadSpec, Average),
    Custom(Box<dyn DegradeRule>),
}

impl Degrade {
    pub(super) fn new(spec: &DegradeSpec) -> Self {
        let (rule, dwell) = match spec {
            DegradeSpec::ThreeMode(spec) => (Rule::ThreeMode(spec.clone()), spec.dwell),
            DegradeSpec::Load(spec) => (Rule::Load(spec.clone(), Average::default()), spec.dwell),
        };
        Self { rule, modes: spec.modes().clone(), dwell, mode: Mode::Optimal, since: Time::START }
    }

    /// A controller with a rule of the caller's own.
    pub fn custom(rule: Box<dyn DegradeRule>, modes: Modes, dwell: Span) -> Self {
        Self { rule: Rule::Custom(rule), modes, dwell, mode: Mode::Optimal, since: Time::START }
    }

    /// Chooses the mode. Worse comes at once, better after the dwell.
    pub fn update(&mut self, now: Time, health: &Health) -> ModeChange {
        let (target, reason) = match &mut self.rule {
            Rule::ThreeMode(spec) => spec.target(self.mode, health),
            Rule::Load(spec, average) => {
                let load = average.update(now, health.load, spec.smoothing);
                spec.target(self.mode, load)
            }
            Rule::Custom(rule) => rule.target(now, self.mode, health),
        };
        if target == self.mode {
            return ModeChange { mode: target, changed: false, reason };
        }
        if target < self.mode && now.saturating_since(self.since) < self.dwell {
            return ModeChange { mode: self.mode, changed: false, reason: Trigger::None };
        }
        (self.mode, self.since) = (target, now);
        ModeChange { mode: target, changed: true, reason }
    }

    /// The mode at present.
    pub fn mode(&self) -> Mode {
        self.mode
    }

    /// When the present mode began; [`Time::START`] at first.
    pub fn since(&self) -> Time {
        self.since
    }

    /// What holds in the present mode.
    pub fn settings(&self) -> &ModeSettings {
        self.modes.of(self.mode)
    }

    /// Whether a new task of this priority is turned away at present.
    pub fn rejects(&self, priority: Priority) -> bool {
        self.settings().reject.rejects(priority)
    }
}

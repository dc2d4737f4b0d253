//! An alert at work.

use alloc::boxed::Box;

use super::baseline::Baseline;
use super::{AlertAction, AlertCondition, AlertSpec, AlertThreshold, Comparison};
use crate::units::{Span, Time};

/// What an alert does at a look.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum AlertEvent {
    /// Nothing.
    None,
    /// It begins to fire: its actions are due.
    Fired,
    /// It fires still and calls again: its actions are due again.
    Repeated,
    /// It ends.
    Resolved,
}

/// Why an alert does what it does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum AlertReason {
    /// The condition does not hold.
    Within,
    /// The condition holds.
    Beyond,
    /// The condition holds, but not for long enough yet.
    Holding,
    /// The condition has held for long enough, but the last call is too recent.
    Cooldown,
    /// The condition no longer holds, but not for long enough yet.
    Clearing,
    /// What is usual is not known yet.
    NoBaseline,
    /// The value says nothing.
    NoValue,
}

impl AlertReason {
    /// The reason as a word: `no_baseline`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Within => "within",
            Self::Beyond => "beyond",
            Self::Holding => "holding",
            Self::Cooldown => "cooldown",
            Self::Clearing => "clearing",
            Self::NoBaseline => "no_baseline",
            Self::NoValue => "no_value",
        }
    }
}

/// What an alert answers.
#[derive(Clone, Copy, Debug, PartialEq)]
#[must_use]
pub struct AlertDecision {
    /// What it does.
    pub event: AlertEvent,
    /// Why.
    pub reason: AlertReason,
    /// Whether it fires from now on.
    pub firing: bool,
    /// The number the value was held against; `None` without a baseline and for a condition of the caller's own.
    pub threshold: Option<f64>,
}

/// An alert at work; see the [module](super). Time does not step back between calls.
#[derive(Debug)]
pub struct Alert {
    spec: AlertSpec,
    condition: Condition,
    /// Since when the condition holds, without a break.
    holds_since: Option<Time>,
    /// Since when it does not, without a break, while firing.
    clear_since: Option<Time>,
    firing_since: Option<Time>,
    called: Option<Time>,
    first_fired: Option<Time>,
    firings: u64,
    fired_for: Span,
}

#[derive(Debug)]
enum Condition {
    Value(f64),
    TimesBaseline(f64, Baseline),
    Custom(Box<dyn AlertCondition>),
}

/// What a look at the condition says.
struct Look {
    holds: Option<bool>,
    threshold: Option<f64>,
    reason: AlertReason,
}

impl Alert {
    pub(super) fn new(spec: &AlertSpec) -> Self {
        let condition = match spec.threshold {
            AlertThreshold::Value(value) => Condition::Value(value),
            AlertThreshold::TimesBaseline { factor, window, least } => {
                Condition::TimesBaseline(factor, Baseline::new(window, least))
            }
        };
        Self {
            spec: spec.clone(),
            condition,
            holds_since: None,
            clear_since: None,
            firing_since: None,
            called: None,
            first_fired: None,
            firings: 0,
            fired_for: Span::ZERO,
        }
    }

    pub(super) fn with_condition(mut self, condition: Box<dyn AlertCondition>) -> Self {
        self.condition = Condition::Custom(condition);
        self
    }

    /// Takes in the metric as it is now.
    pub fn update(&mut self, now: Time, value: f64) -> AlertDecision {
        let look = self.look(now, value);
        let (event, reason) = match look.holds {
            None => (AlertEvent::None, AlertReason::NoValue),
            Some(true) => self.beyond(now),
            Some(false) => self.within(now, look.reason),
        };
        AlertDecision { event, reason, firing: self.firing_since.is_some(), threshold: look.threshold }
    }

    fn look(&mut self, now: Time, value: f64) -> Look {
        let comparison = self.spec.comparison;
        let against = |threshold: f64| match comparison {
            Comparison::Above => value > threshold,
            Comparison::Below => value < threshold,
        };
        if value.is_nan() {
            return Look { holds: None, threshold: None, reason: AlertReason::NoValue };
        }
        match &mut self.condition {
            Condition::Value(threshold) => Look {
                holds: Some(against(*threshold)),
                threshold: Some(*threshold),
                reason: AlertReason::Within,
            },
            Condition::TimesBaseline(factor, baseline) => {
                let threshold = baseline.mean().map(|mean| mean * *factor);
                let holds = threshold.is_some_and(against);
                baseline.look(now, value, !holds);
                let known = threshold.map_or(AlertReason::NoBaseline, |_| AlertReason::Within);
                Look { holds: Some(holds), threshold, reason: known }
            }
            Condition::Custom(condition) => {
                Look { holds: condition.holds(now, value), threshold: None, reason: AlertReason::Within }
            }
        }
    }

    fn beyond(&mut self, now: Time) -> (AlertEvent, AlertReason) {
        self.clear_since = None;
        let since = *self.holds_since.get_or_insert(now);
        let cools = self.called.is_some_and(|called| now.saturating_since(called) < self.spec.cooldown);
        if self.firing_since.is_some() {
            if !self.spec.repeat || cools {
                return (AlertEvent::None, AlertReason::Beyond);
            }
            self.called = Some(now);
            return (AlertEvent::Repeated, AlertReason::Beyond);
        }
        if now.saturating_since(since) < self.spec.window {
            return (AlertEvent::None, AlertReason::Holding);
        }
        if cools {
            return (AlertEvent::None, AlertReason::Cooldown);
        }
        (self.firing_since, self.called) = (Some(now), Some(now));
        self.first_fired = self.first_fired.or(Some(now));
        self.firings += 1;
        (AlertEvent::Fired, AlertReason::Beyond)
    }

    fn within(&mut self, now: Time, reason: AlertReason) -> (AlertEvent, AlertReason) {
        self.holds_since = None;
        let Some(firing) = self.firing_since else { return (AlertEvent::None, reason) };
        let since = *self.clear_since.get_or_insert(now);
        if now.saturating_since(since) < self.spec.resolve_after {
            return (AlertEvent::None, AlertReason::Clearing);
        }
        self.fired_for = self.fired_for.saturating_add(now.saturating_since(firing));
        (self.firing_since, self.clear_since) = (None, None);
        (AlertEvent::Resolved, reason)
    }

    /// The specification it was made from.
    pub const fn spec(&self) -> &AlertSpec {
        &self.spec
    }

    /// What is to be done when it fires or calls again.
    pub fn actions(&self) -> &[AlertAction] {
        &self.spec.actions
    }

    /// Whether it fires.
    pub const fn is_firing(&self) -> bool {
        self.firing_since.is_some()
    }

    /// When it first fired.
    pub const fn first_fired(&self) -> Option<Time> {
        self.first_fired
    }

    /// How often it has begun to fire.
    pub const fn firings(&self) -> u64 {
        self.firings
    }

    /// For how long it has fired in all, up to `now`.
    pub fn fired_for(&self, now: Time) -> Span {
        let present = self.firing_since.map_or(Span::ZERO, |since| now.saturating_since(since));
        self.fired_for.saturating_add(present)
    }
}

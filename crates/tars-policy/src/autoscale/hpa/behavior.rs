//! How fast an autoscaler may act: windows, rate policies, and what counts against them.

use alloc::format;
use alloc::vec::Vec;

use super::check_tolerance;
use crate::spec::SpecError;
use crate::units::{Span, Time};

/// The rules of both directions; the default is that of Kubernetes.
#[derive(Clone, Debug, Default, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "serde", serde(deny_unknown_fields, default))]
pub struct Behavior {
    /// The way up: absent fields mean no window, and the larger of 4 replicas and 100 % in 15 s.
    pub scale_up: ScalingRules,
    /// The way down: absent fields mean the window of `downscale_stabilization`, and 100 % in 15 s.
    pub scale_down: ScalingRules,
}

/// The rules of one direction.
#[derive(Clone, Debug, Default, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "serde", serde(deny_unknown_fields, default))]
pub struct ScalingRules {
    /// The mildest proposal of this window is taken; at most an hour.
    pub stabilization_window: Option<Span>,
    /// Which policy decides.
    pub select_policy: SelectPolicy,
    /// How much may change in how long.
    pub policies: Option<Vec<RatePolicy>>,
    /// How far the ratio may be off 1 in this direction; absent: the tolerance of the autoscaler.
    pub tolerance: Option<f64>,
}

/// Which of several policies decides.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "serde", serde(rename_all = "snake_case"))]
pub enum SelectPolicy {
    /// The one that allows the largest change.
    #[default]
    Max,
    /// The one that allows the smallest change.
    Min,
    /// None: nothing changes in this direction.
    Disabled,
}

/// How much may change in how long.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "serde", serde(rename_all = "snake_case", deny_unknown_fields))]
pub enum RatePolicy {
    /// A number of replicas.
    Pods {
        /// Replicas, at least 1.
        value: u32,
        /// In this time, at most half an hour.
        period: Span,
    },
    /// A percentage of the replicas at the beginning of the period.
    Percent {
        /// Percent, at least 1.
        value: u32,
        /// In this time, at most half an hour.
        period: Span,
    },
}

impl RatePolicy {
    pub(super) const fn period(self) -> Span {
        match self {
            Self::Pods { period, .. } | Self::Percent { period, .. } => period,
        }
    }

    fn validate(self) -> Result<(), SpecError> {
        let (Self::Pods { value, period } | Self::Percent { value, period }) = self;
        if value == 0 {
            return Err(SpecError::new("value", "is 0; expected at least 1"));
        }
        if period.is_zero() || period > Span::from_secs(1_800) {
            return Err(SpecError::new("period", format!("{period} is impossible; expected up to 30min")));
        }
        Ok(())
    }

    /// Replicas allowed upwards, of `start` at the beginning of the period.
    fn up(self, start: i64) -> i64 {
        match self {
            Self::Pods { value, .. } => start + i64::from(value),
            Self::Percent { value, .. } => whole(libm::ceil(start as f64 * (1.0 + f64::from(value) / 100.0))),
        }
    }

    /// Replicas allowed downwards, of `start` at the beginning of the period; rounded towards zero.
    fn down(self, start: i64) -> i64 {
        match self {
            Self::Pods { value, .. } => start - i64::from(value),
            Self::Percent { value, .. } => whole(start as f64 * (1.0 - f64::from(value) / 100.0)),
        }
    }
}

#[expect(clippy::cast_possible_truncation, reason = "towards zero, and saturating, is what is wanted")]
fn whole(replicas: f64) -> i64 {
    replicas as i64
}

impl ScalingRules {
    fn validate(&self) -> Result<(), SpecError> {
        if let Some(window) = self.stabilization_window.filter(|window| *window > Span::from_secs(3_600)) {
            let problem = format!("{window} is impossible; expected at most 1h");
            return Err(SpecError::new("stabilization_window", problem));
        }
        if let Some(policies) = &self.policies {
            if policies.is_empty() {
                return Err(SpecError::new("policies", "is empty; expected at least one, or none at all"));
            }
            for (index, policy) in policies.iter().enumerate() {
                policy.validate().map_err(|error| error.within(&format!("policies.{index}")))?;
            }
        }
        self.tolerance.map_or(Ok(()), |tolerance| check_tolerance("tolerance", tolerance))
    }
}

impl Behavior {
    pub(super) fn validate(&self) -> Result<(), SpecError> {
        self.scale_up.validate().map_err(|error| error.within("scale_up"))?;
        self.scale_down.validate().map_err(|error| error.within("scale_down"))
    }
}

/// The rules of one direction with nothing left open.
#[derive(Clone, Debug)]
pub(super) struct Rules {
    pub(super) window: Span,
    select: SelectPolicy,
    policies: Vec<RatePolicy>,
}

impl Rules {
    pub(super) fn up(rules: &ScalingRules) -> Self {
        let period = Span::from_secs(15);
        let usual =
            || alloc::vec![RatePolicy::Pods { value: 4, period }, RatePolicy::Percent { value: 100, period }];
        Self::resolve(rules, Span::ZERO, usual)
    }

    pub(super) fn down(rules: &ScalingRules, window: Span) -> Self {
        let usual = || alloc::vec![RatePolicy::Percent { value: 100, period: Span::from_secs(15) }];
        Self::resolve(rules, window, usual)
    }

    fn resolve(rules: &ScalingRules, window: Span, usual: impl FnOnce() -> Vec<RatePolicy>) -> Self {
        Self {
            window: rules.stabilization_window.unwrap_or(window),
            select: rules.select_policy,
            policies: rules.policies.clone().unwrap_or_else(usual),
        }
    }

    /// The most replicas there may be.
    pub(super) fn limit_up(&self, now: Time, current: i64, changes: &Changes) -> i64 {
        let allowed =
            self.policies.iter().map(|policy| policy.up(changes.start(now, current, policy.period())));
        let limit = match self.select {
            SelectPolicy::Max => allowed.max(),
            SelectPolicy::Min => allowed.min(),
            SelectPolicy::Disabled => None,
        };
        // Never below what there is: too many additions only mean to wait.
        limit.unwrap_or(current).max(current)
    }

    /// The fewest replicas there may be.
    pub(super) fn limit_down(&self, now: Time, current: i64, changes: &Changes) -> i64 {
        let allowed =
            self.policies.iter().map(|policy| policy.down(changes.start(now, current, policy.period())));
        let limit = match self.select {
            SelectPolicy::Max => allowed.min(),
            SelectPolicy::Min => allowed.max(),
            SelectPolicy::Disabled => None,
        };
        limit.unwrap_or(current).min(current)
    }

    fn longest(&self) -> Span {
        self.policies.iter().map(|policy| policy.period()).max().unwrap_or(Span::ZERO)
    }
}

/// Changes that count against the rate policies.
#[derive(Clone, Debug, Default)]
pub(super) struct Changes {
    added: Vec<Change>,
    removed: Vec<Change>,
}

#[derive(Clone, Copy, Debug)]
struct Change {
    at: Time,
    replicas: i64,
}

impl Changes {
    /// The replicas there were one `period` ago, as far as this autoscaler changed them since.
    fn start(&self, now: Time, current: i64, period: Span) -> i64 {
        current - within(&self.added, now, period) + within(&self.removed, now, period)
    }

    pub(super) fn record(&mut self, now: Time, from: i64, to: i64, up: &Rules, down: &Rules) {
        if to > from {
            store(&mut self.added, now, to - from, up.longest());
        } else {
            store(&mut self.removed, now, from - to, down.longest());
        }
    }
}

fn within(changes: &[Change], now: Time, period: Span) -> i64 {
    let recent = changes.iter().filter(|change| change.at.saturating_add(period) > now);
    recent.map(|change| change.replicas).sum()
}

/// A change takes the place of the last one that is older than the longest period of its direction, if there is one. The
/// other old ones stay, as they do in the controller: a longer period of the other direction still sees them.
fn store(changes: &mut Vec<Change>, at: Time, replicas: i64, longest: Span) {
    let change = Change { at, replicas };
    match changes.iter_mut().rev().find(|old| old.at.saturating_add(longest) < at) {
        Some(old) => *old = change,
        None => changes.push(change),
    }
}

//! Rules by priority, complexity and role.

use super::{Ask, named};
use crate::queue::Priority;
use crate::spec::SpecError;
use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

/// Tasks of which all this holds go to a model. What is left out always holds, so a rule with nothing in it holds for every
/// task.
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "serde", serde(deny_unknown_fields))]
pub struct RouteRule {
    /// The task has one of these priorities. Empty: any, or none.
    #[cfg_attr(feature = "serde", serde(default))]
    pub priorities: Vec<Priority>,
    /// The task has one of these roles. Empty: any, or none.
    #[cfg_attr(feature = "serde", serde(default))]
    pub roles: Vec<String>,
    /// The task is at least so complex.
    #[cfg_attr(feature = "serde", serde(default))]
    pub complexity_from: Option<f64>,
    /// The task is less complex than this.
    #[cfg_attr(feature = "serde", serde(default))]
    pub complexity_below: Option<f64>,
    /// The model.
    pub model: String,
}

impl RouteRule {
    /// Every task goes to `model`.
    pub fn to(model: &str) -> Self {
        Self {
            priorities: Vec::new(),
            roles: Vec::new(),
            complexity_from: None,
            complexity_below: None,
            model: model.to_string(),
        }
    }

    pub(super) fn validate(&self) -> Result<(), SpecError> {
        named(&self.model, "model")?;
        for (bound, field) in
            [(self.complexity_from, "complexity_from"), (self.complexity_below, "complexity_below")]
        {
            if bound.is_some_and(|bound| !bound.is_finite()) {
                return Err(SpecError::new(field, "is not finite; expected a complexity, usually 0 to 1"));
            }
        }
        match (self.complexity_from, self.complexity_below) {
            (Some(from), Some(below)) if from >= below => Err(SpecError::new(
                "complexity_below",
                format!("is {below}, not above `complexity_from` {from}; no task is both"),
            )),
            (_, _) => Ok(()),
        }
    }

    /// Whether all of it holds. A complexity that is no number is within no bounds.
    pub(super) fn holds(&self, ask: &Ask<'_>) -> bool {
        let priority = self.priorities.is_empty()
            || ask.priority.is_some_and(|priority| self.priorities.contains(&priority));
        let role = self.roles.is_empty()
            || ask.role.is_some_and(|role| self.roles.iter().any(|known| known == role));
        priority
            && role
            && self.complexity_from.is_none_or(|from| ask.complexity >= from)
            && self.complexity_below.is_none_or(|below| ask.complexity < below)
    }
}

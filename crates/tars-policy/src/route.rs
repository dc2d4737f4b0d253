//! Routing: which model serves a task, which provider comes next when one fails, and when a second copy is sent.
//!
//! - [`Route`] chooses a model by the task's priority, complexity and role, or by a mix.
//! - [`Fallback`] walks a chain of providers, passing over those that are not to be called now.
//! - [`Hedge`] says when another copy of a call that has not answered goes out.
//!
//! ```
//! use tars_policy::route::{Ask, RouteSpec};
//!
//! let route = RouteSpec::published_000().build()?;
//! let model = |complexity| route.name(route.pick(&Ask { complexity, role: None, priority: None, draw: 0.0 }));
//! assert_eq!((model(0.29), model(0.3), model(0.7)), ("haiku", "sonnet", "opus"));
//! # Ok::<(), tars_policy::spec::SpecError>(())
//! ```

use crate::queue::Priority;
use crate::spec::SpecError;
use alloc::boxed::Box;
use alloc::collections::BTreeMap;
use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec;
use alloc::vec::Vec;

mod fallback;
mod hedge;
mod rules;

pub use fallback::{Fallback, FallbackSpec};
pub use hedge::{Hedge, HedgeBudget, HedgeQuantile, HedgeSpec, HedgeVerdict, Losers};
pub use rules::RouteRule;

/// How a model is chosen.
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "serde", serde(rename_all = "snake_case", deny_unknown_fields))]
pub enum RouteSpec {
    /// Always the same.
    Fixed {
        /// The model.
        model: String,
    },
    /// By the task's complexity: the first step it is below, strictly.
    Complexity {
        /// Thresholds, rising.
        steps: Vec<ComplexityStep>,
        /// The model of everything else: at or above the last threshold, or not a number.
        otherwise: String,
    },
    /// By the task's role.
    Role {
        /// The model of each role.
        models: BTreeMap<String, String>,
        /// The model of every other role.
        otherwise: String,
    },
    /// By chance, in given shares.
    Mix {
        /// The shares, each above 0; together 1 within a millionth.
        shares: Vec<ModelShare>,
    },
    /// By the first rule that holds.
    Rules {
        /// The rules, the most important first.
        rules: Vec<RouteRule>,
        /// The route of everything else.
        otherwise: Box<RouteSpec>,
    },
}

/// Tasks below a complexity go to a model.
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "serde", serde(deny_unknown_fields))]
pub struct ComplexityStep {
    /// The threshold: tasks strictly below it.
    pub below: f64,
    /// The model they go to.
    pub model: String,
}

/// A share of the tasks goes to a model.
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "serde", serde(deny_unknown_fields))]
pub struct ModelShare {
    /// The model.
    pub model: String,
    /// Its share of the tasks, above 0 and at most 1.
    pub share: f64,
}

/// How far shares may be from 1 together.
const SHARES_SLACK: f64 = 1e-6;

impl RouteSpec {
    /// Names every impossible value: empty names, thresholds that do not rise, shares out of range or that are not 1
    /// together.
    pub fn validate(&self) -> Result<(), SpecError> {
        match self {
            Self::Fixed { model } => named(model, "fixed.model"),
            Self::Complexity { steps, otherwise } => {
                for (index, step) in steps.iter().enumerate() {
                    named(&step.model, &format!("complexity.steps.{index}.model"))?;
                    let rises = index == 0 || step.below > steps[index - 1].below;
                    if !(step.below.is_finite() && rises) {
                        return Err(SpecError::new(
                            format!("complexity.steps.{index}.below"),
                            format!("is {}; expected finite thresholds that rise", step.below),
                        ));
                    }
                }
                named(otherwise, "complexity.otherwise")
            }
            Self::Role { models, otherwise } => {
                for (role, model) in models {
                    named(model, &format!("role.models.{role}"))?;
                }
                named(otherwise, "role.otherwise")
            }
            Self::Mix { shares } => validate_shares(shares),
            Self::Rules { rules, otherwise } => {
                for (index, rule) in rules.iter().enumerate() {
                    rule.validate().map_err(|error| error.within(&format!("rules.rules.{index}")))?;
                }
                otherwise.validate().map_err(|error| error.within("rules.otherwise"))
            }
        }
    }

    /// The route.
    pub fn build(&self) -> Result<Route, SpecError> {
        self.validate()?;
        let mut names = Names::default();
        let rule = self.rule(&mut names);
        Ok(Route { names: names.0, rule })
    }

    fn rule(&self, names: &mut Names) -> Rule {
        match self {
            Self::Fixed { model } => Rule::Fixed(names.index(model)),
            Self::Complexity { steps, otherwise } => Rule::Complexity {
                steps: steps.iter().map(|step| (step.below, names.index(&step.model))).collect(),
                otherwise: names.index(otherwise),
            },
            Self::Role { models, otherwise } => Rule::Role {
                models: models.iter().map(|(role, model)| (role.clone(), names.index(model))).collect(),
                otherwise: names.index(otherwise),
            },
            Self::Mix { shares } => Rule::Mix(cumulate(shares, names)),
            Self::Rules { rules, otherwise } => Rule::Rules {
                rules: rules.iter().map(|rule| (rule.clone(), names.index(&rule.model))).collect(),
                otherwise: Box::new(otherwise.rule(names)),
            },
        }
    }

    /// Document 000, Part 2, model quality tuning: Haiku below 0.3, Sonnet below 0.7, Opus above.
    pub fn published_000() -> Self {
        let step = |below, model: &str| ComplexityStep { below, model: model.to_string() };
        Self::Complexity {
            steps: vec![step(0.3, "haiku"), step(0.7, "sonnet")],
            otherwise: "opus".to_string(),
        }
    }

    /// Document 000, Tier 3: 80 % Haiku, 20 % Sonnet.
    pub fn published_000_tier_3() -> Self {
        Self::mix(&[("haiku", 0.8), ("sonnet", 0.2)])
    }

    /// Document 000, Tiers 4 and 5: 85 % Haiku, 10 % Sonnet, 5 % Opus.
    pub fn published_000_tier_4() -> Self {
        Self::mix(&[("haiku", 0.85), ("sonnet", 0.1), ("opus", 0.05)])
    }

    /// Document 000, Tier 4, `models`: Opus for emergencies, Sonnet for what is critical or complex, Haiku for the rest. The text
    /// does not say how these are told: an emergency is a role, critical is the priority, complex is a complexity of 0.7 or
    /// more, the threshold of Part 2. The rule for emergencies comes first.
    pub fn published_000_tier_4_roles() -> Self {
        let rule = |model: &str| RouteRule::to(model);
        Self::Rules {
            rules: vec![
                RouteRule { roles: vec!["emergency".to_string()], ..rule("opus") },
                RouteRule { priorities: vec![Priority::Critical], ..rule("sonnet") },
                RouteRule { complexity_from: Some(0.7), ..rule("sonnet") },
                RouteRule { roles: vec!["critical".to_string(), "complex".to_string()], ..rule("sonnet") },
            ],
            otherwise: Box::new(Self::Fixed { model: "haiku".to_string() }),
        }
    }

    /// A mix of models by share.
    pub fn mix(shares: &[(&str, f64)]) -> Self {
        let shares =
            shares.iter().map(|(model, share)| ModelShare { model: (*model).to_string(), share: *share });
        Self::Mix { shares: shares.collect() }
    }

    /// Named configurations; property tests run over all of them.
    pub fn examples() -> Vec<(&'static str, Self)> {
        let roles = [("research", "haiku"), ("engineering", "sonnet"), ("writing", "sonnet")];
        let models = roles.iter().map(|(role, model)| ((*role).to_string(), (*model).to_string())).collect();
        vec![
            ("published_000", Self::published_000()),
            ("published_000_tier_3", Self::published_000_tier_3()),
            ("published_000_tier_4", Self::published_000_tier_4()),
            ("published_000_tier_4_roles", Self::published_000_tier_4_roles()),
            ("roles", Self::Role { models, otherwise: "haiku".to_string() }),
            ("fixed", Self::Fixed { model: "haiku".to_string() }),
        ]
    }
}

fn named(model: &str, field: &str) -> Result<(), SpecError> {
    if model.is_empty() {
        Err(SpecError::new(field, "is empty; expected the name of a model"))
    } else {
        Ok(())
    }
}

fn validate_shares(shares: &[ModelShare]) -> Result<(), SpecError> {
    for (index, share) in shares.iter().enumerate() {
        named(&share.model, &format!("mix.shares.{index}.model"))?;
        if !(share.share > 0.0 && share.share <= 1.0) {
            return Err(SpecError::new(
                format!("mix.shares.{index}.share"),
                format!("is {}; expected above 0 and at most 1", share.share),
            ));
        }
    }
    let total: f64 = shares.iter().map(|share| share.share).sum();
    if libm::fabs(total - 1.0) > SHARES_SLACK {
        return Err(SpecError::new("mix.shares", format!("add up to {total}; expected 1")));
    }
    Ok(())
}

/// Running sums of the shares; the last takes whatever rounding leaves.
fn cumulate(shares: &[ModelShare], names: &mut Names) -> Vec<(f64, usize)> {
    let mut sum = 0.0;
    let mut steps: Vec<_> = shares
        .iter()
        .map(|share| {
            sum += share.share;
            (sum, names.index(&share.model))
        })
        .collect();
    if let Some(last) = steps.last_mut() {
        last.0 = f64::INFINITY;
    }
    steps
}

/// The distinct names of models, in order of mention.
#[derive(Default)]
struct Names(Vec<String>);

impl Names {
    fn index(&mut self, name: &str) -> usize {
        self.0.iter().position(|known| known == name).unwrap_or_else(|| {
            self.0.push(name.to_string());
            self.0.len() - 1
        })
    }
}

/// What is known of a task when its model is chosen.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Ask<'a> {
    /// How hard it is, usually 0 to 1.
    pub complexity: f64,
    /// Who works on it.
    pub role: Option<&'a str>,
    /// How urgent it is.
    pub priority: Option<Priority>,
    /// Uniform on `[0, 1)`; only a mix uses it.
    pub draw: f64,
}

/// A route; made by [`RouteSpec::build`].
#[derive(Clone, Debug, PartialEq)]
pub struct Route {
    names: Vec<String>,
    rule: Rule,
}

#[derive(Clone, Debug, PartialEq)]
enum Rule {
    Fixed(usize),
    Complexity { steps: Vec<(f64, usize)>, otherwise: usize },
    Role { models: BTreeMap<String, usize>, otherwise: usize },
    Mix(Vec<(f64, usize)>),
    Rules { rules: Vec<(RouteRule, usize)>, otherwise: Box<Rule> },
}

impl Rule {
    fn pick(&self, ask: &Ask<'_>) -> usize {
        match self {
            Self::Fixed(model) => *model,
            Self::Complexity { steps, otherwise } => first_above(steps, ask.complexity).unwrap_or(*otherwise),
            Self::Role { models, otherwise } => {
                ask.role.and_then(|role| models.get(role)).copied().unwrap_or(*otherwise)
            }
            Self::Mix(steps) => first_above(steps, ask.draw).expect("the last step is infinite"),
            Self::Rules { rules, otherwise } => match rules.iter().find(|(rule, _)| rule.holds(ask)) {
                Some((_, model)) => *model,
                None => otherwise.pick(ask),
            },
        }
    }
}

impl Route {
    /// The index of the task's model in [`names`](Self::names).
    pub fn pick(&self, ask: &Ask<'_>) -> usize {
        self.rule.pick(ask)
    }

    /// The models, each once, in order of mention.
    pub fn names(&self) -> &[String] {
        &self.names
    }

    /// The name of a model.
    pub fn name(&self, index: usize) -> &str {
        &self.names[index]
    }
}

/// The first step that `value` is strictly below.
fn first_above(steps: &[(f64, usize)], value: f64) -> Option<usize> {
    steps.iter().find(|(below, _)| value < *below).map(|(_, model)| *model)
}

#[cfg(test)]
mod tests;

//! A chain of providers to fall back along.

use crate::spec::SpecError;
use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec;
use alloc::vec::Vec;

/// Providers in order of preference.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "serde", serde(deny_unknown_fields))]
pub struct FallbackSpec {
    /// The providers, best first; each once, at least one.
    pub providers: Vec<String>,
    /// How many times a task may go on to another provider. None: to the end of the chain.
    #[cfg_attr(feature = "serde", serde(default))]
    pub switches_max: Option<u32>,
}

impl FallbackSpec {
    /// A chain of these.
    pub fn of(providers: &[&str]) -> Self {
        Self { providers: providers.iter().map(|name| (*name).to_string()).collect(), switches_max: None }
    }

    /// Names every impossible value: no providers, empty or repeated names.
    pub fn validate(&self) -> Result<(), SpecError> {
        if self.providers.is_empty() {
            return Err(SpecError::new("providers", "is empty; expected at least one provider"));
        }
        for (index, name) in self.providers.iter().enumerate() {
            if name.is_empty() {
                return Err(SpecError::new(
                    format!("providers.{index}"),
                    "is empty; expected the name of a provider",
                ));
            }
            if self.providers[..index].contains(name) {
                return Err(SpecError::new(format!("providers.{index}"), format!("repeats `{name}`")));
            }
        }
        Ok(())
    }

    /// The chain.
    pub fn build(&self) -> Result<Fallback, SpecError> {
        self.validate()?;
        Ok(Fallback { length: self.providers.len(), switches_max: self.switches_max })
    }

    /// Named configurations; property tests run over all of them.
    pub fn examples() -> Vec<(&'static str, Self)> {
        vec![
            ("single", Self::of(&["anthropic"])),
            ("three", Self::of(&["anthropic", "openai", "local"])),
            ("one_switch", Self { switches_max: Some(1), ..Self::of(&["anthropic", "openai", "local"]) }),
        ]
    }
}

/// A chain of providers; made by [`FallbackSpec::build`]. Providers are indexes into [`FallbackSpec::providers`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fallback {
    length: usize,
    switches_max: Option<u32>,
}

impl Fallback {
    /// The first provider to call: the best that is `usable` (its breaker permits, its quota has room). Passing over one
    /// at the start is no switch.
    pub fn first(&self, usable: impl Fn(usize) -> bool) -> Option<usize> {
        (0..self.length).find(|provider| usable(*provider))
    }

    /// The provider to go on to after `failed`, when the task has switched `switches` times already. The chain is
    /// walked downwards only, so no provider is called twice in one walk.
    pub fn after(&self, failed: usize, switches: u32, usable: impl Fn(usize) -> bool) -> Option<usize> {
        if self.switches_max.is_some_and(|most| switches >= most) {
            return None;
        }
        (failed + 1..self.length).find(|provider| usable(*provider))
    }
}

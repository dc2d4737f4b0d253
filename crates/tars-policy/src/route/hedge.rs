//! Hedging: another copy of a call that has not answered.

use crate::spec::SpecError;
use crate::units::{Span, Time};
use alloc::vec;
use alloc::vec::Vec;

/// When another copy of a call goes out (Dean and Barroso, "The Tail at Scale", CACM 56(2), 2013). The first answer wins;
/// the driver cancels the others.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "serde", serde(deny_unknown_fields))]
pub struct HedgeSpec {
    /// How long an answer is waited for before the next copy goes out; usually the 95th percentile of the latency.
    pub after: Span,
    /// The most copies beyond the first, at least 1; 1 by default.
    #[cfg_attr(feature = "serde", serde(default = "one"))]
    pub copies_max: u32,
}

#[cfg(feature = "serde")]
fn one() -> u32 {
    1
}

impl HedgeSpec {
    /// Names every impossible value: no wait, no copies.
    pub fn validate(&self) -> Result<(), SpecError> {
        if self.after.is_zero() {
            return Err(SpecError::new("after", "is zero and would double every call; expected a span"));
        }
        if self.copies_max == 0 {
            return Err(SpecError::new("copies_max", "is 0; expected at least 1, or leave hedging out"));
        }
        Ok(())
    }

    /// The policy.
    pub fn build(&self) -> Result<Hedge, SpecError> {
        self.validate()?;
        Ok(Hedge { spec: self.clone() })
    }

    /// Named configurations; property tests run over all of them.
    pub fn examples() -> Vec<(&'static str, Self)> {
        vec![
            ("at_p95", Self { after: Span::from_millis(2_400), copies_max: 1 }),
            ("twice", Self { after: Span::from_millis(500), copies_max: 2 }),
        ]
    }
}

/// When to hedge; made by [`HedgeSpec::build`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hedge {
    spec: HedgeSpec,
}

impl Hedge {
    /// When the next copy goes out of a call whose last copy was sent at `last_sent`, with `copies` sent beyond the
    /// first; `None` when there are to be no more.
    pub fn next_at(&self, last_sent: Time, copies: u32) -> Option<Time> {
        (copies < self.spec.copies_max).then(|| last_sent.saturating_add(self.spec.after))
    }
}

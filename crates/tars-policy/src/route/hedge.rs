//! Hedging: another copy of a call that has not answered.

use crate::spec::SpecError;
use crate::units::{Span, Time};
use alloc::collections::VecDeque;
use alloc::format;
use alloc::vec;
use alloc::vec::Vec;

/// When another copy of a call goes out (Dean and Barroso, "The Tail at Scale", CACM 56(2), 2013). The first answer wins.
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "serde", serde(deny_unknown_fields))]
pub struct HedgeSpec {
    /// How long an answer is waited for before the next copy goes out; with a quantile, only until enough latencies are
    /// known.
    pub after: Span,
    /// Waits for a quantile of the latencies lately seen instead.
    #[cfg_attr(feature = "serde", serde(default))]
    pub after_quantile: Option<HedgeQuantile>,
    /// The most copies beyond the first, at least 1; 1 by default.
    #[cfg_attr(feature = "serde", serde(default = "one"))]
    pub copies_max: u32,
    /// The most copies in all. None: any number.
    #[cfg_attr(feature = "serde", serde(default))]
    pub budget: Option<HedgeBudget>,
    /// What becomes of the other copies once one has answered.
    #[cfg_attr(feature = "serde", serde(default))]
    pub losers: Losers,
}

/// A quantile of the latencies lately seen: the nearest rank, so always one that was seen.
#[derive(Clone, Copy, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "serde", serde(deny_unknown_fields, default))]
pub struct HedgeQuantile {
    /// The share of latencies that are at most so long, between 0 and 1.
    pub quantile: f64,
    /// How many latencies are remembered, 1 to 10,000.
    pub window: u32,
    /// How many must be known before the quantile is used; at least 1, at most the window.
    pub latencies_min: u32,
}

impl Default for HedgeQuantile {
    /// The 95th percentile, as in the source, of the last 1,000 and at least 20.
    fn default() -> Self {
        Self { quantile: 0.95, window: 1_000, latencies_min: 20 }
    }
}

/// Copies are paid from a budget that each first call adds to: over any number of calls there are at most `share` times as many
/// copies and `burst` more.
#[derive(Clone, Copy, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "serde", serde(deny_unknown_fields, default))]
pub struct HedgeBudget {
    /// Copies for each first call, above 0; counted in millionths.
    pub share: f64,
    /// Copies that can be saved up, at least 1. The budget starts full.
    pub burst: u32,
}

impl Default for HedgeBudget {
    /// One copy for twenty calls, and ten saved up.
    fn default() -> Self {
        Self { share: 0.05, burst: 10 }
    }
}

/// What becomes of the other copies once one has answered.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "serde", serde(rename_all = "snake_case"))]
pub enum Losers {
    /// They are cancelled at once.
    #[default]
    Cancel,
    /// They run to their end, and cost what they cost.
    LetRun,
}

/// The most latencies that are remembered.
const WINDOW_MAX: u32 = 10_000;
/// One copy in the budget.
const COPY: u64 = 1_000_000;

#[cfg(feature = "serde")]
fn one() -> u32 {
    1
}

impl HedgeSpec {
    /// One copy after a fixed wait, without a budget.
    pub const fn fixed(after: Span) -> Self {
        Self { after, after_quantile: None, copies_max: 1, budget: None, losers: Losers::Cancel }
    }

    /// Names every impossible value: no wait, no copies, a quantile, window, share or burst out of range.
    pub fn validate(&self) -> Result<(), SpecError> {
        if self.after.is_zero() {
            return Err(SpecError::new("after", "is zero and would double every call; expected a span"));
        }
        if self.copies_max == 0 {
            return Err(SpecError::new("copies_max", "is 0; expected at least 1, or leave hedging out"));
        }
        self.after_quantile
            .map_or(Ok(()), |quantile| quantile.validate())
            .map_err(|error| error.within("after_quantile"))?;
        self.budget.map_or(Ok(()), |budget| budget.validate()).map_err(|error| error.within("budget"))
    }

    /// The policy, with no latencies known and a full budget.
    pub fn build(&self) -> Result<Hedge, SpecError> {
        self.validate()?;
        let saved = self.budget.map_or(0, |budget| u64::from(budget.burst) * COPY);
        Ok(Hedge { spec: self.clone(), recent: VecDeque::new(), sorted: Vec::new(), saved })
    }

    /// Named configurations; property tests run over all of them.
    pub fn examples() -> Vec<(&'static str, Self)> {
        let fixed = Self::fixed(Span::from_millis(2_400));
        vec![
            ("at_p95", fixed.clone()),
            ("twice", Self { after: Span::from_millis(500), copies_max: 2, ..fixed.clone() }),
            (
                "adaptive_with_budget",
                Self {
                    after_quantile: Some(HedgeQuantile::default()),
                    budget: Some(HedgeBudget::default()),
                    ..fixed.clone()
                },
            ),
            ("losers_run_on", Self { losers: Losers::LetRun, ..fixed }),
        ]
    }
}

impl HedgeQuantile {
    fn validate(&self) -> Result<(), SpecError> {
        if !(self.quantile > 0.0 && self.quantile < 1.0) {
            let problem = format!("is {}; expected between 0 and 1", self.quantile);
            return Err(SpecError::new("quantile", problem));
        }
        if !(1..=WINDOW_MAX).contains(&self.window) {
            return Err(SpecError::new("window", format!("is {}; expected 1 to {WINDOW_MAX}", self.window)));
        }
        if !(1..=self.window).contains(&self.latencies_min) {
            let problem = format!("is {}; expected 1 to the window", self.latencies_min);
            return Err(SpecError::new("latencies_min", problem));
        }
        Ok(())
    }
}

impl HedgeBudget {
    fn validate(&self) -> Result<(), SpecError> {
        if !(self.share >= 1.0 / COPY as f64 && self.share <= 100.0) {
            let problem = format!("is {}; expected a millionth to 100", self.share);
            return Err(SpecError::new("share", problem));
        }
        if self.burst == 0 {
            return Err(SpecError::new("burst", "is 0 and would never allow a copy; expected at least 1"));
        }
        Ok(())
    }

    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "the share is checked to be small"
    )]
    fn earned(&self) -> u64 {
        libm::round(self.share * COPY as f64) as u64
    }
}

/// Whether a copy goes out.
#[must_use]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum HedgeVerdict {
    /// It does, and is paid for.
    Send,
    /// It does not: the call has all its copies.
    NoMoreCopies,
    /// It does not: the budget is spent. The call may ask again later.
    OverBudget,
}

/// When to hedge; made by [`HedgeSpec::build`].
#[derive(Clone, Debug, PartialEq)]
pub struct Hedge {
    spec: HedgeSpec,
    /// The latencies lately seen, oldest first.
    recent: VecDeque<Span>,
    /// The same, shortest first.
    sorted: Vec<Span>,
    /// Millionths of a copy.
    saved: u64,
}

impl Hedge {
    /// A first call goes out.
    pub fn on_call(&mut self) {
        if let Some(budget) = &self.spec.budget {
            self.saved = (self.saved + budget.earned()).min(u64::from(budget.burst) * COPY);
        }
    }

    /// A call, whichever copy, was answered after so long. Costs O(window) where a quantile is used.
    pub fn on_answer(&mut self, latency: Span) {
        let Some(quantile) = &self.spec.after_quantile else { return };
        if self.recent.len() >= quantile.window as usize
            && let Some(oldest) = self.recent.pop_front()
        {
            let place = self.sorted.partition_point(|known| *known < oldest);
            self.sorted.remove(place);
        }
        let place = self.sorted.partition_point(|known| *known <= latency);
        self.sorted.insert(place, latency);
        self.recent.push_back(latency);
    }

    /// How long an answer is waited for at present.
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a share of at most 10,000 latencies"
    )]
    pub fn wait(&self) -> Span {
        match &self.spec.after_quantile {
            Some(quantile) if self.sorted.len() >= quantile.latencies_min as usize => {
                let rank = libm::ceil(quantile.quantile * self.sorted.len() as f64) as usize;
                self.sorted[rank.clamp(1, self.sorted.len()) - 1]
            }
            Some(_) | None => self.spec.after,
        }
    }

    /// When the next copy goes out of a call whose last copy was sent at `last_sent`, with `copies` sent beyond the
    /// first; `None` when there are to be no more. Ask [`try_copy`](Self::try_copy) then, if it has not answered: an answer at that very
    /// time comes first.
    pub fn next_at(&self, last_sent: Time, copies: u32) -> Option<Time> {
        (copies < self.spec.copies_max).then(|| last_sent.saturating_add(self.wait()))
    }

    /// Whether another copy of a call with `copies` beyond the first goes out now, which takes it from the budget.
    pub fn try_copy(&mut self, copies: u32) -> HedgeVerdict {
        if copies >= self.spec.copies_max {
            return HedgeVerdict::NoMoreCopies;
        }
        if self.spec.budget.is_some() {
            if self.saved < COPY {
                return HedgeVerdict::OverBudget;
            }
            self.saved -= COPY;
        }
        HedgeVerdict::Send
    }

    /// What becomes of the other copies once one has answered.
    pub const fn losers(&self) -> Losers {
        self.spec.losers
    }
}

//! Load balancing: which of these gets the next piece of work?
//!
//! A [`Balance`] is shown the candidates and answers with the index of one that is up and not full, or `None`. It is
//! told nothing else: what a candidate's load is, is the caller's business.
//!
//! Ties, everywhere: the lowest index.
//!
//! ```
//! use tars_policy::balance::{BalanceSpec, Candidate};
//!
//! let mut balance = BalanceSpec::LeastLoaded.build()?;
//! let candidates = [Candidate::new(0, 2, 5), Candidate::new(1, 1, 5), Candidate::new(2, 1, 5)];
//! assert_eq!(balance.pick(&candidates, 0, 0.0), Some(1));
//! # Ok::<(), tars_policy::spec::SpecError>(())
//! ```

use crate::spec::SpecError;
use alloc::boxed::Box;
use alloc::format;
use alloc::vec;
use alloc::vec::Vec;
use core::fmt;

mod rendezvous;
mod weighted;

pub use rendezvous::{score, weighted_score};
pub use weighted::SmoothWeights;

/// How work is spread.
#[derive(Clone, Debug, Default, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "serde", serde(rename_all = "snake_case", deny_unknown_fields))]
pub enum BalanceSpec {
    /// In turn, passing over those that are full or down (document 000, Tier 4).
    RoundRobin,
    /// In turn by weight, smoothly: of weights 5, 1, 1 the heavy one is not picked five times in a row (the method of
    /// nginx's upstream round robin).
    Weighted,
    /// The smallest load for its weight (document 000, Tier 3).
    #[default]
    LeastLoaded,
    /// The less loaded of two drawn at random (Mitzenmacher, "The Power of Two Choices in Randomized Load Balancing",
    /// IEEE TPDS 12(10), 2001).
    TwoChoices,
    /// The same key goes to the same few: rendezvous hashing (Thaler and Ravishankar, IEEE/ACM Transactions on Networking 6(1), 1998), the
    /// least loaded of the `replicas` highest scores; where all of those are full or down, the next highest that is not.
    /// A candidate that weighs twice as much is the home of twice as many keys ([`weighted_score`]). Document 000, Tier 4, shards by
    /// user with replication factor 2.
    Rendezvous {
        /// How many share a key, 1 to 8.
        replicas: u32,
        /// Bounded loads (Mirrokni, Thorup and Zadimoghaddam, "Consistent Hashing with Bounded Loads", SODA 2018): none
        /// takes more than this times its fair share of the load, rounded up; at least 1. None: no bound.
        #[cfg_attr(feature = "serde", serde(default))]
        bound: Option<f64>,
    },
}

/// The most candidates that may share a key.
const REPLICAS_MAX: u32 = 8;

impl BalanceSpec {
    /// Names every impossible value: replicas outside 1 to 8, a bound below 1.
    pub fn validate(&self) -> Result<(), SpecError> {
        let Self::Rendezvous { replicas, bound } = self else { return Ok(()) };
        if !(1..=REPLICAS_MAX).contains(replicas) {
            return Err(SpecError::new(
                "rendezvous.replicas",
                format!("is {replicas}; expected 1 to {REPLICAS_MAX}"),
            ));
        }
        match bound {
            Some(bound) if !(bound.is_finite() && *bound >= 1.0) => Err(SpecError::new(
                "rendezvous.bound",
                format!("is {bound}; expected at least 1, as less than the fair share cannot hold the load"),
            )),
            Some(_) | None => Ok(()),
        }
    }

    /// The balancer, with nothing picked yet.
    pub fn build(&self) -> Result<Balance, SpecError> {
        self.validate()?;
        Ok(match *self {
            Self::RoundRobin => Balance::RoundRobin { next: 0 },
            Self::Weighted => Balance::Weighted(SmoothWeights::default()),
            Self::LeastLoaded => Balance::LeastLoaded,
            Self::TwoChoices => Balance::TwoChoices,
            Self::Rendezvous { replicas, bound } => {
                Balance::Rendezvous { replicas: replicas as usize, bound }
            }
        })
    }

    /// Named configurations; property tests run over all of them.
    pub fn examples() -> Vec<(&'static str, Self)> {
        vec![
            ("published_000_tier_3", Self::LeastLoaded),
            ("published_000_tier_4", Self::RoundRobin),
            ("published_000_tier_4_sharded", Self::Rendezvous { replicas: 2, bound: None }),
            ("weighted", Self::Weighted),
            ("two_choices", Self::TwoChoices),
            ("bounded_loads", Self::Rendezvous { replicas: 1, bound: Some(1.25) }),
        ]
    }
}

/// One that could take work.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Candidate {
    /// Its name, stable while others come and go; hashing and smooth weights go by it.
    pub id: u32,
    /// Work it has.
    pub load: u32,
    /// Work it can have; full at this load.
    pub capacity: u32,
    /// Its share relative to the others; 0 is never picked by the weighted rule and counts as 1 elsewhere.
    pub weight: u32,
    /// Whether it can be given work at all.
    pub up: bool,
}

impl Candidate {
    /// One that is up, with weight 1.
    pub const fn new(id: u32, load: u32, capacity: u32) -> Self {
        Self { id, load, capacity, weight: 1, up: true }
    }

    /// Whether it can take one more.
    #[inline]
    pub const fn has_room(&self) -> bool {
        self.up && self.load < self.capacity
    }

    /// Whether it has less load for its weight than `other`.
    #[inline]
    fn is_lighter_than(&self, other: &Self) -> bool {
        u64::from(self.load) * u64::from(other.weight.max(1))
            < u64::from(other.load) * u64::from(self.weight.max(1))
    }
}

/// A balancer of one's own.
pub trait BalancePolicy: fmt::Debug + Send {
    /// The index of the candidate that gets the work of `key`, or `None`; `draw` is uniform on `[0, 1)`.
    fn pick(&mut self, candidates: &[Candidate], key: u64, draw: f64) -> Option<usize>;
}

/// A balancer; made by [`BalanceSpec::build`].
#[derive(Debug)]
pub enum Balance {
    /// See [`BalanceSpec::RoundRobin`].
    RoundRobin {
        /// The index whose turn is next.
        next: usize,
    },
    /// See [`BalanceSpec::Weighted`].
    Weighted(SmoothWeights),
    /// See [`BalanceSpec::LeastLoaded`].
    LeastLoaded,
    /// See [`BalanceSpec::TwoChoices`].
    TwoChoices,
    /// See [`BalanceSpec::Rendezvous`].
    Rendezvous {
        /// How many share a key.
        replicas: usize,
        /// Bound on the load, as a multiple of the fair share.
        bound: Option<f64>,
    },
    /// A balancer of one's own; what it picks is checked, and a pick that is full or down counts as none.
    Custom(Box<dyn BalancePolicy>),
}

impl Balance {
    /// The index of the candidate that gets the work of `key`, or `None` when all are full or down. `key` matters to
    /// rendezvous hashing only, `draw` (uniform on `[0, 1)`) to two choices only.
    pub fn pick(&mut self, candidates: &[Candidate], key: u64, draw: f64) -> Option<usize> {
        match self {
            Self::RoundRobin { next } => round_robin(next, candidates),
            Self::Weighted(weights) => weights.pick(candidates),
            Self::LeastLoaded => least_loaded(candidates),
            Self::TwoChoices => two_choices(candidates, draw),
            Self::Rendezvous { replicas, bound } => rendezvous::pick(candidates, key, *replicas, *bound),
            Self::Custom(custom) => custom
                .pick(candidates, key, draw)
                .filter(|index| candidates.get(*index).is_some_and(Candidate::has_room)),
        }
    }

    /// The same pick, for candidates that all weigh the same and of which none has less load than `least`: whoever keeps
    /// count of loads spares looking at all of them.
    pub fn pick_alike(&mut self, candidates: &[Candidate], key: u64, draw: f64, least: u32) -> Option<usize> {
        debug_assert!(
            candidates.iter().all(|one| one.load >= least && one.weight == candidates[0].weight),
            "loads of {least} and more, and equal weights"
        );
        if let Self::LeastLoaded = self
            && let Some(index) = candidates.iter().position(|one| one.load == least && one.has_room())
        {
            return Some(index);
        }
        self.pick(candidates, key, draw)
    }
}

fn round_robin(next: &mut usize, candidates: &[Candidate]) -> Option<usize> {
    let start = if *next < candidates.len() { *next } else { 0 };
    let (before, after) = candidates.split_at(start);
    let index = match after.iter().position(Candidate::has_room) {
        Some(offset) => start + offset,
        None => before.iter().position(Candidate::has_room)?,
    };
    *next = index + 1;
    Some(index)
}

fn least_loaded(candidates: &[Candidate]) -> Option<usize> {
    let mut best: Option<(usize, &Candidate)> = None;
    for (index, candidate) in candidates.iter().enumerate() {
        // Most candidates fall here, by one comparison: of equal weight and no lighter than the best so far.
        if best.is_some_and(|(_, best)| candidate.load >= best.load && candidate.weight == best.weight) {
            continue;
        }
        if !candidate.has_room() || best.is_some_and(|(_, best)| !candidate.is_lighter_than(best)) {
            continue;
        }
        if candidate.load == 0 {
            // Nobody is lighter than empty, and nobody before it was empty.
            return Some(index);
        }
        best = Some((index, candidate));
    }
    best.map(|(index, _)| index)
}

/// One draw serves both choices: its whole part picks the first of `n`, what is left of it the second of `n − 1`.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a draw on [0, 1) times a count is a small non-negative number"
)]
fn two_choices(candidates: &[Candidate], draw: f64) -> Option<usize> {
    let open = candidates.iter().filter(|candidate| candidate.has_room()).count();
    if open == 0 {
        return None;
    }
    let scaled = draw * open as f64;
    let first = (scaled as usize).min(open - 1);
    let nth = |n| {
        let open = candidates.iter().enumerate().filter(|(_, candidate)| candidate.has_room());
        open.map(|(index, _)| index).nth(n).expect("counted above")
    };
    if open == 1 {
        return Some(nth(0));
    }
    let offset = ((scaled - first as f64) * (open - 1) as f64) as usize;
    let second = (first + 1 + offset.min(open - 2)) % open;
    let (low, high) = (nth(first.min(second)), nth(first.max(second)));
    Some(if candidates[high].is_lighter_than(&candidates[low]) { high } else { low })
}

#[cfg(test)]
mod tests;

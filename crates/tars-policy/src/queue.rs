//! The waiting room: who may wait, who is served next, who is dropped.
//!
//! A [`PriorityQueue`] holds items in four [`Priority`] classes and up to 64 lanes (a lane is whatever the caller must
//! choose between when it takes: a role, a model, a tenant). Its [`QueueSpec`] says how many may wait, what happens to
//! one too many, and in which order the others are served.
//!
//! | edge | decision |
//! |---|---|
//! | a class at its own cap | refused, whatever the overflow rule says |
//! | both caps reached | [`Refusal::PriorityFull`] is named first |
//! | deadline equal to `now` | still served; dropped from the nanosecond after |
//! | same arrival time | order of [`offer`](PriorityQueue::offer) |
//! | displaced | the one of the lowest waiting class that would have been served last |
//!
//! ```
//! use tars_policy::queue::{Offer, Offered, Priority, QueueSpec, LaneMask, Taken};
//! use tars_policy::units::{Span, Time};
//!
//! let mut queue = QueueSpec::published_000().build::<u32>(1)?;
//! for (task, priority) in [(7, Priority::Low), (8, Priority::Critical)] {
//!     assert!(matches!(queue.offer(Time::START, task, Offer::new(priority)), Offered::Accepted(_)));
//! }
//! let later = Time::START + Span::from_millis(20);
//! let next = queue.take(later, LaneMask::ALL, 0.0);
//! assert_eq!(next, Taken::Serve { item: 8, waited: Span::from_millis(20), priority: Priority::Critical });
//! # Ok::<(), tars_policy::spec::SpecError>(())
//! ```

use alloc::format;
use alloc::vec::Vec;
use core::fmt;
use core::str::FromStr;

use crate::spec::SpecError;
use crate::units::{Span, Time};

mod codel;
mod lane;
#[cfg(test)]
mod properties;
mod room;
#[cfg(test)]
mod tests;

pub use room::PriorityQueue;

/// Most lanes a queue can have: the width of a [`LaneMask`].
pub const LANES_MAX: usize = 64;

/// How urgent a task is; [`Priority::Critical`] is served first.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "serde", serde(rename_all = "snake_case"))]
pub enum Priority {
    /// Real-time work: served before all other.
    Critical,
    /// Important work.
    High,
    /// Regular work; what a task is that names no priority.
    #[default]
    Normal,
    /// Background work.
    Low,
}

impl Priority {
    /// Every priority, the most urgent first.
    pub const ALL: [Self; 4] = [Self::Critical, Self::High, Self::Normal, Self::Low];

    /// The place in [`Priority::ALL`]: 0 is the most urgent.
    pub const fn index(self) -> usize {
        self as usize
    }

    /// The name, as in a specification: `critical`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Critical => "critical",
            Self::High => "high",
            Self::Normal => "normal",
            Self::Low => "low",
        }
    }
}

impl fmt::Display for Priority {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Priority {
    type Err = SpecError;

    fn from_str(text: &str) -> Result<Self, SpecError> {
        Self::ALL.into_iter().find(|priority| priority.as_str() == text).ok_or_else(|| {
            SpecError::new("priority", format!("`{text}` is none of critical, high, normal, low"))
        })
    }
}

/// A set of lanes: lane `n` is bit `n`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct LaneMask(u64);

impl LaneMask {
    /// Every lane.
    pub const ALL: Self = Self(u64::MAX);
    /// No lane.
    pub const NONE: Self = Self(0);

    /// The lane `lane` alone; panics from 64 on.
    pub const fn single(lane: u8) -> Self {
        assert!((lane as usize) < LANES_MAX, "a lane is below 64");
        Self(1 << lane)
    }

    /// This set and the lane `lane`; panics from 64 on.
    #[must_use]
    pub const fn with(self, lane: u8) -> Self {
        Self(self.0 | Self::single(lane).0)
    }

    /// Whether `lane` is in the set.
    pub const fn contains(self, lane: u8) -> bool {
        (lane as usize) < LANES_MAX && self.0 & (1 << lane) != 0
    }

    /// The lanes of either set.
    #[must_use]
    pub const fn union(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// The set as bits.
    pub const fn bits(self) -> u64 {
        self.0
    }
}

/// How many may wait in each class; `None` is without limit.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "serde", serde(deny_unknown_fields, default))]
pub struct PriorityCaps {
    /// Most critical tasks waiting.
    pub critical: Option<u32>,
    /// Most high tasks waiting.
    pub high: Option<u32>,
    /// Most normal tasks waiting.
    pub normal: Option<u32>,
    /// Most low tasks waiting.
    pub low: Option<u32>,
}

impl PriorityCaps {
    /// The cap of one class.
    pub const fn of(&self, priority: Priority) -> Option<u32> {
        match priority {
            Priority::Critical => self.critical,
            Priority::High => self.high,
            Priority::Normal => self.normal,
            Priority::Low => self.low,
        }
    }
}

/// What happens when the queue as a whole is full.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "serde", serde(rename_all = "snake_case"))]
pub enum Overflow {
    /// The newcomer is refused.
    #[default]
    Reject,
    /// A critical newcomer takes the place of a waiting task of a lower class, if there is one; others are refused.
    DisplaceLowest,
    /// A critical newcomer is put before everyone and the queue grows beyond its cap, as printed in document 002
    /// (section "Queue Management Under Load"); others are refused.
    CriticalJumps,
}

/// Who of those of equal rank is served next.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "serde", serde(rename_all = "snake_case"))]
pub enum Order {
    /// The one that came first.
    #[default]
    Fifo,
    /// The one that came last.
    Lifo,
    /// One drawn uniformly; costs O(waiting) to take or to cancel.
    Random,
}

/// Whether priority decides who is served.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "serde", serde(rename_all = "snake_case"))]
pub enum Ranking {
    /// A class is served only while no more urgent one waits. There is no ageing: `low` can starve.
    #[default]
    Strict,
    /// All classes are one line; the caps by class still hold.
    None,
}

/// `CoDel` (RFC 8289): drops at the head once the wait has exceeded `target` for a whole `interval`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "serde", serde(deny_unknown_fields))]
pub struct CoDelSpec {
    /// The wait that is acceptable as a standing state.
    pub target: Span,
    /// How long the wait may exceed the target before the first drop.
    pub interval: Span,
}

/// What a queue is; the default is without limit, strict priority, first come first served.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "serde", serde(deny_unknown_fields, default))]
pub struct QueueSpec {
    /// Most tasks waiting in all; `None` is without limit, 0 is a system without a waiting room.
    pub max_depth: Option<u32>,
    /// Most tasks waiting in each class.
    pub max_depth_by_priority: PriorityCaps,
    /// What happens to one too many.
    pub overflow: Overflow,
    /// Who of equal rank is served next.
    pub order: Order,
    /// Whether priority decides.
    pub ranking: Ranking,
    /// Whether a task past its deadline is dropped when its turn comes.
    pub drop_expired: bool,
    /// Active queue management, each class by itself.
    pub codel: Option<CoDelSpec>,
}

impl QueueSpec {
    /// The queue printed in document 000, Part 3: 1000 in all; 100, 300, 500 and 100 by class; strict and FIFO.
    pub fn published_000() -> Self {
        Self {
            max_depth: Some(1000),
            max_depth_by_priority: PriorityCaps {
                critical: Some(100),
                high: Some(300),
                normal: Some(500),
                low: Some(100),
            },
            ..Self::default()
        }
    }

    /// The queue printed in document 002, "Queue Management Under Load": 1000 in all, no cap by class, and a critical
    /// task that finds it full goes to the very front, before critical tasks that came earlier, without any bound.
    ///
    /// The printed `unshift` stores the bare task, without priority and timestamp. The sort that follows compares it
    /// as equal to everything, so it stays where it is, in front: that is what is done here, and what the printed code
    /// does when it is run (with its undefined `maxQueueDepth` set to 1000).
    pub fn published_002() -> Self {
        Self { max_depth: Some(1000), overflow: Overflow::CriticalJumps, ..Self::default() }
    }

    /// A sound bounded queue: the caps of document 000, a critical task displaces the lowest, the expired are dropped.
    pub fn bounded() -> Self {
        Self { overflow: Overflow::DisplaceLowest, drop_expired: true, ..Self::published_000() }
    }

    /// Named configurations; property tests run over all of them.
    pub fn examples() -> Vec<(&'static str, Self)> {
        let codel = CoDelSpec { target: Span::from_millis(500), interval: Span::from_secs(10) };
        alloc::vec![
            ("default", Self::default()),
            ("published_000", Self::published_000()),
            ("published_002", Self::published_002()),
            ("bounded", Self::bounded()),
            ("bounded_codel", Self { codel: Some(codel), ..Self::bounded() }),
            ("no_waiting_room", Self { max_depth: Some(0), ..Self::default() }),
            ("fifo_without_ranking", Self { ranking: Ranking::None, ..Self::default() }),
            ("lifo", Self { order: Order::Lifo, ..Self::bounded() }),
            ("random", Self { order: Order::Random, ..Self::bounded() }),
        ]
    }

    /// Says what is impossible in this specification.
    pub fn validate(&self) -> Result<(), SpecError> {
        let Some(codel) = self.codel else { return Ok(()) };
        if codel.target.is_zero() {
            return Err(SpecError::new("codel.target", "is zero; expected a positive span"));
        }
        if codel.interval < codel.target {
            return Err(SpecError::new(
                "codel.interval",
                format!(
                    "{} is shorter than the target {}; expected at least the target",
                    codel.interval, codel.target
                ),
            ));
        }
        Ok(())
    }

    /// The queue, empty, with `lanes` lanes (1 to 64).
    pub fn build<T: Copy>(&self, lanes: usize) -> Result<PriorityQueue<T>, SpecError> {
        self.validate()?;
        if !(1..=LANES_MAX).contains(&lanes) {
            return Err(SpecError::new("lanes", format!("{lanes} lanes; expected 1 to {LANES_MAX}")));
        }
        Ok(PriorityQueue::new(self, lanes))
    }
}

/// How an item is offered to the queue.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Offer {
    /// Its class.
    pub priority: Priority,
    /// Its lane, below the number of lanes of the queue.
    pub lane: u8,
    /// When it is of no more use; the last moment at which it is still served.
    pub deadline: Option<Time>,
}

impl Offer {
    /// An offer of this class in lane 0, without a deadline.
    pub const fn new(priority: Priority) -> Self {
        Self { priority, lane: 0, deadline: None }
    }
}

/// The claim of a waiting item; good for [`PriorityQueue::cancel`] until the item leaves.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Ticket(u64);

/// What became of an offer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub enum Offered<T> {
    /// It waits.
    Accepted(Ticket),
    /// It waits, and another had to leave for it.
    AcceptedDisplacing {
        /// The claim of the newcomer.
        ticket: Ticket,
        /// Who left.
        displaced: T,
        /// The class of who left.
        displaced_priority: Priority,
    },
    /// It does not wait.
    Rejected(Refusal),
}

/// Why an offer was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Refusal {
    /// The class is at its own cap.
    PriorityFull,
    /// The queue as a whole is full.
    QueueFull,
}

impl Refusal {
    /// The reason as a word: `priority_full`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::PriorityFull => "priority_full",
            Self::QueueFull => "queue_full",
        }
    }
}

/// Why a waiting item was dropped when its turn came.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum DropReason {
    /// Its deadline had passed.
    Expired,
    /// `CoDel` sheds a standing queue.
    CoDel,
}

impl DropReason {
    /// The reason as a word: `expired`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Expired => "expired",
            Self::CoDel => "codel",
        }
    }
}

/// Who is next. After a [`Taken::Drop`] the caller asks again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub enum Taken<T> {
    /// This item is to be served.
    Serve {
        /// The item.
        item: T,
        /// How long it has waited.
        waited: Span,
        /// Its class.
        priority: Priority,
    },
    /// This item left without being served.
    Drop {
        /// The item.
        item: T,
        /// Why.
        reason: DropReason,
    },
    /// Nobody waits in these lanes.
    Empty,
}

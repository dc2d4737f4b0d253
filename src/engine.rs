//! The kernel: pending events in exact order, the clock, and arenas. It knows nothing of what is simulated.
//!
//! Time is integer nanoseconds. Events are ordered by time, then rank, then order of scheduling, and by nothing
//! else. An event is not an object but a number: its kind and the index of whom it concerns, 28 bits in all, so that
//! an entry of the agenda is one `u128` and the whole order is one integer comparison.
//!
//! A pending event cannot be withdrawn. An entity that arms a timer keeps the [`Ticket`] it was given; when an event
//! comes up whose ticket is not the one kept, it is *stale* and its handler ignores it:
//!
//! ```
//! use tars_sim::engine::{Agenda, Event, Ticket};
//!
//! #[derive(Clone, Copy, Debug, PartialEq)]
//! enum Happens { Timeout { call: u32 } }
//!
//! impl Event for Happens {
//!     fn rank(self) -> u8 { 0 }
//!     fn encode(self) -> u32 { match self { Self::Timeout { call } => call } }
//!     fn decode(bits: u32) -> Self { Self::Timeout { call: bits } }
//! }
//!
//! let mut agenda = Agenda::new();
//! let mut armed: Ticket = agenda.schedule(1_000, Happens::Timeout { call: 7 });
//! armed = agenda.schedule(2_000, Happens::Timeout { call: 7 }); // armed anew: the first one is stale now
//!
//! let mut timed_out_at = None;
//! while let Some(due) = agenda.next() {
//!     if due.ticket == armed {
//!         timed_out_at = Some(due.time);
//!     }
//! }
//! assert_eq!(timed_out_at, Some(2_000));
//! assert_eq!(agenda.popped(), 2);
//! ```

mod arena;
mod heap;
mod key;
mod ladder;
mod vast;

use core::marker::PhantomData;

pub use arena::Arena;
use key::Key;
use ladder::Ladder;
pub use vast::{Vast, vast};

/// Something that happens: a closed enum that fits into 28 bits.
pub trait Event: Copy {
    /// Which goes first of two events at one time: the lower rank, below 16.
    fn rank(self) -> u8;

    /// The event as a number below 2²⁸. By convention the kind takes the top 5 bits, the index the low 23.
    fn encode(self) -> u32;

    /// The event that [`encode`](Event::encode) gave `bits` for.
    fn decode(bits: u32) -> Self;
}

/// The number of a scheduled event, unique in its agenda; an armed timer is recognised by it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Ticket(u64);

impl Ticket {
    /// The ticket of no event: what an entity keeps while nothing is armed.
    pub const NONE: Self = Self(u64::MAX);
}

impl Default for Ticket {
    fn default() -> Self {
        Self::NONE
    }
}

/// How near an event is that the agenda tells of before it comes up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Nearness {
    /// Twelve others come before it, and those that are scheduled meanwhile.
    Soon,
    /// Six others come before it, and those that are scheduled meanwhile.
    Next,
}

/// An event that has come up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Due<E> {
    /// When it happens, in nanoseconds; the clock stands there.
    pub time: u64,
    /// What happens.
    pub event: E,
    /// The ticket it was scheduled under.
    pub ticket: Ticket,
}

/// The pending events and the clock.
///
/// Holds up to 2³⁶ events over its life, at times below 2⁶⁰ ns (36 years); what does not fit panics.
#[derive(Debug)]
pub struct Agenda<E> {
    pending: Ladder,
    now: u64,
    scheduled: u64,
    popped: u64,
    event: PhantomData<fn(E) -> E>,
}

impl<E: Event> Default for Agenda<E> {
    fn default() -> Self {
        Self::new()
    }
}

impl<E: Event> Agenda<E> {
    /// No event, at time zero.
    pub fn new() -> Self {
        Self::with_capacity(0)
    }

    /// No event, at time zero, with room for `events` pending ones before anything is allocated.
    pub fn with_capacity(events: usize) -> Self {
        Self { pending: Ladder::with_capacity(events), now: 0, scheduled: 0, popped: 0, event: PhantomData }
    }

    /// Lets `event` happen at `at` nanoseconds.
    ///
    /// # Panics
    /// If `at` is before now or not below 2⁶⁰, if the event's rank or number is out of range, or if 2³⁶ events have
    /// been scheduled.
    #[inline(always)]
    #[expect(
        clippy::inline_always,
        reason = "the event is known where it is called: most of its checks fall away"
    )]
    pub fn schedule(&mut self, at: u64, event: E) -> Ticket {
        assert!(at >= self.now, "an event is scheduled in the past: at {at} ns, and it is {} ns", self.now);
        let sequence = self.scheduled;
        self.pending.push(Key::new(at, event.rank(), sequence, event.encode()));
        self.scheduled = sequence + 1;
        Ticket(sequence)
    }

    /// The next event; the clock moves there. `None` when nothing is pending.
    #[inline]
    #[expect(clippy::should_implement_trait, reason = "what is next depends on what is scheduled meanwhile")]
    pub fn next(&mut self) -> Option<Due<E>> {
        self.next_before(u64::MAX)
    }

    /// The next event if it happens before `end`; the clock moves there. Otherwise nothing changes.
    #[inline]
    pub fn next_before(&mut self, end: u64) -> Option<Due<E>> {
        let key = self.pending.pop_before(end, |_, _| ())?;
        Some(self.comes_up(key))
    }

    /// Like [`next_before`](Self::next_before), and tells `ahead` of events before they come up, when they are soon and again
    /// when they are next, but not of those that were scheduled when their time was near already. It is time to fetch what
    /// they will touch, and then what that tells of. Nothing is told while fewer than some thousands are pending, as all they
    /// touch is near then.
    #[inline]
    pub fn next_before_with(&mut self, end: u64, mut ahead: impl FnMut(E, Nearness)) -> Option<Due<E>> {
        let key = self.pending.pop_before(end, |key, nearness| ahead(E::decode(key.code()), nearness))?;
        Some(self.comes_up(key))
    }

    #[inline]
    fn comes_up(&mut self, key: Key) -> Due<E> {
        self.now = key.time();
        self.popped += 1;
        Due { time: self.now, event: E::decode(key.code()), ticket: Ticket(key.sequence()) }
    }

    /// When the next event happens, in nanoseconds. It may tidy the pending events, but changes no order.
    #[inline]
    pub fn peek_time(&mut self) -> Option<u64> {
        self.pending.peek().map(Key::time)
    }

    /// The time of the last event that came up, in nanoseconds.
    pub const fn now(&self) -> u64 {
        self.now
    }

    /// How many events are pending, stale ones included.
    pub const fn pending(&self) -> usize {
        self.pending.len()
    }

    /// How many events have come up, stale ones included.
    pub const fn popped(&self) -> u64 {
        self.popped
    }

    /// How many events have been scheduled.
    pub const fn scheduled(&self) -> u64 {
        self.scheduled
    }
}

#[cfg(test)]
mod tests;

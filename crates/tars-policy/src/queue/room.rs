//! The queue itself.

use alloc::boxed::Box;
use alloc::vec::Vec;

use super::codel::CoDel;
use super::lane::{Entry, Lane};
use super::{
    DropReason, LANES_MAX, LaneMask, Offer, Offered, Order, Overflow, Priority, QueueSpec, Ranking, Refusal,
    Taken, Ticket,
};
use crate::units::{Span, Time};

/// Number of classes.
const CLASSES: usize = Priority::ALL.len();
/// Bits of a ticket that name class and lane; the others are the key, moved up so that it is not negative.
const SLOT_BITS: u32 = 8;
const KEY_ZERO: i64 = 1 << 54;

/// A waiting room of items in classes and lanes; see the [module](super).
///
/// Offering, taking and cancelling cost no allocation once the room has grown to its size. Without ranking by chance
/// they cost O(1) but for a search of O(log waiting) to cancel, and a glance at each lane that has someone waiting.
#[derive(Clone, Debug)]
pub struct PriorityQueue<T> {
    /// The line of a class and lane is at its [`slot`].
    lines: Vec<Lane<T>>,
    lanes: usize,
    /// One lane, first come, first served: whoever is first of the first class, if only one class waits or rank decides.
    plain: bool,
    /// The classes of which someone waits: class `n` is bit `n`.
    classes: u32,
    /// For each class the lanes in which someone waits.
    waiting: [u64; CLASSES],
    depths: [u32; CLASSES],
    depth: u32,
    caps: [u32; CLASSES],
    cap: u32,
    next_back: i64,
    next_front: i64,
    max_depth: Option<u32>,
    overflow: Overflow,
    order: Order,
    ranking: Ranking,
    drop_expired: bool,
    /// Behind a pointer, as most queues have none and the others stay small.
    codel: Option<Box<[CoDel; CLASSES]>>,
}

impl<T: Copy> PriorityQueue<T> {
    /// An empty queue with `lanes` lanes; panics unless there are 1 to 64.
    ///
    /// [`QueueSpec::build`] checks the specification as well.
    pub fn new(spec: &QueueSpec, lanes: usize) -> Self {
        assert!((1..=LANES_MAX).contains(&lanes), "a queue has 1 to {LANES_MAX} lanes, not {lanes}");
        Self {
            lines: (0..CLASSES * lanes).map(|_| Lane::new()).collect(),
            lanes,
            plain: lanes == 1 && spec.order == Order::Fifo,
            classes: 0,
            waiting: [0; CLASSES],
            depths: [0; CLASSES],
            depth: 0,
            caps: Priority::ALL.map(|priority| spec.max_depth_by_priority.of(priority).unwrap_or(u32::MAX)),
            cap: spec.max_depth.unwrap_or(u32::MAX),
            next_back: 0,
            next_front: -1,
            max_depth: spec.max_depth,
            overflow: spec.overflow,
            order: spec.order,
            ranking: spec.ranking,
            drop_expired: spec.drop_expired,
            codel: spec.codel.map(|codel| Box::new(core::array::from_fn(|_| CoDel::new(codel)))),
        }
    }

    /// Asks whether `item` may wait. Panics when the lane does not exist.
    #[inline(always)]
    #[expect(clippy::inline_always, reason = "a wait of every task: its frame costs as much as its work")]
    pub fn offer(&mut self, now: Time, item: T, offer: Offer) -> Offered<T> {
        assert!(usize::from(offer.lane) < self.lanes, "lane {} of {}", offer.lane, self.lanes);
        if self.depths[offer.priority.index()] >= self.caps[offer.priority.index()] {
            return Offered::Rejected(Refusal::PriorityFull);
        }
        if self.depth >= self.cap {
            return self.overflow(now, item, offer);
        }
        Offered::Accepted(self.enter_last(now, item, offer))
    }

    /// Says who is next among the allowed lanes, and lets them leave. `draw`, uniform on `[0, 1)`, is used only with
    /// [`Order::Random`].
    #[inline(always)]
    #[expect(clippy::inline_always, reason = "a wait of every task: its frame costs as much as its work")]
    pub fn take(&mut self, now: Time, lanes: LaneMask, draw: f64) -> Taken<T> {
        if self.depth == 0 {
            return Taken::Empty;
        }
        let decided = self.classes.is_power_of_two() || matches!(self.ranking, Ranking::Strict);
        if self.plain && decided && lanes.contains(0) {
            let class = self.classes.trailing_zeros() as usize;
            let entry = self.lines[slot(class, 0)].pop_front();
            let entry = entry.expect("a lane marked as waiting has someone at each end");
            return self.leave(now, class, 0, &entry);
        }
        self.take_waiting(now, lanes, draw)
    }

    /// Somebody waits, in these lanes or in others.
    #[inline(never)]
    fn take_waiting(&mut self, now: Time, lanes: LaneMask, draw: f64) -> Taken<T> {
        let next = match self.order {
            Order::Fifo => self.find(lanes, Lane::front_key, |key, best| key < best),
            Order::Lifo => self.find(lanes, Lane::back_key, |key, best| key > best),
            Order::Random => return self.take_random(now, lanes, draw),
        };
        let Some((class, lane)) = next else { return Taken::Empty };
        let waiters = &mut self.lines[slot(class, lane)];
        let entry = match self.order {
            Order::Fifo | Order::Random => waiters.pop_front(),
            Order::Lifo => waiters.pop_back(),
        };
        self.leave(now, class, lane, &entry.expect("a lane marked as waiting has someone at each end"))
    }

    /// A waiting item gives up; whether it was still waiting.
    pub fn cancel(&mut self, ticket: Ticket) -> bool {
        let (class, lane, key) = unpack(ticket);
        if lane >= self.lanes || !self.lines[slot(class, lane)].strike(key) {
            return false;
        }
        self.forget(class, lane);
        true
    }

    /// How many wait.
    pub fn len(&self) -> u32 {
        self.depth
    }

    /// Whether nobody waits.
    pub fn is_empty(&self) -> bool {
        self.depth == 0
    }

    /// How many of one class wait.
    pub fn depth(&self, priority: Priority) -> u32 {
        self.depths[priority.index()]
    }

    /// The cap in all, if there is one.
    pub fn max_depth(&self) -> Option<u32> {
        self.max_depth
    }

    /// The share of the cap in use: 0 without a cap, 1 with a cap of zero, above 1 where critical tasks jumped in.
    pub fn utilisation(&self) -> f64 {
        match self.max_depth {
            None => 0.0,
            Some(0) => 1.0,
            Some(cap) => f64::from(self.depth) / f64::from(cap),
        }
    }

    /// Whether someone waits in one of these lanes.
    pub fn has_waiting(&self, lanes: LaneMask) -> bool {
        self.waiting.iter().any(|waiting| waiting & lanes.bits() != 0)
    }

    /// The class that [`take`](Self::take) would turn to; with [`Order::Random`] and no ranking, that of the earliest.
    pub fn next_priority(&self, lanes: LaneMask) -> Option<Priority> {
        let next = match self.order {
            Order::Fifo | Order::Random => self.find(lanes, Lane::front_key, |key, best| key < best),
            Order::Lifo => self.find(lanes, Lane::back_key, |key, best| key > best),
        };
        next.map(|(class, _)| Priority::ALL[class])
    }

    /// The overflow rule: the class still has room, the queue has none.
    #[inline(never)]
    fn overflow(&mut self, now: Time, item: T, offer: Offer) -> Offered<T> {
        if offer.priority != Priority::Critical {
            return Offered::Rejected(Refusal::QueueFull);
        }
        match self.overflow {
            Overflow::Reject => Offered::Rejected(Refusal::QueueFull),
            Overflow::CriticalJumps => Offered::Accepted(self.enter_next(now, item, offer)),
            Overflow::DisplaceLowest => match self.displace_below(offer.priority) {
                None => Offered::Rejected(Refusal::QueueFull),
                Some((displaced, displaced_priority)) => {
                    let ticket = self.enter_last(now, item, offer);
                    Offered::AcceptedDisplacing { ticket, displaced, displaced_priority }
                }
            },
        }
    }

    /// Lets the one leave that would be served last, of the lowest class below `priority`.
    fn displace_below(&mut self, priority: Priority) -> Option<(T, Priority)> {
        let class = (priority.index() + 1..CLASSES).rev().find(|&class| self.waiting[class] != 0)?;
        let from_front = matches!(self.order, Order::Lifo);
        let end = if from_front { Lane::front_key } else { Lane::back_key };
        let (_, lane) =
            self.best_lane(
                class,
                LaneMask::ALL,
                end,
                |key, best| if from_front { key < best } else { key > best },
            )?;
        let waiters = &mut self.lines[slot(class, lane)];
        let entry = if from_front { waiters.pop_front() } else { waiters.pop_back() }?;
        self.forget(class, lane);
        Some((entry.item, Priority::ALL[class]))
    }

    /// Lets an item enter behind all others.
    #[inline(always)]
    #[expect(clippy::inline_always, reason = "a wait of every task: its frame costs as much as its work")]
    fn enter_last(&mut self, now: Time, item: T, offer: Offer) -> Ticket {
        let key = self.next_back;
        self.next_back += 1;
        let slot = self.count_in(offer);
        self.lines[slot].push_back(Entry::new(key, now, offer.deadline, item));
        pack(slot, key)
    }

    /// Lets an item enter so that it is served next in its class.
    fn enter_next(&mut self, now: Time, item: T, offer: Offer) -> Ticket {
        if matches!(self.order, Order::Lifo) {
            return self.enter_last(now, item, offer);
        }
        let key = self.next_front;
        self.next_front -= 1;
        let slot = self.count_in(offer);
        self.lines[slot].push_front(Entry::new(key, now, offer.deadline, item));
        pack(slot, key)
    }

    /// One more waits in this class and lane.
    #[inline(always)]
    #[expect(clippy::inline_always, reason = "a wait of every task: its frame costs as much as its work")]
    fn count_in(&mut self, offer: Offer) -> usize {
        let (class, lane) = (offer.priority.index(), usize::from(offer.lane));
        self.waiting[class] |= 1 << lane;
        self.classes |= 1 << class;
        self.depths[class] += 1;
        self.depth += 1;
        slot(class, lane)
    }

    /// The class and lane whose `end` key is best, honouring the ranking.
    #[inline]
    fn find(
        &self,
        lanes: LaneMask,
        end: impl Fn(&Lane<T>) -> Option<i64>,
        better: impl Fn(i64, i64) -> bool,
    ) -> Option<(usize, usize)> {
        let mut found: Option<(i64, usize, usize)> = None;
        for class in 0..CLASSES {
            let left = self.waiting[class] & lanes.bits();
            if left.is_power_of_two() && matches!(self.ranking, Ranking::Strict) {
                return Some((class, left.trailing_zeros() as usize));
            }
            if let Some((key, lane)) = self.best_lane(class, lanes, &end, &better) {
                if matches!(self.ranking, Ranking::Strict) {
                    return Some((class, lane));
                }
                if found.is_none_or(|(best, _, _)| better(key, best)) {
                    found = Some((key, class, lane));
                }
            }
        }
        found.map(|(_, class, lane)| (class, lane))
    }

    /// The lane of a class whose `end` key is best, with that key.
    #[inline]
    fn best_lane(
        &self,
        class: usize,
        lanes: LaneMask,
        end: impl Fn(&Lane<T>) -> Option<i64>,
        better: impl Fn(i64, i64) -> bool,
    ) -> Option<(i64, usize)> {
        let mut left = self.waiting[class] & lanes.bits();
        let mut found: Option<(i64, usize)> = None;
        while left != 0 {
            let lane = left.trailing_zeros() as usize;
            left &= left - 1;
            let key = end(&self.lines[slot(class, lane)]).expect("a lane marked as waiting is not empty");
            if found.is_none_or(|(best, _)| better(key, best)) {
                found = Some((key, lane));
            }
        }
        found
    }

    /// Takes one drawn uniformly from those of equal rank.
    fn take_random(&mut self, now: Time, lanes: LaneMask, draw: f64) -> Taken<T> {
        let classes = match self.ranking {
            Ranking::None => 0..CLASSES,
            Ranking::Strict => match self.waiting.iter().position(|waiting| waiting & lanes.bits() != 0) {
                None => return Taken::Empty,
                Some(class) => class..class + 1,
            },
        };
        let open = |class: usize, lane: usize| self.waiting[class] & lanes.bits() & (1 << lane) != 0;
        let slots = classes.flat_map(|class| (0..self.lanes).map(move |lane| (class, lane)));
        let slots = slots.filter(|&(class, lane)| open(class, lane));
        let total: usize = slots.clone().map(|(class, lane)| self.lines[slot(class, lane)].len()).sum();
        let mut place = pick(draw, total);
        for (class, lane) in slots {
            let waiting = self.lines[slot(class, lane)].len();
            if place < waiting {
                let entry = self.lines[slot(class, lane)].remove(place);
                return self.leave(now, class, lane, &entry.expect("the place is below the number waiting"));
            }
            place -= waiting;
        }
        Taken::Empty
    }

    /// An entry has left its line: serve or drop it.
    #[inline]
    fn leave(&mut self, now: Time, class: usize, lane: usize, entry: &Entry<T>) -> Taken<T> {
        self.forget(class, lane);
        if self.drop_expired && entry.deadline < now {
            return Taken::Drop { item: entry.item, reason: DropReason::Expired };
        }
        let waited = now.saturating_since(entry.arrived);
        if self.codel.is_some() && self.codel_drops(now, class, waited) {
            return Taken::Drop { item: entry.item, reason: DropReason::CoDel };
        }
        Taken::Serve { item: entry.item, waited, priority: Priority::ALL[class] }
    }

    /// Whether `CoDel` drops one of this class that has waited so long.
    #[inline(never)]
    fn codel_drops(&mut self, now: Time, class: usize, waited: Span) -> bool {
        let Some(codel) = &mut self.codel else { return false };
        codel[class].drops(now, waited, self.depths[class])
    }

    /// One fewer waits in this class and lane.
    #[inline]
    fn forget(&mut self, class: usize, lane: usize) {
        self.depth -= 1;
        self.depths[class] -= 1;
        if self.lines[slot(class, lane)].is_empty() {
            self.waiting[class] &= !(1 << lane);
            if self.waiting[class] == 0 {
                self.classes &= !(1 << class);
            }
        }
        if self.depths[class] == 0
            && let Some(codel) = &mut self.codel
        {
            codel[class].emptied();
        }
    }
}

/// Where the line of a class and lane is.
#[inline]
const fn slot(class: usize, lane: usize) -> usize {
    (lane << 2) | class
}

#[inline]
#[expect(clippy::cast_sign_loss, reason = "the key is moved above zero first")]
fn pack(slot: usize, key: i64) -> Ticket {
    Ticket((((key + KEY_ZERO) as u64) << SLOT_BITS) | slot as u64)
}

#[expect(clippy::cast_possible_wrap, reason = "a key has 56 bits")]
fn unpack(ticket: Ticket) -> (usize, usize, i64) {
    let slot = (ticket.0 & ((1 << SLOT_BITS) - 1)) as usize;
    (slot & 3, slot >> 2, (ticket.0 >> SLOT_BITS) as i64 - KEY_ZERO)
}

/// A place below `total`, uniform if `draw` is uniform on `[0, 1)`.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "`as` saturates and the result is clamped"
)]
fn pick(draw: f64, total: usize) -> usize {
    ((draw * total as f64) as usize).min(total.saturating_sub(1))
}

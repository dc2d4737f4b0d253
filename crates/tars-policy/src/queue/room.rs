//! The queue itself.

use alloc::vec::Vec;

use super::codel::CoDel;
use super::lane::{Entry, Lane};
use super::{
    DropReason, LANES_MAX, LaneMask, Offer, Offered, Order, Overflow, Priority, QueueSpec, Ranking, Refusal,
    Taken, Ticket,
};
use crate::units::Time;

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
    /// The line of a class and lane is at `class * lanes + lane`.
    lines: Vec<Lane<T>>,
    lanes: usize,
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
    codel: Option<[CoDel; CLASSES]>,
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
            codel: spec.codel.map(|codel| core::array::from_fn(|_| CoDel::new(codel))),
        }
    }

    /// Asks whether `item` may wait. Panics when the lane does not exist.
    #[inline]
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
    #[inline]
    pub fn take(&mut self, now: Time, lanes: LaneMask, draw: f64) -> Taken<T> {
        let next = match self.order {
            Order::Fifo => self.find(lanes, Lane::front_key, |key, best| key < best),
            Order::Lifo => self.find(lanes, Lane::back_key, |key, best| key > best),
            Order::Random => return self.take_random(now, lanes, draw),
        };
        let Some((class, lane)) = next else { return Taken::Empty };
        let waiters = &mut self.lines[class * self.lanes + lane];
        let entry = match self.order {
            Order::Fifo | Order::Random => waiters.pop_front(),
            Order::Lifo => waiters.pop_back(),
        };
        self.leave(now, class, lane, &entry.expect("a lane marked as waiting has someone at each end"))
    }

    /// A waiting item gives up; whether it was still waiting.
    pub fn cancel(&mut self, ticket: Ticket) -> bool {
        let (class, lane, key) = Self::unpack(ticket);
        if lane >= self.lanes || !self.lines[class * self.lanes + lane].strike(key) {
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
        let waiters = &mut self.lines[class * self.lanes + lane];
        let entry = if from_front { waiters.pop_front() } else { waiters.pop_back() }?;
        self.forget(class, lane);
        Some((entry.item, Priority::ALL[class]))
    }

    /// Lets an item enter behind all others.
    #[inline]
    fn enter_last(&mut self, now: Time, item: T, offer: Offer) -> Ticket {
        let key = self.next_back;
        self.next_back += 1;
        self.enter(key, now, item, offer)
    }

    /// Lets an item enter so that it is served next in its class.
    fn enter_next(&mut self, now: Time, item: T, offer: Offer) -> Ticket {
        if matches!(self.order, Order::Lifo) {
            return self.enter_last(now, item, offer);
        }
        let key = self.next_front;
        self.next_front -= 1;
        self.enter(key, now, item, offer)
    }

    #[inline]
    fn enter(&mut self, key: i64, now: Time, item: T, offer: Offer) -> Ticket {
        let (class, lane) = (offer.priority.index(), usize::from(offer.lane));
        self.lines[class * self.lanes + lane].push(Entry::new(key, now, offer.deadline, item));
        self.waiting[class] |= 1 << lane;
        self.depths[class] += 1;
        self.depth += 1;
        Self::pack(class, lane, key)
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
            let key =
                end(&self.lines[class * self.lanes + lane]).expect("a lane marked as waiting is not empty");
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
        let total: usize =
            slots.clone().map(|(class, lane)| self.lines[class * self.lanes + lane].len()).sum();
        let mut place = pick(draw, total);
        for (class, lane) in slots {
            let waiting = self.lines[class * self.lanes + lane].len();
            if place < waiting {
                let entry = self.lines[class * self.lanes + lane].remove(place);
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
        if let Some(codel) = &mut self.codel
            && codel[class].drops(now, waited, self.depths[class])
        {
            return Taken::Drop { item: entry.item, reason: DropReason::CoDel };
        }
        Taken::Serve { item: entry.item, waited, priority: Priority::ALL[class] }
    }

    /// One fewer waits in this class and lane.
    #[inline]
    fn forget(&mut self, class: usize, lane: usize) {
        self.depth -= 1;
        self.depths[class] -= 1;
        if self.lines[class * self.lanes + lane].is_empty() {
            self.waiting[class] &= !(1 << lane);
        }
        if self.depths[class] == 0
            && let Some(codel) = &mut self.codel
        {
            codel[class].emptied();
        }
    }

    #[expect(clippy::cast_sign_loss, reason = "the key is moved above zero first")]
    fn pack(class: usize, lane: usize, key: i64) -> Ticket {
        Ticket((((key + KEY_ZERO) as u64) << SLOT_BITS) | (class * LANES_MAX + lane) as u64)
    }

    #[expect(clippy::cast_possible_wrap, reason = "a key has 56 bits")]
    fn unpack(ticket: Ticket) -> (usize, usize, i64) {
        let slot = (ticket.0 & ((1 << SLOT_BITS) - 1)) as usize;
        (slot / LANES_MAX, slot % LANES_MAX, (ticket.0 >> SLOT_BITS) as i64 - KEY_ZERO)
    }
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

#[cfg(test)]
mod tests {
    use super::super::{CoDelSpec, PriorityCaps};
    use super::*;
    use crate::units::Span;

    fn at(millis: u64) -> Time {
        Time::START + Span::from_millis(millis)
    }

    fn queue(spec: &QueueSpec) -> PriorityQueue<u32> {
        spec.build(2).expect("a valid queue")
    }

    /// Offers items 0, 1, … of these classes to lane 0, one each millisecond.
    fn filled(spec: &QueueSpec, classes: &[Priority]) -> (PriorityQueue<u32>, Vec<Offered<u32>>) {
        let mut queue = queue(spec);
        let offered = (0_u32..)
            .zip(classes)
            .map(|(item, &class)| queue.offer(at(item.into()), item, Offer::new(class)));
        let offered = offered.collect();
        (queue, offered)
    }

    fn ticket(offered: Offered<u32>) -> Ticket {
        match offered {
            Offered::Accepted(ticket) | Offered::AcceptedDisplacing { ticket, .. } => ticket,
            Offered::Rejected(refusal) => panic!("refused: {refusal:?}"),
        }
    }

    /// The items in the order in which they are served.
    fn served(queue: &mut PriorityQueue<u32>) -> Vec<u32> {
        core::iter::from_fn(|| match queue.take(at(1_000), LaneMask::ALL, 0.0) {
            Taken::Serve { item, .. } => Some(item),
            Taken::Drop { item, reason } => panic!("{item} dropped: {reason:?}"),
            Taken::Empty => None,
        })
        .collect()
    }

    use Priority::{Critical, High, Low, Normal};

    #[track_caller]
    fn check_order(spec: &QueueSpec, classes: &[Priority], expected: &[u32]) {
        assert_eq!(served(&mut filled(spec, classes).0), expected);
    }

    #[test]
    fn urgent_classes_are_served_first_and_each_in_order() {
        check_order(
            &QueueSpec::default(),
            &[Low, Normal, Critical, Normal, High, Critical],
            &[2, 5, 4, 1, 3, 0],
        );
    }

    #[test]
    fn without_ranking_the_first_to_come_is_the_first_to_go() {
        let spec = QueueSpec { ranking: Ranking::None, ..QueueSpec::default() };
        check_order(&spec, &[Low, Normal, Critical, Normal], &[0, 1, 2, 3]);
    }

    #[test]
    fn lifo_serves_the_last_of_a_class_first() {
        let spec = QueueSpec { order: Order::Lifo, ..QueueSpec::default() };
        check_order(&spec, &[Normal, Critical, Normal, Critical], &[3, 1, 2, 0]);
    }

    #[test]
    fn a_full_class_refuses_and_is_named_before_a_full_queue() {
        let caps = PriorityCaps { low: Some(1), ..PriorityCaps::default() };
        let spec = QueueSpec { max_depth: Some(2), max_depth_by_priority: caps, ..QueueSpec::default() };
        let (_, offered) = filled(&spec, &[Low, Low, Normal, Low, Normal]);
        assert_eq!(offered[1], Offered::Rejected(Refusal::PriorityFull));
        assert_eq!(offered[3], Offered::Rejected(Refusal::PriorityFull), "both caps are reached");
        assert_eq!(offered[4], Offered::Rejected(Refusal::QueueFull));
    }

    #[test]
    fn a_critical_task_displaces_the_last_of_the_lowest_class() {
        let spec =
            QueueSpec { max_depth: Some(3), overflow: Overflow::DisplaceLowest, ..QueueSpec::default() };
        let (mut queue, offered) = filled(&spec, &[Normal, Low, Low, High, Critical]);
        assert_eq!(offered[3], Offered::Rejected(Refusal::QueueFull), "only critical tasks displace");
        let displacing =
            Offered::AcceptedDisplacing { ticket: ticket(offered[4]), displaced: 2, displaced_priority: Low };
        assert_eq!(offered[4], displacing);
        assert_eq!((queue.len(), queue.depth(Low)), (3, 1));
        assert_eq!(served(&mut queue), [4, 0, 1]);
    }

    #[test]
    fn a_critical_task_displaces_no_other_critical_task() {
        let spec =
            QueueSpec { max_depth: Some(1), overflow: Overflow::DisplaceLowest, ..QueueSpec::default() };
        let (_, offered) = filled(&spec, &[Critical, Critical]);
        assert_eq!(offered[1], Offered::Rejected(Refusal::QueueFull));
    }

    #[test]
    fn with_lifo_the_oldest_of_the_lowest_class_is_displaced() {
        let spec = QueueSpec {
            max_depth: Some(2),
            overflow: Overflow::DisplaceLowest,
            order: Order::Lifo,
            ..QueueSpec::default()
        };
        let (mut queue, _) = filled(&spec, &[Low, Low, Critical]);
        assert_eq!(served(&mut queue), [2, 1]);
    }

    #[test]
    fn a_critical_task_jumps_a_full_queue_of_document_002_and_the_last_to_jump_is_first() {
        let spec = QueueSpec { max_depth: Some(2), ..QueueSpec::published_002() };
        let (mut queue, _) = filled(&spec, &[Critical, Low, Critical, Critical]);
        assert_eq!((queue.len(), queue.utilisation()), (4, 2.0));
        assert_eq!(served(&mut queue), [3, 2, 0, 1]);
    }

    #[test]
    fn a_deadline_of_now_is_still_served() {
        let spec = QueueSpec { drop_expired: true, ..QueueSpec::default() };
        let mut queue = queue(&spec);
        for item in [1, 2] {
            let offer = Offer { deadline: Some(at(10)), ..Offer::new(Normal) };
            let _ = ticket(queue.offer(at(0), item, offer));
        }
        let serve = Taken::Serve { item: 1, waited: Span::from_millis(10), priority: Normal };
        assert_eq!(queue.take(at(10), LaneMask::ALL, 0.0), serve);
        let late = at(10) + Span::from_nanos(1);
        assert_eq!(
            queue.take(late, LaneMask::ALL, 0.0),
            Taken::Drop { item: 2, reason: DropReason::Expired }
        );
    }

    #[test]
    fn lanes_are_taken_by_arrival_and_only_if_allowed() {
        let mut queue = queue(&QueueSpec::default());
        for (item, lane) in [(0, 1), (1, 0), (2, 1)] {
            let _ = ticket(queue.offer(at(0), item, Offer { lane, ..Offer::new(Normal) }));
        }
        let mut take = |lanes| match queue.take(at(1), lanes, 0.0) {
            Taken::Serve { item, .. } => Some(item),
            Taken::Drop { .. } | Taken::Empty => None,
        };
        assert_eq!(take(LaneMask::ALL), Some(0));
        assert_eq!(take(LaneMask::single(1)), Some(2));
        assert_eq!(take(LaneMask::single(1)), None);
        assert_eq!(take(LaneMask::NONE), None);
        assert_eq!(take(LaneMask::single(0).with(1)), Some(1));
    }

    #[test]
    fn a_more_urgent_task_in_a_forbidden_lane_does_not_block() {
        let mut queue = queue(&QueueSpec::default());
        let _ = ticket(queue.offer(at(0), 7, Offer { lane: 0, ..Offer::new(Critical) }));
        let _ = ticket(queue.offer(at(0), 8, Offer { lane: 1, ..Offer::new(Low) }));
        assert_eq!(queue.next_priority(LaneMask::single(1)), Some(Low));
        assert_eq!(queue.next_priority(LaneMask::ALL), Some(Critical));
        assert!(!queue.has_waiting(LaneMask::single(5)));
    }

    #[test]
    fn a_cancelled_item_leaves_at_once_and_only_once() {
        let (mut queue, offered) = filled(&QueueSpec::default(), &[Normal, Normal, Normal, Normal]);
        assert!(queue.cancel(ticket(offered[1])));
        assert_eq!(queue.len(), 3);
        assert!(!queue.cancel(ticket(offered[1])), "it has left already");
        assert!(queue.cancel(ticket(offered[0])), "at the front");
        assert!(queue.cancel(ticket(offered[3])), "at the back");
        assert_eq!(served(&mut queue), [2]);
        assert!(!queue.cancel(ticket(offered[2])), "it was served");
    }

    #[test]
    fn cancelled_items_take_no_room_for_long() {
        let (mut queue, offered) = filled(&QueueSpec::default(), &[Normal; 1_000]);
        for offered in &offered[1..999] {
            assert!(queue.cancel(ticket(*offered)));
        }
        assert_eq!((queue.len(), served(&mut queue)), (2, vec![0, 999]));
    }

    #[test]
    fn a_draw_picks_uniformly_among_those_of_equal_rank() {
        let spec = QueueSpec { order: Order::Random, ..QueueSpec::default() };
        for (draw, expected) in [(0.0, 1), (0.33, 1), (0.34, 2), (0.67, 4), (0.999_999, 4), (1.0, 4)] {
            let (mut queue, _) = filled(&spec, &[Low, High, High, Low, High]);
            match queue.take(at(9), LaneMask::ALL, draw) {
                Taken::Serve { item, priority, .. } => {
                    assert_eq!((item, priority), (expected, High), "{draw}")
                }
                other @ (Taken::Drop { .. } | Taken::Empty) => panic!("{other:?}"),
            }
        }
    }

    #[test]
    fn a_queue_without_room_is_full_and_one_without_a_cap_is_not() {
        let none = QueueSpec { max_depth: Some(0), ..QueueSpec::default() };
        let (queue, offered) = filled(&none, &[Critical]);
        assert_eq!((offered[0], queue.utilisation()), (Offered::Rejected(Refusal::QueueFull), 1.0));
        let (queue, _) = filled(&QueueSpec::default(), &[Normal]);
        assert_eq!((queue.utilisation(), queue.len(), queue.is_empty()), (0.0, 1, false));
    }

    #[test]
    fn codel_sheds_a_standing_queue_faster_and_faster() {
        let codel = CoDelSpec { target: Span::from_millis(5), interval: Span::from_millis(100) };
        let spec = QueueSpec { codel: Some(codel), ..QueueSpec::default() };
        let (mut queue, _) = filled(&spec, &[Normal; 600]);
        // One is taken each millisecond from 100 ms on, everyone having waited longer than the target.
        let drops: Vec<u64> = (100..450)
            .filter(|&now| match queue.take(at(now + 600), LaneMask::ALL, 0.0) {
                Taken::Drop { reason, .. } => reason == DropReason::CoDel,
                Taken::Serve { .. } => false,
                Taken::Empty => panic!("the queue stands"),
            })
            .collect();
        // First after an interval, then after 100, 100/√2, 100/√3 ms of the one before.
        assert_eq!(drops, [200, 300, 371, 429]);
    }

    #[test]
    fn codel_leaves_a_short_wait_and_a_last_item_alone() {
        let codel = CoDelSpec { target: Span::from_millis(5), interval: Span::from_millis(100) };
        let spec = QueueSpec { codel: Some(codel), ..QueueSpec::default() };
        let mut queue = queue(&spec);
        for now in 0..1_000 {
            let _ = ticket(queue.offer(at(now), 0, Offer::new(Normal)));
            let taken = queue.take(at(now + 4), LaneMask::ALL, 0.0);
            assert!(matches!(taken, Taken::Serve { .. }), "{taken:?}");
        }
        for now in 2_000..3_000 {
            let _ = ticket(queue.offer(at(now), 0, Offer::new(Normal)));
            let taken = queue.take(at(now + 500), LaneMask::ALL, 0.0);
            assert!(matches!(taken, Taken::Serve { .. }), "{taken:?}");
        }
    }

    #[test]
    #[should_panic(expected = "lane 2 of 2")]
    fn a_lane_that_does_not_exist_is_an_error_of_the_caller() {
        let _ = queue(&QueueSpec::default()).offer(at(0), 0, Offer { lane: 2, ..Offer::new(Normal) });
    }
}

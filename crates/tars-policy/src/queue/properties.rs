//! What must hold of every queue, whatever happens to it.

use alloc::collections::BTreeMap;
use alloc::vec::Vec;

use proptest::prelude::*;

use super::{
    DropReason, LaneMask, Offer, Offered, Order, Overflow, Priority, PriorityQueue, QueueSpec, Ranking,
    Refusal, Taken, Ticket,
};
use crate::units::{Span, Time};

const LANES: usize = 3;

/// One thing that happens to a queue.
#[derive(Clone, Debug)]
enum Act {
    Offer { class: usize, lane: u8, patience: Option<u64> },
    Take { lanes: u8, draw: f64 },
    Cancel { which: usize },
}

fn act() -> impl Strategy<Value = Act> {
    prop_oneof![
        4 => (0_usize..4, 0_u8..3, proptest::option::of(0_u64..30))
            .prop_map(|(class, lane, patience)| Act::Offer { class, lane, patience }),
        3 => (1_u8..8, 0.0..1.0).prop_map(|(lanes, draw)| Act::Take { lanes, draw }),
        1 => any::<usize>().prop_map(|which| Act::Cancel { which }),
    ]
}

/// A queue as one would write it without a thought for speed: a list, searched from end to end.
struct Plain {
    spec: QueueSpec,
    waiting: Vec<Waiter>,
}

#[derive(Clone, Copy, Debug, PartialEq)]
struct Waiter {
    item: u32,
    arrived: Time,
    offer: Offer,
}

impl Plain {
    /// The place of the one served next (or last) among those that `may` be.
    fn place(&self, last: bool, may: impl Fn(&Waiter) -> bool) -> Option<usize> {
        let rank = |waiter: &Waiter| match self.spec.ranking {
            Ranking::Strict => waiter.offer.priority.index(),
            Ranking::None => 0,
        };
        let from_front = matches!(self.spec.order, Order::Lifo) == last;
        let places = self.waiting.iter().enumerate().filter(|(_, waiter)| may(waiter));
        let best = places.min_by_key(|(place, waiter)| {
            (rank(waiter), if from_front { *place } else { self.waiting.len() - place })
        });
        best.map(|(place, _)| place)
    }

    fn depth(&self, priority: Priority) -> usize {
        self.waiting.iter().filter(|waiter| waiter.offer.priority == priority).count()
    }

    /// Whether the newcomer waits, and who had to leave.
    fn offer(&mut self, now: Time, item: u32, offer: Offer) -> Result<Option<u32>, Refusal> {
        let cap = |cap: Option<u32>| cap.map_or(usize::MAX, |cap| cap as usize);
        if self.depth(offer.priority) >= cap(self.spec.max_depth_by_priority.of(offer.priority)) {
            return Err(Refusal::PriorityFull);
        }
        let newcomer = Waiter { item, arrived: now, offer };
        let full = self.waiting.len() >= cap(self.spec.max_depth);
        let mut displaced = None;
        match (full, offer.priority, self.spec.overflow) {
            (false, _, _) => {}
            (true, Priority::Critical, Overflow::CriticalJumps) if self.spec.order == Order::Fifo => {
                self.waiting.insert(0, newcomer);
                return Ok(None);
            }
            (true, Priority::Critical, Overflow::CriticalJumps) => {}
            (true, Priority::Critical, Overflow::DisplaceLowest) => {
                let lowest = Priority::ALL.into_iter().rev().find(|&priority| self.depth(priority) > 0);
                let lowest =
                    lowest.filter(|&priority| priority > Priority::Critical).ok_or(Refusal::QueueFull)?;
                let place = self.place(true, |waiter| waiter.offer.priority == lowest).expect("one waits");
                displaced = Some(self.waiting.remove(place).item);
            }
            (true, _, _) => return Err(Refusal::QueueFull),
        }
        self.waiting.push(newcomer);
        Ok(displaced)
    }

    fn take(&mut self, now: Time, lanes: LaneMask) -> Option<Waiter> {
        let place = self.place(false, |waiter| lanes.contains(waiter.offer.lane))?;
        let waiter = self.waiting.remove(place);
        assert!(waiter.arrived <= now);
        Some(waiter)
    }
}

/// Lets both queues live through the same acts and compares every answer.
fn agree(spec: &QueueSpec, acts: Vec<Act>) {
    let mut queue: PriorityQueue<u32> = spec.build(LANES).expect("a valid example");
    let mut plain = Plain { spec: spec.clone(), waiting: Vec::new() };
    let mut tickets: BTreeMap<u32, Ticket> = BTreeMap::new();
    for (step, act) in (0_u32..).zip(acts) {
        let now = Time::START + Span::from_nanos(u64::from(step));
        match act {
            Act::Offer { class, lane, patience } => {
                let deadline = patience.map(|patience| now + Span::from_nanos(patience));
                let offer = Offer { priority: Priority::ALL[class], lane, deadline };
                let expected = plain.offer(now, step, offer);
                let found = match queue.offer(now, step, offer) {
                    Offered::Accepted(ticket) => Ok((ticket, None)),
                    Offered::AcceptedDisplacing { ticket, displaced, .. } => Ok((ticket, Some(displaced))),
                    Offered::Rejected(refusal) => Err(refusal),
                };
                assert_eq!(found.map(|(_, displaced)| displaced), expected);
                if let Ok((ticket, _)) = found {
                    tickets.insert(step, ticket);
                }
            }
            Act::Take { lanes, draw } => {
                let lanes =
                    (0..3).filter(|lane| lanes & (1 << lane) != 0).fold(LaneMask::NONE, LaneMask::with);
                compare_taken(&mut queue, &mut plain, now, lanes, draw);
            }
            Act::Cancel { which } => {
                let Some((&item, &ticket)) = tickets.iter().nth(which % tickets.len().max(1)) else {
                    continue;
                };
                let place = plain.waiting.iter().position(|waiter| waiter.item == item);
                assert_eq!(queue.cancel(ticket), place.is_some());
                place.map(|place| plain.waiting.remove(place));
            }
        }
        for priority in Priority::ALL {
            assert_eq!(queue.depth(priority) as usize, plain.depth(priority));
        }
        assert_eq!(queue.len() as usize, plain.waiting.len());
        assert_eq!(queue.has_waiting(LaneMask::ALL), !plain.waiting.is_empty());
    }
}

/// Both queues are asked for the next; with chance in the order, whom the queue names is taken from the plain one.
fn compare_taken(queue: &mut PriorityQueue<u32>, plain: &mut Plain, now: Time, lanes: LaneMask, draw: f64) {
    let announced = queue.next_priority(lanes);
    let taken = queue.take(now, lanes, draw);
    let item = match taken {
        Taken::Empty => return assert_eq!(plain.take(now, lanes), None),
        Taken::Serve { item, .. } | Taken::Drop { item, .. } => item,
    };
    let expected = match plain.spec.order {
        Order::Fifo | Order::Lifo => plain.take(now, lanes).expect("someone waits"),
        Order::Random => {
            let place = plain.waiting.iter().position(|waiter| waiter.item == item).expect("it waits");
            let best = plain.waiting.iter().filter(|waiter| lanes.contains(waiter.offer.lane));
            let best = best.map(|waiter| waiter.offer.priority).min();
            let waiter = plain.waiting.remove(place);
            assert!(plain.spec.ranking == Ranking::None || best == Some(waiter.offer.priority));
            waiter
        }
    };
    assert!(lanes.contains(expected.offer.lane));
    if plain.spec.order != Order::Random {
        assert_eq!((item, announced), (expected.item, Some(expected.offer.priority)));
    }
    let expired = plain.spec.drop_expired && expected.offer.deadline.is_some_and(|deadline| deadline < now);
    match taken {
        Taken::Serve { waited, priority, .. } => {
            assert!(!expired);
            assert_eq!((waited, priority), (now - expected.arrived, expected.offer.priority));
        }
        Taken::Drop { reason: DropReason::Expired, .. } => assert!(expired),
        Taken::Drop { reason: DropReason::CoDel, .. } => {
            let codel = plain.spec.codel.expect("only CoDel drops for that");
            assert!(!expired && now - expected.arrived >= codel.target);
        }
        Taken::Empty => unreachable!("returned above"),
    }
}

/// The examples with caps so small that they are met, and with every order.
fn specs() -> Vec<QueueSpec> {
    let mut specs: Vec<QueueSpec> = QueueSpec::examples().into_iter().map(|(_, spec)| spec).collect();
    for index in 0..specs.len() {
        for order in [Order::Fifo, Order::Lifo, Order::Random] {
            let mut spec = QueueSpec { order, ..specs[index].clone() };
            spec.max_depth = spec.max_depth.map(|cap| cap.min(6));
            spec.max_depth_by_priority.low = spec.max_depth_by_priority.low.map(|_| 2);
            spec.max_depth_by_priority.critical = spec.max_depth_by_priority.critical.map(|_| 4);
            if let Some(codel) = &mut spec.codel {
                (codel.target, codel.interval) = (Span::from_nanos(3), Span::from_nanos(12));
            }
            specs.push(spec);
        }
    }
    specs
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn every_queue_decides_as_a_plain_list_would(acts in proptest::collection::vec(act(), 1..250)) {
        for spec in specs() {
            agree(&spec, acts.clone());
        }
    }
}

#[test]
fn every_example_is_valid() {
    for (name, spec) in QueueSpec::examples() {
        assert_eq!(spec.validate(), Ok(()), "{name}");
    }
}

#[test]
fn impossible_specifications_name_the_field() {
    let codel = |target, interval| {
        let codel =
            super::CoDelSpec { target: Span::from_millis(target), interval: Span::from_millis(interval) };
        QueueSpec { codel: Some(codel), ..QueueSpec::default() }.validate().map_err(|error| error.field)
    };
    assert_eq!(codel(0, 100), Err("codel.target".into()));
    assert_eq!(codel(5, 4), Err("codel.interval".into()));
    assert_eq!(codel(5, 5), Ok(()));
    for lanes in [0, 65] {
        let error = QueueSpec::default().build::<u32>(lanes).expect_err("lanes are bounded");
        assert_eq!(error.field, "lanes");
    }
    assert_eq!("urgent".parse::<Priority>().map_err(|error| error.field), Err("priority".into()));
}

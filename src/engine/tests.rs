//! The agenda as its users see it.

use super::*;

/// An event of a number, whose rank is its top bits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Number(u32);

impl Event for Number {
    fn rank(self) -> u8 {
        u8::try_from(self.0 >> 24).expect("a small rank")
    }
    fn encode(self) -> u32 {
        self.0
    }
    fn decode(bits: u32) -> Self {
        Self(bits)
    }
}

fn order(scheduled: &[(u64, u32)]) -> Vec<u32> {
    let mut agenda = Agenda::new();
    for &(time, number) in scheduled {
        agenda.schedule(time, Number(number));
    }
    core::iter::from_fn(|| agenda.next().map(|due| due.event.0)).collect()
}

#[test]
fn earlier_events_come_first() {
    assert_eq!(order(&[(3, 1), (1, 2), (2, 3)]), [2, 3, 1]);
}

#[test]
fn at_one_time_the_lower_rank_goes_first() {
    let (low, high) = (1 << 24, 2 << 24);
    assert_eq!(order(&[(5, high), (5, low)]), [low, high]);
}

#[test]
fn at_one_time_and_rank_the_first_scheduled_goes_first() {
    assert_eq!(order(&[(5, 9), (5, 1), (5, 4)]), [9, 1, 4]);
}

#[test]
fn the_clock_stands_at_the_last_event() {
    let mut agenda = Agenda::with_capacity(4);
    let ticket = agenda.schedule(7, Number(1));
    assert_eq!((agenda.now(), agenda.pending(), agenda.peek_time()), (0, 1, Some(7)));
    assert_eq!(agenda.next(), Some(Due { time: 7, event: Number(1), ticket }));
    assert_eq!((agenda.now(), agenda.pending(), agenda.popped(), agenda.scheduled()), (7, 0, 1, 1));
    assert_eq!(agenda.next(), None);
    assert_eq!(agenda.now(), 7);
}

#[test]
fn an_event_at_the_end_is_left() {
    let mut agenda = Agenda::new();
    agenda.schedule(10, Number(1));
    assert_eq!(agenda.next_before(10), None);
    assert_eq!((agenda.now(), agenda.pending()), (0, 1));
    assert!(agenda.next_before(11).is_some());
}

#[test]
fn an_event_may_be_scheduled_for_now() {
    let mut agenda = Agenda::new();
    agenda.schedule(5, Number(1));
    agenda.next();
    agenda.schedule(5, Number(2));
    assert_eq!(agenda.next().map(|due| (due.time, due.event)), Some((5, Number(2))));
}

#[test]
fn tickets_are_told_apart_and_none_is_no_event() {
    let mut agenda = Agenda::new();
    let tickets = [agenda.schedule(1, Number(1)), agenda.schedule(1, Number(1)), Ticket::NONE];
    assert!(tickets[0] != tickets[1] && tickets[1] != tickets[2]);
    assert_eq!(Ticket::default(), Ticket::NONE);
}

#[test]
#[should_panic(expected = "an event is scheduled in the past: at 4 ns, and it is 5 ns")]
fn the_past_is_refused() {
    let mut agenda = Agenda::new();
    agenda.schedule(5, Number(1));
    agenda.next();
    agenda.schedule(4, Number(1));
}

#[test]
fn of_many_events_each_is_told_when_it_is_soon_and_again_when_it_is_next() {
    let mut agenda = Agenda::new();
    for number in 0..50_000_u32 {
        let time = u64::from(number.wrapping_mul(2_654_435_761) >> 8);
        agenda.schedule(time, Number(number));
    }
    let mut told: Vec<Vec<(Nearness, usize)>> = vec![Vec::new(); 50_000];
    let mut came = 0;
    while let Some(due) = agenda.next_before_with(u64::MAX, |event: Number, nearness| {
        told[event.0 as usize].push((nearness, came));
    }) {
        let told = &told[due.event.0 as usize];
        // Of the first events none has come before that would tell of them.
        if came >= 13 {
            assert_eq!(*told, [(Nearness::Soon, came - 13), (Nearness::Next, came - 7)]);
        }
        came += 1;
    }
    assert_eq!(came, 50_000);
}

#[test]
fn an_event_that_is_scheduled_near_is_not_told() {
    let mut agenda = Agenda::new();
    (0..50_000_u32).for_each(|number| _ = agenda.schedule(u64::from(number) * 1_000, Number(number)));
    let (mut came, mut near) = (0, 0);
    while let Some(due) =
        agenda.next_before_with(u64::MAX, |event: Number, _| assert!(event.0 < 50_000, "it is told"))
    {
        came += 1;
        if due.event.0 >= 50_000 {
            near += 1;
        } else if due.event.0.is_multiple_of(10) && due.event.0 < 40_000 {
            agenda.schedule(due.time + 1, Number(50_000 + due.event.0));
        }
    }
    assert_eq!((came, near), (54_000, 4_000));
}

#[test]
fn of_few_events_none_is_told_before_it_comes() {
    let mut agenda = Agenda::new();
    (0..1_000).for_each(|number| _ = agenda.schedule(u64::from(number), Number(number)));
    while agenda.next_before_with(u64::MAX, |event, _| panic!("{event:?} is told")).is_some() {}
}

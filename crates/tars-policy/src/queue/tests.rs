//! The queue, edge by edge.

use super::*;

fn at(millis: u64) -> Time {
    Time::START + Span::from_millis(millis)
}

fn queue(spec: &QueueSpec) -> PriorityQueue<u32> {
    spec.build(2).expect("a valid queue")
}

/// Offers items 0, 1, … of these classes to lane 0, one each millisecond.
fn filled(spec: &QueueSpec, classes: &[Priority]) -> (PriorityQueue<u32>, Vec<Offered<u32>>) {
    let mut queue = queue(spec);
    let offered =
        (0_u32..).zip(classes).map(|(item, &class)| queue.offer(at(item.into()), item, Offer::new(class)));
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
    check_order(&QueueSpec::default(), &[Low, Normal, Critical, Normal, High, Critical], &[2, 5, 4, 1, 3, 0]);
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
    let spec = QueueSpec { max_depth: Some(3), overflow: Overflow::DisplaceLowest, ..QueueSpec::default() };
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
    let spec = QueueSpec { max_depth: Some(1), overflow: Overflow::DisplaceLowest, ..QueueSpec::default() };
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
    assert_eq!(queue.take(late, LaneMask::ALL, 0.0), Taken::Drop { item: 2, reason: DropReason::Expired });
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
                assert_eq!((item, priority), (expected, High), "{draw}");
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

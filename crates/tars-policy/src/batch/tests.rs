use super::*;
use proptest::prelude::*;

const WAIT: Span = Span::from_millis(100);

fn at(millis: u64) -> Time {
    Time::START + Span::from_millis(millis)
}

fn batcher(calls_max: u32, bytes_max: Option<u64>, tokens_max: Option<u64>) -> Batcher<u32, u32> {
    BatchSpec { calls_max, wait_max: WAIT, bytes_max, tokens_max }.build().unwrap()
}

fn tokens(tokens: u64) -> CallSize {
    CallSize { bytes: 0, tokens }
}

#[track_caller]
fn waits(joined: &Joined<u32, u32>, due: Time) {
    assert_eq!(*joined, Joined { earlier: None, own: Own::Waits { due } });
}

#[track_caller]
fn left(own: Own<u32, u32>, calls: &[u32], reason: FlushReason) {
    match own {
        Own::Left(batch) => assert_eq!((batch.calls.as_slice(), batch.reason), (calls, reason)),
        Own::Waits { due } => panic!("waits until {due:?}"),
    }
}

#[test]
fn a_batch_leaves_with_the_call_that_fills_it() {
    let mut batcher = batcher(3, None, None);
    waits(&batcher.join(at(0), 7, 1, tokens(10)), at(100));
    waits(&batcher.join(at(60), 7, 2, tokens(20)), at(100));
    let joined = batcher.join(at(99), 7, 3, tokens(30));
    assert_eq!(joined.earlier, None);
    let expected =
        Batch { key: 7, calls: vec![1, 2, 3], size: tokens(60), opened: at(0), reason: FlushReason::Full };
    assert_eq!(joined.own, Own::Left(expected));
    assert_eq!((batcher.waiting(), batcher.next_due()), (0, None));
}

#[test]
fn only_calls_of_one_key_are_combined() {
    let mut batcher = batcher(2, None, None);
    waits(&batcher.join(at(0), 1, 10, tokens(1)), at(100));
    waits(&batcher.join(at(1), 2, 20, tokens(1)), at(101));
    left(batcher.join(at(2), 1, 11, tokens(1)).own, &[10, 11], FlushReason::Full);
    assert_eq!(batcher.next_due(), Some(at(101)));
}

#[test]
fn a_batch_is_due_when_its_first_call_has_waited_and_not_a_nanosecond_before() {
    let mut batcher = batcher(5, None, None);
    waits(&batcher.join(at(0), 1, 1, tokens(1)), at(100));
    waits(&batcher.join(at(50), 1, 2, tokens(1)), at(100));
    let before = Time::from_nanos(at(100).as_nanos() - 1);
    assert_eq!(batcher.take_due(before), None);
    let batch = batcher.take_due(at(100)).unwrap();
    assert_eq!((batch.calls, batch.reason), (vec![1, 2], FlushReason::Timeout));
    assert_eq!(batcher.take_due(at(100)), None);
}

#[test]
fn a_call_at_the_due_time_opens_another_batch_whether_or_not_the_timer_came_first() {
    let mut batcher = batcher(5, None, None);
    waits(&batcher.join(at(0), 1, 1, tokens(1)), at(100));
    let joined = batcher.join(at(100), 1, 2, tokens(1));
    assert_eq!(
        joined.earlier.map(|batch| (batch.calls, batch.reason)),
        Some((vec![1], FlushReason::Timeout))
    );
    assert_eq!(joined.own, Own::Waits { due: at(200) });
}

#[test]
fn batches_due_at_once_leave_in_the_order_they_were_opened() {
    let mut batcher = batcher(5, None, None);
    for key in [9, 3, 6] {
        waits(&batcher.join(at(0), key, key, tokens(1)), at(100));
    }
    let order: Vec<u32> = core::iter::from_fn(|| batcher.take_due(at(500))).map(|batch| batch.key).collect();
    assert_eq!(order, [9, 3, 6]);
}

#[test]
fn a_call_that_would_make_a_batch_too_large_is_left_behind() {
    let mut batcher = batcher(5, None, Some(100));
    waits(&batcher.join(at(0), 1, 1, tokens(60)), at(100));
    let joined = batcher.join(at(10), 1, 2, tokens(41));
    assert_eq!(joined.earlier.map(|batch| (batch.calls, batch.reason)), Some((vec![1], FlushReason::Tokens)));
    assert_eq!(joined.own, Own::Waits { due: at(110) });
    left(batcher.join(at(20), 1, 3, tokens(59)).own, &[2, 3], FlushReason::Tokens);
}

#[test]
fn a_call_as_large_as_a_batch_leaves_alone_and_the_open_one_stays() {
    let mut batcher = batcher(5, Some(100), None);
    let bytes = |bytes| CallSize { bytes, tokens: 0 };
    waits(&batcher.join(at(0), 1, 1, bytes(10)), at(100));
    let joined = batcher.join(at(1), 1, 2, bytes(100));
    assert_eq!(joined.earlier, None);
    left(joined.own, &[2], FlushReason::Bytes);
    left(batcher.join(at(2), 1, 3, bytes(u64::MAX)).own, &[3], FlushReason::Bytes);
    assert_eq!((batcher.waiting(), batcher.next_due()), (1, Some(at(100))));
}

#[test]
fn closing_lets_all_leave_as_they_are() {
    let mut batcher = batcher(5, None, None);
    waits(&batcher.join(at(0), 2, 1, tokens(1)), at(100));
    waits(&batcher.join(at(0), 1, 2, tokens(1)), at(100));
    let closed: Vec<_> = core::iter::from_fn(|| batcher.close_next())
        .map(|batch| (batch.key, batch.reason.as_str()))
        .collect();
    assert_eq!(closed, [(2, "closing"), (1, "closing")]);
}

#[test]
fn a_call_that_is_withdrawn_leaves_room_and_takes_an_empty_batch_with_it() {
    let mut batcher = batcher(2, None, Some(100));
    waits(&batcher.join(at(0), 1, 1, tokens(90)), at(100));
    assert_eq!(batcher.withdraw(&1, |call| *call == 8), None);
    assert_eq!(batcher.withdraw(&1, |call| *call == 1), Some(1));
    assert_eq!(batcher.next_due(), None);
    waits(&batcher.join(at(10), 1, 2, tokens(90)), at(110));
    assert_eq!(batcher.withdraw(&4, |_| true), None);
}

#[test]
fn impossible_batches_are_named() {
    let good = BatchSpec::default();
    for (spec, field) in [
        (BatchSpec { calls_max: 0, ..good.clone() }, "calls_max"),
        (BatchSpec { wait_max: Span::ZERO, ..good.clone() }, "wait_max"),
        (BatchSpec { bytes_max: Some(0), ..good.clone() }, "bytes_max"),
        (BatchSpec { tokens_max: Some(0), ..good }, "tokens_max"),
    ] {
        assert_eq!(spec.validate().unwrap_err().field, field);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn every_call_leaves_once_in_order_within_its_wait_and_within_the_limits(
        which in 0..BatchSpec::examples().len(),
        steps in prop::collection::vec((0_u64..300, 0_u32..3, 1_u64..6_000, any::<bool>()), 1..80),
    ) {
        let (_, spec) = BatchSpec::examples().swap_remove(which);
        let mut batcher = spec.build::<u32, (u32, Time)>().unwrap();
        let mut batches = Vec::new();
        let mut now = Time::START;
        for (call, &(gap, key, size, timer_first)) in (0..).zip(&steps) {
            let then = now + Span::from_millis(gap);
            // A driver acts when a batch falls due; at equal times either may come first.
            while let Some(due) = batcher.next_due().filter(|due| *due < then || (timer_first && *due == then)) {
                batches.push((due, batcher.take_due(due).unwrap()));
            }
            now = then;
            let joined = batcher.join(now, key, (call, now), CallSize { bytes: size * 10, tokens: size });
            batches.extend(joined.earlier.map(|batch| (now, batch)));
            match joined.own {
                Own::Waits { due } => prop_assert!(due > now && due <= now + spec.wait_max),
                Own::Left(batch) => batches.push((now, batch)),
            }
        }
        while let Some(due) = batcher.next_due() {
            batches.push((due, batcher.take_due(due).unwrap()));
        }
        let mut seen: Vec<u32> = Vec::new();
        for (left_at, batch) in &batches {
            let calls = &batch.calls;
            prop_assert!((1..=spec.calls_max as usize).contains(&calls.len()));
            prop_assert!(calls.is_sorted() && calls[0].1 == batch.opened);
            prop_assert!(*left_at <= batch.opened + spec.wait_max);
            let fits = spec.bytes_max.is_none_or(|most| batch.size.bytes <= most)
                && spec.tokens_max.is_none_or(|most| batch.size.tokens <= most);
            prop_assert!(fits || calls.len() == 1);
            prop_assert!(calls.iter().all(|(call, _)| steps[*call as usize].1 == batch.key));
            seen.extend(calls.iter().map(|(call, _)| *call));
        }
        seen.sort_unstable();
        prop_assert_eq!(seen, (0..u32::try_from(steps.len()).unwrap()).collect::<Vec<_>>());
    }
}

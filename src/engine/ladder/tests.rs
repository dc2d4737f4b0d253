//! The ladder against a sorted set, through every switch.

use super::*;
use proptest::prelude::*;
use std::collections::BTreeSet;

/// A ladder and what it must hold.
#[derive(Default)]
struct Checked {
    ladder: Option<Ladder>,
    reference: BTreeSet<Key>,
    sequence: u64,
    now: u64,
    rungs_max: usize,
}

impl Checked {
    fn push(&mut self, time: u64, rank: u8) {
        let key = Key::new(time, rank, self.sequence, 0);
        self.sequence += 1;
        self.ladder().push(key);
        self.reference.insert(key);
    }

    fn ladder(&mut self) -> &mut Ladder {
        self.ladder.get_or_insert_with(|| Ladder::with_capacity(0))
    }

    #[track_caller]
    fn pop(&mut self) {
        let expected = self.reference.pop_first();
        assert_eq!(self.ladder().peek(), expected);
        assert_eq!(self.ladder().pop_before(u64::MAX, |_, _| ()), expected);
        self.now = expected.map_or(self.now, Key::time);
        self.rungs_max = self.rungs_max.max(self.ladder().rungs.len());
        assert_eq!(self.ladder().len(), self.reference.len());
    }

    fn pop_all(&mut self) {
        while !self.reference.is_empty() {
            self.pop();
        }
        self.pop();
    }
}

/// A cheap sequence of well-mixed numbers.
fn mixed(state: &mut u64) -> u64 {
    *state = state.wrapping_add(0x9E37_79B9_7F4A_7C15);
    let z = (*state ^ (*state >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z ^ (z >> 27)
}

#[test]
fn it_climbs_and_comes_down_in_order() {
    let (mut checked, mut state) = (Checked::default(), 1);
    for _ in 0..60_000 {
        let ahead = mixed(&mut state) >> 34;
        let now = checked.now;
        checked.push(now + ahead, (ahead % 16) as u8);
        if ahead.is_multiple_of(4) {
            checked.pop();
        }
    }
    assert!(checked.rungs_max >= 1, "it never left the heap");
    checked.pop_all();
    let ladder = checked.ladder();
    assert_eq!((ladder.rungs.len(), ladder.beyond, ladder.near_limit), (0, 0, u64::MAX));
}

#[test]
fn a_burst_at_one_instant_keeps_the_order_of_scheduling() {
    let mut checked = Checked::default();
    for _ in 0..5 * MANY {
        checked.push(1_000, 3);
    }
    checked.pop();
    for _ in 0..MANY {
        checked.push(1_000, 2);
    }
    checked.pop_all();
}

#[test]
fn far_events_and_near_ones_mix() {
    let (mut checked, mut state) = (Checked::default(), 2);
    for _ in 0..3 * MANY {
        // Spans from nanoseconds to years: each octave is as likely as another.
        let ahead = 1_u64 << (mixed(&mut state) % 59);
        let spread = mixed(&mut state) % ahead;
        checked.push(ahead + spread, 0);
    }
    for _ in 0..2 * MANY {
        checked.pop();
        let (now, ahead) = (checked.now, mixed(&mut state) % 1_000);
        checked.push(now + ahead, 0);
    }
    assert!(checked.rungs_max >= 2, "no bucket was subdivided");
    checked.pop_all();
}

#[test]
fn a_crowd_before_the_limit_of_the_heap_is_spread_too() {
    let (mut checked, mut state) = (Checked::default(), 3);
    for _ in 0..2 * MANY as u64 {
        let time = (1 << 50) + (mixed(&mut state) >> 20);
        checked.push(time, 0);
    }
    checked.pop();
    for _ in 0..4 * MANY {
        let now = checked.now;
        checked.push(now + mixed(&mut state) % (1 << 20), 0);
    }
    checked.pop_all();
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn it_pops_what_a_sorted_set_pops(
        phases in proptest::collection::vec((0_usize..20_000, 0_usize..20_000, 0_u32..58), 1..6),
        seed in any::<u64>(),
    ) {
        let (mut checked, mut state) = (Checked::default(), seed);
        for (pushes, pops, octave) in phases {
            for _ in 0..pushes {
                let (now, ahead) = (checked.now, mixed(&mut state) % (1 << octave));
                checked.push((now + ahead).min((1 << 60) - 1), (ahead % 3) as u8);
            }
            for _ in 0..pops {
                checked.pop();
            }
        }
        checked.pop_all();
    }
}

//! `CoDel`, RFC 8289 section 5, asked once for each item that reaches the head of its class.

use super::CoDelSpec;
use crate::units::{Span, Time};

/// A new dropping state resumes the old rate when it follows within so many intervals (RFC 8289, section 5.4).
const RESUME_INTERVALS: u64 = 16;

/// What `CoDel` remembers of one class.
#[derive(Clone, Debug)]
pub(super) struct CoDel {
    spec: CoDelSpec,
    /// When the wait will have exceeded the target for an interval.
    first_above: Option<Time>,
    /// The next drop while dropping.
    drop_next: Time,
    dropping: bool,
    /// Whether the last drop still has to move `drop_next`: it does only if the next item is droppable too.
    advance: bool,
    /// Drops since dropping began.
    count: u64,
    /// `count` when the last dropping state began.
    last_count: u64,
}

impl CoDel {
    pub(super) const fn new(spec: CoDelSpec) -> Self {
        Self {
            spec,
            first_above: None,
            drop_next: Time::START,
            dropping: false,
            advance: false,
            count: 0,
            last_count: 0,
        }
    }

    /// Says whether an item that waited for `waited` is to be dropped; `left` others stay behind in its class.
    pub(super) fn drops(&mut self, now: Time, waited: Span, left: u32) -> bool {
        let droppable = self.droppable(now, waited, left);
        if !self.dropping {
            return droppable && self.begin(now);
        }
        if !droppable {
            (self.dropping, self.advance) = (false, false);
            return false;
        }
        if self.advance {
            self.drop_next = self.control_law(self.drop_next);
            self.advance = false;
        }
        if now < self.drop_next {
            return false;
        }
        self.count += 1;
        self.advance = true;
        true
    }

    /// The class ran empty.
    pub(super) fn emptied(&mut self) {
        self.first_above = None;
        (self.dropping, self.advance) = (false, false);
    }

    /// Whether the wait has been above the target for an interval. One item left is no standing queue.
    fn droppable(&mut self, now: Time, waited: Span, left: u32) -> bool {
        if waited < self.spec.target || left <= 1 {
            self.first_above = None;
            return false;
        }
        match self.first_above {
            None => {
                self.first_above = Some(now.saturating_add(self.spec.interval));
                false
            }
            Some(first_above) => now >= first_above,
        }
    }

    /// Enters the dropping state with a first drop.
    fn begin(&mut self, now: Time) -> bool {
        self.dropping = true;
        let delta = self.count - self.last_count;
        let recent =
            now.saturating_since(self.drop_next) < self.spec.interval.saturating_mul(RESUME_INTERVALS);
        self.count = if delta > 1 && recent { delta } else { 1 };
        self.drop_next = self.control_law(now);
        self.last_count = self.count;
        true
    }

    /// The next drop: the interval shrinks with the root of the number of drops.
    fn control_law(&self, from: Time) -> Time {
        from.saturating_add(self.spec.interval.scale(1.0 / libm::sqrt(self.count as f64)))
    }
}

#[cfg(test)]
mod tests {
    use alloc::vec::Vec;

    use super::*;

    const LONG: Span = Span::from_millis(50);

    fn codel() -> CoDel {
        CoDel::new(CoDelSpec { target: Span::from_millis(5), interval: Span::from_millis(100) })
    }

    fn at(millis: u64) -> Time {
        Time::START + Span::from_millis(millis)
    }

    /// When items are dropped, one item a millisecond reaching the head after a long wait.
    fn drops(codel: &mut CoDel, millis: core::ops::Range<u64>) -> Vec<u64> {
        millis.filter(|&now| codel.drops(at(now), LONG, 2)).collect()
    }

    #[test]
    fn an_item_with_but_one_behind_it_is_no_standing_queue() {
        let mut codel = codel();
        assert!((0..1_000).all(|now| !codel.drops(at(now), LONG, 1)));
        assert_eq!(drops(&mut codel, 1_000..1_101), [1_100], "with two behind it, it is");
    }

    #[test]
    fn a_wait_of_the_target_is_too_long_already() {
        let mut codel = codel();
        let target = Span::from_millis(5);
        assert!(!codel.drops(at(0), target, 9));
        assert!(codel.drops(at(100), target, 9));
    }

    #[test]
    fn dropping_resumes_near_its_old_rate_soon_after_and_anew_much_later() {
        // The seventh drop would have been due at 464.0 ms; 16 intervals later is 2064.0 ms. There were five drops more
        // than at the last beginning: the second follows after 100/√5 ms, or after 100 ms where it begins anew.
        for (begin, second) in [(2_063, 2_063 + 45), (2_064, 2_064 + 100)] {
            let mut codel = codel();
            assert_eq!(drops(&mut codel, 0..430), [100, 200, 271, 329, 379, 424]);
            assert!(!codel.drops(at(430), Span::ZERO, 9), "a short wait ends it");
            let again = drops(&mut codel, begin - 100..begin + 101);
            assert_eq!(again[..2], [begin, second]);
        }
    }

    /// RFC 8289, section 5, run by an independent implementation over the same arrivals: 12 s of one departure a
    /// millisecond, in turn with 1.15 and with 0.7 arrivals a millisecond.
    #[test]
    fn drops_are_those_of_the_published_pseudocode_to_the_item() {
        use crate::admission::reference::{Sequence, digest};
        use crate::queue::{LaneMask, Offer, Priority, QueueSpec, Taken};
        let codel = CoDelSpec { target: Span::from_millis(5), interval: Span::from_millis(100) };
        let mut queue = QueueSpec { codel: Some(codel), ..QueueSpec::default() }.build::<u64>(1).unwrap();
        let (mut sequence, mut arrived) = (Sequence(7), 0);
        let (mut served, mut dropped) = (Vec::new(), Vec::new());
        for step in 0..12_000 {
            let now = at(step + 2);
            let draw = sequence.next() % 100;
            let overload = (step / 1_500).is_multiple_of(2);
            let arrivals = if overload { 1 + u64::from(draw < 15) } else { u64::from(draw >= 30) };
            for _ in 0..arrivals {
                let _ = queue.offer(now, arrived, Offer::new(Priority::Normal));
                arrived += 1;
            }
            loop {
                match queue.take(now, LaneMask::ALL, 0.0) {
                    Taken::Drop { item, .. } => dropped.push(item),
                    Taken::Serve { item, .. } => {
                        served.push(item);
                        break;
                    }
                    Taken::Empty => break,
                }
            }
        }
        assert_eq!((arrived, served.len(), dropped.len()), (11112, 10453, 659));
        assert_eq!(dropped[..12], [148, 249, 321, 380, 431, 477, 518, 557, 594, 628, 661, 692]);
        assert_eq!((digest(dropped), digest(served)), (0x07c8_5e3d_a8d4_19e8, 0x9c91_0b82_4e0d_255a));
    }
}

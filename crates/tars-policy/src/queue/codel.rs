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

//! A 4-ary heap of keys, laid out for the cache.
//!
//! The root stands apart; every other place belongs to a *family*, the four children of one parent, which fill one
//! cache line. Place `j` is `families[j / 4][j % 4]` and its children are family `j + 1`; family 0 are the children
//! of the root. Places past the end hold [`Key::NEVER`], so the least of a family is found without counting; families
//! stay when their keys have left, ready for the next ones.
//!
//! After a pop the root is left *vacant* until the next operation. An event mostly schedules another one, and a push
//! into a vacant root costs one way down the heap instead of a way down and a way up.

use super::key::Key;

/// Whether a push may have made the heap longer than it was before the last pop.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Grown {
    /// The key took the place of the one that was popped last.
    No,
    /// It was added.
    Perhaps,
}

/// The children of one parent.
#[derive(Clone, Copy, Debug)]
#[repr(align(64))]
struct Family([Key; 4]);

/// A priority queue of keys.
#[derive(Debug)]
pub(super) struct Heap {
    /// The least key, unless `vacant`.
    root: Key,
    families: Vec<Family>,
    /// Places in use below the root.
    below: usize,
    /// Whether the root holds no event.
    vacant: bool,
}

impl Heap {
    pub(super) fn with_capacity(keys: usize) -> Self {
        Self { root: Key::NEVER, families: Vec::with_capacity(keys.div_ceil(4)), below: 0, vacant: true }
    }

    /// Adds a key; says whether the heap may have grown to a length it did not have before.
    #[inline(always)]
    #[expect(clippy::inline_always, reason = "its short cases are shorter than a call")]
    pub(super) fn push(&mut self, key: Key) -> Grown {
        if self.vacant {
            self.vacant = false;
            self.sink(key);
            return Grown::No;
        }
        self.append(key);
        Grown::Perhaps
    }

    /// Takes the key that [`least`](Heap::least) has just shown.
    #[inline]
    pub(super) fn take_least(&mut self) {
        debug_assert!(!self.vacant, "nothing was shown");
        self.vacant = true;
    }

    /// Takes the least key.
    #[cfg(test)]
    fn pop(&mut self) -> Option<Key> {
        let least = self.least();
        if least == Key::NEVER {
            return None;
        }
        self.take_least();
        Some(least)
    }

    /// The least key, or [`Key::NEVER`].
    #[inline]
    pub(super) fn least(&mut self) -> Key {
        if self.vacant {
            let Some(last) = self.take_last() else { return Key::NEVER };
            self.vacant = false;
            self.sink(last);
        }
        self.root
    }

    /// Takes all keys out, in no order.
    pub(super) fn drain(&mut self, mut take: impl FnMut(Key)) {
        if !self.vacant {
            take(self.root);
        }
        let keys = self.families.iter().flat_map(|family| family.0);
        keys.take(self.below).for_each(&mut take);
        self.families.clear();
        self.below = 0;
        self.vacant = true;
    }

    #[inline]
    pub(super) const fn len(&self) -> usize {
        self.below + !self.vacant as usize
    }

    /// Puts `key` at the root and lets it sink to where no child is less.
    #[inline(always)]
    #[expect(clippy::inline_always, reason = "its short cases are shorter than a call")]
    fn sink(&mut self, key: Key) {
        match self.below {
            0 => self.root = key,
            // Two pending events are a whole single-server queue; no family is searched for them.
            1 => {
                let other = &mut self.families[0].0[0];
                self.root = key.min(*other);
                *other = key.max(*other);
            }
            2.. => self.sink_through_families(key),
        }
    }

    #[inline(never)]
    fn sink_through_families(&mut self, key: Key) {
        let mut place = None;
        let mut family = 0;
        while let Some(Family(children)) = self.families.get(family) {
            let (slot, least) = least(children);
            if key <= least {
                break;
            }
            self.put(place, least);
            place = Some((family, slot));
            family = 4 * family + slot + 1;
        }
        self.put(place, key);
    }

    /// Puts `key` at the end and lets it rise to where its parent is less.
    #[inline(never)]
    fn append(&mut self, key: Key) {
        let mut place = self.below;
        if place / 4 == self.families.len() {
            self.families.push(Family([Key::NEVER; 4]));
        }
        self.below += 1;
        while place >= 4 {
            let parent = place / 4 - 1;
            let above = self.families[parent / 4].0[parent % 4];
            if above <= key {
                self.families[place / 4].0[place % 4] = key;
                return;
            }
            self.families[place / 4].0[place % 4] = above;
            place = parent;
        }
        let displaced = self.root.max(key);
        self.root = self.root.min(key);
        self.families[0].0[place] = displaced;
    }

    /// Takes the key at the end.
    #[inline]
    fn take_last(&mut self) -> Option<Key> {
        let last = self.below.checked_sub(1)?;
        let key = core::mem::replace(&mut self.families[last / 4].0[last % 4], Key::NEVER);
        self.below = last;
        Some(key)
    }

    /// Writes a place; `None` is the root.
    #[inline]
    fn put(&mut self, place: Option<(usize, usize)>, key: Key) {
        match place {
            None => self.root = key,
            Some((family, slot)) => self.families[family].0[slot] = key,
        }
    }
}

/// Where the least of a family stands, and the key itself.
#[inline]
fn least(children: &[Key; 4]) -> (usize, Key) {
    let [a, b, c, d] = *children;
    let left = if b < a { (1, b) } else { (0, a) };
    let right = if d < c { (3, d) } else { (2, c) };
    if right.1 < left.1 { right } else { left }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_come_out_in_order() {
        let mut heap = Heap::with_capacity(0);
        let times: Vec<u64> = (0..1_000).map(|i| i * 7_919 % 1_009).collect();
        for (sequence, &time) in (0..).zip(&times) {
            heap.push(Key::new(time, 0, sequence, 0));
        }
        let mut sorted = times;
        sorted.sort_unstable();
        let popped: Vec<u64> = std::iter::from_fn(|| heap.pop().map(Key::time)).collect();
        assert_eq!(popped, sorted);
        assert_eq!(heap.len(), 0);
    }

    #[test]
    fn a_vacant_root_is_filled_by_the_next_push() {
        let mut heap = Heap::with_capacity(8);
        for time in [3, 1, 2] {
            heap.push(Key::new(time, 0, time, 0));
        }
        assert_eq!(heap.pop().map(Key::time), Some(1));
        assert_eq!(heap.len(), 2);
        heap.push(Key::new(5, 0, 5, 0));
        assert_eq!(heap.len(), 3);
        let rest: Vec<u64> = std::iter::from_fn(|| heap.pop().map(Key::time)).collect();
        assert_eq!(rest, [2, 3, 5]);
    }

    #[test]
    fn draining_gives_every_key_once() {
        let mut heap = Heap::with_capacity(0);
        for time in 0..50 {
            heap.push(Key::new(time, 0, time, 0));
        }
        assert_eq!(heap.pop().map(Key::time), Some(0));
        let mut drained = Vec::new();
        heap.drain(|key| drained.push(key.time()));
        drained.sort_unstable();
        assert_eq!(drained, (1..50).collect::<Vec<_>>());
        assert_eq!(heap.len(), 0);
        assert_eq!(heap.least(), Key::NEVER);
    }
}

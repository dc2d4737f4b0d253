//! Keys that are told of before they come up, one of each kind with each key that does: so that what is fetched for them
//! arrives while other work is done, and no more of it is on its way at once than the processor can wait for.

use super::super::Nearness;
use super::super::key::Key;

/// Who is told.
pub(in super::super) trait Tell {
    /// Whether anybody is.
    const LISTENS: bool;

    /// The key will come up.
    fn tell(&mut self, key: Key, nearness: Nearness);
}

impl<F: FnMut(Key, Nearness)> Tell for F {
    const LISTENS: bool = true;

    #[inline]
    fn tell(&mut self, key: Key, nearness: Nearness) {
        self(key, nearness);
    }
}

/// Nobody is told, and nothing is done for it.
#[derive(Debug)]
pub(in super::super) struct Nobody;

impl Tell for Nobody {
    const LISTENS: bool = false;

    #[inline]
    fn tell(&mut self, _: Key, _: Nearness) {}
}

/// Keys on their way to being near.
#[derive(Debug, Default)]
pub(super) struct Ahead {
    soon: Round,
    next: Round,
}

/// Keys of one bucket, and how many of them have been told.
#[derive(Debug, Default)]
struct Round {
    keys: Vec<Key>,
    told: usize,
}

impl Ahead {
    /// Tells one that is soon, and one that is next.
    #[inline(never)]
    pub(super) fn step(&mut self, who: &mut impl Tell) {
        self.next.step(|key| who.tell(key, Nearness::Next));
        self.soon.step(|key| who.tell(key, Nearness::Soon));
    }

    /// Tells what is left. What was soon is next, and other keys, which `show` gives, are soon.
    pub(super) fn turn(&mut self, show: impl FnOnce(&mut Vec<Key>), who: &mut impl Tell) {
        while !(self.soon.is_told() && self.next.is_told()) {
            self.step(who);
        }
        core::mem::swap(&mut self.soon, &mut self.next);
        self.next.told = 0;
        self.soon.told = 0;
        self.soon.keys.clear();
        show(&mut self.soon.keys);
    }

    /// Forgets all, as what is far from here is near no more.
    pub(super) fn clear(&mut self) {
        for round in [&mut self.soon, &mut self.next] {
            round.keys.clear();
            round.told = 0;
        }
    }
}

impl Round {
    #[inline]
    const fn is_told(&self) -> bool {
        self.told >= self.keys.len()
    }

    #[inline]
    fn step(&mut self, tell: impl FnOnce(Key)) {
        if let Some(key) = self.keys.get(self.told) {
            self.told += 1;
            tell(*key);
        }
    }
}

//! Keys in order, of which the first is taken next: what a bucket becomes when it is near.

use super::super::key::Key;

/// A sorted list that is taken from its front and grows at its end.
#[derive(Debug)]
pub(super) struct Run {
    /// The least key, or [`Key::NEVER`].
    first: Key,
    keys: Vec<Key>,
    taken: usize,
}

impl Run {
    pub(super) const EMPTY: Self = Self { first: Key::NEVER, keys: Vec::new(), taken: 0 };

    /// The least key, or [`Key::NEVER`].
    #[inline]
    pub(super) const fn first(&self) -> Key {
        self.first
    }

    /// The key that so many others come before.
    #[inline]
    pub(super) fn at(&self, ahead: usize) -> Option<Key> {
        self.keys.get(self.taken + ahead).copied()
    }

    /// Takes the least key, which there is.
    #[inline]
    pub(super) fn take_first(&mut self) {
        self.taken += 1;
        self.first = self.at(0).unwrap_or(Key::NEVER);
    }

    #[inline]
    pub(super) const fn len(&self) -> usize {
        self.keys.len() - self.taken
    }

    /// Appends the keys that `give` gives, all greater than those in it.
    pub(super) fn extend(&mut self, give: impl FnOnce(&mut Vec<Key>)) {
        self.keys.drain(..self.taken);
        self.taken = 0;
        let before = self.keys.len();
        give(&mut self.keys);
        self.keys[before..].sort_unstable();
        self.first = self.at(0).unwrap_or(Key::NEVER);
    }

    /// Takes all keys out.
    pub(super) fn drain(&mut self) -> impl Iterator<Item = Key> + '_ {
        self.first = Key::NEVER;
        let taken = core::mem::take(&mut self.taken);
        self.keys.drain(..).skip(taken)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_sorted_behind_what_is_left() {
        let key = |time| Key::new(time, 0, time, 0);
        let mut run = Run::EMPTY;
        assert_eq!((run.first(), run.len()), (Key::NEVER, 0));
        run.extend(|keys| keys.extend([3, 1, 2].map(key)));
        run.take_first();
        run.extend(|keys| keys.extend([9, 7].map(key)));
        assert_eq!((run.first(), run.at(3), run.at(4)), (key(2), Some(key(9)), None));
        run.take_first();
        let left: Vec<Key> = run.drain().collect();
        assert_eq!(left, [3, 7, 9].map(key));
        assert_eq!((run.first(), run.len()), (Key::NEVER, 0));
    }
}

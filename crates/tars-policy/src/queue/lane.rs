//! One class of one lane: a line sorted by key, from which any one can be struck.

use alloc::collections::VecDeque;

use crate::units::Time;

/// Who waits.
#[derive(Clone, Copy, Debug)]
pub(super) struct Entry<T> {
    /// Place in the order of service; smaller came earlier. Who jumped the queue has a negative key.
    pub(super) key: i64,
    /// When it came.
    pub(super) arrived: Time,
    /// The last moment at which it is served; [`Time::NEVER`] without a deadline.
    pub(super) deadline: Time,
    /// The item.
    pub(super) item: T,
    /// Whether it still waits. Struck entries are swept when they reach an end, or outnumber the others.
    waits: bool,
}

impl<T> Entry<T> {
    /// An entry that waits.
    pub(super) fn new(key: i64, arrived: Time, deadline: Option<Time>, item: T) -> Self {
        Self { key, arrived, deadline: deadline.unwrap_or(Time::NEVER), item, waits: true }
    }
}

/// A line sorted by key. Both ends, if any, are entries that wait.
#[derive(Clone, Debug)]
pub(super) struct Lane<T> {
    entries: VecDeque<Entry<T>>,
    struck: usize,
}

impl<T: Copy> Lane<T> {
    pub(super) const fn new() -> Self {
        Self { entries: VecDeque::new(), struck: 0 }
    }

    /// Puts an entry with a larger key than all others.
    #[inline]
    pub(super) fn push_back(&mut self, entry: Entry<T>) {
        self.entries.push_back(entry);
    }

    /// Puts an entry with a smaller key than all others.
    pub(super) fn push_front(&mut self, entry: Entry<T>) {
        self.entries.push_front(entry);
    }

    #[inline]
    pub(super) fn pop_front(&mut self) -> Option<Entry<T>> {
        let entry = self.entries.pop_front();
        if self.struck > 0 {
            self.trim();
        }
        entry
    }

    pub(super) fn pop_back(&mut self) -> Option<Entry<T>> {
        let entry = self.entries.pop_back();
        if self.struck > 0 {
            self.trim();
        }
        entry
    }

    /// Takes the `place`-th of those who wait, counted from the front.
    pub(super) fn remove(&mut self, place: usize) -> Option<Entry<T>> {
        self.sweep();
        self.entries.remove(place)
    }

    /// Strikes the entry with this key; whether it was there.
    pub(super) fn strike(&mut self, key: i64) -> bool {
        let Ok(place) = self.entries.binary_search_by_key(&key, |entry| entry.key) else { return false };
        let entry = &mut self.entries[place];
        if !entry.waits {
            return false;
        }
        entry.waits = false;
        self.struck += 1;
        self.trim();
        if self.struck * 2 > self.entries.len() {
            self.sweep();
        }
        true
    }

    /// How many wait.
    pub(super) fn len(&self) -> usize {
        self.entries.len() - self.struck
    }

    pub(super) fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    pub(super) fn front_key(&self) -> Option<i64> {
        self.entries.front().map(|entry| entry.key)
    }

    pub(super) fn back_key(&self) -> Option<i64> {
        self.entries.back().map(|entry| entry.key)
    }

    /// Lets both ends be entries that wait again.
    #[cold]
    fn trim(&mut self) {
        while self.entries.front().is_some_and(|entry| !entry.waits) {
            self.entries.pop_front();
            self.struck -= 1;
        }
        while self.entries.back().is_some_and(|entry| !entry.waits) {
            self.entries.pop_back();
            self.struck -= 1;
        }
    }

    /// Removes all struck entries.
    fn sweep(&mut self) {
        if self.struck > 0 {
            self.entries.retain(|entry| entry.waits);
            self.struck = 0;
        }
    }
}

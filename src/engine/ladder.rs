//! The pending events: a heap for the near ones, buckets of time for the rest once there are many.
//!
//! Up to [`MANY`] keys, all are *near*, in the [`Heap`]. Beyond that, keys before `near_limit` stay near and the others
//! lie unsorted in the buckets of *rungs* (each lower rung subdivides a part of the time of the one above it) or, later
//! than all rungs, in the *far* bucket. When nothing is near, the next bucket is: poured into the heap if it is small,
//! spread over a finer rung if it is not. A key is moved a few times, each at constant cost, instead of sinking
//! through twenty levels of a large heap; the order is the heap's own and exact. When few keys are left, all are
//! near again. This is a ladder queue (Tang, Goh & Thng 2005) whose bottom is a heap.
//!
//! With many keys, buckets and their chunks are in no cache. A key that is put beyond waits until both have been asked for
//! ([`STAGED`]), the buckets that come next are asked for before they are poured, and whoever takes keys may be told of those
//! in them ([`ahead`]), to ask for memory of its own.

use super::heap::{Grown, Heap};
use super::key::Key;
pub(super) use ahead::Nobody;
use ahead::{Ahead, Tell};
use bucket::{Bucket, Store};
use prefetch_index::prefetch_index;

mod ahead;
mod bucket;

/// A heap with more keys than this is spread over a rung.
const MANY: usize = 8_192;
/// With this many keys or fewer beyond an empty heap, all become near.
const FEW: usize = MANY / 4;
/// A bucket of at most so many keys is poured into the heap as it is.
const POURED: u32 = 128;
/// The next buckets that hold keys are looked for among so many.
const AHEAD: usize = 6;
/// The buckets of fewer keys than this lie in the cache.
const CACHED: usize = 1 << 15;
/// So many keys at most are on their way to their buckets.
const STAGED: usize = 64;
/// A new rung gets buckets such that one of mean density holds so many keys.
const SHARE: u64 = 8;

/// Buckets of equal width over a stretch of time.
#[derive(Debug)]
struct Rung {
    start: u64,
    /// The first time beyond the rung.
    end: u64,
    /// A bucket is 2^shift nanoseconds wide.
    shift: u32,
    /// The buckets before this one have been emptied for good.
    current: usize,
    /// Keys in all buckets.
    keys: usize,
    buckets: Vec<Bucket>,
}

/// Where a key lies that is not near.
#[derive(Clone, Copy, Debug)]
struct Place {
    rung: usize,
    bucket: usize,
}

impl Place {
    /// After all rungs.
    const FAR: Self = Self { rung: usize::MAX, bucket: 0 };
}

/// A priority queue of keys for any number of them.
#[derive(Debug)]
pub(super) struct Ladder {
    near: Heap,
    /// Keys before this time are near.
    near_limit: u64,
    /// The heap is spread when it has more keys than this.
    spread_above: usize,
    /// Keys that are not near.
    beyond: usize,
    /// Of those, keys on their way to their buckets. A bucket is in no cache, nor is the chunk that it names: both are asked
    /// for before they are touched.
    staged: Vec<(Key, Place)>,
    /// The last rung is the lowest, the next in time.
    rungs: Vec<Rung>,
    /// Keys after all rungs.
    far: Bucket,
    store: Store,
    /// Bucket lists to use again.
    spare: Vec<Vec<Bucket>>,
    ahead: Ahead,
    /// Keys on their way from one place to another.
    moving: Vec<Key>,
}

impl Ladder {
    pub(super) fn with_capacity(keys: usize) -> Self {
        Self {
            near: Heap::with_capacity(keys.min(MANY)),
            near_limit: u64::MAX,
            spread_above: MANY,
            beyond: 0,
            staged: Vec::with_capacity(STAGED),
            rungs: Vec::new(),
            far: Bucket::EMPTY,
            store: Store::default(),
            spare: Vec::new(),
            ahead: Ahead::default(),
            moving: Vec::new(),
        }
    }

    #[inline(always)]
    #[expect(clippy::inline_always, reason = "every event comes here, and mostly takes the root of the heap")]
    pub(super) fn push(&mut self, key: Key) {
        if key.time() >= self.near_limit {
            self.push_beyond(key);
            return;
        }
        if self.near.push(key) == Grown::Perhaps && self.near.len() > self.spread_above {
            self.spread();
        }
    }

    /// Takes the least key if it is before `end` nanoseconds. Keys that lay beyond and come nearer are told to `who`.
    #[inline]
    pub(super) fn pop_before<W: Tell>(&mut self, end: u64, who: &mut W) -> Option<Key> {
        let least = self.peek(who)?;
        if least.time() >= end {
            return None;
        }
        self.near.take_peeked();
        if W::LISTENS && self.near_limit != u64::MAX {
            self.ahead.step(who);
        }
        Some(least)
    }

    /// The least key. Keys that lay beyond and come nearer are told to `who`.
    #[inline]
    pub(super) fn peek(&mut self, who: &mut impl Tell) -> Option<Key> {
        if let Some(least) = self.near.peek() {
            return Some(least);
        }
        if self.beyond == 0 {
            return None;
        }
        self.refill(who);
        self.near.peek()
    }

    #[inline]
    pub(super) const fn len(&self) -> usize {
        self.near.len() + self.beyond
    }

    /// Puts a key that is not near into the lowest rung that reaches it.
    #[inline(never)]
    fn push_beyond(&mut self, key: Key) {
        self.beyond += 1;
        let place = self.place(key.time());
        if let Some(rung) = self.rungs.get_mut(place.rung) {
            rung.keys += 1;
            if self.beyond < CACHED {
                return self.store.push(&mut rung.buckets[place.bucket], key);
            }
            prefetch_index(rung.buckets.as_slice(), place.bucket);
        }
        self.staged.push((key, place));
        if self.staged.len() == STAGED {
            self.settle();
        }
    }

    /// Where a key that is not near belongs.
    fn place(&self, time: u64) -> Place {
        for (place, rung) in self.rungs.iter().enumerate().rev() {
            if time < rung.end {
                return Place { rung: place, bucket: bucket_index(time - rung.start, rung.shift) };
            }
        }
        Place::FAR
    }

    /// Puts the keys that are on their way into their buckets.
    fn settle(&mut self) {
        for (_, place) in &self.staged {
            if let Some(rung) = self.rungs.get(place.rung) {
                self.store.fetch_room(rung.buckets[place.bucket]);
            }
        }
        for (key, place) in self.staged.drain(..) {
            let bucket =
                self.rungs.get_mut(place.rung).map_or(&mut self.far, |rung| &mut rung.buckets[place.bucket]);
            self.store.push(bucket, key);
        }
    }

    /// Makes the next keys near. Nothing is near, and something is beyond.
    #[inline(never)]
    fn refill(&mut self, who: &mut impl Tell) {
        self.settle();
        while !self.pour(who) {}
        self.spread_above = MANY.max(2 * self.near.len());
    }

    /// One step towards the next keys; `true` when they are near.
    fn pour(&mut self, who: &mut impl Tell) -> bool {
        if self.beyond <= FEW {
            self.pour_all();
            return true;
        }
        let Some(rung) = self.rungs.last_mut() else {
            self.store.drain(&mut self.far, |key| self.moving.push(key));
            self.open_rung(0);
            return false;
        };
        if rung.keys == 0 {
            self.close_rung();
            return false;
        }
        while rung.buckets[rung.current].is_empty() {
            rung.current += 1;
        }
        let bucket = &mut rung.buckets[rung.current];
        let keys = bucket.len() as usize;
        rung.keys -= keys;
        let bucket_end = rung.end.min(rung.start + ((rung.current as u64 + 1) << rung.shift));
        if bucket.len() > POURED && rung.shift > 0 {
            self.store.drain(bucket, |key| self.moving.push(key));
            self.open_rung(0);
            return false;
        }
        self.store.drain(bucket, |key| _ = self.near.push(key));
        rung.current += 1;
        self.beyond -= keys;
        self.near_limit = bucket_end;
        self.look_ahead(who);
        true
    }

    /// Asks for what comes after the bucket that has just been poured, and lets others do so for what they keep.
    #[inline]
    fn look_ahead<W: Tell>(&mut self, who: &mut W) {
        let Some(rung) = self.rungs.last() else { return };
        let following = rung.buckets[rung.current..].iter().take(AHEAD);
        let mut following = following.filter(|bucket| !bucket.is_empty()).copied();
        let next = following.next();
        if !W::LISTENS {
            if let Some(bucket) = next {
                self.store.fetch(bucket);
            }
            return;
        }
        // The keys of the next one were shown when the last one was poured, and its memory is there.
        let soon = following.next().filter(|bucket| bucket.len() <= POURED);
        let show = |keys: &mut Vec<Key>| {
            if let Some(bucket) = soon {
                self.store.show(bucket, |key| keys.push(key));
            }
        };
        self.ahead.turn(show, who);
        if let Some(bucket) = following.next() {
            self.store.fetch_second(bucket);
        }
        if let Some(bucket) = following.next() {
            self.store.fetch(bucket);
        }
    }

    /// Makes all keys near.
    fn pour_all(&mut self) {
        while let Some(mut rung) = self.rungs.pop() {
            for bucket in &mut rung.buckets[rung.current..] {
                self.store.drain(bucket, |key| _ = self.near.push(key));
            }
            self.spare.push(rung.buckets);
        }
        self.store.drain(&mut self.far, |key| _ = self.near.push(key));
        self.beyond = 0;
        self.ahead.clear();
        self.near_limit = u64::MAX;
    }

    /// Takes all keys out of the heap and spreads them over a rung that ends where the heap did.
    #[cold]
    #[inline(never)]
    fn spread(&mut self) {
        self.settle();
        self.near.drain(|key| self.moving.push(key));
        self.beyond += self.moving.len();
        let reach = if self.near_limit == u64::MAX { 0 } else { self.near_limit };
        self.near_limit = self.open_rung(reach);
    }

    /// Spreads the moving keys over a new lowest rung that ends after the last of them and not before `reach`; says
    /// where it starts.
    fn open_rung(&mut self, reach: u64) -> u64 {
        let plan = Plan::of(&self.moving, reach);
        let mut buckets = self.spare.pop().unwrap_or_default();
        buckets.clear();
        buckets.resize(plan.buckets(), Bucket::EMPTY);
        let keys = self.moving.len();
        for key in self.moving.drain(..) {
            self.store.push(&mut buckets[bucket_index(key.time() - plan.start, plan.shift)], key);
        }
        let Plan { start, end, shift } = plan;
        self.rungs.push(Rung { start, end, shift, current: 0, keys, buckets });
        start
    }

    /// Drops the lowest rung, which is empty.
    fn close_rung(&mut self) {
        if let Some(rung) = self.rungs.pop() {
            self.spare.push(rung.buckets);
        }
    }
}

/// The bucket for a time so long after the start of its rung.
#[inline]
#[expect(
    clippy::cast_possible_truncation,
    reason = "a rung has at most a few buckets for each key in memory"
)]
const fn bucket_index(after_start: u64, shift: u32) -> usize {
    (after_start >> shift) as usize
}

/// Where a new rung lies and how wide its buckets are.
struct Plan {
    start: u64,
    end: u64,
    shift: u32,
}

impl Plan {
    /// A rung for `keys`, at least one, that reaches to `reach` or further.
    fn of(keys: &[Key], reach: u64) -> Self {
        let times = || keys.iter().map(|key| key.time());
        let start = times().min().expect("a rung is opened for keys");
        let end = times().max().map_or(reach, |last| reach.max(last + 1));
        let count = keys.len() as u64;
        // The density right after the start, where the rung is used first: exactly so for an exponential law, and
        // within a factor of two for a uniform one.
        let mean = times().map(|time| u128::from(time - start)).sum::<u128>() / u128::from(count);
        let width = u64::try_from(mean).map_or(u64::MAX, |mean| mean.saturating_mul(SHARE) / count).max(1);
        let mut shift = width.ilog2();
        while (end - start) >> shift > 2 * count {
            shift += 1;
        }
        Self { start, end, shift }
    }

    const fn buckets(&self) -> usize {
        bucket_index(self.end - 1 - self.start, self.shift) + 1
    }
}

#[cfg(test)]
mod tests;

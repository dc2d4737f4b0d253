//! The pending events: a heap for the near ones, buckets of time for the rest once there are many.
//!
//! Up to [`MANY`] keys, all are *near*, in the [`Heap`]. Beyond that, only keys before `near_limit` are near and the others
//! lie unsorted in the buckets of *rungs* (each lower rung subdivides a part of the time of the one above it) or, later
//! than all rungs, in the *far* bucket. When few near keys are left, the next bucket becomes near: sorted and put behind
//! the [`Run`] of those before it if it is small, spread over a finer rung if it is not. What is put when it is near already
//! goes into the heap, and the lesser of its root and the head of the run is next. A key is moved twice and sorted among a
//! hundred, instead of sinking through twenty levels of a large heap; the order is exact. When few keys are left, all are near
//! again. This is a ladder queue (Tang, Goh & Thng 2005) whose bottom is a sorted list and a heap.
//!
//! The run is never shorter than a few keys while something is beyond, so that it is known which come next: whoever takes keys
//! is told of them, to ask for memory that they will touch.

use super::Nearness;
use super::heap::{Grown, Heap};
use super::key::Key;
use bucket::{Bucket, Store};
use run::Run;

mod bucket;
mod run;

/// A heap with more keys than this is spread over a rung.
const MANY: usize = 8_192;
/// With this many keys or fewer beyond, all become near.
const FEW: usize = MANY / 4;
/// A new rung gets buckets such that one of mean density holds so many keys.
const SHARE: u64 = 128;
/// A bucket of at most so many keys is sorted as it is.
const SORTED: u32 = 1_024;
/// The next bucket that holds keys is looked for among so many.
const AHEAD: usize = 4;
/// So many keys come before one that is told to be soon.
const SOON: usize = 12;
/// So many keys come before one that is told to be next.
const NEXT: usize = 6;

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

/// A priority queue of keys for any number of them.
#[derive(Debug)]
pub(super) struct Ladder {
    /// Near keys that were put when they were near already.
    heap: Heap,
    /// Near keys that lay beyond.
    run: Run,
    /// Keys before this time are near.
    near_limit: u64,
    /// The heap is spread when it has more keys than this.
    spread_above: usize,
    /// Keys that are not near.
    beyond: usize,
    /// The last rung is the lowest, the next in time.
    rungs: Vec<Rung>,
    /// Keys after all rungs.
    far: Bucket,
    store: Store,
    /// Bucket lists to use again.
    spare: Vec<Vec<Bucket>>,
    /// Keys on their way from one place to another.
    moving: Vec<Key>,
}

impl Ladder {
    pub(super) fn with_capacity(keys: usize) -> Self {
        Self {
            heap: Heap::with_capacity(keys.min(MANY)),
            run: Run::EMPTY,
            near_limit: u64::MAX,
            spread_above: MANY,
            beyond: 0,
            rungs: Vec::new(),
            far: Bucket::EMPTY,
            store: Store::default(),
            spare: Vec::new(),
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
        if self.heap.push(key) == Grown::Perhaps && self.heap.len() > self.spread_above {
            self.spread();
        }
    }

    /// Takes the least key if it is before `end` nanoseconds. Keys that lay beyond are told before they come up.
    #[inline]
    pub(super) fn pop_before(&mut self, end: u64, tell: impl FnMut(Key, Nearness)) -> Option<Key> {
        let pushed = self.heap.least();
        if pushed >= self.run.first() {
            return self.pop_poured_before(end, tell);
        }
        if pushed.time() >= end {
            return None;
        }
        self.heap.take_least();
        Some(pushed)
    }

    /// The same where the least key, if there is one, lay beyond.
    #[inline(never)]
    fn pop_poured_before(&mut self, end: u64, mut tell: impl FnMut(Key, Nearness)) -> Option<Key> {
        let poured = self.poured()?;
        if poured.time() >= end {
            return None;
        }
        self.run.take_first();
        if self.beyond > 0 && self.run.len() <= SOON {
            self.refill();
        }
        if let Some(key) = self.run.at(NEXT) {
            tell(key, Nearness::Next);
        }
        if let Some(key) = self.run.at(SOON) {
            tell(key, Nearness::Soon);
        }
        Some(poured)
    }

    /// The least key.
    #[inline]
    pub(super) fn peek(&mut self) -> Option<Key> {
        let (pushed, poured) = (self.heap.least(), self.run.first());
        if pushed < poured { Some(pushed) } else { self.poured() }
    }

    /// The first key of the run; of that which comes next, where nothing is near.
    #[inline]
    fn poured(&mut self) -> Option<Key> {
        if self.run.first() == Key::NEVER {
            if self.beyond == 0 {
                return None;
            }
            self.refill();
        }
        Some(self.run.first())
    }

    #[inline]
    pub(super) const fn len(&self) -> usize {
        self.heap.len() + self.run.len() + self.beyond
    }

    /// Puts a key that is not near into the lowest rung that reaches it.
    #[inline(never)]
    fn push_beyond(&mut self, key: Key) {
        self.beyond += 1;
        let time = key.time();
        for rung in self.rungs.iter_mut().rev() {
            if time < rung.end {
                rung.keys += 1;
                let bucket = &mut rung.buckets[bucket_index(time - rung.start, rung.shift)];
                return self.store.push(bucket, key);
            }
        }
        self.store.push(&mut self.far, key);
    }

    /// Makes as many keys near as are told ahead. Something is beyond.
    #[inline(never)]
    fn refill(&mut self) {
        while self.beyond > 0 && self.run.len() <= SOON {
            self.pour();
        }
        self.spread_above = MANY.max(2 * self.run.len());
    }

    /// One step towards the next keys.
    fn pour(&mut self) {
        if self.beyond <= FEW {
            return self.pour_all();
        }
        let Some(rung) = self.rungs.last_mut() else {
            self.store.drain(&mut self.far, |key| self.moving.push(key));
            self.open_rung(0);
            return;
        };
        if rung.keys == 0 {
            return self.close_rung();
        }
        while rung.buckets[rung.current].is_empty() {
            rung.current += 1;
        }
        let bucket = &mut rung.buckets[rung.current];
        let keys = bucket.len() as usize;
        rung.keys -= keys;
        let bucket_end = rung.end.min(rung.start + ((rung.current as u64 + 1) << rung.shift));
        if bucket.len() > SORTED && rung.shift > 0 {
            self.store.drain(bucket, |key| self.moving.push(key));
            self.open_rung(0);
            return;
        }
        self.run.extend(|keys| self.store.drain(bucket, |key| keys.push(key)));
        rung.current += 1;
        self.beyond -= keys;
        self.near_limit = bucket_end;
        let following = rung.buckets[rung.current..].iter().take(AHEAD);
        if let Some(bucket) = following.copied().find(|bucket| !bucket.is_empty()) {
            self.store.fetch(bucket);
        }
    }

    /// Makes all keys near.
    fn pour_all(&mut self) {
        self.run.extend(|keys| {
            while let Some(mut rung) = self.rungs.pop() {
                for bucket in &mut rung.buckets[rung.current..] {
                    self.store.drain(bucket, |key| keys.push(key));
                }
                self.spare.push(rung.buckets);
            }
            self.store.drain(&mut self.far, |key| keys.push(key));
        });
        self.beyond = 0;
        self.near_limit = u64::MAX;
    }

    /// Takes all near keys and spreads them over a rung that ends where they did.
    #[cold]
    #[inline(never)]
    fn spread(&mut self) {
        self.heap.drain(|key| self.moving.push(key));
        self.moving.extend(self.run.drain());
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

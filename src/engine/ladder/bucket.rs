//! Unsorted bags of keys in one shared store, so that a bag that grows takes the room of one that shrank.

use super::super::key::Key;
use super::super::vast::{Vast, vast};
use prefetch_index::prefetch_index;

/// Keys in a chunk: with its link it fills four cache lines.
const CHUNK_KEYS: u32 = 15;
/// The end of a list of chunks.
const NO_CHUNK: u32 = u32::MAX;

/// Some keys of a bucket, and where the rest is.
#[derive(Debug)]
#[repr(align(64))]
struct Chunk {
    keys: [Key; CHUNK_KEYS as usize],
    next: u32,
}

/// A bag of keys; only its newest chunk may have free places.
#[derive(Clone, Copy, Debug)]
pub(super) struct Bucket {
    newest: u32,
    len: u32,
}

impl Bucket {
    pub(super) const EMPTY: Self = Self { newest: NO_CHUNK, len: 0 };

    #[inline]
    pub(super) const fn len(self) -> u32 {
        self.len
    }

    #[inline]
    pub(super) const fn is_empty(self) -> bool {
        self.len == 0
    }
}

/// The chunks of all buckets.
#[derive(Debug)]
pub(super) struct Store {
    chunks: Vast<Chunk>,
    /// The chunk to use next, or [`NO_CHUNK`].
    free: u32,
}

impl Default for Store {
    fn default() -> Self {
        Self { chunks: vast(), free: NO_CHUNK }
    }
}

impl Store {
    #[inline]
    pub(super) fn push(&mut self, bucket: &mut Bucket, key: Key) {
        let place = bucket.len % CHUNK_KEYS;
        if place == 0 {
            bucket.newest = self.take_chunk(bucket.newest);
        }
        self.chunks[bucket.newest as usize].keys[place as usize] = key;
        bucket.len += 1;
    }

    /// Empties the bucket.
    pub(super) fn drain(&mut self, bucket: &mut Bucket, mut take: impl FnMut(Key)) {
        let Bucket { newest, len } = core::mem::replace(bucket, Bucket::EMPTY);
        let (mut chunk, mut left) = (newest, len);
        while left > 0 {
            let keys = (left - 1) % CHUNK_KEYS + 1;
            let Chunk { keys: held, next } = &mut self.chunks[chunk as usize];
            held[..keys as usize].iter().copied().for_each(&mut take);
            let following = core::mem::replace(next, self.free);
            self.free = chunk;
            chunk = following;
            left -= keys;
        }
    }

    /// Asks for the memory where the newest keys of a bucket lie.
    pub(super) fn fetch(&self, bucket: Bucket) {
        if let Some(chunk) = self.chunks.get(bucket.newest as usize) {
            (0..CHUNK_KEYS as usize).step_by(4).for_each(|part| prefetch_index(chunk.keys.as_slice(), part));
        }
    }

    /// A chunk in front of `next`.
    fn take_chunk(&mut self, next: u32) -> u32 {
        let id = self.free;
        if let Some(chunk) = self.chunks.get_mut(id as usize) {
            self.free = core::mem::replace(&mut chunk.next, next);
            return id;
        }
        let id = u32::try_from(self.chunks.len()).ok().filter(|&id| id != NO_CHUNK);
        let id = id.expect("2^32 chunks of pending events do not fit into memory");
        self.chunks.push(Chunk { keys: [Key::NEVER; CHUNK_KEYS as usize], next });
        id
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bucket_gives_back_what_it_was_given() {
        let mut store = Store::default();
        for len in [0, 1, 6, 7, 8, 14, 15, 100] {
            let mut bucket = Bucket::EMPTY;
            (0..len).for_each(|time| store.push(&mut bucket, Key::new(time, 0, 0, 0)));
            assert_eq!(u64::from(bucket.len()), len);
            let mut times = Vec::new();
            store.drain(&mut bucket, |key| times.push(key.time()));
            times.sort_unstable();
            assert_eq!(times, (0..len).collect::<Vec<_>>());
            assert!(bucket.is_empty());
        }
    }

    #[test]
    fn emptied_chunks_are_used_again() {
        let mut store = Store::default();
        for _ in 0..50 {
            let mut buckets = [Bucket::EMPTY; 3];
            for time in 0..30 {
                for bucket in &mut buckets {
                    store.push(bucket, Key::new(time, 0, 0, 0));
                }
            }
            for bucket in &mut buckets {
                store.drain(bucket, |_| ());
            }
        }
        assert_eq!(store.chunks.len(), 3 * 30_usize.div_ceil(CHUNK_KEYS as usize));
    }
}

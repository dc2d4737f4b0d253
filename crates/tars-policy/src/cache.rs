//! A cache that forgets the least recently used and the old.
//!
//! It behaves as the npm package `lru-cache` (major versions 7 to 11), which the documents configure: an entry is stale once
//! its age is *more* than the TTL (exactly the TTL is still fresh); a stale entry is removed when it is asked for;
//! asking makes an entry the most recently used, checking for it does not; an entry larger than the whole cache is not
//! kept and takes an older one of the same key with it; making room evicts the least recently used, fresh or stale.
//!
//! The order of entries is that of a list and never of a hash, so results do not depend on the hasher.
//!
//! ```
//! use tars_policy::cache::{CacheSpec, Lookup};
//! use tars_policy::units::{Span, Time};
//!
//! let mut cache = CacheSpec::published_000().build()?; // 60 minutes, renewed by every hit
//! let minute = |n: u64| Time::START + Span::from_secs(60 * n);
//! cache.insert(minute(0), "user-1", "context", 2_000);
//! assert_eq!(cache.get(minute(60), &"user-1"), Lookup::Hit(&"context"));
//! assert_eq!(cache.get(minute(120), &"user-1"), Lookup::Hit(&"context"));
//! assert_eq!(cache.get(minute(181), &"user-1"), Lookup::Miss);
//! # Ok::<(), tars_policy::spec::SpecError>(())
//! ```

use crate::spec::SpecError;
use crate::units::{Span, Time};
use alloc::vec;
use alloc::vec::Vec;
use core::fmt;
use core::hash::Hash;
use lru::LruCache;

/// What a cache holds and for how long.
#[expect(clippy::struct_excessive_bools, reason = "each is a switch of lru-cache that is set on its own")]
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "serde", serde(deny_unknown_fields, default))]
pub struct CacheSpec {
    /// The most entries, at least 1. None: any number.
    pub max_entries: Option<u64>,
    /// The most bytes, at least 1, as the caller measures them. None: any number.
    pub max_bytes: Option<u64>,
    /// How old an entry may be and still be fresh. None: for ever.
    pub ttl: Option<Span>,
    /// Whether a hit makes the entry young again.
    pub update_age_on_get: bool,
    /// Whether finding it by [`Cache::has`] makes the entry young again.
    pub update_age_on_has: bool,
    /// Whether a stale entry is handed out, as [`Lookup::Stale`].
    pub allow_stale: bool,
    /// Whether a stale entry stays when it is asked for, so that it can be handed out again until it is replaced or
    /// evicted.
    pub keep_stale: bool,
}

impl CacheSpec {
    /// Names every impossible value: room for nothing, a TTL of zero.
    pub fn validate(&self) -> Result<(), SpecError> {
        let nothing = |field| {
            Err(SpecError::new(field, "is 0 and would hold nothing; expected at least 1, or leave it out"))
        };
        if self.max_entries == Some(0) {
            return nothing("max_entries");
        }
        if self.max_bytes == Some(0) {
            return nothing("max_bytes");
        }
        if self.ttl.is_some_and(Span::is_zero) {
            return Err(SpecError::new(
                "ttl",
                "is zero; expected a span, or leave it out to keep entries for ever",
            ));
        }
        Ok(())
    }

    /// The cache, empty.
    pub fn build<K: Hash + Eq + Clone, V>(&self) -> Result<Cache<K, V>, SpecError> {
        self.validate()?;
        Ok(Cache { spec: self.clone(), entries: LruCache::unbounded(), bytes: 0, taken: None })
    }

    /// Document 000, Part 2: 5,000 entries, 200 MB, 60 minutes, renewed by a hit and not by a check.
    pub fn published_000() -> Self {
        Self {
            max_entries: Some(5_000),
            max_bytes: Some(200 * 1024 * 1024),
            ttl: Some(Span::from_secs(3_600)),
            update_age_on_get: true,
            ..Self::default()
        }
    }

    /// Document 003, context cache: 1,000 entries, 50 MB, 30 minutes.
    pub fn published_003() -> Self {
        Self {
            max_entries: Some(1_000),
            max_bytes: Some(50 * 1024 * 1024),
            ttl: Some(Span::from_secs(1_800)),
            ..Self::default()
        }
    }

    /// Document 003, network latency: the printed request cache is a plain `Map`. Nothing ever leaves it.
    pub fn published_003_map() -> Self {
        Self::default()
    }

    /// Named configurations; property tests run over all of them.
    pub fn examples() -> Vec<(&'static str, Self)> {
        let small = Self {
            max_entries: Some(4),
            max_bytes: Some(100),
            ttl: Some(Span::from_secs(10)),
            ..Self::default()
        };
        vec![
            ("published_000", Self::published_000()),
            ("published_003", Self::published_003()),
            ("published_003_map", Self::published_003_map()),
            ("small", small.clone()),
            ("small_renewing", Self { update_age_on_get: true, update_age_on_has: true, ..small.clone() }),
            ("small_stale", Self { allow_stale: true, ..small.clone() }),
            ("small_keeping", Self { allow_stale: true, keep_stale: true, ..small }),
        ]
    }
}

/// What a look into the cache found.
#[must_use]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lookup<T> {
    /// A fresh entry.
    Hit(T),
    /// An entry past its TTL; only where the specification allows it.
    Stale(T),
    /// Nothing that may be used.
    Miss,
}

impl<T> Lookup<T> {
    /// What was found, fresh or stale.
    pub fn found(self) -> Option<T> {
        match self {
            Self::Hit(value) | Self::Stale(value) => Some(value),
            Self::Miss => None,
        }
    }
}

struct Entry<V> {
    value: V,
    bytes: u64,
    since: Time,
    ttl: Option<Span>,
}

impl<V> Entry<V> {
    fn is_stale(&self, now: Time) -> bool {
        self.ttl.is_some_and(|ttl| now.saturating_since(self.since) > ttl)
    }
}

/// A cache; made by [`CacheSpec::build`].
pub struct Cache<K, V> {
    spec: CacheSpec,
    entries: LruCache<K, Entry<V>>,
    bytes: u64,
    /// The last stale value that was removed by handing it out, so that it can be lent.
    taken: Option<V>,
}

impl<K: Hash + Eq + Clone, V> Cache<K, V> {
    /// Looks `key` up and makes it the most recently used if it is fresh. A stale entry keeps its place in the order, or
    /// is removed (see [`CacheSpec::keep_stale`]).
    pub fn get(&mut self, now: Time, key: &K) -> Lookup<&V> {
        match self.entries.peek(key).map(|entry| entry.is_stale(now)) {
            None => Lookup::Miss,
            Some(false) => {
                let entry = self.entries.get_mut(key).expect("peeked above");
                if self.spec.update_age_on_get {
                    entry.since = now;
                }
                Lookup::Hit(&entry.value)
            }
            Some(true) => self.get_stale(key),
        }
    }

    /// Whether a fresh entry of `key` is there. Does not change the order, and the age only if the specification says so.
    pub fn has(&mut self, now: Time, key: &K) -> bool {
        let Some(entry) = self.entries.peek_mut(key).filter(|entry| !entry.is_stale(now)) else {
            return false;
        };
        if self.spec.update_age_on_has {
            entry.since = now;
        }
        true
    }

    /// What [`get`](Self::get) would find, but for [`CacheSpec::allow_stale`]: a stale entry is shown as such in any case.
    /// Changes nothing: no order, no age, and a stale entry stays.
    pub fn peek(&self, now: Time, key: &K) -> Lookup<&V> {
        match self.entries.peek(key) {
            None => Lookup::Miss,
            Some(entry) if entry.is_stale(now) => Lookup::Stale(&entry.value),
            Some(entry) => Lookup::Hit(&entry.value),
        }
    }

    /// Whether there is an entry of `key`, fresh or stale. Changes nothing.
    pub fn contains(&self, key: &K) -> bool {
        self.entries.contains(key)
    }

    /// Keeps `value`, `bytes` large, and returns what had to leave for it, least recently used first. A value larger
    /// than the whole cache is not kept and is not returned. The value that `key` had is not returned either.
    pub fn insert(&mut self, now: Time, key: K, value: V, bytes: u64) -> Vec<(K, V)> {
        let mut evicted = Vec::new();
        self.insert_with(now, key, value, bytes, |key, value| evicted.push((key, value)));
        evicted
    }

    /// As [`insert`](Self::insert), but hands each evicted entry to `on_evicted` and allocates nothing for them. Returns
    /// whether the value was kept.
    pub fn insert_with(
        &mut self,
        now: Time,
        key: K,
        value: V,
        bytes: u64,
        mut on_evicted: impl FnMut(K, V),
    ) -> bool {
        if self.spec.max_bytes.is_some_and(|most| bytes > most) {
            self.remove(&key);
            return false;
        }
        let entry = Entry { value, bytes, since: now, ttl: self.spec.ttl };
        if let Some(old) = self.entries.put(key, entry) {
            self.bytes -= old.bytes;
        }
        self.bytes = self.bytes.checked_add(bytes).expect("bytes overflow");
        while self.is_over_full() {
            let (key, entry) = self.entries.pop_lru().expect("over full, so not empty");
            self.bytes -= entry.bytes;
            on_evicted(key, entry.value);
        }
        true
    }

    /// Removes the entry of `key`, fresh or stale, and returns its value.
    pub fn remove(&mut self, key: &K) -> Option<V> {
        let entry = self.entries.pop(key)?;
        self.bytes -= entry.bytes;
        Some(entry.value)
    }

    /// Removes every stale entry and says how many there were. Looks at all entries.
    pub fn purge_stale(&mut self, now: Time) -> u64 {
        let stale = self.entries.iter().filter(|(_, entry)| entry.is_stale(now));
        let keys: Vec<K> = stale.map(|(key, _)| key.clone()).collect();
        for key in &keys {
            self.remove(key);
        }
        keys.len() as u64
    }

    /// The TTL of entries from now on. Those already in keep the TTL they came with, as in npm `lru-cache`.
    pub fn set_ttl(&mut self, ttl: Option<Span>) {
        self.spec.ttl = ttl;
    }

    /// The TTL of all entries, those already in included: a degradation that serves older answers wants this. Entries
    /// that were stale under the old TTL and are still in may become fresh again. Looks at all entries.
    pub fn set_ttl_of_all(&mut self, ttl: Option<Span>) {
        self.spec.ttl = ttl;
        for (_, entry) in &mut self.entries {
            entry.ttl = ttl;
        }
    }

    /// Forgets everything.
    pub fn clear(&mut self) {
        self.entries.clear();
        self.bytes = 0;
        self.taken = None;
    }

    /// Entries, stale ones included.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether there is no entry.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// The sum of the sizes of all entries.
    pub const fn bytes(&self) -> u64 {
        self.bytes
    }

    /// The keys, most recently used first.
    pub fn keys(&self) -> impl Iterator<Item = &K> {
        self.entries.iter().map(|(key, _)| key)
    }

    fn get_stale(&mut self, key: &K) -> Lookup<&V> {
        if !self.spec.keep_stale {
            self.taken = self.remove(key);
            return match &self.taken {
                Some(value) if self.spec.allow_stale => Lookup::Stale(value),
                Some(_) | None => Lookup::Miss,
            };
        }
        match self.entries.peek(key) {
            Some(entry) if self.spec.allow_stale => Lookup::Stale(&entry.value),
            Some(_) | None => Lookup::Miss,
        }
    }

    fn is_over_full(&self) -> bool {
        self.spec.max_entries.is_some_and(|most| self.entries.len() as u64 > most)
            || self.spec.max_bytes.is_some_and(|most| self.bytes > most)
    }
}

impl<K, V> fmt::Debug for Cache<K, V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Cache").field("spec", &self.spec).field("bytes", &self.bytes).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;

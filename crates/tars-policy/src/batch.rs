//! Batching: several compatible calls go out as one.
//!
//! A [`Batcher`] is given calls one by one. It keeps those of one key together until there are enough of them, until they
//! are large enough, or until the first of them has waited as long as it may; then they leave as one [`Batch`].
//! Document 003 puts five requests into one prompt.
//!
//! | edge | decision |
//! |---|---|
//! | a call that makes the batch full, or exactly as large as it may be | leaves with it at once |
//! | a call that would make it too large | the batch leaves without it; the call opens another |
//! | a call that is as large as a batch may be by itself | leaves alone at once; an open batch stays open |
//! | a call at the very time the batch is due | the batch has left; the call opens another |
//! | several batches due at once | in the order in which they were opened |
//!
//! ```
//! use tars_policy::batch::{BatchSpec, CallSize, FlushReason, Own};
//! use tars_policy::units::{Span, Time};
//!
//! let spec = BatchSpec { calls_max: 2, wait_max: Span::from_millis(100), ..BatchSpec::default() };
//! let mut batcher = spec.build::<&str, u32>()?;
//! let due = Time::START + Span::from_millis(100);
//! let first = batcher.join(Time::START, "haiku", 1, CallSize::default());
//! assert_eq!(first.own, Own::Waits { due });
//! let second = batcher.join(Time::START, "haiku", 2, CallSize::default());
//! assert!(matches!(second.own, Own::Left(batch) if batch.calls == [1, 2] && batch.reason == FlushReason::Full));
//! # Ok::<(), tars_policy::spec::SpecError>(())
//! ```

use crate::spec::SpecError;
use crate::units::{Span, Time};
use alloc::collections::BTreeMap;
use alloc::vec;
use alloc::vec::Vec;

/// When calls leave together.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "serde", serde(deny_unknown_fields, default))]
pub struct BatchSpec {
    /// The most calls in a batch, at least 1; 1 is no batching.
    pub calls_max: u32,
    /// How long the first call of a batch waits for others, above zero.
    pub wait_max: Span,
    /// The most bytes in a batch, as the caller measures them, at least 1. None: any number.
    pub bytes_max: Option<u64>,
    /// The most tokens in a batch, at least 1. None: any number.
    pub tokens_max: Option<u64>,
}

impl Default for BatchSpec {
    /// Five calls, as document 003 states; half a second, which no document states.
    fn default() -> Self {
        Self { calls_max: 5, wait_max: Span::from_millis(500), bytes_max: None, tokens_max: None }
    }
}

impl BatchSpec {
    /// Names every impossible value: a batch of nothing, no wait.
    pub fn validate(&self) -> Result<(), SpecError> {
        let nothing = |field| Err(SpecError::new(field, "is 0 and would hold nothing; expected at least 1"));
        if self.calls_max == 0 {
            return nothing("calls_max");
        }
        if self.bytes_max == Some(0) {
            return nothing("bytes_max");
        }
        if self.tokens_max == Some(0) {
            return nothing("tokens_max");
        }
        if self.wait_max.is_zero() {
            return Err(SpecError::new(
                "wait_max",
                "is zero, so that nothing is ever combined; expected a span",
            ));
        }
        Ok(())
    }

    /// The batcher, with no batch open.
    pub fn build<K: Ord + Clone, T>(&self) -> Result<Batcher<K, T>, SpecError> {
        self.validate()?;
        Ok(Batcher { spec: self.clone(), open: BTreeMap::new(), numbers: BTreeMap::new(), opened: 0 })
    }

    /// Document 003, token-level batching (and document 001, "combine 5 prompts"): five requests in one prompt. The
    /// wait is not stated.
    pub fn published_003() -> Self {
        Self::default()
    }

    /// Named configurations; property tests run over all of them.
    pub fn examples() -> Vec<(&'static str, Self)> {
        vec![
            ("published_003", Self::published_003()),
            ("single", Self { calls_max: 1, ..Self::default() }),
            ("by_tokens", Self { calls_max: 20, tokens_max: Some(8_000), ..Self::default() }),
            (
                "by_bytes",
                Self {
                    calls_max: 20,
                    wait_max: Span::from_millis(50),
                    bytes_max: Some(65_536),
                    ..Self::default()
                },
            ),
        ]
    }
}

/// How large a call is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CallSize {
    /// Bytes.
    pub bytes: u64,
    /// Tokens.
    pub tokens: u64,
}

impl CallSize {
    const fn with(self, other: Self) -> Self {
        Self {
            bytes: self.bytes.saturating_add(other.bytes),
            tokens: self.tokens.saturating_add(other.tokens),
        }
    }
}

/// Why a batch left.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum FlushReason {
    /// It has all the calls it may have.
    Full,
    /// Its first call has waited as long as it may.
    Timeout,
    /// Another call would have, or its last call has, taken it to the most bytes.
    Bytes,
    /// Another call would have, or its last call has, taken it to the most tokens.
    Tokens,
    /// The batcher closes.
    Closing,
}

impl FlushReason {
    /// The reason as a word: `full`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Full => "full",
            Self::Timeout => "timeout",
            Self::Bytes => "bytes",
            Self::Tokens => "tokens",
            Self::Closing => "closing",
        }
    }
}

/// Calls that go out as one.
#[must_use]
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Batch<K, T> {
    /// What they have in common.
    pub key: K,
    /// The calls, in order of arrival; at least one.
    pub calls: Vec<T>,
    /// The sum of their sizes.
    pub size: CallSize,
    /// When the first came.
    pub opened: Time,
    /// Why they leave now.
    pub reason: FlushReason,
}

/// What became of a call that joined.
#[must_use]
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Joined<K, T> {
    /// A batch of the same key that left before the call came in and without it. It goes out first.
    pub earlier: Option<Batch<K, T>>,
    /// The call's own batch.
    pub own: Own<K, T>,
}

/// The batch that a call is in.
#[must_use]
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Own<K, T> {
    /// It waits for others, at most until `due`: ask [`Batcher::take_due`] then.
    Waits {
        /// When it leaves if nothing else happens.
        due: Time,
    },
    /// It has left with this call.
    Left(Batch<K, T>),
}

#[derive(Clone, Debug)]
struct Open<K, T> {
    key: K,
    calls: Vec<T>,
    sizes: Vec<CallSize>,
    size: CallSize,
    opened: Time,
}

impl<K, T> Open<K, T> {
    fn leave(self, reason: FlushReason) -> Batch<K, T> {
        Batch { key: self.key, calls: self.calls, size: self.size, opened: self.opened, reason }
    }
}

/// Combines calls; made by [`BatchSpec::build`].
///
/// Cost: O(log open batches) for each operation.
#[derive(Clone, Debug)]
pub struct Batcher<K, T> {
    spec: BatchSpec,
    /// By order of opening, which is the order of falling due.
    open: BTreeMap<u64, Open<K, T>>,
    numbers: BTreeMap<K, u64>,
    opened: u64,
}

impl<K: Ord + Clone, T> Batcher<K, T> {
    /// Takes in a call. Time never steps back between calls of this and of the other methods.
    pub fn join(&mut self, now: Time, key: K, call: T, size: CallSize) -> Joined<K, T> {
        let mut earlier = None;
        if self.open_of(&key).is_some_and(|open| now >= self.due(open)) {
            earlier = self.flush(&key, FlushReason::Timeout);
        }
        if let Some(reason) = self.reaches(size) {
            let own = Batch { key, calls: vec![call], size, opened: now, reason };
            return Joined { earlier, own: Own::Left(own) };
        }
        let together = self.open_of(&key).map(|open| open.size.with(size));
        if let Some(reason) = together.and_then(|size| self.overflows(size)) {
            earlier = self.flush(&key, reason);
        }
        Joined { earlier, own: self.enter(now, &key, call, size) }
    }

    /// The batch that has been due the longest, if one is due at `now`. Ask until there is none.
    pub fn take_due(&mut self, now: Time) -> Option<Batch<K, T>> {
        let first = self.open.first_key_value()?.1;
        if now < self.due(first) {
            return None;
        }
        let key = first.key.clone();
        self.flush(&key, FlushReason::Timeout)
    }

    /// When the next batch falls due.
    pub fn next_due(&self) -> Option<Time> {
        self.open.first_key_value().map(|(_, open)| self.due(open))
    }

    /// The batch that was opened first, whether due or not: for a driver that shuts down. Ask until there is none.
    pub fn close_next(&mut self) -> Option<Batch<K, T>> {
        let key = self.open.first_key_value()?.1.key.clone();
        self.flush(&key, FlushReason::Closing)
    }

    /// Takes a call back that still waits, because its client has given up. The batch stays due when it was, and is
    /// forgotten when nobody is left in it.
    pub fn withdraw(&mut self, key: &K, is_the_call: impl Fn(&T) -> bool) -> Option<T> {
        let number = *self.numbers.get(key)?;
        let open = self.open.get_mut(&number).expect("a number names an open batch");
        let place = open.calls.iter().position(is_the_call)?;
        let size = open.sizes.remove(place);
        open.size.bytes = open.size.bytes.saturating_sub(size.bytes);
        open.size.tokens = open.size.tokens.saturating_sub(size.tokens);
        let call = open.calls.remove(place);
        if open.calls.is_empty() {
            self.open.remove(&number);
            self.numbers.remove(key);
        }
        Some(call)
    }

    /// Calls that wait, in all batches. Looks at each.
    pub fn waiting(&self) -> usize {
        self.open.values().map(|open| open.calls.len()).sum()
    }

    fn enter(&mut self, now: Time, key: &K, call: T, size: CallSize) -> Own<K, T> {
        let opened = &mut self.opened;
        let number = *self.numbers.entry(key.clone()).or_insert_with(|| {
            *opened += 1;
            *opened
        });
        let open = self.open.entry(number).or_insert_with(|| Open {
            key: key.clone(),
            calls: Vec::new(),
            sizes: Vec::new(),
            size: CallSize::default(),
            opened: now,
        });
        open.calls.push(call);
        open.sizes.push(size);
        open.size = open.size.with(size);
        let full = open.calls.len() >= self.spec.calls_max as usize;
        let (size, due) = (open.size, open.opened.saturating_add(self.spec.wait_max));
        let reason = if full { Some(FlushReason::Full) } else { self.reaches(size) };
        match reason.and_then(|reason| self.flush(key, reason)) {
            Some(batch) => Own::Left(batch),
            None => Own::Waits { due },
        }
    }

    fn flush(&mut self, key: &K, reason: FlushReason) -> Option<Batch<K, T>> {
        let number = self.numbers.remove(key)?;
        self.open.remove(&number).map(|open| open.leave(reason))
    }

    fn open_of(&self, key: &K) -> Option<&Open<K, T>> {
        self.numbers.get(key).and_then(|number| self.open.get(number))
    }

    fn due(&self, open: &Open<K, T>) -> Time {
        open.opened.saturating_add(self.spec.wait_max)
    }

    /// The limit that this size meets or passes.
    fn reaches(&self, size: CallSize) -> Option<FlushReason> {
        limit_met(size.bytes, self.spec.bytes_max, |size, most| size >= most, FlushReason::Bytes).or_else(
            || limit_met(size.tokens, self.spec.tokens_max, |size, most| size >= most, FlushReason::Tokens),
        )
    }

    /// The limit that this size passes.
    fn overflows(&self, size: CallSize) -> Option<FlushReason> {
        limit_met(size.bytes, self.spec.bytes_max, |size, most| size > most, FlushReason::Bytes).or_else(
            || limit_met(size.tokens, self.spec.tokens_max, |size, most| size > most, FlushReason::Tokens),
        )
    }
}

fn limit_met(
    size: u64,
    most: Option<u64>,
    meets: impl Fn(u64, u64) -> bool,
    reason: FlushReason,
) -> Option<FlushReason> {
    most.filter(|most| meets(size, *most)).map(|_| reason)
}

#[cfg(test)]
mod tests;

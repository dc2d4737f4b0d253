//! A semantic cache: the answer to the same question, or to one that is much like it.
//!
//! [`SemanticCache`] first looks for the exact question. Failing that it embeds the question and takes the most similar one
//! that it knows, if that is similar enough (document 004, "LLM Response Caching": at least 0.95). Both looks cost time, and
//! the embedding costs money; an answer to a similar question is sometimes wrong, and any answer may be outdated.
//!
//! How similar two questions are is the caller's business: [`lookup_by`](SemanticCache::lookup_by) takes a function, and
//! [`lookup`](SemanticCache::lookup) goes by clusters, where questions of one cluster are similar by a value that comes with the
//! question and those of different clusters are not similar at all.
//!
//! | edge | decision |
//! |---|---|
//! | a similarity of exactly the threshold | similar enough |
//! | a similarity that is no number | not similar |
//! | several equally similar | the most recently used |
//! | another model or temperature (`config`) | never similar, never the same |
//! | a stale entry | found by its exact question only, where the specification hands stale ones out |
//! | a similar hit | counts as use of the entry that answered it; the question itself is not entered |
//!
//! ```
//! use tars_policy::semantic::{Found, Question, SemanticSpec};
//! use tars_policy::units::{Time, Tokens};
//!
//! let mut cache = SemanticSpec::published_004().build::<&str, u32>()?;
//! let question = |text, similarity| Question { text, config: 0, cluster: 3, similarity, tokens: Tokens::new(100) };
//! cache.insert(Time::START, &question("capital of France?", 1.0), 42, 500);
//! let look = cache.lookup(Time::START, &question("France's capital?", 0.97), 0.5, 0.5);
//! assert!(matches!(look.found, Found::Similar { value: 42, .. }));
//! assert!(matches!(cache.lookup(Time::START, &question("population?", 0.6), 0.5, 0.5).found, Found::Miss));
//! # Ok::<(), tars_policy::spec::SpecError>(())
//! ```

use crate::cache::{Cache, CacheSpec, Lookup};
use crate::spec::SpecError;
use crate::units::{Dollars, Span, Time, TokenPrice, Tokens};
use alloc::collections::BTreeMap;
use alloc::format;
use alloc::vec;
use alloc::vec::Vec;
use core::hash::Hash;

/// A cache of answers.
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "serde", serde(deny_unknown_fields, default))]
pub struct SemanticSpec {
    /// Capacity and TTL.
    pub cache: CacheSpec,
    /// The least similarity at which another question's answer is taken, above 0 and at most 1. None: exact questions
    /// only.
    pub similarity_min: Option<f64>,
    /// How long the look for the exact question takes.
    pub exact_lookup: Span,
    /// How long embedding a question takes, where the exact one is not there.
    pub embedding: Span,
    /// How long the search for similar questions takes, after the embedding.
    pub search: Span,
    /// The price of embedding a question, per token.
    pub embedding_usd_per_million_tokens: TokenPrice,
    /// The share of answers that are wrong among those taken from a question that is just similar enough, 0 to 1. It
    /// falls in a straight line to nothing at a similarity of 1.
    pub wrong_hit_share: f64,
    /// After what mean time the true answer to a question changes, at random (exponentially). None: never.
    pub outdated_after_mean: Option<Span>,
}

impl Default for SemanticSpec {
    fn default() -> Self {
        Self {
            cache: CacheSpec { ttl: Some(Span::from_secs(600)), ..CacheSpec::default() },
            similarity_min: Some(0.95),
            exact_lookup: Span::from_millis(10),
            embedding: Span::from_millis(50),
            search: Span::from_millis(10),
            embedding_usd_per_million_tokens: TokenPrice::from_trillionths_per_token(20_000),
            wrong_hit_share: 0.05,
            outdated_after_mean: None,
        }
    }
}

impl SemanticSpec {
    /// Names every impossible value: a threshold or a share out of range, an impossible cache.
    pub fn validate(&self) -> Result<(), SpecError> {
        self.cache.validate().map_err(|error| error.within("cache"))?;
        if let Some(least) = self.similarity_min
            && !(least > 0.0 && least <= 1.0)
        {
            return Err(SpecError::new(
                "similarity_min",
                format!("is {least}; expected above 0 and at most 1"),
            ));
        }
        if !(0.0..=1.0).contains(&self.wrong_hit_share) {
            return Err(SpecError::new(
                "wrong_hit_share",
                format!("is {}; expected 0 to 1", self.wrong_hit_share),
            ));
        }
        if self.outdated_after_mean.is_some_and(Span::is_zero) {
            return Err(SpecError::new("outdated_after_mean", "is zero; expected a span, or leave it out"));
        }
        Ok(())
    }

    /// The cache, empty.
    pub fn build<K: Hash + Eq + Clone, V: Clone>(&self) -> Result<SemanticCache<K, V>, SpecError> {
        self.validate()?;
        Ok(SemanticCache { cache: self.cache.build()?, clusters: BTreeMap::new(), spec: self.clone() })
    }

    /// Document 004, "LLM Response Caching": similar from 0.95 on; LLM responses live 10 minutes in L2, whose look takes
    /// 10 ms. The time and price of an embedding and the share of wrong answers are assumed.
    pub fn published_004() -> Self {
        Self::default()
    }

    /// Named configurations; property tests run over all of them.
    pub fn examples() -> Vec<(&'static str, Self)> {
        let cache = CacheSpec { max_entries: Some(8), ..Self::default().cache };
        vec![
            ("published_004", Self::published_004()),
            ("exact_only", Self { similarity_min: None, ..Self::default() }),
            ("loose", Self { similarity_min: Some(0.8), wrong_hit_share: 0.3, ..Self::default() }),
            (
                "small_and_outdated",
                Self { cache, outdated_after_mean: Some(Span::from_secs(3_600)), ..Self::default() },
            ),
        ]
    }

    /// The probability that an answer taken at this similarity is wrong.
    pub fn wrong_share(&self, similarity: f64) -> f64 {
        match self.similarity_min {
            Some(least) if least < 1.0 => {
                (self.wrong_hit_share * (1.0 - similarity) / (1.0 - least)).clamp(0.0, self.wrong_hit_share)
            }
            Some(_) | None => 0.0,
        }
    }

    /// The probability that an answer of this age is outdated.
    pub fn outdated_share(&self, age: Span) -> f64 {
        match self.outdated_after_mean {
            None => 0.0,
            Some(mean) => -libm::expm1(-age.as_secs_f64() / mean.as_secs_f64()),
        }
    }
}

/// What is asked.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Question<K> {
    /// The exact question, normalised.
    pub text: K,
    /// The model and its settings: answers of another one do not count.
    pub config: u64,
    /// Questions that are about the same.
    pub cluster: u64,
    /// How similar it is to the others of its cluster, 0 to 1.
    pub similarity: f64,
    /// Its length; the embedding is paid by it.
    pub tokens: Tokens,
}

/// What was found.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Found<V> {
    /// The answer to this very question.
    Exact {
        /// The answer.
        value: V,
        /// How old it is.
        age: Span,
        /// Whether it is past its TTL.
        stale: bool,
    },
    /// The answer to a question much like it.
    Similar {
        /// The answer.
        value: V,
        /// How old it is.
        age: Span,
        /// How similar the questions are.
        similarity: f64,
    },
    /// Nothing.
    Miss,
}

/// What a look found, what it cost, and whether the answer is right.
#[must_use]
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct SemanticLookup<V> {
    /// What was found.
    pub found: Found<V>,
    /// How long it took.
    pub took: Span,
    /// What it cost.
    pub cost: Dollars,
    /// The answer belongs to another question that only looked alike.
    pub wrong: bool,
    /// The answer was right when it was entered and is not any more.
    pub outdated: bool,
}

#[derive(Clone, Debug)]
struct Answer<V> {
    value: V,
    cluster: u64,
    written: Time,
}

type Key<K> = (u64, K);

/// Answers by question; made by [`SemanticSpec::build`].
#[derive(Debug)]
pub struct SemanticCache<K, V> {
    spec: SemanticSpec,
    cache: Cache<Key<K>, Answer<V>>,
    /// What is in the cache, by settings and cluster; the most recently used last.
    clusters: BTreeMap<(u64, u64), Vec<K>>,
}

impl<K: Hash + Eq + Clone, V: Clone> SemanticCache<K, V> {
    /// Looks for the answer to `question`: the exact one, or else the most recently used fresh one of its cluster if the
    /// question is similar enough to that. The draws, uniform on `[0, 1)`, decide whether a similar answer is wrong and
    /// whether an answer is outdated.
    ///
    /// Cost: O(1), and O(entries of the cluster) where the exact question is not there.
    pub fn lookup(
        &mut self,
        now: Time,
        question: &Question<K>,
        wrong_draw: f64,
        outdated_draw: f64,
    ) -> SemanticLookup<V> {
        let similar = |cache: &mut Self, least: f64| {
            if question.similarity >= least { cache.latest_of_cluster(now, question) } else { None }
        };
        self.look(now, question, similar, wrong_draw, outdated_draw)
    }

    /// As [`lookup`](Self::lookup), but `similarity` says how similar the question is to each that is known, and clusters
    /// do not matter. Looks at every entry where the exact question is not there.
    pub fn lookup_by(
        &mut self,
        now: Time,
        question: &Question<K>,
        similarity: impl Fn(&K) -> f64,
        wrong_draw: f64,
        outdated_draw: f64,
    ) -> SemanticLookup<V> {
        let similar =
            |cache: &mut Self, least: f64| cache.most_similar(now, question.config, least, &similarity);
        self.look(now, question, similar, wrong_draw, outdated_draw)
    }

    /// Enters the answer to `question`, `bytes` large, over an older one to the same. Returns whether it was kept.
    pub fn insert(&mut self, now: Time, question: &Question<K>, value: V, bytes: u64) -> bool {
        let key = (question.config, question.text.clone());
        self.remove(question.config, &question.text);
        let answer = Answer { value, cluster: question.cluster, written: now };
        let clusters = &mut self.clusters;
        let left = |key: Key<K>, answer: Answer<V>| forget(clusters, &key, answer.cluster);
        if !self.cache.insert_with(now, key, answer, bytes, left) {
            return false;
        }
        self.clusters.entry((question.config, question.cluster)).or_default().push(question.text.clone());
        true
    }

    /// Removes the answer to this very question.
    pub fn remove(&mut self, config: u64, text: &K) -> Option<V> {
        let key = (config, text.clone());
        let answer = self.cache.remove(&key)?;
        forget(&mut self.clusters, &key, answer.cluster);
        Some(answer.value)
    }

    /// Forgets everything.
    pub fn clear(&mut self) {
        self.cache.clear();
        self.clusters.clear();
    }

    /// The TTL of all answers, those already in included.
    pub fn set_ttl(&mut self, ttl: Option<Span>) {
        self.cache.set_ttl_of_all(ttl);
    }

    /// Answers, stale ones included.
    pub fn len(&self) -> usize {
        self.cache.len()
    }

    /// Whether there is no answer.
    pub fn is_empty(&self) -> bool {
        self.cache.is_empty()
    }

    /// The sum of the sizes of all answers.
    pub const fn bytes(&self) -> u64 {
        self.cache.bytes()
    }

    fn look(
        &mut self,
        now: Time,
        question: &Question<K>,
        similar: impl FnOnce(&mut Self, f64) -> Option<(K, f64)>,
        wrong_draw: f64,
        outdated_draw: f64,
    ) -> SemanticLookup<V> {
        let exact = self.exact(now, question);
        let mut took = self.spec.exact_lookup;
        let mut cost = Dollars::ZERO;
        let found = match (exact, self.spec.similarity_min) {
            (Found::Miss, Some(least)) => {
                took = took.saturating_add(self.spec.embedding).saturating_add(self.spec.search);
                cost = self.spec.embedding_usd_per_million_tokens * question.tokens;
                let similar = similar(self, least);
                similar.map_or(Found::Miss, |(text, similarity)| {
                    self.answer_of(now, question.config, text, similarity)
                })
            }
            (exact, _) => exact,
        };
        let (wrong, age) = match &found {
            Found::Exact { age, .. } => (false, *age),
            Found::Similar { age, similarity, .. } => (wrong_draw < self.spec.wrong_share(*similarity), *age),
            Found::Miss => (false, Span::ZERO),
        };
        SemanticLookup { outdated: outdated_draw < self.spec.outdated_share(age), found, took, cost, wrong }
    }

    /// The answer to this very question.
    fn exact(&mut self, now: Time, question: &Question<K>) -> Found<V> {
        let key = (question.config, question.text.clone());
        let cluster = match self.cache.peek(now, &key) {
            Lookup::Hit(answer) | Lookup::Stale(answer) => answer.cluster,
            Lookup::Miss => return Found::Miss,
        };
        let found = match self.cache.get(now, &key) {
            Lookup::Hit(answer) => exact(now, answer, false),
            Lookup::Stale(answer) => exact(now, answer, true),
            Lookup::Miss => Found::Miss,
        };
        forget(&mut self.clusters, &key, cluster);
        if self.cache.contains(&key) {
            self.clusters.entry((key.0, cluster)).or_default().push(key.1);
        }
        found
    }

    /// The answer to another question, known to be fresh.
    fn answer_of(&mut self, now: Time, config: u64, text: K, similarity: f64) -> Found<V> {
        let key = (config, text);
        let Lookup::Hit(answer) = self.cache.get(now, &key) else { return Found::Miss };
        let age = now.saturating_since(answer.written);
        let (value, cluster) = (answer.value.clone(), answer.cluster);
        forget(&mut self.clusters, &key, cluster);
        self.clusters.entry((config, cluster)).or_default().push(key.1);
        Found::Similar { value, age, similarity }
    }

    /// The question of the same cluster whose fresh answer was used last.
    fn latest_of_cluster(&mut self, now: Time, question: &Question<K>) -> Option<(K, f64)> {
        let members = self.clusters.get(&(question.config, question.cluster))?;
        let fresh =
            |text: &&K| matches!(self.cache.peek(now, &(question.config, (*text).clone())), Lookup::Hit(_));
        let latest = members.iter().rev().find(fresh)?;
        Some((latest.clone(), question.similarity))
    }

    /// The most similar question with a fresh answer, if it is similar enough; of several the one used last.
    fn most_similar(
        &self,
        now: Time,
        config: u64,
        least: f64,
        similarity: impl Fn(&K) -> f64,
    ) -> Option<(K, f64)> {
        let mut best: Option<(&K, f64)> = None;
        for key in self.cache.keys().filter(|key| key.0 == config) {
            let similarity = similarity(&key.1);
            let better = similarity >= least && best.is_none_or(|(_, most)| similarity > most);
            if better && matches!(self.cache.peek(now, key), Lookup::Hit(_)) {
                best = Some((&key.1, similarity));
            }
        }
        best.map(|(text, similarity)| (text.clone(), similarity))
    }
}

fn exact<V: Clone>(now: Time, answer: &Answer<V>, stale: bool) -> Found<V> {
    Found::Exact { value: answer.value.clone(), age: now.saturating_since(answer.written), stale }
}

/// Takes an answer that has left, or is about to move to the end, out of its cluster.
fn forget<K: Eq>(clusters: &mut BTreeMap<(u64, u64), Vec<K>>, key: &Key<K>, cluster: u64) {
    let at = (key.0, cluster);
    let Some(members) = clusters.get_mut(&at) else { return };
    members.retain(|text| *text != key.1);
    if members.is_empty() {
        clusters.remove(&at);
    }
}

#[cfg(test)]
mod tests;

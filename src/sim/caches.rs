//! Caches: plain ones, layers of them, and those that know questions that are much alike.

use super::controllers::DegradeState;
use super::ledger::Part;
use super::levels::LevelsState;
use super::strand::{Cause, NONE, Phase, uses};
use super::world::{World, whole};
use crate::model::route::{CopyFate, Op};
use crate::model::{CacheKind, Model};
use crate::random::Sampler;
use std::collections::BTreeMap;
use tars_policy::cache::{Cache, Lookup};
use tars_policy::layers::{Layers, Place, Scope};
use tars_policy::pool::AgentId;
use tars_policy::semantic::{Found, Question, SemanticCache};
use tars_policy::units::{Span, Time, Tokens};

/// Every cache, and what those who are looking have found.
pub(super) struct Caches {
    stores: Vec<Store>,
    /// What was found by who is still asking: a look whose length follows from what it finds is decided when it begins.
    asked: BTreeMap<u32, Answer>,
    /// How often the place of an agent had been used before, where the agent has caches of its own.
    generations: BTreeMap<u32, u32>,
    /// Of each cache, whether what it holds is ever written.
    written: Vec<bool>,
    /// Of what is written, by cache and key: when it was last, and when the copy in a plain cache was taken.
    ages: BTreeMap<(u16, u64), Ages>,
}

/// When something was last written, and when a copy of it was taken.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Ages {
    written: u64,
    copied: u64,
}

/// A cache at work; an entry knows the model whose answer it holds.
enum Store {
    Plain(Cache<u64, u16>),
    Layered(Layers<u64, u16>),
    Semantic(SemanticCache<u64, u16>),
}

/// What a look has found: the model that answered, and where the answer came from; and whether it is out of date.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Answer {
    found: Option<(u16, u16)>,
    stale: bool,
}

impl Caches {
    pub(super) fn new(model: &Model) -> Self {
        let built = "policies were validated when the model was made";
        let store = |kind: &CacheKind| match kind {
            CacheKind::Plain(spec) => Store::Plain(spec.build().expect(built)),
            CacheKind::Layered(spec) => Store::Layered(spec.build().expect(built)),
            CacheKind::Semantic(semantic) => Store::Semantic(semantic.rule.build().expect(built)),
        };
        Self {
            stores: model.caches.iter().map(|cache| store(&cache.store)).collect(),
            asked: BTreeMap::new(),
            generations: BTreeMap::new(),
            written: (0..).take(model.caches.len()).map(|cache| model.program.writes(cache)).collect(),
            ages: BTreeMap::new(),
        }
    }

    /// What a cache holds in the heap of each of `nodes` processes, of which this is the one with this number, in megabytes.
    pub(super) fn megabytes_in(&self, cache: u16, node: u16, nodes: f64, model: &Model) -> f64 {
        const MEGABYTE: f64 = 1_048_576.0;
        match (&self.stores[cache as usize], &model.caches[cache as usize].store) {
            (Store::Plain(store), _) => store.bytes() as f64 / MEGABYTE / nodes,
            (Store::Semantic(store), _) => store.bytes() as f64 / MEGABYTE / nodes,
            (Store::Layered(store), CacheKind::Layered(spec)) => {
                let own = spec.layers.iter().enumerate().filter(|(_, layer)| layer.scope == Scope::Node);
                own.map(|(layer, _)| store.bytes(layer, u32::from(node)) as f64 / MEGABYTE).sum()
            }
            (Store::Layered(_), CacheKind::Plain(_) | CacheKind::Semantic(_)) => {
                unreachable!("a cache is of the kind that its model says")
            }
        }
    }

    /// Forgets all entries of a cache.
    pub(super) fn clear(&mut self, cache: u16, model: &Model) {
        match (&mut self.stores[cache as usize], &model.caches[cache as usize].store) {
            (Store::Plain(store), _) => store.clear(),
            (Store::Semantic(store), _) => store.clear(),
            (Store::Layered(store), CacheKind::Layered(spec)) => {
                *store = spec.build().expect("policies were validated when the model was made");
            }
            (Store::Layered(_), CacheKind::Plain(_) | CacheKind::Semantic(_)) => {
                unreachable!("a cache is of the kind that its model says")
            }
        }
    }

    /// Forgets all entries of all caches.
    pub(super) fn clear_all(&mut self, model: &Model) {
        for cache in 0..self.stores.len() {
            self.clear(super::stations::small(cache), model);
        }
    }

    /// Entries of all caches, those already in included, live for `ttl`, or as long as their caches say.
    pub(super) fn age(&mut self, ttl: Option<Span>, model: &Model) {
        for (store, cache) in self.stores.iter_mut().zip(&model.caches) {
            match (store, &cache.store) {
                (Store::Plain(store), CacheKind::Plain(spec)) => store.set_ttl_of_all(ttl.or(spec.ttl)),
                (Store::Semantic(store), CacheKind::Semantic(semantic)) => {
                    store.set_ttl(ttl.or(semantic.rule.cache.ttl));
                }
                (Store::Layered(store), CacheKind::Layered(spec)) => {
                    for (place, layer) in spec.layers.iter().enumerate() {
                        store.set_ttl(place, ttl.or(layer.cache.ttl));
                    }
                }
                (Store::Plain(_) | Store::Semantic(_) | Store::Layered(_), _) => {
                    unreachable!("a cache is of the kind that its model says")
                }
            }
        }
    }

    /// Whether what a cache holds has been written since its copy was taken at `copied`.
    fn is_stale(&self, cache: u16, key: u64, copied: u64) -> bool {
        self.ages.get(&(cache, key)).is_some_and(|ages| ages.written > copied)
    }

    /// A plain cache takes a copy.
    fn copies(&mut self, cache: u16, key: u64, now: u64) {
        if self.written[cache as usize] {
            self.ages.entry((cache, key)).or_default().copied = now;
        }
    }

    /// The strand looks no more.
    #[inline]
    pub(super) fn stops_asking(&mut self, id: u32) {
        if !self.asked.is_empty() {
            self.asked.remove(&id);
        }
    }

    /// An agent or a node is gone, and the caches that were its own.
    fn forget(&mut self, scope: Scope, owner: u32) {
        for store in &mut self.stores {
            if let Store::Layered(layers) = store {
                layers.forget(scope, owner);
            }
        }
    }

    /// Agents of a pool have crashed, and their own caches with them.
    pub(super) fn forget_agents(&mut self, pool: u16, agents: &[AgentId]) {
        for agent in agents {
            self.forget(Scope::Agent, owner(pool, *agent));
        }
    }

    /// A node has died, and its own caches with it.
    pub(super) fn forget_node(&mut self, node: u16) {
        self.forget(Scope::Node, u32::from(node));
    }

    /// Where a task is; who is with an agent that was not there before finds nothing in its caches.
    fn place(&mut self, cache: u16, pool: u16, agent: Option<AgentId>, node: u16) -> Place {
        let mut place = Place { agent: u32::MAX, node: u32::from(node) };
        if let (Store::Layered(_), Some(agent)) = (&self.stores[cache as usize], agent) {
            place.agent = owner(pool, agent);
            if self.generations.insert(place.agent, agent.generation()) != Some(agent.generation()) {
                self.forget(Scope::Agent, place.agent);
            }
        }
        place
    }
}

/// One number for an agent's place, over all pools.
const fn owner(pool: u16, agent: AgentId) -> u32 {
    agent.slot() | (pool as u32) << 22
}

impl World<'_> {
    /// A strand begins to look into a cache; false if it has to wait, or if its task ends here.
    #[inline(never)]
    pub(super) fn begin_look(&mut self, id: u32, cache: u16) -> bool {
        let (plan, now) = (self.plan, self.now);
        let key = self.key_of(id, plan.caches[cache as usize].keys.as_ref());
        let strand = self.strands.get_mut(id);
        strand.cache_key = key;
        let span = match &plan.model.caches[cache as usize].store {
            CacheKind::Plain(_) => {
                let law = plan.caches[cache as usize].lookup.as_ref();
                law.map(|law| law.sample_span(strand.draw(uses::LOOKUP)))
            }
            CacheKind::Layered(_) | CacheKind::Semantic(_) => Some(self.ask(id, cache)),
        };
        let Some(span) = span else { return self.look_up(id) };
        let strand = self.strands.get_mut(id);
        strand.ledger.enter(now, Part::CacheLookup);
        strand.phase = Phase::Looking;
        self.wake_after(id, span.as_nanos());
        false
    }

    /// What a strand asks for: by popularity, or what is its user's.
    fn key_of(&self, id: u32, popularity: Option<&Sampler>) -> u64 {
        match popularity {
            Some(law) => u64::from(whole(law.sample(self.strands.get(id).draw(uses::CACHE_KEY)))),
            None => self.user_key(id),
        }
    }

    /// What a cache holds is written where it comes from.
    #[inline(never)]
    pub(super) fn write(&mut self, id: u32, cache: u16, keys: u16, copy: CopyFate) {
        let (plan, time, now) = (self.plan, self.time(), self.now);
        let popularity = plan.counts.get(usize::from(keys)).or(plan.caches[cache as usize].keys.as_ref());
        let key = self.key_of(id, popularity);
        let strand = self.strands.get(id);
        let place = self.caches.place(cache, strand.pool, strand.agent, strand.node);
        let bytes = plan.model.caches[cache as usize].entry_bytes;
        let caches = &mut self.caches;
        caches.ages.entry((cache, key)).or_default().written = now;
        match (&mut caches.stores[cache as usize], copy) {
            (_, CopyFate::Kept) => {}
            (Store::Plain(store), CopyFate::Removed) => {
                let _ = store.remove(&key);
            }
            (Store::Layered(layers), CopyFate::Removed) => {
                let _ = layers.invalidate(place, &key);
            }
            (Store::Plain(store), CopyFate::Replaced) => {
                let _ = store.insert(time, key, NONE, bytes);
                caches.copies(cache, key, now);
            }
            (Store::Layered(layers), CopyFate::Replaced) => {
                let _ = layers.insert(time, place, &key, NONE, bytes);
            }
            (Store::Semantic(_), _) => unreachable!("answers are not written"),
        }
    }

    /// What a cache answers, and how long it takes to.
    fn ask(&mut self, id: u32, cache: u16) -> Span {
        let (plan, time) = (self.plan, self.time());
        let strand = self.strands.get_mut(id);
        let key = strand.cache_key;
        let place = self.caches.place(cache, strand.pool, strand.agent, strand.node);
        let (found, stale, took) = match &mut self.caches.stores[cache as usize] {
            Store::Plain(_) => unreachable!("a plain cache is looked into at the end of a look"),
            Store::Layered(layers) => {
                let look = layers.get(time, place, &key);
                let copied = look.hit.map(|hit| time.as_nanos() - hit.age.as_nanos());
                let stale = copied.is_some_and(|copied| self.caches.is_stale(cache, key, copied));
                (look.hit.map(|hit| (hit.value, cache)), stale, look.took)
            }
            Store::Semantic(store) => {
                let similarity = match &plan.caches[cache as usize].similarity {
                    Some(law) => law.sample(strand.draw(uses::SIMILARITY)),
                    None => 0.0,
                };
                let question =
                    question(&plan.model.caches[cache as usize].store, key, similarity, strand.input_tokens);
                let look =
                    store.lookup(time, &question, strand.draw(uses::WRONG), strand.draw(uses::OUTDATED));
                strand.cost += u64::try_from(look.cost.as_trillionths())
                    .expect("a look costs less than 18 million dollars");
                let source = if look.wrong || look.outdated { plan.model.wrong() } else { cache };
                let found = match look.found {
                    Found::Exact { value, .. } | Found::Similar { value, .. } => Some((value, source)),
                    Found::Miss => None,
                };
                (found, look.outdated, look.took)
            }
        };
        self.caches.asked.insert(id, Answer { found, stale });
        took
    }

    /// The look into a cache is over: a hit jumps, a miss goes on. False if the task ends here.
    pub(super) fn look_up(&mut self, id: u32) -> bool {
        let plan = self.plan;
        let time = self.time();
        let strand = self.strands.get_mut(id);
        let Op::Lookup { cache, hit, ask_first } = plan.model.program.ops[strand.pc as usize - 1] else {
            unreachable!("a strand looks only at a lookup");
        };
        let key = strand.cache_key;
        let Answer { found, stale } = match &mut self.caches.stores[cache as usize] {
            Store::Plain(store) => {
                let there = !ask_first || store.has(time, &key);
                let found = match there.then(|| store.get(time, &key)) {
                    Some(Lookup::Hit(model) | Lookup::Stale(model)) => Some((*model, cache)),
                    Some(Lookup::Miss) | None => None,
                };
                let ages = self.caches.ages.get(&(cache, key));
                let stale = found.is_some() && ages.is_some_and(|ages| ages.written > ages.copied);
                Answer { found, stale }
            }
            Store::Layered(_) | Store::Semantic(_) => {
                self.caches.asked.remove(&id).expect("who has looked has an answer")
            }
        };
        self.probe.cache_look(usize::from(cache), found.is_some(), strand.measured);
        self.probe.stale_hits += u64::from(stale && strand.measured);
        if let Some((model, source)) = found {
            strand.cached = source;
            if model != NONE {
                strand.model = model;
            }
            strand.pc = hit;
            return true;
        }
        if self.orders.cached > 0
            || self.degrade.as_ref().is_some_and(DegradeState::cached_only)
            || self.levels.as_ref().is_some_and(LevelsState::cached_only)
        {
            self.task_ends(id, Some(Cause::Degraded));
            return false;
        }
        true
    }

    /// What a miss has fetched is entered; false if the task waits for that.
    pub(super) fn keep(&mut self, id: u32, cache: u16) -> bool {
        let span = self.store(id, cache);
        if span.is_zero() {
            return true;
        }
        let strand = self.strands.get_mut(id);
        strand.ledger.enter(self.now, Part::CacheLookup);
        strand.phase = Phase::Delay;
        self.wake_after(id, span.as_nanos());
        false
    }

    /// What a miss has fetched is entered; how long the task waits for that.
    #[inline(never)]
    fn store(&mut self, id: u32, cache: u16) -> Span {
        let time = Time::from_nanos(self.now);
        let strand = self.strands.get(id);
        let (key, model, tokens) = (strand.cache_key, strand.model, strand.input_tokens);
        let place = self.caches.place(cache, strand.pool, strand.agent, strand.node);
        let stated = &self.plan.model.caches[cache as usize];
        match &mut self.caches.stores[cache as usize] {
            Store::Plain(store) => {
                let _ = store.insert(time, key, model, stated.entry_bytes);
                self.caches.copies(cache, key, time.as_nanos());
                Span::ZERO
            }
            Store::Layered(layers) => layers.insert(time, place, &key, model, stated.entry_bytes),
            Store::Semantic(store) => {
                let question = question(&stated.store, key, 1.0, tokens);
                let _ = store.insert(time, &question, model, stated.entry_bytes);
                Span::ZERO
            }
        }
    }
}

/// The question with this number; neighbours in number are about the same.
fn question(kind: &CacheKind, key: u64, similarity: f64, tokens: u32) -> Question<u64> {
    let cluster = match kind {
        CacheKind::Semantic(semantic) => key / u64::from(semantic.questions_per_topic),
        CacheKind::Plain(_) | CacheKind::Layered(_) => key,
    };
    Question { text: key, config: 0, cluster, similarity, tokens: Tokens::new(u64::from(tokens)) }
}

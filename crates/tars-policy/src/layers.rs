//! Cache layers: a small near cache in front of larger ones farther away.
//!
//! [`Layers`] asks the layers from the nearest to the farthest. Each layer is a [`Cache`] of its own capacity and TTL, one
//! for each agent, one for each node, or one shared by all. What it answers is what was found, where, how old it is, and
//! how long the asking took; the driver waits that long.
//!
//! | edge | decision |
//! |---|---|
//! | a hit in a far layer | copied into every nearer one (or not); the copy gets that layer's whole TTL, but keeps its age |
//! | time of a look | the lookups of all layers asked, the one that hits included; copying costs the asker nothing |
//! | a stale entry, where a layer hands those out | taken only if no farther layer has a fresh one |
//! | a write | into all layers, nearest first, or only into the farthest, and then the asker's nearer copies are removed |
//! | time of a write | the stores of the layers written to |
//! | invalidation | everywhere; or only where the writer can reach: the shared layers and its own, so that other nodes serve the old value until their TTL |
//!
//! ```
//! use tars_policy::layers::{LayersSpec, Place};
//! use tars_policy::units::{Span, Time};
//!
//! let mut layers = LayersSpec::published_004().build::<&str, u32>()?;
//! let (here, there) = (Place { agent: 0, node: 0 }, Place { agent: 1, node: 1 });
//! layers.insert(Time::START, here, &"tool", 42, 100);
//! assert_eq!(layers.get(Time::START, there, &"tool").hit.map(|hit| hit.layer), Some(1), "shared");
//! assert_eq!(layers.get(Time::START, there, &"tool").hit.map(|hit| hit.layer), Some(0), "copied to the node");
//! # Ok::<(), tars_policy::spec::SpecError>(())
//! ```

use crate::cache::{Cache, CacheSpec, Lookup};
use crate::spec::SpecError;
use crate::units::{Span, Time};
use alloc::collections::BTreeMap;
use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec;
use alloc::vec::Vec;
use core::hash::Hash;

/// Who has a cache of its own in a layer. By reach: an agent's is nearest.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "serde", serde(rename_all = "snake_case"))]
pub enum Scope {
    /// Each agent.
    Agent,
    /// Each node.
    Node,
    /// All together have one.
    #[default]
    Shared,
}

/// One layer.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "serde", serde(deny_unknown_fields, default))]
pub struct LayerSpec {
    /// Its name in reports.
    pub name: String,
    /// Who has a cache of its own in it.
    pub scope: Scope,
    /// Capacity and TTL of each of its caches.
    pub cache: CacheSpec,
    /// How long it takes to look into it.
    pub lookup: Span,
    /// How long it takes to write to it.
    pub store: Span,
}

/// What happens to a hit in a far layer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "serde", serde(rename_all = "snake_case"))]
pub enum OnHit {
    /// It is copied into every nearer layer.
    #[default]
    Promote,
    /// It stays where it is.
    Leave,
}

/// Where a write goes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "serde", serde(rename_all = "snake_case"))]
pub enum OnWrite {
    /// Into every layer.
    #[default]
    Through,
    /// Into the farthest layer only; the writer's nearer copies are removed, and come back with its next hit.
    Around,
}

/// How far an invalidation reaches.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "serde", serde(rename_all = "snake_case"))]
pub enum Reach {
    /// Every cache of every layer, as by a broadcast.
    #[default]
    Everywhere,
    /// The shared layers and the caches of the invalidating agent and its node.
    Own,
}

/// The layers, nearest first.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "serde", serde(deny_unknown_fields))]
pub struct LayersSpec {
    /// The layers, nearest first; at least one, and none with a narrower scope than the one before.
    pub layers: Vec<LayerSpec>,
    /// What happens to a hit in a far layer.
    #[cfg_attr(feature = "serde", serde(default))]
    pub on_hit: OnHit,
    /// Where a write goes.
    #[cfg_attr(feature = "serde", serde(default))]
    pub on_write: OnWrite,
    /// How far an invalidation reaches.
    #[cfg_attr(feature = "serde", serde(default))]
    pub invalidation: Reach,
}

const MEGABYTE: u64 = 1024 * 1024;

impl LayersSpec {
    /// Names every impossible value: no layers, names that are empty or repeated, scopes out of order, impossible caches.
    pub fn validate(&self) -> Result<(), SpecError> {
        if self.layers.is_empty() {
            return Err(SpecError::new("layers", "is empty; expected at least one layer"));
        }
        for (index, layer) in self.layers.iter().enumerate() {
            let field = |name: &str| format!("layers.{index}.{name}");
            if layer.name.is_empty() || self.layers[..index].iter().any(|other| other.name == layer.name) {
                return Err(SpecError::new(
                    field("name"),
                    format!("is `{}`; expected a name that no other layer has", layer.name),
                ));
            }
            if index > 0 && layer.scope < self.layers[index - 1].scope {
                return Err(SpecError::new(
                    field("scope"),
                    "is narrower than that of the layer before; expected agent, then node, then shared",
                ));
            }
            layer.cache.validate().map_err(|error| error.within(&field("cache")))?;
        }
        Ok(())
    }

    /// The layers, all empty.
    pub fn build<K: Hash + Eq + Clone, V: Clone>(&self) -> Result<Layers<K, V>, SpecError> {
        self.validate()?;
        Ok(Layers { caches: self.layers.iter().map(|_| BTreeMap::new()).collect(), spec: self.clone() })
    }

    /// Document 004, "Multi-Layer Cache Architecture": L1 in each pod, 100 MB and up to 5 minutes; L2 in Redis, 10 GB
    /// and up to 30 minutes; L3 at the edge, up to 24 hours. The upper end of each printed range of TTLs, the lower of the sizes.
    ///
    /// The time of a look into L2 is printed once (10 ms, "Load checkpoint, L2 cache hit"); those of L1 (none) and L3
    /// (50 ms) are assumed, and stores are taken to be as long as looks.
    pub fn published_004() -> Self {
        let layer = |name: &str, scope, max_bytes, minutes: u64, millis| LayerSpec {
            name: name.to_string(),
            scope,
            cache: CacheSpec { max_bytes, ttl: Some(Span::from_secs(60 * minutes)), ..CacheSpec::default() },
            lookup: Span::from_millis(millis),
            store: Span::from_millis(millis),
        };
        Self {
            layers: vec![
                layer("l1", Scope::Node, Some(100 * MEGABYTE), 5, 0),
                layer("l2", Scope::Shared, Some(10 * 1024 * MEGABYTE), 30, 10),
                layer("l3", Scope::Shared, None, 24 * 60, 50),
            ],
            on_hit: OnHit::default(),
            on_write: OnWrite::default(),
            invalidation: Reach::default(),
        }
    }

    /// Named configurations; property tests run over all of them.
    pub fn examples() -> Vec<(&'static str, Self)> {
        let layer = |name: &str, scope, max_entries, secs, millis| LayerSpec {
            name: name.to_string(),
            scope,
            cache: CacheSpec {
                max_entries: Some(max_entries),
                ttl: Some(Span::from_secs(secs)),
                ..CacheSpec::default()
            },
            lookup: Span::from_millis(millis),
            store: Span::from_millis(millis),
        };
        let three = Self {
            layers: vec![
                layer("agent", Scope::Agent, 2, 10, 0),
                layer("node", Scope::Node, 4, 30, 1),
                layer("shared", Scope::Shared, 16, 120, 10),
            ],
            ..Self::published_004()
        };
        vec![
            ("published_004", Self::published_004()),
            ("agent_node_shared", three.clone()),
            ("left_where_it_is", Self { on_hit: OnHit::Leave, ..three.clone() }),
            ("written_around", Self { on_write: OnWrite::Around, invalidation: Reach::Own, ..three }),
        ]
    }
}

/// Where a caller is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Place {
    /// The agent.
    pub agent: u32,
    /// The node that the agent is on.
    pub node: u32,
}

impl Place {
    /// Whose cache serves this place in a layer of this scope.
    const fn owner(self, scope: Scope) -> u32 {
        match scope {
            Scope::Agent => self.agent,
            Scope::Node => self.node,
            Scope::Shared => 0,
        }
    }
}

/// What was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LayerHit<V> {
    /// The value.
    pub value: V,
    /// The layer that it was found in, from 0.
    pub layer: usize,
    /// How long ago it was written, copies not counted.
    pub age: Span,
    /// Whether it is past the TTL of its layer.
    pub stale: bool,
}

/// What a look found, and how long it took.
#[must_use]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LayerLookup<V> {
    /// What was found; `None` is a miss in every layer.
    pub hit: Option<LayerHit<V>>,
    /// The lookups of all layers asked.
    pub took: Span,
}

#[derive(Clone, Debug)]
struct Kept<V> {
    value: V,
    bytes: u64,
    written: Time,
}

/// Cache layers; made by [`LayersSpec::build`].
#[derive(Debug)]
pub struct Layers<K, V> {
    spec: LayersSpec,
    /// For each layer the caches by owner.
    caches: Vec<BTreeMap<u32, Cache<K, Kept<V>>>>,
}

impl<K: Hash + Eq + Clone, V: Clone> Layers<K, V> {
    /// Looks for `key` from where the caller is.
    pub fn get(&mut self, now: Time, place: Place, key: &K) -> LayerLookup<V> {
        let mut took = Span::ZERO;
        let mut stale: Option<(usize, Kept<V>)> = None;
        for index in 0..self.caches.len() {
            took = took.saturating_add(self.spec.layers[index].lookup);
            let owner = place.owner(self.spec.layers[index].scope);
            match self.caches[index].get_mut(&owner).map_or(Lookup::Miss, |cache| cache.get(now, key)) {
                Lookup::Hit(kept) => {
                    let kept = kept.clone();
                    let hit = Some(hit(now, index, &kept, false));
                    if self.spec.on_hit == OnHit::Promote {
                        self.copy(now, place, key, &kept, 0..index);
                    }
                    return LayerLookup { hit, took };
                }
                Lookup::Stale(kept) => stale = stale.or_else(|| Some((index, kept.clone()))),
                Lookup::Miss => {}
            }
        }
        LayerLookup { hit: stale.map(|(index, kept)| hit(now, index, &kept, true)), took }
    }

    /// Writes `value`, `bytes` large, and says how long that takes.
    pub fn insert(&mut self, now: Time, place: Place, key: &K, value: V, bytes: u64) -> Span {
        let kept = Kept { value, bytes, written: now };
        let layers = match self.spec.on_write {
            OnWrite::Through => 0..self.caches.len(),
            OnWrite::Around => {
                let last = self.caches.len() - 1;
                for index in 0..last {
                    self.remove_of(index, place.owner(self.spec.layers[index].scope), key);
                }
                last..self.caches.len()
            }
        };
        self.copy(now, place, key, &kept, layers.clone());
        self.spec.layers[layers].iter().fold(Span::ZERO, |sum, layer| sum.saturating_add(layer.store))
    }

    /// Removes `key` as far as [`LayersSpec::invalidation`] reaches, and says from how many caches.
    pub fn invalidate(&mut self, place: Place, key: &K) -> u32 {
        let mut removed = 0;
        for index in 0..self.caches.len() {
            match self.spec.invalidation {
                Reach::Everywhere => {
                    for cache in self.caches[index].values_mut() {
                        removed += u32::from(cache.remove(key).is_some());
                    }
                }
                Reach::Own => {
                    removed += self.remove_of(index, place.owner(self.spec.layers[index].scope), key);
                }
            }
        }
        removed
    }

    /// An agent or a node is gone, and its caches with it; of [`Scope::Shared`] the owner is 0.
    pub fn forget(&mut self, scope: Scope, owner: u32) {
        for (layer, caches) in self.spec.layers.iter().zip(&mut self.caches) {
            if layer.scope == scope {
                caches.remove(&owner);
            }
        }
    }

    /// The TTL of all entries of a layer, those already in included.
    pub fn set_ttl(&mut self, layer: usize, ttl: Option<Span>) {
        self.spec.layers[layer].cache.ttl = ttl;
        for cache in self.caches[layer].values_mut() {
            cache.set_ttl_of_all(ttl);
        }
    }

    /// The layers.
    pub fn layers(&self) -> &[LayerSpec] {
        &self.spec.layers
    }

    /// Entries in a layer, over all its caches, stale ones included.
    pub fn len(&self, layer: usize) -> usize {
        self.caches[layer].values().map(Cache::len).sum()
    }

    /// Bytes in the cache of one owner in a layer: what a layer of an agent or a node adds to a heap.
    pub fn bytes(&self, layer: usize, owner: u32) -> u64 {
        self.caches[layer].get(&owner).map_or(0, Cache::bytes)
    }

    fn copy(&mut self, now: Time, place: Place, key: &K, kept: &Kept<V>, layers: core::ops::Range<usize>) {
        for index in layers {
            let layer = &self.spec.layers[index];
            let cache = self.caches[index]
                .entry(place.owner(layer.scope))
                .or_insert_with(|| layer.cache.build().expect("checked when the layers were built"));
            cache.insert_with(now, key.clone(), kept.clone(), kept.bytes, |_, _| {});
        }
    }

    fn remove_of(&mut self, layer: usize, owner: u32, key: &K) -> u32 {
        let cache = self.caches[layer].get_mut(&owner);
        u32::from(cache.is_some_and(|cache| cache.remove(key).is_some()))
    }
}

fn hit<V: Clone>(now: Time, layer: usize, kept: &Kept<V>, stale: bool) -> LayerHit<V> {
    LayerHit { value: kept.value.clone(), layer, age: now.saturating_since(kept.written), stale }
}

#[cfg(test)]
mod tests;

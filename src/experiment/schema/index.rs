//! The mirror of indexes: what tenants fill, dealt out to shards that split and have copies.

use super::station::StationSpec;
use crate::model::distribution::Law;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tars_policy::autoscale::AutoscaleSpec;
use tars_policy::units::Span;

/// An index, such as that of a vector database: dealt out by tenant to shards, each a station of its own, `NAME-1`, `NAME-2`
/// and so on. A `visit` that names the index goes to the shard of its task's tenant; with `adds_vectors` it makes that shard
/// grow. Users are dealt out to tenants in turn: user n is of tenant n modulo `tenants`.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct IndexSpec {
    /// The station that a shard is: what one copy of it serves with.
    pub shard: StationSpec,
    /// Shards at the start, by equal ranges of a hash of the tenant.
    #[serde(default = "three")]
    pub shards_at_start: u32,
    /// Shards at most, 1 to 1,000: the nodes that there are.
    pub shards_max: u32,
    /// How many tenants there are, 1 to 1,000,000.
    pub tenants: u32,
    /// What the index holds at the start.
    #[serde(default)]
    pub vectors_at_start: u64,
    /// How unequal tenants are at the start: the k-th holds a part of the vectors proportional to 1/k to this power, in the
    /// order 1, 2, … and 0 last, as users with numbers of a Zipf law of as many ranks ask. 0 to 10; equal when 0.
    #[serde(default)]
    pub skew_exponent: f64,
    /// When a shard splits in two; never when left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub split: Option<SplitSpec>,
    /// Copies of each shard; one for ever when left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub replicas: Option<ReplicasSpec>,
}

/// Document 004, Vector DB Scaling: three initial shards.
fn three() -> u32 {
    3
}

/// When a shard splits: between two of its tenants, where the halves are most even. A tenant is never divided, so that one
/// which outgrows a shard stays where it is.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SplitSpec {
    /// A shard that holds more vectors than this splits. Document 004, Vector DB Scaling: ten million.
    #[serde(default = "ten_million")]
    pub above_vectors: u64,
    /// From the decision until half of the tenants are at the new shard.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub time: Option<Law<Span>>,
    /// How many times as long services of the shard take meanwhile, at least 1.
    #[serde(default = "super::one")]
    pub service_factor: f64,
}

/// The published bound.
fn ten_million() -> u64 {
    10_000_000
}

/// Copies of a shard, each with the servers of `shard`; what is added is in all of them. Each shard has an autoscaler of its
/// own, which is told of copies as others are of agents: the share of busy servers since its last look, the line in front of
/// the shard, arrivals, latency, and `index_size`, what the shard holds.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ReplicasSpec {
    /// How many copies a shard begins with.
    #[serde(default = "one_copy")]
    pub at_start: u32,
    /// From the decision until a new copy serves.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub start: Option<Law<Span>>,
    /// How often the autoscaler looks.
    pub interval: Span,
    /// Its rule.
    pub rule: AutoscaleSpec,
}

/// One copy.
fn one_copy() -> u32 {
    1
}

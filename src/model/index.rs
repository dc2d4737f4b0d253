//! Indexes that are dealt out to stations by tenant, as the simulator sees them.

use super::distribution::Law;
use tars_policy::autoscale::AutoscaleSpec;
use tars_policy::shards::ShardsSpec;
use tars_policy::units::Span;

/// An index; see the schema's `IndexSpec`.
#[derive(Clone, Debug)]
pub struct Index {
    /// Its name; keys its random stream.
    pub name: String,
    /// The station of each shard, by place in [`Model::stations`](super::Model::stations): as many as there may be.
    pub stations: Vec<u16>,
    /// How it is dealt out, and when a shard splits.
    pub rule: ShardsSpec,
    /// How much of each tenant there is at the start.
    pub sizes: Vec<u64>,
    /// How long a split takes.
    pub split_time: Option<Law<Span>>,
    /// How many times as long services of a shard take while it splits.
    pub split_factor: f64,
    /// Copies of each shard.
    pub replicas: Option<Replicas>,
}

/// Copies of a shard, each with the servers of its station.
#[derive(Clone, Debug)]
pub struct Replicas {
    /// How many a shard begins with.
    pub at_start: u32,
    /// How long a new one takes.
    pub start: Option<Law<Span>>,
    /// How often the autoscaler looks at each shard.
    pub interval: Span,
    /// Its rule, told of copies instead of agents.
    pub rule: AutoscaleSpec,
}

//! What is measured of indexes.

/// What a metric of an index is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum IndexMetric {
    /// What it holds when the run stops.
    Vectors,
    /// Shards when the run stops, those that are being made included.
    Shards,
    /// Splits that were done, per replication.
    Splits,
    /// Shards above the bound when the run stops, which are not splitting: of one tenant, or without a node.
    Stuck,
    /// The share of the vectors in the largest shard when the run stops.
    Largest,
    /// The share of the calls that the shard with the most got.
    Busiest,
    /// Mean number of copies of a shard.
    Replicas,
    /// Copies added, per replication.
    ReplicasAdded,
    /// Copies taken away, per replication.
    ReplicasRemoved,
}

impl IndexMetric {
    /// Every metric of indexes, in the order of display.
    pub const ALL: [Self; 9] = [
        Self::Vectors,
        Self::Shards,
        Self::Splits,
        Self::Stuck,
        Self::Largest,
        Self::Busiest,
        Self::Replicas,
        Self::ReplicasAdded,
        Self::ReplicasRemoved,
    ];

    /// Its name in files.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Vectors => "vectors",
            Self::Shards => "shards",
            Self::Splits => "splits",
            Self::Stuck => "shards_stuck",
            Self::Largest => "largest_share",
            Self::Busiest => "busiest_share",
            Self::Replicas => "replicas_mean",
            Self::ReplicasAdded => "replicas_added",
            Self::ReplicasRemoved => "replicas_removed",
        }
    }
}

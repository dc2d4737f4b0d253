//! What is measured of runtime processes.

/// What a metric of a group of nodes is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum NodeMetric {
    /// Mean heap in use of a node.
    HeapMean,
    /// The fullest heap of any node in a replication.
    HeapMax,
    /// The most memory resident on any node in a replication.
    ResidentMax,
    /// The share of time that a node stands still.
    Stopped,
    /// Collections per minute and node.
    Collections,
    /// Mean length of a collection.
    PauseMean,
    /// Median length of a collection.
    PauseP50,
    /// 99th percentile of the length of a collection.
    PauseP99,
    /// The share of time that the event loop works.
    EventLoop,
    /// Mean number of tasks on a node.
    Tasks,
    /// Deaths by memory per node and hour.
    Deaths,
    /// Kills by the liveness probe per node and hour.
    ProbeKills,
    /// By how much more memory collections of the whole heap leave from one end of the window to the other.
    HeapGrowth,
    /// Writes to disk per second and node.
    Writes,
    /// The share of time that the disk works.
    Disk,
    /// Lines of the log lost with a process, per node and hour.
    LinesLost,
}

impl NodeMetric {
    /// Every metric of nodes, in the order of display.
    pub const ALL: [Self; 16] = [
        Self::HeapMean,
        Self::HeapMax,
        Self::ResidentMax,
        Self::Stopped,
        Self::Collections,
        Self::PauseMean,
        Self::PauseP50,
        Self::PauseP99,
        Self::EventLoop,
        Self::Tasks,
        Self::Deaths,
        Self::ProbeKills,
        Self::HeapGrowth,
        Self::Writes,
        Self::Disk,
        Self::LinesLost,
    ];

    /// Its name in files.
    pub const fn name(self) -> &'static str {
        match self {
            Self::HeapMean => "heap_mean_mb",
            Self::HeapMax => "heap_max_mb",
            Self::ResidentMax => "resident_max_mb",
            Self::Stopped => "stopped_share",
            Self::Collections => "collections_per_min",
            Self::PauseMean => "pause_mean_s",
            Self::PauseP50 => "pause_p50_s",
            Self::PauseP99 => "pause_p99_s",
            Self::EventLoop => "event_loop_utilisation",
            Self::Tasks => "tasks_mean",
            Self::Deaths => "deaths_per_h",
            Self::ProbeKills => "probe_kills_per_h",
            Self::HeapGrowth => "heap_growth_mb",
            Self::Writes => "file_writes_per_s",
            Self::Disk => "disk_utilisation",
            Self::LinesLost => "lines_lost_per_h",
        }
    }
}

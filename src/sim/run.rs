//! What one replication gives: integer counts and sums, exact samples, and nothing derived.

use super::alerts::AlertActs;
use super::background::BackgroundRun;
use super::checkpoints::SessionsRun;
use super::controllers::ScalerActs;
use super::failovers::FailoverActs;
use super::impact::ImpactRun;
use super::indexes::IndexRun;
use super::ledger::PARTS;
use super::levels::LevelActs;
use super::scaling::ScalingRun;
use super::story::StoryRun;
use super::strand::CAUSES;
use crate::tally::Samples;

/// What one replication gives. Counts are of the measured window unless they say otherwise.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Run {
    /// The measured window: its start and end, and when the run stopped, in nanoseconds.
    pub cut: u64,
    /// Where the window ends.
    pub end: u64,
    /// When the run stopped.
    pub stopped: u64,
    /// Events handled in the whole run, and those of them that were stale.
    pub events: u64,
    /// Stale ones among them.
    pub stale: u64,
    /// Tasks submitted in the whole run.
    pub issued_ever: u64,
    /// Tasks that ended in the whole run.
    pub ended_ever: u64,
    /// Tasks still there when it stopped.
    pub still_there: u64,
    /// Tasks submitted in the window: the ones that all statistics of tasks are about.
    pub issued: u64,
    /// Those of them that ended well.
    pub good: u64,
    /// Those of them that ended well within the objective's latency.
    pub good_in_time: u64,
    /// Those of them that did not, by cause.
    pub bad: [u64; CAUSES],
    /// Those of them that had not ended when the run stopped.
    pub unfinished: u64,
    /// Tasks that ended in the window, whenever they began; and those that ended well.
    pub ended_in_window: u64,
    /// Those that ended well in the window.
    pub good_in_window: u64,
    /// Latency of those that ended well.
    pub latency: Samples,
    /// Times to the first byte of those that ended well; empty where no answers are streamed.
    pub first_byte: Samples,
    /// Task-nanoseconds in the system, in the window.
    pub system_area: u128,
    /// Retries of calls.
    pub retried: u64,
    /// Calls that were given up and put aside as dead letters.
    pub dead_letters: u64,
    /// Resubmissions by clients.
    pub resubmitted: u64,
    /// Calls in the whole run, refusals by rate limits (429) and by breakers.
    pub calls_ever: u64,
    /// Refusals by rate limits in the whole run.
    pub limited_ever: u64,
    /// Refusals by breakers in the whole run.
    pub breaker_refused_ever: u64,
    /// Trillionths of a dollar spent on tokens for the window's tasks.
    pub token_cost: u128,
    /// Trillionths of a dollar spent on tokens for nothing, in the whole run.
    pub wasted_cost_ever: u128,
    /// Work that went on after its client had left, in the whole run.
    pub orphans_ever: u64,
    /// Sum of the accuracy of good answers, in millionths.
    pub quality: u64,
    /// Prompt and generated tokens of good tasks.
    pub input_tokens: u64,
    /// Generated tokens of good tasks.
    pub output_tokens: u64,
    /// Ledgers of good tasks by coarse latency: bucket, tasks, nanoseconds by part.
    pub ledgers: Vec<(u32, u64, [u64; PARTS])>,
    /// The same by priority, class, role, model and provider.
    pub breakdowns: Vec<BreakdownRun>,
    /// What each station did.
    pub stations: Vec<StationRun>,
    /// What each pool did.
    pub pools: Vec<PoolRun>,
    /// What each node did.
    pub nodes: Vec<NodeRun>,
    /// Looks into caches, and hits among them, by cache.
    pub caches: Vec<(u64, u64)>,
    /// Hits of measured tasks on what was out of date.
    pub stale_hits: u64,
    /// What each autoscaler did.
    pub scalers: Vec<ScalerActs>,
    /// What each alert did.
    pub alerts: Vec<AlertActs>,
    /// Nanoseconds in each degradation mode in the whole run, changes, and changes by trigger.
    pub modes: Option<([u64; 3], u64, [u64; 5])>,
    /// What the controller of levels did in the whole run.
    pub levels: Option<LevelActs>,
    /// Windows over time, of the whole run.
    pub windows: Vec<WindowRun>,
    /// The mean number of tasks in the system by slice of time, in task-nanoseconds; only in pilots.
    pub slices: Vec<u128>,
    /// What failures did, where that is written down.
    pub recovery: Option<RecoveryRun>,
    /// Indexes, work in the background and scaling, where there is any of them.
    pub platform: Option<PlatformRun>,
    /// What happened when, where there is anything to tell.
    pub story: Option<StoryRun>,
}

/// What only some platforms have.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct PlatformRun {
    /// What each index did.
    pub indexes: Vec<IndexRun>,
    /// What became of work in the background, where any route begins some.
    pub background: Option<BackgroundRun>,
    /// How autoscaled pools followed the load, where that is asked.
    pub scaling: Option<ScalingRun>,
}

/// What failures did, and how the system got over them.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct RecoveryRun {
    /// The tasks that they touched.
    pub impact: ImpactRun,
    /// The sessions whose agents died.
    pub sessions: SessionsRun,
    /// How often the state of a user has moved to another region.
    pub moved: u64,
    /// What each failover did.
    pub failovers: Vec<FailoverActs>,
    /// Of each station, nanoseconds of the measured window in which it answered.
    pub answering: Vec<u128>,
}

/// What one station did in the window.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct StationRun {
    /// Calls that joined it in the whole run, for the audit.
    pub arrived_ever: u64,
    /// Calls of measured tasks, and how they fared.
    pub calls: u64,
    /// Served.
    pub served: u64,
    /// Refused for lack of room.
    pub refused: u64,
    /// Refused by the rate limit.
    pub limited: u64,
    /// Waits in line.
    pub wait: Samples,
    /// Call-nanoseconds there, and in service, in the window.
    pub number_area: u128,
    /// In service.
    pub busy_area: u128,
    /// Server-nanoseconds that were not broken.
    pub working_area: u128,
    /// The highest number there.
    pub number_max: u32,
    /// Services started, and those started beyond the calibrated number, in the whole run.
    pub started_ever: u64,
    /// Those beyond.
    pub beyond_ever: u64,
    /// Connections opened for measured tasks.
    pub handshakes: u64,
}

/// What one pool did in the window.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct PoolRun {
    /// Tasks that joined it in the whole run.
    pub arrived_ever: u64,
    /// Refused at its gateway.
    pub refused: u64,
    /// Waits in its queue.
    pub wait: Samples,
    /// Task-nanoseconds there, in the window.
    pub number_area: u128,
    /// In its queue.
    pub queue_area: u128,
    /// Agent-nanoseconds alive.
    pub agent_area: u128,
    /// Polling workers that count themselves as active, in nanoseconds.
    pub claimed_area: u128,
    /// The longest queue.
    pub queue_max: u32,
    /// The most tasks there.
    pub number_max: u32,
    /// Agents spawned and retired in the whole run.
    pub spawned_ever: u64,
    /// Retired.
    pub retired_ever: u64,
}

/// What one node did in the window.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct NodeRun {
    /// Which group it is of, by place in the model.
    pub group: u16,
    /// Kilobyte-nanoseconds of heap in use.
    pub heap_area: u128,
    /// The fullest heap, and the most memory resident, in kilobytes.
    pub heap_max: u32,
    /// Resident.
    pub resident_max: u32,
    /// Task-nanoseconds on it.
    pub tasks_area: u128,
    /// Lengths of collections.
    pub pauses: Samples,
    /// Of each half of the window, collections of the whole heap and the kilobytes that they left, in sum.
    pub left: [(u64, u64); 2],
    /// Collections of the young generation.
    pub minors: u64,
    /// Of the whole heap.
    pub majors: u64,
    /// Asked for.
    pub manuals: u64,
    /// Nanoseconds of work of the event loop.
    pub worked: u64,
    /// Nanoseconds stopped by collections and restarts.
    pub stopped: u64,
    /// Deaths by memory in the whole run.
    pub deaths_ever: u64,
    /// Kills by the liveness probe in the whole run.
    pub probe_kills_ever: u64,
    /// Writes, rotations and snapshots begun.
    pub writes: u64,
    /// Nanoseconds of work of the disk that was begun.
    pub disk_busy: u64,
    /// Lines of the log lost with the process in the whole run.
    pub lines_lost_ever: u64,
}

/// The tasks that share one value of a dimension.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct BreakdownRun {
    /// 0 priority, 1 class, 2 role, 3 model, 4 provider.
    pub dimension: u8,
    /// The value's place in the model's list.
    pub value: u16,
    /// Tasks that ended; well; latency of those; cost; quality.
    pub ended: u64,
    /// Those that ended well.
    pub good: u64,
    /// Latency of those.
    pub latency: Samples,
    /// Trillionths of a dollar.
    pub cost: u128,
    /// Millionths of accuracy of good answers.
    pub quality: u64,
    /// Calls, for models and providers.
    pub calls: u64,
    /// Calls that failed.
    pub calls_failed: u64,
}

/// What happened in one window of time.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct WindowRun {
    /// Tasks submitted.
    pub issued: u64,
    /// Tasks that ended well.
    pub good: u64,
    /// Tasks that did not.
    pub bad: u64,
    /// Refusals by rate limits.
    pub limited: u64,
    /// Trillionths of a dollar spent on tokens by tasks that ended.
    pub cost: u128,
    /// Latency of the good, coarsely: bucket and tasks.
    pub latency: Vec<(u32, u64)>,
    /// Task-nanoseconds in pools' queues and stations' lines.
    pub queue_area: u128,
    /// Task-nanoseconds in the system.
    pub number_area: u128,
    /// Agent-nanoseconds.
    pub agent_area: u128,
    /// Kilobyte-nanoseconds of heap in use, all nodes together.
    pub heap_area: u128,
    /// The degradation mode at the end: 0, 1, 2.
    pub mode: u8,
}

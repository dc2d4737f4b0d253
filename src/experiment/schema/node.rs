//! Runtime processes: heap, collections that stop everything, death by memory and restart.

use super::files::FilesSpec;
use crate::model::distribution::Law;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tars_policy::units::Span;

/// Runtime processes that are alike. The agents of a pool that names them are spread over them evenly.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct NodeSpec {
    /// How many.
    #[serde(default = "one_process")]
    pub count: u32,
    /// How many agents of a pool live in one of them for each that lives in a node of weight 1, up to 100.
    #[serde(default = "one_process")]
    pub weight: u32,
    /// What each holds in memory.
    pub memory: MemorySpec,
    /// What each produces as garbage.
    #[serde(default)]
    pub garbage: GarbageSpec,
    /// What its event loop does, one thing after another.
    #[serde(default)]
    pub event_loop: EventLoopSpec,
    /// The buffer through which it reads the answer of a call; reading takes no time when left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub buffer: Option<BufferSpec>,
    /// Whether answers of LLM calls are held until they are complete, or handed on as they come.
    #[serde(default)]
    pub responses: ResponsesSpec,
    /// Collections of the young generation.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub minor: Option<MinorSpec>,
    /// Collections of the whole heap.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub major: Option<MajorSpec>,
    /// Collections that the program asks for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub manual: Option<ManualSpec>,
    /// What it writes to disk.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub files: Option<FilesSpec>,
    /// From death to ready again; what is due on a node meanwhile waits, and new work goes to other nodes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub restart: Option<Law<Span>>,
    /// A probe that restarts a node whose event loop stands still.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub liveness: Option<LivenessSpec>,
}

/// One process.
fn one_process() -> u32 {
    1
}

/// What a process does with the answers of LLM calls.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "snake_case")]
pub enum ResponsesSpec {
    /// It holds them until they are complete: the first byte reaches the client with the last.
    #[default]
    Buffered,
    /// It hands them on as they come: the first byte reaches the client with the first token of the task's last call.
    Streamed {
        /// What is left of `per_task_mb` and `external_per_task_mb`. Document 003, Streaming Responses: 60 to 70 % less.
        #[serde(default = "streamed_memory")]
        memory_share: f64,
        /// How much longer a call takes. Document 003, Streaming Responses: 5 %.
        #[serde(default = "streamed_latency")]
        latency_share: f64,
    },
}

/// The memory of streamed answers, the middle of what document 003 says.
fn streamed_memory() -> f64 {
    0.35
}

/// The overhead of streaming.
fn streamed_latency() -> f64 {
    0.05
}

/// What a process holds in memory, in megabytes.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct MemorySpec {
    /// The heap at which it dies of out-of-memory.
    pub heap_limit_mb: f64,
    /// In the heap without agents and tasks.
    #[serde(default)]
    pub base_mb: f64,
    /// In the heap for each agent.
    #[serde(default)]
    pub per_agent_mb: f64,
    /// In the heap for each task that an agent there carries.
    #[serde(default)]
    pub per_task_mb: f64,
    /// In the heap for each task in the pool's queue, shared by the nodes.
    #[serde(default)]
    pub per_queued_task_mb: f64,
    /// Outside the heap for each task, such as buffered responses.
    #[serde(default)]
    pub external_per_task_mb: f64,
    /// Resident outside heap and buffers: code, stacks.
    #[serde(default)]
    pub resident_base_mb: f64,
    /// What never becomes free again for each task that ends: a leak.
    #[serde(default)]
    pub leak_per_task_mb: f64,
    /// Results warn of a leak where what collections of the whole heap leave grows by more over the measured window.
    /// Document 002, Memory Profiling Under Load: 50 MB.
    #[serde(default = "published_growth")]
    pub leak_above_mb: f64,
    /// Caches whose entries lie in the heaps: a plain or semantic one is shared by the nodes evenly, of a layered one each
    /// holds its own layers.
    #[serde(default)]
    pub caches: Vec<String>,
}

/// The growth that document 002 takes for a leak.
fn published_growth() -> f64 {
    50.0
}

/// A buffer through which answers are read: the event loop is asked each time it is full, and once for what is left.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct BufferSpec {
    /// Its size in kilobytes; each task has one, outside the heap. Node.js: 64.
    #[serde(default = "usual_buffer")]
    pub size_kb: f64,
    /// How large an answer is, in kilobytes.
    pub answer_kb: f64,
    /// Work of the event loop each time.
    pub per_read: Span,
}

/// Half of what `highWaterMark` of a stream of Node.js may be, and that of its file streams.
fn usual_buffer() -> f64 {
    64.0
}

/// What becomes garbage.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct GarbageSpec {
    /// For each task that an agent takes, in megabytes.
    pub per_task_mb: f64,
    /// For each call that an agent makes, in megabytes.
    pub per_call_mb: f64,
}

/// What the event loop of a process does: one thing after another, nothing during a collection.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct EventLoopSpec {
    /// Work for each task that an agent takes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub per_task: Option<Law<Span>>,
    /// Work for each call that comes back.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub per_call: Option<Law<Span>>,
    /// The share of a core that a limit leaves it, up to 1; work takes the reciprocal times as long.
    pub cores: f64,
}

impl Default for EventLoopSpec {
    fn default() -> Self {
        Self { per_task: None, per_call: None, cores: 1.0 }
    }
}

/// Collections of the young generation.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct MinorSpec {
    /// After so much garbage, in megabytes.
    pub every_mb: f64,
    /// The share of it that is promoted and stays until a major collection.
    #[serde(default)]
    pub promoted_share: f64,
    /// How long everything stands still.
    pub pause: PauseSpec,
}

/// Collections of the whole heap.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct MajorSpec {
    /// When the heap in use has grown to this many times what the last one left.
    pub growth_factor: f64,
    /// How long everything stands still.
    pub pause: PauseSpec,
}

/// Collections that the program asks for.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ManualSpec {
    /// When the heap in use is above this share of its limit.
    pub at_heap_share: f64,
    /// Not more often than this.
    pub every: Span,
    /// How long everything stands still.
    pub pause: PauseSpec,
}

/// How long a collection stops a node: `time`, plus `per_live_mb` for what it leaves, plus a line through `by_tasks`.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct PauseSpec {
    /// Drawn for each collection.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub time: Option<Law<Span>>,
    /// For each megabyte that is alive.
    pub per_live_mb: Span,
    /// By the number of tasks on the node: points of tasks and span, straight between them, flat outside.
    pub by_tasks: Vec<(u32, Span)>,
}

/// A probe that restarts a node.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct LivenessSpec {
    /// How often it asks.
    pub interval: Span,
    /// How long it waits for an answer.
    pub timeout: Span,
    /// After so many misses in a row the node is killed.
    #[serde(default = "three_misses")]
    pub misses: u32,
    /// For so long after its start, and after its death, a node is not asked (`initialDelaySeconds`).
    #[serde(default)]
    pub initial_delay: Span,
}

/// The usual number of misses.
fn three_misses() -> u32 {
    3
}

//! The mirror of failover and of recovery from checkpoints.

use crate::model::distribution::Law;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tars_policy::units::Span;

/// How it is found out that something is gone: it is asked at multiples of the interval.
#[derive(Clone, Copy, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ProbeSpec {
    /// How often it is asked.
    pub interval: Span,
    /// After so many failures in a row it is taken to be gone. Document 004, Failover Procedures: 3.
    #[serde(default = "three")]
    pub misses: u32,
}

/// The published number of failures.
fn three() -> u32 {
    3
}

/// A group of stations of which one is active: calls with an `access` that name any of them go to the one that is. The
/// length of an outage is stated nowhere: it is what the probes, the decision, the promotion and the callers' name entries
/// take one after another.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct FailoverPolicy {
    /// The stations; the first is active at the start.
    pub members: Vec<String>,
    /// How the end of the active member is found out.
    pub probe: ProbeSpec,
    /// Until a person has come to decide; nobody is asked when left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub operator: Option<Law<Span>>,
    /// How long it takes to look at the active member again, at the readiness of another, and at its lag.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub decision: Option<Law<Span>>,
    /// How long it takes to make another member active.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub promotion: Option<Law<Span>>,
    /// How long the checks after the promotion take, while the new member already serves.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub verification: Option<Law<Span>>,
    /// How long it takes to tell people, after the checks.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub notification: Option<Law<Span>>,
    /// How long callers keep the name entry of the old member: each moves over at a moment of its own within this.
    #[serde(default)]
    pub dns_ttl: Span,
    /// Whether the decision asks from elsewhere whether the active member is truly gone, and stops if it is not. Without it
    /// a member that only the watcher cannot reach goes on taking writes, which are lost.
    #[serde(default = "yes")]
    pub split_brain_check: bool,
    /// How writes come to the other members.
    #[serde(default)]
    pub replication: ReplicationMode,
    /// When the first member is active again.
    #[serde(default)]
    pub fail_back: FailBackSpec,
}

/// Yes.
fn yes() -> bool {
    true
}

/// How writes come to the other members.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "snake_case")]
pub enum ReplicationMode {
    /// At once: nothing is lost with the active member, and no read is stale.
    #[default]
    Synchronous,
    /// After a lag, in order: what is under way is lost with the active member, and read late elsewhere.
    Asynchronous {
        /// From a write to its arrival.
        lag: Law<Span>,
    },
}

/// When the first member is active again.
#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "snake_case")]
pub enum FailBackSpec {
    /// Never.
    #[default]
    Never,
    /// Once it has been well for so long, by a promotion in order, in which nothing is lost.
    After(Span),
}

/// What a call wants of the members of a failover.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum AccessSpec {
    /// To write, at the active member.
    Write,
    /// To read, at the active member.
    Read,
    /// To read at another member, the first that answers behind the active one; at that one where none does.
    Replica,
}

/// How the sessions that a pool's agents carry outlive them: a session whose agent has died waits until that is noticed and
/// for another agent, which loads the last checkpoint that was safe (a `checkpoint` step) and goes on behind it. What came
/// later is done again.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SessionRecoverySpec {
    /// How an agent's death is found out.
    pub heartbeat: ProbeSpec,
    /// How long the next agent takes to load a checkpoint.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub restore: Option<Law<Span>>,
    /// Added to `restore`: so much data, at such a rate.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub load: Option<LoadingSpec>,
    /// How many deaths of agents a session outlives.
    #[serde(default = "five")]
    pub times_max: u32,
    /// How a session outlives its region (a `region` step), whose ways must then be alike; it is lost with it when left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub elsewhere: Option<ElsewhereSpec>,
}

/// How a session outlives its region: once its user knows that the region is down, it goes where the `region` step then
/// leads, and on from the last checkpoint that had been copied there. What came later is done again.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ElsewhereSpec {
    /// From when a checkpoint is safe in its own region until it has been copied to the others.
    pub lag: Law<Span>,
}

/// Data that are read back.
#[derive(Clone, Copy, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct LoadingSpec {
    /// How much, in megabytes.
    pub size_mb: f64,
    /// How fast, in megabytes a second, above 0.
    pub mb_per_s: f64,
}

/// The usual number of deaths.
fn five() -> u32 {
    5
}

/// The session is written down as it is here.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct CheckpointStep {
    /// After how long it is safe, while the session goes on (a write-ahead log); at once when left out. The time of the
    /// write itself is that of the steps before.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub lag: Option<Law<Span>>,
}

/// Steps, and others in their place where they fail.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TryStep {
    /// What is tried.
    pub steps: Vec<super::route::Step>,
    /// What is done when it has failed for good; nothing when left out. The answer is then less than it would have been.
    #[serde(default)]
    pub otherwise: Vec<super::route::Step>,
}

//! Failover and recovery as the simulator sees them.

use super::distribution::Law;
use tars_policy::units::Span;

/// A group of stations of which one is active; see the schema's `FailoverPolicy`.
#[derive(Clone, Debug)]
pub struct Failover {
    /// Its name; keys its random stream.
    pub name: String,
    /// The stations, by place in [`Model::stations`](super::Model::stations); the first is active at the start.
    pub members: Vec<u16>,
    /// How often the active member is probed.
    pub interval: Span,
    /// So many failures in a row are taken for its end.
    pub misses: u32,
    /// Until a person has come to decide.
    pub operator: Option<Law<Span>>,
    /// How long the decision takes.
    pub decision: Option<Law<Span>>,
    /// How long a promotion takes.
    pub promotion: Option<Law<Span>>,
    /// How long the checks after it take.
    pub verification: Option<Law<Span>>,
    /// How long it takes to tell people, after that.
    pub notification: Option<Law<Span>>,
    /// How long callers keep the name entry of the old member, at most.
    pub dns_ttl: Span,
    /// Whether the decision asks somebody else whether the active member is truly gone.
    pub split_brain_check: bool,
    /// How long after a write it is at the other members; at once when absent.
    pub lag: Option<Law<Span>>,
    /// For how long the first member must be well before it is active again; never when absent.
    pub fail_back_after: Option<Span>,
}

/// What a call wants of a group of stations.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// To write, at the active member.
    Write,
    /// To read, at the active member.
    Read,
    /// To read at another member, as long as one answers.
    Replica,
}

/// How sessions outlive the agents of a pool; see the schema's `SessionRecoverySpec`.
#[derive(Clone, Debug)]
pub struct SessionRecovery {
    /// How often agents are asked for a heartbeat.
    pub interval: Span,
    /// So many heartbeats missed in a row are taken for an agent's death.
    pub misses: u32,
    /// How long the next agent takes to load a checkpoint.
    pub restore: Option<Law<Span>>,
    /// Added to it: what reading its data takes.
    pub load: Span,
    /// How many deaths a session outlives.
    pub times_max: u32,
    /// From when a checkpoint is safe until it is in the other regions, where a session outlives its own.
    pub elsewhere: Option<Law<Span>>,
}

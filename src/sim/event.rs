//! What happens: a closed set, packed into 28 bits.

use crate::engine;

/// Something that happens at a moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Event {
    /// A station breaks down, or one of its servers does.
    Break(u32),
    /// A station or one of its servers is repaired.
    Repair(u32),
    /// A strand's delay, service, backoff or refusal is over.
    Wake(u32),
    /// The next call in a processor-sharing station is done.
    Shared(u32),
    /// An agent is ready.
    AgentReady(u32),
    /// The first in line at a limiter may go.
    LimitLifts(u32),
    /// A client's next arrival.
    Arrive(u32),
    /// A user starts a task.
    User(u32),
    /// A polling worker looks again.
    Worker(u32),
    /// A strand runs out of patience in line.
    Patience(u32),
    /// An attempt runs out of time.
    Timeout(u32),
    /// A client gives up on a task.
    GiveUp(u32),
    /// Agents of a pool may have expired.
    Expire(u32),
    /// An autoscaler looks.
    Autoscale(u32),
    /// The degradation controller looks.
    Degrade(u32),
    /// A fault begins or ends.
    Fault(u32),
    /// A node that died is back.
    NodeBack(u32),
    /// A node's liveness probe asks.
    Probe(u32),
    /// An alert looks.
    Alert(u32),
    /// A node has run out of memory.
    NodeDies(u32),
    /// A batch of calls may have waited long enough.
    BatchDue(u32),
    /// One who makes a call for others may be late.
    LeaderLate(u32),
    /// A failover probes, or has done what it was about.
    Failover(u32),
    /// Something of an index is done.
    Index(u32),
}

/// How many bits the index takes.
const INDEX_BITS: u32 = 23;

impl engine::Event for Event {
    /// At one moment: the ruler, which is no event, first; then repairs, then what finishes, then what becomes free, then what arrives,
    /// then what runs out (so that an answer at the very deadline counts), then controllers.
    fn rank(self) -> u8 {
        match self {
            Self::Break(_) | Self::Repair(_) | Self::Fault(_) | Self::NodeBack(_) => 1,
            Self::Wake(_) | Self::Shared(_) => 4,
            Self::AgentReady(_) => 5,
            Self::LimitLifts(_) => 6,
            Self::BatchDue(_) => 7,
            Self::Arrive(_) | Self::User(_) => 8,
            Self::Worker(_) => 9,
            Self::Patience(_) | Self::Timeout(_) | Self::GiveUp(_) | Self::LeaderLate(_) => 10,
            Self::Expire(_) => 11,
            Self::Autoscale(_)
            | Self::Degrade(_)
            | Self::Probe(_)
            | Self::Alert(_)
            | Self::NodeDies(_)
            | Self::Failover(_)
            | Self::Index(_) => 12,
        }
    }

    fn encode(self) -> u32 {
        let (kind, index) = match self {
            Self::Break(index) => (1, index),
            Self::Repair(index) => (2, index),
            Self::Wake(index) => (3, index),
            Self::Shared(index) => (4, index),
            Self::AgentReady(index) => (5, index),
            Self::LimitLifts(index) => (6, index),
            Self::Arrive(index) => (7, index),
            Self::User(index) => (8, index),
            Self::Worker(index) => (9, index),
            Self::Patience(index) => (10, index),
            Self::Timeout(index) => (11, index),
            Self::GiveUp(index) => (12, index),
            Self::Expire(index) => (13, index),
            Self::Autoscale(index) => (14, index),
            Self::Degrade(index) => (15, index),
            Self::Fault(index) => (16, index),
            Self::NodeBack(index) => (17, index),
            Self::Probe(index) => (18, index),
            Self::Alert(index) => (19, index),
            Self::NodeDies(index) => (20, index),
            Self::BatchDue(index) => (21, index),
            Self::LeaderLate(index) => (22, index),
            Self::Failover(index) => (23, index),
            Self::Index(index) => (24, index),
        };
        assert!(index < 1 << INDEX_BITS, "more than eight million of one kind are alive");
        kind << INDEX_BITS | index
    }

    fn decode(bits: u32) -> Self {
        let index = bits & ((1 << INDEX_BITS) - 1);
        match bits >> INDEX_BITS {
            1 => Self::Break(index),
            2 => Self::Repair(index),
            3 => Self::Wake(index),
            4 => Self::Shared(index),
            5 => Self::AgentReady(index),
            6 => Self::LimitLifts(index),
            7 => Self::Arrive(index),
            8 => Self::User(index),
            9 => Self::Worker(index),
            10 => Self::Patience(index),
            11 => Self::Timeout(index),
            12 => Self::GiveUp(index),
            13 => Self::Expire(index),
            14 => Self::Autoscale(index),
            15 => Self::Degrade(index),
            16 => Self::Fault(index),
            17 => Self::NodeBack(index),
            18 => Self::Probe(index),
            19 => Self::Alert(index),
            20 => Self::NodeDies(index),
            21 => Self::BatchDue(index),
            22 => Self::LeaderLate(index),
            23 => Self::Failover(index),
            24 => Self::Index(index),
            other => unreachable!("no event has the kind {other}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::Event as _;

    #[test]
    fn every_kind_survives_packing() {
        for kind in 1..25 {
            let bits = kind << INDEX_BITS | 0x7f_0f0f;
            assert_eq!(Event::decode(bits).encode(), bits);
        }
    }
}

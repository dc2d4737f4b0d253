//! What goes wrong, and when.

use crate::model::distribution::Law;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tars_policy::units::Span;

/// Something that goes wrong for a while.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct FaultSpec {
    /// What it is called; keys the random stream of one that strikes by chance. Its effect and target when left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// When it begins, since the start of the run; of one that strikes by chance, from when on it may.
    pub at: Span,
    /// How long it lasts; a crash or a flush has no length.
    #[serde(default)]
    pub lasts: Span,
    /// After how long it begins again, counted from begin to begin; once when left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub every: Option<Span>,
    /// It strikes by chance, again and again: the law of a time between the end of one and the begin of the next (mean time
    /// between failures), in place of `every`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mtbf: Option<Law<Span>>,
    /// The law of how long it lasts then (mean time to repair), in place of `lasts`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mttr: Option<Law<Span>>,
    /// What happens.
    pub effect: FaultEffect,
    /// What else happens with it, from begin to end: failures of one cause.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub also: Vec<FaultEffect>,
}

/// What a fault does.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "snake_case")]
pub enum FaultEffect {
    /// A station or provider answers nothing right.
    Outage {
        /// Which one.
        station: String,
        /// What its callers see.
        #[serde(default)]
        answer: OutageAnswer,
    },
    /// A station or provider is slow, and fails more often.
    BrownOut {
        /// Which one.
        station: String,
        /// Services take this many times as long.
        #[serde(default = "super::one")]
        latency_factor: f64,
        /// The share of services that fail in addition.
        #[serde(default)]
        failure_share: f64,
    },
    /// The rate limits of a station or provider are cut.
    QuotaCut {
        /// Which one.
        station: String,
        /// What is left of every rate, above 0.
        rate_factor: f64,
    },
    /// Agents of a pool die at once; their tasks fail, and new agents start cold in their place.
    Crash {
        /// Which pool.
        pool: String,
        /// The share of its agents that die, rounded up.
        #[serde(default = "super::one")]
        share: f64,
    },
    /// A cache loses all its entries.
    FlushCache {
        /// Which cache.
        cache: String,
    },
    /// Whoever watches over a station (`policies.failovers`) cannot reach it, though its callers can.
    Partition {
        /// Which one.
        station: String,
    },
    /// A region is cut off: tasks that are served there fail, and so do those that come, until everybody knows.
    RegionDown {
        /// Which region.
        region: String,
    },
    /// Every node of a kind dies at once and restarts cold.
    NodeDeath {
        /// Which nodes.
        nodes: String,
        /// How many of them die, in order.
        #[serde(default = "one_node")]
        count: u32,
    },
}

/// One node.
fn one_node() -> u32 {
    1
}

/// What callers of a station that is out see.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum OutageAnswer {
    /// An error: at once for calls that come, at the end of their service for calls that are there.
    #[default]
    Error,
    /// Nothing until the outage ends: calls stand still, and go on from where they were.
    Hang,
}

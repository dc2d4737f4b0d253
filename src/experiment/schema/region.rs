//! The mirror of regions: how far they are from one another, and what is lost when one goes down.

use super::failover::ProbeSpec;
use crate::model::distribution::Law;
use indexmap::IndexMap;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tars_policy::units::Span;

/// A region. Tasks come from one (`regions` of a client) and are served in one (a `region` step of a route): their own, or
/// the nearest of the others while their own is known to be down.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct RegionSpec {
    /// Round trips from clients of this region to others, and to itself; no time where neither region says.
    pub round_trips: IndexMap<String, Span>,
    /// How long it takes until everybody knows that it is down, and as long until they know that it is back.
    pub detected_after: Span,
    /// How everybody finds out that it is down, and that it is back, in place of `detected_after`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub probe: Option<ProbeSpec>,
    /// How long clients keep the name entry of the region that they went to: each finds out at a moment of its own within
    /// this after the probes have.
    pub dns_ttl: Span,
    /// Whether it serves clients of other regions only where no active one is left.
    pub standby: bool,
    /// What it takes to bring over the state of a session of a `pinned` client that comes here from another region.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub restore: Option<Law<Span>>,
    /// Stations that answer nothing while it is down.
    pub stations: Vec<String>,
    /// Pools whose agents die with it; they start cold when it is back.
    pub pools: Vec<String>,
    /// Caches that are lost with it.
    pub caches: Vec<String>,
}

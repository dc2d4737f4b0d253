//! The mirror of the connections that callers keep to a station.

use crate::model::distribution::Law;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tars_policy::units::Span;

/// Connections to a station, shared by all its callers. A call takes a stream of one before it meets the station's limit
/// and line, and gives it back with the answer; waiting for one and opening one is *socket wait*.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SocketsSpec {
    /// How many connections at once (`maxSockets`).
    pub max: u32,
    /// How many are kept open without a call (`maxFreeSockets`); no limit when left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_free: Option<u32>,
    /// Whether a connection is used again (`keepAlive`), or each call opens its own.
    #[serde(default = "yes")]
    pub keep_alive: bool,
    /// A connection without a call for this long is closed (`timeout`); never when left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub idle_timeout: Option<Span>,
    /// How long it takes to open one; no time when left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub handshake: Option<Law<Span>>,
    /// Calls that share a connection at once: 1, or more by HTTP/2 multiplexing.
    #[serde(default = "one_stream")]
    pub streams: u32,
}

/// Yes.
fn yes() -> bool {
    true
}

/// One call on a connection at a time.
fn one_stream() -> u32 {
    1
}

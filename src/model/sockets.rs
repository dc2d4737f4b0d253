//! Connections to a station as the simulator sees them.

use super::distribution::Law;
use tars_policy::units::Span;

/// Connections that callers keep to a station; see the schema's `SocketsSpec`.
#[derive(Clone, Debug)]
pub struct Sockets {
    /// How many at once, at least 1.
    pub max: u32,
    /// How many without a call.
    pub max_free: u32,
    /// Whether one is used again.
    pub keep_alive: bool,
    /// How long one stays open without a call.
    pub idle_timeout: Option<Span>,
    /// How long it takes to open one.
    pub handshake: Option<Law<Span>>,
    /// Calls on one at once, at least 1.
    pub streams: u32,
}

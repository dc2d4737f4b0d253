//! Recorded load, read and checked.

use tars_policy::units::Span;

/// Recorded requests in order of arrival.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Trace {
    /// The requests.
    pub requests: Vec<TraceRequest>,
    /// SHA-256 of what was read, in hexadecimal; part of a plan's identity.
    pub digest: String,
}

/// A recorded request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TraceRequest {
    /// When it arrived, since the first.
    pub at: Span,
    /// Prompt tokens.
    pub input_tokens: u32,
    /// Generated tokens.
    pub output_tokens: u32,
    /// Its service time, where the trace holds one.
    pub service: Span,
}

/// Recorded sessions, in order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SessionTrace {
    /// For each session, where its calls start in `calls`, how many they are, and the pause after the last.
    pub sessions: Vec<(u32, u32, Span)>,
    /// Calls: the pause before, and the length.
    pub calls: Vec<(Span, Span)>,
    /// SHA-256 of what was read, in hexadecimal.
    pub digest: String,
}

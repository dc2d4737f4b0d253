//! Who sends what, and when.

use super::distribution::Law;
use super::trace::{SessionTrace, Trace};
use std::sync::Arc;
use tars_policy::queue::Priority;
use tars_policy::retry::RetrySpec;
use tars_policy::units::Span;

/// A kind of task.
#[derive(Clone, Debug)]
pub struct Class {
    /// Its name.
    pub name: String,
    /// The route it takes, by place in the program's routes.
    pub route: u16,
    /// Its priority.
    pub priority: Priority,
    /// The role it needs, by place in the model's roles.
    pub role: Option<u16>,
    /// Prompt tokens.
    pub input_tokens: Option<Law<f64>>,
    /// Generated tokens.
    pub output_tokens: Option<Law<f64>>,
    /// Complexity.
    pub complexity: Option<Law<f64>>,
    /// How long it is worth starting.
    pub deadline: Option<Span>,
}

/// A source of tasks.
#[derive(Clone, Debug)]
#[expect(clippy::struct_excessive_bools, reason = "each is a fact of its own about the client")]
pub struct Client {
    /// Its name; keys its random streams.
    pub name: String,
    /// When it submits.
    pub load: Load,
    /// Cumulative shares of the classes it submits; the last is one.
    pub mix: Vec<(f64, u16)>,
    /// The number of the user that a task is of; users of a closed loop have their own.
    pub users: Option<Law<f64>>,
    /// Whether all tasks of a user come from one region, and leave the user's state where they were served last.
    pub pinned: bool,
    /// Cumulative shares of the regions that its tasks come from; empty without regions.
    pub regions: Vec<(f64, u16)>,
    /// How long it waits for an answer.
    pub timeout: Option<Span>,
    /// How it resubmits.
    pub retry: Option<RetrySpec>,
    /// Whether it resubmits after a refusal.
    pub retries_refused: bool,
    /// Whether it resubmits after a failure.
    pub retries_failed: bool,
    /// Whether it resubmits after its own timeout.
    pub retries_timed_out: bool,
}

impl Client {
    /// The users of a closed loop, who have at most one task each; none of a client that does not wait for answers.
    pub const fn users_in_a_loop(&self) -> Option<u32> {
        match &self.load {
            Load::Closed(closed) => Some(closed.users),
            Load::Renewal(..)
            | Load::Rate(..)
            | Load::Sinusoidal(..)
            | Load::Mmpp(_)
            | Load::Batches(..)
            | Load::Scheduled(_)
            | Load::Trace(..)
            | Load::Sessions(_) => None,
        }
    }
}

/// When a client submits.
#[derive(Clone, Debug)]
pub enum Load {
    /// Users that wait for answers.
    Closed(Closed),
    /// Independent intervals of a law; the factor scales each.
    Renewal(Law<Span>, f64),
    /// Poisson arrivals under a rate that follows straight lines: (start, rate at start per second, slope per second²),
    /// in order of start; after `period`, if any, the pattern starts again, else the last piece goes on.
    Rate(Vec<(Span, f64, f64)>, Option<Span>),
    /// Poisson arrivals under a sine: mean rate, amplitude share, period.
    Sinusoidal(f64, f64, Span),
    /// Poisson arrivals whose rate jumps: (rate per second, mean stay).
    Mmpp(Vec<(f64, Span)>),
    /// Several at once: interval, size.
    Batches(Law<Span>, Law<f64>),
    /// At stated times.
    Scheduled(Vec<Span>),
    /// A recorded trace, and how many times faster.
    Trace(Arc<Trace>, f64),
    /// Recorded sessions.
    Sessions(Arc<SessionTrace>),
}

/// A closed loop of users.
#[derive(Clone, Debug)]
pub struct Closed {
    /// How many.
    pub users: u32,
    /// The pause between an answer and the next submission.
    pub think: Option<Law<Span>>,
    /// Whether they start thinking.
    pub start_thinking: bool,
    /// When the first of them starts.
    pub start_after: Span,
    /// Over how long they start.
    pub start_spread: Span,
    /// From when on they submit nothing more.
    pub leave_after: Option<Span>,
    /// How many tasks each submits.
    pub tasks_per_user: Option<u64>,
}

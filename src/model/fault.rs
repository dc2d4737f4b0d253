//! What goes wrong, and when.

use super::distribution::Law;
use tars_policy::units::Span;

/// Something that goes wrong for a while.
#[derive(Clone, Debug, PartialEq)]
pub struct Fault {
    /// When it begins.
    pub at: Span,
    /// How long it lasts.
    pub lasts: Span,
    /// From begin to begin.
    pub every: Option<Span>,
    /// What happens.
    pub effect: Effect,
    /// It strikes by chance, again and again, in place of `lasts` and `every`.
    pub process: Option<Process>,
    /// The fault, an earlier one of the list, that it begins and ends with; the faults between the two do as well.
    pub follows: Option<usize>,
}

/// A fault that comes and goes by chance: an alternating renewal process that begins well.
#[derive(Clone, Debug, PartialEq)]
pub struct Process {
    /// What it is called; keys its random stream.
    pub name: String,
    /// How long all is well.
    pub up: Law<Span>,
    /// How long it lasts; no time when absent.
    pub down: Option<Law<Span>>,
}

/// What a fault does, by place in the model's lists.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Effect {
    /// A station answers with errors.
    Errors(u16),
    /// A station's answers wait for the end of the fault.
    Hangs(u16),
    /// Services take so many times as long, and so many more fail.
    BrownOut(u16, f64, f64),
    /// What is left of a station's rates.
    QuotaCut(u16, f64),
    /// The share of a pool's agents that die.
    Crash(u16, f64),
    /// A cache loses everything.
    Flush(u16),
    /// So many nodes of a group die.
    NodeDeath(u16, u32),
    /// A region is cut off.
    RegionDown(u16),
    /// Whoever watches over a station cannot reach it.
    Partition(u16),
}

impl Effect {
    /// What it does, in words.
    pub const fn words(&self) -> &'static str {
        match self {
            Self::Errors(_) => "errors",
            Self::Hangs(_) => "no answers",
            Self::BrownOut(..) => "slow and failing answers",
            Self::QuotaCut(..) => "a smaller quota",
            Self::Crash(..) => "agents die",
            Self::Flush(_) => "a cache is emptied",
            Self::NodeDeath(..) => "nodes die",
            Self::RegionDown(_) => "a region is cut off",
            Self::Partition(_) => "out of reach of those who watch it",
        }
    }

    /// The station it is about.
    pub const fn station(&self) -> Option<u16> {
        match self {
            Self::Errors(station)
            | Self::Hangs(station)
            | Self::BrownOut(station, ..)
            | Self::QuotaCut(station, _)
            | Self::Partition(station) => Some(*station),
            Self::Crash(..) | Self::Flush(_) | Self::NodeDeath(..) | Self::RegionDown(_) => None,
        }
    }
}

//! What goes wrong, and when.

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
        }
    }

    /// The station it is about.
    pub const fn station(&self) -> Option<u16> {
        match self {
            Self::Errors(station)
            | Self::Hangs(station)
            | Self::BrownOut(station, ..)
            | Self::QuotaCut(station, _) => Some(*station),
            Self::Crash(..) | Self::Flush(_) | Self::NodeDeath(..) | Self::RegionDown(_) => None,
        }
    }
}

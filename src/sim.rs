//! The simulation of one replication: a model and a seed in, counts and samples out. One thread, no clock, no files.
//!
//! ```text
//! client ─▶ route: delay · gateway, queue and agent of a pool · call of a station · cache · branches ─▶ answer
//!                                                  │
//!                     breaker ─▶ rate limit ─▶ line ─▶ service (slowed by load) ─▶ success, or retry as policies say
//! ```
//!
//! Every decision is made by [`tars_policy`]; this module only keeps time, moves strands of work along their routes and
//! writes down where their time went.

mod agents;
mod alerts;
mod audit;
mod background;
mod caches;
mod checkpoints;
mod clients;
mod codec;
mod controllers;
mod event;
mod failovers;
mod faults;
mod fetch;
mod files;
mod hedges;
mod impact;
mod indexes;
mod ledger;
mod level;
mod levels;
mod nodes;
mod plan;
mod probe;
mod prompts;
mod regions;
mod run;
mod scaling;
mod shared;
mod sockets;
mod spreading;
mod stations;
mod story;
mod strand;
mod streaming;
mod warm;
mod world;

pub use alerts::AlertActs;
pub use background::BackgroundRun;
pub use checkpoints::SessionsRun;
pub use codec::RunDecodeError;
pub use controllers::ScalerActs;
pub use failovers::FailoverActs;
pub use impact::ImpactRun;
pub use indexes::IndexRun;
pub use ledger::{PARTS, Part};
pub use levels::LevelActs;
pub use plan::Plan;
pub use probe::{coarse_edges, coarse_middle, ledger_span};
pub use run::{BreakdownRun, NodeRun, PlatformRun, PoolRun, RecoveryRun, Run, StationRun, WindowRun};
pub use scaling::ScalingRun;
pub use story::{Moment, StoryRun, What, WindowStory};
pub use strand::{CAUSES, Cause, EndKind};

use crate::random::Streams;
use tars_policy::units::Span;

/// Runs one replication, whose first `cut` is not measured.
///
/// # Panics
/// If an invariant of the simulation breaks: an error of this program, never of the experiment.
pub fn replicate(plan: &Plan, replication: u64, cut: Span) -> Run {
    run(plan, replication, cut.as_nanos(), 0)
}

/// Runs a pilot: nothing is cut, and the number of tasks in the system is recorded in so many slices of time.
pub fn pilot(plan: &Plan, replication: u64, slices: u32) -> Run {
    run(plan, replication, 0, slices)
}

fn run(plan: &Plan, replication: u64, cut: u64, slices: u32) -> Run {
    let streams = Streams::new(plan.model.measure.seed, replication);
    let mut world = world::World::new(plan, &streams, cut, slices);
    world.run();
    world.audit();
    world.into_run()
}

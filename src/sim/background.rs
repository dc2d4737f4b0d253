//! Work behind a task's back: steps that are begun and not waited for, such as the full checkpoint behind a write-ahead
//! log. They take what they take of stations and pools; their end, well or not, is nobody's.

use super::ledger::Part;
use super::strand::{BACKGROUND, Cause, NOBODY, NONE, Phase, uses};
use super::world::World;
use crate::engine::Ticket;
use crate::model::Model;
use crate::model::route::{BRANCHES_MAX, Op};
use crate::random::later;

/// What became of work in the background, in the whole run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct BackgroundRun {
    /// Begun.
    pub begun: u64,
    /// Done.
    pub done: u64,
    /// Failed, or lost.
    pub failed: u64,
    /// Under way when the run stopped.
    pub still_there: u64,
    /// Nanoseconds that what was done took, in sum.
    pub time: u128,
}

/// The account of a run.
#[derive(Debug)]
pub(super) struct Background {
    /// Whether any route has such steps.
    pub(super) on: bool,
    so_far: BackgroundRun,
}

impl Background {
    pub(super) fn new(model: &Model) -> Self {
        let on = model.program.ops.iter().any(|op| matches!(op, Op::Launch { .. }));
        Self { on, so_far: BackgroundRun::default() }
    }
}

impl World<'_> {
    /// A strand begins work that it does not wait for, and goes on behind it.
    pub(super) fn launch(&mut self, id: u32, behind: u32) {
        let now = self.now;
        let strand = self.strands.get_mut(id);
        let mut work = strand.like();
        work.region = strand.region;
        strand.pc = behind;
        // Draws of branches are numbered below that.
        work.key = later(strand.key, strand.step << 8 | u32::from(BRANCHES_MAX), uses::BRANCH);
        work.ledger.renew(now, Part::Service);
        work.begun = now;
        work.phase = Phase::Ready;
        work.parent = BACKGROUND;
        (work.timer, work.timeout) = (Ticket::NONE, Ticket::NONE);
        (work.patience, work.give_up) = (Ticket::NONE, Ticket::NONE);
        work.orphan = false;
        (work.pool, work.node, work.worker) = (NONE, NONE, NOBODY);
        (work.sibling, work.child, work.children) = (NOBODY, NOBODY, 0);
        (work.rescue, work.marks) = (NOBODY, 0);
        (work.attempt, work.cost, work.lost) = (0, 0, 0);
        let work = self.strands.insert(work);
        self.background.so_far.begun += 1;
        self.ready.push_back(work);
    }

    /// Work in the background is over.
    pub(super) fn background_ends(&mut self, id: u32, cause: Option<Cause>) {
        if self.strands.get(id).agent.is_some() {
            self.leave_pool_after(id, cause);
        }
        let work = self.strands.remove(id);
        let account = &mut self.background.so_far;
        if cause.is_some() {
            account.failed += 1;
        } else {
            account.done += 1;
            account.time += u128::from(self.now - work.begun);
        }
        self.probe.paid_behind(&work, cause);
    }

    /// Work that was begun is done, has failed, or is under way.
    pub(super) fn audit_background(&self) {
        let BackgroundRun { begun, done, failed, still_there, .. } = self.background_run();
        assert_eq!(begun, done + failed + still_there, "work in the background is all accounted for");
    }

    /// The account when the run stops.
    pub(super) fn background_run(&self) -> BackgroundRun {
        let there = self.strands.iter().filter(|(_, strand)| strand.parent == BACKGROUND).count() as u64;
        BackgroundRun { still_there: there, ..self.background.so_far }
    }
}

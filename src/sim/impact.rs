//! What failures do to tasks: each task that one has touched is counted once, and so is what becomes of it.

use super::run::RecoveryRun;
use super::strand::{BACKGROUND, CARRIER, Cause, NOBODY, Strand};
use super::world::World;
use crate::model::Model;

/// How a failure has touched a task; a bit of [`Strand::marks`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(super) enum Mark {
    /// An attempt of a call failed.
    Attempt = 1,
    /// What carried it died.
    Interrupted = 2,
    /// It went on from a checkpoint.
    Resumed = 4,
    /// It got less than it would have: a smaller model, no memory, no tools, something in place of what failed.
    Degraded = 8,
}

/// What became of the tasks that failures touched, in the whole run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ImpactRun {
    /// Tasks touched.
    pub touched: u64,
    /// Those of them that did not end well.
    pub lost: u64,
    /// Those that ended well after an attempt, or a submission, more.
    pub retried: u64,
    /// Those that ended well from a checkpoint.
    pub resumed: u64,
    /// Those that were still there when the run stopped.
    pub still_there: u64,
    /// Of those that ended well, those that got less than they would have.
    pub degraded: u64,
    /// Of those that ended well with all they asked for, those that were later than the objective allows.
    pub late: u64,
}

impl ImpactRun {
    /// What has been added since `before`; `still_there` is that of now.
    pub(super) const fn since(&self, before: &Self) -> Self {
        Self {
            touched: self.touched - before.touched,
            lost: self.lost - before.lost,
            retried: self.retried - before.retried,
            resumed: self.resumed - before.resumed,
            still_there: self.still_there,
            degraded: self.degraded - before.degraded,
            late: self.late - before.late,
        }
    }
}

/// The account of a run.
#[derive(Debug)]
pub(super) struct Impact {
    pub(super) on: bool,
    good_within: u64,
    pub(super) so_far: ImpactRun,
}

impl Impact {
    pub(super) fn new(model: &Model) -> Self {
        Self {
            on: model.measure.impact,
            good_within: model.good_within.map_or(u64::MAX, tars_policy::units::Span::as_nanos),
            so_far: ImpactRun::default(),
        }
    }

    /// A task has ended for its client.
    pub(super) fn ended(&mut self, now: u64, strand: &Strand, cause: Option<Cause>) {
        if cause.is_some() {
            self.so_far.touched += u64::from(strand.marks == 0);
            self.so_far.lost += 1;
            return;
        }
        if strand.marks & Mark::Resumed as u8 != 0 {
            self.so_far.resumed += 1;
        } else if strand.marks != 0 {
            self.so_far.retried += 1;
        }
        let degraded = strand.marks & Mark::Degraded as u8 != 0;
        self.so_far.degraded += u64::from(degraded);
        self.so_far.late += u64::from(!degraded && now - strand.begun > self.good_within);
    }
}

impl World<'_> {
    /// A failure has touched the task that this strand is of. A call made for several tasks touches none of them.
    #[inline]
    pub(super) fn touch_task(&mut self, id: u32, mark: Mark) {
        if self.impact.on {
            self.mark_task(id, mark);
        }
    }

    #[inline(never)]
    fn mark_task(&mut self, id: u32, mark: Mark) {
        let mut at = id;
        loop {
            match self.strands.get(at).parent {
                NOBODY => break,
                CARRIER | BACKGROUND => return,
                parent => at = parent,
            }
        }
        let task = self.strands.get_mut(at);
        if task.orphan {
            return;
        }
        self.impact.so_far.touched += u64::from(task.marks == 0);
        task.marks |= mark as u8;
        self.story.touched(self.now);
    }

    /// Tasks touched are tasks lost, retried, resumed, and still there.
    pub(super) fn audit_impact(&self) {
        let is_task = |strand: &Strand| strand.parent == NOBODY && !strand.orphan && strand.marks != 0;
        let there = self.strands.iter().filter(|(_, strand)| is_task(strand)).count() as u64;
        let ImpactRun { touched, lost, retried, resumed, .. } = self.impact.so_far;
        assert_eq!(
            touched,
            lost + retried + resumed + there,
            "tasks that failures touched are accounted for"
        );
    }

    /// What failures did in the run.
    pub(super) fn recovery_run(&self) -> RecoveryRun {
        RecoveryRun {
            impact: self.impact_run(),
            sessions: self.sessions_run(),
            moved: self.regions.moved,
            failovers: self.failovers.iter().map(super::failovers::FailoverState::acts).collect(),
            answering: self.stations.iter().map(|station| station.answering.window()).collect(),
        }
    }

    /// The account when the run stops.
    pub(super) fn impact_run(&self) -> ImpactRun {
        let ImpactRun { touched, lost, retried, resumed, .. } = self.impact.so_far;
        ImpactRun { still_there: touched - lost - retried - resumed, ..self.impact.so_far }
    }
}

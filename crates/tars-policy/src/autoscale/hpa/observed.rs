//! What an autoscaler is told: pods, and what they and others report.

use alloc::vec::Vec;

use crate::units::{Span, Time};

/// Where a pod is in its life.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Phase {
    /// Accepted, but not all of it runs yet.
    Pending,
    /// It runs.
    Running,
    /// It ended well and will not run again.
    Succeeded,
    /// It ended badly and will not run again.
    Failed,
}

/// The readiness of a pod, and since when it is so.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Readiness {
    /// Whether it is ready.
    pub ready: bool,
    /// When it last became so.
    pub since: Time,
}

/// A pod that the autoscaler counts among its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pod {
    /// Where it is in its life.
    pub phase: Phase,
    /// Whether it is being deleted.
    pub deleted: bool,
    /// When it was started; `None` while nobody has.
    pub started: Option<Time>,
    /// Its readiness; `None` while nobody has looked.
    pub readiness: Option<Readiness>,
}

impl Pod {
    /// A pod that runs and was ready as soon as it was started.
    pub const fn ready_since(started: Time) -> Self {
        let readiness = Some(Readiness { ready: true, since: started });
        Self { phase: Phase::Running, deleted: false, started: Some(started), readiness }
    }

    /// Whether it is gone, or as good as gone.
    pub(super) const fn ignored(&self) -> bool {
        self.deleted || matches!(self.phase, Phase::Succeeded | Phase::Failed)
    }

    /// Whether it runs and is ready; one that is being deleted counts, as in the controller.
    pub(super) fn serves(&self) -> bool {
        self.phase == Phase::Running && self.readiness.is_some_and(|readiness| readiness.ready)
    }

    /// Whether a sample of its processor is not to be trusted yet.
    pub(super) fn warms_up(&self, now: Time, sample: &Sample, initialization: Span, delay: Span) -> bool {
        let (Some(started), Some(readiness)) = (self.started, self.readiness) else { return true };
        if started.saturating_add(initialization) > now {
            !readiness.ready || sample.at < readiness.since.saturating_add(sample.window)
        } else {
            !readiness.ready && started.saturating_add(delay) > readiness.since
        }
    }
}

/// What one pod reports.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sample {
    /// Thousandths of a unit.
    pub milli: i64,
    /// When it was taken: the end of its window.
    pub at: Time,
    /// Over what time it was averaged.
    pub window: Span,
}

impl Sample {
    /// A sample of a moment.
    pub const fn of(milli: i64, at: Time) -> Self {
        Self { milli, at, window: Span::ZERO }
    }
}

/// What one metric says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reading {
    /// For metrics of pods and of resources.
    Pods {
        /// One place per pod, in the order of [`Observation::pods`].
        samples: Vec<Option<Sample>>,
        /// What each pod asks for, in the same order; only read for a utilisation, and then needed of every pod.
        requests_milli: Vec<Option<i64>>,
        /// Samples of pods that are not among the pods: they weigh in an average, and not in a utilisation.
        strays_milli: Vec<i64>,
    },
    /// For metrics of objects (one value) and from outside (summed).
    Values(Vec<i64>),
    /// It could not be had.
    Unavailable,
}

/// Everything an autoscaler is told in one sync.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Observation {
    /// Replicas asked for.
    pub spec_replicas: u32,
    /// Replicas there are.
    pub status_replicas: u32,
    /// The pods, in any order.
    pub pods: Vec<Pod>,
    /// One reading for each metric, in the order of the specification; a missing one is unavailable.
    pub readings: Vec<Reading>,
}

//! Dispatch: what fetches tasks from the queue.
//!
//! Event-driven dispatch has no state of its own: whenever an agent is free and a task waits, the task goes. The pool of
//! polling workers printed in document 000, Part 3, "Worker Processing", does: a [`Worker`] says what it does next, the
//! caller tells it how that went.
//!
//! | as printed | field of [`PollingSpec`] | sound |
//! |---|---|---|
//! | a worker sleeps through the backoff of its task | `hold_worker_in_backoff` | it fetches the next task meanwhile |
//! | the task is enqueued anew, with no attempts | `attempts_lost` | the attempts stay with it |
//! | `activeWorkers` is not decremented before a retry | `counter_leaks` | it is |
//! | a refused re-enqueue throws out of the loop | `dies_when_refused` | the task fails, the worker goes on |
//!
//! ```
//! use tars_policy::dispatch::{OnFailure, PollingSpec, Worker, WorkerStep};
//! use tars_policy::units::{Span, Time};
//!
//! let mut worker = Worker::new(&PollingSpec::published_000());
//! assert_eq!(worker.on_poll(Time::START, true), WorkerStep::Process);
//! // After the first failure: sleep 2 s, then enqueue, with the attempts forgotten.
//! let until = Time::START + Span::from_secs(2);
//! assert_eq!(worker.on_failure(Time::START, 0), OnFailure::SleepThenEnqueue { until, attempts_kept: 0 });
//! ```

use alloc::vec::Vec;

use crate::spec::SpecError;
use crate::units::{Span, Time};

/// How tasks get from the queue to agents.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "serde", serde(rename_all = "snake_case"))]
pub enum DispatchSpec {
    /// As soon as an agent is free and a task waits.
    #[default]
    EventDriven,
    /// By workers that look into the queue from time to time.
    Polling(PollingSpec),
}

impl DispatchSpec {
    /// The worker pool printed in document 000, Part 3, with its defects.
    pub fn published_000() -> Self {
        Self::Polling(PollingSpec::published_000())
    }

    /// Named configurations; property tests run over all of them.
    pub fn examples() -> Vec<(&'static str, Self)> {
        alloc::vec![
            ("event_driven", Self::EventDriven),
            ("published_000", Self::published_000()),
            ("polling", Self::Polling(PollingSpec::default())),
        ]
    }

    /// Says what is impossible in this specification.
    pub fn validate(&self) -> Result<(), SpecError> {
        match self {
            Self::EventDriven => Ok(()),
            Self::Polling(spec) => spec.validate().map_err(|error| error.within("polling")),
        }
    }

    /// The workers, all about to look into the queue; none if dispatch is event-driven.
    pub fn build(&self) -> Result<Vec<Worker>, SpecError> {
        self.validate()?;
        Ok(match self {
            Self::EventDriven => Vec::new(),
            Self::Polling(spec) => (0..spec.workers).map(|_| Worker::new(spec)).collect(),
        })
    }
}

/// Workers that poll; the default is the printed pool without its defects.
#[expect(
    clippy::struct_excessive_bools,
    reason = "each names one defect of the printed code, to be had or not"
)]
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "serde", serde(deny_unknown_fields, default))]
pub struct PollingSpec {
    /// Workers; each has one task at a time.
    pub workers: u32,
    /// How long a worker sleeps when it finds the queue empty.
    pub interval: Span,
    /// Tries of a task in all.
    pub attempts: u32,
    /// The wait after try `k` is this times 2 to the `k`: 2 s and 4 s for a base of 1 s.
    pub backoff_base: Span,
    /// Whether the worker sleeps through the backoff, and fetches nothing meanwhile.
    pub hold_worker_in_backoff: bool,
    /// Whether a task that is enqueued again starts with no attempts. Then it is never given up.
    pub attempts_lost: bool,
    /// Whether the count of active workers keeps counting a try that is followed by another.
    pub counter_leaks: bool,
    /// Whether a worker ends when the queue refuses a task that is enqueued again.
    pub dies_when_refused: bool,
}

impl Default for PollingSpec {
    fn default() -> Self {
        Self {
            workers: 5,
            interval: Span::from_millis(100),
            attempts: 3,
            backoff_base: Span::from_secs(1),
            hold_worker_in_backoff: false,
            attempts_lost: false,
            counter_leaks: false,
            dies_when_refused: false,
        }
    }
}

impl PollingSpec {
    /// As printed in document 000, Part 3: five workers, 100 ms, three tries with 2 s and 4 s between, all defects.
    pub fn published_000() -> Self {
        Self {
            hold_worker_in_backoff: true,
            attempts_lost: true,
            counter_leaks: true,
            dies_when_refused: true,
            ..Self::default()
        }
    }

    fn validate(&self) -> Result<(), SpecError> {
        for (field, count) in [("workers", self.workers), ("attempts", self.attempts)] {
            if count == 0 {
                return Err(SpecError::new(field, "is 0; expected at least 1"));
            }
        }
        if self.interval.is_zero() {
            return Err(SpecError::new(
                "interval",
                "is zero; a worker would look without end at one instant",
            ));
        }
        Ok(())
    }

    /// The wait after a try, counted from 1; [`Span::MAX`] where it does not fit.
    fn backoff(&self, attempts: u32) -> Span {
        self.backoff_base.saturating_mul(1_u64.checked_shl(attempts).unwrap_or(u64::MAX))
    }
}

/// What a worker does after it has looked into the queue.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub enum WorkerStep {
    /// It works on the task it found.
    Process,
    /// It found nothing and looks again at this time.
    Sleep {
        /// When it looks again.
        until: Time,
    },
    /// It looks again at once.
    Poll,
    /// It has ended and never looks again.
    Dead,
}

/// What becomes of a task that failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub enum OnFailure {
    /// The worker sleeps, then offers the task to the queue, and reports to [`Worker::on_enqueued`].
    SleepThenEnqueue {
        /// When it offers it.
        until: Time,
        /// The attempts that the task carries then.
        attempts_kept: u32,
    },
    /// The task is offered to the queue later, the worker looks for another at once.
    EnqueueLater {
        /// When the task is offered.
        at: Time,
        /// The attempts that the task carries then.
        attempts_kept: u32,
    },
    /// The task is given up and its caller told; the worker looks for another at once.
    Callback {
        /// Tries that were made.
        attempts: u32,
    },
}

/// What a worker is doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum WorkerState {
    /// About to look into the queue, or asleep until it does.
    Idle,
    /// Working on a task.
    Busy,
    /// Asleep with a failed task that it will enqueue.
    Backoff,
    /// Ended.
    Dead,
}

/// One polling worker. The caller keeps the clock and the queue; wrong order of calls panics.
#[derive(Clone, Debug)]
pub struct Worker {
    spec: PollingSpec,
    state: WorkerState,
    active: u32,
}

impl Worker {
    /// A worker that is about to look into the queue.
    pub fn new(spec: &PollingSpec) -> Self {
        Self { spec: spec.clone(), state: WorkerState::Idle, active: 0 }
    }

    /// It has looked into the queue, and `found` a task or not.
    pub fn on_poll(&mut self, now: Time, found: bool) -> WorkerStep {
        self.expect(WorkerState::Idle);
        if !found {
            return WorkerStep::Sleep { until: now.saturating_add(self.spec.interval) };
        }
        self.state = WorkerState::Busy;
        self.active += 1;
        WorkerStep::Process
    }

    /// Its task is done.
    pub fn on_success(&mut self) -> WorkerStep {
        self.expect(WorkerState::Busy);
        self.state = WorkerState::Idle;
        self.active -= 1;
        WorkerStep::Poll
    }

    /// Its task failed; `attempts` are those that the task carried when it was fetched.
    pub fn on_failure(&mut self, now: Time, attempts: u32) -> OnFailure {
        self.expect(WorkerState::Busy);
        self.state = WorkerState::Idle;
        let attempts = attempts.saturating_add(1);
        if attempts >= self.spec.attempts {
            self.active -= 1;
            return OnFailure::Callback { attempts };
        }
        if !self.spec.counter_leaks {
            self.active -= 1;
        }
        let until = now.saturating_add(self.spec.backoff(attempts));
        let attempts_kept = if self.spec.attempts_lost { 0 } else { attempts };
        if !self.spec.hold_worker_in_backoff {
            return OnFailure::EnqueueLater { at: until, attempts_kept };
        }
        self.state = WorkerState::Backoff;
        OnFailure::SleepThenEnqueue { until, attempts_kept }
    }

    /// The queue has answered to the task that it enqueued after its sleep.
    pub fn on_enqueued(&mut self, accepted: bool) -> WorkerStep {
        self.expect(WorkerState::Backoff);
        if !accepted && self.spec.dies_when_refused {
            self.state = WorkerState::Dead;
            return WorkerStep::Dead;
        }
        self.state = WorkerState::Idle;
        WorkerStep::Poll
    }

    /// What it is doing.
    pub fn state(&self) -> WorkerState {
        self.state
    }

    /// What it adds to the count of active workers: as printed this grows with each retry.
    pub fn active(&self) -> u32 {
        self.active
    }

    fn expect(&self, state: WorkerState) {
        assert_eq!(self.state, state, "a worker was told something out of order");
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn at(millis: u64) -> Time {
        Time::START + Span::from_millis(millis)
    }

    fn busy(spec: &PollingSpec) -> Worker {
        let mut worker = Worker::new(spec);
        assert_eq!(worker.on_poll(at(0), true), WorkerStep::Process);
        worker
    }

    #[test]
    fn an_empty_queue_is_looked_into_again_after_the_interval() {
        let mut worker = Worker::new(&PollingSpec::default());
        assert_eq!(worker.on_poll(at(50), false), WorkerStep::Sleep { until: at(150) });
        assert_eq!((worker.state(), worker.active()), (WorkerState::Idle, 0));
    }

    #[test]
    fn a_finished_task_frees_the_worker_at_once() {
        let mut worker = busy(&PollingSpec::default());
        assert_eq!((worker.state(), worker.active()), (WorkerState::Busy, 1));
        assert_eq!(worker.on_success(), WorkerStep::Poll);
        assert_eq!((worker.state(), worker.active()), (WorkerState::Idle, 0));
    }

    #[test]
    fn as_printed_the_worker_sleeps_and_the_attempts_are_lost() {
        let mut worker = busy(&PollingSpec::published_000());
        let sleep = OnFailure::SleepThenEnqueue { until: at(2_000), attempts_kept: 0 };
        assert_eq!(worker.on_failure(at(0), 0), sleep);
        assert_eq!((worker.state(), worker.active()), (WorkerState::Backoff, 1), "the counter leaks");
        assert_eq!(worker.on_enqueued(true), WorkerStep::Poll);
        let mut worker = busy(&PollingSpec::published_000());
        let sleep = OnFailure::SleepThenEnqueue { until: at(4_000), attempts_kept: 0 };
        assert_eq!(worker.on_failure(at(0), 1), sleep);
    }

    #[test]
    fn as_printed_a_task_that_always_fails_is_never_given_up() {
        let mut worker = Worker::new(&PollingSpec::published_000());
        let (mut now, mut carried) = (at(0), 0);
        for retry in 1..=100 {
            assert_eq!(worker.on_poll(now, true), WorkerStep::Process);
            match worker.on_failure(now, carried) {
                OnFailure::SleepThenEnqueue { until, attempts_kept } => {
                    (now, carried) = (until, attempts_kept);
                }
                other @ (OnFailure::EnqueueLater { .. } | OnFailure::Callback { .. }) => panic!("{other:?}"),
            }
            assert_eq!(worker.on_enqueued(true), WorkerStep::Poll);
            assert_eq!(worker.active(), retry);
        }
        assert_eq!(now, at(200_000), "two seconds each time, never four");
    }

    #[test]
    fn with_attempts_kept_the_third_failure_is_the_last() {
        let mut worker = Worker::new(&PollingSpec::default());
        let mut fail = |attempts| {
            let _ = worker.on_poll(at(0), true);
            let failed = worker.on_failure(at(0), attempts);
            (failed, worker.active())
        };
        assert_eq!(fail(0), (OnFailure::EnqueueLater { at: at(2_000), attempts_kept: 1 }, 0));
        assert_eq!(fail(1), (OnFailure::EnqueueLater { at: at(4_000), attempts_kept: 2 }, 0));
        assert_eq!(fail(2), (OnFailure::Callback { attempts: 3 }, 0));
    }

    #[test]
    fn a_refused_task_ends_the_worker_only_as_printed() {
        let printed = PollingSpec::published_000();
        let lenient = PollingSpec { dies_when_refused: false, ..printed.clone() };
        for (spec, step, state) in
            [(printed, WorkerStep::Dead, WorkerState::Dead), (lenient, WorkerStep::Poll, WorkerState::Idle)]
        {
            let mut worker = busy(&spec);
            let _ = worker.on_failure(at(0), 0);
            assert_eq!(worker.on_enqueued(false), step);
            assert_eq!(worker.state(), state);
        }
    }

    #[test]
    #[should_panic(expected = "out of order")]
    fn an_idle_worker_has_nothing_to_finish() {
        let _ = Worker::new(&PollingSpec::default()).on_success();
    }

    #[test]
    fn there_are_as_many_workers_as_stated_and_none_for_events() {
        let workers = |spec: DispatchSpec| spec.build().expect("a valid dispatch").len();
        assert_eq!(workers(DispatchSpec::published_000()), 5);
        assert_eq!(workers(DispatchSpec::EventDriven), 0);
    }

    #[test]
    fn impossible_specifications_name_the_field() {
        let check = |change: fn(&mut PollingSpec), field: &str| {
            let mut spec = PollingSpec::default();
            change(&mut spec);
            let error = DispatchSpec::Polling(spec).validate().map_err(|error| error.field);
            assert_eq!(error, Err(field.into()));
        };
        check(|spec| spec.workers = 0, "polling.workers");
        check(|spec| spec.attempts = 0, "polling.attempts");
        check(|spec| spec.interval = Span::ZERO, "polling.interval");
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 128, failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn no_wait_is_in_the_past_and_a_sound_counter_counts_the_busy(
            steps in proptest::collection::vec((0_u64..5_000, any::<bool>(), 0_u32..80, any::<bool>()), 1..100)
        ) {
            for (name, spec) in DispatchSpec::examples() {
                for mut worker in spec.build().expect("a valid example") {
                    let leaks = worker.spec.counter_leaks;
                    let mut now = Time::START;
                    for &(gap, good, attempts, accepted) in &steps {
                        now += Span::from_millis(gap);
                        match worker.state() {
                            WorkerState::Idle => match worker.on_poll(now, good) {
                                WorkerStep::Sleep { until } => prop_assert!(until > now, "{}", name),
                                WorkerStep::Process => prop_assert_eq!(worker.state(), WorkerState::Busy),
                                step @ (WorkerStep::Poll | WorkerStep::Dead) => prop_assert!(false, "{:?}", step),
                            },
                            WorkerState::Busy if good => prop_assert_eq!(worker.on_success(), WorkerStep::Poll),
                            WorkerState::Busy => match worker.on_failure(now, attempts) {
                                OnFailure::SleepThenEnqueue { until, attempts_kept }
                                | OnFailure::EnqueueLater { at: until, attempts_kept } => {
                                    prop_assert!(until > now && attempts_kept <= attempts + 1);
                                }
                                OnFailure::Callback { attempts } => prop_assert!(attempts >= worker.spec.attempts),
                            },
                            WorkerState::Backoff => {
                                let _ = worker.on_enqueued(accepted);
                            }
                            WorkerState::Dead => break,
                        }
                        let busy = u32::from(worker.state() == WorkerState::Busy);
                        let counts = worker.active() == busy || (leaks && worker.active() > busy);
                        prop_assert!(counts, "{} active", worker.active());
                    }
                }
            }
        }
    }
}

//! Where a cell in flight stands, and what work it has to give.

use super::super::Estimator;
use super::super::cell::{CellJob, CellRuns, Goal};
use super::super::warmup::{PILOT_REPLICATIONS, WarmupCut};
use crate::model::{Measure, Model, PrecisionGoal};
use crate::sim::{Plan, Run};
use crate::stats::{Estimate, Method, NoInterval, Outcome, Precision, REPLICATIONS_MIN, Stopping, Target};
use std::sync::Arc;
use tars_policy::units::Span;

/// A piece of work.
pub(super) enum Unit {
    /// Compile the cell.
    Open,
    /// Simulate a pilot.
    Pilot(Arc<Plan>, u32),
    /// Simulate a replication, or take it from the journal.
    Replicate(Arc<Plan>, Arc<WarmupCut>, u32),
    /// Look whether the replications are enough.
    Decide(Decision),
    /// Hand the runs over; so many of them were not needed.
    Fold(Box<CellRuns>, u64),
}

/// A compiled cell, with its cut where no pilots are needed.
pub(super) struct Opened {
    pub(super) plan: Arc<Plan>,
    pub(super) cut: Option<WarmupCut>,
}

/// The replications so far and the rule that looks at them.
pub(super) struct Decision {
    runs: Vec<Run>,
    stopping: Option<Stopping>,
    relaxation: Option<Span>,
}

/// The same after a look: the rule has stopped, or wants more replications.
pub(super) struct Decided {
    runs: Vec<Run>,
    stopping: Option<Stopping>,
}

/// A cell in flight.
pub(super) struct CellState {
    phase: Phase,
    plan: Option<Arc<Plan>>,
    cut: Option<Arc<WarmupCut>>,
    stopping: Option<Stopping>,
    pilots: Numbered<Vec<u128>>,
    replications: Numbered<Run>,
    /// The lowest number that failed, and why: the same whatever was tried at the same time.
    failed: Option<(u32, String)>,
    running: u32,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    Opening,
    Pilots,
    /// The cut is being kept.
    Settling,
    Replications,
    /// A look is due.
    Deciding,
    /// A look is being taken.
    Looking,
    /// Everything is there and waits to be handed over.
    Ready,
    Folding,
}

/// Results by number, of which `next` is the first that nobody has started and `wanted` one past the last.
struct Numbered<T> {
    done: Vec<Option<T>>,
    next: u32,
    wanted: u32,
}

impl<T> Numbered<T> {
    const fn none() -> Self {
        Self { done: Vec::new(), next: 0, wanted: 0 }
    }

    fn want(&mut self, number: u32) {
        self.wanted = number.max(self.wanted);
        self.done.resize_with(self.wanted as usize, || None);
    }

    fn take(&mut self) -> Option<u32> {
        (self.next < self.wanted).then(|| {
            self.next += 1;
            self.next - 1
        })
    }

    fn enter(&mut self, number: u32, value: T) {
        self.done[number as usize] = Some(value);
    }
}

impl CellState {
    /// A cell that is being opened.
    pub(super) const fn opening() -> Self {
        Self {
            phase: Phase::Opening,
            plan: None,
            cut: None,
            stopping: None,
            pilots: Numbered::none(),
            replications: Numbered::none(),
            failed: None,
            running: 1,
        }
    }

    /// How many replications it is known to need, pilots left out.
    pub(super) fn planned(&self) -> u64 {
        u64::from(self.replications.wanted)
    }

    /// A piece of work, if it has one to give now.
    pub(super) fn give(&mut self) -> Option<Unit> {
        let unit = match self.phase {
            Phase::Pilots => {
                let number = self.pilots.take()?;
                Unit::Pilot(self.plan(), number)
            }
            Phase::Replications => {
                let number = self.replications.take()?;
                Unit::Replicate(self.plan(), self.cut(), number)
            }
            Phase::Deciding => self.look(),
            Phase::Ready => self.hand_over(),
            Phase::Opening | Phase::Settling | Phase::Looking | Phase::Folding => return None,
        };
        self.running += 1;
        Some(unit)
    }

    /// Enters the compiled cell.
    pub(super) fn opened(&mut self, job: &CellJob, opened: Result<Opened, String>) {
        self.running -= 1;
        match opened {
            Err(message) => self.fail(0, message),
            Ok(Opened { plan, cut }) => {
                self.plan = Some(plan);
                self.stopping = rule(&job.model.measure);
                self.replications.want(first_look(&job.model.measure, self.stopping.as_ref()));
                if let Some(cut) = cut {
                    self.settle(cut);
                } else {
                    self.pilots.want(PILOT_REPLICATIONS);
                    self.phase = Phase::Pilots;
                }
            }
        }
    }

    /// Enters a pilot; the last one gives the cut, which is to be kept and then [`settle`](Self::settle)d.
    pub(super) fn piloted(
        &mut self,
        job: &CellJob,
        number: u32,
        slices: Result<Vec<u128>, String>,
    ) -> Option<WarmupCut> {
        self.running -= 1;
        match slices {
            Err(message) => self.fail(number, message),
            Ok(slices) => self.pilots.enter(number, slices),
        }
        if self.failed.is_some() {
            self.end_if_idle();
            return None;
        }
        let all: Option<Vec<Vec<u128>>> = self.pilots.done.iter().cloned().collect();
        all.map(|pilots| {
            self.phase = Phase::Settling;
            WarmupCut::found(&pilots, job.model.measure.duration)
        })
    }

    /// The cut is known and kept; replications may start.
    pub(super) fn settle(&mut self, cut: WarmupCut) {
        self.cut = Some(Arc::new(cut));
        self.pilots = Numbered::none();
        self.phase = Phase::Replications;
    }

    /// Enters a replication; the last one that was wanted makes the look due.
    pub(super) fn replicated(&mut self, number: u32, run: Result<Run, String>) {
        self.running -= 1;
        match run {
            Err(message) => self.fail(number, message),
            Ok(run) => self.replications.enter(number, run),
        }
        if self.failed.is_some() {
            self.end_if_idle();
        } else if self.running == 0 && self.replications.next == self.replications.wanted {
            self.phase = Phase::Deciding;
        }
    }

    /// Enters a look: the cell is done, or wants more replications.
    pub(super) fn decided(&mut self, job: &CellJob, decided: Result<Decided, String>) {
        self.running -= 1;
        match decided {
            Err(message) => self.fail(self.replications.wanted, message),
            Ok(Decided { runs, stopping }) => {
                self.stopping = stopping;
                self.replications.done = runs.into_iter().map(Some).collect();
                match self.stopping.as_ref().filter(|rule| rule.outcome().is_none()) {
                    Some(rule) => {
                        self.replications.want(rule.planned().min(job.model.measure.replications_max));
                        self.phase = Phase::Replications;
                    }
                    None => self.phase = Phase::Ready,
                }
            }
        }
    }

    fn plan(&self) -> Arc<Plan> {
        Arc::clone(self.plan.as_ref().expect("an opened cell is compiled"))
    }

    fn cut(&self) -> Arc<WarmupCut> {
        Arc::clone(self.cut.as_ref().expect("replications start once the cut is known"))
    }

    fn fail(&mut self, number: u32, message: String) {
        if self.failed.as_ref().is_none_or(|(lowest, _)| number < *lowest) {
            self.failed = Some((number, message));
        }
        // Lower numbers were started before and may still fail; nothing higher is started.
        self.pilots.next = self.pilots.wanted;
        self.replications.next = self.replications.wanted;
        self.end_if_idle();
    }

    fn end_if_idle(&mut self) {
        if self.running == 0 {
            self.phase = Phase::Ready;
        }
    }

    fn look(&mut self) -> Unit {
        self.phase = Phase::Looking;
        let runs = std::mem::take(&mut self.replications.done);
        let runs =
            runs.into_iter().map(|run| run.expect("a look is due when all replications are there")).collect();
        let relaxation = self.cut.as_ref().and_then(|cut| cut.relaxation());
        Unit::Decide(Decision { runs, stopping: self.stopping.take(), relaxation })
    }

    fn hand_over(&mut self) -> Unit {
        self.phase = Phase::Folding;
        let plan = self.plan.take();
        let cut = self.cut.take();
        let relaxation = cut.as_ref().and_then(|cut| cut.relaxation());
        let (cut, warmup_rule, warmup_flag) = cut.map_or((Span::ZERO, String::new(), None), |cut| {
            (cut.span(), cut.rule.clone(), cut.flag.clone())
        });
        let made = self.replications.wanted;
        let outcome = self.stopping.as_ref().and_then(Stopping::outcome);
        let goals = goals(plan.as_deref().map(|plan| &plan.model.measure), outcome, made);
        let failed = self.failed.take().map(|(_, message)| message);
        let used = outcome.map_or(made, |outcome| outcome.replications);
        let mut runs: Vec<Run> = std::mem::take(&mut self.replications.done).into_iter().flatten().collect();
        runs.truncate(if failed.is_some() { 0 } else { used as usize });
        let unneeded = u64::from(made) - runs.len() as u64;
        let runs = CellRuns {
            cut,
            warmup_rule,
            warmup_flag,
            relaxation,
            runs,
            goals: if failed.is_some() { Vec::new() } else { goals },
            failed,
        };
        Unit::Fold(Box::new(runs), unneeded)
    }
}

impl Decision {
    /// Lets the rule look as far as the replications reach.
    pub(super) fn decide(mut self, model: &Model, estimate: Estimator) -> Decided {
        if let Some(rule) = &mut self.stopping {
            while let Some(count) = rule.next().filter(|&count| count as usize <= self.runs.len()) {
                let seen = &self.runs[..count as usize];
                let estimates: Vec<Estimate> = model
                    .measure
                    .precision
                    .iter()
                    .map(|goal| {
                        estimate(model, &goal.metric, seen, self.relaxation)
                            .unwrap_or_else(|| nothing_seen(count, model))
                    })
                    .collect();
                rule.observe(&estimates);
            }
        }
        Decided { runs: self.runs, stopping: self.stopping }
    }
}

/// What stands for a metric that saw nothing: more replications of the same length will not help.
fn nothing_seen(replications: u32, model: &Model) -> Estimate {
    Estimate {
        value: 0.0,
        low: None,
        high: None,
        replications,
        method: Method::ReplicationStudentT,
        confidence: model.measure.confidence,
        state: Precision::NotAsked,
        note: Some(NoInterval::TooFewSamples { samples: 0, needed: 1 }),
    }
}

/// The rule that stops at the precision asked for; none where the number of replications is fixed.
///
/// It never stops below [`REPLICATIONS_MIN`] replications unless the cap is lower: a rule that may stop at four stops
/// where the spread looks small by luck.
fn rule(measure: &Measure) -> Option<Stopping> {
    let minimum = measure.replications_min.max(REPLICATIONS_MIN.min(measure.replications_max)).max(2);
    let targets: Vec<Target> = measure.precision.iter().map(target).collect();
    let fixed = targets.is_empty() || measure.replications_max < minimum;
    (!fixed).then(|| Stopping::new(minimum, measure.replications_max, targets))
}

fn target(goal: &PrecisionGoal) -> Target {
    match (goal.relative, goal.absolute) {
        (Some(relative), _) => Target::Relative(relative),
        (None, absolute) => Target::Absolute(absolute.expect("a goal is relative or absolute")),
    }
}

fn first_look(measure: &Measure, rule: Option<&Stopping>) -> u32 {
    rule.map_or(measure.replications_min, Stopping::planned)
}

fn goals(measure: Option<&Measure>, outcome: Option<&Outcome>, made: u32) -> Vec<Goal> {
    let goals = measure.map_or(&[][..], |measure| &measure.precision);
    let states = outcome.map(|outcome| outcome.states.as_slice()).unwrap_or_default();
    let states = states.iter().copied().chain(std::iter::repeat(Precision::NotReached { cap: made }));
    goals.iter().zip(states).map(|(goal, state)| Goal { metric: goal.metric.clone(), state }).collect()
}

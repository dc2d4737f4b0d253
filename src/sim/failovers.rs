//! Failover: a watcher probes the active member of a group of stations and puts another in its place.
//!
//! No span of an outage is stated anywhere. It is what the clock of the probes, a decision, a promotion, the callers' name
//! entries and their connections take one after another. Writes reach the other members late; those that had not when the
//! active member failed are lost with it.

use super::checkpoints::noticed_at;
use super::event::Event;
use super::level::Level;
use super::stations::small;
use super::story::What;
use super::strand::uses;
use super::world::{FAR, World};
use crate::model::Model;
use crate::model::failover::{Access, Failover as Rule};
use crate::random::{Sampler, Stream, Streams, later, unit_from};
use std::collections::{BTreeMap, VecDeque};
use tars_policy::units::Span;

/// The laws of a failover.
#[derive(Debug)]
pub(super) struct FailoverPlan {
    operator: Option<Sampler>,
    decision: Option<Sampler>,
    promotion: Option<Sampler>,
    verification: Option<Sampler>,
    notification: Option<Sampler>,
    lag: Option<Sampler>,
}

impl FailoverPlan {
    pub(super) fn of(rule: &Rule) -> Self {
        let law = |law: &Option<_>| law.as_ref().map(Sampler::of_spans);
        Self {
            operator: law(&rule.operator),
            decision: law(&rule.decision),
            promotion: law(&rule.promotion),
            verification: law(&rule.verification),
            notification: law(&rule.notification),
            lag: law(&rule.lag),
        }
    }
}

/// What a watcher is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    Watching,
    Deciding,
    /// The member at this place is being promoted.
    Promoting(usize),
    /// The first member is being promoted again, in order.
    Returning,
}

/// What a failover did in a run: counts, and sums of nanoseconds over the switches.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct FailoverActs {
    /// Times that another member was put in the place of one that had failed.
    pub switches: u64,
    /// Times that the decision was that the active member had not failed.
    pub aborted: u64,
    /// Times that the first member got its place back.
    pub returns: u64,
    /// From the failure to its detection, by the last of the probes.
    pub detection: u64,
    /// From there to the decision.
    pub decision: u64,
    /// From there to the end of the promotion.
    pub promotion: u64,
    /// From there to the first answer of the new member.
    pub first_answer: u64,
    /// Switches after which the new member has answered.
    pub answered: u64,
    /// From failures to first answers, and the longest.
    pub outage: u64,
    /// The longest.
    pub outage_max: u64,
    /// From failures to the end of the checks after the promotion.
    pub verified: u64,
    /// From failures to the end of the notices.
    pub notified: u64,
    /// Writes that the active member took, and those of them that were lost.
    pub writes: u64,
    /// Lost.
    pub writes_lost: u64,
    /// The age of the oldest write lost, sum over the switches, and the greatest.
    pub span_lost: u64,
    /// The greatest.
    pub span_lost_max: u64,
    /// Writes taken by a member that was no longer active: split brain. They are lost.
    pub split_writes: u64,
    /// Reads, and those that did not see the latest write of their own user.
    pub reads: u64,
    /// Stale.
    pub stale_reads: u64,
    /// Nanoseconds of the measured window in which the active member answered.
    pub answering: u128,
}

/// A write on its way to the other members.
#[derive(Clone, Copy, Debug)]
struct Lagging {
    written: u64,
    arrives: u64,
    user: u64,
}

/// A failover at work.
pub(super) struct FailoverState {
    active: usize,
    /// Who was active before, and when that changed.
    before: usize,
    switched_at: u64,
    stage: Stage,
    misses: u32,
    /// Whether a probe is on the agenda: none is while there is nothing that it could find.
    probing: bool,
    /// Since when the active member has not answered.
    down_since: Option<u64>,
    /// When what is acted upon began, was found, and was decided upon.
    struck_at: u64,
    found_at: u64,
    decided_at: u64,
    /// Since when the first member, not being active, has been well.
    well_since: Option<u64>,
    awaits_answer: bool,
    answering: Level,
    lagging: VecDeque<Lagging>,
    /// When the last write of a user arrives that has not yet.
    own: BTreeMap<u64, u64>,
    chance: Stream,
    acts: FailoverActs,
}

impl FailoverState {
    pub(super) fn all(model: &Model, streams: &Streams) -> Vec<Self> {
        let one = |rule: &Rule| Self {
            active: 0,
            before: 0,
            switched_at: 0,
            stage: Stage::Watching,
            misses: 0,
            probing: false,
            down_since: None,
            struck_at: 0,
            found_at: 0,
            decided_at: 0,
            well_since: None,
            awaits_answer: false,
            answering: Level::default(),
            lagging: VecDeque::new(),
            own: BTreeMap::new(),
            chance: streams.stream(&rule.name, "failover"),
            acts: FailoverActs::default(),
        };
        model.failovers.iter().map(one).collect()
    }

    pub(super) const fn answering(&mut self) -> &mut Level {
        &mut self.answering
    }

    /// The active member, by place in its list.
    pub(super) const fn active_member(&self) -> usize {
        self.active
    }

    /// What it did, when the run is over.
    pub(super) fn acts(&self) -> FailoverActs {
        FailoverActs { answering: self.answering.window(), ..self.acts }
    }

    fn draw(&mut self, law: Option<&Sampler>) -> u64 {
        law.map_or(0, |law| law.sample_span(self.chance.unit()).as_nanos())
    }

    /// Forgets writes that have arrived; nothing arrives any more from a member that has failed.
    fn settle(&mut self, now: u64) {
        let until = self.down_since.map_or(now, |since| since.min(now));
        while let Some(write) = self.lagging.front().filter(|write| write.arrives <= until) {
            if self.own.get(&write.user).is_some_and(|arrives| *arrives <= write.arrives) {
                self.own.remove(&write.user);
            }
            self.lagging.pop_front();
        }
    }

    /// The writes that are lost with the active member: those under way when it failed, or now, if it has not.
    fn lose_writes(&mut self, now: u64) {
        if let Some(oldest) = self.lagging.front() {
            let span = self.down_since.unwrap_or(now).saturating_sub(oldest.written);
            self.acts.span_lost += span;
            self.acts.span_lost_max = self.acts.span_lost_max.max(span);
        }
        self.acts.writes_lost += self.lagging.len() as u64;
        self.lagging.clear();
        self.own.clear();
    }
}

/// What an event of a failover is about: a probe, or the end of what is being done.
const PROBE: u32 = 0;
const STEP: u32 = 1;

impl World<'_> {
    pub(super) fn start_failovers(&mut self) {
        for index in 0..self.failovers.len() {
            self.failovers[index].answering.set(0, 1);
        }
    }

    /// Something has changed that a probe may find.
    fn schedule_probe(&mut self, index: usize) {
        if std::mem::replace(&mut self.failovers[index].probing, true) {
            return;
        }
        let next = noticed_at(self.now, self.plan.model.failovers[index].interval, 1);
        let event = Event::Failover(u32::from(small(index)) << 1 | PROBE);
        self.agenda.schedule(next.min(FAR), event);
    }

    fn schedule_step(&mut self, index: usize, span: u64) {
        let event = Event::Failover(u32::from(small(index)) << 1 | STEP);
        self.agenda.schedule(self.now.saturating_add(span).min(FAR), event);
    }

    /// A failover probes its active member, or has done what it was about.
    pub(super) fn failover(&mut self, what: u32) {
        let index = (what >> 1) as usize;
        if what & 1 == PROBE {
            self.failovers[index].probing = false;
            if self.probe_member(index) {
                self.schedule_probe(index);
            }
            return;
        }
        match self.failovers[index].stage {
            Stage::Watching => {}
            Stage::Deciding => self.decide(index),
            Stage::Promoting(member) => self.promote(index, member),
            Stage::Returning => self.hand_back(index),
        }
    }

    /// Whether the next probe may find anything.
    fn probe_member(&mut self, index: usize) -> bool {
        let (now, plan) = (self.now, self.plan);
        let rule = &plan.model.failovers[index];
        if self.failovers[index].stage != Stage::Watching {
            return true;
        }
        let member = &self.stations[rule.members[self.failovers[index].active] as usize];
        let fails = if member.answering.value() == 0 { 1.0 } else { member.trouble.hides_share(now) };
        let first = &self.stations[rule.members[0] as usize];
        let first_answers = first.answering.value() > 0 && first.trouble.hides_share(now) < 1.0;
        let state = &mut self.failovers[index];
        state.misses = if state.chance.unit() < fails { state.misses + 1 } else { 0 };
        if state.misses >= rule.misses {
            state.misses = 0;
            state.stage = Stage::Deciding;
            state.struck_at = state.down_since.unwrap_or(now);
            state.found_at = now;
            let struck_at = state.struck_at;
            self.story.tell(struck_at, What::MemberFails, index, 0);
            self.story.tell(now, What::MemberFound, index, 0);
            let laws = &plan.failovers[index];
            let span = state.draw(laws.operator.as_ref()).saturating_add(state.draw(laws.decision.as_ref()));
            self.schedule_step(index, span);
            return true;
        }
        let Some(after) = rule.fail_back_after else { return fails > 0.0 };
        state.well_since =
            if state.active != 0 && first_answers { state.well_since.or(Some(now)) } else { None };
        if state.well_since.is_some_and(|since| now - since >= after.as_nanos()) {
            state.well_since = None;
            state.stage = Stage::Returning;
            let span = state.draw(plan.failovers[index].promotion.as_ref());
            self.schedule_step(index, span);
            return true;
        }
        fails > 0.0 || state.active != 0
    }

    /// Is the active member truly gone, and is another ready?
    fn decide(&mut self, index: usize) {
        let (now, plan) = (self.now, self.plan);
        let rule = &plan.model.failovers[index];
        let answers = |place: usize| self.stations[rule.members[place] as usize].answering.value() > 0;
        let active = self.failovers[index].active;
        if rule.split_brain_check && answers(active) {
            let state = &mut self.failovers[index];
            state.acts.aborted += 1;
            state.stage = Stage::Watching;
            self.story.tell(now, What::SwitchAborted, index, 0);
            return self.schedule_probe(index);
        }
        let count = rule.members.len();
        let ready = (1..count).map(|step| (active + step) % count).find(|place| answers(*place));
        let Some(member) = ready else {
            // Nobody is: it looks again with the next probe.
            let again = noticed_at(now, rule.interval, 1) - now;
            return self.schedule_step(index, again);
        };
        let state = &mut self.failovers[index];
        state.decided_at = now;
        self.story.tell(now, What::SwitchDecided, index, member);
        state.stage = Stage::Promoting(member);
        let span = state.draw(plan.failovers[index].promotion.as_ref());
        self.schedule_step(index, span);
    }

    /// The promotion is over, unless the new member has failed meanwhile.
    fn promote(&mut self, index: usize, member: usize) {
        let (now, plan) = (self.now, self.plan);
        let station = plan.model.failovers[index].members[member];
        let answers = self.stations[station as usize].answering.value() > 0;
        let state = &mut self.failovers[index];
        if !answers {
            state.stage = Stage::Deciding;
            return self.schedule_step(index, 0);
        }
        state.settle(now);
        state.lose_writes(now);
        let laws = &plan.failovers[index];
        let checked = now.saturating_add(state.draw(laws.verification.as_ref()));
        let told = checked.saturating_add(state.draw(laws.notification.as_ref()));
        state.acts.switches += 1;
        state.acts.detection += state.found_at - state.struck_at;
        state.acts.decision += state.decided_at - state.found_at;
        state.acts.promotion += now - state.decided_at;
        state.acts.verified += checked - state.struck_at;
        state.acts.notified += told - state.struck_at;
        state.awaits_answer = true;
        self.tell(What::Switched, index, member);
        self.switch_to(index, member);
    }

    /// The first member is active again; it has everything that was written.
    fn hand_back(&mut self, index: usize) {
        let now = self.now;
        let station = self.plan.model.failovers[index].members[0];
        let answers = self.stations[station as usize].answering.value() > 0;
        let state = &mut self.failovers[index];
        state.stage = Stage::Watching;
        if !answers || state.down_since.is_some() {
            return self.schedule_probe(index);
        }
        state.settle(now);
        state.lagging.clear();
        state.own.clear();
        state.acts.returns += 1;
        self.tell(What::MemberReturns, index, 0);
        self.switch_to(index, 0);
    }

    fn switch_to(&mut self, index: usize, member: usize) {
        let now = self.now;
        let state = &mut self.failovers[index];
        (state.before, state.active, state.switched_at) = (state.active, member, now);
        state.stage = Stage::Watching;
        state.down_since = None;
        state.answering.set(now, 1);
        self.schedule_probe(index);
    }

    /// A station has begun to answer, or ceased to; whoever watches over it will find out.
    pub(super) fn note_answering(&mut self, station: u16) {
        let now = self.now;
        let needs = self.plan.model.stations[station as usize].needs;
        let state = &mut self.stations[station as usize];
        let answers = state.trouble.answers(now) && state.working_servers() >= needs;
        state.answering.set(now, u32::from(answers));
        for (index, rule) in self.plan.model.failovers.iter().enumerate() {
            if !rule.members.contains(&station) {
                continue;
            }
            self.schedule_probe(index);
            let state = &mut self.failovers[index];
            if rule.members[state.active] != station {
                continue;
            }
            state.settle(now);
            state.answering.set(now, u32::from(answers));
            state.down_since = if answers { None } else { state.down_since.or(Some(now)) };
        }
    }

    /// The station that a call of a group goes to now.
    pub(super) fn member_for(&mut self, id: u32, failover: u16, access: Access) -> u16 {
        let now = self.now;
        let rule = &self.plan.model.failovers[failover as usize];
        let user = self.user_key(id);
        let state = &self.failovers[failover as usize];
        if access == Access::Replica {
            let count = rule.members.len();
            let mut others = (1..count).map(|step| rule.members[(state.active + step) % count]);
            let up = others.find(|station| self.stations[*station as usize].answering.value() > 0);
            return up.unwrap_or(rule.members[state.active]);
        }
        // Name entries run out for each caller at a moment of its own.
        let moved = if rule.dns_ttl.is_zero() || state.before == state.active {
            true
        } else {
            let left = rule.dns_ttl.scale(unit_from(later(user, 0, uses::RESOLVE)));
            now - state.switched_at >= left.as_nanos()
        };
        rule.members[if moved { state.active } else { state.before }]
    }

    /// A member of a group has answered a call.
    pub(super) fn member_answered(&mut self, id: u32, failover: u16, access: Access) {
        let now = self.now;
        let user = self.user_key(id);
        let station = self.strands.get(id).station;
        let law = self.plan.failovers[failover as usize].lag.as_ref();
        let active =
            self.plan.model.failovers[failover as usize].members[self.failovers[failover as usize].active];
        let state = &mut self.failovers[failover as usize];
        state.settle(now);
        let is_active = station == active;
        if is_active && std::mem::take(&mut state.awaits_answer) {
            let outage = now - state.struck_at;
            state.acts.answered += 1;
            state.acts.first_answer += now - state.switched_at;
            state.acts.outage += outage;
            state.acts.outage_max = state.acts.outage_max.max(outage);
            self.story.tell(now, What::MemberAnswers, usize::from(failover), 0);
        }
        match access {
            Access::Write if !is_active => state.acts.split_writes += 1,
            Access::Write => {
                state.acts.writes += 1;
                let Some(law) = law else { return };
                let lag = law.sample_span(state.chance.unit()).as_nanos();
                // In order: no write overtakes an earlier one.
                let earliest = state.lagging.back().map_or(0, |write| write.arrives);
                let arrives = now.saturating_add(lag).max(earliest);
                state.lagging.push_back(Lagging { written: now, arrives, user });
                state.own.insert(user, arrives);
            }
            Access::Read | Access::Replica => {
                state.acts.reads += 1;
                // What has arrived is forgotten; what has not may never do so, if the active member has failed.
                state.acts.stale_reads += u64::from(!is_active && state.own.contains_key(&user));
            }
        }
    }

    /// Sums of spans and counts of switches fit together.
    pub(super) fn audit_failovers(&self) {
        for (rule, state) in self.plan.model.failovers.iter().zip(&self.failovers) {
            let acts = &state.acts;
            let waits = u64::from(state.awaits_answer);
            // One that failed again before it had answered is not waited for any more.
            assert!(acts.answered + waits <= acts.switches, "answers follow switches of {}", rule.name);
            let there = state.lagging.len() as u64;
            assert!(acts.writes_lost + there <= acts.writes, "lost writes of {} were written", rule.name);
        }
    }
}

/// How long until everybody knows of something that happened in a region at `at`, by its watcher's probes.
pub(super) fn noticed_after(at: u64, probe: Option<(Span, u32)>, else_after: Span) -> u64 {
    probe.map_or(else_after.as_nanos(), |(interval, misses)| noticed_at(at, interval, misses) - at)
}

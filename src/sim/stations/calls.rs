//! Calls: how a strand makes one, how it comes back, and what happens when it does not.

use super::super::controllers::DegradeState;
use super::super::impact::Mark;
use super::super::ledger::Part;
use super::super::probe::count;
use super::super::sockets::After;
use super::super::strand::{Cause, NONE, Phase, uses};
use super::super::world::{FAR, World};
use super::bill::bill;
use super::{Coming, small};
use crate::engine::Ticket;
use crate::model::workload::Load;
use tars_policy::breaker::{Outcome, Permit, State as BreakerState};
use tars_policy::retry::{Failure, RetryVerdict};
use tars_policy::route::Ask;
use tars_policy::units::{Span, Time};

impl World<'_> {
    /// The strand calls the station of a visit.
    #[inline(never)]
    pub(in crate::sim) fn visit(&mut self, id: u32, visit: u16) {
        self.visit_here(id, visit);
    }

    /// The same within its caller.
    #[inline(always)]
    #[expect(clippy::inline_always, reason = "a call of every task: its frame costs as much as its work")]
    pub(in crate::sim) fn visit_here(&mut self, id: u32, visit: u16) {
        let plan = self.plan;
        match &plan.direct[visit as usize] {
            Some(direct) => self.visit_directly(id, visit, direct),
            None => self.visit_elaborately(id, visit),
        }
    }

    #[inline(never)]
    fn visit_elaborately(&mut self, id: u32, visit: u16) {
        if self.levels.is_some() && self.level_decides(id, visit) {
            return;
        }
        let station = self.begin_call(id, visit);
        if !self.plan.model.stations[station as usize].offers.is_empty() {
            self.choose_model(id, visit);
        }
        self.begin_attempt(id);
    }

    /// The call of a visit begins; its station is returned.
    #[inline]
    fn begin_call(&mut self, id: u32, visit: u16) -> u16 {
        let call = &self.plan.model.program.visits[visit as usize];
        let strand = self.strands.get_mut(id);
        strand.visit = visit;
        strand.station = call.station;
        strand.attempt = 1;
        strand.last_wait = 0;
        if let Some(retry) = call.retry {
            let state = &mut self.retries[retry as usize];
            state.policy.on_request(Time::from_nanos(self.now));
            state.active += 1;
        }
        call.station
    }

    /// The strand makes the call of a visit for others, for a model that has been chosen.
    pub(in crate::sim) fn call_for_others(&mut self, id: u32, visit: u16) {
        if self.levels.is_some() && self.level_decides(id, visit) {
            return;
        }
        self.begin_call(id, visit);
        self.prompt_begins(id, visit);
        self.begin_attempt(id);
    }

    #[inline(never)]
    pub(in crate::sim) fn choose_model(&mut self, id: u32, visit: u16) {
        let plan = self.plan;
        if self.impact.on && of_mode(self, plan).is_some() {
            self.touch_task(id, Mark::Degraded);
        }
        let strand = self.strands.get(id);
        let call = &plan.model.program.visits[visit as usize];
        let offers = &plan.model.stations[call.station as usize].offers;
        let of_mode = of_mode(self, plan);
        let chosen = match (of_mode, &plan.choices[visit as usize]) {
            (Some(model), _) => Some(model),
            (None, Some(choice)) => {
                let role = plan.model.roles.get(strand.role as usize).map(String::as_str);
                let ask = Ask {
                    complexity: self.complexity(id),
                    role,
                    priority: Some(strand.priority),
                    draw: strand.draw(uses::MODEL),
                };
                Some(choice.models[choice.route.pick(&ask)])
            }
            (None, None) => None,
        };
        let strand = self.strands.get_mut(id);
        let of_agent = match strand.pool {
            NONE => None,
            pool => plan.model.pools[pool as usize].groups[strand.group as usize].model,
        };
        let offered = |model: &u16| offers[*model as usize].is_some();
        let first = offers.iter().position(Option::is_some).map(small);
        strand.model = chosen.filter(offered).or(of_agent.filter(offered)).or(first).unwrap_or(NONE);
        strand.provider = call.station;
        self.prompt_begins(id, visit);
    }

    /// The task's complexity, drawn once.
    pub(super) fn complexity(&self, id: u32) -> f64 {
        let strand = self.strands.get(id);
        match &self.plan.classes[strand.class as usize].complexity {
            Some(law) => law.sample(strand.draw_once(uses::COMPLEXITY)),
            None => 0.0,
        }
    }

    /// Replays the next recorded call of the strand's session, after its pause.
    pub(in crate::sim) fn replay(&mut self, id: u32, visit: u16) {
        let plan = self.plan;
        let now = self.now;
        let strand = self.strands.get_mut(id);
        let Load::Sessions(trace) = &plan.model.clients[strand.client as usize].load else {
            unreachable!("only sessions replay calls");
        };
        let (first, count, tail) = trace.sessions[strand.row as usize];
        // Two wakes a call: after the pause the call is made, after the call the next pause begins.
        let at = strand.replay;
        strand.replay += 1;
        if at == 2 * count {
            strand.ledger.enter(now, Part::Tool);
            strand.phase = Phase::Delay;
            return self.wake_after(id, tail.as_nanos());
        }
        strand.pc -= 1;
        if at.is_multiple_of(2) {
            let (gap, _) = trace.calls[(first + at / 2) as usize];
            strand.ledger.enter(now, Part::Tool);
            strand.phase = Phase::Delay;
            return self.wake_after(id, gap.as_nanos());
        }
        self.visit(id, visit);
    }

    /// The next attempt of the present call begins.
    pub(in crate::sim) fn attempt(&mut self, id: u32) {
        self.begin_attempt(id);
    }

    /// One attempt of the present call begins.
    #[inline(always)]
    #[expect(clippy::inline_always, reason = "a call of every task: its frame costs as much as its work")]
    fn begin_attempt(&mut self, id: u32) {
        let plan = self.plan;
        let now = self.now;
        let time = self.time();
        let call = &plan.model.program.visits[self.strands.get(id).visit as usize];
        if let Some((failover, access)) = call.failover {
            let station = self.member_for(id, failover, access);
            self.strands.get_mut(id).station = station;
        }
        if let Some((index, _)) = call.index {
            let station = self.shard_for(id, index);
            self.strands.get_mut(id).station = station;
        }
        let strand = self.strands.get_mut(id);
        if let Some(breaker) = call.breaker {
            match self.breakers[breaker as usize].permit(time) {
                Permit::Allowed(pass) => strand.pass = Some(pass),
                Permit::Refused { .. } => {
                    self.probe.breaker_refused += 1;
                    strand.ledger.enter(now, Part::Breaker);
                    return self.attempt_failed(id, Cause::BreakerOpen);
                }
            }
        }
        let of_mode = if call.is_llm { self.degrade.as_ref().and_then(DegradeState::timeout) } else { None };
        let timeout = match (call.timeout, of_mode) {
            (Some(own), Some(mode)) => Some(own.min(mode)),
            (own, mode) => own.or(mode),
        };
        strand.deadline = timeout.map_or(u64::MAX, |timeout| now.saturating_add(timeout.as_nanos()).min(FAR));
        let station = strand.station as usize;
        strand.joined = now;
        strand.left = 0;
        strand.spent_before = strand.ledger.spent_by(now, plan.stations[station].part);
        if strand.measured {
            count(&mut self.stations[station].calls);
        }
        count(&mut self.probe.calls);
        if self.sockets.needed(station) && !self.stations[station].trouble.out {
            return self.ask_for_socket(id);
        }
        self.knock(id, station);
    }

    /// The attempt meets the station: it is out, its limit has a say, or it is joined.
    #[inline(always)]
    #[expect(clippy::inline_always, reason = "a call of every task: its frame costs as much as its work")]
    fn knock(&mut self, id: u32, station: usize) {
        if self.stations[station].trouble.out {
            return self.attempt_failed(id, Cause::Down);
        }
        if self.stations[station].limiter.is_some() {
            return self.meet_limit(id);
        }
        self.join(id, Coming::Anew);
    }

    /// An attempt that has its connection meets the station.
    #[inline(never)]
    pub(in crate::sim) fn meet_station(&mut self, id: u32) {
        self.knock(id, usize::from(self.strands.get(id).station));
    }

    /// The call came back.
    #[inline(always)]
    #[expect(clippy::inline_always, reason = "a call of every task: its frame costs as much as its work")]
    pub(in crate::sim) fn served(&mut self, id: u32) {
        if self.sockets.any {
            self.release_socket(id, After::Answered);
        }
        let time = self.time();
        let plan = self.plan;
        let strand = self.strands.get_mut(id);
        let call = &plan.model.program.visits[strand.visit as usize];
        let index = strand.station as usize;
        let measured = strand.measured;
        let mut spent = 0;
        if plan.stations[index].troubled && self.stations[index].trouble.out {
            strand.will_fail = true;
            strand.doom = Cause::Down;
        }
        if let Some(offer) = plan.stations[index].offers.get(strand.model as usize).and_then(Option::as_ref) {
            spent = bill(offer, strand, self.prompts.cached(id));
            strand.cost += spent;
            if call.prompt.is_some() && !strand.will_fail {
                self.prompts.call_ends(time.as_nanos(), strand.visit, call, strand.model);
            }
            self.probe.called(strand.model, strand.station, measured, !strand.will_fail);
        }
        if strand.will_fail {
            strand.lost += spent;
            let told = plan.stations[index].troubled || plan.stations[index].moody;
            let cause = if told { strand.doom } else { Cause::Error };
            self.probe.counters.timeouts += u64::from(cause == Cause::Timeout);
            return self.attempt_failed(id, cause);
        }
        if measured {
            count(&mut self.stations[index].served);
        }
        if let Some(degrade) = &mut self.degrade
            && !plan.model.stations[index].offers.is_empty()
        {
            degrade.saw(time.as_nanos(), true);
        }
        strand.timeout = Ticket::NONE;
        if let Some((failover, access)) = call.failover {
            self.member_answered(id, failover, access);
        }
        if let Some((index, amount @ 1..)) = call.index {
            self.index_grows(id, index, amount);
        }
        let strand = self.strands.get(id);
        if self.first_bytes.on && !plan.stations[index].offers.is_empty() {
            self.first_bytes.answered(time.as_nanos(), id, strand.key);
        }
        if let Some(retry) = call.retry {
            self.retries[retry as usize].policy.on_success(time);
        }
        if call.breaker.is_some() || call.retry.is_some() {
            self.call_ends(id, Outcome::Success);
        }
        self.proceed(id);
    }

    /// The strand's present call, if it makes one, is over for its breaker and its retry policy.
    #[inline(never)]
    pub(in crate::sim) fn call_ends(&mut self, id: u32, outcome: Outcome) {
        if self.sockets.any {
            self.release_socket(id, After::BrokenOff);
        }
        let strand = self.strands.get_mut(id);
        let attempt = std::mem::take(&mut strand.attempt);
        if attempt == 0 {
            return;
        }
        let call = &self.plan.model.program.visits[strand.visit as usize];
        if let (Some(breaker), Some(pass)) = (call.breaker, strand.pass.take()) {
            self.record_outcome(breaker, pass, outcome);
        }
        if let Some(retry) = call.retry {
            let state = &mut self.retries[retry as usize];
            state.active -= 1;
            state.retrying -= u32::from(attempt > 1);
        }
    }

    /// An attempt has failed: try again as the retry policy says, or fail the task.
    #[inline(never)]
    pub(in crate::sim) fn attempt_failed(&mut self, id: u32, cause: Cause) {
        if self.sockets.any {
            let after = if cause == Cause::Timeout { After::BrokenOff } else { After::Answered };
            self.release_socket(id, after);
        }
        let plan = self.plan;
        let now = self.now;
        let time = self.time();
        self.touch_task(id, Mark::Attempt);
        let strand = self.strands.get_mut(id);
        strand.timeout = Ticket::NONE;
        strand.patience = Ticket::NONE;
        strand.timer = Ticket::NONE;
        let call = &plan.model.program.visits[strand.visit as usize];
        let station = &plan.model.stations[strand.station as usize];
        if let (Some(breaker), Some(pass)) = (call.breaker, strand.pass.take()) {
            self.record_outcome(breaker, pass, outcome_of(cause));
        }
        let strand = self.strands.get_mut(id);
        if let Some(degrade) = &mut self.degrade
            && !station.offers.is_empty()
            && matches!(cause, Cause::Error | Cause::Timeout | Cause::Limited | Cause::Down)
        {
            degrade.saw(now, false);
        }
        if matches!(cause, Cause::Error | Cause::Timeout | Cause::Down) {
            // What the attempt took in service was for nothing.
            strand.ledger.enter(now, Part::FailedAttempts);
            let part = plan.stations[strand.station as usize].part;
            strand.ledger.move_since(strand.spent_before, part, Part::FailedAttempts);
        }
        let of_errors =
            call.body.is_some() || station.failure.as_ref().is_some_and(|failure| failure.retryable);
        let retryable = may_be_retried(cause, of_errors);
        let verdict = match call.retry {
            Some(retry) if retryable => {
                let state = &mut self.retries[retry as usize];
                let failure = Failure {
                    attempt: strand.attempt,
                    last_wait: Span::from_nanos(strand.last_wait),
                    retry_after: (cause == Cause::Limited).then(|| Span::from_nanos(strand.retry_after)),
                    active: state.active,
                    retrying: state.retrying - u32::from(strand.attempt > 1),
                };
                let draw = strand.draw(uses::RETRY);
                let verdict = state.policy.on_failure(time, &failure, draw);
                if strand.attempt == 1 && matches!(verdict, RetryVerdict::RetryAt { .. }) {
                    state.retrying += 1;
                }
                verdict
            }
            Some(_) | None => return self.call_failed(id, cause),
        };
        match verdict {
            RetryVerdict::RetryAt { at, .. } => {
                let wait = (at - time).as_nanos();
                strand.last_wait = wait;
                strand.attempt += 1;
                strand.phase = Phase::Backoff;
                strand.ledger.enter(
                    now,
                    if cause == Cause::BreakerOpen { Part::Breaker } else { Part::ServerBackoff },
                );
                if strand.measured {
                    self.probe.retried += 1;
                }
                self.wake_after(id, wait);
            }
            RetryVerdict::GiveUp { dead_letter, .. } => {
                self.probe.dead_letters += u64::from(dead_letter && strand.measured);
                self.call_failed(id, cause);
            }
        }
    }

    /// The call to fall back to from a strand's present call; one whose breaker is open is passed over.
    fn next_of_chain(&self, id: u32) -> Option<u16> {
        let program = &self.plan.model.program;
        let visit = &program.visits[self.strands.get(id).visit as usize];
        let (chain, place) = visit.chain?;
        let chain = &program.chains[chain as usize];
        let usable = |provider: usize| {
            let breaker = program.visits[chain.visits[provider] as usize].breaker;
            breaker.is_none_or(|breaker| {
                !matches!(
                    self.breakers[breaker as usize].state(self.time()),
                    BreakerState::Open | BreakerState::ForcedOpen
                )
            })
        };
        let next = chain.policy.after(usize::from(place), u32::from(place), usable)?;
        Some(chain.visits[next])
    }

    /// A call has failed for good: so has the task, or the branch of it.
    pub(super) fn call_failed(&mut self, id: u32, cause: Cause) {
        self.call_ends(id, Outcome::Failure);
        if let Some(next) = self.next_of_chain(id) {
            return self.visit(id, next);
        }
        if self.sharing.is_busy() {
            self.flight_fails(id, cause);
        }
        self.task_ends(id, Some(cause));
    }

    pub(in crate::sim) fn refusal_arrives(&mut self, id: u32) {
        self.attempt_failed(id, Cause::Limited);
    }

    #[inline(never)]
    pub(super) fn refuse(&mut self, id: u32, cause: Cause) {
        self.count_refusal(id);
        self.attempt_failed(id, cause);
    }

    pub(super) fn count_refusal(&mut self, id: u32) {
        let strand = self.strands.get(id);
        if strand.measured {
            self.stations[strand.station as usize].refused += 1;
        }
    }
}

/// The model that the modes or levels of degradation ask for.
fn of_mode(world: &World<'_>, plan: &super::super::plan::Plan) -> Option<u16> {
    world.degrade.as_ref().and_then(DegradeState::model).or_else(|| {
        let levels = world.levels.as_ref().zip(plan.model.levels.as_ref());
        levels.and_then(|(state, levels)| state.model(levels))
    })
}

/// What a failed attempt tells its breaker.
const fn outcome_of(cause: Cause) -> Outcome {
    if says_nothing_of_the_station(cause) { Outcome::Ignored } else { Outcome::Failure }
}

/// Whether another attempt may fare better; `of_errors` says it of the station's own errors.
fn may_be_retried(cause: Cause, of_errors: bool) -> bool {
    if cause == Cause::Error { of_errors } else { !says_nothing_of_the_station(cause) }
}

/// Whether it left the line by itself, or could never have been answered.
const fn says_nothing_of_the_station(cause: Cause) -> bool {
    match cause {
        Cause::Abandoned | Cause::NeverFits => true,
        Cause::QueueFull
        | Cause::Unavailable
        | Cause::Degraded
        | Cause::Displaced
        | Cause::StationFull
        | Cause::Expired
        | Cause::CoDel
        | Cause::ClientTimeout
        | Cause::Limited
        | Cause::Error
        | Cause::Timeout
        | Cause::BreakerOpen
        | Cause::Down
        | Cause::AgentLost
        | Cause::NodeLost => false,
    }
}

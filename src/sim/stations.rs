//! Stations: lines, limits, slots, service, refusals, retries.

use super::controllers::DegradeState;
use super::event::Event;
use super::ledger::Part;
use super::level::Level;
use super::plan::{Plan, exponential};
use super::probe::count;
use super::strand::{Cause, NONE, Phase, Strand, uses};
use super::world::{FAR, World};
use crate::engine::Ticket;
use crate::model::workload::Load;
use crate::model::{Service, Station};
use crate::random::{Stream, Streams, later, unit_from};
use crate::tally::Samples;
use std::cmp::Reverse;
use std::collections::{BinaryHeap, VecDeque};
use tars_policy::breaker::{Outcome, Permit};
use tars_policy::limiter::{Acquire, Cost, Limiter};
use tars_policy::queue::{DropReason, LaneMask, Offer, Offered, Order, PriorityQueue, Taken};
use tars_policy::retry::{Failure, Retry, RetryVerdict};
use tars_policy::route::Ask;
use tars_policy::units::{Span, Time, Tokens};

/// A retry policy at work.
pub(super) struct RetryState {
    policy: Retry,
    /// Calls under it on their way, and those of them that have failed at least once.
    active: u32,
    retrying: u32,
}

impl RetryState {
    pub(super) const fn new(policy: Retry) -> Self {
        Self { policy, active: 0, retrying: 0 }
    }
}

/// A station at work.
pub(super) struct StationState {
    pub(super) queue: PriorityQueue<u32>,
    random_order: bool,
    servers: u32,
    /// Servers that are not broken.
    up: u32,
    /// Who is in service, kept only where service can be interrupted.
    serving: Vec<u32>,
    /// Who was interrupted and goes on before anyone else of the same priority.
    interrupted: Vec<u32>,
    interruptible: bool,
    setting_up: bool,
    pub(super) limiter: Option<Limiter>,
    limit_line: VecDeque<u32>,
    limit_timer: Ticket,
    /// Processor sharing: the service each has attained, and when each is done in it.
    attained: f64,
    attained_at: u64,
    shared: BinaryHeap<Reverse<(u64, u32)>>,
    shared_timer: Ticket,
    /// Calls there, in line or in service, and calls in service.
    pub(super) number: Level,
    pub(super) busy: Level,
    pub(super) working: Level,
    chance: Option<Stream>,
    /// Whole-run sums for Little's law.
    pub(super) sojourn: u128,
    pub(super) arrived: u64,
    pub(super) left: u64,
    /// Of the measured window.
    pub(super) wait: Samples,
    pub(super) served: u64,
    pub(super) refused: u64,
    pub(super) limited: u64,
    pub(super) calls: u64,
    /// The highest number in service per deployment beyond the calibrated one, and services started there.
    pub(super) beyond: u64,
    pub(super) started: u64,
}

impl StationState {
    pub(super) fn new(station: &Station, streams: &Streams) -> Self {
        let built = "policies were validated when the model was made";
        let servers = station.servers.unwrap_or(u32::MAX);
        let random_order = station.queue.order == Order::Random;
        let needs_chance = random_order || station.breakdown.is_some() || station.setup.is_some();
        Self {
            queue: station.queue.build(1).expect(built),
            random_order,
            servers,
            up: servers,
            serving: Vec::new(),
            interrupted: Vec::new(),
            interruptible: station.service == Service::Preemptive || station.breakdown.is_some(),
            setting_up: false,
            limiter: station.limiter.as_ref().map(|spec| spec.build().expect(built)),
            limit_line: VecDeque::new(),
            limit_timer: Ticket::NONE,
            attained: 0.0,
            attained_at: 0,
            shared: BinaryHeap::new(),
            shared_timer: Ticket::NONE,
            number: Level::default(),
            busy: Level::default(),
            working: Level::default(),
            chance: needs_chance.then(|| streams.stream(&station.name, "station")),
            sojourn: 0,
            arrived: 0,
            left: 0,
            wait: Samples::new(),
            served: 0,
            refused: 0,
            limited: 0,
            calls: 0,
            beyond: 0,
            started: 0,
        }
    }

    /// One that joined at `joined` is there no more.
    #[inline]
    fn leaves(&mut self, now: u64, joined: u64) {
        self.number.down(now);
        count(&mut self.left);
        // The sum of sojourns is at most the area under the number there, below 2^92.
        self.sojourn = self.sojourn.wrapping_add(u128::from(now - joined));
    }

    /// One slot becomes free.
    #[inline]
    fn frees_slot(&mut self, now: u64, id: u32) {
        self.busy.down(now);
        if self.interruptible {
            let place = self.serving.iter().position(|other| *other == id).expect("it is in service");
            self.serving.swap_remove(place);
        }
    }

    #[inline]
    fn has_free_server(&self) -> bool {
        self.busy.value() < self.up && !self.setting_up
    }
}

impl World<'_> {
    pub(super) fn start_stations(&mut self) {
        for index in 0..self.stations.len() {
            let station = &self.plan.model.stations[index];
            let state = &mut self.stations[index];
            state.working.set(0, if state.servers == u32::MAX { 0 } else { state.servers });
            let Some(breakdown) = &station.breakdown else { continue };
            let cycles = if breakdown.each_server { state.servers } else { 1 };
            for _ in 0..cycles {
                self.schedule_breakdown(small(index));
            }
        }
    }

    fn schedule_breakdown(&mut self, index: u16) {
        let plan = &self.plan.stations[index as usize];
        let chance = self.stations[index as usize].chance.as_mut().expect("a station that breaks draws");
        let span = plan.up.as_ref().expect("a station that breaks has a law").sample_span(chance.unit());
        let at = self.now.saturating_add(span.as_nanos()).min(FAR);
        self.agenda.schedule(at, Event::Break(u32::from(index)));
    }

    /// The strand calls the station of a visit.
    #[inline]
    pub(super) fn visit(&mut self, id: u32, visit: u16) {
        let plan = self.plan;
        let call = &plan.model.program.visits[visit as usize];
        let station = &plan.model.stations[call.station as usize];
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
        if !station.offers.is_empty() {
            self.choose_model(id, visit);
        }
        self.attempt(id);
    }

    /// Replays the next recorded call of the strand's session, after its pause.
    pub(super) fn replay(&mut self, id: u32, visit: u16) {
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

    fn choose_model(&mut self, id: u32, visit: u16) {
        let plan = self.plan;
        let strand = self.strands.get(id);
        let call = &plan.model.program.visits[visit as usize];
        let offers = &plan.model.stations[call.station as usize].offers;
        let of_mode = self.degrade.as_ref().and_then(DegradeState::model);
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
    }

    /// The task's complexity, drawn once.
    fn complexity(&self, id: u32) -> f64 {
        let strand = self.strands.get(id);
        match &self.plan.classes[strand.class as usize].complexity {
            Some(law) => law.sample(strand.draw_once(uses::COMPLEXITY)),
            None => 0.0,
        }
    }

    /// One attempt of the present call begins.
    #[inline]
    pub(super) fn attempt(&mut self, id: u32) {
        let plan = self.plan;
        let now = self.now;
        let time = self.time();
        let strand = self.strands.get_mut(id);
        let call = &plan.model.program.visits[strand.visit as usize];
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
        if self.stations[station].limiter.is_some() {
            return self.meet_limit(id);
        }
        self.join(id, true);
    }

    /// The attempt may run out of time: it waits, or its service could last too long. Most attempts never get here, and
    /// none of their timers has to be passed over.
    #[inline]
    fn arm_timeout(&mut self, id: u32) {
        let strand = self.strands.get_mut(id);
        if strand.deadline != u64::MAX && strand.timeout == Ticket::NONE {
            strand.timeout = self.agenda.schedule(strand.deadline, Event::Timeout(id));
        }
    }

    fn limit_cost(&self, id: u32) -> Cost {
        let strand = self.strands.get(id);
        Cost {
            requests: 1,
            input_tokens: u64::from(strand.input_tokens),
            output_tokens: u64::from(strand.output_tokens),
        }
    }

    /// The call meets the station's rate limit.
    fn meet_limit(&mut self, id: u32) {
        let cost = self.limit_cost(id);
        let time = self.time();
        let now = self.now;
        let index = self.strands.get(id).station;
        let station = &self.plan.model.stations[index as usize];
        let state = &mut self.stations[index as usize];
        let limiter = state.limiter.as_mut().expect("asked for only where there is one");
        if station.waits_for_limit && !state.limit_line.is_empty() {
            return self.wait_for_limit(id, None);
        }
        match limiter.try_acquire(time, &cost) {
            // What a call takes is known when it is made, so its grant is not settled later.
            Acquire::Granted(_) => self.join(id, true),
            Acquire::Wait { until, .. } if station.waits_for_limit => self.wait_for_limit(id, Some(until)),
            Acquire::Wait { until, .. } => {
                self.probe.limited += 1;
                let strand = self.strands.get_mut(id);
                if strand.measured {
                    state.limited += 1;
                }
                strand.retry_after = (until - time).as_nanos();
                strand.phase = Phase::Refused;
                strand.ledger.enter(now, Part::FailedAttempts);
                self.arm_timeout(id);
                self.wake_after(id, station.refusal_delay.as_nanos());
            }
            Acquire::Never { .. } => self.attempt_failed(id, Cause::NeverFits),
        }
    }

    fn wait_for_limit(&mut self, id: u32, until: Option<Time>) {
        let now = self.now;
        let strand = self.strands.get_mut(id);
        let index = strand.station;
        let state = &mut self.stations[index as usize];
        let capacity = self.plan.model.stations[index as usize].capacity;
        if capacity.is_some_and(|capacity| state.number.value() >= capacity) {
            return self.refuse(id, Cause::StationFull);
        }
        strand.phase = Phase::LimitLine;
        strand.ledger.enter(now, Part::RateLimitWait);
        state.limit_line.push_back(id);
        state.arrived += 1;
        state.number.up(now);
        if let Some(until) = until {
            self.arm_limit(index, until);
        }
        self.arm_timeout(id);
        self.arm_patience(id);
    }

    fn arm_limit(&mut self, index: u16, until: Time) {
        let at = until.as_nanos().min(FAR);
        self.stations[index as usize].limit_timer =
            self.agenda.schedule(at, Event::LimitLifts(u32::from(index)));
    }

    /// The limit may let the first in line through, and whoever follows.
    pub(super) fn limit_lifts(&mut self, index: u32, ticket: Ticket) {
        let index = small(index as usize);
        if self.stations[index as usize].limit_timer != ticket {
            self.stale += 1;
            return;
        }
        self.stations[index as usize].limit_timer = Ticket::NONE;
        self.advance_limit_line(index);
    }

    fn advance_limit_line(&mut self, index: u16) {
        let time = self.time();
        while let Some(&id) = self.stations[index as usize].limit_line.front() {
            let cost = self.limit_cost(id);
            let state = &mut self.stations[index as usize];
            let limiter = state.limiter.as_mut().expect("a line at a limit has a limit");
            match limiter.try_acquire(time, &cost) {
                Acquire::Granted(_) => {
                    state.limit_line.pop_front();
                    let strand = self.strands.get_mut(id);
                    strand.patience = Ticket::NONE;
                    self.join(id, false);
                }
                Acquire::Wait { until, .. } => return self.arm_limit(index, until),
                Acquire::Never { .. } => {
                    state.limit_line.pop_front();
                    self.depart(id);
                    self.doom(id, Phase::AttemptLost, Cause::NeverFits);
                }
            }
        }
    }

    #[inline]
    fn arm_patience(&mut self, id: u32) {
        let strand = self.strands.get_mut(id);
        let Some(law) = self.plan.model.program.visits[strand.visit as usize].patience else { return };
        let span = self.plan.spans[law as usize].sample_span(strand.draw(uses::PATIENCE));
        // One draw for all waiting of the attempt, at the limit and in line.
        let at = strand.joined.saturating_add(span.as_nanos()).clamp(self.now, FAR);
        strand.patience = self.agenda.schedule(at, Event::Patience(id));
    }

    /// The call joins the station: it is served, or waits in line, or is refused. `arrives` is false for a call that
    /// was counted already while it waited for the limit.
    #[inline]
    fn join(&mut self, id: u32, arrives: bool) {
        let now = self.now;
        let index = self.strands.get(id).station as usize;
        let station = &self.plan.model.stations[index];
        let state = &mut self.stations[index];
        if arrives {
            if station.capacity.is_some_and(|capacity| state.number.value() >= capacity) {
                return self.refuse(id, Cause::StationFull);
            }
            count(&mut state.arrived);
            state.number.up(now);
        }
        match station.service {
            Service::Sharing => return self.share(id),
            Service::Preemptive => {
                if !state.has_free_server() && self.preempt_for(id) {
                    return self.start(id);
                }
            }
            Service::Slots => {}
        }
        let state = &mut self.stations[index];
        if state.has_free_server() && (state.interrupted.is_empty() || station.service == Service::Preemptive)
        {
            if state.busy.value() == 0
                && let Some(setup) = &self.plan.stations[index].setup
            {
                state.setting_up = true;
                let strand = self.strands.get_mut(id);
                let span = setup.sample_span(strand.draw(uses::SETUP));
                strand.due = now.saturating_add(span.as_nanos()).min(FAR);
                strand.phase = Phase::SetUp;
                strand.ledger.enter(now, Part::SlotWait);
                self.arm_timeout(id);
                return self.wake_after(id, span.as_nanos());
            }
            return self.start(id);
        }
        self.line_up(id);
    }

    #[inline]
    fn line_up(&mut self, id: u32) {
        let now = self.now;
        let time = self.time();
        let strand = self.strands.get_mut(id);
        let deadline = self.plan.model.classes[strand.class as usize]
            .deadline
            .map(|span| Time::from_nanos(strand.begun).saturating_add(span));
        let offer = Offer { priority: strand.priority, lane: 0, deadline };
        strand.phase = Phase::InLine;
        strand.ledger.enter(now, Part::SlotWait);
        let index = strand.station as usize;
        match self.stations[index].queue.offer(time, id, offer) {
            Offered::Accepted(ticket) => {
                self.strands.get_mut(id).queue_ticket = Some(ticket);
                self.arm_timeout(id);
                self.arm_patience(id);
            }
            Offered::AcceptedDisplacing { ticket, displaced, .. } => {
                self.strands.get_mut(id).queue_ticket = Some(ticket);
                self.arm_timeout(id);
                self.arm_patience(id);
                self.depart(displaced);
                self.doom(displaced, Phase::AttemptLost, Cause::Displaced);
            }
            Offered::Rejected(_) => {
                self.depart(id);
                self.count_refusal(id);
                self.doom(id, Phase::AttemptLost, Cause::StationFull);
            }
        }
    }

    fn refuse(&mut self, id: u32, cause: Cause) {
        self.count_refusal(id);
        self.attempt_failed(id, cause);
    }

    fn count_refusal(&mut self, id: u32) {
        let strand = self.strands.get(id);
        if strand.measured {
            self.stations[strand.station as usize].refused += 1;
        }
    }

    /// The strand is no longer at its station, whatever it did there.
    #[inline]
    fn depart(&mut self, id: u32) {
        let now = self.now;
        let strand = self.strands.get_mut(id);
        strand.queue_ticket = None;
        self.stations[strand.station as usize].leaves(now, strand.joined);
    }

    pub(super) fn set_up_ends(&mut self, id: u32) {
        let now = self.now;
        let strand = self.strands.get_mut(id);
        let index = strand.station;
        let state = &mut self.stations[index as usize];
        state.setting_up = false;
        if !state.has_free_server() {
            // The station broke down meanwhile: it is set up, and its service begins with the repair.
            strand.phase = Phase::Interrupted;
            strand.ledger.enter(now, Part::Interrupted);
            return state.interrupted.push(id);
        }
        self.start(id);
        self.serve_line(index);
    }

    /// Whoever the station was set up for has left: the setup goes on for the next in line.
    fn set_up_for_next(&mut self, index: u16, due: u64) {
        let Some(next) = self.next_in_line(index) else {
            self.stations[index as usize].setting_up = false;
            return;
        };
        let strand = self.strands.get_mut(next);
        strand.phase = Phase::SetUp;
        strand.queue_ticket = None;
        strand.patience = Ticket::NONE;
        strand.due = due;
        strand.timer = self.agenda.schedule(due, Event::Wake(next));
    }

    /// Service starts, or goes on after an interruption.
    #[inline]
    fn start(&mut self, id: u32) {
        let (plan, now) = (self.plan, self.now);
        let strand = self.strands.get_mut(id);
        let index = strand.station as usize;
        let (law, state) = (&plan.stations[index], &mut self.stations[index]);
        strand.phase = Phase::InService;
        strand.patience = Ticket::NONE;
        strand.queue_ticket = None;
        state.busy.up(now);
        if state.interruptible {
            state.serving.push(id);
        }
        strand.ledger.enter(now, law.part);
        let span = if strand.left > 0 {
            strand.left
        } else {
            if strand.measured {
                state.wait.record(now - strand.joined);
            }
            service_time(plan, strand, state)
        };
        strand.due = now.saturating_add(span);
        let may_time_out = state.interruptible || strand.due > strand.deadline;
        strand.timer = self.agenda.schedule(strand.due.min(FAR), Event::Wake(id));
        if may_time_out {
            self.arm_timeout(id);
        }
    }

    /// Service is over: the slot is free, and the call has succeeded or failed.
    pub(super) fn service_ends(&mut self, id: u32) {
        let now = self.now;
        let strand = self.strands.get_mut(id);
        let index = strand.station;
        let state = &mut self.stations[index as usize];
        let part = strand.ledger.part();
        strand.ledger.enter_split(now, strand.own, Part::Slowdown, part);
        state.frees_slot(now, id);
        state.leaves(now, strand.joined);
        self.serve_line(index);
        self.served(id);
    }

    fn leave_slot(&mut self, id: u32) {
        self.stations[self.strands.get(id).station as usize].frees_slot(self.now, id);
    }

    /// The call came back.
    fn served(&mut self, id: u32) {
        let time = self.time();
        let plan = self.plan;
        let strand = self.strands.get_mut(id);
        let call = &plan.model.program.visits[strand.visit as usize];
        let index = strand.station as usize;
        let measured = strand.measured;
        let mut spent = 0;
        if let Some(offer) = plan.stations[index].offers.get(strand.model as usize).and_then(Option::as_ref) {
            let tokens =
                (Tokens::new(u64::from(strand.input_tokens)), Tokens::new(u64::from(strand.output_tokens)));
            let dollars = offer.input_price * tokens.0 + offer.output_price * tokens.1;
            spent =
                u64::try_from(dollars.as_trillionths()).expect("a call costs less than 18 million dollars");
            strand.cost += spent;
            self.probe.called(strand.model, strand.station, measured, !strand.will_fail);
        }
        if strand.will_fail {
            strand.lost += spent;
            return self.attempt_failed(id, Cause::Error);
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
        if let Some(retry) = call.retry {
            self.retries[retry as usize].policy.on_success(time);
        }
        if call.breaker.is_some() || call.retry.is_some() {
            self.call_ends(id, Outcome::Success);
        }
        self.go(id);
    }

    /// The strand's present call, if it makes one, is over for its breaker and its retry policy.
    pub(super) fn call_ends(&mut self, id: u32, outcome: Outcome) {
        let time = self.time();
        let strand = self.strands.get_mut(id);
        let attempt = std::mem::take(&mut strand.attempt);
        if attempt == 0 {
            return;
        }
        let call = &self.plan.model.program.visits[strand.visit as usize];
        if let (Some(breaker), Some(pass)) = (call.breaker, strand.pass.take()) {
            let _ = self.breakers[breaker as usize].record(time, pass, outcome);
        }
        if let Some(retry) = call.retry {
            let state = &mut self.retries[retry as usize];
            state.active -= 1;
            state.retrying -= u32::from(attempt > 1);
        }
    }

    /// An attempt has failed: try again as the retry policy says, or fail the task.
    pub(super) fn attempt_failed(&mut self, id: u32, cause: Cause) {
        let plan = self.plan;
        let now = self.now;
        let time = self.time();
        let strand = self.strands.get_mut(id);
        strand.timeout = Ticket::NONE;
        strand.patience = Ticket::NONE;
        strand.timer = Ticket::NONE;
        let call = &plan.model.program.visits[strand.visit as usize];
        let station = &plan.model.stations[strand.station as usize];
        if let (Some(breaker), Some(pass)) = (call.breaker, strand.pass.take()) {
            let outcome = match cause {
                // It left the line by itself, or could never have been answered.
                Cause::Abandoned | Cause::NeverFits => Outcome::Ignored,
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
                | Cause::BreakerOpen => Outcome::Failure,
            };
            let _ = self.breakers[breaker as usize].record(time, pass, outcome);
        }
        if let Some(degrade) = &mut self.degrade
            && !station.offers.is_empty()
            && matches!(cause, Cause::Error | Cause::Timeout | Cause::Limited)
        {
            degrade.saw(now, false);
        }
        if cause == Cause::Error || cause == Cause::Timeout {
            // What the attempt took in service was for nothing.
            strand.ledger.enter(now, Part::FailedAttempts);
            let part = plan.stations[strand.station as usize].part;
            strand.ledger.move_since(strand.spent_before, part, Part::FailedAttempts);
        }
        let retryable = match cause {
            Cause::Error => station.failure.as_ref().is_some_and(|failure| failure.retryable),
            Cause::NeverFits | Cause::Abandoned => false,
            Cause::QueueFull
            | Cause::Unavailable
            | Cause::Degraded
            | Cause::Displaced
            | Cause::StationFull
            | Cause::Expired
            | Cause::CoDel
            | Cause::ClientTimeout
            | Cause::Limited
            | Cause::Timeout
            | Cause::BreakerOpen => true,
        };
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
            RetryVerdict::GiveUp { .. } => self.call_failed(id, cause),
        }
    }

    /// A call has failed for good: so has the task, or the branch of it.
    fn call_failed(&mut self, id: u32, cause: Cause) {
        self.call_ends(id, Outcome::Failure);
        self.task_ends(id, Some(cause));
    }

    pub(super) fn refusal_arrives(&mut self, id: u32) {
        self.attempt_failed(id, Cause::Limited);
    }

    /// Free servers take whoever is next.
    #[inline]
    pub(super) fn serve_line(&mut self, index: u16) {
        while self.stations[index as usize].has_free_server() {
            let Some(id) = self.next_in_line(index) else { return };
            self.start(id);
        }
    }

    #[inline]
    fn next_in_line(&mut self, index: u16) -> Option<u32> {
        if !self.stations[index as usize].interrupted.is_empty()
            && let Some(id) = self.next_interrupted(index)
        {
            return Some(id);
        }
        let time = self.time();
        loop {
            let state = &mut self.stations[index as usize];
            if state.queue.is_empty() && !state.random_order {
                return None;
            }
            let draw = if state.random_order { state.chance.as_mut().map_or(0.0, Stream::unit) } else { 0.0 };
            match state.queue.take(time, LaneMask::ALL, draw) {
                Taken::Serve { item, .. } => return Some(item),
                Taken::Drop { item, reason } => {
                    self.depart(item);
                    self.doom(item, Phase::AttemptLost, drop_cause(reason));
                }
                Taken::Empty => return None,
            }
        }
    }

    /// Of the interrupted, the one that goes on: the highest priority, then the longest there; but not before a
    /// waiting call of a higher priority.
    fn next_interrupted(&mut self, index: u16) -> Option<u32> {
        let state = &self.stations[index as usize];
        let key = |id: &u32| {
            let strand = self.strands.get(*id);
            (strand.priority.index(), strand.joined, *id)
        };
        let (place, id) = state.interrupted.iter().enumerate().min_by_key(|(_, id)| key(id))?;
        let id = *id;
        let ranks = self.plan.model.stations[index as usize].service == Service::Preemptive;
        let waiting = state.queue.next_priority(LaneMask::ALL);
        if ranks && waiting.is_some_and(|priority| priority.index() < self.strands.get(id).priority.index()) {
            return None;
        }
        self.stations[index as usize].interrupted.swap_remove(place);
        Some(id)
    }

    /// Interrupts the least important call in service if the arriving one is more important.
    fn preempt_for(&mut self, id: u32) -> bool {
        let arriving = self.strands.get(id);
        let state = &self.stations[arriving.station as usize];
        if state.busy.value() > state.up || state.up == 0 {
            return false;
        }
        let key = |other: &&u32| {
            let strand = self.strands.get(**other);
            (strand.priority.index(), strand.joined, **other)
        };
        let Some(&victim) = state.serving.iter().max_by_key(key) else { return false };
        if self.strands.get(victim).priority.index() <= arriving.priority.index() {
            return false;
        }
        self.interrupt(victim);
        true
    }

    fn interrupt(&mut self, id: u32) {
        let now = self.now;
        self.leave_slot(id);
        let strand = self.strands.get_mut(id);
        // A service that would end now still has its last instant to go, so that zero means "not begun".
        strand.left = (strand.due - now).max(1);
        let worked = now - strand.ledger.since();
        strand.own = strand.own.saturating_sub(worked);
        strand.timer = Ticket::NONE;
        strand.phase = Phase::Interrupted;
        strand.ledger.enter(now, Part::Interrupted);
        self.stations[strand.station as usize].interrupted.push(id);
    }

    pub(super) fn break_down(&mut self, index: u32) {
        let now = self.now;
        let index = small(index as usize);
        let plan = &self.plan.stations[index as usize];
        let each = self.plan.model.stations[index as usize].breakdown.as_ref().is_some_and(|b| b.each_server);
        let state = &mut self.stations[index as usize];
        state.up = if each { state.up - 1 } else { 0 };
        state.working.set(now, state.up);
        let chance = state.chance.as_mut().expect("a station that breaks draws");
        let span = plan.down.as_ref().expect("a station that breaks has a law").sample_span(chance.unit());
        while self.stations[index as usize].busy.value() > self.stations[index as usize].up {
            let Some(&last) = self.stations[index as usize].serving.last() else { break };
            self.interrupt(last);
        }
        let at = now.saturating_add(span.as_nanos()).min(FAR);
        self.agenda.schedule(at, Event::Repair(u32::from(index)));
    }

    pub(super) fn repair(&mut self, index: u32) {
        let now = self.now;
        let index = small(index as usize);
        let each = self.plan.model.stations[index as usize].breakdown.as_ref().is_some_and(|b| b.each_server);
        let state = &mut self.stations[index as usize];
        state.up = if each { state.up + 1 } else { state.servers };
        state.working.set(now, state.up);
        self.schedule_breakdown(index);
        self.serve_line(index);
    }

    // Processor sharing: `attained` is the service that a call present since the beginning would have got.

    fn share_speed(&self, index: usize) -> f64 {
        let number = self.stations[index].busy.value();
        if number == 0 {
            return 0.0;
        }
        let speeds = &self.plan.model.stations[index].speed_by_number;
        match speeds.get(number as usize - 1).or(speeds.last()) {
            Some(speed) => speed / f64::from(number),
            None => (f64::from(self.stations[index].servers) / f64::from(number)).min(1.0),
        }
    }

    fn advance_sharing(&mut self, index: usize) {
        let speed = self.share_speed(index);
        let state = &mut self.stations[index];
        state.attained += (self.now - state.attained_at) as f64 * speed;
        state.attained_at = self.now;
    }

    fn share(&mut self, id: u32) {
        let now = self.now;
        let index = self.strands.get(id).station as usize;
        self.advance_sharing(index);
        self.stations[index].busy.up(now);
        let strand = self.strands.get_mut(id);
        let state = &mut self.stations[index];
        let own = service_time(self.plan, strand, state);
        strand.phase = Phase::Sharing;
        strand.ledger.enter(now, self.plan.stations[index].part);
        if strand.measured {
            state.wait.record(0);
        }
        // Non-negative floats order like their bits.
        state.shared.push(Reverse(((state.attained + own as f64).to_bits(), id)));
        self.arm_timeout(id);
        self.arm_sharing(index);
    }

    fn arm_sharing(&mut self, index: usize) {
        let speed = self.share_speed(index);
        let state = &mut self.stations[index];
        let Some(Reverse((bits, _))) = state.shared.peek() else {
            state.shared_timer = Ticket::NONE;
            return;
        };
        let left = ((f64::from_bits(*bits) - state.attained) / speed).max(0.0);
        let span = Span::from_secs_f64(left / 1e9).as_nanos();
        let at = self.now.saturating_add(span).min(FAR);
        state.shared_timer = self.agenda.schedule(at, Event::Shared(u32::from(small(index))));
    }

    pub(super) fn shared_done(&mut self, index: u32, ticket: Ticket) {
        let now = self.now;
        let index = index as usize;
        if self.stations[index].shared_timer != ticket {
            self.stale += 1;
            return;
        }
        self.advance_sharing(index);
        let state = &mut self.stations[index];
        let Reverse((bits, id)) = state.shared.pop().expect("somebody's service was to end");
        state.attained = state.attained.max(f64::from_bits(bits));
        state.busy.down(now);
        let strand = self.strands.get_mut(id);
        let part = strand.ledger.part();
        strand.ledger.enter_split(now, strand.own, Part::Slowdown, part);
        self.depart(id);
        self.arm_sharing(index);
        self.served(id);
    }

    pub(super) fn patience_ends(&mut self, id: u32, ticket: Ticket) {
        if !self.strands.contains(id) || self.strands.get(id).patience != ticket {
            self.stale += 1;
            return;
        }
        self.withdraw_from_station(id);
        self.attempt_failed(id, Cause::Abandoned);
    }

    pub(super) fn attempt_times_out(&mut self, id: u32, ticket: Ticket) {
        if !self.strands.contains(id) || self.strands.get(id).timeout != ticket {
            self.stale += 1;
            return;
        }
        match self.strands.get(id).phase {
            Phase::InLine
            | Phase::LimitLine
            | Phase::SetUp
            | Phase::InService
            | Phase::Sharing
            | Phase::Interrupted => {
                self.charge_wasted(id);
                self.withdraw_from_station(id);
            }
            Phase::Refused => {}
            Phase::Ready
            | Phase::Delay
            | Phase::Looking
            | Phase::Backoff
            | Phase::PoolQueue
            | Phase::Joining
            | Phase::ClientBackoff
            | Phase::AttemptLost
            | Phase::TaskLost
            | Phase::WorkerBackoff => unreachable!("an attempt is timed only while it lasts"),
        }
        self.attempt_failed(id, Cause::Timeout);
    }

    /// A call that is broken off in service has used its tokens for nothing.
    pub(super) fn charge_wasted(&mut self, id: u32) {
        let strand = self.strands.get_mut(id);
        if strand.phase != Phase::InService && strand.phase != Phase::Sharing {
            return;
        }
        let offers = &self.plan.stations[strand.station as usize].offers;
        let Some(offer) = offers.get(strand.model as usize).and_then(Option::as_ref) else { return };
        let dollars = offer.input_price * Tokens::new(u64::from(strand.input_tokens))
            + offer.output_price * Tokens::new(u64::from(strand.output_tokens));
        let spent =
            u64::try_from(dollars.as_trillionths()).expect("a call costs less than 18 million dollars");
        strand.cost += spent;
        strand.lost += spent;
        self.probe.called(strand.model, strand.station, strand.measured, false);
    }

    /// Takes a strand out of a station, in line or in service.
    pub(super) fn withdraw_from_station(&mut self, id: u32) {
        let now = self.now;
        let strand = self.strands.get_mut(id);
        let index = strand.station;
        let phase = strand.phase;
        let ticket = strand.queue_ticket.take();
        let due = strand.due;
        strand.timer = Ticket::NONE;
        let part = strand.ledger.part();
        strand.ledger.enter(now, part);
        let state = &mut self.stations[index as usize];
        match phase {
            Phase::InLine => {
                let was_there = state.queue.cancel(ticket.expect("a waiting call has a ticket"));
                assert!(was_there, "a waiting call is in its queue");
            }
            Phase::LimitLine => state.limit_line.retain(|other| *other != id),
            Phase::SetUp => {}
            Phase::InService => self.leave_slot(id),
            Phase::Interrupted => state.interrupted.retain(|other| *other != id),
            Phase::Sharing => {
                self.advance_sharing(index as usize);
                let state = &mut self.stations[index as usize];
                state.shared.retain(|Reverse((_, other))| *other != id);
                state.busy.down(now);
                self.arm_sharing(index as usize);
            }
            Phase::Ready
            | Phase::Delay
            | Phase::Looking
            | Phase::Refused
            | Phase::Backoff
            | Phase::PoolQueue
            | Phase::Joining
            | Phase::ClientBackoff
            | Phase::AttemptLost
            | Phase::TaskLost
            | Phase::WorkerBackoff => unreachable!("it is not at a station"),
        }
        self.depart(id);
        match phase {
            Phase::InService => self.serve_line(index),
            Phase::SetUp => self.set_up_for_next(index, due),
            Phase::LimitLine => {
                self.stations[index as usize].limit_timer = Ticket::NONE;
                self.advance_limit_line(index);
            }
            Phase::InLine
            | Phase::Interrupted
            | Phase::Sharing
            | Phase::Ready
            | Phase::Delay
            | Phase::Looking
            | Phase::Refused
            | Phase::Backoff
            | Phase::PoolQueue
            | Phase::Joining
            | Phase::ClientBackoff
            | Phase::AttemptLost
            | Phase::TaskLost
            | Phase::WorkerBackoff => {}
        }
    }
}

/// Draws a service: its own time, what load adds, and whether it will fail.
#[inline]
fn service_time(plan: &Plan, strand: &mut Strand, state: &mut StationState) -> u64 {
    let law = &plan.stations[strand.station as usize];
    let call = &plan.model.program.visits[strand.visit as usize];
    if law.plain {
        let sampler = call.law.map_or(law.service.as_ref(), |law| Some(&plan.spans[law as usize]));
        strand.own = sampler.map_or(0, |sampler| sampler.sample_span(strand.draw(uses::SERVICE)).as_nanos());
        strand.will_fail = false;
        return strand.own;
    }
    loaded_service_time(plan, strand, state)
}

/// The same where tokens, a trace or load have a say.
fn loaded_service_time(plan: &Plan, strand: &mut Strand, state: &mut StationState) -> u64 {
    let index = strand.station as usize;
    let (station, law) = (&plan.model.stations[index], &plan.stations[index]);
    let call = &plan.model.program.visits[strand.visit as usize];
    let offer = law.offers.get(strand.model as usize).and_then(Option::as_ref);
    let sampler = call
        .law
        .map(|law| &plan.spans[law as usize])
        .or(offer.map(|offer| &offer.latency))
        .or(law.service.as_ref());
    let mut own = sampler.map_or(0, |sampler| sampler.sample_span(strand.draw(uses::SERVICE)).as_nanos());
    let (per_input, per_output) =
        offer.map_or((law.per_input, law.per_output), |offer| (offer.per_input, offer.per_output));
    own += per_input * u64::from(strand.input_tokens) + per_output * u64::from(strand.output_tokens);
    if station.from_trace {
        own += recorded_service(plan, strand);
    }
    strand.own = own;
    strand.will_fail = false;
    if law.load.len() == 1 {
        return own;
    }
    let number = state.busy.value();
    let point = law.load(station, number);
    count(&mut state.started);
    if let Some(slow) = &station.slowdown
        && slow.calibrated_to.is_some_and(|most| f64::from(number) > f64::from(most) * slow.deployments)
    {
        count(&mut state.beyond);
    }
    strand.will_fail = point.failure_share > 0.0 && strand.draw(uses::FAILURE) < point.failure_share;
    let mut total = Span::from_nanos(own).scale(point.stretch).as_nanos() + point.added;
    if point.tail_share > 0.0
        && strand.draw(uses::TAIL) < point.tail_share
        && let Some((.., mean)) = station.slowdown.as_ref().and_then(|slow| slow.tail)
    {
        total += exponential(mean, strand.draw(uses::TAIL_LENGTH));
    }
    total
}

/// The service that a trace holds for the task, or for the call of its session.
fn recorded_service(plan: &Plan, strand: &Strand) -> u64 {
    match &plan.model.clients[strand.client as usize].load {
        Load::Trace(trace, _) => trace.requests[strand.row as usize].service.as_nanos(),
        Load::Sessions(trace) => {
            let (first, ..) = trace.sessions[strand.row as usize];
            trace.calls[(first + strand.replay / 2 - 1) as usize].1.as_nanos()
        }
        Load::Closed(_)
        | Load::Renewal(..)
        | Load::Rate(..)
        | Load::Sinusoidal(..)
        | Load::Mmpp(_)
        | Load::Batches(..)
        | Load::Scheduled(_) => 0,
    }
}

/// What became of a call that a queue dropped.
pub(super) const fn drop_cause(reason: DropReason) -> Cause {
    match reason {
        DropReason::Expired => Cause::Expired,
        DropReason::CoDel => Cause::CoDel,
    }
}

/// An index of a model's list, of which there are fewer than 65,535.
pub(super) fn small(index: usize) -> u16 {
    u16::try_from(index).expect("a model has fewer than 65,535 parts of a kind")
}

/// A uniform number for the `count`-th use of a key.
pub(super) fn counted(key: u64, count: u64, purpose: crate::random::Use) -> f64 {
    let (low, high) = (count & 0xffff_ffff, count >> 32);
    let key = if high == 0 { key } else { key ^ high.wrapping_mul(0x9E37_79B9_7F4A_7C15) };
    unit_from(later(key, u32::try_from(low).expect("masked to 32 bits"), purpose))
}

//! Stations: who is there, who is served, and who is next.

use super::event::Event;
use super::faults::Trouble;
use super::ledger::Part;
use super::level::Level;
use super::probe::count;
use super::strand::{Cause, Phase, uses};
use super::world::{FAR, World};
use crate::engine::Ticket;
use crate::model::{Service, Station};
use crate::random::{Stream, Streams, later, unit_from};
use crate::tally::Samples;
use service::service_time;
use std::cmp::Reverse;
use std::collections::{BinaryHeap, VecDeque};
use tars_policy::limiter::Limiter;
use tars_policy::queue::{DropReason, LaneMask, Order, PriorityQueue, Taken};
use tars_policy::retry::Retry;

mod bill;
mod calls;
mod concurrency;
mod copies;
mod direct;
mod interruption;
mod leaving;
mod lines;
mod service;
mod sharing;

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

/// How a call comes to a station.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Coming {
    /// It was not there.
    Anew,
    /// It was counted already, while it waited for the limit.
    FromLimit,
}

/// How long a call waits in line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Waiting {
    /// Until it is served.
    Endless,
    /// At most as long as its attempt may take and its patience lasts, if there are bounds to them.
    Bounded,
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
    /// Whether it answers: 1 or 0.
    pub(super) answering: Level,
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
    /// What the active faults do to it.
    pub(super) trouble: Trouble,
    /// How many times as long services take while its shard of an index splits.
    pub(super) stretch: f64,
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
            answering: Level::default(),
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
            trouble: Trouble::default(),
            stretch: 1.0,
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

    /// One slot becomes free before its work is done.
    #[inline]
    fn frees_slot(&mut self, now: u64, id: u32) {
        self.busy.down(now);
        self.serves_no_longer(id);
    }

    /// Who leaves service cannot be interrupted any more.
    #[inline]
    fn serves_no_longer(&mut self, id: u32) {
        if self.interruptible {
            let place = self.serving.iter().position(|other| *other == id).expect("it is in service");
            self.serving.swap_remove(place);
        }
    }

    /// Whoever waits for the limit asks it again; the timer that is armed is stale.
    pub(super) const fn forget_limit_timer(&mut self) {
        self.limit_timer = Ticket::NONE;
    }

    /// Servers that are not broken.
    pub(super) const fn working_servers(&self) -> u32 {
        self.up
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
            state.answering.set(0, 1);
            state.working.set(0, if state.servers == u32::MAX { 0 } else { state.servers });
            let Some(breakdown) = &station.breakdown else { continue };
            let cycles = if breakdown.each_server { state.servers } else { 1 };
            for _ in 0..cycles {
                self.schedule_breakdown(small(index));
            }
        }
    }

    /// The call joins the station: it is served, or waits in line, or is refused.
    #[inline(always)]
    #[expect(clippy::inline_always, reason = "a call of every task: its frame costs as much as its work")]
    fn join(&mut self, id: u32, coming: Coming) {
        let now = self.now;
        let index = self.strands.get(id).station as usize;
        let station = &self.plan.model.stations[index];
        let state = &mut self.stations[index];
        if coming == Coming::Anew {
            if station.capacity.is_some_and(|capacity| state.number.value() >= capacity) {
                return self.refuse(id, Cause::StationFull);
            }
            count(&mut state.arrived);
            state.number.up(now);
        }
        let preempts = match station.service {
            Service::Sharing => return self.share(id),
            Service::Preemptive => true,
            Service::Slots => false,
        };
        let free = state.has_free_server();
        if free && (preempts || state.interrupted.is_empty()) {
            if state.busy.value() == 0 && self.plan.stations[index].setup.is_some() {
                return self.set_up(id);
            }
        } else if free || !preempts || !self.preempt_for(id) {
            return self.line_up(id, Waiting::Bounded);
        }
        self.start(id);
    }

    /// The station, which is empty, is set up for the call first.
    #[inline(never)]
    fn set_up(&mut self, id: u32) {
        let now = self.now;
        let strand = self.strands.get_mut(id);
        let index = strand.station as usize;
        let law = self.plan.stations[index].setup.as_ref().expect("a station is set up by a law");
        self.stations[index].setting_up = true;
        let span = law.sample_span(strand.draw(uses::SETUP));
        strand.due = now.saturating_add(span.as_nanos()).min(FAR);
        strand.phase = Phase::SetUp;
        strand.ledger.enter(now, Part::SlotWait);
        self.arm_timeout(id);
        self.wake_after(id, span.as_nanos());
    }

    /// Service starts, or goes on after an interruption.
    #[inline(always)]
    #[expect(clippy::inline_always, reason = "a call of every task: its frame costs as much as its work")]
    fn start(&mut self, id: u32) {
        let plan = self.plan;
        match &plan.direct[self.strands.get(id).visit as usize] {
            Some(direct) => self.start_directly(id, direct),
            None => self.start_elaborately(id),
        }
    }

    #[inline(never)]
    fn start_elaborately(&mut self, id: u32) {
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
        if law.held
            && let Some(body) = plan.model.program.visits[strand.visit as usize].body
        {
            if strand.measured {
                state.wait.record(now - strand.joined);
            }
            strand.due = FAR;
            (strand.own, strand.will_fail) = (0, false);
            self.arm_timeout(id);
            return self.branch_out(id, std::iter::once(body), false);
        }
        let span = if strand.left > 0 {
            strand.left
        } else {
            if strand.measured {
                state.wait.record(now - strand.joined);
            }
            service_time(plan, strand, state, now, self.prompts.cached(id))
        };
        if self.first_bytes.on {
            let span = self.streamed_span(id, span);
            return self.serve_for(id, span);
        }
        strand.due = now.saturating_add(span);
        let may_time_out = state.interruptible || strand.due > strand.deadline;
        strand.timer = self.agenda.schedule(strand.due.min(FAR), Event::Wake(id));
        if may_time_out {
            self.arm_timeout(id);
        }
    }

    /// The service of a call that has started takes so long.
    #[inline(never)]
    fn serve_for(&mut self, id: u32, span: u64) {
        let strand = self.strands.get_mut(id);
        strand.due = self.now.saturating_add(span);
        let may_time_out =
            self.stations[strand.station as usize].interruptible || strand.due > strand.deadline;
        strand.timer = self.agenda.schedule(strand.due.min(FAR), Event::Wake(id));
        if may_time_out {
            self.arm_timeout(id);
        }
    }

    /// Service is over: the slot is free, and the call has succeeded or failed.
    #[inline]
    pub(super) fn service_ends(&mut self, id: u32) {
        let plan = self.plan;
        match &plan.direct[self.strands.get(id).visit as usize] {
            Some(direct) => self.service_ends_directly(id, direct),
            None => self.service_ends_elaborately(id),
        }
    }

    #[inline(never)]
    fn service_ends_elaborately(&mut self, id: u32) {
        let index = self.work_done(id);
        self.stations[index as usize].serves_no_longer(id);
        self.serve_line(index);
        if !self.returns_to_node(id) {
            self.served(id);
        }
    }

    /// A call's service is done, whichever way it was served: what load added to it is told apart, and it is at the
    /// station, which is returned, no more.
    #[inline]
    fn work_done(&mut self, id: u32) -> u16 {
        let now = self.now;
        let strand = self.strands.get_mut(id);
        let part = strand.ledger.part();
        strand.ledger.enter_split(now, strand.own, Part::Slowdown, part);
        let state = &mut self.stations[strand.station as usize];
        state.busy.down(now);
        state.leaves(now, strand.joined);
        strand.station
    }

    /// Free servers take whoever is next.
    #[inline(never)]
    pub(super) fn serve_line(&mut self, index: u16) {
        self.serve_line_here(index);
    }

    /// The same within its caller.
    #[inline(always)]
    #[expect(clippy::inline_always, reason = "a call of every task: its frame costs as much as its work")]
    fn serve_line_here(&mut self, index: u16) {
        while self.stations[index as usize].has_free_server() {
            let Some(id) = self.next_in_line(index) else { return };
            self.start(id);
        }
    }

    #[inline(always)]
    #[expect(clippy::inline_always, reason = "a call of every task: its frame costs as much as its work")]
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

    /// The strand is no longer at its station, whatever it did there.
    #[inline]
    fn depart(&mut self, id: u32) {
        let now = self.now;
        let strand = self.strands.get_mut(id);
        strand.queue_ticket = None;
        self.stations[strand.station as usize].leaves(now, strand.joined);
    }

    fn leave_slot(&mut self, id: u32) {
        self.stations[self.strands.get(id).station as usize].frees_slot(self.now, id);
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

//! Where a call waits: in line for a rate limit, in line for a slot, and how long it is willing to.

use super::super::event::Event;
use super::super::ledger::Part;
use super::super::strand::{Cause, Phase, uses};
use super::super::world::{FAR, World};
use super::{Coming, Waiting, small};
use crate::engine::Ticket;
use tars_policy::limiter::{Acquire, Cost};
use tars_policy::queue::{Offer, Offered, Ticket as QueueTicket};
use tars_policy::units::Time;

impl World<'_> {
    /// The call meets the station's rate limit.
    #[inline(never)]
    pub(super) fn meet_limit(&mut self, id: u32) {
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
            Acquire::Granted(_) => self.join_past_limit(id, Coming::Anew),
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

    pub(super) fn limit_cost(&self, id: u32) -> Cost {
        let strand = self.strands.get(id);
        Cost {
            requests: 1,
            input_tokens: u64::from(strand.input_tokens),
            output_tokens: u64::from(strand.output_tokens),
        }
    }

    /// The limit lets the call through.
    #[inline(never)]
    fn join_past_limit(&mut self, id: u32, coming: Coming) {
        self.join(id, coming);
    }

    pub(super) fn wait_for_limit(&mut self, id: u32, until: Option<Time>) {
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

    pub(super) fn arm_limit(&mut self, index: u16, until: Time) {
        let at = until.as_nanos().min(FAR);
        self.stations[index as usize].limit_timer =
            self.agenda.schedule(at, Event::LimitLifts(u32::from(index)));
    }

    /// The limit may let the first in line through, and whoever follows.
    pub(in crate::sim) fn limit_lifts(&mut self, index: u32, ticket: Ticket) {
        let index = small(index as usize);
        if self.stations[index as usize].limit_timer != ticket {
            self.stale += 1;
            return;
        }
        self.stations[index as usize].limit_timer = Ticket::NONE;
        self.advance_limit_line(index);
    }

    pub(in crate::sim) fn advance_limit_line(&mut self, index: u16) {
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
                    self.join_past_limit(id, Coming::FromLimit);
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

    #[inline(always)]
    #[expect(clippy::inline_always, reason = "a call of every task: its frame costs as much as its work")]
    pub(super) fn line_up(&mut self, id: u32, waiting: Waiting) {
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
                self.waits_with(id, ticket, waiting);
            }
            Offered::AcceptedDisplacing { ticket, displaced, .. } => {
                self.waits_with(id, ticket, waiting);
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

    /// The call waits in line, for as long as it may.
    #[inline]
    fn waits_with(&mut self, id: u32, ticket: QueueTicket, waiting: Waiting) {
        let strand = self.strands.get_mut(id);
        strand.queue_ticket = Some(ticket);
        if waiting == Waiting::Endless {
            return;
        }
        if strand.deadline != u64::MAX {
            self.arm_timeout(id);
        }
        self.arm_patience(id);
    }

    #[inline]
    pub(super) fn arm_patience(&mut self, id: u32) {
        let strand = self.strands.get(id);
        if let Some(law) = self.plan.model.program.visits[strand.visit as usize].patience {
            self.arm_patience_of(id, law);
        }
    }

    #[inline(never)]
    fn arm_patience_of(&mut self, id: u32, law: u16) {
        let strand = self.strands.get_mut(id);
        let span = self.plan.spans[law as usize].sample_span(strand.draw(uses::PATIENCE));
        // One draw for all waiting of the attempt, at the limit and in line.
        let at = strand.joined.saturating_add(span.as_nanos()).clamp(self.now, FAR);
        strand.patience = self.agenda.schedule(at, Event::Patience(id));
    }

    /// The attempt may run out of time: it waits, or its service could last too long. Most attempts never get here, and
    /// none of their timers has to be passed over.
    #[inline(never)]
    pub(in crate::sim) fn arm_timeout(&mut self, id: u32) {
        let strand = self.strands.get_mut(id);
        if strand.deadline != u64::MAX && strand.timeout == Ticket::NONE {
            strand.timeout = self.agenda.schedule(strand.deadline, Event::Timeout(id));
        }
    }
}

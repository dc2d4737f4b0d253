//! Calls that leave before their service is over: out of patience, out of time, or withdrawn.

use super::super::strand::{Cause, Phase};
use super::super::world::World;
use super::bill::bill;
use crate::engine::Ticket;
use std::cmp::Reverse;

impl World<'_> {
    pub(in crate::sim) fn patience_ends(&mut self, id: u32, ticket: Ticket) {
        if !self.strands.contains(id) || self.strands.get(id).patience != ticket {
            self.stale += 1;
            return;
        }
        self.withdraw_from_station(id);
        self.attempt_failed(id, Cause::Abandoned);
    }

    pub(in crate::sim) fn attempt_times_out(&mut self, id: u32, ticket: Ticket) {
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
            Phase::SocketLine | Phase::Handshake => self.leave_socket_line(id),
            Phase::Returning => self.charge_wasted(id),
            Phase::Ready
            | Phase::Delay
            | Phase::Looking
            | Phase::Backoff
            | Phase::Undetected
            | Phase::PoolQueue
            | Phase::Joining
            | Phase::Together
            | Phase::ClientBackoff
            | Phase::AttemptLost
            | Phase::TaskLost
            | Phase::WorkerBackoff
            | Phase::Scheduled => unreachable!("an attempt is timed only while it lasts"),
        }
        self.probe.counters.timeouts += 1;
        self.attempt_failed(id, Cause::Timeout);
    }

    /// A call that is broken off in service has used its tokens for nothing.
    pub(in crate::sim) fn charge_wasted(&mut self, id: u32) {
        let strand = self.strands.get_mut(id);
        if !matches!(strand.phase, Phase::InService | Phase::Sharing | Phase::Returning) {
            return;
        }
        let offers = &self.plan.stations[strand.station as usize].offers;
        let Some(offer) = offers.get(strand.model as usize).and_then(Option::as_ref) else { return };
        let spent = bill(offer, strand, self.prompts.cached(id));
        strand.cost += spent;
        strand.lost += spent;
        self.probe.called(strand.model, strand.station, strand.measured, false);
    }

    /// Takes a strand out of a station, in line or in service.
    pub(in crate::sim) fn withdraw_from_station(&mut self, id: u32) {
        let now = self.now;
        if self.strands.get(id).children > 0 {
            // What happens while its slot is held ends with it.
            self.cancel_children(id);
        }
        let strand = self.strands.get_mut(id);
        let index = strand.station;
        let phase = strand.phase;
        let ticket = strand.queue_ticket.take();
        let due = strand.due;
        strand.timer = Ticket::NONE;
        let part = strand.ledger.part();
        strand.ledger.enter(now, part);
        let state = &mut self.stations[index as usize];
        let freed = match phase {
            Phase::InLine => {
                let was_there = state.queue.cancel(ticket.expect("a waiting call has a ticket"));
                assert!(was_there, "a waiting call is in its queue");
                Freed::Nothing
            }
            Phase::LimitLine => {
                state.limit_line.retain(|other| *other != id);
                Freed::LimitLine
            }
            Phase::SetUp => Freed::SetUp,
            Phase::InService => {
                self.leave_slot(id);
                Freed::Server
            }
            Phase::Interrupted => {
                state.interrupted.retain(|other| *other != id);
                Freed::Nothing
            }
            Phase::Sharing => {
                self.advance_sharing(index as usize);
                let state = &mut self.stations[index as usize];
                state.shared.retain(|Reverse((_, other))| *other != id);
                state.busy.down(now);
                self.arm_sharing(index as usize);
                Freed::Nothing
            }
            Phase::Ready
            | Phase::Delay
            | Phase::Looking
            | Phase::Refused
            | Phase::SocketLine
            | Phase::Handshake
            | Phase::Backoff
            | Phase::Undetected
            | Phase::PoolQueue
            | Phase::Joining
            | Phase::Together
            | Phase::ClientBackoff
            | Phase::AttemptLost
            | Phase::TaskLost
            | Phase::WorkerBackoff
            | Phase::Scheduled
            | Phase::Returning => unreachable!("it is not at a station"),
        };
        self.depart(id);
        match freed {
            Freed::Nothing => {}
            Freed::Server => self.serve_line(index),
            Freed::SetUp => self.set_up_for_next(index, due),
            Freed::LimitLine => {
                self.stations[index as usize].limit_timer = Ticket::NONE;
                self.advance_limit_line(index);
            }
        }
    }
}

/// What others may have waited for behind a call that is withdrawn.
enum Freed {
    Nothing,
    Server,
    SetUp,
    LimitLine,
}

//! Direct calls: a line and one draw, and nothing else that could happen. What they skip are questions whose answer the
//! plan knows; they leave everything as any other call would.

use super::super::event::Event;
use super::super::plan::DirectCall;
use super::super::probe::count;
use super::super::strand::{NONE, Phase, uses};
use super::super::world::{FAR, World};
use super::Waiting;
use crate::engine::Ticket;

impl World<'_> {
    /// The strand makes a direct call.
    #[inline(always)]
    #[expect(clippy::inline_always, reason = "a call of every task: its frame costs as much as its work")]
    pub(in crate::sim) fn visit_directly(&mut self, id: u32, visit: u16, call: &DirectCall) {
        let now = self.now;
        let strand = self.strands.get_mut(id);
        strand.visit = visit;
        strand.station = call.station;
        strand.attempt = 1;
        strand.joined = now;
        strand.left = 0;
        strand.deadline = u64::MAX;
        count(&mut self.probe.calls);
        let state = &mut self.stations[call.station as usize];
        if strand.measured {
            count(&mut state.calls);
        }
        count(&mut state.arrived);
        state.number.up(now);
        if state.busy.value() < state.up {
            self.start_directly(id, call);
        } else {
            self.line_up(id, Waiting::Endless);
        }
    }

    /// The service of a direct call starts.
    #[inline(always)]
    #[expect(clippy::inline_always, reason = "a call of every task: its frame costs as much as its work")]
    pub(super) fn start_directly(&mut self, id: u32, call: &DirectCall) {
        let now = self.now;
        let strand = self.strands.get_mut(id);
        let state = &mut self.stations[call.station as usize];
        strand.phase = Phase::InService;
        strand.patience = Ticket::NONE;
        strand.queue_ticket = None;
        state.busy.up(now);
        strand.ledger.enter(now, call.part);
        if strand.measured {
            state.wait.record(now - strand.joined);
        }
        strand.own = call.service_time(|| strand.draw(uses::SERVICE));
        strand.will_fail = false;
        strand.due = now.saturating_add(strand.own);
        strand.timer = self.agenda.schedule(strand.due.min(FAR), Event::Wake(id));
    }

    /// The service of a direct call is over.
    #[inline(always)]
    #[expect(clippy::inline_always, reason = "a call of every task: its frame costs as much as its work")]
    pub(super) fn service_ends_directly(&mut self, id: u32, call: &DirectCall) {
        let now = self.now;
        let strand = self.strands.get_mut(id);
        strand.ledger.enter(now, call.part);
        let node = strand.node;
        let state = &mut self.stations[call.station as usize];
        state.busy.down(now);
        state.leaves(now, strand.joined);
        self.serve_line_here(call.station);
        if node != NONE && self.returns_to_node(id) {
            return;
        }
        if self.strands.get(id).measured {
            count(&mut self.stations[call.station as usize].served);
        }
        self.proceed(id);
    }
}

//! Processor sharing: `attained` is the service that a call present since the beginning would have got.

use super::super::event::Event;
use super::super::strand::Phase;
use super::super::world::{FAR, World};
use super::service::service_time;
use super::small;
use crate::engine::Ticket;
use std::cmp::Reverse;
use tars_policy::units::Span;

impl World<'_> {
    #[inline(never)]
    pub(super) fn share(&mut self, id: u32) {
        let now = self.now;
        let index = self.strands.get(id).station as usize;
        self.advance_sharing(index);
        self.stations[index].busy.up(now);
        let strand = self.strands.get_mut(id);
        let state = &mut self.stations[index];
        let own = service_time(self.plan, strand, state, now, 0);
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

    pub(in crate::sim) fn shared_done(&mut self, index: u32, ticket: Ticket) {
        let index = index as usize;
        if self.stations[index].shared_timer != ticket {
            self.stale += 1;
            return;
        }
        self.advance_sharing(index);
        let state = &mut self.stations[index];
        let Reverse((bits, id)) = state.shared.pop().expect("somebody's service was to end");
        state.attained = state.attained.max(f64::from_bits(bits));
        self.work_done(id);
        self.arm_sharing(index);
        if !self.returns_to_node(id) {
            self.served(id);
        }
    }

    pub(super) fn share_speed(&self, index: usize) -> f64 {
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

    pub(super) fn advance_sharing(&mut self, index: usize) {
        let speed = self.share_speed(index);
        let state = &mut self.stations[index];
        state.attained += (self.now - state.attained_at) as f64 * speed;
        state.attained_at = self.now;
    }

    pub(super) fn arm_sharing(&mut self, index: usize) {
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
}

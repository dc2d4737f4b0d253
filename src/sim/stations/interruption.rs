//! Service that is interrupted: by a more important call, or by a breakdown.

use super::super::event::Event;
use super::super::ledger::Part;
use super::super::strand::Phase;
use super::super::world::{FAR, World};
use super::small;
use crate::engine::Ticket;
use crate::model::Service;
use tars_policy::queue::LaneMask;

impl World<'_> {
    /// Of the interrupted, the one that goes on: the highest priority, then the longest there; but not before a
    /// waiting call of a higher priority.
    #[inline(never)]
    pub(super) fn next_interrupted(&mut self, index: u16) -> Option<u32> {
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
    #[inline(never)]
    pub(super) fn preempt_for(&mut self, id: u32) -> bool {
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

    pub(super) fn interrupt(&mut self, id: u32) {
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

    pub(super) fn schedule_breakdown(&mut self, index: u16) {
        let plan = &self.plan.stations[index as usize];
        let chance = self.stations[index as usize].chance.as_mut().expect("a station that breaks draws");
        let span = plan.up.as_ref().expect("a station that breaks has a law").sample_span(chance.unit());
        let at = self.now.saturating_add(span.as_nanos()).min(FAR);
        self.agenda.schedule(at, Event::Break(u32::from(index)));
    }

    pub(in crate::sim) fn break_down(&mut self, index: u32) {
        let now = self.now;
        let index = small(index as usize);
        let plan = &self.plan.stations[index as usize];
        let each = self.plan.model.stations[index as usize].breakdown.as_ref().is_some_and(|b| b.each_server);
        let state = &mut self.stations[index as usize];
        state.up = if each { state.up - 1 } else { 0 };
        state.working.set(now, state.up);
        self.note_answering(index);
        let state = &mut self.stations[index as usize];
        let chance = state.chance.as_mut().expect("a station that breaks draws");
        let span = plan.down.as_ref().expect("a station that breaks has a law").sample_span(chance.unit());
        while self.stations[index as usize].busy.value() > self.stations[index as usize].up {
            let Some(&last) = self.stations[index as usize].serving.last() else { break };
            self.interrupt(last);
        }
        let at = now.saturating_add(span.as_nanos()).min(FAR);
        self.agenda.schedule(at, Event::Repair(u32::from(index)));
    }

    pub(in crate::sim) fn repair(&mut self, index: u32) {
        let now = self.now;
        let index = small(index as usize);
        let each = self.plan.model.stations[index as usize].breakdown.as_ref().is_some_and(|b| b.each_server);
        let state = &mut self.stations[index as usize];
        state.up = if each { state.up + 1 } else { state.servers };
        state.working.set(now, state.up);
        self.note_answering(index);
        self.schedule_breakdown(index);
        self.serve_line(index);
    }
}

//! Memory asked for before it is touched. With a hundred thousand tasks under way, each event meets one whose record is in
//! no cache; the agenda tells which are next, and their records are on their way while those before them are handled.
//! Nothing is read here and nothing changes but the time that a run takes.

use super::clients::User;
use super::event::Event;
use super::ledger::Ledger;
use super::strand::Strand;
use crate::engine::Arena;
use prefetch_index::prefetch_index;
use std::slice;

/// Asks for what the event will touch, where that is a record of its own among very many.
pub(super) fn fetch(event: Event, strands: &Arena<Strand>, users: &[User]) {
    match event {
        Event::Wake(id) => strands.fetch(id, Strand::fetch),
        Event::User(user) => prefetch_index(users, user as usize),
        Event::Patience(_)
        | Event::Timeout(_)
        | Event::GiveUp(_)
        | Event::Break(_)
        | Event::Repair(_)
        | Event::Shared(_)
        | Event::AgentReady(_)
        | Event::LimitLifts(_)
        | Event::Arrive(_)
        | Event::Worker(_)
        | Event::Expire(_)
        | Event::Autoscale(_)
        | Event::Degrade(_)
        | Event::Fault(_)
        | Event::NodeBack(_)
        | Event::Probe(_)
        | Event::Alert(_)
        | Event::NodeDies(_)
        | Event::BatchDue(_)
        | Event::LeaderLate(_)
        | Event::Failover(_)
        | Event::Index(_) => {}
    }
}

impl Strand {
    /// Its record is several lines of memory long. These fields lie on those that most events touch.
    fn fetch(&self) {
        line(&self.pc);
        line(&self.key);
        line(&self.timer);
        line(&self.phase);
        line(&self.due);
        line(&self.agent);
        line(&self.parent);
        line(&self.loops);
        line(&self.cost);
        self.ledger.fetch();
    }
}

impl Ledger {
    fn fetch(&self) {
        let (spent, since) = self.lines();
        (0..spent.len()).step_by(8).for_each(|part| prefetch_index(spent, part));
        line(since);
    }
}

/// Asks for the line of memory on which `place` begins.
fn line<T>(place: &T) {
    prefetch_index(slice::from_ref(place), 0);
}

//! Memory asked for before it is touched. With a hundred thousand tasks under way, each event meets one whose record is in
//! no cache; the agenda tells which are next, and their records are on their way while those before them are handled.
//! Nothing is read here and nothing changes but the time that a run takes.

use super::clients::User;
use super::event::Event;
use super::ledger::Ledger;
use super::nodes::NodeState;
use super::strand::Strand;
use crate::engine::{Arena, Nearness};
use prefetch_index::prefetch_index;
use std::slice;

/// Asks for what the event will touch, where that is a record of its own among very many: first for the record, and then,
/// when it has arrived, for what it names.
pub(super) fn fetch(
    event: Event,
    nearness: Nearness,
    strands: &Arena<Strand>,
    users: &[User],
    nodes: &[NodeState],
) {
    match (event, nearness) {
        (Event::Wake(id), Nearness::Soon) => strands.fetch(id, Strand::fetch),
        (Event::Wake(id), Nearness::Next) => {
            if let Some(strand) = strands.glance(id) {
                strands.fetch(strand.parent, Strand::fetch);
                prefetch_index(users, strand.user as usize);
                if let Some(node) = nodes.get(strand.node as usize) {
                    node.fetch();
                }
            }
        }
        (Event::User(user), Nearness::Soon) => prefetch_index(users, user as usize),
        (
            Event::User(_)
            | Event::Patience(_)
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
            | Event::Index(_),
            Nearness::Soon | Nearness::Next,
        ) => {}
    }
}

impl Strand {
    /// Its record is several lines of memory long. The first comes with its mark in the arena; these are the others that
    /// most events touch.
    fn fetch(&self) {
        line(&self.due);
        self.ledger.fetch();
        line(&self.cost);
    }
}

impl Ledger {
    fn fetch(&self) {
        let spent = self.lines();
        (0..spent.len()).step_by(8).for_each(|part| prefetch_index(spent, part));
    }
}

/// Asks for the line of memory on which `place` begins.
pub(super) fn line<T>(place: &T) {
    prefetch_index(slice::from_ref(place), 0);
}

//! Calls that several tasks share: calls that go out together, and identical calls that are made once.
//!
//! A batch is carried by a strand of its own, which has no task: it makes the call with the tokens of all, and when it
//! comes back each member takes its share of the bill and the whole of its time. Of identical calls the first caller makes
//! its own, as ever, and the others wait for it. A task may do both: whoever leads may go out in a batch.

mod batches;
mod flights;

use super::strand::Phase;
use super::world::World;
use crate::model::Model;
use batches::{BatchKey, Carrier, Seat};
use flights::FlightKey;
use std::collections::BTreeMap;
use tars_policy::batch::Batcher;
use tars_policy::coalesce::Coalescer;

/// What is under way, and who has which part in it.
pub(super) struct Sharing {
    batchers: Vec<Batcher<BatchKey, u32>>,
    /// Where each member of a batch sits.
    seats: BTreeMap<u32, Seat>,
    /// Who makes the call of a batch.
    carriers: BTreeMap<u32, Carrier>,
    coalescers: Vec<Coalescer<FlightKey, u32>>,
    /// For each who leads or follows, the rule and the request.
    flights: BTreeMap<u32, (u16, FlightKey)>,
}

impl Sharing {
    pub(super) fn new(model: &Model) -> Self {
        let built = "policies were validated when the model was made";
        Self {
            batchers: model.batches.iter().map(|batch| batch.rule.build().expect(built)).collect(),
            seats: BTreeMap::new(),
            carriers: BTreeMap::new(),
            coalescers: model.coalescers.iter().map(|rule| rule.rule.build().expect(built)).collect(),
            flights: BTreeMap::new(),
        }
    }

    /// Whether anybody has a part in anything.
    #[inline]
    pub(super) fn is_busy(&self) -> bool {
        !self.seats.is_empty() || !self.flights.is_empty()
    }
}

impl World<'_> {
    /// The strand makes a call that it may share with others.
    #[inline(never)]
    pub(super) fn share_call(&mut self, id: u32, visit: u16) {
        let call = &self.plan.model.program.visits[visit as usize];
        let (coalesce, batch) = (call.coalesce, call.batch);
        if call.is_llm {
            self.strands.get_mut(id).attempt = 1;
            self.choose_model(id, visit);
            self.strands.get_mut(id).attempt = 0;
        }
        if let Some(rule) = coalesce
            && !self.takes_off(id, visit, rule)
        {
            return;
        }
        match batch {
            Some(batch) => self.join_batch(id, visit, batch),
            None => self.visit(id, visit),
        }
    }

    /// The strand is taken out of whatever it has a part in.
    pub(super) fn leave_shared(&mut self, id: u32) {
        self.leave_batch(id);
        self.leave_flight(id);
    }

    /// Everybody who waits for a shared call has a part in one, and everybody who has a part is there.
    pub(super) fn audit_shared(&self) {
        let waiting = self.strands.iter().filter(|(_, strand)| strand.phase == Phase::Together).count();
        let follows =
            |id: &u32| self.strands.get(*id).phase == Phase::Together && !self.sharing.seats.contains_key(id);
        let followers = self.sharing.flights.keys().filter(|id| follows(id)).count();
        assert_eq!(
            waiting,
            self.sharing.seats.len() + followers,
            "who waits for a shared call has a part in one"
        );
        let members: usize = self.sharing.carriers.values().map(Carrier::members).sum();
        let filling: usize = self.sharing.batchers.iter().map(Batcher::waiting).sum();
        assert_eq!(members + filling, self.sharing.seats.len(), "each member of a batch has its seat");
        let callers: usize = self.sharing.coalescers.iter().map(Coalescer::callers).sum();
        assert_eq!(callers, self.sharing.flights.len(), "each caller is in one flight");
        for carrier in self.sharing.carriers.keys() {
            assert!(self.strands.contains(*carrier), "who makes a shared call is there");
        }
    }
}

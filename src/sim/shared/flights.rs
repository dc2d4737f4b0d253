//! Identical calls that are made once: the first caller leads, the others follow and get its answer.

use super::super::event::Event;
use super::super::ledger::Part;
use super::super::stations::small;
use super::super::strand::{Cause, NONE, Phase, uses};
use super::super::world::{FAR, World, whole};
use crate::model::route::Op;
use tars_policy::coalesce::{Departed, Ended, FlightOutcome, Handed, Part as Role};
use tars_policy::units::Time;

/// What makes calls identical: the station, the model, and the request.
pub(super) type FlightKey = (u16, u16, u64);

impl World<'_> {
    /// The strand asks for something; true when it makes the call itself.
    pub(super) fn takes_off(&mut self, id: u32, visit: u16, rule: u16) -> bool {
        if self.sharing.flights.contains_key(&id) {
            // It has followed until now, and leads on.
            return true;
        }
        let (now, time) = (self.now, self.time());
        let station = self.plan.model.program.visits[visit as usize].station;
        let strand = self.strands.get_mut(id);
        let request = match &self.plan.requests[rule as usize] {
            Some(law) => u64::from(whole(law.sample(strand.draw(uses::REQUEST)))),
            None => strand.cache_key,
        };
        let key = (station, strand.model, request);
        match self.sharing.coalescers[rule as usize].request(time, key, id) {
            Role::Leads { late_at } => {
                self.sharing.flights.insert(id, (rule, key));
                self.arm_late(rule, late_at);
                true
            }
            Role::Follows { .. } => {
                strand.phase = Phase::Together;
                strand.ledger.enter(now, Part::Provider);
                self.sharing.flights.insert(id, (rule, key));
                false
            }
            Role::Alone => true,
            Role::Fails { .. } => {
                self.doom(id, Phase::TaskLost, Cause::Error);
                false
            }
        }
    }

    /// The strand's call has come back well: who followed it gets its answer.
    pub(in crate::sim) fn landed(&mut self, id: u32) {
        let time = self.time();
        let Some((rule, key)) = self.sharing.flights.remove(&id) else { return };
        let ended = self.sharing.coalescers[rule as usize].end(time, &key, &id, FlightOutcome::Success);
        let Ended::Shared { followers } = ended else { unreachable!("who leads ends the flight") };
        let program = &self.plan.model.program;
        let leader = self.strands.get(id);
        let (model, provider, cached, key) = (leader.model, leader.provider, leader.cached, leader.key);
        let Op::Shared(visit) = program.ops[leader.pc as usize - 2] else {
            unreachable!("a shared call lands where it has taken off");
        };
        let in_batch = program.visits[visit as usize].batch.is_some()
            && cached != NONE
            && usize::from(cached) >= self.plan.model.caches.len();
        for follower in &followers {
            self.sharing.flights.remove(follower);
            if self.first_bytes.on {
                let own = self.strands.get(*follower).key;
                self.first_bytes.adopt((*follower, own), (id, key));
            }
            let follower = self.strands.get_mut(*follower);
            (follower.model, follower.provider) = (model, provider);
            if in_batch {
                follower.cached = cached;
            }
            follower.phase = Phase::Ready;
        }
        self.ready.extend(followers);
    }

    /// The strand's call has failed for good: who followed it fails too, or makes the call again.
    pub(in crate::sim) fn flight_fails(&mut self, id: u32, cause: Cause) {
        let time = self.time();
        let Some((rule, key)) = self.sharing.flights.remove(&id) else { return };
        match self.sharing.coalescers[rule as usize].end(time, &key, &id, FlightOutcome::Failure) {
            Ended::Shared { followers } => {
                for follower in followers {
                    self.sharing.flights.remove(&follower);
                    self.doom(follower, Phase::TaskLost, cause);
                }
            }
            Ended::HandedOn(handed) => self.leads_on(rule, &handed),
            Ended::NotLeading => unreachable!("who leads ends the flight"),
        }
    }

    /// The strand leaves its flight.
    pub(super) fn leave_flight(&mut self, id: u32) {
        let time = self.time();
        let Some((rule, key)) = self.sharing.flights.remove(&id) else { return };
        match self.sharing.coalescers[rule as usize].leave(time, &key, &id) {
            Departed::HandedOn(handed) => self.leads_on(rule, &handed),
            Departed::Abandoned | Departed::Followed => {}
            Departed::Unknown => unreachable!("who has a part in a flight is known to it"),
        }
    }

    /// Those who lead for too long lead no more; their calls go on for themselves.
    pub(in crate::sim) fn leaders_are_late(&mut self, rule: u32) {
        let time = self.time();
        let place = rule as usize;
        let mut is_stale = true;
        while let Some(late) = self.sharing.coalescers[place].take_late(time) {
            is_stale = false;
            self.sharing.flights.remove(&late.deposed);
            if let Some(handed) = late.handed {
                self.leads_on(small(place), &handed);
            }
        }
        self.stale += u64::from(is_stale);
    }

    /// A follower makes the call from now on: it takes its step again, with the draws of the first time.
    fn leads_on(&mut self, rule: u16, handed: &Handed<u32>) {
        let strand = self.strands.get_mut(handed.leader);
        strand.pc -= 1;
        strand.step -= 1;
        strand.phase = Phase::Ready;
        self.ready.push_back(handed.leader);
        self.arm_late(rule, handed.late_at);
    }

    fn arm_late(&mut self, rule: u16, at: Option<Time>) {
        if let Some(at) = at {
            self.agenda.schedule(at.as_nanos().min(FAR), Event::LeaderLate(u32::from(rule)));
        }
    }
}

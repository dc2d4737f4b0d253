//! Calls that go out together.

use super::super::event::Event;
use super::super::ledger::{Ledger, Part};
use super::super::strand::{CARRIER, Cause, NOBODY, NONE, Phase, Strand};
use super::super::world::{FAR, World};
use crate::engine::Ticket;
use tars_policy::batch::{Batch, CallSize, Own};

/// What calls of one batch have in common: the visit and, of a provider, the model.
pub(super) type BatchKey = (u16, u16);

/// Where a member of a batch sits.
#[derive(Clone, Copy, Debug)]
pub(super) enum Seat {
    /// In a batch of this rule that has not left.
    Filling(u16, BatchKey),
    /// In the call that this strand makes.
    Carried(u32),
}

/// What the carrier of a batch carries.
#[derive(Debug)]
pub(super) struct Carrier {
    rule: u16,
    /// How many left together.
    size: usize,
    /// Those who are still there.
    members: Vec<u32>,
}

impl Carrier {
    /// How many wait for it.
    pub(super) const fn members(&self) -> usize {
        self.members.len()
    }
}

impl World<'_> {
    /// The strand, whose model has been chosen, waits for others; or leaves with them.
    pub(super) fn join_batch(&mut self, id: u32, visit: u16, rule: u16) {
        let (now, time) = (self.now, self.time());
        let strand = self.strands.get_mut(id);
        strand.phase = Phase::Together;
        strand.ledger.enter(now, Part::BatchWait);
        let is_llm = self.plan.model.program.visits[visit as usize].is_llm;
        let key = (visit, if is_llm { strand.model } else { NONE });
        let size = CallSize { bytes: 0, tokens: u64::from(strand.input_tokens) };
        self.sharing.seats.insert(id, Seat::Filling(rule, key));
        let joined = self.sharing.batchers[rule as usize].join(time, key, id, size);
        if let Some(earlier) = joined.earlier {
            self.leaves(rule, earlier);
        }
        match joined.own {
            Own::Left(batch) => self.leaves(rule, batch),
            Own::Waits { due } => {
                let opens = due == time.saturating_add(self.plan.model.batches[rule as usize].rule.wait_max);
                if opens {
                    self.agenda.schedule(due.as_nanos().min(FAR), Event::BatchDue(u32::from(rule)));
                }
            }
        }
    }

    /// Batches that have waited long enough leave.
    pub(in crate::sim) fn batches_leave(&mut self, rule: u32) {
        let time = self.time();
        let place = rule as usize;
        let mut is_stale = true;
        while let Some(batch) = self.sharing.batchers[place].take_due(time) {
            is_stale = false;
            self.leaves(super::super::stations::small(place), batch);
        }
        self.stale += u64::from(is_stale);
    }

    /// The batch leaves: a strand of its own makes the call.
    fn leaves(&mut self, rule: u16, batch: Batch<BatchKey, u32>) {
        let now = self.now;
        let (visit, _) = batch.key;
        let carrier = self.carrier(rule, visit, &batch.calls);
        let carrier = self.strands.insert(carrier);
        for member in &batch.calls {
            self.strands.get_mut(*member).ledger.enter(now, Part::Provider);
            self.sharing.seats.insert(*member, Seat::Carried(carrier));
        }
        let load = Carrier { rule, size: batch.calls.len(), members: batch.calls };
        self.sharing.carriers.insert(carrier, load);
        self.call_for_others(carrier, visit);
    }

    /// A strand like the first of those who leave, with the tokens of all and without a task.
    fn carrier(&self, rule: u16, visit: u16, members: &[u32]) -> Strand {
        let call = &self.plan.model.program.visits[visit as usize];
        let is_llm = call.is_llm;
        let shared = self.plan.model.batches[rule as usize].shared_input_tokens;
        let first = self.strands.get(members[0]);
        let (mut input, mut output) = (first.input_tokens, first.output_tokens);
        for member in &members[1..] {
            let member = self.strands.get(*member);
            input = input.saturating_add(member.input_tokens.saturating_sub(shared));
            output = output.saturating_add(member.output_tokens);
        }
        Strand {
            pc: self.plan.model.program.delivery.expect("calls that are shared end somewhere"),
            ledger: Ledger::new(self.now, Part::Provider),
            phase: Phase::Ready,
            timer: Ticket::NONE,
            timeout: Ticket::NONE,
            patience: Ticket::NONE,
            give_up: Ticket::NONE,
            input_tokens: input,
            output_tokens: output,
            measured: members.iter().any(|member| self.strands.get(*member).measured),
            orphan: false,
            model: if is_llm { first.model } else { NONE },
            provider: if is_llm { call.station } else { NONE },
            worker: NOBODY,
            parent: CARRIER,
            sibling: NOBODY,
            child: NOBODY,
            children: 0,
            cost: 0,
            lost: 0,
            ..first.like()
        }
    }

    /// The call of a batch has come back: its members go on.
    pub(in crate::sim) fn deliver(&mut self, id: u32) {
        let (strand, carrier) = self.land(id);
        let (rule, together) = (carrier.rule as usize, carrier.size > 1);
        let source = super::super::stations::small(self.plan.model.caches.len() + rule);
        for member in &carrier.members {
            if self.first_bytes.on {
                let key = self.strands.get(*member).key;
                self.first_bytes.adopt((*member, key), (id, strand.key));
            }
            let member = self.strands.get_mut(*member);
            if strand.provider != NONE {
                member.model = strand.model;
                member.provider = strand.provider;
                if together {
                    member.cached = source;
                }
            }
            member.phase = Phase::Ready;
        }
        self.ready.extend(carrier.members);
    }

    /// The call of a batch has failed for good: so has that of each member.
    pub(in crate::sim) fn batch_fails(&mut self, id: u32, cause: Cause) {
        let (_, carrier) = self.land(id);
        for member in carrier.members {
            self.flight_fails(member, cause);
            self.doom(member, Phase::TaskLost, cause);
        }
    }

    /// The carrier is there no more; those who are still there have its time, and each its share of the bill.
    fn land(&mut self, id: u32) -> (Strand, Carrier) {
        let now = self.now;
        let mut strand = self.strands.remove(id);
        let carrier = self.sharing.carriers.remove(&id).expect("it carries a batch");
        let part = strand.ledger.part();
        strand.ledger.enter(now, part);
        let tokens: Vec<u64> = carrier.members.iter().map(|member| self.tokens(*member)).collect();
        let (costs, losses) = (shares(strand.cost, &tokens), shares(strand.lost, &tokens));
        for ((member, cost), lost) in carrier.members.iter().zip(costs).zip(losses) {
            self.sharing.seats.remove(member);
            let member = self.strands.get_mut(*member);
            member.ledger.absorb(now, &strand.ledger);
            member.cost += cost;
            member.lost += lost;
        }
        if carrier.members.is_empty() {
            self.probe.nobody_waited(&strand);
        }
        (strand, carrier)
    }

    fn tokens(&self, id: u32) -> u64 {
        let strand = self.strands.get(id);
        u64::from(strand.input_tokens) + u64::from(strand.output_tokens)
    }

    /// The strand leaves its batch, wherever that is. A call that is under way goes on without it.
    pub(super) fn leave_batch(&mut self, id: u32) {
        match self.sharing.seats.remove(&id) {
            None => {}
            Some(Seat::Filling(rule, key)) => {
                let was_there = self.sharing.batchers[rule as usize].withdraw(&key, |member| *member == id);
                assert!(was_there.is_some(), "who waits for a batch is in it");
            }
            Some(Seat::Carried(carrier)) => {
                let carrier =
                    self.sharing.carriers.get_mut(&carrier).expect("a carried member has a carrier");
                carrier.members.retain(|member| *member != id);
            }
        }
    }
}

/// An amount in parts proportional to these weights, or equal ones where all are zero, that sum to it: what rounding
/// leaves goes to the first.
fn shares(amount: u64, weights: &[u64]) -> Vec<u64> {
    let all: u128 = weights.iter().map(|weight| u128::from(*weight)).sum();
    let part = |weight: &u64| match all {
        0 => u128::from(amount) / weights.len() as u128,
        all => u128::from(amount) * u128::from(*weight) / all,
    };
    let mut parts: Vec<u64> =
        weights.iter().map(|weight| u64::try_from(part(weight)).expect("a part of a u64")).collect();
    let given: u64 = parts.iter().sum();
    if let Some(first) = parts.first_mut() {
        *first += amount - given;
    }
    parts
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_bill_is_shared_by_tokens() {
        assert_eq!(shares(100, &[300, 100]), [75, 25]);
        assert_eq!(shares(100, &[1, 1, 1]), [34, 33, 33]);
        assert_eq!(shares(5, &[0, 0]), [3, 2]);
        assert!(shares(5, &[]).is_empty());
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 500, failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn the_shares_of_a_bill_sum_to_it(amount: u64, weights in proptest::collection::vec(0_u64..1 << 40, 1..20)) {
            let parts = shares(amount, &weights);
            prop_assert_eq!(parts.iter().map(|part| u128::from(*part)).sum::<u128>(), u128::from(amount));
        }
    }
}

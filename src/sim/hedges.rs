//! Hedges that follow the latencies lately seen, or pay for their copies from a budget.

use super::ledger::Part;
use super::strand::{Cause, Phase};
use super::world::World;
use crate::model::Model;
use crate::model::route::HedgeAct;
use std::collections::BTreeMap;
use tars_policy::route::{Hedge, HedgeVerdict};
use tars_policy::units::Span;

/// The hedges of all steps that have one of these, and when the copies under way were sent.
pub(super) struct Hedges {
    policies: Vec<Hedge>,
    sent: BTreeMap<u32, u64>,
}

impl Hedges {
    pub(super) fn new(model: &Model) -> Self {
        let built = "policies were validated when the model was made";
        let policies = model.program.hedges.iter().map(|spec| spec.build().expect(built)).collect();
        Self { policies, sent: BTreeMap::new() }
    }
}

impl World<'_> {
    /// A strand comes to an act of its hedge; false if it does not go on now.
    #[inline(never)]
    pub(super) fn hedge(&mut self, id: u32, hedge: u16, act: HedgeAct) -> bool {
        let now = self.now;
        let policy = &mut self.hedges.policies[hedge as usize];
        match act {
            HedgeAct::Call => {
                policy.on_call();
                self.hedges.sent.insert(id, now);
            }
            HedgeAct::Wait => {
                let wait = policy.wait();
                let strand = self.strands.get_mut(id);
                strand.ledger.enter(now, Part::Provider);
                strand.phase = Phase::Delay;
                self.wake_after(id, wait.as_nanos());
                return false;
            }
            HedgeAct::Copy(copies) => match policy.try_copy(u32::from(copies)) {
                HedgeVerdict::Send => {
                    self.hedges.sent.insert(id, now);
                }
                HedgeVerdict::NoMoreCopies | HedgeVerdict::OverBudget => {
                    // It leaves the race to the others.
                    self.task_ends(id, Some(Cause::Error));
                    return false;
                }
            },
            HedgeAct::Answer => {
                if let Some(sent) = self.hedges.sent.remove(&id) {
                    policy.on_answer(Span::from_nanos(now - sent));
                }
            }
        }
        true
    }
}

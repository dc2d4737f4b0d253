//! Spreads: one of several ways, in turn, by chance or by a balance policy.

use super::{Layout, index};
use crate::experiment::path::Path;
use crate::experiment::schema::{SpreadBy, SpreadStep};
use crate::model::route::{Balanced, Op, Place, SpreadRule};
use std::ops::Range;
use tars_policy::balance::BalanceSpec;

impl Layout<'_> {
    pub(super) fn spread(&mut self, step: &SpreadStep, path: &Path) {
        if step.branches.is_empty() {
            self.diagnostics.senseless(
                self.tree,
                &path.key("branches"),
                "there are no branches",
                "expected at least one",
            );
            return;
        }
        self.weights(step, path);
        let (first, count) = self.add_ways(step.branches.len());
        let at = self.push(Op::Spread { first, count, by: SpreadRule::Chance });
        let (mut overs, mut bodies) = (Vec::new(), Vec::new());
        for (way, branch) in step.branches.iter().enumerate() {
            self.set_way(first, way, 0.0);
            let start = self.here();
            self.steps(branch, &path.key("branches").index(way));
            bodies.push(start..self.here());
            overs.push(self.push(Op::Jump(0)));
        }
        let by = self.rule(step, path, &bodies);
        self.program.ops[at as usize] = Op::Spread { first, count, by };
        self.land(&overs);
    }

    fn rule(&mut self, step: &SpreadStep, path: &Path, bodies: &[Range<u32>]) -> SpreadRule {
        let policy = match &step.by {
            SpreadBy::RoundRobin => {
                self.program.turns += 1;
                return SpreadRule::Turn(index(self.program.turns - 1));
            }
            SpreadBy::Random => return SpreadRule::Chance,
            SpreadBy::Weighted => BalanceSpec::Weighted,
            SpreadBy::LeastLoaded => BalanceSpec::LeastLoaded,
            SpreadBy::TwoChoices => BalanceSpec::TwoChoices,
            SpreadBy::Rendezvous { replicas, bound } => {
                BalanceSpec::Rendezvous { replicas: *replicas, bound: *bound }
            }
        };
        if let Err(error) = policy.validate() {
            self.diagnostics.spec(self.tree, &path.key("by"), &error);
        }
        let weights = step.weights.iter().copied().chain(std::iter::repeat(1));
        let mut ways = Vec::new();
        for ((way, body), weight) in bodies.iter().enumerate().zip(weights) {
            match self.first_place(body) {
                Some(place) => ways.push((place, weight)),
                None => self.diagnostics.senseless(
                    self.tree,
                    &path.key("branches").index(way),
                    "the load of this way is seen nowhere: it names no station and no pool",
                    "expected a call or an agent in every branch; `round_robin` and `random` look at no load",
                ),
            }
        }
        self.program.balances.push(Balanced { policy, ways });
        SpreadRule::Balance(index(self.program.balances.len() - 1))
    }

    /// The first station or pool that these operations name.
    fn first_place(&self, body: &Range<u32>) -> Option<Place> {
        self.program.ops[body.start as usize..body.end as usize].iter().find_map(|op| match op {
            Op::Visit(visit) | Op::Shared(visit) | Op::Hold { visit, .. } | Op::Replay(visit) => {
                Some(Place::Station(self.program.visits[usize::from(*visit)].station))
            }
            Op::Enter(pool) => Some(Place::Pool(*pool)),
            Op::Delay { .. }
            | Op::Leave
            | Op::Choose { .. }
            | Op::Jump(_)
            | Op::LoopStart { .. }
            | Op::LoopNext { .. }
            | Op::Fork { .. }
            | Op::BranchEnd
            | Op::Landed
            | Op::Hedge { .. }
            | Op::Deliver
            | Op::Resume(_)
            | Op::Checkpoint(_)
            | Op::Try { .. }
            | Op::Lookup { .. }
            | Op::Store { .. }
            | Op::Write { .. }
            | Op::Spread { .. }
            | Op::Feature { .. }
            | Op::Launch { .. }
            | Op::End => None,
        })
    }

    fn weights(&mut self, step: &SpreadStep, path: &Path) {
        if step.weights.is_empty() {
            return;
        }
        let at = path.key("weights");
        if matches!(step.by, SpreadBy::RoundRobin | SpreadBy::Random) {
            let hint = "take `\"by\": \"weighted\"`";
            self.diagnostics.senseless(self.tree, &at, "this rule knows no weights", hint);
        }
        if step.weights.len() != step.branches.len() {
            let message = format!("{} weights for {} branches", step.weights.len(), step.branches.len());
            self.diagnostics.senseless(self.tree, &at, message, "expected one for each branch");
        }
        if let Some(place) = step.weights.iter().position(|weight| *weight == 0 || *weight > 1_000_000) {
            let weight = f64::from(step.weights[place]);
            self.diagnostics.out_of_range(self.tree, &at.index(place), "a weight", weight, "1 to 1,000,000");
        }
    }
}

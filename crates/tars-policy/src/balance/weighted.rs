//! Smooth weighted round robin.

use super::Candidate;
use alloc::vec::Vec;

/// What each candidate has saved up. Each pick gives every open candidate its weight, takes the richest, and charges it
/// the sum of the weights; so over any full turn each is picked as often as its weight, spread out evenly.
#[derive(Clone, Debug, Default)]
pub struct SmoothWeights {
    /// Identity and savings, in the order of the candidates last seen.
    savings: Vec<(u32, i64)>,
}

impl SmoothWeights {
    pub(super) fn pick(&mut self, candidates: &[Candidate]) -> Option<usize> {
        self.align(candidates);
        let mut total = 0;
        let mut best: Option<usize> = None;
        for (index, candidate) in candidates.iter().enumerate() {
            if !candidate.has_room() || candidate.weight == 0 {
                continue;
            }
            let weight = i64::from(candidate.weight);
            total += weight;
            self.savings[index].1 += weight;
            if best.is_none_or(|best| self.savings[index].1 > self.savings[best].1) {
                best = Some(index);
            }
        }
        let best = best?;
        self.savings[best].1 -= total;
        Some(best)
    }

    /// Keeps the savings of those that are still there; newcomers start at nothing.
    fn align(&mut self, candidates: &[Candidate]) {
        let same = self.savings.len() == candidates.len()
            && self.savings.iter().zip(candidates).all(|((id, _), candidate)| *id == candidate.id);
        if same {
            return;
        }
        let old = core::mem::take(&mut self.savings);
        let kept = |id| old.iter().find(|(known, _)| *known == id).map_or(0, |(_, saved)| *saved);
        self.savings = candidates.iter().map(|candidate| (candidate.id, kept(candidate.id))).collect();
    }
}

//! Rendezvous hashing with weights, replicas and bounded loads.

use super::{Candidate, REPLICAS_MAX};

/// The score of candidate `id` for `key`: the finaliser of `SplitMix64` over both. The same on every platform, for ever.
pub const fn score(key: u64, id: u32) -> u64 {
    mix(key ^ mix(id as u64 + 0x9e37_79b9_7f4a_7c15))
}

const fn mix(mut z: u64) -> u64 {
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

/// The score of a candidate of this weight for `key`, by the logarithmic method: `weight / -ln(u)` with `u` the plain score
/// on (0, 1) (Schindelhauer and Schomaker, "Weighted Distributed Hash Tables", SPAA 2005). The highest wins with a probability of
/// its share of the weights, and changing one weight moves keys to or from that candidate only. A weight of 0 counts as 1.
pub fn weighted_score(key: u64, id: u32, weight: u32) -> f64 {
    let unit = ((score(key, id) >> 11) as f64 + 0.5) / (1_u64 << 53) as f64;
    f64::from(weight.max(1)) / -libm::log(unit)
}

/// How candidates are ranked: plainly while all weigh the same, as that gives the same order for less.
#[derive(Clone, Copy)]
enum Ranks {
    Plain,
    Weighted,
}

impl Ranks {
    fn of(candidates: &[Candidate]) -> Self {
        let first = candidates.first().map_or(1, |candidate| candidate.weight.max(1));
        if candidates.iter().all(|candidate| candidate.weight.max(1) == first) {
            Self::Plain
        } else {
            Self::Weighted
        }
    }

    /// The higher the better. The bits of floats above zero are ordered as the floats are.
    fn rank(self, key: u64, candidate: &Candidate) -> u64 {
        match self {
            Self::Plain => score(key, candidate.id),
            Self::Weighted => weighted_score(key, candidate.id, candidate.weight).to_bits(),
        }
    }
}

/// The least loaded of the `replicas` highest scores among those that are up; failing that, the highest score of the
/// others. A candidate that is full or over the bound is passed over; when the bound leaves nobody, it is let go.
pub(super) fn pick(candidates: &[Candidate], key: u64, replicas: usize, bound: Option<f64>) -> Option<usize> {
    let bound = bound.map(|bound| Bound::new(bound, candidates));
    let takes =
        |candidate: &Candidate| candidate.has_room() && bound.as_ref().is_none_or(|b| b.allows(candidate));
    let ranks = Ranks::of(candidates);
    let preferred = preferred(candidates, key, ranks, replicas);
    let mut best: Option<usize> = None;
    for index in preferred.indices().filter(|index| takes(&candidates[*index])) {
        if best.is_none_or(|best| candidates[index].is_lighter_than(&candidates[best])) {
            best = Some(index);
        }
    }
    best.or_else(|| highest(candidates, key, ranks, takes))
        .or_else(|| highest(candidates, key, ranks, Candidate::has_room))
}

/// The highest score among those that `takes`.
fn highest(
    candidates: &[Candidate],
    key: u64,
    ranks: Ranks,
    takes: impl Fn(&Candidate) -> bool,
) -> Option<usize> {
    let scored = candidates.iter().enumerate().filter(|(_, candidate)| takes(candidate));
    scored
        .map(|(index, candidate)| (ranks.rank(key, candidate), core::cmp::Reverse(index)))
        .max()
        .map(|(_, i)| i.0)
}

/// The candidates with the highest scores, best first.
struct Preferred {
    scored: [(u64, usize); REPLICAS_MAX as usize],
    len: usize,
}

impl Preferred {
    fn indices(&self) -> impl Iterator<Item = usize> + '_ {
        self.scored[..self.len].iter().map(|(_, index)| *index)
    }
}

/// Those of `candidates` that are up and score highest for `key`, at most `replicas`.
fn preferred(candidates: &[Candidate], key: u64, ranks: Ranks, replicas: usize) -> Preferred {
    let mut best = Preferred { scored: [(0, 0); REPLICAS_MAX as usize], len: 0 };
    for (index, candidate) in candidates.iter().enumerate().filter(|(_, candidate)| candidate.up) {
        let scored = (ranks.rank(key, candidate), index);
        let place =
            best.scored[..best.len].iter().position(|(other, _)| scored.0 > *other).unwrap_or(best.len);
        if place >= replicas {
            continue;
        }
        best.len = (best.len + 1).min(replicas);
        best.scored[place..best.len].rotate_right(1);
        best.scored[place] = scored;
    }
    best
}

/// The most load each may have: the bound times its fair share of the load with the new piece, rounded up.
struct Bound {
    factor: f64,
    load: u64,
    weight: u64,
}

impl Bound {
    fn new(factor: f64, candidates: &[Candidate]) -> Self {
        let up = || candidates.iter().filter(|candidate| candidate.up);
        Self {
            factor,
            load: 1 + up().map(|candidate| u64::from(candidate.load)).sum::<u64>(),
            weight: up().map(|candidate| u64::from(candidate.weight.max(1))).sum(),
        }
    }

    fn allows(&self, candidate: &Candidate) -> bool {
        // Divided last, so that a bound that is a whole number is not rounded up past itself.
        let share =
            self.factor * (self.load * u64::from(candidate.weight.max(1))) as f64 / self.weight as f64;
        f64::from(candidate.load) < libm::ceil(share)
    }
}

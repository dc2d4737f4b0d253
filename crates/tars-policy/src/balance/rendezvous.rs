//! Rendezvous hashing with replicas and bounded loads.

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

/// The least loaded of the `replicas` highest scores among those that are up; failing that, the highest score of the
/// others. A candidate that is full or over the bound is passed over; when the bound leaves nobody, it is let go.
pub(super) fn pick(candidates: &[Candidate], key: u64, replicas: usize, bound: Option<f64>) -> Option<usize> {
    let bound = bound.map(|bound| Bound::new(bound, candidates));
    let takes =
        |candidate: &Candidate| candidate.has_room() && bound.as_ref().is_none_or(|b| b.allows(candidate));
    let preferred = preferred(candidates, key, replicas);
    let mut best: Option<usize> = None;
    for index in preferred.indices().filter(|index| takes(&candidates[*index])) {
        if best.is_none_or(|best| candidates[index].is_lighter_than(&candidates[best])) {
            best = Some(index);
        }
    }
    best.or_else(|| highest(candidates, key, takes)).or_else(|| highest(candidates, key, Candidate::has_room))
}

/// The highest score among those that `takes`.
fn highest(candidates: &[Candidate], key: u64, takes: impl Fn(&Candidate) -> bool) -> Option<usize> {
    let scored = candidates.iter().enumerate().filter(|(_, candidate)| takes(candidate));
    scored
        .map(|(index, candidate)| (score(key, candidate.id), core::cmp::Reverse(index)))
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
fn preferred(candidates: &[Candidate], key: u64, replicas: usize) -> Preferred {
    let mut best = Preferred { scored: [(0, 0); REPLICAS_MAX as usize], len: 0 };
    for (index, candidate) in candidates.iter().enumerate().filter(|(_, candidate)| candidate.up) {
        let scored = (score(key, candidate.id), index);
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
        let share = f64::from(candidate.weight.max(1)) / self.weight as f64;
        f64::from(candidate.load) < libm::ceil(self.factor * self.load as f64 * share)
    }
}

//! Sums of powers of ranks, for any number of ranks.

use super::special::{power_integral, power_integral_inverse};

/// Ranks that are summed one by one; the rest is an integral by the midpoint rule, off by less than
/// `exponent² / 24 · HEAD⁻²`, one in 10⁸.
const HEAD: u64 = 4_096;

/// The weights of ranks: `k^-exponent` for `k` from 1 to `items`.
#[derive(Clone, Debug)]
pub(crate) struct RankWeights {
    exponent: f64,
    items: u64,
    /// The weight of all ranks up to each of the first ones.
    head: Box<[f64]>,
    total: f64,
}

impl RankWeights {
    pub(crate) fn new(exponent: f64, items: u64) -> Self {
        let mut sum = 0.0;
        let head: Box<[f64]> = (1..=items.min(HEAD))
            .map(|rank| {
                sum += libm::pow(rank as f64, -exponent);
                sum
            })
            .collect();
        let mut weights = Self { exponent, items, head, total: 0.0 };
        weights.total = weights.up_to(items);
        weights
    }

    /// The weight of all ranks.
    pub(crate) const fn total(&self) -> f64 {
        self.total
    }

    /// The weight of ranks 1 to `rank`.
    #[expect(clippy::cast_possible_truncation, reason = "the rank is below the length of a slice")]
    pub(crate) fn up_to(&self, rank: u64) -> f64 {
        if rank == 0 {
            return 0.0;
        }
        if rank <= self.head.len() as u64 {
            return self.head[rank as usize - 1];
        }
        let rank = rank.min(self.items);
        self.head_total() + power_integral(HEAD as f64 + 0.5, rank as f64 + 0.5, self.exponent)
    }

    /// The first rank up to which the weight is greater than `share` of the total.
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "ranks are at most 10^15")]
    pub(crate) fn rank_at(&self, share: f64) -> u64 {
        let weight = share * self.total;
        if weight < self.head_total() || self.items <= HEAD {
            return (self.head.partition_point(|&sum| sum <= weight) as u64 + 1).min(self.items);
        }
        let end = power_integral_inverse(HEAD as f64 + 0.5, weight - self.head_total(), self.exponent);
        (libm::floor(end + 0.5) as u64).clamp(HEAD + 1, self.items)
    }

    fn head_total(&self) -> f64 {
        self.head.last().copied().unwrap_or(0.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_tail_is_summed_as_if_one_by_one() {
        for exponent in [0.0, 0.6, 1.0, 1.3, 2.5, -1.0] {
            let weights = RankWeights::new(exponent, 200_000);
            let sum: f64 = (1..=200_000).map(|rank| libm::pow(f64::from(rank), -exponent)).sum();
            assert!(libm::fabs(weights.total() / sum - 1.0) < 1e-8, "{exponent}: {} {sum}", weights.total());
        }
    }

    #[test]
    fn ranks_are_found_by_their_share() {
        let weights = RankWeights::new(1.1, 100_000);
        for rank in [1, 2, 4_095, 4_096, 4_097, 4_098, 50_000, 99_999, 100_000] {
            let (before, after) = (weights.up_to(rank - 1), weights.up_to(rank));
            assert_eq!(weights.rank_at(before.midpoint(after) / weights.total()), rank);
        }
        assert_eq!(weights.rank_at(0.0), 1);
        assert_eq!(weights.rank_at(1.0 - f64::EPSILON / 2.0), 100_000);
    }
}

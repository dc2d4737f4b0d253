//! Caches under independent references to keys of unequal popularity.

use super::{bisect, integrate};

/// The popularities of keys 1 to `items` with weights k^−`exponent`.
pub fn zipf(items: u32, exponent: f64) -> Vec<f64> {
    let weights: Vec<f64> = (1..=items).map(|rank| libm::pow(f64::from(rank), -exponent)).collect();
    let total: f64 = weights.iter().sum();
    weights.iter().map(|weight| weight / total).collect()
}

/// The share of hits of a cache that holds the `room` most recently used keys, exact (Flajolet, Gardy & Thimonier
/// 1992): with references as a Poisson process, a key is there if fewer than `room` others came since it last did.
pub fn lru_hits(popularity: &[f64], room: usize) -> f64 {
    popularity
        .iter()
        .enumerate()
        .map(|(key, share)| {
            let still_there = |v: f64| {
                // v⁴ = e^{−share · t} runs over the law of the time since the key's last reference; the power makes
                // the integrand smooth where the time is long.
                if v <= 0.0 {
                    return 0.0;
                }
                let time = -4.0 * libm::log(v) / share;
                let others = popularity.iter().enumerate().filter(|(other, _)| *other != key);
                4.0 * v * v * v * fewer_than(room, others.map(|(_, other)| -libm::expm1(-other * time)))
            };
            share * integrate(still_there, 0.0, 1.0, 400)
        })
        .sum()
}

/// The probability that fewer than `room` of independent events happen.
fn fewer_than(room: usize, events: impl Iterator<Item = f64>) -> f64 {
    let mut counts = vec![0.0; room];
    counts[0] = 1.0;
    for chance in events {
        for count in (0..room).rev() {
            let below = if count > 0 { counts[count - 1] } else { 0.0 };
            counts[count] = counts[count] * (1.0 - chance) + below * chance;
        }
    }
    counts.iter().sum()
}

/// The share of hits by the approximation of Che, Tung & Wang (2002): one characteristic time for all keys. Its error
/// falls with the size; for the sizes of the suite it is below 0.2 %.
pub fn lru_hits_of_many(popularity: &[f64], room: f64) -> f64 {
    let inside = |time: f64| popularity.iter().map(|share| -libm::expm1(-share * time)).sum::<f64>();
    let least = popularity.iter().copied().fold(f64::INFINITY, f64::min);
    let time = bisect(inside, room, 0.0, 50.0 / least);
    popularity.iter().map(|share| share * -libm::expm1(-share * time)).sum()
}

/// The share of hits of a cache whose entries live for `ttl` from when they were stored; references at `rate` in all.
pub fn ttl_hits(popularity: &[f64], rate: f64, ttl: f64) -> f64 {
    popularity.iter().map(|share| share * (rate * share * ttl) / (1.0 + rate * share * ttl)).sum()
}

/// The same where each hit makes the entry young again.
pub fn renewed_ttl_hits(popularity: &[f64], rate: f64, ttl: f64) -> f64 {
    popularity.iter().map(|share| share * -libm::expm1(-rate * share * ttl)).sum()
}

#[cfg(test)]
mod tests {
    use super::super::testing::check_close;
    use super::*;

    /// King (1971): the sum over all ordered contents of the cache.
    fn by_enumeration(popularity: &[f64], room: usize) -> f64 {
        fn walk(popularity: &[f64], room: usize, chosen: &mut Vec<usize>, chance: f64) -> f64 {
            let held: f64 = chosen.iter().map(|key| popularity[*key]).sum();
            if chosen.len() == room {
                return chance * held;
            }
            let mut sum = 0.0;
            for key in 0..popularity.len() {
                if !chosen.contains(&key) {
                    chosen.push(key);
                    sum += walk(popularity, room, chosen, chance * popularity[key] / (1.0 - held));
                    chosen.pop();
                }
            }
            sum
        }
        walk(popularity, room, &mut Vec::new(), 1.0)
    }

    #[test]
    fn the_integral_agrees_with_the_enumeration() {
        let keys = zipf(8, 0.9);
        for room in [1, 3, 6] {
            check_close(lru_hits(&keys, room), by_enumeration(&keys, room), 1e-6);
        }
        let squares: f64 = keys.iter().map(|share| share * share).sum();
        check_close(by_enumeration(&keys, 1), squares, 1e-13);
    }

    #[test]
    fn the_approximation_is_near_for_a_hundred_keys() {
        let keys = zipf(100, 0.8);
        check_close(lru_hits_of_many(&keys, 20.0), lru_hits(&keys, 20), 0.01);
    }

    #[test]
    fn all_keys_alike_hit_as_often_as_they_fit() {
        check_close(lru_hits(&zipf(10, 0.0), 4), 0.4, 1e-5);
        check_close(ttl_hits(&[1.0], 2.0, 1.5), 0.75, 1e-15);
        check_close(renewed_ttl_hits(&[1.0], 2.0, 1.5), 1.0 - libm::exp(-3.0), 1e-15);
    }
}

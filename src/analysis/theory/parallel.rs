//! Work that is split over several servers at once: joins, races and hedges.

use super::chain::Chain;

/// Mean time of a task that splits over two M/M/1 queues and waits for both (Flatto & Hahn 1984; Nelson & Tantawi
/// 1988).
pub fn fork_join_of_two(arrival: f64, service: f64) -> f64 {
    (12.0 - arrival / service) / 8.0 / (service - arrival)
}

/// The same by the chain of both numbers, cut off at `most`; a task is there while either of its parts is, so the
/// number of tasks is the larger number of parts. Takes servers of two speeds.
pub fn fork_join_by_chain(arrival: f64, services: [f64; 2], most: usize) -> f64 {
    let state = |a: usize, b: usize| a * (most + 1) + b;
    let mut chain = Chain::new((most + 1) * (most + 1));
    for a in 0..=most {
        for b in 0..=most {
            if a < most && b < most {
                chain.add(state(a, b), state(a + 1, b + 1), arrival);
            }
            if a > 0 {
                chain.add(state(a, b), state(a - 1, b), services[0]);
            }
            if b > 0 {
                chain.add(state(a, b), state(a, b - 1), services[1]);
            }
        }
    }
    let steady = chain.steady();
    let tasks: f64 = (0..=most)
        .flat_map(|a| (0..=most).map(move |b| (a, b)))
        .map(|(a, b)| a.max(b) as f64 * steady[state(a, b)])
        .sum();
    tasks / arrival
}

/// The mean of the largest of exponential times with these rates, all at once (inclusion and exclusion).
pub fn largest_mean(rates: &[f64]) -> f64 {
    (1_u32..1 << rates.len())
        .map(|subset| {
            let rate: f64 =
                rates.iter().enumerate().filter(|(at, _)| subset >> at & 1 == 1).map(|(_, rate)| rate).sum();
            if subset.count_ones() % 2 == 1 { 1.0 / rate } else { -1.0 / rate }
        })
        .sum()
}

/// The mean time of a call with exponential law of rate `rate` that is made a second time after `delay`, the faster
/// answer counting.
pub fn hedged_mean(rate: f64, delay: f64) -> f64 {
    let still = libm::exp(-rate * delay);
    (1.0 - still) / rate + still / (2.0 * rate)
}

/// The time that a share `level` of hedged calls does not exceed.
pub fn hedged_quantile(rate: f64, delay: f64, level: f64) -> f64 {
    let needed = -libm::log(1.0 - level) / rate;
    if needed <= delay { needed } else { delay + (needed - delay) / 2.0 }
}

#[cfg(test)]
mod tests {
    use super::super::integrate;
    use super::super::testing::check_close;
    use super::*;

    #[test]
    fn the_join_of_two_matches_its_chain() {
        check_close(fork_join_by_chain(0.5, [1.0, 1.0], 45), fork_join_of_two(0.5, 1.0), 1e-8);
    }

    /// Without load the join is the larger of two services: 1.5.
    #[test]
    fn an_idle_join_is_the_larger_service() {
        check_close(fork_join_of_two(1e-9, 1.0), largest_mean(&[1.0, 1.0]), 1e-8);
        check_close(largest_mean(&[1.0, 1.0, 1.0]), 11.0 / 6.0, 1e-13);
    }

    #[test]
    fn a_hedge_has_the_mean_of_its_tail() {
        let (rate, delay) = (2.0, 0.3);
        let tail =
            |t: f64| libm::exp(-rate * t) * if t > delay { libm::exp(-rate * (t - delay)) } else { 1.0 };
        let mean = integrate(tail, 0.0, delay, 200) + integrate(tail, delay, 20.0, 5_000);
        check_close(hedged_mean(rate, delay), mean, 1e-9);
        check_close(tail(hedged_quantile(rate, delay, 0.99)), 0.01, 1e-12);
        check_close(tail(hedged_quantile(rate, delay, 0.2)), 0.8, 1e-12);
    }
}

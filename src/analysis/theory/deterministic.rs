//! Poisson arrivals and services that are always equally long (Erlang 1909; Crommelin 1932; Tijms 9.5).

use super::{bisect, integrate, mean_number, poisson};

/// Mean wait in line of M/D/c by Crommelin's series: services of `length`, `arrival` per second.
pub fn wait_mean(arrival: f64, length: f64, servers: u32) -> f64 {
    let (load, count) = (arrival * length, f64::from(servers));
    let mut sum = 0.0;
    for turn in 1..100_000_u32 {
        let mean = f64::from(turn) * load;
        let from = u64::from(turn) * u64::from(servers);
        let law = poisson_tail(mean, from);
        let next = law - poisson_at(mean, from);
        let term = law - count / load * next;
        sum += term;
        if term < 1e-15 * sum {
            break;
        }
    }
    sum * length
}

/// P(N = n) of a Poisson law.
fn poisson_at(mean: f64, n: u64) -> f64 {
    let n = n as f64;
    libm::exp(n * libm::log(mean) - mean - libm::lgamma(n + 1.0))
}

/// P(N ≥ n) of a Poisson law whose mean lies below n.
fn poisson_tail(mean: f64, n: u64) -> f64 {
    let (mut term, mut sum, mut at) = (poisson_at(mean, n), 0.0, n as f64);
    while term > 1e-18 * sum {
        sum += term;
        at += 1.0;
        term *= mean / at;
        if term == 0.0 {
            break;
        }
    }
    sum
}

/// The probabilities of the number in M/D/c, from how it changes over one service: whoever is served now is gone
/// then, and who comes meanwhile is still there. By iteration, numbers above `most` cut off.
pub fn numbers(arrival: f64, length: f64, servers: usize, most: usize) -> Vec<f64> {
    let coming = poisson(arrival * length);
    let mut now = vec![0.0; most + 1];
    now[0] = 1.0;
    for _ in 0..200_000 {
        let mut next = vec![0.0; most + 1];
        for (number, probability) in now.iter().enumerate().filter(|(_, probability)| **probability > 1e-30) {
            let left = number.saturating_sub(servers);
            for (more, chance) in coming.iter().enumerate() {
                next[(left + more).min(most)] += probability * chance;
            }
        }
        let moved: f64 = now.iter().zip(&next).map(|(a, b)| libm::fabs(a - b)).sum();
        now = next;
        if moved < 1e-14 {
            break;
        }
    }
    now
}

/// The share of M/D/1 that waits at most `time` (Erlang 1909). Digits are lost where `time` is more than some 20
/// services.
pub fn wait_at_most(arrival: f64, length: f64, time: f64) -> f64 {
    if time < 0.0 {
        return 0.0;
    }
    let mut sum = 0.0;
    let mut turn = 0_u32;
    while f64::from(turn) * length <= time {
        let x = arrival * (f64::from(turn) * length - time);
        let mut term = libm::exp(-x);
        for factor in 1..=turn {
            term *= x / f64::from(factor);
        }
        sum += term;
        turn += 1;
    }
    (1.0 - arrival * length) * sum
}

/// The wait that a share `level` of M/D/1 does not exceed.
pub fn wait_quantile(arrival: f64, length: f64, level: f64) -> f64 {
    if level <= 1.0 - arrival * length {
        return 0.0;
    }
    bisect(|time| wait_at_most(arrival, length, time), level, 0.0, 20.0 * length)
}

/// The mean of what the wait of M/D/1 exceeds `allowance` by, zero where it does not.
pub fn wait_beyond(arrival: f64, length: f64, allowance: f64) -> f64 {
    let load = arrival * length;
    let mean = load * length / (2.0 * (1.0 - load));
    // The law has a kink at each whole number of services, so each stretch is integrated by itself.
    let mut before = 0.0;
    let mut from = 0.0;
    while from < allowance {
        let to = (from + length).min(allowance);
        // The jump at the start of a stretch belongs to the stretch: looked at from just above.
        before += integrate(
            |time| 1.0 - wait_at_most(arrival, length, time.max(from + 1e-12 * length)),
            from,
            to,
            200,
        );
        from = to;
    }
    mean - before
}

/// The share of calls that M/D/1/K loses, the one in service counted in `room` (Gross, 6.1.8: the embedded chain of
/// M/G/1/K).
pub fn loss(arrival: f64, length: f64, room: usize) -> f64 {
    let load = arrival * length;
    let coming = poisson(load);
    let coming_at = |n: usize| coming.get(n).copied().unwrap_or(0.0);
    // Weights of the numbers that a departure leaves behind, from the balance of M/G/1, which a limit does not change.
    let mut left = vec![1.0];
    for number in 0..room.saturating_sub(1) {
        let known: f64 = (1..=number).map(|from| left[from] * coming_at(number + 1 - from)).sum();
        left.push((left[number] - left[0] * coming_at(number) - known) / coming_at(0));
    }
    let total: f64 = left.iter().sum();
    let empty = left[0] / total;
    1.0 - 1.0 / (empty + load)
}

/// Mean number in M/D/c.
pub fn number_mean(arrival: f64, length: f64, servers: usize, most: usize) -> f64 {
    mean_number(&numbers(arrival, length, servers, most))
}

#[cfg(test)]
mod tests {
    use super::super::testing::check_close;
    use super::*;

    #[test]
    fn one_server_waits_as_pollaczek_and_khinchine_say() {
        for load in [0.3, 0.8, 0.95] {
            check_close(wait_mean(load, 1.0, 1), load / (2.0 * (1.0 - load)), 1e-9);
        }
    }

    #[test]
    fn crommelins_series_agrees_with_the_iterated_chain() {
        for (load, servers, most) in [(1.6, 2, 200), (4.5, 5, 300)] {
            let number = number_mean(load, 1.0, servers, most);
            let wait = wait_mean(load, 1.0, u32::try_from(servers).unwrap());
            check_close(wait + 1.0, number / load, 1e-8);
        }
    }

    #[test]
    fn the_law_of_the_wait_has_its_mean() {
        let (arrival, length) = (0.7, 1.0);
        let mean = wait_mean(arrival, length, 1);
        check_close(wait_at_most(arrival, length, 0.0), 0.3, 1e-12);
        let tail = wait_beyond(arrival, length, 12.0);
        assert!(tail > 0.0 && tail < 1e-2 * mean, "{tail} of a mean of {mean}");
        check_close(wait_at_most(arrival, length, wait_quantile(arrival, length, 0.95)), 0.95, 1e-9);
    }

    /// Room for one loses as Erlang's formula whatever the law; an endless room loses nothing.
    #[test]
    fn losses_are_those_of_the_limits() {
        check_close(loss(0.7, 1.0, 1), 0.7 / 1.7, 1e-13);
        assert!(loss(0.5, 1.0, 40) < 1e-12);
        // With room for two a departure leaves none if nobody came meanwhile: e^{−1.2}.
        let empty = libm::exp(-1.2);
        check_close(loss(1.2, 1.0, 2), 1.0 - 1.0 / (empty + 1.2), 1e-13);
    }

    /// The number law of M/D/1 seen at arrivals gives the share that waits longer than whole services.
    #[test]
    fn waits_and_numbers_tell_the_same_story() {
        let numbers = numbers(0.8, 1.0, 1, 300);
        // Who finds at most n waits at most n services, and not all who wait so little find so few: W ≤ n ⟺ found ≤ n.
        for n in [1_usize, 3, 6] {
            let few: f64 = numbers.iter().take(n + 1).sum();
            check_close(wait_at_most(0.8, 1.0, n as f64), few, 1e-7);
        }
    }
}

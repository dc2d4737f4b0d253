//! Servers that break and are repaired, whether they work or not; an interrupted service goes on where it was.

use super::chain::Chain;

/// Mean number in M/M/1 whose server breaks at rate `failure` and is repaired at rate `repair` (White & Christie 1958;
/// Avi-Itzhak & Naor 1963).
pub fn one_server_number(arrival: f64, service: f64, failure: f64, repair: f64) -> f64 {
    let up = repair / (failure + repair);
    let load = arrival / service;
    // Interruptions are a class that is served first: the completion time's residual and the wait for a repair.
    let spread = arrival * failure / ((failure + repair) * (failure + repair));
    (load + spread) / (up - load)
}

/// Mean number in M/M/c whose servers break each by itself; numbers above `most` are cut off. By its chain.
pub fn several_servers_number(
    arrival: f64,
    service: f64,
    servers: usize,
    failure: f64,
    repair: f64,
    most: usize,
) -> f64 {
    let state = |number: usize, up: usize| number * (servers + 1) + up;
    let mut chain = Chain::new((most + 1) * (servers + 1));
    for number in 0..=most {
        for up in 0..=servers {
            let here = state(number, up);
            if number < most {
                chain.add(here, state(number + 1, up), arrival);
            }
            if number > 0 {
                chain.add(here, state(number - 1, up), service * number.min(up) as f64);
            }
            if up > 0 {
                chain.add(here, state(number, up - 1), failure * up as f64);
            }
            if up < servers {
                chain.add(here, state(number, up + 1), repair * (servers - up) as f64);
            }
        }
    }
    let steady = chain.steady();
    steady.iter().enumerate().map(|(state, probability)| (state / (servers + 1)) as f64 * probability).sum()
}

/// The probability that at least `needed` of `count` parts work, each with probability `works` (Barlow & Proschan 1975).
pub fn at_least(needed: u32, count: u32, works: f64) -> f64 {
    (needed..=count)
        .map(|number| {
            let ways: f64 = (0..number).map(|i| f64::from(count - i) / f64::from(i + 1)).product();
            ways * libm::pow(works, f64::from(number)) * libm::pow(1.0 - works, f64::from(count - number))
        })
        .sum()
}

/// The mean of the smaller of `wanted` and the number of working parts: the sum of the availabilities 1-of-n to k-of-n.
pub fn working_of_wanted(wanted: u32, count: u32, works: f64) -> f64 {
    (1..=wanted).map(|needed| at_least(needed, count, works)).sum()
}

#[cfg(test)]
mod tests {
    use super::super::testing::check_close;
    use super::*;

    #[test]
    fn one_server_matches_its_chain() {
        for (arrival, failure, repair) in [(0.5, 0.1, 0.4), (0.6, 0.02, 0.1)] {
            let found = one_server_number(arrival, 1.0, failure, repair);
            check_close(found, several_servers_number(arrival, 1.0, 1, failure, repair, 900), 1e-7);
        }
        check_close(one_server_number(0.8, 1.0, 1e-12, 1.0), 4.0, 1e-9);
    }

    #[test]
    fn servers_that_never_break_are_the_plain_queue() {
        let queue = super::super::erlang::Queue { arrival: 2.4, service: 1.0, servers: 3 };
        check_close(several_servers_number(2.4, 1.0, 3, 1e-12, 1.0, 400), queue.number_mean(), 1e-8);
    }

    /// Two of three at 0.9: 3 · 0.81 · 0.1 + 0.729 = 0.972.
    #[test]
    fn two_of_three_match_the_hand() {
        check_close(at_least(2, 3, 0.9), 0.972, 1e-13);
        check_close(at_least(0, 3, 0.9), 1.0, 1e-13);
        check_close(working_of_wanted(3, 3, 0.9), 2.7, 1e-13);
    }
}

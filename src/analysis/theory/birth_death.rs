//! Birth–death systems: one number tells all, and each step changes it by one.

/// The probabilities of 0, 1, 2, … where the number grows at rate `birth(n)` and shrinks at rate `death(n)`, up to
/// `top` or to where the rest is below 10⁻¹⁸ of the sum. Gross, 2.2.
pub fn steady(birth: impl Fn(f64) -> f64, death: impl Fn(f64) -> f64, top: Option<u32>) -> Vec<f64> {
    let mut weights = vec![1.0];
    let (mut sum, mut last, mut number) = (1.0, 1.0, 0_u32);
    while top.is_none_or(|top| number < top) {
        let ratio = birth(f64::from(number)) / death(f64::from(number) + 1.0);
        last *= ratio;
        number += 1;
        sum += last;
        weights.push(last);
        if ratio < 1.0 && last < sum * 1e-18 * (1.0 - ratio) {
            break;
        }
        assert!(number < 10_000_000, "the number in the system has a limit in probability");
    }
    weights.iter().map(|weight| weight / sum).collect()
}

/// M/M/c/K: the probabilities of the number there, the one in service counted in `capacity`. Gross, 3.5.
pub fn finite_room(arrival: f64, service: f64, servers: u32, capacity: u32) -> Vec<f64> {
    steady(|_| arrival, |n| service * n.min(f64::from(servers)), Some(capacity))
}

/// Machines that break at rate `failure` each while they work and are repaired at rate `repair` by `repairers`: the
/// probabilities of the number that is broken. Gross, 3.8.
pub fn machine_repair(machines: u32, failure: f64, repairers: u32, repair: f64) -> Vec<f64> {
    steady(|n| (f64::from(machines) - n) * failure, |n| repair * n.min(f64::from(repairers)), Some(machines))
}

/// A station whose speed depends on the number there: `speeds[n − 1]` with n, the last with more; work comes at
/// `arrival` with mean `1 / service`. Exact for processor sharing with any law of service (Kelly 1979, 3.3).
pub fn load_dependent(arrival: f64, service: f64, speeds: &[f64]) -> Vec<f64> {
    let speed = |n: f64| {
        let place = (1..speeds.len()).find(|place| n < *place as f64 + 0.5).unwrap_or(speeds.len());
        speeds[place - 1]
    };
    steady(|_| arrival, |n| service * speed(n), None)
}

#[cfg(test)]
mod tests {
    use super::super::chain::Chain;
    use super::super::mean_number;
    use super::super::testing::check_close;
    use super::*;

    #[test]
    fn one_server_gives_the_geometric_law() {
        let steady = steady(|_| 0.8, |_| 1.0, None);
        check_close(steady[0], 0.2, 1e-14);
        check_close(steady[10], 0.2 * 0.107_374_182_4, 1e-12);
        check_close(mean_number(&steady), 4.0, 1e-12);
    }

    /// Gross, example 3.4 in kind: M/M/1/K has `p_K = (1 − ρ) ρ^K / (1 − ρ^{K+1})`.
    #[test]
    fn a_finite_room_loses_as_the_formula_says() {
        let rho: f64 = 0.9;
        let expected = 0.1 * libm::pow(rho, 5.0) / (1.0 - libm::pow(rho, 6.0));
        check_close(finite_room(0.9, 1.0, 1, 5)[5], expected, 1e-14);
    }

    /// Gross, example 3.9 in kind, by the chain: three machines, one repairer.
    #[test]
    fn machines_and_repairers_balance() {
        let mut chain = Chain::new(4);
        for broken in 0..3_usize {
            chain.add(broken, broken + 1, (3 - broken) as f64 * 0.5);
            chain.add(broken + 1, broken, 2.0);
        }
        for (found, expected) in machine_repair(3, 0.5, 1, 2.0).iter().zip(chain.steady()) {
            check_close(*found, expected, 1e-14);
        }
    }

    #[test]
    fn a_speed_of_the_servers_busy_is_the_queue_with_several_servers() {
        let shared = load_dependent(2.5, 1.0, &[1.0, 2.0, 3.0]);
        let queue = steady(|_| 2.5, |n| n.min(3.0), None);
        check_close(mean_number(&shared), mean_number(&queue), 1e-13);
    }
}

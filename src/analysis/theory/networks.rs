//! Networks of stations: open ones (Jackson 1957) and closed ones (Gordon & Newell 1967; Reiser & Lavenberg 1980).

/// The rates of visits that solve γ = outside + γ · ways: `ways[i][j]` is the probability of going from i to j.
pub fn visit_rates(outside: &[f64], ways: &[Vec<f64>]) -> Vec<f64> {
    let mut rates = outside.to_vec();
    for _ in 0..100_000 {
        let next: Vec<f64> = (0..outside.len())
            .map(|to| outside[to] + (0..outside.len()).map(|from| rates[from] * ways[from][to]).sum::<f64>())
            .collect();
        let moved: f64 = rates.iter().zip(&next).map(|(a, b)| libm::fabs(a - b)).sum();
        rates = next;
        if moved < 1e-15 {
            break;
        }
    }
    rates
}

/// What a closed network gives: tasks per second, and the mean number at each station.
#[derive(Clone, Debug)]
pub struct Closed {
    /// Tasks per second.
    pub throughput: f64,
    /// The mean time of a task, think time left out.
    pub latency: f64,
    /// Mean numbers by station.
    pub numbers: Vec<f64>,
}

/// Mean value analysis: `users` that think for `think` and then need `demands[i]` seconds of each single-server
/// station (Reiser & Lavenberg 1980).
pub fn mean_values(users: u32, think: f64, demands: &[f64]) -> Closed {
    let mut numbers = vec![0.0; demands.len()];
    let (mut throughput, mut latency) = (0.0, 0.0);
    for count in 1..=users {
        let times: Vec<f64> =
            demands.iter().zip(&numbers).map(|(demand, number)| demand * (1.0 + number)).collect();
        latency = times.iter().sum();
        throughput = f64::from(count) / (think + latency);
        numbers = times.iter().map(|time| throughput * time).collect();
    }
    Closed { throughput, latency, numbers }
}

/// Mean value analysis of two classes: `users[k]` users of class k think for `think[k]` and need `demands[k][i]` of
/// station i, which shares its processor. Returns each class's throughput and latency.
pub fn mean_values_of_two(users: [usize; 2], think: [f64; 2], demands: &[[f64; 2]]) -> [(f64, f64); 2] {
    let stations = demands.len();
    let mut numbers = vec![vec![vec![0.0; stations]; users[1] + 1]; users[0] + 1];
    let mut result = [(0.0, 0.0); 2];
    for first in 0..=users[0] {
        for second in 0..=users[1] {
            let here = [first, second];
            let mut there = vec![0.0; stations];
            for class in 0..2 {
                if here[class] == 0 {
                    continue;
                }
                let mut fewer = here;
                fewer[class] -= 1;
                let seen = &numbers[fewer[0]][fewer[1]];
                let times: Vec<f64> = (0..stations).map(|at| demands[at][class] * (1.0 + seen[at])).collect();
                let latency: f64 = times.iter().sum();
                let throughput = here[class] as f64 / (think[class] + latency);
                result[class] = (throughput, latency);
                for (number, time) in there.iter_mut().zip(&times) {
                    *number += throughput * time;
                }
            }
            numbers[first][second] = there;
        }
    }
    result
}

/// The convolution algorithm (Buzen 1973): the throughput of `users` at stations whose relative work is `demands`, with
/// `servers[i]` servers each (0: as many as are needed, for thinking).
pub fn convolution(users: usize, demands: &[f64], servers: &[u32]) -> f64 {
    let mut constants = vec![0.0; users + 1];
    constants[0] = 1.0;
    for (demand, count) in demands.iter().zip(servers) {
        let mut own = vec![1.0];
        for number in 1..=users {
            let busy = if *count == 0 { number as f64 } else { (number as f64).min(f64::from(*count)) };
            own.push(own[number - 1] * demand / busy);
        }
        constants = (0..=users)
            .map(|total| (0..=total).map(|here| own[here] * constants[total - here]).sum())
            .collect();
    }
    constants[users - 1] / constants[users]
}

#[cfg(test)]
mod tests {
    use super::super::birth_death;
    use super::super::mean_number;
    use super::super::testing::check_close;
    use super::*;

    #[test]
    fn feedback_multiplies_visits() {
        let rates = visit_rates(&[1.0, 0.0], &[vec![0.0, 1.0], vec![0.25, 0.0]]);
        check_close(rates[0], 4.0 / 3.0, 1e-13);
        check_close(rates[1], 4.0 / 3.0, 1e-13);
    }

    #[test]
    fn mean_values_agree_with_the_convolution() {
        let demands = [0.6, 0.4, 0.2];
        let closed = mean_values(20, 5.0, &demands);
        let by_constants = convolution(20, &[0.6, 0.4, 0.2, 5.0], &[1, 1, 1, 0]);
        check_close(closed.throughput, by_constants, 1e-12);
        check_close(closed.numbers.iter().sum::<f64>() + 5.0 * closed.throughput, 20.0, 1e-12);
    }

    /// One station and thinking users are the machine repair model.
    #[test]
    fn one_station_is_the_repair_of_machines() {
        let broken = birth_death::machine_repair(12, 0.1, 1, 1.0);
        check_close(mean_values(12, 10.0, &[1.0]).numbers[0], mean_number(&broken), 1e-12);
        let broken = birth_death::machine_repair(12, 0.1, 3, 1.0);
        let busy: f64 = broken.iter().enumerate().map(|(n, p)| (n as f64).min(3.0) * p).sum();
        check_close(convolution(12, &[1.0, 10.0], &[3, 0]), busy, 1e-12);
    }

    /// Two classes that are alike are one.
    #[test]
    fn two_equal_classes_are_one() {
        let both = mean_values_of_two([3, 5], [2.0, 2.0], &[[0.5, 0.5], [0.3, 0.3]]);
        let one = mean_values(8, 2.0, &[0.5, 0.3]);
        check_close(both[0].0 + both[1].0, one.throughput, 1e-12);
        check_close(both[0].1, one.latency, 1e-12);
    }

    /// Two classes that differ at one shared processor, by the chain of numbers there.
    #[test]
    fn two_classes_match_the_chain() {
        use super::super::chain::Chain;
        let (users, think, work) = ([3_usize, 4], [2.0, 5.0], [0.5, 1.5]);
        let state = |a: usize, b: usize| a * 5 + b;
        let mut chain = Chain::new(20);
        for a in 0..=3_usize {
            for b in 0..=4_usize {
                let all = (a + b).max(1) as f64;
                chain.add(state(a, b), state((a + 1).min(3), b), (users[0] - a) as f64 / think[0]);
                chain.add(state(a, b), state(a, (b + 1).min(4)), (users[1] - b) as f64 / think[1]);
                if a > 0 {
                    chain.add(state(a, b), state(a - 1, b), a as f64 / all / work[0]);
                }
                if b > 0 {
                    chain.add(state(a, b), state(a, b - 1), b as f64 / all / work[1]);
                }
            }
        }
        let steady = chain.steady();
        let thinking: f64 = steady.iter().enumerate().map(|(s, p)| (3 - s / 5) as f64 * p).sum();
        let found = mean_values_of_two(users, think, &[work]);
        check_close(found[0].0, thinking / think[0], 1e-12);
    }
}

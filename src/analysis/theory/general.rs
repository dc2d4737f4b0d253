//! Poisson arrivals, one server, any law of service (Pollaczek 1930, Khinchine 1932; Gross, 6.1; Kleinrock II, 3).

/// The first two moments of a law of service.
#[derive(Clone, Copy, Debug)]
pub struct Service {
    /// Its mean, in seconds.
    pub mean: f64,
    /// The mean of its square.
    pub square: f64,
}

impl Service {
    /// Of a mean and a squared coefficient of variation.
    pub fn of(mean: f64, scv: f64) -> Self {
        Self { mean, square: mean * mean * (1.0 + scv) }
    }

    /// Between `low` and `high`.
    pub fn uniform(low: f64, high: f64) -> Self {
        Self { mean: f64::midpoint(low, high), square: (low * low + low * high + high * high) / 3.0 }
    }

    /// One of several exponential laws: (probability, mean).
    pub fn hyperexponential(branches: &[(f64, f64)]) -> Self {
        Self {
            mean: branches.iter().map(|(probability, mean)| probability * mean).sum(),
            square: branches.iter().map(|(probability, mean)| 2.0 * probability * mean * mean).sum(),
        }
    }

    /// A power law between `low` and `high`; the moments by direct integration of its density, for a shape that is
    /// neither 1 nor 2.
    pub fn truncated_pareto(shape: f64, low: f64, high: f64) -> Self {
        let kept = 1.0 - libm::pow(low / high, shape);
        let moment = |order: f64| {
            let span = libm::pow(low, order - shape) - libm::pow(high, order - shape);
            shape * libm::pow(low, shape) / kept * span / (shape - order)
        };
        Self { mean: moment(1.0), square: moment(2.0) }
    }

    /// A power law from `low` on; for a shape above 2.
    pub fn pareto(shape: f64, low: f64) -> Self {
        Self { mean: shape * low / (shape - 1.0), square: shape * low * low / (shape - 2.0) }
    }
}

/// Mean wait in line of M/G/1, in any order that does not look at the length of services.
pub fn wait_mean(arrival: f64, service: Service) -> f64 {
    arrival * service.square / (2.0 * (1.0 - arrival * service.mean))
}

/// Mean wait of M/G/1 where the server needs a setup after each idle time (Welch 1964; Doshi 1986).
pub fn wait_mean_with_setup(arrival: f64, service: Service, setup: Service) -> f64 {
    let of_setup = (2.0 * setup.mean + arrival * setup.square) / (2.0 * (1.0 + arrival * setup.mean));
    wait_mean(arrival, service) + of_setup
}

/// Mean waits by class, the most urgent first, without interruption (Cobham 1954): (arrival rate, service).
pub fn waits_by_priority(classes: &[(f64, Service)]) -> Vec<f64> {
    let residual: f64 = classes.iter().map(|(rate, service)| rate * service.square / 2.0).sum();
    up_to(classes).iter().map(|(above, own)| residual / ((1.0 - above) * (1.0 - own))).collect()
}

/// Mean times in the system by class where a more urgent one interrupts and the interrupted resumes (White & Christie
/// 1958; Jaiswal 1968; Gross, 4.4).
pub fn latencies_preemptive(classes: &[(f64, Service)]) -> Vec<f64> {
    let mut residual = 0.0;
    let mut latencies = Vec::new();
    for ((rate, service), (above, own)) in classes.iter().zip(up_to(classes)) {
        residual += rate * service.square / 2.0;
        latencies.push(service.mean / (1.0 - above) + residual / ((1.0 - above) * (1.0 - own)));
    }
    latencies
}

/// The load of the more urgent classes, and that with the class's own.
fn up_to(classes: &[(f64, Service)]) -> Vec<(f64, f64)> {
    let mut sum = 0.0;
    classes
        .iter()
        .map(|(rate, service)| {
            let above = sum;
            sum += rate * service.mean;
            (above, sum)
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::super::chain::Chain;
    use super::super::integrate;
    use super::super::testing::check_close;
    use super::*;

    /// Gross, example 6.1 in kind: M/D/1 waits half as long as M/M/1.
    #[test]
    fn fixed_services_halve_the_wait() {
        check_close(wait_mean(0.8, Service::of(1.0, 1.0)), 4.0, 1e-14);
        check_close(wait_mean(0.8, Service::of(1.0, 0.0)), 2.0, 1e-14);
    }

    #[test]
    fn moments_are_those_of_the_density() {
        let (shape, low, high) = (1.5, 0.3, 30.0);
        let law = Service::truncated_pareto(shape, low, high);
        let kept = 1.0 - libm::pow(low / high, shape);
        // In logarithms, so that the long tail gets its share of the steps.
        let moment = |order: f64| {
            let weight = |y: f64| shape * libm::pow(low, shape) * libm::exp((order - shape) * y) / kept;
            integrate(weight, libm::log(low), libm::log(high), 2_000)
        };
        check_close(law.mean, moment(1.0), 1e-10);
        check_close(law.square, moment(2.0), 1e-10);
        check_close(Service::uniform(0.5, 1.5).square, integrate(|x| x * x, 0.5, 1.5, 10), 1e-12);
        check_close(Service::hyperexponential(&[(1.0, 2.0)]).square, 8.0, 1e-15);
        check_close(Service::truncated_pareto(3.5, 1.0, 1e9).square, Service::pareto(3.5, 1.0).square, 1e-9);
    }

    /// Two exponential classes, by the chain of (urgent, other, which is served).
    #[test]
    fn priorities_without_interruption_match_the_chain() {
        let (rates, service, most) = ([0.3, 0.4], [1.0, 1.0], 45_usize);
        // State: nothing; or (urgent, other, serving urgent?) with the served one counted.
        let state =
            |urgent: usize, other: usize, serving: usize| 1 + (urgent * (most + 1) + other) * 2 + serving;
        let mut chain = Chain::new(1 + (most + 1) * (most + 1) * 2);
        chain.add(0, state(1, 0, 0), rates[0]);
        chain.add(0, state(0, 1, 1), rates[1]);
        let mut wanted = Vec::new();
        for urgent in 0..=most {
            for other in 0..=most {
                for serving in 0..2 {
                    let here = state(urgent, other, serving);
                    let possible = [urgent, other][serving] > 0;
                    if !possible {
                        // Not reached; kept out of the chain by a way back that nobody takes.
                        chain.add(here, 0, 1.0);
                        continue;
                    }
                    wanted.push((here, urgent, other));
                    if urgent < most {
                        chain.add(here, state(urgent + 1, other, serving), rates[0]);
                    }
                    if other < most {
                        chain.add(here, state(urgent, other + 1, serving), rates[1]);
                    }
                    let (u, o) = if serving == 0 { (urgent - 1, other) } else { (urgent, other - 1) };
                    let next = if u > 0 {
                        state(u, o, 0)
                    } else if o > 0 {
                        state(u, o, 1)
                    } else {
                        0
                    };
                    chain.add(here, next, service[serving]);
                }
            }
        }
        let steady = chain.steady();
        let number = |of: fn(&(usize, usize, usize)) -> usize| -> f64 {
            wanted.iter().map(|entry| of(entry) as f64 * steady[entry.0]).sum()
        };
        let waits = waits_by_priority(&[(0.3, Service::of(1.0, 1.0)), (0.4, Service::of(1.0, 1.0))]);
        check_close(number(|entry| entry.1) / 0.3, waits[0] + 1.0, 1e-6);
        check_close(number(|entry| entry.2) / 0.4, waits[1] + 1.0, 1e-3);
    }

    /// The urgent class sees nobody else; all classes together keep the mean number of M/M/1 with equal services.
    #[test]
    fn interruption_leaves_the_urgent_alone_and_moves_no_total() {
        let exponential = Service::of(1.0, 1.0);
        let latencies = latencies_preemptive(&[(0.3, exponential), (0.5, exponential)]);
        check_close(latencies[0], 1.0 / 0.7, 1e-14);
        check_close(0.3 * latencies[0] + 0.5 * latencies[1], 4.0, 1e-13);
    }

    /// The conservation law of Kleinrock: the load-weighted waits do not depend on the order.
    #[test]
    fn load_weighted_waits_are_conserved() {
        let classes =
            [(0.2, Service::of(1.0, 1.0)), (0.3, Service::of(1.5, 0.25)), (0.1, Service::uniform(0.0, 2.0))];
        let waits = waits_by_priority(&classes);
        let load: f64 = classes.iter().map(|(rate, service)| rate * service.mean).sum();
        let residual: f64 = classes.iter().map(|(rate, service)| rate * service.square / 2.0).sum();
        let found: f64 =
            classes.iter().zip(&waits).map(|((rate, service), wait)| rate * service.mean * wait).sum();
        check_close(found, load * residual / (1.0 - load), 1e-13);
    }

    /// Exponential everything, by the chain of (number, being set up?).
    #[test]
    fn setups_match_the_chain() {
        let (arrival, service, setup, most) = (0.6, 1.0, 0.5, 200_usize);
        let mut chain = Chain::new(2 * most + 1);
        // 0: empty; 2n − 1: n there and being set up; 2n: n there and serving.
        chain.add(0, 1, arrival);
        for number in 1..=most {
            chain.add(2 * number - 1, 2 * number, setup);
            chain.add(2 * number, if number == 1 { 0 } else { 2 * number - 2 }, service);
            if number < most {
                chain.add(2 * number - 1, 2 * number + 1, arrival);
                chain.add(2 * number, 2 * number + 2, arrival);
            }
        }
        let number: f64 =
            chain.steady().iter().enumerate().map(|(state, p)| state.div_ceil(2) as f64 * p).sum();
        let wait = wait_mean_with_setup(arrival, Service::of(1.0, 1.0), Service::of(2.0, 1.0));
        check_close(wait + 1.0, number / arrival, 1e-9);
    }
}

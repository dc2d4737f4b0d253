//! Independent intervals of any law, exponential services, one server: GI/M/1 (Kleinrock 6.4; Gross, 6.3); and a
//! queue in which neither is exponential.

use super::bisect;
use super::chain::Chain;

/// GI/M/1, first come first served.
#[derive(Clone, Copy, Debug)]
pub struct Queue {
    /// The share of arrivals that find the server busy, σ.
    pub busy_found: f64,
    /// Services per second.
    pub service: f64,
}

impl Queue {
    /// From the Laplace transform of the interval between arrivals: σ = A*(μ(1 − σ)), its root below one.
    pub fn new(transform: impl Fn(f64) -> f64, service: f64) -> Self {
        // σ − A*(μ(1 − σ)) is below zero at 0 and above it just below 1 where the queue is stable.
        let gap = |sigma: f64| sigma - transform(service * (1.0 - sigma));
        Self { busy_found: bisect(gap, 0.0, 0.0, 1.0 - 1e-9), service }
    }

    /// Mean wait in line.
    pub fn wait_mean(&self) -> f64 {
        self.busy_found / (self.service * (1.0 - self.busy_found))
    }

    /// The wait that a share `level` does not exceed.
    pub fn wait_quantile(&self, level: f64) -> f64 {
        (libm::log(self.busy_found / (1.0 - level)) / (self.service * (1.0 - self.busy_found))).max(0.0)
    }

    /// The time in the system that a share `level` does not exceed.
    pub fn latency_quantile(&self, level: f64) -> f64 {
        -libm::log(1.0 - level) / (self.service * (1.0 - self.busy_found))
    }
}

/// The transform of intervals that are always the same.
pub fn fixed(interval: f64) -> impl Fn(f64) -> f64 {
    move |s| libm::exp(-s * interval)
}

/// The transform of intervals with an Erlang law.
pub fn erlang(shape: f64, mean: f64) -> impl Fn(f64) -> f64 {
    move |s| libm::pow(1.0 + s * mean / shape, -shape)
}

/// The transform of intervals with a hyperexponential law: (probability, mean).
pub fn hyperexponential(branches: Vec<(f64, f64)>) -> impl Fn(f64) -> f64 {
    move |s| branches.iter().map(|(probability, mean)| probability / (1.0 + s * mean)).sum()
}

/// The transform of intervals between `low` and `high`.
pub fn uniform(low: f64, high: f64) -> impl Fn(f64) -> f64 {
    move |s| if s == 0.0 { 1.0 } else { (libm::exp(-s * low) - libm::exp(-s * high)) / (s * (high - low)) }
}

/// Mean number in the system of `E_a/E_b/1`: intervals of `a` exponential parts, services of `b`; numbers
/// above `most` are cut off. By its chain.
pub fn erlang_erlang_number(arrival: f64, a: usize, service: f64, b: usize, most: usize) -> f64 {
    let (arrive, serve) = (arrival * a as f64, service * b as f64);
    // State: (number, parts of the interval gone, parts of the service gone).
    let state = |number: usize, gone: usize, done: usize| (number * a + gone) * b + done;
    let mut chain = Chain::new((most + 1) * a * b);
    for number in 0..=most {
        for gone in 0..a {
            for done in 0..b {
                let here = state(number, gone, done);
                if number == 0 && done > 0 {
                    chain.add(here, 0, 1.0);
                    continue;
                }
                if gone + 1 < a {
                    chain.add(here, state(number, gone + 1, done), arrive);
                } else {
                    chain.add(here, state((number + 1).min(most), 0, done), arrive);
                }
                if number > 0 && done + 1 < b {
                    chain.add(here, state(number, gone, done + 1), serve);
                } else if number > 0 {
                    chain.add(here, state(number - 1, gone, 0), serve);
                }
            }
        }
    }
    let steady = chain.steady();
    steady.iter().enumerate().map(|(state, probability)| (state / (a * b)) as f64 * probability).sum()
}

#[cfg(test)]
mod tests {
    use super::super::general;
    use super::super::testing::check_close;
    use super::*;

    #[test]
    fn exponential_intervals_give_one_server_its_known_wait() {
        let queue = Queue::new(hyperexponential(vec![(1.0, 1.25)]), 1.0);
        check_close(queue.busy_found, 0.8, 1e-9);
        check_close(queue.wait_mean(), 4.0, 1e-8);
        check_close(queue.latency_quantile(0.5), libm::log(2.0) / 0.2, 1e-8);
    }

    /// `E_2/M/1` at 0.8, σ in closed form: the root of σ(1 + (1−σ)μ/(2λ))² = 1 below one.
    #[test]
    fn two_parts_have_a_root_in_closed_form() {
        let (lambda, sigma) = (0.8, Queue::new(erlang(2.0, 1.25), 1.0).busy_found);
        let r: f64 = 2.0 * lambda;
        let expected = (1.0 + 2.0 * r - libm::sqrt(1.0 + 4.0 * r)) / 2.0;
        check_close(sigma, expected, 1e-9);
    }

    /// Kleinrock, I, 6.4: D/M/1 at half load has σ = 0.2032.
    #[test]
    fn fixed_intervals_at_half_load_have_the_published_root() {
        check_close(Queue::new(fixed(2.0), 1.0).busy_found, 0.203_188, 1e-5);
    }

    #[test]
    fn the_chain_agrees_with_both_theories() {
        let found = erlang_erlang_number(0.8, 3, 1.0, 1, 300);
        let queue = Queue::new(erlang(3.0, 1.25), 1.0);
        check_close(found, 0.8 * (queue.wait_mean() + 1.0), 1e-8);
        let found = erlang_erlang_number(0.8, 1, 1.0, 4, 300);
        check_close(found, 0.8 * (general::wait_mean(0.8, general::Service::of(1.0, 0.25)) + 1.0), 1e-8);
    }

    #[test]
    fn uniform_intervals_lie_between_fixed_and_exponential_ones() {
        let wait = |queue: Queue| queue.wait_mean();
        let uniform = wait(Queue::new(uniform(0.25, 2.25), 1.0));
        assert!(wait(Queue::new(fixed(1.25), 1.0)) < uniform && uniform < 4.0);
        // By a sum over the transform of two narrow uniforms, which is nearly fixed.
        check_close(
            wait(Queue::new(super::uniform(1.249, 1.251), 1.0)),
            wait(Queue::new(fixed(1.25), 1.0)),
            1e-5,
        );
    }
}

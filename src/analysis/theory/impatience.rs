//! Queues whose customers leave the line.

use super::{birth_death, mean_number};

/// M/M/c whose waiting leave after an exponential time (Palm 1946, *Erlang A*; Garnett, Mandelbaum & Reiman 2002).
#[derive(Clone, Debug)]
pub struct ErlangA {
    arrival: f64,
    service: f64,
    patience: f64,
    servers: u32,
    steady: Vec<f64>,
}

impl ErlangA {
    /// `arrival` per second, `service` per second and server, patience with mean `1 / patience`.
    pub fn new(arrival: f64, service: f64, servers: u32, patience: f64) -> Self {
        let count = f64::from(servers);
        let steady = birth_death::steady(
            |_| arrival,
            |n| service * n.min(count) + patience * (n - count).max(0.0),
            None,
        );
        Self { arrival, service, patience, servers, steady }
    }

    /// Mean number in line.
    pub fn queue_mean(&self) -> f64 {
        let count = f64::from(self.servers);
        self.steady.iter().enumerate().map(|(n, p)| (n as f64 - count).max(0.0) * p).sum()
    }

    /// The share that leaves the line.
    pub fn abandoned(&self) -> f64 {
        self.patience * self.queue_mean() / self.arrival
    }

    /// The share of time that a server is busy.
    pub fn utilisation(&self) -> f64 {
        self.arrival * (1.0 - self.abandoned()) / self.service / f64::from(self.servers)
    }

    /// Mean number in the system.
    pub fn number_mean(&self) -> f64 {
        mean_number(&self.steady)
    }
}

/// M/M/1 whose waiting leave after exactly `patience` (Barrer 1957; Baccelli & Hebuterne 1981).
#[derive(Clone, Copy, Debug)]
pub struct FixedPatience {
    /// The share that leaves the line.
    pub abandoned: f64,
    /// The share of time that the server is idle.
    pub idle: f64,
    /// Mean number in line.
    pub queue_mean: f64,
}

impl FixedPatience {
    /// From the density of the work that an arrival would wait for: `idle · λ e^{−(μ−λ)x}` up to the patience, and
    /// `e^{−μx}` beyond, for rates that differ.
    pub fn new(arrival: f64, service: f64, patience: f64) -> Self {
        let slope = service - arrival;
        let there = libm::exp(-slope * patience);
        let idle = 1.0 / (1.0 + arrival * (1.0 - there) / slope + arrival / service * there);
        let abandoned = idle * arrival * there / service;
        // E[min(wait, patience)]: the part below the patience, and the patience for those beyond.
        let below = idle * arrival * ((1.0 - there) / (slope * slope) - patience * there / slope);
        Self { abandoned, idle, queue_mean: arrival * (below + patience * abandoned) }
    }
}

#[cfg(test)]
mod tests {
    use super::super::erlang::{Queue, erlang_b};
    use super::super::testing::check_close;
    use super::*;

    #[test]
    fn endless_patience_is_the_plain_queue_and_none_is_loss() {
        let patient = ErlangA::new(4.0, 1.0, 5, 1e-9);
        let queue = Queue { arrival: 4.0, service: 1.0, servers: 5 };
        check_close(patient.queue_mean(), queue.queue_mean(), 1e-6);
        check_close(ErlangA::new(4.0, 1.0, 5, 1e9).abandoned(), erlang_b(5, 4.0), 1e-6);
    }

    /// Patience as long as services makes the infinite-server law: the number is Poisson.
    #[test]
    fn patience_like_service_gives_a_poisson_number() {
        let even = ErlangA::new(4.0, 1.0, 3, 1.0);
        check_close(even.number_mean(), 4.0, 1e-12);
        check_close(even.utilisation() * 3.0 + even.abandoned() * 4.0, 4.0, 1e-12);
    }

    /// What enters service leaves it: λ(1 − abandoned) = μ(1 − idle).
    #[test]
    fn fixed_patience_balances_flow() {
        for (arrival, patience) in [(0.8, 2.0), (1.5, 3.0)] {
            let queue = FixedPatience::new(arrival, 1.0, patience);
            check_close(arrival * (1.0 - queue.abandoned), 1.0 - queue.idle, 1e-13);
        }
    }

    /// A long Erlang patience is nearly fixed: the line as a chain would be large, so the line's mean is held against
    /// the limit of endless patience and the limit of none.
    #[test]
    fn fixed_patience_has_the_right_limits() {
        check_close(FixedPatience::new(0.8, 1.0, 200.0).queue_mean, 3.2, 1e-9);
        check_close(FixedPatience::new(0.8, 1.0, 1e-9).abandoned, 0.8 / 1.8, 1e-6);
    }

    /// The balance of level crossings, f(x) = λ ∫ f(y) e^{−μ(x − y)} dy over those below the patience, stepped through.
    #[test]
    fn fixed_patience_matches_the_balance_of_crossings() {
        let (arrival, service, patience, step) = (1.2, 1.0, 1.5, 1e-4);
        let (mut density, mut below, mut beyond) = (arrival, 0.0, 0.0);
        for cell in 0..400_000_u32 {
            let joins = f64::from(cell) * step < patience - step / 2.0;
            let half = if joins { arrival * step / 2.0 } else { 0.0 };
            let next = density * libm::exp(-service * step) * (1.0 + half) / (1.0 - half);
            *(if joins { &mut below } else { &mut beyond }) += f64::midpoint(density, next) * step;
            density = next;
        }
        let queue = FixedPatience::new(arrival, service, patience);
        check_close(queue.abandoned, beyond / (1.0 + below + beyond), 1e-6);
        check_close(queue.idle, 1.0 / (1.0 + below + beyond), 1e-6);
    }
}

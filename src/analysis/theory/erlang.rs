//! Poisson arrivals, exponential services, several servers (Erlang 1917; Gross, 3.2 and 3.3).

use super::bisect;

/// The share of calls lost by `servers` servers without a waiting room offered `load` Erlang.
pub fn erlang_b(servers: u32, load: f64) -> f64 {
    (1..=servers).fold(1.0, |blocked, number| load * blocked / (f64::from(number) + load * blocked))
}

/// The share of calls that wait where `servers` servers with an endless waiting room are offered `load` Erlang.
pub fn erlang_c(servers: u32, load: f64) -> f64 {
    let blocked = erlang_b(servers, load);
    let count = f64::from(servers);
    count * blocked / (count - load * (1.0 - blocked))
}

/// M/M/c, first come first served.
#[derive(Clone, Copy, Debug)]
pub struct Queue {
    /// Arrivals per second.
    pub arrival: f64,
    /// Services per second of one busy server.
    pub service: f64,
    /// How many servers.
    pub servers: u32,
}

impl Queue {
    /// The share of time that a server is busy.
    pub fn utilisation(&self) -> f64 {
        self.arrival / self.service / f64::from(self.servers)
    }

    /// The share that waits.
    pub fn wait_share(&self) -> f64 {
        erlang_c(self.servers, self.arrival / self.service)
    }

    /// How fast the line shortens: the rate of the exponential law of those waits that are not zero.
    fn drain(&self) -> f64 {
        f64::from(self.servers) * self.service - self.arrival
    }

    /// Mean wait in line.
    pub fn wait_mean(&self) -> f64 {
        self.wait_share() / self.drain()
    }

    /// The wait that a share `level` does not exceed; zero where so many do not wait at all.
    pub fn wait_quantile(&self, level: f64) -> f64 {
        (libm::log(self.wait_share() / (1.0 - level)) / self.drain()).max(0.0)
    }

    /// Mean time in the system.
    pub fn latency_mean(&self) -> f64 {
        self.wait_mean() + 1.0 / self.service
    }

    /// The share whose time in the system exceeds `time`.
    pub fn latency_tail(&self, time: f64) -> f64 {
        let (waits, drain, service) = (self.wait_share(), self.drain(), self.service);
        let alone = libm::exp(-service * time);
        if libm::fabs(drain - service) < 1e-9 * service {
            return alone * (1.0 + waits * service * time);
        }
        // The sum of a service and, for those that wait, an exponential with rate `drain`.
        let both = (drain * alone - service * libm::exp(-drain * time)) / (drain - service);
        (1.0 - waits) * alone + waits * both
    }

    /// The time in the system that a share `level` does not exceed.
    pub fn latency_quantile(&self, level: f64) -> f64 {
        let slowest = self.drain().min(self.service);
        bisect(|time| 1.0 - self.latency_tail(time), level, 0.0, 100.0 / slowest)
    }

    /// Mean number in the system.
    pub fn number_mean(&self) -> f64 {
        self.arrival * self.latency_mean()
    }

    /// Mean number in line.
    pub fn queue_mean(&self) -> f64 {
        self.arrival * self.wait_mean()
    }
}

#[cfg(test)]
mod tests {
    use super::super::birth_death::steady;
    use super::super::testing::check_close;
    use super::*;

    /// Tables: 10 servers at 5 Erlang lose 1.838 %; 5 servers at 3 Erlang lose 11.005 % (Gross, figure 3.4 software).
    #[test]
    fn losses_match_the_tables() {
        check_close(erlang_b(10, 5.0), 0.018_385, 1e-4);
        check_close(erlang_b(5, 3.0), 0.110_054, 1e-5);
        check_close(erlang_b(1, 1.0), 0.5, 1e-15);
    }

    /// Gross, example 3.2 (clinic): λ = 6/h, 3 servers of 3/h: p0 = 1/9, Lq = 8/9, W = 4/9 h… Wq = 4/27 h.
    #[test]
    fn the_eye_clinic_of_the_textbook_waits_its_time() {
        let clinic = Queue { arrival: 6.0, service: 3.0, servers: 3 };
        check_close(clinic.queue_mean(), 8.0 / 9.0, 1e-13);
        check_close(clinic.wait_mean(), 4.0 / 27.0, 1e-13);
        check_close(clinic.number_mean(), 26.0 / 9.0, 1e-13);
    }

    #[test]
    fn the_share_that_waits_is_that_of_the_birth_death_law() {
        let steady = steady(|_| 9.0, |n| n.min(10.0), None);
        let all_busy: f64 = steady.iter().skip(10).sum();
        check_close(erlang_c(10, 9.0), all_busy, 1e-12);
    }

    #[test]
    fn one_server_has_an_exponential_time_in_the_system() {
        let queue = Queue { arrival: 0.8, service: 1.0, servers: 1 };
        check_close(queue.latency_quantile(0.99), -libm::log(0.01) / 0.2, 1e-9);
        check_close(queue.wait_quantile(0.95), libm::log(0.8 / 0.05) / 0.2, 1e-13);
        check_close(queue.wait_quantile(0.1), 0.0, 0.0);
    }

    #[test]
    fn the_mean_is_the_integral_of_the_tail() {
        let queue = Queue { arrival: 3.4, service: 1.0, servers: 4 };
        let integral = super::super::integrate(|time| queue.latency_tail(time), 0.0, 120.0, 20_000);
        check_close(integral, queue.latency_mean(), 1e-9);
    }
}

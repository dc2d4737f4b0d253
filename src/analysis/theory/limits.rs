//! Rate limits under Poisson arrivals.

use super::{deterministic, erlang, poisson};

/// The share that a token bucket drops: it refills at `rate` per second up to `burst` and each call takes one. What the
/// bucket lacks is the work in an M/D/1 queue with services of 1/`rate` and room for `burst` (Berger 1991).
pub fn bucket_drops(arrival: f64, rate: f64, burst: usize) -> f64 {
    deterministic::loss(arrival, 1.0 / rate, burst)
}

/// The mean wait of a call for the bucket where calls wait in line: what the work in that queue, without a limit,
/// exceeds `burst − 1` services by.
pub fn bucket_wait(arrival: f64, rate: f64, burst: u32) -> f64 {
    deterministic::wait_beyond(arrival, 1.0 / rate, f64::from(burst - 1) / rate)
}

/// The share of calls that do not wait for the bucket.
pub fn bucket_free(arrival: f64, rate: f64, burst: u32) -> f64 {
    deterministic::wait_at_most(arrival, 1.0 / rate, f64::from(burst - 1) / rate)
}

/// The share that a fixed window drops that lets `limit` calls through in each `window` seconds: E(N − limit)⁺ / E N.
pub fn window_drops(arrival: f64, limit: usize, window: f64) -> f64 {
    let mean = arrival * window;
    let over: f64 = poisson(mean).iter().enumerate().skip(limit).map(|(n, p)| (n - limit) as f64 * p).sum();
    over / mean
}

/// The share that a sliding log drops: each call let through occupies one of `limit` places for `window` seconds, which
/// is Erlang's loss system, whatever the law of occupation.
pub fn log_drops(arrival: f64, limit: u32, window: f64) -> f64 {
    erlang::erlang_b(limit, arrival * window)
}

#[cfg(test)]
mod tests {
    use super::super::testing::check_close;
    use super::*;

    /// The bucket itself, stepped through pseudo-random arrivals by hand.
    fn drops_by_steps(arrival: f64, rate: f64, burst: f64) -> f64 {
        let (mut level, mut dropped, mut state) = (burst, 0_u32, 0x9E37_79B9_7F4A_7C15_u64);
        let calls = 2_000_000_u32;
        for _ in 0..calls {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            let uniform = (state >> 11) as f64 / 9_007_199_254_740_992.0;
            level = (level - libm::log(1.0 - uniform) / arrival * rate).min(burst);
            if level >= 1.0 { level -= 1.0 } else { dropped += 1 }
        }
        f64::from(dropped) / f64::from(calls)
    }

    #[test]
    fn a_bucket_drops_as_when_stepped_through() {
        check_close(bucket_drops(9.0, 10.0, 3), drops_by_steps(9.0, 10.0, 3.0), 0.01);
        check_close(bucket_drops(12.0, 10.0, 5), drops_by_steps(12.0, 10.0, 5.0), 0.01);
    }

    #[test]
    fn a_burst_of_one_waits_like_the_queue() {
        check_close(bucket_wait(8.0, 10.0, 1), deterministic::wait_mean(8.0, 0.1, 1), 1e-9);
        check_close(bucket_free(8.0, 10.0, 1), 0.2, 1e-12);
        assert!(bucket_wait(8.0, 10.0, 5) < bucket_wait(8.0, 10.0, 4));
    }

    /// Limit 1 and a mean of one: E(N − 1)⁺ = e⁻¹.
    #[test]
    fn windows_and_logs_match_the_hand() {
        check_close(window_drops(1.0, 1, 1.0), libm::exp(-1.0), 1e-13);
        check_close(log_drops(1.0, 1, 1.0), 0.5, 1e-15);
    }
}

//! Policies of one's own beside the built-in ones: a retry rule that spends a daily allowance, and an autoscaler that
//! follows arrivals. A service and the simulator call them in the same way: time and figures in, a verdict out.
//!
//! `cargo run --example custom_policy`
#![expect(clippy::print_stdout, reason = "an example shows what it found")]

use std::error::Error;
use tars_policy::autoscale::{AutoscaleRule, Autoscaler, Metrics, PaceSpec, Scale, ScaleReason};
use tars_policy::retry::{Failure, GiveUpReason, Retry, RetryPolicy, RetryReason, RetryVerdict};
use tars_policy::units::{Span, Time};

/// Retries after a second as long as the day's allowance lasts.
#[derive(Debug)]
struct Allowance {
    per_day: u32,
    used: u32,
    day: u64,
}

impl RetryPolicy for Allowance {
    fn on_request(&mut self, _: Time) {}
    fn on_success(&mut self, _: Time) {}
    fn on_failure(&mut self, now: Time, _: &Failure, _: f64) -> RetryVerdict {
        let day = now.as_nanos() / Span::from_secs(86_400).as_nanos();
        if day != self.day {
            (self.day, self.used) = (day, 0);
        }
        if self.used == self.per_day {
            return RetryVerdict::GiveUp { reason: GiveUpReason::BudgetExhausted, dead_letter: true };
        }
        self.used += 1;
        RetryVerdict::RetryAt { at: now.saturating_add(Span::from_secs(1)), reason: RetryReason::Backoff }
    }
}

/// One agent for so many arrivals per second.
#[derive(Debug)]
struct Follow {
    per_agent_per_s: f64,
}

impl AutoscaleRule for Follow {
    fn wanted(&mut self, _: Time, metrics: &Metrics) -> Scale {
        let needed = libm::ceil(metrics.arrival_rate_per_s / self.per_agent_per_s);
        let present = f64::from(metrics.agents_active + metrics.agents_starting);
        #[expect(clippy::cast_possible_truncation, reason = "a difference of some agents")]
        let target_change = (needed - present) as i32;
        Scale { target_change, reason: ScaleReason::NeededAgents }
    }
}

/// Three failures on an allowance of two, then a pool of four that is to carry ten agents' load.
pub(crate) fn main() -> Result<(), Box<dyn Error>> {
    let mut retry = Retry::Custom(Box::new(Allowance { per_day: 2, used: 0, day: 0 }));
    let mut retried = 0;
    for attempt in 1..=3 {
        let verdict = retry.on_failure(Time::START, &Failure::of_attempt(attempt), 0.5);
        retried += u32::from(matches!(verdict, RetryVerdict::RetryAt { .. }));
        println!("failure {attempt}: {verdict:?}");
    }
    let mut scaler = Autoscaler::custom(Box::new(Follow { per_agent_per_s: 2.0 }), &PaceSpec::default())?;
    let metrics = Metrics { agents_active: 4, arrival_rate_per_s: 19.0, ..Metrics::default() };
    let scale = scaler.decide(Time::START, &metrics);
    println!("autoscaler: {scale:?}");
    if (retried, scale.target_change) == (2, 6) { Ok(()) } else { Err("the policies were not asked".into()) }
}

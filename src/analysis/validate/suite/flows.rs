//! Arrivals in crowds and in waves, servers that share, break or need a setup, and customers without patience.

use super::super::case::Case;
use super::exponential;
use crate::analysis::theory::erlang::Queue;
use crate::analysis::theory::general::{self, Service};
use crate::analysis::theory::impatience::{ErlangA, FixedPatience};
use crate::analysis::theory::time_varying::{Sine, average, number_under_steps};
use crate::analysis::theory::{arrivals, birth_death, interruptions, mean_number};

const RATE: &str = "/workload/clients/arrivals/load/open/poisson/rate_per_s";
const DURATION: &str = "/measure/duration";
const WARMUP: &str = "/measure/warmup";

pub(super) fn cases() -> Vec<Case> {
    [sharing(), impatience(), crowds(), waves(), interruptions_and_setups()].concat()
}

fn sharing() -> Vec<Case> {
    let one = |name: &str, rate: f64, law: &str| {
        Case::new(name, "sharing")
            .set(RATE, rate)
            .set("/system/stations/processor/service", law)
            .is("latency_mean_s", 1.0 / (1.0 - rate))
            .is("station/processor/number_mean", rate / (1.0 - rate))
    };
    let paced = |name: &str, rate: f64, speeds: &[f64], law: &str| {
        let number = mean_number(&birth_death::load_dependent(rate, 1.0, speeds));
        Case::new(name, "sharing")
            .set(RATE, rate)
            .set("/system/stations/processor/service", law)
            .set("/system/stations/processor/speed_by_number", format!("{speeds:?}"))
            .is("latency_mean_s", number / rate)
            .is("in_system_mean", number)
    };
    let exponential_law = exponential("1s");
    let queue = Queue { arrival: 2.4, service: 1.0, servers: 3 };
    vec![
        one("M/M/1 shared at 0.8", 0.8, &exponential_law),
        one("M/E4/1 shared at 0.8", 0.8, r#"{"erlang": {"shape": 4, "mean": "1s"}}"#),
        one("M/lognormal/1 shared at 0.7", 0.7, r#"{"lognormal": {"mean": "1s", "cv": 1.5}}"#),
        one("M/D/1 shared at 0.9", 0.9, "1s").set(DURATION, "210000s"),
        paced("shared, speed rising with the number", 1.5, &[1.0, 1.5, 1.8, 2.0], &exponential_law),
        paced("shared, speed falling with the number", 0.6, &[1.2, 1.0, 0.9, 0.8], r#"{"uniform": {"low": "0s", "high": "2s"}}"#),
        Case::new("M/M/3 shared at 0.8", "sharing")
            .set(RATE, 2.4)
            .set("/system/stations/processor/servers", 3)
            .set(DURATION, "60000s")
            .is("latency_mean_s", queue.latency_mean())
            .is("station/processor/number_mean", queue.number_mean()),
    ]
}

fn impatience() -> Vec<Case> {
    let exponential_case = |name: &str, rate: f64, servers: u32, patience: &str, mean: f64| {
        let queue = ErlangA::new(rate, 1.0, servers, 1.0 / mean);
        Case::new(name, "impatience")
            .set(RATE, rate)
            .set("/system/stations/servers/servers", servers)
            .set("/system/routes/through/0/visit/patience", exponential(patience))
            .is("abandoned_share", queue.abandoned())
            .is("station/servers/queue_mean", queue.queue_mean())
            .is("station/servers/number_mean", queue.number_mean())
            .is("station/servers/utilisation", queue.utilisation())
    };
    let fixed_case = |name: &str, rate: f64, patience: &str, seconds: f64| {
        let queue = FixedPatience::new(rate, 1.0, seconds);
        Case::new(name, "impatience")
            .set(RATE, rate)
            .set("/system/stations/servers/servers", 1)
            .set("/system/routes/through/0/visit/patience", patience)
            .set(DURATION, "60000s")
            .is("abandoned_share", queue.abandoned)
            .is("station/servers/utilisation", 1.0 - queue.idle)
            .is("station/servers/queue_mean", queue.queue_mean)
    };
    vec![
        exponential_case("M/M/5+M at 1.1", 5.5, 5, "2s", 2.0),
        exponential_case("M/M/2+M at 0.9", 1.8, 2, "1s", 1.0),
        exponential_case("M/M/10+M at 0.95", 9.5, 10, "5s", 5.0),
        fixed_case("M/M/1+D at 0.8", 0.8, "2s", 2.0),
        fixed_case("M/M/1+D at 1.5", 1.5, "3s", 3.0),
    ]
}

fn crowds() -> Vec<Case> {
    let batch = |name: &str, interval: &str, rate: f64, size: &str, mean: f64, square: f64| {
        let number = arrivals::batch_number(rate, mean, square, 1.0);
        Case::new(name, "batches")
            .set("/workload/clients/arrivals/load/open/batches/interval", exponential(interval))
            .set("/workload/clients/arrivals/load/open/batches/size", size)
            .is("in_system_mean", number)
            .is("latency_mean_s", number / (rate * mean))
            .is("station/server/utilisation", rate * mean)
    };
    let states = |calm: f64, rush: f64| {
        format!(
            r#"[{{"rate_per_s": {calm}, "mean_stay": "20s"}}, {{"rate_per_s": {rush}, "mean_stay": "10s"}}]"#
        )
    };
    let modulated = |name: &str, calm: f64, rush: f64, servers: usize, number: f64| {
        let rate = (2.0 * calm + rush) / 3.0;
        Case::new(name, "mmpp")
            .set("/workload/clients/arrivals/load/open/mmpp/states", states(calm, rush))
            .set("/system/stations/servers/servers", servers)
            .is("in_system_mean", number)
            .is("latency_mean_s", number / rate)
            .is("issued_per_s", rate)
    };
    let leave = [0.05, 0.1];
    vec![
        batch("batches of 4, M/M/1 at 0.8", "5s", 0.2, "4", 4.0, 16.0),
        batch("batches of 10, M/M/1 at 0.5", "20s", 0.05, "10", 10.0, 100.0),
        // A geometric size with mean m has mean square m (2 m − 1).
        batch("geometric batches, M/M/1 at 0.75", "4s", 0.25, r#"{"geometric": {"mean": 3}}"#, 3.0, 15.0),
        modulated("MMPP/M/1 at 0.7", 0.4, 1.3, 1, arrivals::modulated_number([0.4, 1.3], leave, 1.0)),
        modulated("MMPP/M/1 at 0.5", 0.0, 1.5, 1, arrivals::modulated_number([0.0, 1.5], leave, 1.0)),
        modulated("MMPP/M/3 at 0.7", 1.5, 3.3, 3, arrivals::modulated_number_by_chain([1.5, 3.3], leave, 1.0, 3, 900)),
    ]
}

fn waves() -> Vec<Case> {
    let sine = Sine { mean: 50.0, amplitude: 0.8, period: 20.0 };
    let wave = |name: &str, from: f64, to: f64| {
        Case::new(name, "sinusoidal")
            .windowed()
            .set(WARMUP, format!("{from}s"))
            .set(DURATION, format!("{to}s"))
            .is("in_system_mean", average(|time| sine.number_exponential(0.5, time), from, to))
    };
    let steps = [(0.0, 20.0), (5.0, 80.0)];
    let step = |name: &str, from: f64, to: f64| {
        Case::new(name, "piecewise")
            .windowed()
            .set(WARMUP, format!("{from}s"))
            .set(DURATION, format!("{to}s"))
            .is("in_system_mean", average(|time| number_under_steps(&steps, 0.5, time), from, to))
    };
    vec![
        wave("Mt/M/∞ with a sine, rising", 100.0, 105.0),
        wave("Mt/M/∞ with a sine, falling", 107.0, 109.0),
        wave("Mt/M/∞ with a sine, low", 115.0, 118.0),
        Case::new("Mt/D/∞ with a sine, high", "sinusoidal")
            .windowed()
            .set("/system/stations/servers/service", "3s")
            .set(WARMUP, "104s")
            .set(DURATION, "108s")
            .is("station/servers/number_mean", average(|time| sine.number_fixed(3.0, time), 104.0, 108.0)),
        step("Mt/M/∞ with steps, from empty", 1.0, 3.0),
        step("Mt/M/∞ with steps, after the step", 5.0, 7.0),
    ]
}

fn interruptions_and_setups() -> Vec<Case> {
    let one = |name: &str, rate: f64, up: (&str, f64), down: (&str, f64)| {
        let number = interruptions::one_server_number(rate, 1.0, 1.0 / up.1, 1.0 / down.1);
        Case::new(name, "breakdowns")
            .set(RATE, rate)
            .set("/system/stations/servers/breakdown/up", exponential(up.0))
            .set("/system/stations/servers/breakdown/down", exponential(down.0))
            .is("in_system_mean", number)
            .is("latency_mean_s", number / rate)
            .is("station/servers/working_share", up.1 / (up.1 + down.1))
    };
    let number = interruptions::several_servers_number(1.5, 1.0, 3, 1.0 / 40.0, 0.1, 300);
    let setup = |name: &str, rate: f64, law: &str, setup: Service, service: (&str, Service)| {
        Case::new(name, "setup")
            .set(RATE, rate)
            .set("/system/stations/server/setup", law)
            .set("/system/stations/server/service", service.0)
            .is("station/server/wait_mean_s", general::wait_mean_with_setup(rate, service.1, setup))
            .is("station/server/utilisation", rate)
    };
    let exponential_law = exponential("1s");
    vec![
        one("M/M/1 that breaks, at 0.625", 0.5, ("40s", 40.0), ("10s", 10.0)),
        one("M/M/1 that breaks often, at 0.7", 0.6, ("6s", 6.0), ("1s", 1.0)),
        Case::new("M/M/3 whose servers break", "breakdowns")
            .set(RATE, 1.5)
            .set("/system/stations/servers/servers", 3)
            .set("/system/stations/servers/breakdown/of", "each_server")
            .set(DURATION, "110000s")
            .is("in_system_mean", number)
            .is("latency_mean_s", number / 1.5)
            .is("station/servers/working_share", 0.8),
        setup("M/M/1 with setups at 0.6", 0.6, &exponential("2s"), Service::of(2.0, 1.0), (&exponential_law, Service::of(1.0, 1.0))),
        setup("M/D/1 with fixed setups at 0.3", 0.3, "5s", Service::of(5.0, 0.0), ("1s", Service::of(1.0, 0.0))),
    ]
}

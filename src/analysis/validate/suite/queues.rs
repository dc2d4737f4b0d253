//! One station, arrivals that do not wait for answers.

use super::super::case::Case;
use super::exponential;
use crate::analysis::theory::erlang::Queue;
use crate::analysis::theory::general::{self, Service};
use crate::analysis::theory::renewal;
use crate::analysis::theory::{birth_death, deterministic, mean_number};

const RATE: &str = "/workload/clients/arrivals/load/open/poisson/rate_per_s";
const INTERVAL: &str = "/workload/clients/arrivals/load/open/renewal/interval";
const SERVERS: &str = "/system/stations/servers/servers";
const CAPACITY: &str = "/system/stations/servers/capacity";
const SERVICE: &str = "/system/stations/server/service";
const DURATION: &str = "/measure/duration";

pub(super) fn cases() -> Vec<Case> {
    [one_server(), several_servers(), finite_rooms(), any_service(), fixed_service(), any_interval(), priorities()].concat()
}

fn one_server() -> Vec<Case> {
    let case = |name: &str, rate: f64, duration: &str| {
        let queue = Queue { arrival: rate, service: 1.0, servers: 1 };
        Case::new(name, "mm1")
            .set(RATE, rate)
            .set(DURATION, duration)
            .is("latency_mean_s", queue.latency_mean())
            .is("latency_p50_s", queue.latency_quantile(0.5))
            .is("latency_p99_s", queue.latency_quantile(0.99))
            .is("station/server/wait_mean_s", queue.wait_mean())
            .is("station/server/wait_p95_s", queue.wait_quantile(0.95))
            .is("station/server/wait_share", queue.wait_share())
            .is("station/server/utilisation", rate)
            .is("station/server/queue_mean", queue.queue_mean())
            .is("in_system_mean", queue.number_mean())
            .is("goodput_per_s", rate)
    };
    vec![
        case("M/M/1 at 0.5", 0.5, "60000s"),
        case("M/M/1 at 0.8", 0.8, "110000s"),
        case("M/M/1 at 0.9", 0.9, "210000s"),
        case("M/M/1 at 0.95", 0.95, "500000s"),
        // Half of all find the server busy, so the median of the wait is the atom at zero for any load below 0.5.
        Case::new("M/M/1 at 0.4, median wait", "mm1")
            .set(RATE, 0.4)
            .is_exactly("station/server/wait_p50_s", 0.0)
            .is("station/server/wait_p99_s", Queue { arrival: 0.4, service: 1.0, servers: 1 }.wait_quantile(0.99)),
        // Who waits least in the line's order waits most out of it: the mean does not move.
        Case::new("M/M/1 at 0.8, last come first", "mm1")
            .set("/system/stations/server/discipline", "lifo")
            .is("station/server/wait_mean_s", 4.0),
        Case::new("M/M/1 at 0.8, random order", "mm1")
            .set("/system/stations/server/discipline", "random")
            .is("station/server/wait_mean_s", 4.0),
    ]
}

fn several_servers() -> Vec<Case> {
    let case = |name: &str, rate: f64, servers: u32, duration: &str| {
        let queue = Queue { arrival: rate, service: 1.0, servers };
        Case::new(name, "mm10")
            .set(RATE, rate)
            .set(SERVERS, servers)
            .set(DURATION, duration)
            .is("latency_mean_s", queue.latency_mean())
            .is("latency_p95_s", queue.latency_quantile(0.95))
            .is("station/servers/wait_mean_s", queue.wait_mean())
            .is("station/servers/wait_p99_s", queue.wait_quantile(0.99))
            .is("station/servers/wait_share", queue.wait_share())
            .is("station/servers/utilisation", queue.utilisation())
            .is("station/servers/number_mean", queue.number_mean())
    };
    vec![
        case("M/M/2 at 0.8", 1.6, 2, "60000s"),
        case("M/M/3 at 0.7", 2.1, 3, "30000s"),
        case("M/M/5 at 0.9", 4.5, 5, "40000s"),
        case("M/M/10 at 0.9", 9.0, 10, "21000s"),
        case("M/M/10 at 0.95", 9.5, 10, "60000s"),
        case("M/M/20 at 0.95", 19.0, 20, "30000s"),
    ]
}

fn finite_rooms() -> Vec<Case> {
    let case = |name: &str, rate: f64, servers: u32, capacity: u32| {
        let numbers = birth_death::finite_room(rate, 1.0, servers, capacity);
        let lost = numbers[capacity as usize];
        let carried = rate * (1.0 - lost);
        Case::new(name, "mmck")
            .set(RATE, rate)
            .set(SERVERS, servers)
            .set(CAPACITY, capacity)
            .is("rejected_share", lost)
            .is("station/servers/refused_share", lost)
            .is("latency_mean_s", mean_number(&numbers) / carried)
            .is("station/servers/utilisation", carried / f64::from(servers))
            .is("goodput_per_s", carried)
    };
    vec![
        case("M/M/1/5 at 0.9", 0.9, 1, 5),
        case("M/M/1/3 at 1.5", 1.5, 1, 3),
        case("M/M/2/5 at 0.9", 1.8, 2, 5),
        case("M/M/5/5, Erlang's loss, at 0.8", 4.0, 5, 5),
        case("M/M/10/10, Erlang's loss, at 0.5", 5.0, 10, 10),
        case("M/M/4/12 at 1.25", 5.0, 4, 12),
        // Erlang's loss does not depend on the law of service.
        Case::new("M/D/5/5, Erlang's loss, at 0.8", "mmck")
            .set(RATE, 4.0)
            .set(SERVERS, 5)
            .set(CAPACITY, 5)
            .set("/system/stations/servers/service", "1s")
            .is("rejected_share", crate::analysis::theory::erlang::erlang_b(5, 4.0)),
    ]
}

fn any_service() -> Vec<Case> {
    let case = |name: &str, rate: f64, law: &str, service: Service| {
        let wait = general::wait_mean(rate, service);
        Case::new(name, "mg1")
            .set(RATE, rate)
            .set(SERVICE, law)
            .is("station/server/wait_mean_s", wait)
            .is("station/server/queue_mean", rate * wait)
            .is("latency_mean_s", wait + service.mean)
            .is("station/server/utilisation", rate * service.mean)
    };
    let hyper = r#"{"hyperexponential": {"branches": [{"probability": 0.9, "mean": "500ms"}, {"probability": 0.1, "mean": "5500ms"}]}}"#;
    let truncated = Service::truncated_pareto(1.5, 0.4, 40.0);
    vec![
        case("M/U/1 at 0.8", 0.8, r#"{"uniform": {"low": "0s", "high": "2s"}}"#, Service::uniform(0.0, 2.0)),
        case("M/lognormal/1 at 0.7", 0.7, r#"{"lognormal": {"mean": "1s", "cv": 1.2}}"#, Service::of(1.0, 1.44)),
        case("M/lognormal/1 at 0.9", 0.9, r#"{"lognormal": {"mean": "1s", "cv": 0.5}}"#, Service::of(1.0, 0.25)),
        case("M/E4/1 at 0.8", 0.8, r#"{"erlang": {"shape": 4, "mean": "1s"}}"#, Service::of(1.0, 0.25)),
        case("M/E2/1 at 0.95", 0.95, r#"{"erlang": {"shape": 2, "mean": "1s"}}"#, Service::of(1.0, 0.5)).set(DURATION, "400000s"),
        case("M/H2/1 at 0.7", 0.7, hyper, Service::hyperexponential(&[(0.9, 0.5), (0.1, 5.5)])).set(DURATION, "200000s"),
        case(
            "M/truncated Pareto/1 at 0.7",
            0.7 / truncated.mean,
            r#"{"truncated_pareto": {"shape": 1.5, "minimum": "400ms", "maximum": "40s"}}"#,
            truncated,
        )
        .set(DURATION, "400000s"),
        case(
            "M/Pareto/1 at 0.7",
            0.7 / 1.4,
            r#"{"pareto": {"shape": 3.5, "minimum": "1s"}}"#,
            Service::pareto(3.5, 1.0),
        ),
        case("M/gamma/1 at 0.8", 0.8, r#"{"gamma": {"shape": 0.5, "mean": "1s"}}"#, Service::of(1.0, 2.0)).set(DURATION, "200000s"),
    ]
}

fn fixed_service() -> Vec<Case> {
    let case = |name: &str, rate: f64, servers: u32, duration: &str| {
        let wait = deterministic::wait_mean(rate, 1.0, servers);
        Case::new(name, "mdc")
            .set(RATE, rate)
            .set(SERVERS, servers)
            .set(DURATION, duration)
            .is("station/servers/wait_mean_s", wait)
            .is("latency_mean_s", wait + 1.0)
            .is("station/servers/number_mean", rate * (wait + 1.0))
    };
    let one = |name: &str, rate: f64, duration: &str| {
        case(name, rate, 1, duration)
            .is("station/servers/wait_p95_s", deterministic::wait_quantile(rate, 1.0, 0.95))
            .is("station/servers/wait_share", rate)
    };
    vec![
        one("M/D/1 at 0.5", 0.5, "60000s"),
        one("M/D/1 at 0.8", 0.8, "110000s"),
        case("M/D/2 at 0.8", 1.6, 2, "60000s"),
        case("M/D/5 at 0.9", 4.5, 5, "40000s"),
        case("M/D/10 at 0.95", 9.5, 10, "60000s"),
    ]
}

fn any_interval() -> Vec<Case> {
    let case = |name: &str, law: &str, queue: renewal::Queue, rate: f64| {
        Case::new(name, "gg1")
            .set(INTERVAL, law)
            .is("station/server/wait_mean_s", queue.wait_mean())
            .is("station/server/wait_share", queue.busy_found)
            .is("latency_p95_s", queue.latency_quantile(0.95))
            .is("station/server/utilisation", rate)
    };
    let branches = vec![(0.5, 0.5), (0.5, 2.0)];
    let hyper = r#"{"hyperexponential": {"branches": [{"probability": 0.5, "mean": "500ms"}, {"probability": 0.5, "mean": "2s"}]}}"#;
    vec![
        case("D/M/1 at 0.8", "1250ms", renewal::Queue::new(renewal::fixed(1.25), 1.0), 0.8),
        case(
            "E3/M/1 at 0.8",
            r#"{"erlang": {"shape": 3, "mean": "1250ms"}}"#,
            renewal::Queue::new(renewal::erlang(3.0, 1.25), 1.0),
            0.8,
        ),
        case("H2/M/1 at 0.8", hyper, renewal::Queue::new(renewal::hyperexponential(branches), 1.0), 0.8),
        case(
            "U/M/1 at 0.8",
            r#"{"uniform": {"low": "500ms", "high": "2s"}}"#,
            renewal::Queue::new(renewal::uniform(0.5, 2.0), 1.0),
            0.8,
        ),
        Case::new("E2/E3/1 at 0.9", "gg1")
            .set(INTERVAL, r#"{"erlang": {"shape": 2, "mean": "1s"}}"#)
            .set(SERVICE, r#"{"erlang": {"shape": 3, "mean": "900ms"}}"#)
            .is("in_system_mean", renewal::erlang_erlang_number(1.0, 2, 1.0 / 0.9, 3, 250))
            .is("station/server/utilisation", 0.9),
    ]
}

fn priorities() -> Vec<Case> {
    let classes = |name: &str, discipline: &str, rates: [f64; 3], service: (&str, Service), duration: &str| {
        let classes: Vec<(f64, Service)> = rates.iter().map(|rate| (*rate, service.1)).collect();
        let latencies = if discipline == "priority" {
            general::waits_by_priority(&classes).iter().map(|wait| wait + service.1.mean).collect()
        } else {
            general::latencies_preemptive(&classes)
        };
        let mut case = Case::new(name, "priority")
            .set("/system/stations/server/discipline", discipline)
            .set(SERVICE, service.0)
            .set(DURATION, duration);
        for ((class, rate), latency) in ["urgent", "plain", "rest"].iter().zip(rates).zip(latencies) {
            case = case
                .set(&format!("/workload/clients/{class}/load/open/poisson/rate_per_s"), rate)
                .is(&format!("class/{class}/latency_mean_s"), latency);
        }
        case
    };
    let exponential_law = exponential("1s");
    let exponential_service = (exponential_law.as_str(), Service::of(1.0, 1.0));
    let erlang = (r#"{"erlang": {"shape": 4, "mean": "1s"}}"#, Service::of(1.0, 0.25));
    vec![
        classes("priorities at 0.8", "priority", [0.2, 0.3, 0.3], exponential_service, "160000s"),
        classes("priorities at 0.9, M/E4/1", "priority", [0.3, 0.3, 0.3], erlang, "400000s"),
        classes("preemptive priorities at 0.8", "preemptive_priority", [0.2, 0.3, 0.3], exponential_service, "160000s"),
        classes("preemptive priorities at 0.9, M/E4/1", "preemptive_priority", [0.3, 0.3, 0.3], erlang, "400000s"),
    ]
}

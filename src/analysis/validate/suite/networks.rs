//! Several stations: networks, closed loops, splits, joins and races.

use super::super::case::Case;
use super::exponential;
use crate::analysis::theory::erlang::Queue;
use crate::analysis::theory::{birth_death, interruptions, mean_number, networks, parallel, renewal};

const RATE: &str = "/workload/clients/arrivals/load/open/poisson/rate_per_s";
const USERS: &str = "/workload/clients/users/load/closed/users";

pub(super) fn cases() -> Vec<Case> {
    [retries(), open(), closed(), repairs(), splits(), joins(), races(), standing_work()].concat()
}

fn retries() -> Vec<Case> {
    // Who fails joins the end of the line again: a queue with feedback, whose number is that of M/M/1.
    let again = |name: &str, rate: f64, share: f64, pause: f64| {
        let load = rate / (1.0 - share);
        let repeats = share / (1.0 - share);
        Case::new(name, "retries")
            .set(RATE, rate)
            .set("/system/stations/server/failure/share", share)
            .set("/policies/retries/again/backoff/fixed/wait", format!("{pause}s"))
            .is("latency_mean_s", load / (1.0 - load) / rate + repeats * pause)
            .is("retries_per_task", repeats)
            .is("station/server/utilisation", load)
    };
    vec![
        again("retries at once, at 0.8", 0.64, 0.2, 0.0),
        again("retries at once, at 0.6", 0.3, 0.5, 0.0),
        again("retries after 2 s, at 0.8", 0.64, 0.2, 2.0),
    ]
}

fn open() -> Vec<Case> {
    let case = |name: &str, rate: f64| {
        // first → second (0.6) or third (0.4) → first again (0.25).
        let ways = [vec![0.0, 0.6, 0.4], vec![0.25, 0.0, 0.0], vec![0.25, 0.0, 0.0]];
        let visits = networks::visit_rates(&[rate, 0.0, 0.0], &ways);
        let stations = [
            Queue { arrival: visits[0], service: 2.0, servers: 1 },
            Queue { arrival: visits[1], service: 1.0 / 1.5, servers: 3 },
            Queue { arrival: visits[2], service: 1.0, servers: 1 },
        ];
        let number: f64 = stations.iter().map(Queue::number_mean).sum();
        Case::new(name, "jackson")
            .set(RATE, rate)
            .is("latency_mean_s", number / rate)
            .is("station/first/number_mean", stations[0].number_mean())
            .is("station/second/number_mean", stations[1].number_mean())
            .is("station/third/wait_mean_s", stations[2].wait_mean())
            .is("station/first/throughput_per_s", visits[0])
    };
    vec![case("Jackson network at 0.67", 1.0), case("Jackson network at 0.87", 1.3)]
}

fn closed() -> Vec<Case> {
    let case = |name: &str, users: u32, think: &str, seconds: f64| {
        let found = networks::mean_values(users, seconds, &[0.6, 0.4, 0.2]);
        let case = Case::new(name, "closed_network")
            .set(USERS, users)
            .is("goodput_per_s", found.throughput)
            .is("latency_mean_s", found.latency)
            .is("station/processor/utilisation", found.throughput * 0.6)
            .is("station/disk/number_mean", found.numbers[1]);
        if think.is_empty() { case } else { case.set("/workload/clients/users/load/closed/think_time", think) }
    };
    let both = networks::mean_values_of_two([6, 4], [2.0, 5.0], &[[0.3, 1.0], [0.2, 0.5]]);
    let fewer = networks::mean_values_of_two([3, 8], [2.0, 5.0], &[[0.3, 1.0], [0.2, 0.5]]);
    let classes = |name: &str, found: [(f64, f64); 2]| {
        Case::new(name, "closed_classes")
            .is("class/quick/goodput_per_s", found[0].0)
            .is("class/quick/latency_mean_s", found[0].1)
            .is("class/slow/goodput_per_s", found[1].0)
            .is("class/slow/latency_mean_s", found[1].1)
    };
    vec![
        case("closed network of 20 users", 20, "", 5.0),
        case("closed network of 5 users", 5, "", 5.0),
        // Think times of any law give the same.
        case("closed network of 20 users who think for a fixed time", 20, "5s", 5.0),
        case("closed network without thinking", 8, "0s", 0.0),
        classes("closed network of two classes", both),
        classes("closed network of two classes, other users", fewer)
            .set("/workload/clients/quick/load/closed/users", 3)
            .set("/workload/clients/slow/load/closed/users", 8),
        // All servers are always busy: 10,000 users, 1,000 services a second, ten seconds each.
        Case::new("closed loop of 10,000 users at 1,000 servers", "closed")
            .is("goodput_per_s", 1_000.0)
            .is("latency_mean_s", 10.0)
            .is("station/servers/utilisation", 1.0),
    ]
}

fn repairs() -> Vec<Case> {
    let case = |name: &str, machines: u32, repairers: u32| {
        let broken = birth_death::machine_repair(machines, 0.1, repairers, 0.5);
        let number = mean_number(&broken);
        let rate = (f64::from(machines) - number) * 0.1;
        Case::new(name, "machine_repair")
            .set("/workload/clients/machines/load/closed/users", machines)
            .set("/system/stations/repairers/servers", repairers)
            .is("in_system_mean", number)
            .is("goodput_per_s", rate)
            .is("latency_mean_s", number / rate)
            .is("station/repairers/utilisation", rate * 2.0 / f64::from(repairers))
    };
    vec![case("12 machines, 2 repairers", 12, 2), case("6 machines, 1 repairer", 6, 1)]
}

fn splits() -> Vec<Case> {
    let turns = renewal::Queue::new(renewal::erlang(2.0, 1.25), 1.0);
    vec![
        Case::new("split by chance over two M/M/1 at 0.8", "split")
            .is("latency_mean_s", 5.0)
            .is("station/left/wait_mean_s", 4.0)
            .is("station/right/throughput_per_s", 0.8),
        Case::new("split in turn over two E2/M/1 at 0.8", "split")
            .set("/system/routes/through/0/spread/by", "round_robin")
            .is("latency_mean_s", turns.wait_mean() + 1.0)
            .is("station/left/wait_mean_s", turns.wait_mean())
            .is("station/right/wait_share", turns.busy_found),
    ]
}

fn joins() -> Vec<Case> {
    let even = |name: &str, rate: f64, duration: &str| {
        Case::new(name, "fork_join")
            .set(RATE, rate)
            .set("/measure/duration", duration)
            .is("latency_mean_s", parallel::fork_join_of_two(rate, 1.0))
            .is("station/left/wait_mean_s", rate / (1.0 - rate))
    };
    vec![
        even("fork-join of two at 0.5", 0.5, "60000s"),
        even("fork-join of two at 0.9", 0.9, "200000s"),
        Case::new("fork-join of two speeds", "fork_join")
            .set("/system/stations/right/service", exponential("500ms"))
            .is("latency_mean_s", parallel::fork_join_by_chain(0.5, [1.0, 2.0], 45)),
        Case::new("join of two without queues", "fork_join")
            .set("/system/stations/left/servers", "infinite")
            .set("/system/stations/right/servers", "infinite")
            .set("/system/stations/right/service", exponential("500ms"))
            .is("latency_mean_s", parallel::largest_mean(&[1.0, 2.0])),
    ]
}

fn races() -> Vec<Case> {
    let hedged = |name: &str, delay: &str, seconds: f64| {
        Case::new(name, "hedging")
            .set("/system/routes/through/0/parallel/branches/1/0/delay/time", delay)
            .is("latency_mean_s", parallel::hedged_mean(1.0, seconds))
            .is("latency_p50_s", parallel::hedged_quantile(1.0, seconds, 0.5))
            .is("latency_p99_s", parallel::hedged_quantile(1.0, seconds, 0.99))
    };
    vec![
        hedged("the faster of two calls", "0s", 0.0),
        hedged("hedged after 0.5 s", "500ms", 0.5),
        hedged("hedged after 2 s", "2s", 2.0),
    ]
}

fn standing_work() -> Vec<Case> {
    let case = |name: &str, wanted: u32, machines: u32, down: &str, seconds: f64| {
        let works = 50.0 / (50.0 + seconds);
        Case::new(name, "k_of_n")
            .set("/workload/clients/standing/load/closed/users", wanted)
            .set("/system/stations/machines/servers", machines)
            .set("/system/stations/machines/breakdown/down", exponential(down))
            .is("goodput_per_s", interruptions::working_of_wanted(wanted, machines, works))
            .is("station/machines/working_share", works)
    };
    vec![
        case("availability 1 of 2", 1, 2, "25s", 25.0),
        case("availability 3 of 5", 3, 5, "25s", 25.0),
        case("availability 4 of 4", 4, 4, "10s", 10.0),
    ]
}

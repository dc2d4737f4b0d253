//! Deliberately broken systems: each makes a case of the suite fail, which shows that the case can.

use super::case::Case;
use super::suite::suite;

/// A case with one mistake in it; what is expected is what was expected without.
#[derive(Clone, Debug)]
pub struct Mutant {
    /// The mistake.
    pub mistake: &'static str,
    /// The case with it.
    pub case: Case,
    /// A metric that must give it away.
    pub gives_away: &'static str,
}

/// Mistake, case, what is set, and the metric that gives it away.
type Row = (&'static str, &'static str, &'static [(&'static str, &'static str)], &'static str);

const MUTANTS: &[Row] = &[
    (
        "last come first instead of first come first",
        "M/M/1 at 0.8",
        &[("/system/stations/server/discipline", "lifo")],
        "station/server/wait_p95_s",
    ),
    ("the waiting room one too large", "M/M/2/5 at 0.9", &[("/system/stations/servers/capacity", "6")], "rejected_share"),
    ("one server too many", "M/M/10 at 0.9", &[("/system/stations/servers/servers", "11")], "station/servers/wait_mean_s"),
    (
        "the bucket refilled in ticks",
        "token bucket of 5 that drops, at 0.9",
        &[(
            "/system/stations/gate/limiter/buckets/0/algorithm",
            r#"{"fixed_window": {"limit": 5, "window": "500ms"}}"#,
        )],
        "station/gate/limited_share",
    ),
    (
        "the bucket started empty",
        "exact: a bucket that starts full",
        &[("/system/stations/gate/limiter/buckets/0/algorithm/token_bucket/initial_level", "0")],
        "station/gate/wait_mean_s",
    ),
    ("the bucket one token too large", "token bucket of 5 that delays, at 0.9", &[(
        "/system/stations/gate/limiter/buckets/0/algorithm/token_bucket/burst",
        "6",
    )], "station/gate/wait_mean_s"),
    (
        "the age renewed on a hit",
        "TTL of 10 s",
        &[("/system/caches/store/store/update_age_on_get", "true")],
        "cache_hit_share",
    ),
    (
        "think time inside the response",
        "closed network of 20 users",
        &[
            ("/workload/clients/users/load/closed/think_time", "0s"),
            (
                "/system/routes/through",
                r#"[{"delay": {"time": {"exponential": {"mean": "5s"}}}}, {"visit": {"station": "processor"}},
                    {"visit": {"station": "disk"}}, {"visit": {"station": "network"}}]"#,
            ),
        ],
        "latency_mean_s",
    ),
    (
        "interruption where there is none",
        "priorities at 0.8",
        &[("/system/stations/server/discipline", "preemptive_priority")],
        "class/urgent/latency_mean_s",
    ),
    (
        "no interruption where there is one",
        "exact: an urgent task interrupts",
        &[("/system/stations/server/discipline", "priority")],
        "class/urgent/latency_mean_s",
    ),
    (
        "a biased sampler: services with the right mean and too little spread",
        "M/M/1 at 0.8",
        &[("/system/stations/server/service", r#"{"gamma": {"shape": 1.2, "mean": "1s"}}"#)],
        "station/server/wait_mean_s",
    ),
    (
        "patience that goes on in service",
        "M/M/5+M at 1.1",
        &[("/system/routes/through/0/visit/patience", "1000s"), ("/system/routes/through/0/visit/timeout", "2s")],
        "abandoned_share",
    ),
    (
        "a stale timer honoured: patience that fires although service has begun",
        "exact: patience of 3 s",
        &[("/system/routes/through/0/visit/patience", "1h"), ("/system/routes/through/0/visit/timeout", "3s")],
        "latency_mean_s",
    ),
    (
        "batches that come one by one",
        "batches of 4, M/M/1 at 0.8",
        &[
            ("/workload/clients/arrivals/load/open/batches/interval", r#"{"exponential": {"mean": "1250ms"}}"#),
            ("/workload/clients/arrivals/load/open/batches/size", "1"),
        ],
        "in_system_mean",
    ),
    (
        "chance instead of turns",
        "split in turn over two E2/M/1 at 0.8",
        &[("/system/routes/through/0/spread/by", "random")],
        "latency_mean_s",
    ),
    (
        "the first branch enough where all are needed",
        "fork-join of two at 0.5",
        &[("/system/routes/through/0/parallel/join", "first")],
        "latency_mean_s",
    ),
    ("a hedge without its delay", "hedged after 0.5 s", &[(
        "/system/routes/through/0/parallel/branches/1/0/delay/time",
        "0s",
    )], "latency_mean_s"),
    (
        "work of a broken server lost: breakdowns as long, twice as often",
        "M/M/1 that breaks, at 0.625",
        &[("/system/stations/servers/breakdown/up", r#"{"exponential": {"mean": "20s"}}"#)],
        "in_system_mean",
    ),
    (
        "a smooth rate where it rises and falls",
        "Mt/M/∞ with a sine, rising",
        &[("/workload/clients/arrivals/load/open/sinusoidal/amplitude_share", "0")],
        "in_system_mean",
    ),
];

/// Every mutant.
pub fn mutants() -> Vec<Mutant> {
    let suite = suite();
    MUTANTS
        .iter()
        .map(|(mistake, name, sets, gives_away)| {
            let sound = suite.iter().find(|case| case.name == *name).expect("a mutant names a case");
            let case = sets.iter().fold(sound.clone(), |case, (pointer, value)| case.set(pointer, value));
            Mutant { mistake, case, gives_away }
        })
        .collect()
}

//! Rate limits and caches.

use super::super::case::Case;
use crate::analysis::theory::{caches, limits};

const RATE: &str = "/workload/clients/arrivals/load/open/poisson/rate_per_s";
const BURST: &str = "/system/stations/gate/limiter/buckets/0/algorithm/token_bucket/burst";
const ALGORITHM: &str = "/system/stations/gate/limiter/buckets/0/algorithm";
const STORE: &str = "/system/caches/store/store";

pub(super) fn cases() -> Vec<Case> {
    [buckets(), windows(), recency(), lifetimes()].concat()
}

fn buckets() -> Vec<Case> {
    let drops = |name: &str, rate: f64, burst: usize| {
        Case::new(name, "token_bucket")
            .set(RATE, rate)
            .set(BURST, burst)
            .is("station/gate/limited_share", limits::bucket_drops(rate, 10.0, burst))
            .is("rate_limited_share", limits::bucket_drops(rate, 10.0, burst))
    };
    let waits = |name: &str, rate: f64, burst: u32| {
        Case::new(name, "token_bucket")
            .set(RATE, rate)
            .set(BURST, burst)
            .set("/system/stations/gate/on_limit", "wait")
            .is("station/gate/wait_mean_s", limits::bucket_wait(rate, 10.0, burst))
            .is("latency_mean_s", limits::bucket_wait(rate, 10.0, burst))
            .is("station/gate/wait_share", 1.0 - limits::bucket_free(rate, 10.0, burst))
    };
    vec![
        drops("token bucket of 5 that drops, at 0.9", 9.0, 5),
        drops("token bucket of 1 that drops, at 0.5", 5.0, 1),
        drops("token bucket of 10 that drops, at 1.2", 12.0, 10),
        waits("token bucket of 5 that delays, at 0.9", 9.0, 5),
        waits("token bucket of 1 that delays, at 0.8", 8.0, 1),
        waits("token bucket of 3 that delays, at 0.95", 9.5, 3).set("/measure/duration", "44000s"),
    ]
}

fn windows() -> Vec<Case> {
    let window = |name: &str, rate: f64, limit: usize| {
        Case::new(name, "rate_window")
            .set(RATE, rate)
            .set(ALGORITHM, format!(r#"{{"fixed_window": {{"limit": {limit}, "window": "1s"}}}}"#))
            .is("station/gate/limited_share", limits::window_drops(rate, limit, 1.0))
    };
    let log = |name: &str, rate: f64, limit: u32| {
        Case::new(name, "rate_window")
            .set(RATE, rate)
            .set(ALGORITHM, format!(r#"{{"sliding_log": {{"limit": {limit}, "window": "1s"}}}}"#))
            .is("station/gate/limited_share", limits::log_drops(rate, limit, 1.0))
    };
    vec![
        window("fixed window of 10 at 0.9", 9.0, 10),
        window("fixed window of 5 at 1.4", 7.0, 5),
        log("sliding log of 10 at 0.9", 9.0, 10),
        log("sliding log of 5 at 1.4", 7.0, 5),
    ]
}

fn recency() -> Vec<Case> {
    let keys = |items: u32, exponent: f64| format!(r#"{{"zipf": {{"exponent": {exponent}, "items": {items}}}}}"#);
    let case = |name: &str, items: u32, exponent: f64, room: u32, hits: f64| {
        Case::new(name, "cache")
            .set("/system/caches/store/keys", keys(items, exponent))
            .set(STORE, format!(r#"{{"max_entries": {room}}}"#))
            .is("cache_hit_share", hits)
    };
    vec![
        case("LRU 3 of 8", 8, 0.9, 3, caches::lru_hits(&caches::zipf(8, 0.9), 3)),
        case("LRU 20 of 100", 100, 0.8, 20, caches::lru_hits(&caches::zipf(100, 0.8), 20)),
        case("LRU 1000 of 10,000", 10_000, 0.8, 1_000, caches::lru_hits_of_many(&caches::zipf(10_000, 0.8), 1_000.0))
            .set("/measure/warmup", "2000s")
            .set("/measure/duration", "6000s"),
    ]
}

fn lifetimes() -> Vec<Case> {
    let keys = caches::zipf(100, 0.8);
    let case = |name: &str, ttl: f64, renewed: bool, hits: f64| {
        Case::new(name, "cache")
            .set(STORE, format!(r#"{{"ttl": "{ttl}s", "update_age_on_get": {renewed}}}"#))
            .is("cache_hit_share", hits)
    };
    vec![
        case("TTL of 10 s", 10.0, false, caches::ttl_hits(&keys, 10.0, 10.0)),
        case("TTL of 60 s", 60.0, false, caches::ttl_hits(&keys, 10.0, 60.0)),
        case("TTL of 10 s, renewed on a hit", 10.0, true, caches::renewed_ttl_hits(&keys, 10.0, 10.0)),
    ]
}

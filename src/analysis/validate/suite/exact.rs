//! Stories without chance, whose every instant follows by hand.

use super::super::case::Case;

pub(super) fn cases() -> Vec<Case> {
    [lines(), interruptions(), limits(), routes()].concat()
}

fn lines() -> Vec<Case> {
    vec![
        // Two at a time: 1.5, 1.5, 3, 3, 4.5, 4.5.
        Case::new("exact: six at once, two servers", "exact_line")
            .is_exactly("latency_mean_s", 3.0)
            .is_exactly("station/servers/wait_mean_s", 1.5),
        // Alone for 1 s, shared for 2 s, the second alone for its last: done at 3 and 4.
        Case::new("exact: two share a processor", "exact_sharing").is_exactly("latency_mean_s", 3.0),
        // Served at 0 and 2; the third leaves after 3, before its turn at 4.
        Case::new("exact: patience of 3 s", "exact_patience")
            .is_exactly("latency_mean_s", 3.0)
            .is_exactly("abandoned_share", 1.0 / 3.0),
        // The cycle of 5 s is never disturbed once the three have spread; think time is outside the response.
        Case::new("exact: three users of a server that suffices", "exact_closed")
            .is_exactly("goodput_per_s", 0.6)
            .is_exactly("latency_mean_s", 1.0),
        // Seven users saturate it: 7 s a cycle, 4 of them thinking.
        Case::new("exact: seven users of a server that does not suffice", "exact_closed")
            .set("/workload/clients/users/load/closed/users", 7)
            .is_exactly("goodput_per_s", 1.0)
            .is_exactly("latency_mean_s", 3.0),
    ]
}

fn interruptions() -> Vec<Case> {
    vec![
        // Works 1 s, stands by for 1 s, works 3 s: 5 s; the urgent one 1 s.
        Case::new("exact: an urgent task interrupts", "exact_priority")
            .is_exactly("class/plain/latency_mean_s", 5.0)
            .is_exactly("class/urgent/latency_mean_s", 1.0),
        // Without interruption the urgent one waits until 4 s.
        Case::new("exact: an urgent task waits its turn", "exact_priority")
            .set("/system/stations/server/discipline", "priority")
            .is_exactly("class/plain/latency_mean_s", 4.0)
            .is_exactly("class/urgent/latency_mean_s", 4.0),
        // Works 3 s, stands still for 2 s, works 2 s.
        Case::new("exact: a server stands still", "exact_breakdown").is_exactly("latency_mean_s", 7.0),
        // Set up until 2, served until 3 and 4: 3 s each.
        Case::new("exact: a setup before the first", "exact_setup")
            .is_exactly("latency_mean_s", 3.0)
            .is_exactly("station/server/wait_mean_s", 2.0),
    ]
}

fn limits() -> Vec<Case> {
    vec![
        // Three pass at once, then one a second: 0, 0, 0, 1, 2, 3.
        Case::new("exact: a bucket that starts full", "exact_bucket").is_exactly("station/gate/wait_mean_s", 1.0),
        // One a second from an empty bucket: 1, 2, … 6.
        Case::new("exact: a bucket that starts empty", "exact_bucket")
            .set("/system/stations/gate/limiter/buckets/0/algorithm/token_bucket/initial_level", 0)
            .is_exactly("station/gate/wait_mean_s", 3.5),
        // 0.25 s, and 1 s as the refusal says, and 0.25 s.
        Case::new("exact: a refused call comes again when told", "exact_retry")
            .is_exactly("latency_mean_s", 0.75)
            .is_exactly("retries_per_task", 0.5),
        // Found at 1 and 2, gone at 3.5.
        Case::new("exact: an entry lives for 3 s", "exact_ttl").is_exactly("cache_hit_share", 0.5),
        // Young again at 2, still there at 3.5.
        Case::new("exact: an entry lives for 3 s after each hit", "exact_ttl")
            .set("/system/caches/store/store/update_age_on_get", true)
            .is_exactly("cache_hit_share", 0.75),
    ]
}

fn routes() -> Vec<Case> {
    vec![
        // The main call would take 3 s, the spare one is done at 1.5.
        Case::new("exact: the faster of two branches", "exact_branches").is_exactly("latency_mean_s", 1.5),
        Case::new("exact: the slower of two branches", "exact_branches")
            .set("/system/routes/through/0/parallel/join", "all")
            .is_exactly("latency_mean_s", 3.0),
        // Two each: 1, 1, 2, 2.
        Case::new("exact: four in turn to two servers", "exact_turns").is_exactly("latency_mean_s", 1.5),
    ]
}

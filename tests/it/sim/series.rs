//! The time series: every window of a run is told, the last one too.

use super::*;
use proptest::prelude::*;
use proptest::test_runner::Config;

/// Ten windows of ten seconds; one server of a second for each task.
fn windows_of(times: &[&str]) -> Run {
    let plan = plan(&json!({
        "name": "story",
        "transient": true,
        "workload": { "classes": { "task": {} }, "clients": { "all": { "load": arrivals(times) } } },
        "system": {
            "stations": { "desk": { "servers": 1, "service": fixed("1s") } },
            "routes": { "way": [visit("desk")] }
        },
        "measure": { "duration": "100s", "mode": "terminating", "warmup": "0s", "seed": 1, "windows": 10 }
    }));
    replicate(&plan, 0, tars_policy::units::Span::ZERO)
}

#[test]
fn the_last_window_is_told_when_nobody_is_left() {
    let run = windows_of(&["5s", "95s"]);
    let last = run.windows.last().unwrap();
    assert_eq!((last.issued, last.good, last.number_area), (1, 1, u128::from(SECOND)));
}

#[test]
fn the_last_window_is_told_when_somebody_is_left() {
    let run = windows_of(&["5s", "99500ms"]);
    let last = run.windows.last().unwrap();
    assert_eq!((last.issued, last.good, last.number_area), (1, 0, u128::from(SECOND / 2)));
}

#[test]
fn the_last_slice_of_a_pilot_is_told_when_nobody_is_left() {
    let plan = plan(&json!({
        "name": "story",
        "transient": true,
        "workload": { "classes": { "task": {} }, "clients": { "all": { "load": arrivals(&["95s"]) } } },
        "system": {
            "stations": { "desk": { "servers": 1, "service": fixed("1s") } },
            "routes": { "way": [visit("desk")] }
        },
        "measure": { "duration": "100s", "mode": "terminating", "warmup": "0s", "seed": 1 }
    }));
    let slices = tars_sim::sim::pilot(&plan, 0, 10).slices;
    assert_eq!((slices.len(), slices[9]), (10, u128::from(SECOND)));
}

proptest! {
    #![proptest_config(Config { cases: 60, failure_persistence: None, ..Config::default() })]

    #[test]
    fn windows_sum_to_the_whole(mut moments in prop::collection::vec(0_u32..100_000, 1..12)) {
        moments.sort_unstable();
        let times: Vec<String> = moments.iter().map(|moment| format!("{moment}ms")).collect();
        let run = windows_of(&times.iter().map(String::as_str).collect::<Vec<_>>());
        let issued: u64 = run.windows.iter().map(|window| window.issued).sum();
        let good: u64 = run.windows.iter().map(|window| window.good).sum();
        let area: u128 = run.windows.iter().map(|window| window.number_area).sum();
        prop_assert_eq!((issued, area), (run.issued_ever, run.system_area));
        prop_assert_eq!(good, run.good_in_window);
    }
}

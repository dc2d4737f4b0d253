//! The simulator against theory: the committed suite, its mutants, and what must hold whatever the parameters.

use std::path::Path;
use tars_sim::analysis::theory::{birth_death, limits, networks};
use tars_sim::analysis::validate::{
    Case, FILES, Form, Options, Report, Verdict, Within, mutants, rows_of, suite, validate,
};
use tars_sim::experiment::{Diagnostics, TraceStore, build, cell_tree, load_text};
use tars_sim::sim::{Plan, Run, replicate};

fn exact() -> Vec<Case> {
    suite()
        .into_iter()
        .filter(|case| case.checks.iter().all(|check| check.within != Within::Sampled))
        .collect()
}

#[track_caller]
fn check(report: &Report) {
    assert!(report.passed(), "{}\n{}", report.failures(), report.summary());
}

#[test]
fn every_instant_without_chance_is_right_to_a_nanosecond() {
    let cases = exact();
    assert!(cases.len() >= 15, "{} exact cases", cases.len());
    check(&validate(&cases, &Options::default()));
}

#[test]
fn the_fastest_case_that_rests_on_chance_holds() {
    let case = suite().into_iter().find(|case| case.name == "M/M/1/3 at 1.5").expect("it is in the suite");
    check(&validate(&[case], &Options::default()));
}

#[test]
#[ignore = "statistical; ./check --all runs it in release"]
fn validate_holds_in_its_short_form() {
    let report = validate(&suite(), &Options { form: Form::Short, data: None });
    check(&report);
}

#[test]
#[ignore = "statistical; ./check --all runs it in release"]
fn validate_sees_through_every_mutant() {
    let comparisons =
        suite().iter().flat_map(|case| &case.checks).filter(|check| check.within == Within::Sampled).count();
    let mutants = mutants();
    assert!(mutants.len() >= 10);
    for mutant in mutants {
        let rows = rows_of(&mutant.case, &Options::default(), comparisons);
        let row =
            rows.iter().find(|row| row.metric == mutant.gives_away).expect("the metric is one of the case");
        assert_eq!(row.verdict, Verdict::Off, "{}: {row:?}", mutant.mistake);
    }
}

#[test]
fn mutants_of_exact_cases_are_seen_through_at_once() {
    let exact: Vec<_> =
        mutants().into_iter().filter(|mutant| mutant.case.name.starts_with("exact")).collect();
    assert!(exact.len() >= 3);
    for mutant in exact {
        let rows = rows_of(&mutant.case, &Options::default(), 1);
        let row =
            rows.iter().find(|row| row.metric == mutant.gives_away).expect("the metric is one of the case");
        assert_eq!(row.verdict, Verdict::Off, "{}: {row:?}", mutant.mistake);
    }
}

#[test]
fn a_case_whose_experiment_is_wrong_says_so() {
    let case = exact().remove(0).set("/system/stations/servers/servers", "\"none\"");
    let report = validate(&[case], &Options::default());
    assert!(!report.passed());
    assert!(
        matches!(&report.rows[0].verdict, Verdict::Missing(why) if why.contains("servers")),
        "{:?}",
        report.rows[0]
    );
}

#[test]
fn a_case_may_stand_in_a_file_of_its_own() {
    let folder = tempfile::tempdir().expect("a folder for the test");
    let file = folder.path().join("line.json");
    let (_, text) = FILES.iter().find(|(name, _)| *name == "exact_line").expect("it is in the program");
    std::fs::write(&file, text).expect("the file can be written");
    let case = Case::of_file("six at once", file).is_exactly("latency_mean_s", 3.0).is_within(
        "station/servers/wait_mean_s",
        1.4,
        0.11,
    );
    check(&validate(&[case], &Options::default()));
}

/// The examples of docs/validity.md, each with what theory says of it.
#[test]
#[ignore = "statistical; ./check --all runs it in release"]
fn the_systems_that_the_documentation_writes_are_right() {
    let text = include_str!("../../docs/validity.md");
    let blocks: Vec<&str> =
        text.split("```json\n").skip(1).filter_map(|rest| rest.split("```").next()).collect();
    assert_eq!(blocks.len(), 3);
    let folder = tempfile::tempdir().expect("a folder for the test");
    let metrics = ["rejected_share", "latency_mean_s", "station/gate/limited_share"];
    let expected = [
        birth_death::finite_room(6.5, 1.0, 7, 12)[12],
        networks::mean_values(15, 3.0, &[0.35, 0.25]).latency,
        limits::bucket_drops(45.0, 50.0, 4),
    ];
    let cases: Vec<Case> = blocks
        .iter()
        .enumerate()
        .map(|(place, block)| {
            let file = folder.path().join(format!("example-{place}.json"));
            std::fs::write(&file, block).expect("the file can be written");
            Case::of_file(metrics[place], file).is(metrics[place], expected[place])
        })
        .collect();
    check(&validate(&cases, &Options::default()));
}

/// One replication of an embedded experiment with overrides.
fn run(name: &str, sets: &[&str]) -> Run {
    let (name, text) = FILES.iter().find(|(known, _)| *known == name).expect("it is in the program");
    let sets: Vec<String> = sets.iter().map(|set| (*set).to_owned()).collect();
    let mut diagnostics = Diagnostics::new();
    let loaded = load_text(name, text, &sets, &mut diagnostics).expect("it is an object");
    let mut traces = TraceStore::new(Path::new(name), None);
    let experiment = build(&cell_tree(&loaded, &loaded.cells[0]), &mut traces, &mut diagnostics);
    let model = experiment.unwrap_or_else(|| panic!("{diagnostics}")).model;
    let cut = model.measure.warmup.unwrap_or_default();
    replicate(&Plan::new(model), 0, cut)
}

const SHORT: [&str; 2] = ["/measure/duration=6000s", "/measure/warmup=1000s"];

/// Mean wait at the first station, in seconds.
fn wait(run: &Run) -> f64 {
    run.stations[0].wait.mean().expect("somebody was served") / 1e9
}

#[track_caller]
fn check_close(found: f64, expected: f64, within: f64) {
    assert!((found / expected - 1.0).abs() < within, "{found} is not {expected}");
}

/// A thousand times slower in everything: every time is a thousand times as long, and no share moves.
#[test]
fn scaling_all_times_scales_every_time_and_moves_no_ratio() {
    let seconds = run("mm1", &SHORT);
    let slower = run(
        "mm1",
        &[
            "/measure/duration=6000000s",
            "/measure/warmup=1000000s",
            "/workload/clients/arrivals/load/open/poisson/rate_per_s=0.0008",
            "/system/stations/server/service={\"exponential\": {\"mean\": \"1000s\"}}",
        ],
    );
    assert_eq!(seconds.good, slower.good);
    check_close(wait(&slower), 1_000.0 * wait(&seconds), 1e-6);
    let busy = |run: &Run| run.stations[0].busy_area as f64 / (run.end - run.cut) as f64;
    check_close(busy(&slower), busy(&seconds), 1e-6);
}

/// Two clients of 0.4 a second are one of 0.8, in law: both means lie about theory, by many customers.
#[test]
fn two_equal_poisson_classes_are_one() {
    let split = r#"/workload/clients={"a": {"load": {"open": {"poisson": {"rate_per_s": 0.2}}}}, "b": {"load": {"open": {"poisson": {"rate_per_s": 0.2}}}}}"#;
    let length = "/measure/duration=400000s";
    let two = run("mm1", &[split, length]);
    let one = run("mm1", &["/workload/clients/arrivals/load/open/poisson/rate_per_s=0.4", length]);
    check_close(wait(&one), 2.0 / 3.0, 0.04);
    check_close(wait(&two), wait(&one), 0.05);
    check_close(two.issued as f64, one.issued as f64, 0.01);
}

/// With fixed services no order among the waiting moves the work, so the mean wait is the same, customer for customer.
#[test]
fn first_last_and_random_order_have_one_mean_wait() {
    let of = |discipline: &str| {
        let set = format!("/system/stations/servers/discipline={discipline}");
        // Everyone that comes is measured and followed to the end, so that all orders serve the same customers.
        let story =
            ["/measure/mode=terminating", "/measure/duration=5000s", "/measure/warmup=0s", set.as_str()];
        run("mdc", &story)
    };
    let (first, last, random) = (of("fifo"), of("lifo"), of("random"));
    assert_eq!(first.good, last.good);
    check_close(wait(&last), wait(&first), 1e-9);
    check_close(wait(&random), wait(&first), 1e-9);
    let longest = |run: &Run| run.stations[0].wait.quantile(0.999);
    assert!(longest(&last) > longest(&first), "the order shows in the tail");
}

/// L = λW in the window, utilisation = λ · service, and what comes in goes out, up to what the edges hold.
#[test]
fn little_utilisation_and_flow_balance_in_every_station() {
    let run = run("jackson", &["/measure/duration=40000s"]);
    let window = (run.end - run.cut) as f64 / 1e9;
    for (station, service) in run.stations.iter().zip([0.5, 1.5, 1.0]) {
        let rate = station.served as f64 / window;
        let number = station.number_area as f64 / 1e9 / window;
        let busy = station.busy_area as f64 / 1e9 / window;
        let wait = station.wait.mean().expect("somebody was served") / 1e9;
        check_close(number, rate * wait + busy, 0.01);
        check_close(busy, rate * service, 0.02);
        check_close(station.served as f64, station.calls as f64, 0.01);
    }
    check_close(run.ended_in_window as f64, run.issued as f64, 0.01);
    check_close(run.system_area as f64 / 1e9, run.latency.sum() as f64 / 1e9, 0.01);
}

/// The 99th percentile over those that waited at all is not that of everyone.
#[test]
fn a_percentile_over_positive_waits_only_would_be_seen() {
    let run = run(
        "mm1",
        &["/workload/clients/arrivals/load/open/poisson/rate_per_s=0.4", "/measure/duration=200000s"],
    );
    let waits = &run.stations[0].wait;
    let everyone = libm::log(0.4 / 0.05) / 0.6;
    check_close(waits.quantile(0.95).expect("there are waits") / 1e9, everyone, 0.05);
    let positive_share = 1.0 - waits.count_at_most(0) as f64 / waits.len() as f64;
    let among_positive = waits.quantile(1.0 - 0.05 * positive_share).expect("there are waits") / 1e9;
    assert!(among_positive > 1.2 * everyone, "{among_positive} against {everyone}");
}

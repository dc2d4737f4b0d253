//! The wording of answers, and which cell they are about.

use super::*;
use crate::result::Bound;
use indexmap::IndexMap;

const SECONDS: &str = "latency_p99_s";

fn whole(axes: Vec<Axis>) -> Whole {
    Whole {
        name: "x".into(),
        question: String::new(),
        source: Vec::new(),
        command: String::new(),
        quick: false,
        plan_id: String::new(),
        digest: String::new(),
        seed: 0,
        confidence: 0.95,
        axes,
        slo: SloSpec::default(),
        assumptions: Vec::new(),
        published: Vec::new(),
    }
}

fn axis(label: &str, path: &str, values: &[&str]) -> Axis {
    let values: Vec<String> = values.iter().map(|&value| value.to_owned()).collect();
    Axis {
        label: label.into(),
        paths: vec![path.into()],
        numbers: values.iter().map(|_| None).collect(),
        values,
    }
}

fn load() -> Axis {
    axis("offered load, 1/s", "/workload/clients/users/load/open/poisson/rate_per_s", &["5", "9"])
}

fn agents() -> Axis {
    axis("agents", "/system/pools/workers/groups/all/agents", &["10", "20"])
}

fn figure(value: f64, half: f64) -> Figure {
    Figure {
        value: Some(value),
        low: Some(value - half),
        high: Some(value + half),
        method: String::new(),
        replications: 20,
        note: None,
    }
}

/// A cell whose 99th percentile is so many seconds, give or take half of one, and which costs so much an hour.
fn cell(index: usize, coordinates: &[usize], p99: f64, cost: f64) -> Cell {
    let metrics = [
        ("goodput_per_s", figure(5.0, 0.1)),
        (SECONDS, figure(p99, 0.5)),
        ("cost_usd_per_hour", figure(cost, 0.0)),
    ];
    let mut cell = Cell {
        index,
        coordinates: coordinates.to_vec(),
        settings: IndexMap::new(),
        status: CellStatus::Done,
        replications: 20,
        window_s: 60.0,
        warmup_s: 0.0,
        warmup_rule: String::new(),
        metrics: metrics.into_iter().map(|(name, figure)| (name.to_owned(), figure)).collect(),
        slo_met: None,
        slo_missed: Vec::new(),
        ledger: Vec::new(),
        breakdowns: Vec::new(),
        stations: Vec::new(),
        series: None,
        latency_ccdf: Vec::new(),
        flags: Vec::new(),
    };
    super::super::cell::judge(&mut cell, &three_seconds());
    cell
}

fn three_seconds() -> Vec<SloTerm> {
    vec![SloTerm {
        metric: SECONDS.into(),
        bound: Bound::AtMost,
        limit: 3.0,
        text: "latency, 99th percentile at most 3s".into(),
    }]
}

/// The answer, once with an objective of three seconds.
fn asked(axes: Vec<Axis>, cells: &[Cell]) -> Answer {
    answer(&whole(axes), &three_seconds(), cells, &[])
}

#[test]
fn a_cell_is_judged_at_the_worse_end_of_its_interval() {
    // 2.6 ± 0.5 may be 3.1.
    assert_eq!(cell(0, &[], 2.4, 0.0).slo_met, Some(true));
    assert_eq!(cell(0, &[], 2.6, 0.0).slo_met, Some(false));
}

#[test]
fn a_condition_met_without_an_interval_says_so() {
    let bare = |p99| {
        let mut cell = cell(0, &[], p99, 0.0);
        let note = Some("no interval (run too short)".to_owned());
        cell.metrics.insert(SECONDS.to_owned(), Figure { low: None, high: None, note, ..figure(p99, 0.0) });
        cell.slo_missed.clear();
        super::super::cell::judge(&mut cell, &three_seconds());
        cell
    };
    let doubts = |cell: &Cell| super::super::cell::at_the_point(cell, &three_seconds());
    let met = bare(2.9);
    assert_eq!(met.slo_met, Some(true));
    let told = doubts(&met);
    assert_eq!((told.len(), told[0].severity), (1, Severity::Warning));
    assert!(told[0].text.contains("no interval (run too short)"), "{}", told[0].text);
    assert!(asked(Vec::new(), &[met]).headline.contains("p99 2.90 s (no interval)"));
    // What is missed is missed, and what has an interval needs no such word.
    assert!(doubts(&bare(3.1)).is_empty() && doubts(&cell(0, &[], 2.0, 0.0)).is_empty());
}

#[test]
fn one_cell_without_an_objective_is_described() {
    let found = answer(&whole(Vec::new()), &[], &[cell(0, &[], 2.0, 1.0)], &[]);
    assert!(found.headline.starts_with("Goodput 5.00/s, p99 2.00"), "{}", found.headline);
    assert_eq!((found.cell, found.smaller), (Some(0), None));
}

#[test]
fn one_cell_meets_its_objective_or_misses_it() {
    let met = asked(Vec::new(), &[cell(0, &[], 2.0, 1.0)]);
    assert!(met.headline.starts_with("It meets its objective: "), "{}", met.headline);
    let missed = asked(Vec::new(), &[cell(0, &[], 4.0, 1.0)]);
    let expected = "It misses its objective: latency, 99th percentile at most 3s, and it is 4.00";
    assert!(missed.headline.starts_with(expected), "{}", missed.headline);
}

#[test]
fn where_none_meets_it_the_nearest_is_told() {
    let cells = [cell(0, &[0], 9.0, 1.0), cell(1, &[1], 4.0, 2.0)];
    let found = asked(vec![agents()], &cells);
    assert!(
        found.headline.starts_with("No: none of the 2 configurations meets the objective"),
        "{}",
        found.headline
    );
    assert_eq!((found.cell, found.smaller), (Some(1), None));
}

#[test]
fn the_nearest_misses_by_the_least_part_of_the_limit() {
    let nearest = |latencies: [f64; 3]| {
        let cells = [0, 1, 2].map(|place| cell(place, &[place], latencies[place], 1.0));
        asked(vec![axis("agents", "/system/pools/workers/groups/all/agents", &["10", "20", "30"])], &cells)
            .cell
    };
    assert_eq!(nearest([3.1, 3.2, 9.0]), Some(0));
    assert_eq!(nearest([9.0, 3.1, 3.2]), Some(1));
    assert_eq!(nearest([4.0, 4.0, 4.0]), Some(2), "of equal ones the largest");
}

#[test]
fn of_loads_that_none_carries_the_one_nearest_to_it_is_told() {
    let cells = [cell(0, &[0, 0], 4.0, 1.0), cell(1, &[1, 0], 9.0, 1.0)];
    assert_eq!(asked(vec![load(), agents()], &cells).cell, Some(0));
}

#[test]
fn without_a_load_axis_the_cheapest_that_meets_it_is_told_and_what_the_next_smaller_misses() {
    let cells = [cell(0, &[0], 9.0, 1.0), cell(1, &[1], 2.0, 2.0)];
    let found = asked(vec![agents()], &cells);
    assert!(
        found.headline.starts_with("The cheapest that meets the objective is agents 20: "),
        "{}",
        found.headline
    );
    assert!(found.headline.contains("The next smaller, agents 10, misses: latency"), "{}", found.headline);
    assert_eq!((found.cell, found.smaller), (Some(1), Some(0)));
}

#[test]
fn of_two_that_meet_it_the_cheaper_is_named() {
    let cells = [cell(0, &[0], 2.0, 1.0), cell(1, &[1], 1.0, 2.0)];
    assert_eq!(asked(vec![agents()], &cells).cell, Some(0));
}

#[test]
fn of_two_that_cost_the_same_the_smaller_is_named() {
    let dearer_by = |share: f64| [cell(0, &[0], 2.0, 1.0 + share), cell(1, &[1], 1.0, 1.0)];
    let named = |share| asked(vec![agents()], &dearer_by(share)).cell;
    assert_eq!([0.0, 0.004, 0.006].map(named), [Some(0), Some(0), Some(1)]);
}

#[test]
fn with_a_load_axis_the_headline_is_about_the_highest_load_that_is_carried() {
    let cells = [
        cell(0, &[0, 0], 2.0, 1.0),
        cell(1, &[0, 1], 1.0, 2.0),
        cell(2, &[1, 0], 9.0, 1.0),
        cell(3, &[1, 1], 2.0, 2.0),
    ];
    let found = asked(vec![load(), agents()], &cells);
    let expected = "At offered load 9/s, the cheapest that meets the objective is agents 20: ";
    assert!(found.headline.starts_with(expected), "{}", found.headline);
    assert_eq!((found.cell, found.smaller), (Some(3), Some(2)));
    assert!(
        found.details.iter().any(|detail| detail.starts_with("At offered load 5/s: agents 10")),
        "{:?}",
        found.details
    );
}

#[test]
fn a_load_that_nothing_carries_is_told_beside_the_one_that_is() {
    let cells = [
        cell(0, &[0, 0], 2.0, 1.0),
        cell(1, &[0, 1], 1.0, 2.0),
        cell(2, &[1, 0], 9.0, 1.0),
        cell(3, &[1, 1], 8.0, 2.0),
    ];
    let found = asked(vec![load(), agents()], &cells);
    assert_eq!(found.cell, Some(0));
    let expected = "At offered load 9/s no configuration here meets it; the nearest, agents 20: ";
    assert!(found.details.iter().any(|detail| detail.starts_with(expected)), "{:?}", found.details);
}

#[test]
fn where_only_the_load_varies_no_configuration_is_named() {
    let found = asked(vec![load()], &[cell(0, &[0], 2.0, 1.0), cell(1, &[1], 8.0, 1.0)]);
    assert!(
        found.details.iter().any(|detail| detail.starts_with("At offered load 5/s it meets it; goodput"))
    );
    let expected = "At offered load 9/s it misses: latency, 99th percentile at most 3s, and it is 8.00";
    assert!(found.details.iter().any(|detail| detail.starts_with(expected)), "{:?}", found.details);
}

#[test]
fn where_no_load_varies_none_is_named() {
    let found = asked(vec![agents()], &[cell(0, &[0], 9.0, 1.0), cell(1, &[1], 8.0, 1.0)]);
    let expected = "No configuration here meets it; the nearest, agents 20: latency";
    assert!(found.details.iter().any(|detail| detail.starts_with(expected)), "{:?}", found.details);
}

#[test]
fn a_rate_that_is_missed_is_told_per_second() {
    let term = SloTerm {
        metric: "goodput_per_s".into(),
        bound: Bound::AtLeast,
        limit: 9.0,
        text: "goodput at least 9 1/s".into(),
    };
    let mut cell = cell(0, &[], 2.0, 1.0);
    super::super::cell::judge(&mut cell, std::slice::from_ref(&term));
    assert_eq!(missed_words(&[term], &cell), "goodput at least 9 1/s, and it is 5.00 1/s ± 0.100");
}

#[test]
fn a_failed_cell_takes_no_part_in_the_answer() {
    let mut failed = cell(0, &[0], 1.0, 0.5);
    failed.status = CellStatus::Failed("it broke".into());
    assert_eq!(asked(vec![agents()], &[failed.clone(), cell(1, &[1], 2.0, 2.0)]).cell, Some(1));
    assert_eq!(asked(vec![agents()], &[failed]).headline, "No configuration could be computed.");
}

#[test]
fn numbers_and_labels_read_as_people_write_them() {
    assert_eq!(setting("provider limit, req/h", "600000"), "provider limit 600,000 req/h");
    assert_eq!(setting("offered load, 1/s", "50"), "offered load 50/s");
    assert_eq!(
        (grouped("1234"), grouped("12345"), grouped("1.5e9")),
        ("1234".into(), "12,345".into(), "1.5e9".into())
    );
}

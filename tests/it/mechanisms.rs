//! Every mechanism of documents 000 to 003 in one table, `docs/mechanisms.json`, that drives the page and the test.
//!
//! A row names an experiment under `experiments/mechanisms/`, a key of it, two values of that key, a metric, and the
//! least effect that the second value has against the first. Both are run on the same seeds. A row whose experiment,
//! key or metric does not exist fails, and so does one whose effect is not there.

mod effect;
mod figure;
mod page;

use effect::Effect;
use indexmap::IndexMap;
use rayon::prelude::*;
use serde::Deserialize;
use serde_json::Value;
use std::collections::BTreeSet;
use std::fs;

/// The table.
const TABLE: &str = "docs/mechanisms.json";

/// Where the experiments of the rows are.
const FOLDER: &str = "experiments/mechanisms";

/// The documents that the table is about.
const DOCUMENTS: [&str; 4] = ["000", "001", "002", "003"];

/// Rows that the table has at least.
const ROWS_MIN: usize = 90;

/// What the documents describe.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Table {
    /// What can be switched on, and shows.
    rows: Vec<Row>,
    /// What an experiment cannot say yet.
    missing: Vec<Missing>,
}

/// An experiment with two values of a key.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Pair {
    experiment: String,
    key: String,
    values: (Value, Value),
    #[serde(default)]
    given: IndexMap<String, Value>,
}

/// A mechanism and the effect that it has.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Row {
    document: String,
    section: String,
    mechanism: String,
    /// A file under `experiments/mechanisms/`, without its ending.
    experiment: String,
    /// What both sides set beyond the file, by JSON pointer.
    #[serde(default)]
    given: IndexMap<String, Value>,
    /// The JSON pointer that the two sides differ in.
    key: String,
    values: (Value, Value),
    metric: String,
    /// What the second value does to the metric, at least.
    effect: Effect,
    #[serde(default)]
    note: Option<String>,
}

/// A mechanism that an experiment cannot say.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Missing {
    document: String,
    section: String,
    mechanism: String,
    /// Why not.
    why: String,
    /// A pair that shows it: the second value is refused, or changes nothing.
    #[serde(default)]
    tried: Option<Pair>,
}

impl Row {
    /// What it runs.
    fn pair(&self) -> Pair {
        let Self { experiment, key, values, given, .. } = self.clone();
        Pair { experiment, key, values, given }
    }
}

fn table() -> Table {
    let text = fs::read_to_string(TABLE).unwrap();
    serde_json::from_str(&text).unwrap_or_else(|error| panic!("{TABLE}: {error}"))
}

/// The row whose mechanism is called so.
fn row(mechanism: &str) -> Row {
    table().rows.into_iter().find(|row| row.mechanism == mechanism).unwrap()
}

#[test]
fn every_mechanism_shows_its_effect() {
    let rows = table().rows;
    let outcomes: Vec<_> = rows.par_iter().map(effect::check).collect();
    let wrong: Vec<String> = rows
        .iter()
        .zip(outcomes)
        .filter_map(|(row, outcome)| Some(format!("{}: {}", row.mechanism, outcome.err()?)))
        .collect();
    assert!(wrong.is_empty(), "{} of {}:\n{}", wrong.len(), rows.len(), wrong.join("\n"));
}

#[test]
fn the_table_covers_the_documents_and_uses_every_file() {
    let Table { rows, missing } = table();
    assert!(rows.len() >= ROWS_MIN, "{} rows", rows.len());
    for document in DOCUMENTS {
        assert!(rows.iter().filter(|row| row.document == document).count() >= 10, "{document}");
    }
    let documents = rows.iter().map(|row| &row.document).chain(missing.iter().map(|row| &row.document));
    for document in documents {
        assert!(DOCUMENTS.contains(&document.as_str()), "{document} is none of the documents");
    }
    let names: BTreeSet<&str> = rows.iter().map(|row| row.mechanism.as_str()).collect();
    assert_eq!(names.len(), rows.len(), "two rows have one name");
    let used: BTreeSet<String> = rows.iter().map(|row| format!("{}.json", row.experiment)).collect();
    let there: BTreeSet<String> = fs::read_dir(FOLDER)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    assert_eq!(used, there);
}

#[test]
fn what_is_missing_says_why() {
    for row in table().missing {
        assert!(row.why.len() > 20 && !row.section.is_empty(), "{}", row.mechanism);
    }
}

#[test]
fn what_is_missing_is_refused_or_changes_nothing() {
    let missing = table().missing;
    let tried: Vec<_> = missing.iter().filter_map(|row| Some((row, row.tried.as_ref()?))).collect();
    let found = tried.par_iter().filter(|(_, pair)| effect::differs(pair)).map(|(row, _)| &row.mechanism);
    let found: Vec<_> = found.collect();
    assert!(found.is_empty(), "these have an effect by now, so that they belong among the rows: {found:?}");
}

/// `BLESS=1 cargo test --test it the_page_of_mechanisms` writes it.
#[test]
fn the_page_of_mechanisms_is_that_of_the_table() {
    let bless = std::env::var_os("BLESS").is_some();
    let current = page::page(&table());
    if bless {
        fs::write(page::PAGE, &current).unwrap();
    }
    let kept = fs::read_to_string(page::PAGE).unwrap_or_default();
    assert!(kept == current, "{} is not what the table says; write it again with BLESS=1", page::PAGE);
    assert!(!bless, "the page was written; look at it, and run again without BLESS");
}

/// A row that holds, for others to be wrong in one thing.
fn sound() -> Row {
    row("cap on all waiting tasks")
}

#[track_caller]
fn refused(row: &Row, because: &str) {
    let why = effect::check(row).unwrap_err();
    assert!(why.contains(because), "{why}");
}

#[test]
fn what_has_an_effect_is_not_missing() {
    assert!(effect::differs(&sound().pair()));
}

#[test]
fn a_row_of_an_unknown_experiment_fails() {
    refused(&Row { experiment: "none".to_owned(), ..sound() }, "none.json");
}

#[test]
fn a_row_of_an_unknown_key_fails() {
    refused(&Row { key: "/system/pools/agents/queue/max_depht".to_owned(), ..sound() }, "max_depht");
}

#[test]
fn a_row_of_an_unknown_metric_fails() {
    refused(&Row { metric: "rejected_shares".to_owned(), ..sound() }, "no metric");
    refused(&Row { metric: "pool/agent/queue_mean".to_owned(), ..sound() }, "no metric");
}

#[test]
fn a_row_whose_key_does_nothing_fails() {
    let sound = sound();
    let same = (sound.values.0.clone(), sound.values.0.clone());
    refused(&Row { values: same, ..sound }, "expected");
}

#[test]
fn a_row_that_points_the_wrong_way_fails() {
    let sound = sound();
    let (first, second) = sound.values.clone();
    refused(&Row { values: (second, first), ..sound }, "expected");
}

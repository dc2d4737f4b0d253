//! Every mechanism of the documents in tables that drive a page and a test each: `docs/mechanisms.json` for documents 000
//! to 003, `docs/platform.json` and `docs/recovery.json` for document 004.
//!
//! A row names an experiment of the table's folder, a key of it, two values of that key, a metric, and the
//! least effect that the second value has against the first. Both are run on the same seeds. A row whose experiment,
//! key or metric does not exist fails, and so does one whose effect is not there.

mod book;
mod effect;
mod figure;
mod page;

use book::{BOOKS, Book, MECHANISMS, PLATFORM, RECOVERY};
use effect::Effect;
use indexmap::IndexMap;
use rayon::prelude::*;
use serde::Deserialize;
use serde_json::Value;
use std::collections::BTreeSet;
use std::fs;

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
    /// A file of the table's folder, without its ending.
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

/// Holds every row of a table to its effect.
#[track_caller]
fn each_shows_its_effect(book: Book) {
    let rows = book.table().rows;
    let outcomes: Vec<_> = rows.par_iter().map(|row| effect::check(book, row)).collect();
    let wrong: Vec<String> = rows
        .iter()
        .zip(outcomes)
        .filter_map(|(row, outcome)| Some(format!("{}: {}", row.mechanism, outcome.err()?)))
        .collect();
    assert!(wrong.is_empty(), "{} of {}:\n{}", wrong.len(), rows.len(), wrong.join("\n"));
}

#[test]
fn every_mechanism_shows_its_effect() {
    each_shows_its_effect(MECHANISMS);
}

#[test]
fn every_mechanism_of_the_platform_shows_its_effect() {
    each_shows_its_effect(PLATFORM);
}

#[test]
fn every_mechanism_of_recovery_shows_its_effect() {
    each_shows_its_effect(RECOVERY);
}

#[test]
fn each_table_covers_its_documents() {
    for book in BOOKS {
        let Table { rows, missing } = book.table();
        assert!(rows.len() >= book.rows_min, "{}: {} rows", book.name, rows.len());
        for group in book.groups {
            let rows = rows.iter().filter(|row| group.holds(&row.document, &row.section)).count();
            assert!(rows >= book.group_rows_min, "{}: {rows} of {}", book.name, group.title);
        }
        let places = rows.iter().map(|row| (&row.document, &row.section));
        for (document, section) in places.chain(missing.iter().map(|row| (&row.document, &row.section))) {
            let homes = book.groups.iter().filter(|group| group.holds(document, section)).count();
            assert_eq!(homes, 1, "{}: {document}, {section} belongs to one part of the page", book.name);
        }
        let names: BTreeSet<&str> = rows.iter().map(|row| row.mechanism.as_str()).collect();
        assert_eq!(names.len(), rows.len(), "{}: two rows have one name", book.name);
    }
}

#[test]
fn every_file_of_mechanisms_is_used() {
    let rows = MECHANISMS.table().rows;
    let used: BTreeSet<String> = rows.iter().map(|row| format!("{}.json", row.experiment)).collect();
    let there: BTreeSet<String> = fs::read_dir(MECHANISMS.folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    assert_eq!(used, there);
}

#[test]
fn what_is_missing_says_why() {
    for row in BOOKS.into_iter().flat_map(|book| book.table().missing) {
        assert!(row.why.len() > 20 && !row.section.is_empty(), "{}", row.mechanism);
    }
}

#[test]
fn what_is_missing_is_refused_or_changes_nothing() {
    let missing: Vec<_> = BOOKS
        .into_iter()
        .flat_map(|book| book.table().missing.into_iter().map(move |row| (book, row)))
        .filter_map(|(book, row)| Some((book, row.mechanism, row.tried?)))
        .collect();
    let found = missing.par_iter().filter(|(book, _, pair)| effect::differs(*book, pair));
    let found: Vec<_> = found.map(|(_, mechanism, _)| mechanism).collect();
    assert!(found.is_empty(), "these have an effect by now, so that they belong among the rows: {found:?}");
}

/// Holds a page to its table; `BLESS=1 cargo test --test it the_page_of` writes them all.
#[track_caller]
fn the_page_is_that_of(book: Book) {
    let bless = std::env::var_os("BLESS").is_some();
    let (file, current) = (book.page(), page::page(book, &book.table()));
    if bless {
        fs::write(&file, &current).unwrap();
    }
    let kept = fs::read_to_string(&file).unwrap_or_default();
    assert!(kept == current, "{file} is not what the table says; write it again with BLESS=1");
    assert!(!bless, "the page was written; look at it, and run again without BLESS");
}

#[test]
fn the_page_of_mechanisms_is_that_of_the_table() {
    the_page_is_that_of(MECHANISMS);
}

#[test]
fn the_page_of_the_platform_is_that_of_the_table() {
    the_page_is_that_of(PLATFORM);
}

#[test]
fn the_page_of_recovery_is_that_of_the_table() {
    the_page_is_that_of(RECOVERY);
}

/// The row whose mechanism is called so.
fn row(mechanism: &str) -> Row {
    MECHANISMS.table().rows.into_iter().find(|row| row.mechanism == mechanism).unwrap()
}

/// A row that holds, for others to be wrong in one thing.
fn sound() -> Row {
    row("cap on all waiting tasks")
}

#[track_caller]
fn refused(row: &Row, because: &str) {
    let why = effect::check(MECHANISMS, row).unwrap_err();
    assert!(why.contains(because), "{why}");
}

#[test]
fn what_has_an_effect_is_not_missing() {
    assert!(effect::differs(MECHANISMS, &sound().pair()));
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

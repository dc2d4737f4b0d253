//! Every published figure of the TARS documents, with a verdict and the evidence for it.
//!
//! ```text
//! models/published/figures  ─┐
//! models/published/cells    ─┼─▶ cells simulated as measured ─▶ each entry judged by its rule ─▶ CSV, JSON, HTML, counts
//! models/published/verdicts ─┘
//! ```
//!
//! What decides over an entry is data ([`rule`]); what it says is arithmetic over published figures and simulated metrics
//! ([`expression`]). An entry that no rule knows is missed, never hidden.

pub mod cell;
pub mod expression;
pub mod figure;
pub mod fit;
pub mod input;
pub mod measured;
pub mod report;
pub mod rule;
pub mod shelf;
pub mod table;
pub mod verdict;

pub use cell::Effort;
pub use figure::{Figure, Kind};
pub use shelf::{Published, Shelf};
pub use verdict::{Court, Row, Verdict};

use measured::Measured;
use rule::{cells_in, rule_of};
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};
use table::{Table, TableSpec};
use verdict::filled;

/// Every entry with its verdict, and what was simulated for it.
#[derive(Clone, Debug)]
pub struct Reproduction {
    /// A row an entry, in the order of the documents.
    pub rows: Vec<Row>,
    /// The groups' titles, in the order of the documents.
    pub groups: Vec<(String, String)>,
    /// What was simulated.
    pub measured: BTreeMap<String, Measured>,
    /// The questions over all groups; none where one group was asked for.
    pub tables: Vec<Table>,
    /// What the committed fit found, as it was printed.
    pub fit: String,
    /// How much.
    pub effort: Effort,
}

/// How many entries have each verdict.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Counts(pub Vec<(Verdict, usize)>);

/// Judges every entry, or those of one group, on the rayon pool it is called in.
///
/// # Errors
/// Where a file cannot be read, an experiment cannot be run, or there is no such group.
pub fn reproduce(shelf: &Shelf, group: Option<&str>, effort: Effort) -> Result<Reproduction, String> {
    let published = shelf.read()?;
    let wanted = |figure: &Figure| group.is_none_or(|group| group == figure.group);
    let mut groups: Vec<(String, String)> = Vec::new();
    for figure in published.figures.iter().filter(|figure| wanted(figure)) {
        if groups.last().is_none_or(|(last, _)| *last != figure.group) {
            groups.push((figure.group.clone(), figure.title.clone()));
        }
    }
    if groups.is_empty() {
        return Err(format!("there is no group {}", group.unwrap_or_default()));
    }
    let needed = needed(&published, group, wanted);
    let cells = published.cells.iter().filter(|(name, _)| needed.contains(*name));
    let cells = cells.map(|(name, spec)| (name.clone(), spec.clone())).collect();
    let measured = cell::run_all(shelf, &cells, effort)?;
    let court = Court { shelf, published: &published, measured: &measured };
    let rows = court.judge(wanted);
    let asked: &[TableSpec] = if group.is_none() { &published.tables } else { &[] };
    let tables = asked.iter().map(|spec| spec.compute(&court)).collect::<Result<_, _>>()?;
    Ok(Reproduction { rows, groups, measured, tables, fit: published.fit, effort })
}

/// The cells that the judgement of some figures rests on, and those of the curve.
fn needed(published: &Published, group: Option<&str>, wanted: impl Fn(&Figure) -> bool) -> BTreeSet<String> {
    let figures = published.figures.iter().filter(|figure| wanted(figure));
    let mut needed = BTreeSet::new();
    for figure in figures {
        let Some(rule) = rule_of(&published.rules, &figure.id) else { continue };
        for text in rule.by.texts() {
            needed.extend(cells_in(&filled(text, figure)).map(str::to_owned));
        }
    }
    if group.is_none_or(|group| group == "s9") {
        let texts = published.tables.iter().filter(|_| group.is_none()).flat_map(TableSpec::texts);
        needed.extend(texts.flat_map(cells_in).map(str::to_owned));
        needed.extend(published.cells.keys().filter(|name| name.starts_with("s9-")).cloned());
    }
    needed
}

impl Reproduction {
    /// How many entries have each verdict, of all kinds or of one.
    pub fn counts(&self, kind: Option<Kind>) -> Counts {
        let of_kind = |row: &&Row| kind.is_none_or(|kind| row.kind == kind.as_str());
        let count = |verdict| self.rows.iter().filter(of_kind).filter(|row| row.verdict == verdict).count();
        Counts(Verdict::ALL.into_iter().map(|verdict| (verdict, count(verdict))).collect())
    }
}

impl Counts {
    /// How many have a verdict.
    pub fn of(&self, verdict: Verdict) -> usize {
        self.0.iter().find(|(known, _)| *known == verdict).map_or(0, |(_, count)| *count)
    }
}

//! The tables of the page as text.

use std::cmp::Reverse;

use serde::Serialize;

use crate::report::{number, select};
use crate::result::{
    Assumption, Better, Cell, CellStatus, Figure, MetricInfo, ResultFile, Sensitivity, SensitivityRow,
    Severity,
};

/// A remark and how much it matters; where cells say the same with other numbers, their words too.
#[derive(Debug, Serialize)]
pub(super) struct Remark {
    kind: &'static str,
    text: String,
    others: Vec<String>,
}

impl Remark {
    /// A remark of one text.
    fn new(severity: Severity, text: &str) -> Self {
        Self { kind: kind(severity), text: number::clean(text), others: Vec::new() }
    }
}

/// The flags of one code: how much they matter, and each text with the cells that carry it.
struct Alike<'a> {
    severity: Severity,
    texts: indexmap::IndexMap<&'a str, Vec<usize>>,
}

/// Cells in words, three and more in a row as a range: `cell 3`, `cells 0–4, 7`, `all 30 cells`.
fn named(cells: &[usize], all: usize) -> String {
    if cells.len() == all && all > 1 {
        return format!("all {all} cells");
    }
    let runs = cells.chunk_by(|a, b| a + 1 == *b);
    let words = runs.flat_map(|run| match run {
        [first, _, .., last] => vec![format!("{first}–{last}")],
        short => short.iter().map(usize::to_string).collect(),
    });
    let plural = if cells.len() == 1 { "cell" } else { "cells" };
    format!("{plural} {}", words.collect::<Vec<_>>().join(", "))
}

/// The flags of the whole and those of cells, warnings first: a remark for each code, whose texts are told apart by the
/// cells that carry them.
pub(super) fn flags(result: &ResultFile) -> Vec<Remark> {
    let mut all: Vec<(Severity, Remark)> = Vec::new();
    all.extend(select::flags(result).map(|flag| (flag.severity, Remark::new(flag.severity, &flag.text))));
    for cell in &result.cells {
        if let CellStatus::Failed(why) = &cell.status {
            let text = format!("Cell {} failed: {why}", cell.index);
            all.push((Severity::Warning, Remark::new(Severity::Warning, &text)));
        }
    }
    let alike = of_cells(&result.cells);
    all.extend(alike.iter().map(|alike| (alike.severity, alike.remark(result.cells.len()))));
    all.sort_by_key(|(severity, _)| Reverse(*severity));
    all.into_iter().map(|(_, remark)| remark).collect()
}

/// What the cells are flagged with, by code in the order of their first cell.
fn of_cells(cells: &[Cell]) -> Vec<Alike<'_>> {
    let mut found: indexmap::IndexMap<&str, Alike<'_>> = indexmap::IndexMap::new();
    for (cell, flag) in cells.iter().flat_map(|cell| cell.flags.iter().map(move |flag| (cell, flag))) {
        let alike = found
            .entry(&flag.code)
            .or_insert_with(|| Alike { severity: flag.severity, texts: indexmap::IndexMap::new() });
        alike.severity = alike.severity.max(flag.severity);
        alike.texts.entry(&flag.text).or_default().push(cell.index);
    }
    found.into_values().collect()
}

impl Alike<'_> {
    /// The text that most cells carry, the first of equals; the others are told beside it.
    fn remark(&self, all: usize) -> Remark {
        let words = |(text, cells): (&&str, &Vec<usize>)| format!("{text} ({})", named(cells, all));
        let most = self.texts.values().map(Vec::len).max().unwrap_or(0);
        let first = self.texts.values().position(|cells| cells.len() == most).unwrap_or(0);
        let mut texts: Vec<String> = self.texts.iter().map(words).map(|text| number::clean(&text)).collect();
        let text = if texts.is_empty() { String::new() } else { texts.remove(first) };
        Remark { kind: kind(self.severity), text, others: texts }
    }
}

fn kind(severity: Severity) -> &'static str {
    match severity {
        Severity::Info => "info",
        Severity::Warning => "warning",
    }
}

/// A field of a table: what is read, and the number it sorts by.
#[derive(Debug, Serialize)]
pub(super) struct Field {
    text: String,
    sort: String,
}

/// A column heading.
#[derive(Debug, Serialize)]
pub(super) struct Heading {
    /// The metric's name; nothing for an axis.
    name: String,
    label: String,
    unit: String,
    meaning: String,
}

/// One row a cell.
#[derive(Debug, Serialize)]
pub(super) struct CellTable {
    head: Vec<Heading>,
    rows: Vec<CellRow>,
}

#[derive(Debug, Serialize)]
struct CellRow {
    index: usize,
    role: &'static str,
    doubtful: bool,
    fields: Vec<Field>,
    state: &'static str,
    verdict: String,
}

impl CellTable {
    pub(super) fn new(result: &ResultFile) -> Self {
        let metrics = select::headline(result);
        let axes = result.axes.iter().map(|axis| {
            let (label, unit) = select::axis_name(axis);
            Heading {
                name: String::new(),
                label,
                unit,
                meaning: format!("sets {}", number::clean(&axis.paths.join(", "))),
            }
        });
        let head = axes.chain(metrics.iter().map(|metric| heading(metric))).collect();
        let rows = result.cells.iter().map(|cell| cell_row(result, cell, &metrics)).collect();
        Self { head, rows }
    }
}

fn heading(metric: &MetricInfo) -> Heading {
    Heading {
        name: number::clean(&metric.name),
        label: number::clean(&metric.label),
        unit: number::clean(number::unit_label(&metric.unit)),
        meaning: number::clean(&metric.meaning),
    }
}

fn cell_row(result: &ResultFile, cell: &Cell, metrics: &[&MetricInfo]) -> CellRow {
    let axes = (0..result.axes.len()).map(|axis| {
        let place = cell.coordinates.get(axis).copied();
        let number = place.and_then(|place| result.axes[axis].numbers.get(place).copied().flatten());
        Field { text: select::axis_value(result, cell, axis), sort: sort_key(number) }
    });
    let figures = metrics.iter().map(|metric| figure(select::figure(cell, &metric.name), metric));
    let (state, verdict) = verdict(result, cell);
    CellRow {
        index: cell.index,
        role: match (result.answer.cell == Some(cell.index), result.answer.smaller == Some(cell.index)) {
            (true, _) => select::role(cell),
            (false, true) => "next smaller",
            (false, false) => "",
        },
        doubtful: select::is_doubtful(cell),
        fields: axes.chain(figures).collect(),
        state,
        verdict,
    }
}

fn figure(figure: Option<&Figure>, metric: &MetricInfo) -> Field {
    Field {
        text: figure.map_or_else(|| "–".to_owned(), |figure| number::with_interval(figure, &metric.unit)),
        sort: sort_key(figure.and_then(|figure| figure.value)),
    }
}

fn sort_key(value: Option<f64>) -> String {
    value.map_or_else(String::new, |value| format!("{value:e}"))
}

fn verdict(result: &ResultFile, cell: &Cell) -> (&'static str, String) {
    match (&cell.status, cell.slo_met) {
        (CellStatus::Failed(_), _) => ("failed", "failed".to_owned()),
        (CellStatus::Done, Some(true)) => ("meets", "✓ meets".to_owned()),
        (CellStatus::Done, Some(false)) => {
            ("misses", format!("✗ misses {}", select::missed(result, cell).join(", ")))
        }
        (CellStatus::Done, None) => ("none", "–".to_owned()),
    }
}

/// An assumed figure at half and at double.
#[derive(Debug, Serialize)]
pub(super) struct SensitivityTable {
    label: String,
    paths: String,
    cell: usize,
    head: Vec<Heading>,
    rows: Vec<FactorRow>,
}

#[derive(Debug, Serialize)]
struct FactorRow {
    factor: String,
    value: String,
    fields: Vec<Field>,
    state: &'static str,
    verdict: String,
}

impl SensitivityTable {
    pub(super) fn new(result: &ResultFile, of: &Sensitivity) -> Self {
        let shown = |metric: &&MetricInfo| of.rows.iter().any(|row| row.metrics.contains_key(&metric.name));
        let metrics: Vec<&MetricInfo> = result.metrics.iter().filter(shown).collect();
        Self {
            label: number::clean(&of.label),
            paths: number::clean(&of.paths.join(", ")),
            cell: of.cell,
            head: metrics.iter().map(|metric| heading(metric)).collect(),
            rows: of.rows.iter().map(|row| factor_row(row, &metrics)).collect(),
        }
    }
}

fn factor_row(row: &SensitivityRow, metrics: &[&MetricInfo]) -> FactorRow {
    let (state, verdict) = match (&row.failed, row.slo_met) {
        (Some(why), _) => ("failed", format!("failed: {}", number::clean(why))),
        (None, Some(true)) => ("meets", "✓ meets".to_owned()),
        (None, Some(false)) => ("misses", "✗ misses".to_owned()),
        (None, None) => ("none", "–".to_owned()),
    };
    FactorRow {
        factor: format!("× {}", number::plain(row.factor)),
        value: number::clean(&row.value),
        fields: metrics.iter().map(|metric| figure(row.metrics.get(&metric.name), metric)).collect(),
        state,
        verdict,
    }
}

/// A figure that the model uses.
#[derive(Debug, Serialize)]
pub(super) struct AssumptionRow {
    path: String,
    value: String,
    mark: String,
    class: &'static str,
    source: String,
    note: String,
}

impl AssumptionRow {
    pub(super) fn new(of: &Assumption) -> Self {
        let value = of.value.as_str().map_or_else(|| of.value.to_string(), str::to_owned);
        Self {
            path: number::clean(&of.path),
            value: number::clean(&value),
            mark: number::clean(&of.mark),
            class: if matches!(of.mark.as_str(), "assumed" | "extrapolated") { "weak" } else { "firm" },
            source: number::clean(&of.source),
            note: number::clean(of.note.as_deref().unwrap_or_default()),
        }
    }
}

/// What a metric means.
#[derive(Debug, Serialize)]
pub(super) struct MetricRow {
    name: String,
    label: String,
    unit: String,
    better: &'static str,
    meaning: String,
}

impl MetricRow {
    pub(super) fn new(of: &MetricInfo) -> Self {
        Self {
            name: number::clean(&of.name),
            label: number::clean(&of.label),
            unit: number::clean(&of.unit),
            better: match of.better {
                Better::Lower => "lower is better",
                Better::Higher => "higher is better",
                Better::Neither => "",
            },
            meaning: number::clean(&of.meaning),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::result::Flag;

    fn flagged(index: usize, code: &str, text: &str) -> Cell {
        let sweep: ResultFile = serde_json::from_str(include_str!("../../../tests/data/report/sweep.json"))
            .expect("the fixture is a result");
        let flag = Flag { code: code.to_owned(), text: text.to_owned(), severity: Severity::Warning };
        Cell { index, flags: vec![flag], ..sweep.cells[17].clone() }
    }

    #[test]
    fn a_code_is_one_remark_and_every_text_is_told_with_its_cells() {
        let texts = [("limit", "lasts 9 s"), ("limit", "lasts 5 s"), ("old", "old"), ("limit", "lasts 5 s")];
        let cells: Vec<Cell> =
            texts.iter().enumerate().map(|(index, (code, text))| flagged(index, code, text)).collect();
        let remarks: Vec<Remark> = of_cells(&cells).iter().map(|alike| alike.remark(4)).collect();
        assert_eq!(remarks[0].text, "lasts 5 s (cells 1, 3)");
        assert_eq!(remarks[0].others, ["lasts 9 s (cell 0)"]);
        assert_eq!((remarks[1].text.as_str(), remarks[1].others.len()), ("old (cell 2)", 0));
    }

    #[test]
    fn cells_in_a_row_are_told_as_a_range() {
        assert_eq!(named(&[3], 9), "cell 3");
        assert_eq!(named(&[0, 1, 2, 3, 7, 8], 9), "cells 0–3, 7, 8");
        assert_eq!(named(&[0, 1], 2), "all 2 cells");
        assert_eq!(named(&[0], 1), "cell 0");
    }
}

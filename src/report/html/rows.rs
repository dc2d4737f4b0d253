//! The tables of the page as text.

use std::cmp::Reverse;

use serde::Serialize;

use crate::report::{number, select};
use crate::result::{
    Assumption, Better, Cell, CellStatus, Figure, MetricInfo, ResultFile, Sensitivity, SensitivityRow,
    Severity,
};

/// A remark and how much it matters.
#[derive(Debug, Serialize)]
pub(super) struct Remark {
    kind: &'static str,
    text: String,
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

/// The flags of the whole and those of cells, with the cells that carry them; warnings first.
pub(super) fn flags(result: &ResultFile) -> Vec<Remark> {
    let mut all: Vec<(Severity, String)> =
        result.flags.iter().map(|flag| (flag.severity, flag.text.clone())).collect();
    let mut of_cells: indexmap::IndexMap<&str, (Severity, &str, Vec<usize>)> = indexmap::IndexMap::new();
    for cell in &result.cells {
        for flag in &cell.flags {
            let entry = of_cells.entry(&flag.code).or_insert((flag.severity, &flag.text, Vec::new()));
            entry.2.push(cell.index);
        }
        if let CellStatus::Failed(why) = &cell.status {
            all.push((Severity::Warning, format!("Cell {} failed: {why}", cell.index)));
        }
    }
    all.extend(of_cells.into_values().map(|(severity, text, cells)| {
        (severity, format!("{text} ({})", named(&cells, result.cells.len())))
    }));
    all.sort_by_key(|(severity, _)| Reverse(*severity));
    all.into_iter()
        .map(|(severity, text)| Remark { kind: kind(severity), text: number::clean(&text) })
        .collect()
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
            Heading { label, unit, meaning: format!("sets {}", number::clean(&axis.paths.join(", "))) }
        });
        let head = axes.chain(metrics.iter().map(|metric| heading(metric))).collect();
        let rows = result.cells.iter().map(|cell| cell_row(result, cell, &metrics)).collect();
        Self { head, rows }
    }
}

fn heading(metric: &MetricInfo) -> Heading {
    Heading {
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
            (true, _) => "the answer",
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

    #[test]
    fn cells_in_a_row_are_told_as_a_range() {
        assert_eq!(named(&[3], 9), "cell 3");
        assert_eq!(named(&[0, 1, 2, 3, 7, 8], 9), "cells 0–3, 7, 8");
        assert_eq!(named(&[0, 1], 2), "all 2 cells");
        assert_eq!(named(&[0], 1), "cell 0");
    }
}

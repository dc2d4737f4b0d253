//! Tables for sheets and data frames, and the dictionary that says what their columns mean.
//!
//! One header line, a comma, a full stop, no thousands; an empty field is a value that is not there. Text that a
//! sheet would take for a formula (it starts with `=`, `+`, `-` or `@`) is led by an apostrophe.

use indexmap::{IndexMap, IndexSet};
use serde::Serialize;

use super::{ReportError, number, select};
use crate::result::{Cell, CellStatus, ResultFile};

/// One metric of one replication of one cell.
///
/// ```
/// use tars_sim::report::csv::{ReplicationRow, replications};
///
/// let row = ReplicationRow { cell: 3, replication: 0, metric: "error_share".into(), value: Some(0.02) };
/// assert_eq!(replications(&[row])?, b"cell,replication,metric,value\n3,0,error_share,0.02\n");
/// # Ok::<(), tars_sim::report::ReportError>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct ReplicationRow {
    /// The cell's place in the sweep.
    pub cell: usize,
    /// The replication, from 0.
    pub replication: u32,
    /// The metric's name.
    pub metric: String,
    /// Its value in the metric's unit, absent when nothing was seen.
    pub value: Option<f64>,
}

/// `results.csv`: a row a cell; axes, then each metric with the ends of its interval.
///
/// # Errors
///
/// When the writer fails, which memory does not.
pub fn results(result: &ResultFile) -> Result<Vec<u8>, ReportError> {
    let mut table = Table::new(&result_columns(result))?;
    for cell in &result.cells {
        let mut row = cell_head(result, cell);
        row.push(status(cell).to_owned());
        row.extend([cell.replications.to_string(), float(Some(cell.window_s)), float(Some(cell.warmup_s))]);
        row.push(cell.slo_met.map_or_else(String::new, |met| met.to_string()));
        row.push(missed(result, cell));
        for metric in &result.metrics {
            let figure = select::figure(cell, &metric.name);
            row.push(float(figure.and_then(|figure| figure.value)));
            row.push(float(figure.and_then(|figure| figure.low)));
            row.push(float(figure.and_then(|figure| figure.high)));
        }
        table.row(&row)?;
    }
    table.finish()
}

/// `replications.csv`: tidy, one value a row.
///
/// # Errors
///
/// As [`results`].
pub fn replications(rows: &[ReplicationRow]) -> Result<Vec<u8>, ReportError> {
    let mut table = Table::new(&replication_columns())?;
    for row in rows {
        let metric = guarded(&row.metric);
        table.row(&[row.cell.to_string(), row.replication.to_string(), metric, float(row.value)])?;
    }
    table.finish()
}

/// `timeseries.csv`: a row a window of each cell; axes, the window's start, then every column that any cell has.
///
/// # Errors
///
/// As [`results`].
pub fn time_series(result: &ResultFile) -> Result<Vec<u8>, ReportError> {
    let names = series_names(result);
    let mut table = Table::new(&series_columns(result))?;
    for cell in &result.cells {
        let Some(series) = &cell.series else { continue };
        let windows = series.columns.values().map(Vec::len).max().unwrap_or(0);
        for window in 0..windows {
            let mut row = cell_head(result, cell);
            row.push(float(Some(window as f64 * series.window_s)));
            for name in &names {
                let value = series.columns.get(name).and_then(|column| column.get(window).copied().flatten());
                row.push(float(value));
                if has_band(result, name) {
                    let half =
                        series.half_widths.get(name).and_then(|half| half.get(window).copied().flatten());
                    let end = |sign: f64| value.zip(half).map(|(value, half)| value + sign * half);
                    row.extend([float(end(-1.0)), float(end(1.0))]);
                }
            }
            table.row(&row)?;
        }
    }
    table.finish()
}

/// `columns.json`: for each table, each column's name, unit and meaning.
///
/// # Errors
///
/// As [`results`].
pub fn columns(result: &ResultFile) -> Result<Vec<u8>, ReportError> {
    let tables = IndexMap::from([
        ("results.csv", result_columns(result)),
        ("replications.csv", replication_columns()),
        ("timeseries.csv", series_columns(result)),
    ]);
    let mut bytes =
        serde_json::to_vec_pretty(&tables).map_err(|error| ReportError::Table(error.to_string()))?;
    bytes.push(b'\n');
    Ok(bytes)
}

/// One column of a table.
#[derive(Clone, Debug, Serialize)]
struct Column {
    name: String,
    unit: String,
    meaning: String,
}

impl Column {
    fn new(name: impl Into<String>, unit: impl Into<String>, meaning: impl Into<String>) -> Self {
        Self { name: name.into(), unit: unit.into(), meaning: meaning.into() }
    }
}

fn result_columns(result: &ResultFile) -> Vec<Column> {
    let mut columns = head_columns(result);
    columns.extend([
        Column::new("status", "", "done, or failed when the cell could not be computed"),
        Column::new("replications", "", "replications that the row rests on"),
        Column::new("window_s", "s", "simulated time measured in each replication"),
        Column::new("warmup_s", "s", "simulated time cut off before it"),
        Column::new(
            "slo_met",
            "",
            "whether every condition of the objective holds; empty without an objective",
        ),
        Column::new("slo_missed", "", "the metrics whose conditions do not hold, separated by spaces"),
    ]);
    let confidence = number::plain(result.confidence * 100.0);
    for metric in &result.metrics {
        let name = slug(&metric.name);
        let ends = [("_low", "lower"), ("_high", "upper")];
        columns.push(Column::new(&name, &metric.unit, format!("{}: {}", metric.label, metric.meaning)));
        columns.extend(ends.map(|(suffix, end)| {
            let meaning = format!("{end} end of the {confidence} % interval of {name}");
            Column::new(format!("{name}{suffix}"), &metric.unit, meaning)
        }));
    }
    distinct(columns)
}

fn replication_columns() -> Vec<Column> {
    vec![
        Column::new("cell", "", "the configuration's place in the sweep, from 0"),
        Column::new("replication", "", "the replication, from 0; equal numbers share their random numbers"),
        Column::new("metric", "", "the metric's name"),
        Column::new("value", "the metric's", "its value in this replication; empty when nothing was seen"),
    ]
}

fn series_columns(result: &ResultFile) -> Vec<Column> {
    let mut columns = head_columns(result);
    let confidence = number::plain(result.confidence * 100.0);
    columns.push(Column::new("window_start_s", "s", "start of the window, in simulated time"));
    for name in series_names(result) {
        let (slug, unit) = (slug(&name), series_unit(&name));
        if !has_band(result, &name) {
            columns.push(Column::new(
                slug,
                unit,
                "of all replications together, in the window; it has no interval",
            ));
            continue;
        }
        let when = if is_at_end(&name) { "at the window's end" } else { "in the window" };
        columns.push(Column::new(&slug, unit, format!("mean over the replications, {when}")));
        columns.extend([("_low", "lower"), ("_high", "upper")].map(|(suffix, end)| {
            let meaning =
                format!("{end} end of the {confidence} % interval of {slug}, for this window by itself");
            Column::new(format!("{slug}{suffix}"), unit, meaning)
        }));
    }
    distinct(columns)
}

fn head_columns(result: &ResultFile) -> Vec<Column> {
    let mut columns = vec![Column::new("cell", "", "the configuration's place in the sweep, from 0")];
    columns.extend(result.axes.iter().map(|axis| {
        let (_, unit) = select::axis_name(axis);
        let meaning = format!("{}; sets {}", axis.label, axis.paths.join(" "));
        Column::new(slug(&axis.label), unit, meaning)
    }));
    columns
}

/// The columns of all time series, in the order in which the cells name them.
pub(super) fn series_names(result: &ResultFile) -> IndexSet<String> {
    let series = result.cells.iter().filter_map(|cell| cell.series.as_ref());
    series.flat_map(|series| series.columns.keys().cloned()).collect()
}

/// Whether any cell has intervals for a column of its time series.
fn has_band(result: &ResultFile, name: &str) -> bool {
    let mut series = result.cells.iter().filter_map(|cell| cell.series.as_ref());
    series.any(|series| series.half_widths.contains_key(name))
}

/// Whether a column tells what stands when a window ends; the others tell of the whole window.
pub(super) fn is_at_end(name: &str) -> bool {
    let known = ["mode", "degradation_level", "agents_ready", "agents_starting", "touched_in_flight"];
    known.contains(&name) || name.starts_with("limiter/") || name.starts_with("failover/")
}

/// The unit that ends a column's name.
pub(crate) fn series_unit(name: &str) -> &'static str {
    match name {
        name if name.ends_with("_usd_per_s") => "USD/s",
        name if name.ends_with("_per_s") => "1/s",
        name if name.ends_with("_per_min") => "1/min",
        name if name.ends_with("_per_h") => "1/h",
        name if name.ends_with("_share") || name.ends_with("utilisation") => "share",
        name if name.ends_with("_s") => "s",
        name if name.ends_with("_mb") => "MB",
        name if name.ends_with("_bytes") => "B",
        _ => "",
    }
}

fn cell_head(result: &ResultFile, cell: &Cell) -> Vec<String> {
    let mut row = vec![cell.index.to_string()];
    row.extend((0..result.axes.len()).map(|axis| axis_field(result, cell, axis)));
    row
}

/// A number where the axis has numbers, guarded text elsewhere.
fn axis_field(result: &ResultFile, cell: &Cell, axis: usize) -> String {
    let place = cell.coordinates.get(axis).copied();
    match place.and_then(|place| result.axes[axis].numbers.get(place).copied().flatten()) {
        Some(value) => float(Some(value)),
        None => guarded(&select::axis_value(result, cell, axis)),
    }
}

fn missed(result: &ResultFile, cell: &Cell) -> String {
    let terms = cell.slo_missed.iter().filter_map(|index| result.slo.get(*index));
    terms.map(|term| slug(&term.metric)).collect::<Vec<_>>().join(" ")
}

fn status(cell: &Cell) -> &'static str {
    match &cell.status {
        CellStatus::Done => "done",
        CellStatus::Failed(_) => "failed",
    }
}

/// The shortest text that reads back as the same bits; empty when there is nothing finite.
fn float(value: Option<f64>) -> String {
    match value {
        Some(value) if value.is_finite() => {
            let text = serde_json::Number::from_f64(value).map(|number| number.to_string());
            let text = text.unwrap_or_default();
            text.strip_suffix(".0").map(str::to_owned).unwrap_or(text)
        }
        Some(_) | None => String::new(),
    }
}

fn guarded(text: &str) -> String {
    let text = number::clean(text);
    if text.starts_with(['=', '+', '-', '@']) { format!("'{text}") } else { text }
}

/// A column name that needs no quoting anywhere: `offered load, 1/s` becomes `offered_load_1_per_s`.
pub(crate) fn slug(label: &str) -> String {
    let mut name = String::new();
    for sign in label.replace("1/", "1 per ").replace('%', " percent ").chars() {
        if sign.is_ascii_alphanumeric() {
            name.push(sign.to_ascii_lowercase());
        } else if !name.ends_with('_') && !name.is_empty() {
            name.push('_');
        }
    }
    let name = name.trim_end_matches('_');
    if name.is_empty() { "column".to_owned() } else { name.chars().take(60).collect() }
}

/// Numbers the later ones of equal names.
fn distinct(mut columns: Vec<Column>) -> Vec<Column> {
    let mut seen = IndexSet::new();
    for column in &mut columns {
        let first = column.name.clone();
        let mut number = 2;
        while !seen.insert(column.name.clone()) {
            column.name = format!("{first}_{number}");
            number += 1;
        }
    }
    columns
}

/// A writer that ends lines as Unix does.
struct Table {
    writer: csv::Writer<Vec<u8>>,
}

impl Table {
    fn new(columns: &[Column]) -> Result<Self, ReportError> {
        let mut table = Self { writer: csv::WriterBuilder::new().from_writer(Vec::new()) };
        table.row(&columns.iter().map(|column| column.name.clone()).collect::<Vec<_>>())?;
        Ok(table)
    }

    fn row(&mut self, fields: &[String]) -> Result<(), ReportError> {
        self.writer.write_record(fields).map_err(|error| ReportError::Table(error.to_string()))
    }

    fn finish(self) -> Result<Vec<u8>, ReportError> {
        self.writer.into_inner().map_err(|error| ReportError::Table(error.to_string()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn floats_are_as_short_as_they_can_be() {
        assert_eq!(float(Some(0.1 + 0.2)), "0.30000000000000004");
        assert_eq!(float(Some(25.0)), "25");
        assert_eq!(float(Some(f64::INFINITY)), "");
        assert_eq!(float(None), "");
    }

    #[test]
    fn a_formula_is_not_executed_by_a_sheet() {
        assert_eq!(guarded("=HYPERLINK(1)"), "'=HYPERLINK(1)");
        assert_eq!(guarded("least loaded"), "least loaded");
    }

    #[test]
    fn column_names_need_no_quotes_and_differ() {
        assert_eq!(slug("offered load, 1/s"), "offered_load_1_per_s");
        assert_eq!(slug("</script>"), "script");
        assert_eq!(slug("±"), "column");
        let column = |name: &str| Column::new(name, "", "");
        let names = distinct(vec![column("a"), column("a"), column("a")]);
        assert_eq!(names.iter().map(|column| column.name.as_str()).collect::<Vec<_>>(), ["a", "a_2", "a_3"]);
    }
}

//! Which metrics and cells an output shows.

use crate::result::{Axis, Cell, CellStatus, Figure, Flag, MetricInfo, ResultFile, Severity, SloTerm};

use super::number;

/// What a first look is worth, said right below its answer.
pub(crate) const QUICK: &str =
    "Made with --quick: fewer cells and replications, long runs cut short. Not for decisions.";

/// The flags of the whole that are not said elsewhere already.
pub(crate) fn flags(result: &ResultFile) -> impl Iterator<Item = &Flag> {
    result.flags.iter().filter(|flag| flag.code != "quick")
}

/// Finds the first of `names` that the result has.
pub(crate) fn metric<'a>(result: &'a ResultFile, names: &[&str]) -> Option<&'a MetricInfo> {
    names.iter().find_map(|name| result.metrics.iter().find(|metric| metric.name == *name))
}

/// The throughput that is drawn: tasks that ended well.
pub(crate) fn throughput(result: &ResultFile) -> Option<&MetricInfo> {
    let known =
        ["throughput_completed_per_s", "completed_per_s", "throughput_good_per_s", "throughput_per_s"];
    metric(result, &known).or_else(|| result.metrics.iter().find(|metric| metric.unit == "1/s"))
}

/// The quantiles of latency, from the median up.
pub(crate) fn latency_quantiles(result: &ResultFile) -> Vec<&MetricInfo> {
    ["latency_p50_s", "latency_p95_s", "latency_p99_s"]
        .iter()
        .filter_map(|name| metric(result, &[name]))
        .collect()
}

/// The latency that decides: the 99th percentile, or the next lower one that is there.
pub(crate) fn latency(result: &ResultFile) -> Option<&MetricInfo> {
    latency_quantiles(result).pop().or_else(|| metric(result, &["latency_mean_s"]))
}

/// The share of tasks that failed.
pub(crate) fn errors(result: &ResultFile) -> Option<&MetricInfo> {
    metric(result, &["error_share"]).or_else(|| {
        result.metrics.iter().find(|metric| metric.unit == "share" && metric.name.contains("error"))
    })
}

/// What 1,000 tasks cost.
pub(crate) fn cost(result: &ResultFile) -> Option<&MetricInfo> {
    metric(result, &["cost_usd_per_1000_tasks"])
        .or_else(|| result.metrics.iter().find(|metric| metric.unit.starts_with("USD per 1000")))
}

/// The metrics of a short table.
pub(crate) fn headline(result: &ResultFile) -> Vec<&MetricInfo> {
    result.metrics.iter().filter(|metric| metric.headline).collect()
}

/// The figure of a metric in a cell that could be computed.
pub(crate) fn figure<'a>(cell: &'a Cell, metric: &str) -> Option<&'a Figure> {
    cell.metrics.get(metric)
}

/// Its estimate, where there is a finite one.
pub(crate) fn value(cell: &Cell, metric: &str) -> Option<f64> {
    figure(cell, metric)?.value.filter(|value| value.is_finite())
}

/// The condition of the objective on a metric.
pub(crate) fn slo<'a>(result: &'a ResultFile, metric: &str) -> Option<&'a SloTerm> {
    result.slo.iter().find(|term| term.metric == metric)
}

/// Whether a cell was computed.
pub(crate) fn is_done(cell: &Cell) -> bool {
    match &cell.status {
        CellStatus::Done => true,
        CellStatus::Failed(_) => false,
    }
}

/// Whether something puts the cell's numbers in doubt.
pub(crate) fn is_doubtful(cell: &Cell) -> bool {
    cell.flags.iter().any(|flag| flag.severity == Severity::Warning)
}

/// The cell that a picture of a single cell shows: the answer's, else its neighbour, else the first computed one.
pub(crate) fn focus(result: &ResultFile) -> Option<&Cell> {
    [result.answer.cell, result.answer.smaller]
        .into_iter()
        .flatten()
        .filter_map(|index| cell_at(result, index))
        .chain(result.cells.iter())
        .find(|cell| is_done(cell))
}

/// The answer's cell.
pub(crate) fn answer_cell(result: &ResultFile) -> Option<&Cell> {
    result.answer.cell.and_then(|index| cell_at(result, index))
}

/// What the answer's cell is called: it may be the nearest of those that miss the objective.
pub(crate) fn role(cell: &Cell) -> &'static str {
    if cell.slo_met == Some(false) { "nearest to the objective" } else { "the answer" }
}

/// The cell with an index.
pub(crate) fn cell_at(result: &ResultFile, index: usize) -> Option<&Cell> {
    result.cells.iter().find(|cell| cell.index == index)
}

/// What a place is, and its name: `nodes main` are the `nodes` named `main`. Without a kind, it is a `station`.
pub(crate) fn place(name: &str) -> (&str, &str) {
    match name.split_once(' ') {
        Some((kind @ ("station" | "pool" | "nodes"), name)) => (kind, name),
        Some(_) | None => ("station", name),
    }
}

/// The text of a cell's value on an axis.
pub(crate) fn axis_value(result: &ResultFile, cell: &Cell, axis: usize) -> String {
    let text = cell.coordinates.get(axis).and_then(|place| result.axes.get(axis)?.values.get(*place));
    text.map_or_else(|| "–".to_owned(), |text| number::grouped(&number::clean(text)))
}

/// An axis that is a quantity: every value is a finite number and at least two differ.
pub(crate) fn is_numeric(axis: &Axis) -> bool {
    let all = !axis.numbers.is_empty() && axis.numbers.iter().all(|value| value.is_some_and(f64::is_finite));
    all && axis.numbers.iter().any(|value| *value != axis.numbers[0])
}

/// A label and its unit, which stands after the last comma of a quantity: `offered load` and `1/s`; `agents` and
/// nothing.
pub(crate) fn axis_name(axis: &Axis) -> (String, String) {
    let label = number::clean(&axis.label);
    match label.rsplit_once(", ") {
        Some((name, unit)) if unit.chars().count() <= 16 && axis.numbers.iter().any(Option::is_some) => {
            (name.to_owned(), unit.to_owned())
        }
        Some(_) | None => (label, String::new()),
    }
}

/// A value on an axis in words: `offered load 28/s`; `agents, users: 5, 50`.
pub(crate) fn axis_words(axis: &Axis, value: &str) -> String {
    let (name, unit) = axis_name(axis);
    let colon = if name.contains(", ") { ":" } else { "" };
    format!("{name}{colon} {}", number::beside_unit(value, &unit))
}

/// A cell's values on some axes in words: `agents 80, limit 3000 1/min`.
pub(crate) fn describe(result: &ResultFile, cell: &Cell, axes: &[usize]) -> String {
    let parts = axes
        .iter()
        .filter_map(|axis| Some(axis_words(result.axes.get(*axis)?, &axis_value(result, cell, *axis))));
    parts.collect::<Vec<_>>().join(", ")
}

/// The conditions that a cell misses, by short metric name: `latency p99`.
pub(crate) fn missed(result: &ResultFile, cell: &Cell) -> Vec<String> {
    let terms = cell.slo_missed.iter().filter_map(|index| result.slo.get(*index));
    terms.map(|term| number::clean(&readable(&term.metric))).collect()
}

/// A column's name without its unit, which stands elsewhere: `latency_p99_s` is `latency p99`.
pub(crate) fn readable(name: &str) -> String {
    let suffixes = [
        "_usd_per_1000_tasks",
        "_usd_per_s",
        "_per_s",
        "_per_min",
        "_per_h",
        "_share",
        "_mb",
        "_bytes",
        "_s",
    ];
    let bare = suffixes.iter().find_map(|suffix| name.strip_suffix(suffix)).unwrap_or(name);
    bare.replace('_', " ")
}

//! Time series as OpenMetrics text, so that Prometheus can load a run and Grafana show it beside production.
//!
//! Every column is a gauge with a sample a window, at the window's end: what a scrape at that moment would have seen of
//! the window. Timestamps are simulated time, counted from a Unix time that the caller names.

use std::fmt::Write;

use super::csv::{is_at_end, series_names, slug};
use super::{number, select};
use crate::result::{Cell, ResultFile, Series};

/// How a column's ending becomes one that Prometheus knows, and the unit that is declared.
const ENDINGS: [(&str, &str, &str); 8] = [
    ("_usd_per_s", "_usd_per_second", ""),
    ("_per_s", "_per_second", ""),
    ("_per_min", "_per_minute", ""),
    ("_per_h", "_per_hour", ""),
    ("_share", "_ratio", "ratio"),
    ("_mb", "_megabytes", "megabytes"),
    ("_bytes", "_bytes", "bytes"),
    ("_s", "_seconds", "seconds"),
];

/// Which of the three lines of a column a family holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Line {
    Estimate,
    Low,
    High,
}

impl Line {
    /// The value of a window, absent where nothing was seen.
    fn value(self, series: &Series, column: &str, window: usize) -> Option<f64> {
        let at = |of: &indexmap::IndexMap<String, Vec<Option<f64>>>| {
            of.get(column)?.get(window).copied().flatten()
        };
        let value = at(&series.columns)?;
        let found = match self {
            Self::Estimate => value,
            Self::Low => value - at(&series.half_widths)?,
            Self::High => value + at(&series.half_widths)?,
        };
        Some(found).filter(|value| value.is_finite())
    }

    fn suffix(self) -> &'static str {
        match self {
            Self::Estimate => "",
            Self::Low => "_low",
            Self::High => "_high",
        }
    }

    fn words(self, column: &str, confidence: f64) -> String {
        let over = if is_at_end(column) { "as the window ends" } else { "over the window that ends here" };
        let column = select::readable(column);
        let percent = number::plain(confidence * 100.0);
        match self {
            Self::Estimate => format!("Simulated {column}, {over}."),
            Self::Low => format!("Lower end of the {percent} % interval of the simulated {column}."),
            Self::High => format!("Upper end of the {percent} % interval of the simulated {column}."),
        }
    }
}

/// The time series of all cells; simulated time 0 stands at the Unix time `start_s`.
///
/// ```
/// use tars_sim::report::{json, openmetrics};
///
/// let result = json::from_bytes(include_bytes!("../../tests/data/report/sweep.json"))?;
/// let text = String::from_utf8(openmetrics::time_series(&result, 0)).expect("it is text");
/// assert!(text.starts_with("# TYPE tars_sim_"));
/// assert!(text.ends_with("\n# EOF\n"));
/// # Ok::<(), tars_sim::report::ReportError>(())
/// ```
pub fn time_series(result: &ResultFile, start_s: u64) -> Vec<u8> {
    let cells: Vec<(&Series, String)> = result
        .cells
        .iter()
        .filter_map(|cell| cell.series.as_ref().map(|series| (series, labels(result, cell))))
        .collect();
    let mut text = String::new();
    for column in series_names(result) {
        for line in [Line::Estimate, Line::Low, Line::High] {
            family(&mut text, result, (&column, line), &cells, start_s);
        }
    }
    text.push_str("# EOF\n");
    text.into_bytes()
}

/// One metric family: its head, then cell by cell its samples in the order of time. Nothing where it has no sample.
fn family(
    text: &mut String,
    result: &ResultFile,
    (column, line): (&str, Line),
    cells: &[(&Series, String)],
    start_s: u64,
) {
    let (name, unit) = name(column, line);
    let mut samples = String::new();
    for (series, labels) in cells {
        let windows = series.columns.get(column).map_or(0, Vec::len);
        for window in 0..windows {
            let Some(value) = line.value(series, column, window) else { continue };
            let time = start_s as f64 + (window + 1) as f64 * series.window_s;
            writeln!(samples, "{name}{{{labels}}} {value} {}", moment(time))
                .expect("a string takes everything");
        }
    }
    if samples.is_empty() {
        return;
    }
    let mut head = format!("# TYPE {name} gauge\n");
    if !unit.is_empty() {
        head.extend(["# UNIT ", &name, " ", unit, "\n"]);
    }
    let words = escaped(&line.words(column, result.confidence));
    text.extend([head, format!("# HELP {name} {words}\n"), samples]);
}

/// A name that ends in its unit, as Prometheus wants it: `latency_p99_s` is `tars_sim_latency_p99_seconds`.
fn name(column: &str, line: Line) -> (String, &'static str) {
    let column = slug(column);
    let known =
        ENDINGS.iter().find_map(|(ending, long, unit)| Some((column.strip_suffix(ending)?, *long, *unit)));
    let (stem, ending, unit) = known.unwrap_or((&column, "", ""));
    (format!("tars_sim_{stem}{}{ending}", line.suffix()), unit)
}

/// What tells one cell from another: the experiment, the cell's number, its value on each axis.
fn labels(result: &ResultFile, cell: &Cell) -> String {
    let mut pairs = vec![
        ("experiment".to_owned(), number::clean(&result.name)),
        ("cell".to_owned(), cell.index.to_string()),
    ];
    for (place, axis) in result.axes.iter().enumerate() {
        let short = slug(&axis.label);
        let taken =
            pairs.iter().any(|(name, _)| *name == short) || short.starts_with(|c: char| c.is_ascii_digit());
        let name = if taken { format!("axis_{place}_{short}") } else { short };
        let value = cell.coordinates.get(place).and_then(|at| axis.values.get(*at));
        pairs.push((name, value.map_or_else(String::new, |value| number::clean(value))));
    }
    let written: Vec<String> =
        pairs.iter().map(|(name, value)| format!("{name}=\"{}\"", escaped(value))).collect();
    written.join(",")
}

/// A moment in seconds, to the millisecond that Prometheus keeps.
fn moment(time_s: f64) -> String {
    let text = format!("{time_s:.3}");
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

/// Text between quotes.
fn escaped(text: &str) -> String {
    text.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_end_in_units_that_prometheus_knows() {
        check("latency_p99_s", Line::Estimate, "tars_sim_latency_p99_seconds", "seconds");
        check("latency_p99_s", Line::High, "tars_sim_latency_p99_high_seconds", "seconds");
        check("issued_per_s", Line::Low, "tars_sim_issued_low_per_second", "");
        check("heap_mb", Line::Estimate, "tars_sim_heap_megabytes", "megabytes");
        check("queue", Line::Estimate, "tars_sim_queue", "");
    }

    #[track_caller]
    fn check(column: &str, line: Line, expected: &str, unit: &str) {
        assert_eq!(name(column, line), (expected.to_owned(), unit));
    }

    #[test]
    fn moments_are_as_short_as_they_can_be() {
        assert_eq!((moment(1_700_000_000.0), moment(2.5)), ("1700000000".to_owned(), "2.5".to_owned()));
    }

    #[test]
    fn a_label_keeps_its_quotes() {
        assert_eq!(escaped("a \"b\"\\"), "a \\\"b\\\"\\\\");
    }
}

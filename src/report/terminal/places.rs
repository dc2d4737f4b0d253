//! What stations, pools and nodes did, beside a single configuration.

use comfy_table::Cell as TableCell;

use super::{Screen, cut, laid_out, stacked, visible_width};
use crate::report::{csv, number, select};
use crate::result::{Cell, StationResult};

/// Columns of stations and pools, the most telling first.
const SERVING: [&str; 6] =
    ["utilisation", "throughput_per_s", "wait_mean_s", "wait_p99_s", "queue_mean", "limited_share"];
/// Columns of nodes.
const NODES: [&str; 6] =
    ["heap_mean_mb", "heap_max_mb", "stopped_share", "pause_p99_s", "event_loop_utilisation", "deaths_per_h"];
/// A place's name is cut at this width.
const NAME_WIDTH: usize = 24;
/// Rows of one table; the report has all of them.
const ROWS_MAX: usize = 12;

/// A table for each kind of place that the cell has, each below an empty line.
pub(super) fn tables(cell: &Cell, screen: Screen) -> String {
    let mut text = String::new();
    for (kind, columns) in [("station", SERVING), ("pool", SERVING), ("nodes", NODES)] {
        let of_kind = |place: &&StationResult| select::place(&place.name).0 == kind;
        let places: Vec<&StationResult> = cell.stations.iter().filter(of_kind).collect();
        if !places.is_empty() {
            text.push('\n');
            text.push_str(&table(kind, &places, &columns, screen));
            text.push('\n');
        }
    }
    text
}

/// As many columns as fit, of those that say something of any place.
fn table(kind: &str, places: &[&StationResult], columns: &[&str], screen: Screen) -> String {
    let says = |name: &&&str| places.iter().any(|place| says_something(place, name));
    let mut kept: Vec<&str> = columns.iter().filter(says).copied().collect();
    loop {
        let text = table_of(kind, places, &kept, screen);
        if text.lines().all(|line| visible_width(line) <= screen.width) || kept.pop().is_none() {
            return text;
        }
    }
}

fn table_of(kind: &str, places: &[&StationResult], columns: &[&str], screen: Screen) -> String {
    let header = columns.iter().map(|name| {
        let unit = number::unit_label(csv::series_unit(name));
        stacked(&select::readable(name), unit)
    });
    let header: Vec<String> = std::iter::once(kind.to_owned()).chain(header).collect();
    let rows = places.iter().take(ROWS_MAX).map(|place| {
        let (_, name) = select::place(&place.name);
        let name = TableCell::new(cut(&number::clean(name), NAME_WIDTH));
        let figures = columns.iter().map(|column| {
            let shown = place.metrics.get(*column);
            let text = shown.map(|figure| number::estimate(figure, csv::series_unit(column)));
            TableCell::new(text.unwrap_or_else(|| "–".to_owned()))
        });
        std::iter::once(name).chain(figures).collect()
    });
    laid_out(header, rows.collect(), 1..=columns.len(), screen)
}

/// Whether a place has a value that is worth a column: a limit that is not there refuses nothing.
fn says_something(place: &StationResult, name: &str) -> bool {
    let value = place.metrics.get(name).and_then(|figure| figure.value);
    value.is_some_and(|value| value > 0.0 || name != "limited_share")
}

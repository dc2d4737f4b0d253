//! How many tasks are slower than a latency, on logarithmic axes: the tail is what the mean hides.

use super::chart::{Chart, Panel, Sample, Trust};
use super::scale::Scale;
use super::scene::Dots;
use super::{Picture, subtitle_of_pooled};
use crate::report::select;
use crate::result::{Cell, ResultFile};

/// Lines that a reader can follow.
const LINES_MAX: usize = 6;

/// Draws the distribution of the answer's cell and of those that differ from it on the first axis alone.
pub(crate) fn picture(result: &ResultFile) -> Option<Picture> {
    let focus = select::focus(result)?;
    let axis = result.axes.iter().position(select::is_numeric).unwrap_or(0);
    // One line for each value of the axis, so that a value has the colour that it has in the other plots.
    let count = result.axes.get(axis).map_or(1, |axis| axis.values.len());
    let place = focus.coordinates.get(axis).copied().unwrap_or(0);
    let from = (place + 1).saturating_sub(LINES_MAX);
    let cells: Vec<Option<&Cell>> = (from..count.min(from + LINES_MAX))
        .map(|place| {
            let stands = |cell: &&Cell| cell.coordinates.get(axis).is_none_or(|at| *at == place);
            result.cells.iter().filter(stands).find(|cell| is_beside(cell, focus, axis) && has_tail(cell))
        })
        .collect();
    let points = || cells.iter().flatten().flat_map(|cell| tail(cell));
    // Where nearly all tasks are slower there is nothing to see.
    let low = points().filter(|point| point.1 < 0.98).map(|point| point.0).fold(f64::INFINITY, f64::min);
    let high = points().map(|point| point.0).fold(f64::NEG_INFINITY, f64::max);
    let least = points().map(|point| point.1).fold(f64::INFINITY, f64::min);
    if low >= high {
        return None;
    }
    let others: Vec<usize> = (0..result.axes.len())
        .filter(|other| *other != axis && result.axes[*other].values.len() > 1)
        .collect();
    let fixed = select::describe(result, focus, &others);
    let shown =
        |cell: &Cell| tail(cell).filter(|point| point.0 >= low).map(|(x, y)| sample(x, y * 100.0)).collect();
    let lines: Vec<Vec<Sample>> = cells.iter().map(|cell| cell.map_or_else(Vec::new, shown)).collect();
    let names =
        cells.iter().map(|cell| cell.map_or_else(String::new, |cell| name(result, cell, axis))).collect();
    let coincide = if cells.len() > 1 { "; lines that coincide are drawn inside each other" } else { "" };
    let chart = Chart {
        title: "Tasks slower than a latency".to_owned(),
        subtitle: subtitle_of_pooled(result, &fixed),
        x_label: "latency, s (log)".to_owned(),
        y_label: "tasks slower, % (log)".to_owned(),
        x: Scale::log(low, high),
        x_ticks: None,
        y: Scale::log(least.max(1e-5) * 100.0, 100.0),
        names,
        panels: vec![Panel { row: String::new(), title: Vec::new(), lines }],
        columns: None,
        // Where nobody's tail reaches so far down, the axis ends above it.
        targets: if least <= 0.01 { vec![(1.0, "1 %: the 99th percentile".to_owned())] } else { Vec::new() },
        published: Vec::new(),
        notes: vec![format!("all replications together{coincide}")],
        dots: Dots::Hidden,
    };
    Some(Picture::new("distribution", chart.scene()))
}

fn is_beside(cell: &Cell, focus: &Cell, axis: usize) -> bool {
    let mut pairs = cell.coordinates.iter().zip(&focus.coordinates).enumerate();
    pairs.all(|(place, (a, b))| place == axis || a == b)
}

/// The points that a logarithmic axis can show.
fn tail(cell: &Cell) -> impl Iterator<Item = (f64, f64)> {
    cell.latency_ccdf.iter().copied().filter(|(x, y)| *x > 0.0 && *y > 1e-5 && x.is_finite())
}

fn has_tail(cell: &Cell) -> bool {
    tail(cell).count() > 1
}

fn sample(x: f64, y: f64) -> Sample {
    Sample { x, y: Some(y), interval: None, trust: Trust::Sound }
}

fn name(result: &ResultFile, cell: &Cell, axis: usize) -> String {
    let is_answer = result.answer.cell == Some(cell.index);
    let role = if is_answer { format!(": {}", select::role(cell)) } else { String::new() };
    if result.axes.is_empty() {
        return format!("cell {}{role}", cell.index);
    }
    format!("{}{role}", select::describe(result, cell, &[axis]))
}

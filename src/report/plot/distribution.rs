//! How many tasks are slower than a latency, on logarithmic axes: the tail is what the mean hides.

use super::chart::{Chart, Panel, Sample, Trust};
use super::scale::Scale;
use super::scene::Dots;
use super::{Picture, subtitle};
use crate::report::select;
use crate::result::{Cell, ResultFile};

/// Lines that a reader can follow.
const LINES_MAX: usize = 6;

/// Draws the distribution of the answer's cell and of those that differ from it on the first axis alone.
pub(crate) fn picture(result: &ResultFile) -> Option<Picture> {
    let focus = select::focus(result)?;
    let axis = result.axes.iter().position(select::is_numeric).unwrap_or(0);
    let cells: Vec<&Cell> = result
        .cells
        .iter()
        .filter(|cell| is_beside(cell, focus, axis) && has_tail(cell))
        .take(LINES_MAX)
        .collect();
    let points = || cells.iter().flat_map(|cell| tail(cell));
    let low = points().map(|point| point.0).fold(f64::INFINITY, f64::min);
    let high = points().map(|point| point.0).fold(f64::NEG_INFINITY, f64::max);
    let least = points().map(|point| point.1).fold(f64::INFINITY, f64::min);
    if cells.is_empty() || low >= high {
        return None;
    }
    let others: Vec<usize> = (0..result.axes.len())
        .filter(|other| *other != axis && result.axes[*other].values.len() > 1)
        .collect();
    let fixed = select::describe(result, focus, &others);
    let lines = cells.iter().map(|cell| tail(cell).map(|(x, y)| sample(x, y * 100.0)).collect()).collect();
    let names = cells.iter().map(|cell| name(result, cell, axis)).collect();
    let chart = Chart {
        title: "Tasks slower than a latency".to_owned(),
        subtitle: subtitle(result, &fixed),
        x_label: "latency, s".to_owned(),
        y_label: "tasks slower, %".to_owned(),
        x: Scale::log(low, high),
        x_ticks: None,
        y: Scale::log(least.max(1e-5) * 100.0, 100.0),
        names,
        panels: vec![Panel { title: Vec::new(), lines }],
        targets: vec![(1.0, "1 %: the 99th percentile".to_owned())],
        notes: vec!["all replications together".to_owned()],
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
    let role = if result.answer.cell == Some(cell.index) { ": the answer" } else { "" };
    if result.axes.is_empty() {
        return format!("cell {}{role}", cell.index);
    }
    format!("{}{role}", select::describe(result, cell, &[axis]))
}

//! Which configuration is named: the cheapest that meets the objective, and its next smaller neighbour.

use super::{Whole, is_load, value};
use crate::model::metric::Metric;
use crate::result::Cell;

/// What a cell costs an hour; nothing where no prices are stated.
fn hourly(cell: &Cell) -> f64 {
    value(cell, Metric::CostPerHour).unwrap_or(0.0)
}

/// The cheapest of some cells. Costs that differ by less than what is printed of them are the same, and then the first on
/// the axes, which is the smallest, is named.
pub(super) fn cheapest<'a>(cells: &[&'a Cell]) -> Option<&'a Cell> {
    const SAME: f64 = 1.005;
    let least = cells.iter().map(|cell| hourly(cell)).fold(f64::INFINITY, f64::min);
    cells.iter().copied().find(|cell| hourly(cell) <= least * SAME)
}

/// A neighbour of `cell` with one step less on one axis of the system, which misses: the one that misses least.
pub(super) fn smaller<'a>(whole: &Whole, cells: &[&'a Cell], cell: &Cell) -> Option<&'a Cell> {
    let is_neighbour = |other: &Cell| {
        let mut steps = 0;
        for ((axis, mine), theirs) in whole.axes.iter().zip(&cell.coordinates).zip(&other.coordinates) {
            match (mine == theirs, is_load(axis), *mine == theirs + 1) {
                (true, ..) => {}
                (false, false, true) => steps += 1,
                (false, ..) => return false,
            }
        }
        steps == 1
    };
    cells
        .iter()
        .copied()
        .filter(|other| is_neighbour(other) && !other.slo_missed.is_empty())
        .min_by_key(|other| (other.slo_missed.len(), other.index))
}

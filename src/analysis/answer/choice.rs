//! Which configuration is named: the cheapest that meets the objective, and its next smaller neighbour; the nearest where none
//! meets it.

use super::{Whole, is_load, value};
use crate::model::metric::Metric;
use crate::result::{Cell, SloTerm};

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

/// Of cells that miss the objective, the one that misses least: the fewest conditions, and of those by the least part of their
/// limits. Of equal ones the last on the axes is named, which is the largest.
pub(super) fn nearest<'a>(slo: &[SloTerm], cells: impl Iterator<Item = &'a Cell>) -> Option<&'a Cell> {
    let off = |cell: &Cell, term: &SloTerm| {
        let value = cell.metrics.get(&term.metric).and_then(|figure| figure.value);
        let scale = if term.limit == 0.0 { 1.0 } else { term.limit.abs() };
        value.map_or(f64::INFINITY, |value| (value - term.limit).abs() / scale)
    };
    let shortfall = |cell: &Cell| -> f64 {
        cell.slo_missed.iter().filter_map(|term| slo.get(*term)).map(|term| off(cell, term)).sum()
    };
    cells.min_by(|one, other| {
        let fewer = one.slo_missed.len().cmp(&other.slo_missed.len());
        fewer.then(shortfall(one).total_cmp(&shortfall(other))).then(other.index.cmp(&one.index))
    })
}

/// A neighbour of `cell` with one step less on one axis of the system, which misses: the one that misses the fewest conditions.
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

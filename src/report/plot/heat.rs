//! A map over two axes: a metric as colour, the objective as a sign in each field and a line around what meets it.

use super::font;
use super::scene::{Across, Colour, INK, ON_DARK, ON_LIGHT, QUIET, Scene, TARGET};
use super::{Picture, capital, subtitle};
use crate::report::{number, select};
use crate::result::{Cell, MetricInfo, ResultFile};

/// The most room for the words of a row.
const TICKS_MAX: f64 = 170.0;
/// Between maps.
const GAP: f64 = 60.0;
const TOP: f64 = 92.0;
const FIELD: (f64, f64) = (92.0, 46.0);
const PANELS_MAX: usize = 6;
/// From few to much; the middle keeps the steps even to the eye.
const RAMP: [Colour; 3] = [Colour(0xf2, 0xf6, 0xfa), Colour(0x7f, 0xb2, 0xd6), Colour(0x0b, 0x3f, 0x6e)];

/// Draws the map of the metric that decides, where at least two axes vary.
pub(crate) fn picture(result: &ResultFile) -> Option<Picture> {
    let metric = deciding_metric(result)?;
    let varied: Vec<usize> =
        (0..result.axes.len()).filter(|axis| result.axes[*axis].values.len() > 1).collect();
    let x = varied
        .iter()
        .copied()
        .find(|axis| select::is_numeric(&result.axes[*axis]))
        .or(varied.first().copied())?;
    let y = varied.iter().copied().find(|axis| *axis != x)?;
    let map = Map { result, metric, x, y };
    let groups = map.groups();
    map.range()?;
    Some(Picture::new("map", map.scene(&groups)))
}

fn deciding_metric(result: &ResultFile) -> Option<&MetricInfo> {
    let judged = |metric: &&MetricInfo| select::slo(result, &metric.name).is_some();
    select::latency(result)
        .filter(judged)
        .or_else(|| result.metrics.iter().find(judged))
        .or_else(|| select::latency(result))
}

struct Map<'a> {
    result: &'a ResultFile,
    metric: &'a MetricInfo,
    x: usize,
    y: usize,
}

impl<'a> Map<'a> {
    /// The cells of each combination of the other axes, in the order of the sweep.
    fn groups(&self) -> Vec<(String, Vec<&'a Cell>)> {
        let others: Vec<usize> =
            (0..self.result.axes.len()).filter(|axis| *axis != self.x && *axis != self.y).collect();
        let mut groups: indexmap::IndexMap<Vec<usize>, (String, Vec<&Cell>)> = indexmap::IndexMap::new();
        for cell in &self.result.cells {
            let key = others.iter().filter_map(|axis| cell.coordinates.get(*axis).copied()).collect();
            let group = groups
                .entry(key)
                .or_insert_with(|| (select::describe(self.result, cell, &others), Vec::new()));
            group.1.push(cell);
        }
        groups.into_values().collect()
    }

    fn range(&self) -> Option<(f64, f64)> {
        let values = || self.result.cells.iter().filter_map(|cell| select::value(cell, &self.metric.name));
        let (low, high) =
            (values().fold(f64::INFINITY, f64::min), values().fold(f64::NEG_INFINITY, f64::max));
        (low <= high).then_some((low, high))
    }

    fn scene(&self, groups: &[(String, Vec<&Cell>)]) -> Scene {
        let shown = &groups[..groups.len().min(PANELS_MAX)];
        let (wide, high) = (self.columns() as f64 * FIELD.0, self.rows() as f64 * FIELD.1);
        let across = (1320.0 / (wide + GAP)).floor().clamp(1.0, 3.0).min(shown.len() as f64);
        let down = (shown.len() as f64 / across).ceil();
        let ticks = self.ticks();
        let left = ticks + 60.0;
        let width = (left + across * (wide + GAP) + 10.0).max(640.0);
        let heads: Vec<Vec<String>> =
            shown.iter().map(|(words, _)| font::wrapped(words, 12.0, wide + GAP - 16.0)).collect();
        // A single map has no head.
        let named = shown.iter().any(|(words, _)| !words.is_empty());
        let head = if named { 15.0 * heads.iter().map(Vec::len).max().unwrap_or(1) as f64 } else { -5.0 };
        let first = TOP + head - 15.0;
        let is_there = |met: bool| self.result.cells.iter().any(|cell| cell.slo_met == Some(met));
        let line = if is_there(true) && is_there(false) { "; the line separates them" } else { "" };
        let mut notes = vec![format!(
            "✓ meets the objective, ✗ misses it{line} · {}",
            self.result.slo.iter().map(|term| number::clean(&term.text)).collect::<Vec<_>>().join(", ")
        )];
        if groups.len() > shown.len() {
            notes.push(format!("the first {PANELS_MAX} of {} combinations are shown", groups.len()));
        }
        let pitch = high + 35.0 + head;
        let height = first + pitch * down + 33.0 - head;
        let label = number::label_with_unit(&number::clean(&self.metric.label), &self.metric.unit);
        let (x_name, y_name) = (self.name(self.x), self.name(self.y));
        let title = format!("{}, by {x_name} and {y_name}", capital(&label));
        let mut scene = Scene::new((width, height), &title, &subtitle(self.result, ""));
        for (index, (_, cells)) in shown.iter().enumerate() {
            let (row, column) = ((index as f64 / across).floor(), index as f64 % across);
            let origin = (left + column * (wide + GAP), first + row * pitch);
            for (place, line) in heads[index].iter().rev().enumerate() {
                let at = (origin.0, origin.1 - 13.0 - 15.0 * place as f64);
                scene.words(at, line, 12.0, INK, Across::Left);
            }
            self.panel(&mut scene, origin, cells, column < 0.5);
        }
        let bottom = first + pitch * (down - 1.0) + high;
        let x_label = number::clean(&self.result.axes[self.x].label);
        scene.words((left + wide / 2.0, bottom + 36.0), &x_label, 12.0, INK, Across::Centre);
        let y_label = font::fitted(&number::clean(&self.result.axes[self.y].label), 12.0, high + 60.0);
        scene.words_up((left - 26.0 - ticks, first + high / 2.0), &y_label, 12.0, INK);
        scene.notes(&notes);
        scene
    }

    /// The width of the words beside the rows.
    fn ticks(&self) -> f64 {
        let values = self.result.axes[self.y].values.iter();
        let widths = values.map(|value| font::width(&number::grouped(&number::clean(value)), 11.0));
        widths.fold(0.0, f64::max).min(TICKS_MAX)
    }

    fn panel(&self, scene: &mut Scene, (left, top): (f64, f64), cells: &[&Cell], is_first: bool) {
        let high = self.rows() as f64 * FIELD.1;
        for cell in cells {
            if let Some((x, y)) = self.corner(cell, (left, top)) {
                self.field(scene, (x, y), cell);
            }
        }
        for (index, value) in self.result.axes[self.x].values.iter().enumerate() {
            let x = left + (index as f64 + 0.5) * FIELD.0;
            let text = font::fitted(&number::grouped(&number::clean(value)), 11.0, FIELD.0 - 6.0);
            scene.words((x, top + high + 14.0), &text, 11.0, QUIET, Across::Centre);
        }
        for (index, value) in self.result.axes[self.y].values.iter().enumerate().filter(|_| is_first) {
            let y = top + high - (index as f64 + 0.5) * FIELD.1;
            let text = font::fitted(&number::grouped(&number::clean(value)), 11.0, TICKS_MAX);
            scene.words((left - 10.0, y), &text, 11.0, QUIET, Across::Right);
        }
        self.boundary(scene, (left, top), cells);
    }

    fn field(&self, scene: &mut Scene, (x, y): (f64, f64), cell: &Cell) {
        let middle = (x + FIELD.0 / 2.0, y + FIELD.1 / 2.0);
        let (from, to) = ((x + 1.0, y + 1.0), (x + FIELD.0 - 1.0, y + FIELD.1 - 1.0));
        let sign = match cell.slo_met {
            Some(true) => " ✓",
            Some(false) => " ✗",
            None => "",
        };
        let Some(value) = select::value(cell, &self.metric.name) else {
            scene.rectangle(from, to, Colour(0xec, 0xec, 0xec), 1.0);
            let words = if select::is_done(cell) { format!("none{sign}") } else { "failed".to_owned() };
            scene.words(middle, &words, 11.0, ON_LIGHT, Across::Centre);
            return;
        };
        let share = self.share(value);
        scene.rectangle(from, to, ramp(share), 1.0);
        let text = format!("{}{sign}", number::short(number::in_display_unit(value, &self.metric.unit)));
        let ink = if share > 0.62 { ON_DARK } else { ON_LIGHT };
        scene.words(middle, &text, 12.5, ink, Across::Centre);
    }

    /// Draws the sides between a field that meets the objective and one that does not.
    fn boundary(&self, scene: &mut Scene, origin: (f64, f64), cells: &[&Cell]) {
        let meets = |column: usize, row: usize| {
            let at = |cell: &&&Cell| {
                cell.coordinates.get(self.x) == Some(&column) && cell.coordinates.get(self.y) == Some(&row)
            };
            cells.iter().find(at).is_some_and(|cell| cell.slo_met == Some(true))
        };
        let bottom = origin.1 + self.rows() as f64 * FIELD.1;
        for column in 0..self.columns() {
            for row in 0..self.rows() {
                let (x, y) = (origin.0 + column as f64 * FIELD.0, bottom - row as f64 * FIELD.1);
                if column > 0 && meets(column, row) != meets(column - 1, row) {
                    scene.line(vec![(x, y), (x, y - FIELD.1)], TARGET, 3.0);
                }
                if row > 0 && meets(column, row) != meets(column, row - 1) {
                    scene.line(vec![(x, y), (x + FIELD.0, y)], TARGET, 3.0);
                }
            }
        }
    }

    fn corner(&self, cell: &Cell, (left, top): (f64, f64)) -> Option<(f64, f64)> {
        let column = *cell.coordinates.get(self.x)? as f64;
        let row = *cell.coordinates.get(self.y)? as f64;
        Some((left + column * FIELD.0, top + (self.rows() as f64 - 1.0 - row) * FIELD.1))
    }

    /// The place of a value between the lowest and the highest, by factor where they are far apart.
    fn share(&self, value: f64) -> f64 {
        let Some((low, high)) = self.range() else { return 0.0 };
        if high <= low {
            return 0.3;
        }
        if low > 0.0 && high / low > 8.0 {
            return libm::log(value / low) / libm::log(high / low);
        }
        (value - low) / (high - low)
    }

    fn columns(&self) -> usize {
        self.result.axes[self.x].values.len()
    }

    fn rows(&self) -> usize {
        self.result.axes[self.y].values.len()
    }

    fn name(&self, axis: usize) -> String {
        select::axis_name(&self.result.axes[axis]).0
    }
}

fn ramp(share: f64) -> Colour {
    let [low, middle, high] = RAMP;
    if share < 0.5 { mixed(low, middle, share * 2.0) } else { mixed(middle, high, share * 2.0 - 1.0) }
}

fn mixed(from: Colour, to: Colour, share: f64) -> Colour {
    let channel = |from: u8, to: u8| byte(f64::from(from) + (f64::from(to) - f64::from(from)) * share);
    Colour(channel(from.0, to.0), channel(from.1, to.1), channel(from.2, to.2))
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "clamped to a byte first")]
fn byte(value: f64) -> u8 {
    value.round().clamp(0.0, 255.0) as u8
}

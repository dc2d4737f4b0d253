//! Metrics against an axis of the sweep: throughput, latency quantiles, errors, cost and quality; and the knee.

use super::chart::{Chart, Panel, Published, Sample, Trust};
use super::scale::{Origin, Scale};
use super::scene::Dots;
use super::{Picture, capital, subtitle};
use crate::report::csv::slug;
use crate::report::{number, select};
use crate::result::{Axis, Cell, MetricInfo, ResultFile};

/// Lines that a reader can follow in one frame.
const LINES_MAX: usize = 7;
/// Frames in one picture.
const PANELS_MAX: usize = 20;
/// Frames beside each other.
const COLUMNS_MAX: usize = 5;

/// Draws each curve against each numeric axis, the first axis under the plain name.
pub(crate) fn pictures(result: &ResultFile) -> Vec<Picture> {
    let mut pictures = Vec::new();
    let mut is_first = true;
    for axis in drawn_axes(result) {
        let info = &result.axes[axis];
        let suffix = if is_first { String::new() } else { format!("-by-{}", slug(&info.label)) };
        pictures.extend(against(result, axis, &suffix));
        is_first = false;
    }
    pictures
}

/// The axes that are quantities, or the first that varies where none is one.
fn drawn_axes(result: &ResultFile) -> Vec<usize> {
    let numeric: Vec<usize> =
        (0..result.axes.len()).filter(|axis| select::is_numeric(&result.axes[*axis])).collect();
    if !numeric.is_empty() {
        return numeric;
    }
    result.axes.iter().position(|axis| axis.values.len() > 1).into_iter().collect()
}

fn against(result: &ResultFile, axis: usize, suffix: &str) -> Vec<Picture> {
    let mut pictures = Vec::new();
    let layout = Layout::new(result, axis);
    let is_first_quantity = suffix.is_empty() && select::is_numeric(&result.axes[axis]);
    let single = [
        ("throughput", select::throughput(result)),
        ("errors", select::errors(result)),
        ("cost", select::cost(result)),
        ("quality", select::metric(result, &["quality_mean"])),
    ];
    for (name, metric) in single {
        if let Some(metric) = metric {
            let chart = layout.of_metric(result, metric);
            pictures.extend(chart.map(|chart| Picture::new(format!("{name}{suffix}"), chart.scene())));
        }
    }
    if let Some(chart) = layout.of_quantiles(result) {
        pictures.insert(1.min(pictures.len()), Picture::new(format!("latency{suffix}"), chart.scene()));
    }
    if let Some(chart) = layout.of_knee(result).filter(|_| is_first_quantity) {
        pictures.push(Picture::new(format!("knee{suffix}"), chart.scene()));
    }
    pictures
}

/// Which axes become lines and which become frames.
struct Layout {
    axis: usize,
    lines: Vec<Vec<(usize, usize)>>,
    panels: Vec<Vec<(usize, usize)>>,
    notes: Vec<String>,
}

impl Layout {
    fn new(result: &ResultFile, axis: usize) -> Self {
        let others: Vec<usize> = (0..result.axes.len())
            .filter(|other| *other != axis && result.axes[*other].values.len() > 1)
            .collect();
        let combinations: usize = others.iter().map(|other| result.axes[*other].values.len()).product();
        let (for_lines, for_panels) = if combinations <= 4 {
            (others, Vec::new())
        } else {
            let fits = |axis: &&usize| result.axes[**axis].values.len() <= LINES_MAX;
            let line =
                others.iter().filter(fits).max_by_key(|axis| result.axes[**axis].values.len()).copied();
            (line.into_iter().collect(), others.into_iter().filter(|other| Some(*other) != line).collect())
        };
        let mut panels = combinations_of(result, &for_panels);
        let mut notes = Vec::new();
        if panels.len() > PANELS_MAX {
            notes.push(format!("the first {PANELS_MAX} of {} combinations are shown", panels.len()));
            panels.truncate(PANELS_MAX);
        }
        Self { axis, lines: combinations_of(result, &for_lines), panels, notes }
    }

    fn of_metric(&self, result: &ResultFile, metric: &MetricInfo) -> Option<Chart> {
        let names = self.lines.iter().map(|line| parts(result, line).join(", ")).collect();
        let panels = self.panels.iter().map(|panel| Panel {
            row: String::new(),
            title: parts(result, panel),
            lines: self.lines.iter().map(|line| self.samples(result, &[panel, line], metric)).collect(),
        });
        self.chart(result, &[metric], names, panels.collect())
    }

    /// One frame a combination, one line a quantile.
    fn of_quantiles(&self, result: &ResultFile) -> Option<Chart> {
        let quantiles = select::latency_quantiles(result);
        let names = quantiles.iter().map(|metric| number::clean(&metric.label)).collect();
        let mut panels = Vec::new();
        let mut chart_notes = None;
        for panel in &self.panels {
            for line in &self.lines {
                let fixed: Vec<(usize, usize)> = panel.iter().chain(line).copied().collect();
                let lines = quantiles.iter().map(|metric| self.samples(result, &[&fixed], metric)).collect();
                panels.push(Panel { row: String::new(), title: parts(result, &fixed), lines });
            }
        }
        if panels.len() > PANELS_MAX {
            chart_notes = Some(format!("the first {PANELS_MAX} of {} combinations are shown", panels.len()));
            panels.truncate(PANELS_MAX);
        }
        let mut chart = self.chart(result, &quantiles, names, panels)?;
        chart.title = format!("Latency quantiles against {}", select::axis_name(&result.axes[self.axis]).0);
        chart.y_label = format!("latency, s{}", chart.y.remark());
        chart.notes.extend(chart_notes);
        Some(chart)
    }

    /// Latency over throughput: where it bends upwards, the system is full. Nothing where no line carries more anywhere
    /// than elsewhere.
    fn of_knee(&self, result: &ResultFile) -> Option<Chart> {
        let (throughput, latency) = (select::throughput(result)?, select::latency(result)?);
        let mut chart = self.of_metric(result, latency)?;
        for (panel, fixed) in chart.panels.iter_mut().zip(&self.panels) {
            for (samples, line) in panel.lines.iter_mut().zip(&self.lines) {
                let carried = self.samples(result, &[fixed, line], throughput);
                let pairs = samples.iter().zip(carried);
                *samples = pairs.filter_map(|(sample, x)| Some(Sample { x: x.y?, ..*sample })).collect();
            }
        }
        let all = chart.panels.iter().flat_map(|panel| panel.lines.iter().flatten());
        let carried = all.filter(|sample| sample.y.is_some()).map(|sample| sample.x);
        chart.x = Scale::linear(0.0, carried.fold(0.0, f64::max), Origin::Zero);
        chart.x_ticks = None;
        chart.published.clear();
        chart.notes.retain(|note| !note.starts_with('+'));
        for line in chart.panels.iter_mut().flat_map(|panel| panel.lines.iter_mut()) {
            line.retain(|sample| sample.y.is_some());
        }
        let lines = || chart.panels.iter().flat_map(|panel| panel.lines.iter());
        if !lines().any(|line| carries_more(line)) {
            return None;
        }
        let remark = marks(lines().flatten());
        chart.x_label = number::label_with_unit(&number::clean(&throughput.label), &throughput.unit);
        let rising = select::axis_name(&result.axes[self.axis]).0;
        chart.title = format!("Where it bends: {} against throughput", number::clean(&latency.label));
        chart.notes.retain(|note| !note.starts_with('×') && !note.starts_with("hollow"));
        chart.notes.extend(remark);
        chart.notes.insert(0, format!("each line goes from the lowest to the highest {rising}"));
        Some(chart)
    }

    fn chart(
        &self,
        result: &ResultFile,
        metrics: &[&MetricInfo],
        names: Vec<String>,
        panels: Vec<Panel>,
    ) -> Option<Chart> {
        let metric = metrics.last()?;
        let axis = &result.axes[self.axis];
        let samples = || panels.iter().flat_map(|panel| panel.lines.iter().flatten());
        let seen: Vec<f64> = samples().flat_map(values).collect();
        if seen.is_empty() {
            return None;
        }
        let (targets, mut notes) = targets(result, metrics, &seen);
        let published = published(result, self.axis, metrics);
        let shown = seen.iter().copied().chain(targets.iter().map(|target| target.0));
        let y = y_scale(metric, shown.chain(published.iter().map(|mark| mark.y)));
        notes.extend(marks(samples()));
        let sources: indexmap::IndexSet<&str> =
            result.published.iter().map(|curve| curve.source.as_str()).collect();
        if !published.is_empty() {
            let sources = sources.into_iter().map(number::clean).collect::<Vec<_>>().join("; ");
            notes.push(format!("+ published: {sources}"));
        }
        let (panels, columns) = in_rows(panels);
        notes.extend(self.notes.iter().cloned());
        let label = number::clean(&metric.label);
        let (axis_name, _) = select::axis_name(axis);
        Some(Chart {
            title: format!("{} against {axis_name}", capital(&label)),
            subtitle: subtitle(result, ""),
            x_label: format!("{}{}", number::clean(&axis.label), x_scale(axis).remark()),
            y_label: format!("{}{}", number::label_with_unit(&label, &metric.unit), y.remark()),
            x: x_scale(axis),
            x_ticks: ticks(axis),
            y,
            names,
            panels,
            columns,
            targets,
            published,
            notes,
            dots: if select::is_numeric(axis) { Dots::Shown } else { Dots::Apart },
        })
    }

    fn samples(&self, result: &ResultFile, fixed: &[&[(usize, usize)]], metric: &MetricInfo) -> Vec<Sample> {
        let fixed: Vec<(usize, usize)> = fixed.iter().flat_map(|part| part.iter().copied()).collect();
        let matching = result.cells.iter().filter(|cell| stands_at(cell, &fixed));
        let mut samples: Vec<Sample> = matching
            .filter_map(|cell| {
                let place = *cell.coordinates.get(self.axis)?;
                let x = *positions(&result.axes[self.axis]).get(place)?;
                Some(sample(cell, x, metric))
            })
            .collect();
        samples.sort_by(|a, b| a.x.total_cmp(&b.x));
        samples
    }
}

/// Rates start at zero, so that a flat line is seen to be flat; latencies and shares spread by factors; quality, which
/// is never near zero, starts where it does.
fn y_scale(metric: &MetricInfo, shown: impl Iterator<Item = f64> + Clone) -> Scale {
    match metric.unit.as_str() {
        "s" => Scale::of_latencies(shown),
        "1/s" => Scale::linear(0.0, shown.fold(0.0, f64::max), Origin::Zero),
        _ if metric.name == "quality_mean" => Scale::of(shown, Origin::Free),
        _ => Scale::of(shown, Origin::Zero),
    }
}

/// Puts frames that differ in several axes into rows: the last axis goes along a row, what the others say stands above it.
fn in_rows(mut panels: Vec<Panel>) -> (Vec<Panel>, Option<usize>) {
    let Some(first) = panels.first().map(|panel| panel.title.clone()) else { return (panels, None) };
    let Some((_, row)) = first.split_last() else { return (panels, None) };
    let columns = panels.iter().take_while(|panel| panel.title.starts_with(row)).count();
    if row.is_empty() || !(2..=COLUMNS_MAX).contains(&columns) || columns == panels.len() {
        return (panels, None);
    }
    for panel in &mut panels {
        if let Some(last) = panel.title.pop() {
            panel.row = std::mem::replace(&mut panel.title, vec![last]).join(", ");
        }
    }
    (panels, Some(columns))
}

fn sample(cell: &Cell, x: f64, metric: &MetricInfo) -> Sample {
    let figure = select::figure(cell, &metric.name);
    let shown = |value: f64| number::in_display_unit(value, &metric.unit);
    let interval = figure.and_then(|figure| Some((shown(figure.low?), shown(figure.high?))));
    let trust = if select::is_doubtful(cell) { Trust::Doubtful } else { Trust::Sound };
    Sample { x, y: select::value(cell, &metric.name).map(shown), interval, trust }
}

fn values(sample: &Sample) -> impl Iterator<Item = f64> {
    let ends = sample.interval.into_iter().flat_map(|(low, high)| [low, high]);
    sample.y.into_iter().chain(ends).filter(|value| value.is_finite())
}

/// The limits on the metrics that are near the values; the others are told in a note.
fn targets(result: &ResultFile, metrics: &[&MetricInfo], seen: &[f64]) -> (Vec<(f64, String)>, Vec<String>) {
    let highest = seen.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let (mut near, mut far) = (Vec::new(), Vec::new());
    for metric in metrics {
        let Some(term) = select::slo(result, &metric.name) else { continue };
        let limit = number::in_display_unit(term.limit, &metric.unit);
        let words = number::clean(&term.text);
        if limit <= 4.0 * highest {
            near.push((limit, format!("objective: {words}")));
        } else {
            far.push(format!("objective: {words} (far above what is shown)"));
        }
    }
    (near, far)
}

/// What is published of some metrics along an axis; each metric is a line of its own where there are several.
fn published(result: &ResultFile, axis: usize, metrics: &[&MetricInfo]) -> Vec<Published> {
    let along = result.published.iter().filter(|curve| curve.axis == axis);
    let marks = along.filter_map(|curve| {
        let line = metrics.iter().position(|metric| metric.name == curve.metric)?;
        let unit = &metrics[line].unit;
        let line = (metrics.len() > 1).then_some(line);
        let mark = |&(x, y): &(f64, f64)| Published { line, x, y: number::in_display_unit(y, unit) };
        Some(curve.points.iter().map(mark).collect::<Vec<_>>())
    });
    marks.flatten().filter(|mark| mark.x.is_finite() && mark.y.is_finite()).collect()
}

fn marks<'a>(samples: impl Iterator<Item = &'a Sample>) -> Option<String> {
    let (mut hollow, mut missing) = (false, false);
    for sample in samples {
        hollow |= sample.trust == Trust::Doubtful && sample.y.is_some();
        missing |= sample.y.is_none();
    }
    match (hollow, missing) {
        (true, true) => Some(
            "× no value (failed, or nothing completed) · hollow: a flag puts the number in doubt".to_owned(),
        ),
        (true, false) => Some("hollow: a flag puts the number in doubt".to_owned()),
        (false, true) => Some("× no value (failed, or nothing completed)".to_owned()),
        (false, false) => None,
    }
}

/// Whether the points of a line differ in what they carry.
fn carries_more(line: &[Sample]) -> bool {
    let (low, high) = line
        .iter()
        .fold((f64::INFINITY, 0.0_f64), |(low, high), sample| (low.min(sample.x), high.max(sample.x)));
    high > 1.1 * low
}

/// The places of an axis's values: themselves, or their order where they are no quantities.
fn positions(axis: &Axis) -> Vec<f64> {
    if select::is_numeric(axis) {
        return axis.numbers.iter().copied().flatten().collect();
    }
    (0..axis.values.len()).map(|place| place as f64).collect()
}

fn x_scale(axis: &Axis) -> Scale {
    if select::is_numeric(axis) {
        return Scale::of(positions(axis), Origin::Zero);
    }
    Scale::Linear { low: -0.5, high: axis.values.len() as f64 - 0.5 }
}

/// Ticks at the axis's own values while they are few.
fn ticks(axis: &Axis) -> Option<Vec<(f64, String)>> {
    if !select::is_numeric(axis) {
        let values = axis.values.iter().map(|value| {
            let parts = value.split(", ").map(|part| number::grouped(&number::clean(part)));
            parts.collect::<Vec<_>>().join(", ")
        });
        return Some(positions(axis).into_iter().zip(values).collect());
    }
    let mut values: Vec<f64> = axis.numbers.iter().copied().flatten().collect();
    values.sort_by(f64::total_cmp);
    values.dedup();
    (values.len() <= 12).then(|| values.into_iter().map(|value| (value, number::plain(value))).collect())
}

/// Every combination of values of some axes as (axis, value) pairs; one empty combination without axes.
fn combinations_of(result: &ResultFile, axes: &[usize]) -> Vec<Vec<(usize, usize)>> {
    let mut all = vec![Vec::new()];
    for axis in axes {
        let mut longer = Vec::new();
        for start in &all {
            for value in 0..result.axes[*axis].values.len() {
                let mut combination = start.clone();
                combination.push((*axis, value));
                longer.push(combination);
            }
        }
        all = longer;
    }
    all
}

fn stands_at(cell: &Cell, fixed: &[(usize, usize)]) -> bool {
    fixed.iter().all(|(axis, value)| cell.coordinates.get(*axis) == Some(value))
}

/// A combination in words, one part an axis: `agents in the pool 80`, `limit 3000 1/min`.
fn parts(result: &ResultFile, fixed: &[(usize, usize)]) -> Vec<String> {
    let parts = fixed.iter().map(|(axis, value)| {
        let value = number::grouped(&number::clean(&result.axes[*axis].values[*value]));
        select::axis_words(&result.axes[*axis], &value)
    });
    parts.collect()
}

//! What happens over time in the answer's cell: rates, latency, counts, mode and cost on one time axis.

use super::frame::{Frame, Labels};
use super::scale::{Origin, Scale};
use super::scene::{Across, Dots, GRID, INK, Scene, TARGET, series_colour};
use super::{Picture, font, subtitle_of};
use crate::report::{csv, number, select};
use crate::result::{ResultFile, Series};

const LEFT: f64 = 78.0;
const RIGHT: f64 = 820.0;
const STRIP: f64 = 104.0;
const GAP: f64 = 22.0;
/// Lines that a reader can follow in one strip.
const LINES_MAX: usize = 6;
/// The strip of the degradation mode, and the highest mode.
const MODE: &str = "mode";
const MODES: f64 = 2.0;

/// Draws the strips, where the cell has a series.
pub(crate) fn picture(result: &ResultFile) -> Option<Picture> {
    let cell = select::focus(result)?;
    let series = cell.series.as_ref()?;
    let strips = strips(series);
    let windows = series.columns.values().map(Vec::len).max().unwrap_or(0);
    if strips.is_empty() || windows < 2 {
        return None;
    }
    let axes: Vec<usize> =
        (0..result.axes.len()).filter(|axis| result.axes[*axis].values.len() > 1).collect();
    let words = select::describe(result, cell, &axes);
    let about = if words.is_empty() { String::new() } else { format!("cell {}: {words}", cell.index) };
    let height = 84.0 + (STRIP + GAP) * strips.len() as f64 + 38.0;
    let (title, subtitle) = (title(cell.replications), subtitle_of(result, &[&about]));
    let mut scene = Scene::new((960.0, height), &title, &subtitle);
    let end = windows as f64 * series.window_s;
    let cut = cell.warmup_s.min(end);
    for (index, strip) in strips.iter().enumerate() {
        let top = 84.0 + (STRIP + GAP) * index as f64;
        let is_last = index + 1 == strips.len();
        if cut > 0.0 {
            let right = LEFT + (RIGHT - LEFT) * cut / end;
            scene.rectangle((LEFT, top), (right, top + STRIP), GRID, 0.45);
        }
        for fault in &series.faults {
            let place = |time_s: f64| LEFT + (RIGHT - LEFT) * (time_s / end).clamp(0.0, 1.0);
            scene.rectangle((place(fault.start_s), top), (place(fault.end_s), top + STRIP), TARGET, 0.12);
        }
        draw_strip(&mut scene, result, series, strip, (top, end, is_last));
    }
    scene.notes(&notes(series, &strips, cut));
    Some(Picture::new("timeseries", scene))
}

/// What the lines are, and over how many replications.
fn title(replications: u32) -> String {
    match replications {
        1 => "Over time, in one replication".to_owned(),
        many => format!("Over time, means over {many} replications"),
    }
}

fn notes(series: &Series, strips: &[Strip<'_>], cut: f64) -> Vec<String> {
    let mut first = format!("in windows of {} s", number::plain(series.window_s));
    if cut > 0.0 {
        first.push_str(" · grey: the warm-up, which is not measured");
    }
    if !series.half_widths.is_empty() {
        first.push_str(" · bands: the interval of each window by itself; quantiles have none");
    }
    let mut notes = vec![first];
    if let Some(first) = series.faults.first() {
        let span = format!("{} to {} s", number::plain(first.start_s), number::plain(first.end_s));
        let more = match series.faults.len() - 1 {
            0 => String::new(),
            more => format!(" and {more} more"),
        };
        notes.push(format!("red: faults: {}, {span}{more}", number::clean(&first.label)));
    }
    if strips.iter().any(|strip| strip.label == MODE) {
        notes.push("mode: 0 is optimal, 1 high load, 2 critical".to_owned());
    }
    notes
}

/// Columns of one unit.
struct Strip<'a> {
    label: &'static str,
    columns: Vec<Column<'a>>,
}

/// A column and half the widths of its intervals, where it has some.
#[derive(Clone, Copy)]
struct Column<'a> {
    name: &'a str,
    values: &'a [Option<f64>],
    half_widths: &'a [Option<f64>],
}

impl Column<'_> {
    /// The ends of the interval in a window: both the value where there is none, and none below zero.
    fn ends(&self, window: usize) -> Option<(f64, f64)> {
        let value = self.values.get(window).copied().flatten()?;
        let half = self.half_widths.get(window).copied().flatten().unwrap_or(0.0);
        Some(((value - half).max(value.min(0.0)), value + half))
    }
}

/// Whether a column of this name stands in a strip.
type Belongs = fn(&str) -> bool;

/// Sorts the columns into strips by unit; a strip that would hold more lines than can be read is split.
fn strips(series: &Series) -> Vec<Strip<'_>> {
    let kinds: [(&str, Belongs); 8] = [
        ("tasks, 1/s", |name| csv::series_unit(name) == "1/s"),
        ("latency, s", |name| csv::series_unit(name) == "s"),
        (MODE, |name| name.contains("mode")),
        ("count", |name| csv::series_unit(name).is_empty() && !name.contains("mode")),
        ("share, %", |name| csv::series_unit(name) == "share"),
        ("memory, MB", |name| csv::series_unit(name) == "MB"),
        ("memory, B", |name| csv::series_unit(name) == "B"),
        ("cost, USD/s", |name| csv::series_unit(name) == "USD/s"),
    ];
    let mut strips = Vec::new();
    for (label, belongs) in kinds {
        let half_widths = |name: &str| series.half_widths.get(name).map_or(&[][..], Vec::as_slice);
        let columns: Vec<Column<'_>> = series
            .columns
            .iter()
            .filter(|(name, column)| belongs(name) && column.iter().any(Option::is_some))
            .map(|(name, values)| Column { name, values, half_widths: half_widths(name) })
            .collect();
        strips.extend(columns.chunks(LINES_MAX).map(|part| Strip { label, columns: part.to_vec() }));
    }
    strips
}

fn draw_strip(
    scene: &mut Scene,
    result: &ResultFile,
    series: &Series,
    strip: &Strip<'_>,
    (top, end, is_last): (f64, f64, bool),
) {
    let is_share = strip.label.starts_with("share");
    let shown = |value: f64| if is_share { value * 100.0 } else { value };
    let is_latency = strip.label.starts_with("latency");
    let ends = |column: &Column<'_>| {
        (0..column.values.len()).filter_map(|window| column.ends(window)).collect::<Vec<_>>()
    };
    let values = strip.columns.iter().flat_map(|column| ends(column).into_iter().flat_map(<[f64; 2]>::from));
    let values = values.map(shown);
    let limit = select::latency(result).filter(|_| is_latency);
    let limit = limit.and_then(|metric| select::slo(result, &metric.name));
    let scale = if is_latency {
        Scale::of_latencies(values)
    } else if strip.label == MODE {
        Scale::Linear { low: 0.0, high: MODES }
    } else {
        Scale::of(values, Origin::Zero)
    };
    let label = format!("{}{}", strip.label, scale.remark());
    let area = (LEFT, top, RIGHT, top + STRIP);
    let x = Scale::Linear { low: 0.0, high: end };
    // Ticks without words above the last strip: they share its axis.
    let bare = x.ticks().into_iter().map(|(value, _)| (value, String::new())).collect();
    let frame = Frame { area, x, y: scale, x_ticks: if is_last { None } else { Some(bare) } };
    frame.draw(scene, Labels { title: &[], x: if is_last { "simulated time, s" } else { "" }, y: &label });
    if let Some(term) = limit.filter(|term| scale.shows(term.limit)) {
        frame.target(scene, term.limit);
    }
    let pitch = (STRIP / strip.columns.len() as f64).min(18.0);
    for (index, column) in strip.columns.iter().enumerate() {
        for run in runs(column.values) {
            if column.half_widths.iter().any(Option::is_some) && strip.label != MODE {
                let band = run.iter().filter_map(|(window, _)| {
                    let (low, high) = column.ends(*window)?;
                    let x = (*window as f64 + 0.5) * series.window_s;
                    Some((x, shown(low), shown(high)))
                });
                frame.band(scene, &band.collect::<Vec<_>>(), series_colour(index));
            }
            let places = run.into_iter().flat_map(|(window, value)| {
                let start = window as f64;
                // A mode holds for its window; the rest is read between the middles.
                let windows = if strip.label == MODE { vec![start, start + 1.0] } else { vec![start + 0.5] };
                windows.into_iter().map(move |window| (window, value))
            });
            let at = |(window, value)| frame.at(window * series.window_s, shown(value));
            scene.line(places.map(at).collect(), series_colour(index), 1.8);
        }
        let y = top + 8.0 + pitch * index as f64;
        scene.key((RIGHT + 16.0, y), index, Dots::Hidden);
        let name = font::fitted(&number::clean(&select::readable(column.name)), 11.0, 108.0);
        scene.words((RIGHT + 28.0, y), &name, 11.0, INK, Across::Left);
    }
}

/// The stretches of windows that have values.
fn runs(column: &[Option<f64>]) -> Vec<Vec<(usize, f64)>> {
    let mut runs = vec![Vec::new()];
    for (window, value) in column.iter().enumerate() {
        match (value, runs.last_mut()) {
            (Some(value), Some(run)) if value.is_finite() => run.push((window, *value)),
            (Some(_) | None, _) => runs.push(Vec::new()),
        }
    }
    runs.retain(|run| run.len() > 1);
    runs
}

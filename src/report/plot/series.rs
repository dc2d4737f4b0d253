//! What happens over time in the answer's cell: rates, latency, counts, mode and cost on one time axis.

use super::frame::{Frame, Labels};
use super::scale::{Origin, Scale};
use super::scene::{Across, Dots, Fill, GRID, INK, Marker, Scene, TARGET, series_colour};
use super::story::Story;
use super::{Picture, font, subtitle_of};
use crate::report::{csv, number, select};
use crate::result::{ResultFile, Series};

const LEFT: f64 = 78.0;
const RIGHT: f64 = 790.0;
/// Where the first strip begins without lanes above it.
const TOP: f64 = 84.0;
const STRIP: f64 = 104.0;
const GAP: f64 = 22.0;
/// Lines that a reader can follow in one strip.
const LINES_MAX: usize = 6;
/// The strip of the tasks that failures touch.
const FAILURES: &str = "failures, tasks/s";
/// The strip of the degradation mode.
const MODE: &str = "mode";
/// The strip of the degradation level.
const LEVEL: &str = "level";
/// The strip of the active members of failovers.
const MEMBER: &str = "active member";
/// The strip of what is left of limits.
const LIMIT: &str = "limit left, %";

/// Draws the strips, where the cell has a series.
pub(crate) fn picture(result: &ResultFile) -> Option<Picture> {
    let cell = select::focus(result)?;
    let series = cell.series.as_ref()?;
    let (strips, idle) = strips(series);
    let windows = series.columns.values().map(Vec::len).max().unwrap_or(0);
    if strips.is_empty() || windows < 2 {
        return None;
    }
    let axes: Vec<usize> =
        (0..result.axes.len()).filter(|axis| result.axes[*axis].values.len() > 1).collect();
    let words = select::describe(result, cell, &axes);
    let about = if words.is_empty() { String::new() } else { format!("cell {}: {words}", cell.index) };
    let end = windows as f64 * series.window_s;
    let story = Story::of(series, end);
    let first = TOP + story.height();
    let height = first + (STRIP + GAP) * strips.len() as f64 + 38.0;
    let (title, subtitle) = (title(cell.replications), subtitle_of(result, &[&about]));
    let mut scene = Scene::new((960.0, height), &title, &subtitle);
    story.draw(&mut scene, (LEFT, RIGHT), TOP - 8.0);
    let cut = cell.warmup_s.min(end);
    let mut has_target = false;
    for (index, strip) in strips.iter().enumerate() {
        let top = first + (STRIP + GAP) * index as f64;
        let is_last = index + 1 == strips.len();
        if cut > 0.0 {
            let right = LEFT + (RIGHT - LEFT) * cut / end;
            scene.rectangle((LEFT, top), (right, top + STRIP), GRID, 0.45);
        }
        for fault in &series.faults {
            let place = |time_s: f64| LEFT + (RIGHT - LEFT) * (time_s / end).clamp(0.0, 1.0);
            // A fault that is over at once is seen as well.
            let (from, to) = (place(fault.start_s), place(fault.end_s));
            scene.rectangle((from, top), (to.max(from + 1.5), top + STRIP), TARGET, 0.12);
        }
        has_target |= draw_strip(&mut scene, result, series, strip, (top, end, is_last));
        story.cross(&mut scene, (LEFT, RIGHT), (top, top + STRIP));
    }
    let mut notes = notes(series, &strips, cut);
    if has_target {
        notes.push("red dashes: the objective of the latency".to_owned());
    }
    if !idle.is_empty() {
        notes.push(format!("always 0: {}", idle.join(", ")));
    }
    notes.extend(story.notes());
    scene.notes(&notes);
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
    let mut at_end = Vec::new();
    if strips.iter().any(|strip| strip.label == MODE) {
        at_end.push("mode: 0 is optimal, 1 high load, 2 critical");
    }
    if strips.iter().any(|strip| strip.label == LEVEL) {
        at_end.push("level: 0 is full service, 4 only what is kept");
    }
    if strips.iter().any(|strip| strip.label == MEMBER) {
        at_end.push("active member: 0 is the first of the list");
    }
    if strips.iter().any(|strip| strip.label == LIMIT) {
        at_end.push("limit left: of the emptiest bucket, as each window ends");
    }
    if !at_end.is_empty() {
        notes.push(at_end.join(" · "));
    }
    notes
}

/// Columns of one unit.
struct Strip<'a> {
    label: &'static str,
    columns: Vec<Column<'a>>,
}

/// A column and half the widths of its intervals, where it has some.
#[derive(Clone)]
struct Column<'a> {
    /// Its name in the strip.
    name: String,
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

/// The strips in their order from above, each with what it is called.
const STRIPS: [&str; 13] = [
    "tasks, 1/s",
    FAILURES,
    "latency, s",
    MODE,
    LEVEL,
    MEMBER,
    "count",
    "agents",
    LIMIT,
    "share, %",
    "memory, MB",
    "memory, B",
    "cost, USD/s",
];

/// The strip that a column stands in, and its name there.
fn strip_of(column: &str) -> Option<(&'static str, String)> {
    let between =
        |before: &str, behind: &str| Some(column.strip_prefix(before)?.strip_suffix(behind)?.to_owned());
    if let Some(name) = between("limiter/", "/level_share") {
        return Some((LIMIT, name));
    }
    if let Some(name) = between("failover/", "/active") {
        return Some((MEMBER, name));
    }
    if let Some(name) = between("tasks_", "_per_s") {
        return Some((FAILURES, name));
    }
    let strip = match (column, csv::series_unit(column)) {
        ("mode", _) => MODE,
        ("degradation_level", _) => LEVEL,
        (_, "1/s") => "tasks, 1/s",
        (_, "s") => "latency, s",
        (_, "share") => "share, %",
        (_, "MB") => "memory, MB",
        (_, "B") => "memory, B",
        (_, "USD/s") => "cost, USD/s",
        ("agents" | "agents_ready" | "agents_starting", _) => "agents",
        (_, "") => "count",
        _ => return None,
    };
    Some((strip, select::readable(column)))
}

/// Sorts the columns into strips by unit; a strip that would hold more lines than can be read is split. One of nothing but
/// zeros, which says no more than that, is only named.
fn strips(series: &Series) -> (Vec<Strip<'_>>, Vec<&'static str>) {
    let (mut strips, mut idle) = (Vec::new(), Vec::new());
    for label in STRIPS {
        let half_widths = |name: &str| series.half_widths.get(name).map_or(&[][..], Vec::as_slice);
        let columns: Vec<Column<'_>> = series
            .columns
            .iter()
            .filter(|(_, column)| column.iter().any(Option::is_some))
            .filter_map(|(name, values)| {
                let (_, words) = strip_of(name).filter(|(strip, _)| *strip == label)?;
                Some(Column { name: words, values, half_widths: half_widths(name) })
            })
            .collect();
        let zero = |column: &Column<'_>| column.values.iter().flatten().all(|value| *value == 0.0);
        if !columns.is_empty() && columns.iter().all(zero) {
            idle.push(label.split(',').next().unwrap_or(label));
            continue;
        }
        strips.extend(columns.chunks(LINES_MAX).map(|part| Strip { label, columns: part.to_vec() }));
    }
    (strips, idle)
}

/// The highest value of a strip whose lines are steps between whole numbers.
fn steps(strip: &Strip<'_>) -> Option<f64> {
    match strip.label {
        MODE => Some(2.0),
        LEVEL => Some(4.0),
        MEMBER => {
            let values = strip.columns.iter().flat_map(|column| column.values).flatten();
            Some(values.fold(1.0, |most: f64, value| most.max(libm::ceil(*value))))
        }
        _ => None,
    }
}

/// Draws a strip; says whether an objective is drawn in it.
fn draw_strip(
    scene: &mut Scene,
    result: &ResultFile,
    series: &Series,
    strip: &Strip<'_>,
    (top, end, is_last): (f64, f64, bool),
) -> bool {
    let is_share = strip.label.ends_with('%');
    let steps = steps(strip);
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
    } else if let Some(high) = steps {
        Scale::Whole { high }
    } else if strip.label == LIMIT {
        Scale::Linear { low: 0.0, high: 100.0 }
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
    let limit = limit.filter(|term| scale.shows(term.limit));
    if let Some(term) = limit {
        frame.target(scene, term.limit);
    }
    let pitch = (STRIP / strip.columns.len() as f64).min(18.0);
    for (index, column) in strip.columns.iter().enumerate() {
        for run in runs(column.values) {
            if column.half_widths.iter().any(Option::is_some) && steps.is_none() {
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
                let windows = if steps.is_some() { vec![start, start + 1.0] } else { vec![start + 0.5] };
                windows.into_iter().map(move |window| (window, value))
            });
            let at = |(window, value)| frame.at(window * series.window_s, shown(value));
            let places: Vec<_> = places.map(at).collect();
            match places[..] {
                // A window between others without a value.
                [alone] => scene.dot(alone, 2.0, series_colour(index), Marker::Circle, Fill::Full),
                _ => scene.line(places, series_colour(index), 1.8),
            }
        }
        let y = top + 8.0 + pitch * index as f64;
        scene.key((RIGHT + 16.0, y), index, Dots::Hidden);
        let name = font::fitted(&number::clean(&column.name), 11.0, 960.0 - RIGHT - 32.0);
        scene.words((RIGHT + 28.0, y), &name, 11.0, INK, Across::Left);
    }
    limit.is_some()
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
    runs.retain(|run| !run.is_empty());
    runs
}

//! Whether enough was cut off: what fills up while a run warms up, and what its mean would be if the cut were elsewhere.
//!
//! The second line of a strip is the mean of all windows from a moment on. Where it is level from the cut on, a later cut
//! would change nothing (Welch's look at the mean over replications; the cut itself was found by the rule that the report
//! names).

use super::frame::{Frame, Labels};
use super::scale::{Origin, Scale};
use super::scene::{Across, Dots, GRID, INK, Scene, series_colour};
use super::{Picture, subtitle_of};
use crate::report::{csv, number, select};
use crate::result::{ResultFile, Series};

const LEFT: f64 = 78.0;
const RIGHT: f64 = 760.0;
const TOP: f64 = 84.0;
const STRIP: f64 = 150.0;
const GAP: f64 = 26.0;
/// What fills up, and what comes out of it.
const COLUMNS: [&str; 4] = ["in_flight", "queue", "good_per_s", "heap_mb"];
/// From the last tenth of the windows on no mean is drawn: too few are left.
const LAST: usize = 10;

/// A quantity in each window, and its mean from each window on.
struct Strip {
    label: String,
    windows: Vec<f64>,
    later: Vec<f64>,
}

/// Draws it for the answer's cell, where something was cut off.
pub(crate) fn picture(result: &ResultFile) -> Option<Picture> {
    let cell = select::focus(result)?;
    let series = cell.series.as_ref()?;
    let strips: Vec<Strip> = COLUMNS.iter().filter_map(|name| strip(series, name)).collect();
    let windows = strips.first()?.windows.len();
    let end = windows as f64 * series.window_s;
    if cell.warmup_s <= 0.0 || cell.warmup_s >= end || windows < 10 {
        return None;
    }
    let height = TOP + (STRIP + GAP) * strips.len() as f64 + 48.0;
    let axes: Vec<usize> =
        (0..result.axes.len()).filter(|axis| result.axes[*axis].values.len() > 1).collect();
    let about = select::describe(result, cell, &axes);
    let mut scene = Scene::new(
        (960.0, height),
        "Warm-up: was enough cut off?",
        &subtitle_of(result, &[&about, "means over the replications"]),
    );
    for (index, strip) in strips.iter().enumerate() {
        let top = TOP + (STRIP + GAP) * index as f64;
        let cut = LEFT + (RIGHT - LEFT) * cell.warmup_s / end;
        scene.rectangle((LEFT, top), (cut, top + STRIP), GRID, 0.45);
        draw(&mut scene, strip, series.window_s, (top, end, index + 1 == strips.len()));
    }
    let rule = number::clean(&cell.warmup_rule);
    scene.notes(&[format!("grey: the first {} s, cut off ({rule})", number::plain(cell.warmup_s))]);
    Some(Picture::new("warmup", scene))
}

/// A column that has a value in each window and is not zero throughout.
fn strip(series: &Series, name: &str) -> Option<Strip> {
    let windows: Vec<f64> = series.columns.get(name)?.iter().copied().collect::<Option<_>>()?;
    if windows.iter().all(|value| *value <= 0.0) {
        return None;
    }
    let mut later = Vec::with_capacity(windows.len());
    let (mut sum, mut count) = (0.0, 0.0);
    for value in windows.iter().rev() {
        (sum, count) = (sum + value, count + 1.0);
        later.push(sum / count);
    }
    later.reverse();
    later.truncate(windows.len() - windows.len() / LAST);
    let label = number::label_with_unit(&select::readable(name), csv::series_unit(name));
    Some(Strip { label, windows, later })
}

fn draw(scene: &mut Scene, strip: &Strip, window_s: f64, (top, end, is_last): (f64, f64, bool)) {
    let y = Scale::of(strip.windows.iter().copied(), Origin::Zero);
    let x = Scale::Linear { low: 0.0, high: end };
    let bare = x.ticks().into_iter().map(|(value, _)| (value, String::new())).collect();
    let x_ticks = if is_last { None } else { Some(bare) };
    let frame = Frame { area: (LEFT, top, RIGHT, top + STRIP), x, y, x_ticks };
    let label = format!("{}{}", strip.label, y.remark());
    frame.draw(scene, Labels { title: &[], x: if is_last { "simulated time, s" } else { "" }, y: &label });
    let lines = [("each window", &strip.windows, 0.5), ("mean from here on", &strip.later, 0.0)];
    for (index, (name, values, shift)) in lines.into_iter().enumerate() {
        let at = |(window, value): (usize, &f64)| frame.at((window as f64 + shift) * window_s, *value);
        scene.line(values.iter().enumerate().map(at).collect(), series_colour(index), 2.0);
        let y = top + 10.0 + 18.0 * index as f64;
        scene.key((RIGHT + 16.0, y), index, Dots::Hidden);
        scene.words((RIGHT + 28.0, y), name, 11.5, INK, Across::Left);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(values: &[Option<f64>]) -> Option<Strip> {
        let mut series = Series::default();
        series.columns.insert("queue".to_owned(), values.to_vec());
        strip(&series, "queue")
    }

    #[test]
    fn the_mean_from_a_window_on_leaves_out_what_came_before() {
        let values: Vec<Option<f64>> = [9.0, 1.0, 3.0, 1.0, 3.0, 1.0, 3.0, 1.0, 3.0, 2.0].map(Some).to_vec();
        let strip = of(&values).unwrap();
        assert!((strip.later[0] - 2.7).abs() < 1e-12 && (strip.later[1] - 2.0).abs() < 1e-12);
        assert_eq!(strip.later.len(), 9);
    }

    #[test]
    fn what_is_always_zero_or_not_always_there_is_not_drawn() {
        assert!(of(&[Some(0.0); 12]).is_none());
        assert!(of(&[Some(1.0), None]).is_none());
    }
}

//! Lines with interval bands in one frame or in several of the same scales.

use super::font;
use super::frame::{Frame, Labels};
use super::scale::Scale;
use super::scene::{Across, Dots, Fill, INK, Point, Scene, series_colour, series_marker};

/// Some lines over a common quantity.
#[derive(Clone, Debug)]
pub(crate) struct Chart {
    /// What it shows.
    pub(crate) title: String,
    /// Where it is from.
    pub(crate) subtitle: String,
    /// The quantity along the bottom, with its unit.
    pub(crate) x_label: String,
    /// The quantity along the left, with its unit.
    pub(crate) y_label: String,
    /// The scale along the bottom.
    pub(crate) x: Scale,
    /// Its ticks, where they are not the scale's own.
    pub(crate) x_ticks: Option<Vec<(f64, String)>>,
    /// The scale along the left.
    pub(crate) y: Scale,
    /// The names of the lines; a panel's n-th line has the n-th name, colour and marker.
    pub(crate) names: Vec<String>,
    /// The frames.
    pub(crate) panels: Vec<Panel>,
    /// Frames beside each other, where that is not free.
    pub(crate) columns: Option<usize>,
    /// The limits that were asked for, with their words.
    pub(crate) targets: Vec<(f64, String)>,
    /// Values that were published.
    pub(crate) published: Vec<Published>,
    /// Remarks at the foot.
    pub(crate) notes: Vec<String>,
    /// Whether points are marked.
    pub(crate) dots: Dots,
}

/// A value that was published, drawn in every frame.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Published {
    /// The line that it belongs to; none where there are several of the same metric.
    pub(crate) line: Option<usize>,
    /// Its place along the bottom.
    pub(crate) x: f64,
    /// Its value.
    pub(crate) y: f64,
}

/// One frame of a chart.
#[derive(Clone, Debug)]
pub(crate) struct Panel {
    /// What it shares with its row, where panels stand in a grid; the same for all of a row.
    pub(crate) row: String,
    /// What sets it apart from the others, in parts that may stand on lines of their own.
    pub(crate) title: Vec<String>,
    /// Its lines, in the order of the chart's names.
    pub(crate) lines: Vec<Vec<Sample>>,
}

/// One point of a line.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Sample {
    /// Its place along the bottom.
    pub(crate) x: f64,
    /// Its value, absent when there is none.
    pub(crate) y: Option<f64>,
    /// The ends of its interval.
    pub(crate) interval: Option<(f64, f64)>,
    /// Whether it may be relied on.
    pub(crate) trust: Trust,
}

/// How many of the `later` lines lie upon this one, to a pixel and a half.
fn coincident(frame: &Frame, line: &[Sample], later: &[Vec<Sample>]) -> usize {
    let place = |sample: &Sample| sample.y.map(|y| frame.at(sample.x, y));
    let near = |(a, b): (&Sample, &Sample)| match (place(a), place(b)) {
        (Some(a), Some(b)) => (a.0 - b.0).abs() < 1.5 && (a.1 - b.1).abs() < 1.5,
        (None, None) => true,
        (Some(_), None) | (None, Some(_)) => false,
    };
    let seen = line.iter().any(|sample| sample.y.is_some());
    let upon = |other: &&Vec<Sample>| seen && other.len() == line.len() && line.iter().zip(*other).all(near);
    later.iter().filter(upon).count()
}

/// Whether a point may be relied on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Trust {
    /// Nothing speaks against it.
    Sound,
    /// A flag puts it in doubt.
    Doubtful,
}

const WIDTH: f64 = 960.0;
const LEFT: f64 = 78.0;
const TOP: f64 = 66.0;
const LABEL_SIZE: f64 = 11.5;
const ROW_SIZE: f64 = 12.5;
/// Half the width of the sign of a published value.
const PLUS: f64 = 7.0;
/// The height of what a row of frames shares.
const ROW_HEAD: f64 = 22.0;

/// An entry of the legend.
enum Key {
    /// The n-th line.
    Line(usize, String),
    /// A limit.
    Target(String),
}

impl Chart {
    /// Lays the chart out.
    pub(crate) fn scene(&self) -> Scene {
        let columns = self.columns.unwrap_or_else(|| columns(self.panels.len()));
        let rows = self.panels.len().div_ceil(columns).max(1);
        let is_single = self.panels.len() == 1;
        let names_right = is_single && self.names.len() > 1;
        let keys = self.keys(names_right);
        let legend = legend_places(&keys).last().map_or(0.0, |(_, row)| 18.0 * (row + 1.0) + 4.0);
        let panel_height = if rows == 1 { 360.0 } else { 215.0 };
        let right = if names_right { WIDTH - self.label_room() - 18.0 } else { WIDTH - 24.0 };
        let gap = self.gap();
        let width = (right - LEFT - gap * (columns as f64 - 1.0)) / columns as f64;
        let titles: Vec<Vec<String>> =
            self.panels.iter().map(|panel| title_lines(&panel.title, width)).collect();
        let head = 15.0 * titles.iter().map(Vec::len).max().unwrap_or(0) as f64;
        let head = head + if self.has_rows() { ROW_HEAD } else { 0.0 };
        let row_pitch = panel_height + 40.0 + head;
        let height = TOP + legend + 8.0 + head + row_pitch * (rows as f64 - 1.0) + panel_height + 62.0;
        let mut scene = Scene::new((WIDTH, height), &self.title, &self.subtitle);
        self.draw_legend(&mut scene, &keys);
        let x_fits = is_single || font::width(&self.x_label, 12.0) <= width + 14.0;
        if !x_fits {
            let label = font::fitted(&self.x_label, 12.0, right - LEFT);
            let middle = f64::midpoint(LEFT, right);
            scene.words((middle, height - 26.0), &label, 12.0, INK, Across::Centre);
        }
        for (index, panel) in self.panels.iter().enumerate() {
            let (row, column) = ((index / columns) as f64, (index % columns) as f64);
            let left = LEFT + (width + gap) * column;
            let top = TOP + legend + 8.0 + head + row_pitch * row;
            let area = (left, top, left + width, top + panel_height);
            let frame = Frame { area, x: self.x, y: self.y, x_ticks: self.x_ticks.clone() };
            let is_lowest = index + columns >= self.panels.len();
            let labels = Labels {
                title: &titles[index],
                x: if is_lowest && x_fits { &self.x_label } else { "" },
                y: if index % columns == 0 { &self.y_label } else { "" },
            };
            if index % columns == 0 {
                let row = font::fitted(&panel.row, ROW_SIZE, right - left);
                scene.words((left, top - head + 3.0), &row, ROW_SIZE, INK, Across::Left);
            }
            self.draw_panel(&mut scene, &frame, panel, labels);
            if names_right {
                self.draw_names(&mut scene, &frame, panel);
            }
        }
        scene.notes(&self.notes);
        scene
    }

    fn draw_panel(&self, scene: &mut Scene, frame: &Frame, panel: &Panel, labels: Labels<'_>) {
        frame.draw(scene, labels);
        for (index, line) in panel.lines.iter().enumerate() {
            for run in runs(line) {
                let ends: Vec<(f64, f64, f64)> = run
                    .iter()
                    .filter_map(|sample| sample.interval.map(|(low, high)| (sample.x, low, high)))
                    .collect();
                match self.dots {
                    Dots::Shown | Dots::Hidden => frame.band(scene, &ends, series_colour(index)),
                    Dots::Apart => frame.bars(scene, &ends, series_colour(index)),
                }
            }
        }
        for (limit, _) in &self.targets {
            frame.target(scene, *limit);
        }
        for (index, line) in panel.lines.iter().enumerate() {
            let over = coincident(frame, line, &panel.lines[index + 1..]).min(3) as f64;
            self.draw_line(scene, frame, (index, over), line);
        }
        for mark in &self.published {
            let (x, y) = frame.at(mark.x, mark.y);
            let colour = mark.line.map_or(INK, series_colour);
            scene.line(vec![(x - PLUS, y), (x + PLUS, y)], colour, 1.8);
            scene.line(vec![(x, y - PLUS), (x, y + PLUS)], colour, 1.8);
        }
    }

    /// Draws the line of a number, over which so many later ones lie. Lines may coincide: those further back are wider, so
    /// that each shows beside the next.
    fn draw_line(&self, scene: &mut Scene, frame: &Frame, (index, over): (usize, f64), line: &[Sample]) {
        let colour = series_colour(index);
        let behind = self.names.len().saturating_sub(index + 1).min(4) as f64;
        let width = 2.0 + if self.dots == Dots::Hidden { 1.2 * behind } else { 2.6 * over };
        for run in runs(line) {
            let points: Vec<Point> =
                run.iter().filter_map(|sample| sample.y.map(|y| frame.at(sample.x, y))).collect();
            if points.len() > 1 && self.dots != Dots::Apart {
                scene.line(points, colour, width);
            }
        }
        if self.dots == Dots::Hidden {
            return;
        }
        for sample in line {
            let fill = match sample.trust {
                Trust::Sound => Fill::Full,
                Trust::Doubtful => Fill::Hollow,
            };
            if let Some(y) = sample.y {
                scene.dot(frame.at(sample.x, y), 4.2 + 1.7 * over, colour, series_marker(index), fill);
            } else {
                let (x, bottom) = (frame.at(sample.x, 0.0).0, frame.area.3);
                scene.cross((x, bottom - 7.0 - 10.0 * index as f64), colour);
            }
        }
    }

    /// Names each line at its end, moved apart where ends are close.
    fn draw_names(&self, scene: &mut Scene, frame: &Frame, panel: &Panel) {
        let (_, top, right, bottom) = frame.area;
        let mut ends: Vec<(usize, f64)> = Vec::new();
        for (index, line) in panel.lines.iter().enumerate() {
            let last = line.iter().rev().find_map(|sample| sample.y.map(|y| frame.at(sample.x, y).1));
            if !line.is_empty() {
                ends.push((index, last.unwrap_or(bottom)));
            }
        }
        ends.sort_by(|a, b| a.1.total_cmp(&b.1));
        for (index, y) in spread(&ends, LABEL_SIZE + 4.0, (top, bottom)) {
            let name = self.names.get(index).map_or("", String::as_str);
            let name = font::fitted(name, LABEL_SIZE, self.label_room() - 22.0);
            scene.key((right + 14.0, y), index, self.dots);
            scene.words((right + 24.0, y), &name, LABEL_SIZE, INK, Across::Left);
        }
    }

    /// The width that names at line ends need.
    fn label_room(&self) -> f64 {
        let widest = self.names.iter().map(|name| font::width(name, LABEL_SIZE)).fold(0.0, f64::max);
        (widest + 26.0).min(350.0)
    }

    /// What the legend lists: lines that are not named at their ends, and limits.
    fn keys(&self, names_right: bool) -> Vec<Key> {
        let lines = if names_right || self.names.len() < 2 { &[] } else { self.names.as_slice() };
        let fitted = |name: &String| font::fitted(name, LABEL_SIZE, 420.0);
        let lines = lines.iter().enumerate().map(|(index, name)| Key::Line(index, fitted(name)));
        lines.chain(self.targets.iter().map(|(_, words)| Key::Target(fitted(words)))).collect()
    }

    fn draw_legend(&self, scene: &mut Scene, keys: &[Key]) {
        for (key, (x, row)) in keys.iter().zip(legend_places(keys)) {
            let y = TOP + 6.0 + 18.0 * row;
            match key {
                Key::Line(index, name) => {
                    scene.key((x, y), *index, self.dots);
                    scene.words((x + 11.0, y), name, LABEL_SIZE, INK, Across::Left);
                }
                Key::Target(words) => scene.target_key((x, y), words, LABEL_SIZE),
            }
        }
    }

    fn has_rows(&self) -> bool {
        self.panels.iter().any(|panel| !panel.row.is_empty())
    }

    /// The room between frames, in which the ticks at their ends meet.
    fn gap(&self) -> f64 {
        let ticks = self.x_ticks.clone().unwrap_or_else(|| self.x.ticks());
        let ends = ticks.first().into_iter().chain(ticks.last());
        let widths: f64 = ends.map(|(_, text)| font::width(text, LABEL_SIZE) / 2.0).fold(0.0, |a, b| a + b);
        (widths + 12.0).clamp(24.0, 60.0)
    }
}

/// Where the entries of the legend stand, as a place along a row and the row.
fn legend_places(keys: &[Key]) -> Vec<(f64, f64)> {
    let (mut x, mut row) = (28.0, 0.0);
    let mut places = Vec::new();
    for key in keys {
        let width = match key {
            Key::Line(_, name) => font::width(name, LABEL_SIZE) + 38.0,
            Key::Target(words) => font::width(words, LABEL_SIZE) + 47.0,
        };
        if x + width > WIDTH - 24.0 && x > 28.0 {
            (x, row) = (28.0, row + 1.0);
        }
        places.push((x, row));
        x += width;
    }
    places
}

/// A title on one line, or its parts on a line each where it does not fit.
fn title_lines(parts: &[String], room: f64) -> Vec<String> {
    let whole = parts.join(", ");
    match whole {
        whole if whole.is_empty() => Vec::new(),
        whole if font::width(&whole, 12.0) <= room => vec![whole],
        _ => parts.iter().map(|part| font::fitted(part, 12.0, room)).collect(),
    }
}

fn columns(panels: usize) -> usize {
    match panels {
        0 | 1 => 1,
        2 | 4 => 2,
        3 | 5 | 6 | 9 => 3,
        _ => 4,
    }
}

/// The stretches of a line between missing values.
fn runs(line: &[Sample]) -> impl Iterator<Item = &[Sample]> {
    line.split(|sample| sample.y.is_none()).filter(|run| !run.is_empty())
}

/// Moves sorted places apart to at least `pitch`, within bounds where there is room.
pub(crate) fn spread(ends: &[(usize, f64)], pitch: f64, (top, bottom): (f64, f64)) -> Vec<(usize, f64)> {
    let mut places = ends.to_vec();
    let mut free = top;
    for place in &mut places {
        place.1 = place.1.max(free);
        free = place.1 + pitch;
    }
    let mut limit = bottom.max(top + pitch * (ends.len() as f64 - 1.0));
    for place in places.iter_mut().rev() {
        place.1 = place.1.min(limit);
        limit = place.1 - pitch;
    }
    places
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_lines_that_end_together_are_moved_apart() {
        let places = spread(&[(0, 99.0), (1, 99.5), (2, 100.0)], 10.0, (0.0, 100.0));
        assert_eq!(places, [(0, 80.0), (1, 90.0), (2, 100.0)]);
    }

    #[test]
    fn a_line_under_another_is_known() {
        let sample = |x, y| Sample { x, y: Some(y), interval: None, trust: Trust::Sound };
        let line = vec![sample(0.0, 1.0), sample(10.0, 5.0)];
        let other = vec![sample(0.0, 1.0), sample(10.0, 9.0)];
        let (x, y) = (Scale::Linear { low: 0.0, high: 10.0 }, Scale::Linear { low: 0.0, high: 10.0 });
        let frame = Frame { area: (0.0, 0.0, 100.0, 100.0), x, y, x_ticks: None };
        assert_eq!(coincident(&frame, &line, &[line.clone(), other.clone()]), 1);
        assert_eq!(coincident(&frame, &other, &[line]), 0);
    }
}

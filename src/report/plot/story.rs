//! What happened when in the first replication: a lane for each fault and each thing that followed, above the time series.

use super::font;
use super::scene::{Across, Colour, Fill, INK, Marker, PALETTE, QUIET, Scene, TARGET};
use crate::report::number;
use crate::result::{Episode, Series};
use indexmap::IndexMap;

/// The height of a lane.
const LANE: f64 = 16.0;
/// Lanes that are drawn; the rest is said to be left out.
const LANES_MAX: usize = 12;
/// Episodes that are told in words.
const TOLD_MAX: usize = 6;
/// So many notices in a lane are a crowd.
const CROWD: usize = 30;
/// The least width of a bar, so that what is short is seen.
const BAR_MIN: f64 = 2.5;

/// A lane: whom it is about, its colour, and its bars.
struct Lane<'a> {
    name: String,
    colour: Colour,
    bars: Vec<Bar<'a>>,
}

/// From when to when, and what was done meanwhile.
struct Bar<'a> {
    start_s: f64,
    end_s: Option<f64>,
    episode: Option<&'a Episode>,
}

/// The lanes of a time series over a stretch of the picture.
pub(super) struct Story<'a> {
    lanes: Vec<Lane<'a>>,
    hidden: usize,
    series: &'a Series,
    end_s: f64,
}

impl<'a> Story<'a> {
    /// What there is to tell of `series`, which is `end_s` long.
    pub(super) fn of(series: &'a Series, end_s: f64) -> Self {
        let mut lanes: IndexMap<String, Lane<'a>> = IndexMap::new();
        let mut add = |name: &str, colour, bar| {
            let name = number::clean(name);
            let empty = Lane { name: name.clone(), colour, bars: Vec::new() };
            lanes.entry(name).or_insert(empty).bars.push(bar);
        };
        for fault in &series.faults {
            let bar = Bar { start_s: fault.start_s, end_s: Some(fault.end_s), episode: None };
            add(&fault.label, TARGET, bar);
        }
        for episode in series.episodes.iter().filter(|episode| episode.start_s <= end_s) {
            let bar = Bar { start_s: episode.start_s, end_s: episode.end_s, episode: Some(episode) };
            add(&episode.of, colour_of(&episode.of), bar);
        }
        let mut lanes: Vec<Lane<'a>> = lanes.into_values().collect();
        let hidden = lanes.len().saturating_sub(LANES_MAX);
        lanes.truncate(LANES_MAX);
        Self { lanes, hidden, series, end_s }
    }

    /// How high the lanes are, with the room below them.
    pub(super) fn height(&self) -> f64 {
        if self.lanes.is_empty() { 0.0 } else { LANE * self.lanes.len() as f64 + 18.0 }
    }

    /// Draws the lanes from `top` on.
    pub(super) fn draw(&self, scene: &mut Scene, (left, right): (f64, f64), top: f64) {
        let place = |time_s: f64| left + (right - left) * (time_s / self.end_s).clamp(0.0, 1.0);
        for (row, lane) in self.lanes.iter().enumerate() {
            let middle = top + LANE * (row as f64 + 0.5);
            scene.line(vec![(left, middle), (right, middle)], super::scene::GRID, 1.0);
            for bar in &lane.bars {
                let (from, to) = (place(bar.start_s), place(bar.end_s.unwrap_or(self.end_s)));
                scene.rectangle(
                    (from, middle - 4.5),
                    (to.max(from + BAR_MIN), middle + 4.5),
                    lane.colour,
                    0.85,
                );
            }
            let episodes = lane.bars.iter().filter_map(|bar| bar.episode);
            let noticed: Vec<f64> = episodes.filter_map(|episode| episode.noticed_s).collect();
            // Many would cover one another.
            let radius = if noticed.len() > CROWD { 2.0 } else { 4.0 };
            for noticed_s in noticed {
                scene.dot((place(noticed_s), middle), radius, INK, Marker::Triangle, Fill::Full);
            }
            let room = scene.width - right - 22.0;
            let fits = |size: &f64| font::width(&lane.name, *size) <= room;
            let size = [11.0, 10.0, 9.0].into_iter().find(fits).unwrap_or(9.0);
            let name = font::fitted(&lane.name, size, room);
            scene.words((right + 16.0, middle), &name, size, INK, Across::Left);
        }
    }

    /// Draws, across the strips between two heights, when the first fault was noticed and when the last episode was over.
    pub(super) fn cross(&self, scene: &mut Scene, (left, right): (f64, f64), (top, bottom): (f64, f64)) {
        let place = |time_s: f64| left + (right - left) * (time_s / self.end_s).clamp(0.0, 1.0);
        let marks = [(self.noticed_s(), INK), (self.over_s(), PALETTE[2])];
        for (time_s, colour) in marks {
            if let Some(time_s) = time_s.filter(|time_s| *time_s <= self.end_s) {
                scene.dashes(vec![(place(time_s), top), (place(time_s), bottom)], colour, 1.2);
            }
        }
    }

    /// When somebody who watches noticed for the first time since the first fault; where nobody does, whoever called.
    fn noticed_s(&self) -> Option<f64> {
        let first = self.series.faults.first()?.start_s;
        let earliest = |by_callers: bool| {
            let known = self.series.episodes.iter().filter(|episode| (episode.of == TOUCHED) == by_callers);
            let noticed = known.filter_map(|episode| episode.noticed_s);
            noticed.filter(|noticed_s| *noticed_s >= first).min_by(f64::total_cmp)
        };
        earliest(false).or_else(|| earliest(true))
    }

    /// When the last episode since the first fault was over; nothing while one is not.
    fn over_s(&self) -> Option<f64> {
        let first = self.series.faults.first()?.start_s;
        let since = self.series.episodes.iter().filter(|episode| episode.start_s >= first);
        let ends: Option<Vec<f64>> = since.map(|episode| episode.end_s).collect();
        ends?.into_iter().max_by(f64::total_cmp)
    }

    /// What it shows, in words.
    pub(super) fn notes(&self) -> Vec<String> {
        if self.lanes.is_empty() {
            return Vec::new();
        }
        let mut keys = vec!["above: the first replication"];
        if !self.series.faults.is_empty() {
            keys.push("red: faults");
        }
        for (colour, key) in [
            (PALETTE[4], "orange: from a failure to its end"),
            (QUIET, "grey: tasks that one touched"),
            (PALETTE[2], "green: until goodput is back"),
        ] {
            if self.lanes.iter().any(|lane| lane.colour == colour) {
                keys.push(key);
            }
        }
        if self.series.episodes.iter().any(|episode| episode.noticed_s.is_some()) {
            keys.push("triangles: noticed");
        }
        if self.noticed_s().is_some() {
            keys.push("black dashes: the first of them");
        }
        if self.over_s().is_some() {
            keys.push("green dashes: all is over");
        }
        let mut notes = vec![keys.join(" · ")];
        let is_touched = |episode: &&Episode| episode.of == TOUCHED;
        notes.extend(self.series.episodes.iter().find(is_touched).map(words));
        let touched = self.series.episodes.iter().filter(is_touched).count();
        if touched > 1 {
            notes.push(format!("tasks were touched {} times more", touched - 1));
        }
        let told = self.series.episodes.iter().filter(|episode| !is_touched(episode));
        notes.extend(told.clone().take(TOLD_MAX).map(words));
        let rest = told.count().saturating_sub(TOLD_MAX);
        if rest > 0 {
            notes.push(format!("and {rest} more, listed in the report"));
        }
        let left_out = self.series.untold + self.hidden as u64;
        if left_out > 0 {
            notes.push(format!("{left_out} more are not shown"));
        }
        notes
    }
}

/// Tasks that failures touched, while any is there.
const TOUCHED: &str = "tasks touched";

fn colour_of(of: &str) -> Colour {
    match of {
        TOUCHED => QUIET,
        "until goodput is back" => PALETTE[2],
        _ => PALETTE[4],
    }
}

/// An episode in words: `failover postgres: from 123 s, noticed 150 s, decided 153 s, over 166 s`.
fn words(episode: &Episode) -> String {
    let at = |time_s: f64| format!("{} s", number::tenths(time_s));
    let mut parts = vec![format!("from {}", at(episode.start_s))];
    parts.extend(episode.noticed_s.map(|noticed_s| format!("noticed {}", at(noticed_s))));
    parts.extend(
        episode.steps.iter().map(|(what, time_s)| format!("{} {}", number::clean(what), at(*time_s))),
    );
    parts.push(
        episode.end_s.map_or_else(|| "not over at the end".to_owned(), |end_s| format!("over {}", at(end_s))),
    );
    format!("{}: {}", number::clean(&episode.of), parts.join(", "))
}

#[cfg(test)]
mod tests {
    use super::super::scene::Shape;
    use super::*;
    use crate::result::FaultSpan;

    fn series() -> Series {
        let episode = |of: &str, start_s, noticed_s, end_s| Episode {
            of: of.to_owned(),
            start_s,
            noticed_s,
            end_s,
            steps: vec![("decided".to_owned(), start_s + 13.44)],
        };
        Series {
            faults: vec![FaultSpan { label: "errors, store".to_owned(), start_s: 20.0, end_s: 60.0 }],
            episodes: vec![
                episode("open breaker early", 5.0, Some(5.0), Some(9.0)),
                episode("failover store", 20.0, Some(30.0), Some(45.0)),
                episode(TOUCHED, 21.0, None, Some(50.0)),
            ],
            ..Series::default()
        }
    }

    #[test]
    fn marks_stand_where_the_faults_were() {
        let series = series();
        let story = Story::of(&series, 100.0);
        let mut scene = Scene::new((960.0, 300.0), "", "");
        story.draw(&mut scene, (100.0, 800.0), 50.0);
        let mut red = Vec::new();
        for shape in &scene.shapes {
            if let Shape::Area { points, colour, .. } = shape
                && *colour == TARGET
            {
                red.push((points[0].0, points[1].0));
            }
        }
        // A fifth and three fifths of 700 pixels, from 100 on.
        assert_eq!(red, [(240.0, 520.0)]);
    }

    #[test]
    fn only_what_follows_the_fault_is_marked_across() {
        let series = series();
        let story = Story::of(&series, 100.0);
        assert_eq!((story.noticed_s(), story.over_s()), (Some(30.0), Some(50.0)));
    }

    #[test]
    fn an_episode_is_told_in_the_order_of_time() {
        let told = words(&series().episodes[1]);
        assert_eq!(told, "failover store: from 20 s, noticed 30 s, decided 33.4 s, over 45 s");
    }

    #[test]
    fn nothing_to_tell_takes_no_room() {
        let series = Series::default();
        let story = Story::of(&series, 10.0);
        assert!(story.height() == 0.0 && story.notes().is_empty());
    }
}

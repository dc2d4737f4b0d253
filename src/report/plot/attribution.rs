//! Where a task's time goes: stacked bars of the answer's cell and of its next smaller neighbour.

use super::font;
use super::scale::{Origin, Scale};
use super::scene::{Across, Colour, GRID, INK, ON_DARK, ON_LIGHT, PALETTE, QUIET, Scene};
use super::{Picture, subtitle_of_pooled};
use crate::report::{number, select};
use crate::result::{Cell, LedgerPart, ResultFile};

/// Parts with a colour of their own; the rest is one.
const PARTS_MAX: usize = 6;
const LEFT: f64 = 190.0;
const RIGHT: f64 = 890.0;
/// The height of a cell's bars with their words and axis.
const GROUP: f64 = 158.0;
/// Of which this is its heading.
const HEAD: f64 = 18.0;

/// Draws the bars, where a cell has a ledger.
pub(crate) fn picture(result: &ResultFile) -> Option<Picture> {
    let focus = select::focus(result)?;
    let mut cells = vec![focus];
    let smaller = result.answer.smaller.and_then(|index| select::cell_at(result, index));
    cells.extend(smaller.filter(|cell| cell.index != focus.index));
    cells.retain(|cell| !cell.ledger.is_empty());
    if cells.is_empty() {
        return None;
    }
    let parts = main_parts(&cells);
    let bars: Vec<Bar> = cells.iter().flat_map(|cell| bars_of(cell, &parts)).collect();
    Some(Picture::new("attribution", scene(result, &cells, &bars, &parts)))
}

/// One bar: its words and the length of each part in seconds, the rest last.
struct Bar {
    words: &'static str,
    lengths: Vec<f64>,
}

/// Seconds of a part, over all tasks.
fn mean(part: &LedgerPart) -> f64 {
    part.mean_s.value.unwrap_or(0.0)
}

/// Seconds of a part, over the slowest.
fn slowest(part: &LedgerPart) -> f64 {
    part.slowest_s.value.unwrap_or(0.0)
}

/// The parts that are longest in any bar, in the order of the ledger.
fn main_parts(cells: &[&Cell]) -> Vec<String> {
    let mut sizes: indexmap::IndexMap<&str, f64> = indexmap::IndexMap::new();
    for cell in cells {
        let (mean_all, slowest_all) =
            cell.ledger.iter().fold((0.0, 0.0), |sum, part| (sum.0 + mean(part), sum.1 + slowest(part)));
        for part in &cell.ledger {
            let share =
                (mean(part) / f64::max(mean_all, 1e-12)).max(slowest(part) / f64::max(slowest_all, 1e-12));
            let size = sizes.entry(&part.part).or_insert(0.0);
            *size = size.max(share);
        }
    }
    let mut largest: Vec<(usize, f64)> = sizes.values().copied().enumerate().collect();
    largest.sort_by(|a, b| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0)));
    largest.truncate(PARTS_MAX);
    largest.sort_by_key(|(place, _)| *place);
    largest
        .iter()
        .map(|(place, _)| sizes.get_index(*place).map_or_else(String::new, |(name, _)| (*name).to_owned()))
        .collect()
}

fn bars_of(cell: &Cell, parts: &[String]) -> [Bar; 2] {
    let lengths = |length: fn(&LedgerPart) -> f64| {
        let mut lengths: Vec<f64> = parts
            .iter()
            .map(|name| {
                cell.ledger.iter().filter(|part| part.part == *name).map(length).fold(0.0, |a, b| a + b)
            })
            .collect();
        let all = cell.ledger.iter().map(length).fold(0.0, |a, b| a + b);
        let main = lengths.iter().fold(0.0, |a, b| a + b);
        lengths.push(f64::max(all - main, 0.0));
        lengths
    };
    [
        Bar { words: "all tasks, mean", lengths: lengths(mean) },
        Bar { words: "slowest 1 %, mean", lengths: lengths(slowest) },
    ]
}

fn scene(result: &ResultFile, cells: &[&Cell], bars: &[Bar], parts: &[String]) -> Scene {
    let legend = legend_places(parts);
    let legend_height = legend.last().map_or(0.0, |(_, row)| 18.0 * (row + 1.0));
    let top = 74.0 + legend_height;
    let axes: Vec<usize> =
        (0..result.axes.len()).filter(|axis| result.axes[*axis].values.len() > 1).collect();
    // Without axes there is nothing to call a cell by.
    let head = if axes.is_empty() { 0.0 } else { HEAD };
    let group = GROUP - HEAD + head;
    let height = top + group * cells.len() as f64 + 6.0;
    let mut scene = Scene::new((960.0, height), "Where a task's time goes", &subtitle_of_pooled(result, ""));
    let is_seen = |index: usize| bars.iter().any(|bar| bar.lengths[index] > 0.0);
    for (index, (x, row)) in legend.iter().enumerate().filter(|(index, _)| is_seen(*index)) {
        let y = 70.0 + 18.0 * row;
        scene.rectangle((*x, y - 5.0), (x + 10.0, y + 5.0), colour(index, parts), 1.0);
        let name = font::fitted(&number::clean(part_name(parts, index)), 11.5, 240.0);
        scene.words((x + 15.0, y), &name, 11.5, INK, Across::Left);
    }
    for (index, cell) in cells.iter().enumerate() {
        let y = top + group * index as f64 + 14.0;
        let role = match (result.answer.cell == Some(cell.index), result.answer.smaller == Some(cell.index)) {
            (true, _) => format!(" ({})", select::role(cell)),
            (false, true) => " (the next smaller one)".to_owned(),
            (false, false) => String::new(),
        };
        if !axes.is_empty() {
            let words = format!("cell {}{role}: {}", cell.index, select::describe(result, cell, &axes));
            let fits = |size: &f64| font::width(&words, *size) <= 912.0;
            let size = [12.0, 11.0, 10.0].into_iter().find(fits).unwrap_or(10.0);
            scene.words((24.0, y), &font::fitted(&words, size, 912.0), size, INK, Across::Left);
        }
        draw_group(&mut scene, &bars[2 * index..2 * index + 2], parts, y + head);
    }
    let scales = if cells.len() > 1 { "; each cell has a scale of its own" } else { "" };
    scene.notes(&[format!("the parts of a task's time sum to its latency{scales}")]);
    scene
}

/// The bars of one cell over an axis of their own.
fn draw_group(scene: &mut Scene, bars: &[Bar], parts: &[String], top: f64) {
    let longest = bars.iter().map(|bar| bar.lengths.iter().fold(0.0, |a, b| a + b)).fold(0.0, f64::max);
    let scale = Scale::linear(0.0, longest, Origin::Zero);
    let at = |value: f64| LEFT + (RIGHT - LEFT) * scale.place(value);
    let bottom = top + 92.0;
    for (value, text) in scale.ticks() {
        scene.line(vec![(at(value), top), (at(value), bottom)], GRID, 1.0);
        scene.words((at(value), bottom + 13.0), &text, 11.0, QUIET, Across::Centre);
    }
    scene.words((LEFT - 10.0, bottom + 13.0), "time of a task, s", 11.0, QUIET, Across::Right);
    for (index, bar) in bars.iter().enumerate() {
        draw_bar(scene, bar, parts, top + 6.0 + 44.0 * index as f64, &at);
    }
}

fn draw_bar(scene: &mut Scene, bar: &Bar, parts: &[String], y: f64, at: &impl Fn(f64) -> f64) {
    scene.words((LEFT - 10.0, y + 17.0), bar.words, 11.5, INK, Across::Right);
    let mut from = 0.0;
    for (index, length) in bar.lengths.iter().enumerate() {
        let to = from + length;
        if at(to) - at(from) >= 0.5 {
            scene.rectangle((at(from), y), (at(to), y + 34.0), colour(index, parts), 1.0);
            let text = number::short(*length);
            if font::width(&text, 11.0) + 8.0 < at(to) - at(from) {
                let ink = text_colour(colour(index, parts));
                scene.words((f64::midpoint(at(from), at(to)), y + 17.0), &text, 11.0, ink, Across::Centre);
            }
        }
        from = to;
    }
    scene.words((at(from) + 6.0, y + 17.0), &number::short(from), 11.0, QUIET, Across::Left);
}

fn legend_places(parts: &[String]) -> Vec<(f64, f64)> {
    let (mut x, mut row) = (24.0, 0.0);
    let mut places = Vec::new();
    for index in 0..=parts.len() {
        let width = font::width(&font::fitted(part_name(parts, index), 11.5, 240.0), 11.5) + 36.0;
        if x + width > 940.0 && x > 24.0 {
            (x, row) = (24.0, row + 1.0);
        }
        places.push((x, row));
        x += width;
    }
    places
}

fn part_name(parts: &[String], index: usize) -> &str {
    parts.get(index).map_or("everything else", String::as_str)
}

/// The colour of the part at `index`: its own in every plot, unless an earlier part has that; those without take what is
/// left, and the rest is grey.
fn colour(index: usize, parts: &[String]) -> Colour {
    let has_own = |place: usize| {
        let own = own_colour(&parts[place]);
        parts[..place].iter().all(|earlier| own_colour(earlier) != own)
    };
    if index >= parts.len() {
        return PALETTE[PALETTE.len() - 1];
    }
    if has_own(index) {
        return PALETTE[own_colour(&parts[index])];
    }
    let places = 0..parts.len();
    let owned: Vec<usize> =
        places.filter(|place| has_own(*place)).map(|place| own_colour(&parts[place])).collect();
    let turn = (0..index).filter(|place| !has_own(*place)).count();
    let free = (0..PARTS_MAX).filter(|colour| !owned.contains(colour)).nth(turn);
    PALETTE[free.unwrap_or(PALETTE.len() - 1)]
}

/// Which colour a part has where it is free: parts that seldom meet share one.
fn own_colour(part: &str) -> usize {
    match part {
        "provider" | "services" => 0,
        "slowdown" | "failed attempts" => 1,
        "queue" | "tools" | "coordinator" => 2,
        "rate-limit wait" | "breaker" | "agent start" => 3,
        "client backoff" | "server backoff" | "process pause" => 4,
        _ => 5,
    }
}

/// Dark on light colours and light on dark ones.
fn text_colour(ground: Colour) -> Colour {
    let Colour(red, green, blue) = ground;
    let light = 299 * u32::from(red) + 587 * u32::from(green) + 114 * u32::from(blue);
    if light > 128_000 { ON_LIGHT } else { ON_DARK }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_claims_a_colour_first_has_it_and_no_two_parts_share_one() {
        let parts =
            ["queue", "slot wait", "coordinator", "provider", "tools", "event loop"].map(String::from);
        let colours: Vec<Colour> = (0..parts.len()).map(|index| colour(index, &parts)).collect();
        assert_eq!((colours[0], colours[1], colours[3]), (PALETTE[2], PALETTE[5], PALETTE[0]));
        for (place, one) in colours.iter().enumerate() {
            assert!(!colours[place + 1..].contains(one), "{}", parts[place]);
        }
        assert_eq!(colour(parts.len(), &parts), PALETTE[6]);
    }
}

//! Cost against the deciding latency: which configurations nothing beats in both.

use super::font;
use super::frame::{Frame, Labels};
use super::scale::{Origin, Scale};
use super::scene::{Across, Fill, INK, Marker, PALETTE, QUIET, Scene, Text, Turn};
use super::{Picture, subtitle};
use crate::report::{number, select};
use crate::result::{Cell, ResultFile};

/// Draws the front, where at least two cells have both numbers.
pub(crate) fn picture(result: &ResultFile) -> Option<Picture> {
    let (cost, latency) = (select::cost(result)?, select::latency(result)?);
    let points: Vec<Spot<'_>> = result
        .cells
        .iter()
        .filter_map(|cell| {
            let (x, y) = (select::value(cell, &cost.name)?, select::value(cell, &latency.name)?);
            Some(Spot { cell, x, y })
        })
        .collect();
    // Where nothing has a price there is nothing to weigh.
    if points.len() < 2 || points.iter().all(|spot| spot.x <= 0.0) {
        return None;
    }
    let front = front(&points);
    let latency_label = number::clean(&latency.label);
    let title = format!("Cost against {latency_label}");
    let mut scene = Scene::new((960.0, 516.0), &title, &subtitle(result, ""));
    let limit = select::slo(result, &latency.name);
    let heights = points.iter().map(|spot| spot.y).chain(limit.map(|term| term.limit));
    let frame = Frame {
        area: (78.0, 84.0, 930.0, 455.0),
        x: Scale::of(costs(&points), Origin::Free),
        y: Scale::of_latencies(heights),
        x_ticks: None,
    };
    let (x_label, y_label) = (
        number::label_with_unit(&number::clean(&cost.label), &cost.unit) + frame.x.remark(),
        number::label_with_unit(&latency_label, &latency.unit) + frame.y.remark(),
    );
    frame.draw(&mut scene, Labels { title: &[], x: &x_label, y: &y_label });
    if let Some(term) = limit {
        frame.target(&mut scene, term.limit);
        scene.target_key((30.0, 68.0), &format!("objective: {}", number::clean(&term.text)), 11.5);
    }
    draw(&mut scene, result, &frame, &points, &front);
    scene.notes(&notes(result, &points, front.len() > 1));
    Some(Picture::new("pareto", scene))
}

/// What the axis of costs has to show: at least a twentieth of a cost, as what differs by less is no choice.
fn costs(points: &[Spot<'_>]) -> Vec<f64> {
    let mut costs: Vec<f64> = points.iter().map(|spot| spot.x).collect();
    let (low, high) =
        (costs.iter().copied().fold(f64::INFINITY, f64::min), costs.iter().copied().fold(0.0, f64::max));
    if high - low < 0.05 * high {
        costs.extend([0.975 * low, 1.025 * high]);
    }
    costs
}

/// One cell in the plane.
struct Spot<'a> {
    cell: &'a Cell,
    x: f64,
    y: f64,
}

/// The indexes of the spots that no other beats or equals in both, by rising cost. Cells that meet the objective
/// compete among themselves, where there are any: a cell that refuses its load is cheap and fast.
fn front(points: &[Spot<'_>]) -> Vec<usize> {
    let any_meets = points.iter().any(|spot| spot.cell.slo_met == Some(true));
    let mut order: Vec<usize> =
        (0..points.len()).filter(|index| !any_meets || points[*index].cell.slo_met == Some(true)).collect();
    order.sort_by(|a, b| {
        let (a, b) = (&points[*a], &points[*b]);
        a.x.total_cmp(&b.x).then(a.y.total_cmp(&b.y)).then(a.cell.index.cmp(&b.cell.index))
    });
    let mut best = f64::INFINITY;
    order.retain(|index| {
        let is_better = points[*index].y < best;
        best = best.min(points[*index].y);
        is_better
    });
    order
}

/// The corners of the line that joins the front.
fn corners(frame: &Frame, points: &[Spot<'_>], front: &[usize]) -> Vec<(f64, f64)> {
    let pairs = front.windows(2).map(|pair| (&points[pair[0]], &points[pair[1]]));
    pairs.flat_map(|(a, b)| [frame.at(a.x, a.y), frame.at(b.x, a.y), frame.at(b.x, b.y)]).collect()
}

fn draw(scene: &mut Scene, result: &ResultFile, frame: &Frame, points: &[Spot<'_>], front: &[usize]) {
    let steps = corners(frame, points, front);
    if steps.len() > 1 {
        scene.line(steps, PALETTE[0], 1.5);
    }
    for spot in points {
        let (colour, marker) = match spot.cell.slo_met {
            Some(true) => (PALETTE[0], Marker::Circle),
            Some(false) => (PALETTE[1], Marker::Triangle),
            None => (PALETTE[6], Marker::Square),
        };
        let fill = if select::is_doubtful(spot.cell) { Fill::Hollow } else { Fill::Full };
        if result.answer.cell == Some(spot.cell.index) {
            scene.dot(frame.at(spot.x, spot.y), 9.5, INK, Marker::Circle, Fill::Hollow);
        }
        scene.dot(frame.at(spot.x, spot.y), 5.0, colour, marker, fill);
    }
    name_spots(scene, result, frame, points, front);
}

/// Names the front fully and the rest by number, where a name meets neither another nor a point.
fn name_spots(scene: &mut Scene, result: &ResultFile, frame: &Frame, points: &[Spot<'_>], front: &[usize]) {
    let axes: Vec<usize> =
        (0..result.axes.len()).filter(|axis| result.axes[*axis].values.len() > 1).collect();
    let mut taken: Vec<Bounds> = points
        .iter()
        .map(|spot| {
            let (x, y) = frame.at(spot.x, spot.y);
            let room = if result.answer.cell == Some(spot.cell.index) { 9.0 } else { 6.0 };
            (x - room, y - room, x + room, y + room)
        })
        .chain(scene.texts().map(Text::bounds).collect::<Vec<_>>())
        .chain(objective(result, frame))
        .chain(corners(frame, points, front).windows(2).map(|ends| strip(ends[0], ends[1])))
        .collect();
    let is_answer = |index: &usize| result.answer.cell == Some(points[*index].cell.index);
    let is_named = |index: &usize| is_answer(index) || front.contains(index);
    let answer = (0..points.len()).filter(is_answer);
    let others = front.iter().copied().filter(|index| !is_answer(index));
    let rest = (0..points.len()).filter(|index| !is_named(index));
    for index in answer.chain(others).chain(rest) {
        let is_front = is_named(&index);
        let spot = &points[index];
        let (words, size, colour) = if is_front {
            let values: Vec<String> =
                axes.iter().map(|axis| select::axis_value(result, spot.cell, *axis)).collect();
            let role =
                if is_answer(&index) { format!("{}, ", select::role(spot.cell)) } else { String::new() };
            let full = format!("{role}{}: {}", spot.cell.index, values.join(" · "));
            (font::fitted(&full, 11.0, 430.0), 11.0, INK)
        } else {
            (spot.cell.index.to_string(), 10.0, QUIET)
        };
        let place = |at, across| Text { at, words: words.clone(), size, colour, across, turn: Turn::Level };
        let (x, y) = frame.at(spot.x, spot.y);
        let tries = [
            place((x + 10.0, y - 10.0), Across::Left),
            place((x + 10.0, y + 11.0), Across::Left),
            place((x - 10.0, y - 10.0), Across::Right),
            place((x - 10.0, y + 11.0), Across::Right),
            place((x + 9.0, y + 26.0), Across::Left),
            place((x + 9.0, y - 26.0), Across::Left),
            place((x - 9.0, y + 26.0), Across::Right),
            place((x + 9.0, y - 42.0), Across::Left),
            place((x - 9.0, y - 42.0), Across::Right),
            place((x + 9.0, y + 42.0), Across::Left),
        ];
        let (left, top, right, bottom) = frame.area;
        let fits = |text: &&Text| {
            let bounds = text.bounds();
            let inside =
                bounds.0 >= left && bounds.1 >= top - 8.0 && bounds.2 <= right + 24.0 && bounds.3 <= bottom;
            inside && !taken.iter().any(|other| meet(*other, bounds))
        };
        let found = tries.iter().take(if is_front { tries.len() } else { NEAR }).position(|text| fits(&text));
        if let Some((at, text)) = found.map(|at| (at, &tries[at])) {
            taken.push(text.bounds());
            if at >= NEAR {
                scene.line(vec![(x, y), leader_end(text, y)], QUIET, 0.8);
            }
            scene.words(text.at, &text.words, text.size, text.colour, text.across);
        }
    }
}

/// So many of the places for a name are beside its point; from the others a line leads there.
const NEAR: usize = 4;

/// Where the line from a point at height `y` to its name ends.
fn leader_end(name: &Text, y: f64) -> (f64, f64) {
    let (left, top, right, bottom) = name.bounds();
    let across = match name.across {
        Across::Left => left + 4.0,
        Across::Centre => f64::midpoint(left, right),
        Across::Right => right - 4.0,
    };
    (across, if y > bottom { bottom } else { top })
}

/// The strip that a level or upright line takes.
fn strip(a: (f64, f64), b: (f64, f64)) -> Bounds {
    (a.0.min(b.0) - 2.0, a.1.min(b.1) - 2.0, a.0.max(b.0) + 2.0, a.1.max(b.1) + 2.0)
}

/// The strip that the line of the objective takes.
fn objective(result: &ResultFile, frame: &Frame) -> Option<Bounds> {
    let limit = select::slo(result, &select::latency(result)?.name)?.limit;
    let (left, _, right, _) = frame.area;
    let (_, y) = frame.at(0.0, limit);
    frame.y.shows(limit).then_some((left, y - 3.0, right, y + 5.0))
}

/// Left, top, right, bottom.
type Bounds = (f64, f64, f64, f64);

fn meet(a: Bounds, b: Bounds) -> bool {
    a.0 < b.2 && b.0 < a.2 && a.1 < b.3 && b.1 < a.3
}

fn notes(result: &ResultFile, points: &[Spot<'_>], has_line: bool) -> Vec<String> {
    let any_meets = points.iter().any(|spot| spot.cell.slo_met == Some(true));
    let among = if any_meets { "among the cells that meet the objective" } else { "among all cells" };
    let varied =
        result.axes.iter().filter(|axis| axis.values.len() > 1).map(|axis| select::axis_name(axis).0);
    let names: Vec<String> = ["cell".to_owned()].into_iter().chain(varied).collect();
    let front = if has_line {
        format!("line: nothing is both cheaper and faster {among}; its points are named")
    } else {
        format!("one is both the cheapest and the fastest {among}, and is named")
    };
    let is_judged = points.iter().any(|spot| spot.cell.slo_met.is_some());
    let marks = if is_judged { "● meets the objective, ▲ misses it, by cell" } else { "numbers: cells" };
    let mut notes = vec![
        format!("{front} by {}", names.join(" · ")),
        format!("{marks} · hollow: a flag puts the number in doubt"),
    ];
    let absent = result.cells.len() - points.len();
    if absent > 0 {
        notes.push(format!("{absent} of {} cells have no such number and are not shown", result.cells.len()));
    }
    notes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_front_holds_what_nothing_beats() {
        let cell: Cell = serde_json::from_str(include_str!("../../../tests/data/report/cell.json")).unwrap();
        let spot = |x, y| Spot { cell: &cell, x, y };
        let points = [spot(3.0, 1.0), spot(1.0, 5.0), spot(2.0, 5.0), spot(2.0, 2.0), spot(3.0, 4.0)];
        assert_eq!(front(&points), [1, 3, 0]);
    }
}

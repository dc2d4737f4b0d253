//! One set of axes: a box with scales, grid, ticks and labels.

use super::font;
use super::scale::Scale;
use super::scene::{Across, Colour, GRID, INK, Point, QUIET, Scene, TARGET};

/// Ticks are this large.
const TICK_SIZE: f64 = 11.0;

/// A box on the picture with a scale along each side.
#[derive(Clone, Debug)]
pub(crate) struct Frame {
    /// Left, top, right, bottom in pixels.
    pub(crate) area: (f64, f64, f64, f64),
    /// Along the bottom.
    pub(crate) x: Scale,
    /// Along the left, upwards.
    pub(crate) y: Scale,
    /// Ticks along the bottom, where they are not the scale's own.
    pub(crate) x_ticks: Option<Vec<(f64, String)>>,
}

/// What is written beside a frame; nothing where it would repeat a neighbour's.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Labels<'a> {
    /// Above the frame, a line each.
    pub(crate) title: &'a [String],
    /// Below the bottom ticks; ticks themselves are always there.
    pub(crate) x: &'a str,
    /// Left of the left ticks, upwards; without it the left neighbour's ticks are this frame's too.
    pub(crate) y: &'a str,
}

impl Frame {
    /// The place of a pair of values in the picture.
    pub(crate) fn at(&self, x: f64, y: f64) -> Point {
        let (left, top, right, bottom) = self.area;
        (left + (right - left) * self.x.place(x), bottom - (bottom - top) * self.y.place(y))
    }

    /// Draws grid, ticks and labels.
    pub(crate) fn draw(&self, scene: &mut Scene, labels: Labels<'_>) {
        let (left, top, right, bottom) = self.area;
        self.draw_y(scene, !labels.y.is_empty());
        self.draw_x(scene);
        scene.line(vec![(left, bottom), (right, bottom)], QUIET, 1.0);
        for (place, line) in labels.title.iter().rev().enumerate() {
            scene.words((left, top - 11.0 - 15.0 * place as f64), line, 12.0, INK, Across::Left);
        }
        if !labels.x.is_empty() {
            let label = font::fitted(labels.x, 12.0, right - left + 14.0);
            scene.words((f64::midpoint(left, right), bottom + 36.0), &label, 12.0, INK, Across::Centre);
        }
        if !labels.y.is_empty() {
            let label = font::fitted(labels.y, 12.0, bottom - top + 40.0);
            scene.words_up((left - 62.0, f64::midpoint(top, bottom)), &label, 12.0, INK);
        }
    }

    /// Draws a limit across the frame.
    pub(crate) fn target(&self, scene: &mut Scene, limit: f64) {
        let (left, _, right, _) = self.area;
        let (_, y) = self.at(0.0, limit);
        scene.dashes(vec![(left, y), (right, y)], TARGET, 1.5);
    }

    /// Draws the band between lower and upper ends over rising x.
    pub(crate) fn band(&self, scene: &mut Scene, ends: &[(f64, f64, f64)], colour: Colour) {
        let lower = ends.iter().map(|(x, low, _)| self.at(*x, *low));
        let upper = ends.iter().rev().map(|(x, _, high)| self.at(*x, *high));
        if ends.len() > 1 {
            scene.area(lower.chain(upper).collect(), colour, 0.18);
        }
    }

    /// Draws each interval as a bar of its own.
    pub(crate) fn bars(&self, scene: &mut Scene, ends: &[(f64, f64, f64)], colour: Colour) {
        for (x, low, high) in ends {
            scene.line(vec![self.at(*x, *low), self.at(*x, *high)], colour, 1.5);
        }
    }

    fn draw_y(&self, scene: &mut Scene, is_written: bool) {
        let (left, _, right, _) = self.area;
        let mut below = f64::INFINITY;
        for (value, text) in self.y.ticks() {
            let (_, y) = self.at(0.0, value);
            scene.line(vec![(left, y), (right, y)], GRID, 1.0);
            if is_written && below - y >= TICK_SIZE + 3.0 {
                scene.words((left - 7.0, y), &text, TICK_SIZE, QUIET, Across::Right);
                below = y;
            }
        }
    }

    fn draw_x(&self, scene: &mut Scene) {
        let (left, _, right, bottom) = self.area;
        let ticks = self.x_ticks.clone().unwrap_or_else(|| self.x.ticks());
        let mut free_from = f64::NEG_INFINITY;
        for (value, text) in ticks {
            let text = font::fitted(&text, TICK_SIZE, (right - left) / 2.0);
            let (x, _) = self.at(value, 0.0);
            let half = font::width(&text, TICK_SIZE) / 2.0;
            scene.line(vec![(x, bottom), (x, bottom + 5.0)], QUIET, 1.0);
            if x - half >= free_from {
                scene.words((x, bottom + 16.0), &text, TICK_SIZE, QUIET, Across::Centre);
                free_from = x + half + 8.0;
            }
        }
    }
}

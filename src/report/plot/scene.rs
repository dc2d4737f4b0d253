//! A picture as a list of shapes, before it becomes SVG or PNG.

use super::font;

/// A colour of the picture.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Colour(pub(crate) u8, pub(crate) u8, pub(crate) u8);

/// Text, axes and everything that must be read.
pub(crate) const INK: Colour = Colour(0x1f, 0x23, 0x28);
/// Secondary text.
pub(crate) const QUIET: Colour = Colour(0x59, 0x63, 0x6e);
/// Lines that help the eye.
pub(crate) const GRID: Colour = Colour(0xdd, 0xe1, 0xe6);
/// The ground.
pub(crate) const PAPER: Colour = Colour(0xff, 0xff, 0xff);
/// Text on a light field; told from [`INK`] so that a dark page does not lighten it.
pub(crate) const ON_LIGHT: Colour = Colour(0x10, 0x14, 0x18);
/// Text on a dark field; told from [`PAPER`] so that a dark page does not darken it.
pub(crate) const ON_DARK: Colour = Colour(0xfe, 0xfe, 0xfe);
/// The limits that were asked for.
pub(crate) const TARGET: Colour = Colour(0xa4, 0x13, 0x3c);

/// The colours of Okabe and Ito (2008), which readers with any colour vision tell apart; their yellow is left
/// out, as it does not show on white.
pub(crate) const PALETTE: [Colour; 7] = [
    Colour(0x00, 0x72, 0xb2),
    Colour(0xd5, 0x5e, 0x00),
    Colour(0x00, 0x9e, 0x73),
    Colour(0xcc, 0x79, 0xa7),
    Colour(0xe6, 0x9f, 0x00),
    Colour(0x56, 0xb4, 0xe9),
    Colour(0x6b, 0x6b, 0x6b),
];

/// The colour of the n-th series.
pub(crate) fn series_colour(index: usize) -> Colour {
    PALETTE[index % PALETTE.len()]
}

/// A place in the picture, in pixels from the top left.
pub(crate) type Point = (f64, f64);

/// How a line is drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stroke {
    /// Whole.
    Solid,
    /// In dashes.
    Dashed,
}

/// The sign of a data point.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Marker {
    /// ●
    Circle,
    /// ■
    Square,
    /// ▲
    Triangle,
    /// ◆
    Diamond,
}

/// The marker of the n-th series, so that colour is never the only difference.
pub(crate) fn series_marker(index: usize) -> Marker {
    [Marker::Circle, Marker::Square, Marker::Triangle, Marker::Diamond][index % 4]
}

/// Whether the points of a line are marked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Dots {
    /// Each is a measurement of its own.
    Shown,
    /// The line is dense.
    Hidden,
    /// There is nothing between the points: no line joins them, and intervals are bars.
    Apart,
}

/// Whether a marker is filled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fill {
    /// With its colour.
    Full,
    /// With paper: the point is in doubt.
    Hollow,
}

/// Which part of a text stands at its point, across.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Across {
    /// Its left end.
    Left,
    /// Its middle.
    Centre,
    /// Its right end.
    Right,
}

/// Which way a text runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Turn {
    /// From left to right.
    Level,
    /// Upwards, along a vertical axis.
    Up,
}

/// A text and how it is set; it is centred on its point vertically.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Text {
    /// Where.
    pub(crate) at: Point,
    /// What.
    pub(crate) words: String,
    /// Its size in pixels an em.
    pub(crate) size: f64,
    /// Its colour.
    pub(crate) colour: Colour,
    /// Its anchor.
    pub(crate) across: Across,
    /// Its direction.
    pub(crate) turn: Turn,
}

impl Text {
    /// The box that the text covers: left, top, right, bottom.
    pub(crate) fn bounds(&self) -> (f64, f64, f64, f64) {
        let (width, height) = (font::width(&self.words, self.size), self.size);
        let start = match self.across {
            Across::Left => 0.0,
            Across::Centre => -width / 2.0,
            Across::Right => -width,
        };
        let (x, y) = self.at;
        match self.turn {
            Turn::Level => (x + start, y - height / 2.0, x + start + width, y + height / 2.0),
            Turn::Up => (x - height / 2.0, y - start - width, x + height / 2.0, y - start),
        }
    }
}

/// One shape.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Shape {
    /// Connected points.
    Line {
        /// The points.
        points: Vec<Point>,
        /// The colour.
        colour: Colour,
        /// The width in pixels.
        width: f64,
        /// Whole or dashed.
        stroke: Stroke,
    },
    /// A filled polygon.
    Area {
        /// Its corners.
        points: Vec<Point>,
        /// Its colour.
        colour: Colour,
        /// How much it covers, 0 to 1.
        alpha: f64,
    },
    /// A sign.
    Dot {
        /// Its centre.
        at: Point,
        /// Its radius in pixels.
        radius: f64,
        /// Its colour.
        colour: Colour,
        /// Its form.
        marker: Marker,
        /// Filled or hollow.
        fill: Fill,
    },
    /// Words.
    Words(Text),
}

/// A picture.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Scene {
    /// Its width in pixels.
    pub(crate) width: f64,
    /// Its height in pixels.
    pub(crate) height: f64,
    /// What it shows, for a screen reader.
    pub(crate) title: String,
    /// What it shows, from back to front.
    pub(crate) shapes: Vec<Shape>,
}

impl Scene {
    /// Makes an empty picture with a heading: a title and a quieter line.
    pub(crate) fn new(size: (f64, f64), title: &str, subtitle: &str) -> Self {
        let (width, height) = size;
        let mut scene = Self { width, height, title: title.to_owned(), shapes: Vec::new() };
        scene.words((24.0, 24.0), &font::fitted(title, 18.0, width - 48.0), 18.0, INK, Across::Left);
        let fits = |size: &f64| font::width(subtitle, *size) <= width - 48.0;
        let size = [12.0, 11.0, 10.0].into_iter().find(fits).unwrap_or(10.0);
        scene.words((24.0, 47.0), &font::fitted(subtitle, size, width - 48.0), size, QUIET, Across::Left);
        scene
    }

    /// Writes a level text.
    pub(crate) fn words(&mut self, at: Point, text: &str, size: f64, colour: Colour, across: Across) {
        let turn = Turn::Level;
        self.shapes.push(Shape::Words(Text { at, words: text.to_owned(), size, colour, across, turn }));
    }

    /// Writes a text upwards, centred on its point.
    pub(crate) fn words_up(&mut self, at: Point, text: &str, size: f64, colour: Colour) {
        let (across, turn) = (Across::Centre, Turn::Up);
        self.shapes.push(Shape::Words(Text { at, words: text.to_owned(), size, colour, across, turn }));
    }

    /// Draws a whole line.
    pub(crate) fn line(&mut self, points: Vec<Point>, colour: Colour, width: f64) {
        self.shapes.push(Shape::Line { points, colour, width, stroke: Stroke::Solid });
    }

    /// Draws a dashed line.
    pub(crate) fn dashes(&mut self, points: Vec<Point>, colour: Colour, width: f64) {
        self.shapes.push(Shape::Line { points, colour, width, stroke: Stroke::Dashed });
    }

    /// Fills a polygon.
    pub(crate) fn area(&mut self, points: Vec<Point>, colour: Colour, alpha: f64) {
        self.shapes.push(Shape::Area { points, colour, alpha });
    }

    /// Fills a box given by two opposite corners.
    pub(crate) fn rectangle(&mut self, from: Point, to: Point, colour: Colour, alpha: f64) {
        self.area(vec![from, (to.0, from.1), to, (from.0, to.1)], colour, alpha);
    }

    /// Sets a marker.
    pub(crate) fn dot(&mut self, at: Point, radius: f64, colour: Colour, marker: Marker, fill: Fill) {
        self.shapes.push(Shape::Dot { at, radius, colour, marker, fill });
    }

    /// Draws a small cross: a value that is not there.
    pub(crate) fn cross(&mut self, at: Point, colour: Colour) {
        let (x, y) = at;
        self.line(vec![(x - 4.0, y - 4.0), (x + 4.0, y + 4.0)], colour, 1.5);
        self.line(vec![(x - 4.0, y + 4.0), (x + 4.0, y - 4.0)], colour, 1.5);
    }

    /// Makes room at the foot and writes the notes there.
    pub(crate) fn notes(&mut self, notes: &[String]) {
        for note in notes {
            for line in font::wrapped(note, 11.0, self.width - 48.0) {
                self.words((24.0, self.height), &line, 11.0, QUIET, Across::Left);
                self.height += 16.0;
            }
        }
        self.height += if notes.is_empty() { 0.0 } else { 2.0 };
    }

    /// Draws what stands for a line in a list of names: a sign, or a short stroke where the line has no signs.
    pub(crate) fn key(&mut self, (x, y): Point, index: usize, dots: Dots) {
        let colour = series_colour(index);
        match dots {
            Dots::Shown | Dots::Apart => self.dot((x, y), 4.2, colour, series_marker(index), Fill::Full),
            Dots::Hidden => self.line(vec![(x - 6.0, y), (x + 6.0, y)], colour, 3.0),
        }
    }

    /// Draws what stands for a limit in a list of names, and its words.
    pub(crate) fn target_key(&mut self, (x, y): Point, words: &str, size: f64) {
        self.dashes(vec![(x - 6.0, y), (x + 14.0, y)], TARGET, 1.5);
        self.words((x + 20.0, y), words, size, TARGET, Across::Left);
    }

    /// Every text of the picture.
    pub(crate) fn texts(&self) -> impl Iterator<Item = &Text> {
        self.shapes.iter().filter_map(|shape| match shape {
            Shape::Words(text) => Some(text),
            Shape::Line { .. } | Shape::Area { .. } | Shape::Dot { .. } => None,
        })
    }
}

//! A scene as SVG and as PNG, both through plotters and from the same coordinates.

use std::error::Error;

use plotters::backend::{BitMapBackend, DrawingBackend, SVGBackend};
use plotters::coord::Shift;
use plotters::drawing::{DrawingArea, IntoDrawingArea};
use plotters::element::{Circle, PathElement, Polygon};
use plotters::style::text_anchor::{HPos, Pos, VPos};
use plotters::style::{Color, FontTransform, RGBAColor, ShapeStyle, TextStyle};

use super::font;
use super::scene::{Across, Colour, Fill, Marker, PAPER, Point, Scene, Shape, Stroke, Text, Turn};
use crate::report::ReportError;

/// Plotters draws on whole pixels; drawing four times as large gives quarters.
const FINE: i32 = 4;
/// Fine pixels averaged into one of the PNG, which is therefore twice the nominal size: sharp on a slide.
const AVERAGED: usize = 2;
/// Their number in a square.
const IN_SQUARE: u32 = 4;

type Fault = Box<dyn Error + Send + Sync>;

/// Draws a scene as SVG, its text as text.
pub(crate) fn svg(scene: &Scene) -> Result<String, ReportError> {
    font::register()?;
    let (width, height) = fine_size(scene);
    let mut drawn = String::new();
    let area = SVGBackend::with_string(&mut drawn, (width, height)).into_drawing_area();
    draw(scene, &area).and_then(|()| Ok(area.present()?)).map_err(|fault| picture(&fault))?;
    drop(area);
    let body = drawn.split_once('>').map_or("", |(_, body)| body);
    let title = escaped(&scene.title);
    Ok(format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{}\" height=\"{}\" viewBox=\"0 0 {width} {height}\" \
         role=\"img\">\n<title>{title}</title>{body}",
        scene.width, scene.height
    ))
}

/// Draws a scene as PNG at twice its nominal size.
pub(crate) fn png(scene: &Scene) -> Result<Vec<u8>, ReportError> {
    font::register()?;
    let (width, height) = fine_size(scene);
    let (columns, rows) = (width as usize, height as usize);
    let mut pixels = vec![0; 3 * columns * rows];
    {
        let area = BitMapBackend::with_buffer(&mut pixels, (width, height)).into_drawing_area();
        draw(scene, &area).and_then(|()| Ok(area.present()?)).map_err(|fault| picture(&fault))?;
    }
    encode(&averaged(&pixels, columns, rows), columns / AVERAGED, rows / AVERAGED)
}

fn picture(fault: &Fault) -> ReportError {
    ReportError::Picture(fault.to_string())
}

fn fine_size(scene: &Scene) -> (u32, u32) {
    (fine(scene.width).unsigned_abs(), fine(scene.height).unsigned_abs())
}

fn draw<Backend>(scene: &Scene, area: &DrawingArea<Backend, Shift>) -> Result<(), Fault>
where
    Backend: DrawingBackend,
    Backend::ErrorType: 'static,
{
    area.fill(&colour(PAPER, 1.0))?;
    for shape in &scene.shapes {
        match shape {
            Shape::Line { points, colour: paint, width, stroke: Stroke::Solid } => {
                for piece in smooth_pieces(points) {
                    area.draw(&path(piece, line_style(*paint, *width)))?;
                }
            }
            Shape::Line { points, colour: paint, width, stroke: Stroke::Dashed } => {
                for dash in dashes(points) {
                    area.draw(&path(&dash, line_style(*paint, *width)))?;
                }
            }
            Shape::Area { points, colour: paint, alpha } => {
                area.draw(&Polygon::new(fine_points(points), colour(*paint, *alpha)))?;
            }
            Shape::Dot { at, radius, colour: paint, marker, fill } => {
                dot(area, *at, *radius, *paint, (*marker, *fill))?;
            }
            Shape::Words(text) => {
                let place = fine_point(&text.at);
                area.draw(&plotters::element::Text::new(text.words.clone(), place, text_style(text)))?;
            }
        }
    }
    Ok(())
}

fn dot<Backend>(
    area: &DrawingArea<Backend, Shift>,
    at: Point,
    radius: f64,
    paint: Colour,
    (marker, fill): (Marker, Fill),
) -> Result<(), Fault>
where
    Backend: DrawingBackend,
    Backend::ErrorType: 'static,
{
    let inner = match fill {
        Fill::Full => paint,
        Fill::Hollow => PAPER,
    };
    let Some(corners) = corners(marker, at, radius) else {
        area.draw(&Circle::new(
            fine_point(&at),
            fine(radius),
            ShapeStyle::from(colour(paint, 1.0)).filled(),
        ))?;
        let hole = fine(radius - 1.6).max(1);
        area.draw(&Circle::new(fine_point(&at), hole, ShapeStyle::from(colour(inner, 1.0)).filled()))?;
        return Ok(());
    };
    area.draw(&Polygon::new(fine_points(&corners), colour(inner, 1.0)))?;
    let outline: Vec<Point> = corners.iter().chain(corners.first()).copied().collect();
    area.draw(&path(&outline, line_style(paint, 1.5)))?;
    Ok(())
}

/// The corners of a marker; a circle has none.
fn corners(marker: Marker, (x, y): Point, radius: f64) -> Option<Vec<Point>> {
    let flat = radius * 0.85;
    match marker {
        Marker::Circle => None,
        Marker::Square => {
            Some(vec![(x - flat, y - flat), (x + flat, y - flat), (x + flat, y + flat), (x - flat, y + flat)])
        }
        Marker::Triangle => Some(vec![(x, y - radius), (x + radius, y + flat), (x - radius, y + flat)]),
        Marker::Diamond => {
            Some(vec![(x, y - radius * 1.2), (x + radius, y), (x, y + radius * 1.2), (x - radius, y)])
        }
    }
}

/// Cuts a line where it turns back: a corner as sharp as that would be drawn as a spike many times its width.
fn smooth_pieces(points: &[Point]) -> Vec<&[Point]> {
    let is_sharp = |place: usize| {
        let ((x0, y0), (x1, y1), (x2, y2)) = (points[place - 1], points[place], points[place + 1]);
        (x1 - x0) * (x2 - x1) + (y1 - y0) * (y2 - y1) < 0.0
    };
    let mut pieces = Vec::new();
    let mut start = 0;
    for place in 1..points.len().saturating_sub(1) {
        if is_sharp(place) {
            pieces.push(&points[start..=place]);
            start = place;
        }
    }
    pieces.push(&points[start..]);
    pieces
}

/// Cuts a line into dashes of 6 pixels with gaps of 4, carried around corners.
fn dashes(points: &[Point]) -> Vec<Vec<Point>> {
    const PERIOD: f64 = 10.0;
    const DASH: f64 = 6.0;
    let mut all = Vec::new();
    for pair in points.windows(2) {
        let ((x0, y0), (x1, y1)) = (pair[0], pair[1]);
        let length = libm::hypot(x1 - x0, y1 - y0);
        let place = |along: f64| {
            let share = (along / length).min(1.0);
            (x0 + (x1 - x0) * share, y0 + (y1 - y0) * share)
        };
        let mut along = 0.0;
        while along < length {
            all.push(vec![place(along), place(along + DASH)]);
            along += PERIOD;
        }
    }
    all
}

fn path(points: &[Point], style: ShapeStyle) -> PathElement<(i32, i32)> {
    PathElement::new(fine_points(points), style)
}

fn line_style(paint: Colour, width: f64) -> ShapeStyle {
    ShapeStyle::from(colour(paint, 1.0)).stroke_width(fine(width).unsigned_abs().max(1))
}

fn colour(Colour(red, green, blue): Colour, alpha: f64) -> RGBAColor {
    RGBAColor(red, green, blue, alpha)
}

fn text_style(text: &Text) -> TextStyle<'static> {
    let transform = match text.turn {
        Turn::Level => FontTransform::None,
        Turn::Up => FontTransform::Rotate270,
    };
    let across = match text.across {
        Across::Left => HPos::Left,
        Across::Centre => HPos::Center,
        Across::Right => HPos::Right,
    };
    let font = font::at(text.size * f64::from(FINE)).transform(transform);
    let mut style = TextStyle::from(font).pos(Pos::new(across, VPos::Center));
    style.color = colour(text.colour, 1.0).to_backend_color();
    style
}

fn fine_points(points: &[Point]) -> Vec<(i32, i32)> {
    points.iter().map(fine_point).collect()
}

fn fine_point((x, y): &Point) -> (i32, i32) {
    (fine(*x), fine(*y))
}

#[expect(
    clippy::cast_possible_truncation,
    reason = "a cast saturates, and clamped pixels are far from the ends"
)]
fn fine(pixels: f64) -> i32 {
    (pixels.clamp(-1e5, 1e5) * f64::from(FINE)).round() as i32
}

/// Averages squares of pixels, which smooths every edge alike.
fn averaged(pixels: &[u8], columns: usize, rows: usize) -> Vec<u8> {
    let (wide, high) = (columns / AVERAGED, rows / AVERAGED);
    let mut small = Vec::with_capacity(3 * wide * high);
    for row in 0..high {
        for column in 0..wide {
            for channel in 0..3 {
                let mut sum = 0_u32;
                for y in 0..AVERAGED {
                    for x in 0..AVERAGED {
                        let at = (row * AVERAGED + y) * columns + column * AVERAGED + x;
                        sum += u32::from(pixels[3 * at + channel]);
                    }
                }
                small.push(
                    u8::try_from((sum + IN_SQUARE / 2) / IN_SQUARE).expect("a mean of bytes is a byte"),
                );
            }
        }
    }
    small
}

fn encode(pixels: &[u8], columns: usize, rows: usize) -> Result<Vec<u8>, ReportError> {
    let fault = |error: png::EncodingError| ReportError::Picture(error.to_string());
    let size = |length: usize| u32::try_from(length).expect("a picture has thousands of pixels a side");
    let mut bytes = Vec::new();
    let mut encoder = png::Encoder::new(&mut bytes, size(columns), size(rows));
    encoder.set_color(png::ColorType::Rgb);
    encoder.set_depth(png::BitDepth::Eight);
    encoder.set_compression(png::Compression::Default);
    let mut writer = encoder.write_header().map_err(fault)?;
    writer.write_image_data(pixels).map_err(fault)?;
    writer.finish().map_err(fault)?;
    Ok(bytes)
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

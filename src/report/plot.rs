//! The plots of a result, each as SVG and PNG from one drawing.
//!
//! A picture is laid out as a list of shapes (`scene`) and then drawn by plotters (`render`), so that the two
//! formats cannot differ and tests can look for clipped or overlapping text.

mod attribution;
mod chart;
mod curves;
mod distribution;
pub mod fan;
mod font;
mod frame;
mod heat;
mod pareto;
mod render;
mod scale;
mod scene;
mod series;
mod story;
mod warmup;

use rayon::prelude::*;

use super::{Artifact, ReportError, number};
use crate::result::ResultFile;
use scene::{Scene, Text};

/// One plot, drawn but not yet encoded.
#[derive(Clone, Debug)]
pub struct Picture {
    name: String,
    scene: Scene,
}

impl Picture {
    fn new(name: impl Into<String>, scene: Scene) -> Self {
        Self { name: name.into(), scene }
    }

    /// Its file name without an ending: `latency`, `cost-by-agents_in_the_pool`.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// What it shows, in words.
    pub fn title(&self) -> &str {
        &self.scene.title
    }

    /// What a reader could not read: text that is clipped at the edge, or that covers other text.
    pub fn flaws(&self) -> Vec<String> {
        let texts: Vec<&Text> = self.scene.texts().collect();
        let mut flaws = Vec::new();
        for (place, text) in texts.iter().enumerate() {
            let (left, top, right, bottom) = text.bounds();
            if left < 0.0 || top < 0.0 || right > self.scene.width || bottom > self.scene.height {
                flaws.push(format!("clipped: {:?}", text.words));
            }
            let covered = texts[place + 1..].iter().filter(|other| cover(text, other));
            flaws.extend(covered.map(|other| format!("covered: {:?} and {:?}", text.words, other.words)));
        }
        flaws
    }

    /// Draws it as SVG with text as text.
    ///
    /// # Errors
    ///
    /// When the embedded font cannot be read.
    pub fn svg(&self) -> Result<String, ReportError> {
        render::svg(&self.scene)
    }

    /// Draws it as PNG, twice its nominal size.
    ///
    /// # Errors
    ///
    /// When the embedded font cannot be read, or the picture cannot be encoded.
    pub fn png(&self) -> Result<Vec<u8>, ReportError> {
        render::png(&self.scene)
    }
}

fn cover(one: &Text, other: &Text) -> bool {
    let (a, b) = (one.bounds(), other.bounds());
    a.0 < b.2 && b.0 < a.2 && a.1 < b.3 && b.1 < a.3
}

/// Lays out every plot that the result has numbers for, in the order of a report.
///
/// # Errors
///
/// When the embedded font cannot be read.
pub fn pictures(result: &ResultFile) -> Result<Vec<Picture>, ReportError> {
    font::register()?;
    let mut pictures = curves::pictures(result);
    pictures.extend(heat::picture(result));
    pictures.extend(pareto::picture(result));
    pictures.extend(attribution::picture(result));
    pictures.extend(distribution::picture(result));
    pictures.extend(series::picture(result));
    pictures.extend(warmup::picture(result));
    Ok(pictures)
}

/// Draws every plot as `plots/<name>.svg` and `plots/<name>.png`.
///
/// # Errors
///
/// As [`pictures`], or when a picture cannot be encoded.
pub fn files(result: &ResultFile) -> Result<Vec<Artifact>, ReportError> {
    let pictures = pictures(result)?;
    let drawn: Vec<Result<[Artifact; 2], ReportError>> = pictures.par_iter().map(both).collect();
    let mut files = Vec::new();
    for pair in drawn {
        files.extend(pair?);
    }
    Ok(files)
}

fn both(picture: &Picture) -> Result<[Artifact; 2], ReportError> {
    let path = |ending| format!("plots/{}.{ending}", picture.name);
    Ok([Artifact::new(path("svg"), picture.svg()?), Artifact::new(path("png"), picture.png()?)])
}

/// The quieter line below a title: what it is from and how it was measured.
fn subtitle(result: &ResultFile, about: &str) -> String {
    let measured = match replications(result) {
        1 => "1 replication, so no intervals".to_owned(),
        many => format!("{many} replications, {} % intervals", number::plain(result.confidence * 100.0)),
    };
    subtitle_of(result, &[about, &measured])
}

/// The same below what is drawn without intervals from the tasks of all replications.
fn subtitle_of_pooled(result: &ResultFile, about: &str) -> String {
    let measured = match replications(result) {
        1 => "1 replication".to_owned(),
        many => format!("{many} replications, pooled"),
    };
    subtitle_of(result, &[about, &measured])
}

fn replications(result: &ResultFile) -> u32 {
    result.cells.iter().map(|cell| cell.replications).max().unwrap_or(0)
}

/// What must not be overlooked comes first: a long line is cut at its end.
fn subtitle_of(result: &ResultFile, parts: &[&str]) -> String {
    let quick = if result.quick { "quick: not for decisions" } else { "" };
    let name = number::clean(&result.name);
    let all = std::iter::once(quick).chain(parts.iter().copied()).chain([name.as_str()]);
    all.filter(|part| !part.is_empty()).collect::<Vec<_>>().join(" · ")
}

/// A text that begins a title.
fn capital(text: &str) -> String {
    let mut signs = text.chars();
    signs.next().map_or_else(String::new, |first| first.to_uppercase().chain(signs).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sweep() -> ResultFile {
        serde_json::from_str(include_str!("../../tests/data/report/sweep.json"))
            .expect("the fixture is a result")
    }

    /// A sweep of one axis, whose lines are named at their ends.
    fn one_axis() -> ResultFile {
        let mut result = sweep();
        result.cells.retain(|cell| cell.coordinates[1..] == [1, 1]);
        result.axes.truncate(1);
        for (index, cell) in result.cells.iter_mut().enumerate() {
            cell.coordinates.truncate(1);
            cell.index = index;
        }
        (result.answer.cell, result.answer.smaller) = (Some(1), None);
        result
    }

    #[test]
    fn values_that_are_no_quantities_are_drawn_apart() {
        let mut result = one_axis();
        result.axes[0].label = "discipline".to_owned();
        result.axes[0].numbers = vec![None; 4];
        let pictures = pictures(&result).unwrap();
        let throughput = pictures.iter().find(|picture| picture.name == "throughput").unwrap();
        assert!(throughput.scene.texts().any(|text| text.words == "discipline"));
        assert!(pictures.iter().all(|picture| picture.name != "knee"));
    }

    #[test]
    fn no_text_is_clipped_or_covered() {
        for result in [sweep(), one_axis()] {
            for picture in pictures(&result).unwrap() {
                assert_eq!(picture.flaws(), Vec::<String>::new(), "{}", picture.name);
            }
        }
    }

    #[test]
    fn clipped_and_covered_text_is_found() {
        let mut scene = Scene::new((300.0, 200.0), "Title", "");
        scene.words((290.0, 100.0), "beyond the edge", 12.0, scene::INK, scene::Across::Left);
        scene.words((100.0, 150.0), "one", 12.0, scene::INK, scene::Across::Left);
        scene.words((104.0, 152.0), "other", 12.0, scene::INK, scene::Across::Left);
        let flaws = Picture::new("flawed", scene).flaws();
        assert_eq!(flaws.len(), 2, "{flaws:?}");
        assert!(flaws[0].starts_with("clipped") && flaws[1].starts_with("covered"), "{flaws:?}");
    }
}

//! Lines over months with the band that most futures lie in, and the limits they come to.

use super::chart::{Chart, Panel, Sample, Trust};
use super::scale::{Origin, Scale};
use super::scene::Dots;
use super::{Picture, ReportError, font};

/// Some lines over months.
#[derive(Clone, Debug, Default)]
pub struct FanChart {
    /// Its file name without an ending.
    pub name: String,
    /// What it shows.
    pub title: String,
    /// Where it is from.
    pub subtitle: String,
    /// The quantity along the left, with its unit.
    pub y_label: String,
    /// The lines.
    pub lines: Vec<FanLine>,
    /// What they come to, with its words.
    pub limits: Vec<(f64, String)>,
    /// Remarks at the foot.
    pub notes: Vec<String>,
}

/// A month, the value there, and the ends of its band where there is one.
pub type FanPoint = (f64, f64, Option<(f64, f64)>);

/// A line and its band.
#[derive(Clone, Debug, Default)]
pub struct FanLine {
    /// What it is called.
    pub name: String,
    /// Its points.
    pub points: Vec<FanPoint>,
}

/// Draws the lines over months; amounts begin at 0 unless they span orders of magnitude.
///
/// # Errors
/// When the embedded font cannot be read.
pub fn picture(fan: &FanChart) -> Result<Picture, ReportError> {
    font::register()?;
    let points = || fan.lines.iter().flat_map(|line| &line.points);
    let ends = points().flat_map(|(_, y, band)| band.map_or([*y, *y], |(low, high)| [low, high]));
    let values = points().map(|(_, y, _)| *y).chain(ends).chain(fan.limits.iter().map(|(limit, _)| *limit));
    let last = points().map(|(x, _, _)| *x).fold(1.0, f64::max);
    let sample =
        |(x, y, interval): &FanPoint| Sample { x: *x, y: Some(*y), interval: *interval, trust: Trust::Sound };
    let lines = fan.lines.iter().map(|line| line.points.iter().map(sample).collect()).collect();
    let sparse = fan.lines.iter().any(|line| line.points.len() < 6);
    let y = Scale::of(values, Origin::Zero);
    let chart = Chart {
        title: fan.title.clone(),
        subtitle: fan.subtitle.clone(),
        x_label: "month".to_owned(),
        y_label: format!("{}{}", fan.y_label, y.remark()),
        x: Scale::Linear { low: 0.0, high: last },
        x_ticks: Some(ticks(last)),
        y,
        names: fan.lines.iter().map(|line| line.name.clone()).collect(),
        panels: vec![Panel { row: String::new(), title: Vec::new(), lines }],
        columns: None,
        targets: fan.limits.clone(),
        published: Vec::new(),
        notes: fan.notes.clone(),
        dots: if sparse { Dots::Shown } else { Dots::Hidden },
    };
    Ok(Picture::new(fan.name.clone(), chart.scene()))
}

/// Whole months, a dozen at most.
fn ticks(last: f64) -> Vec<(f64, String)> {
    let step = [1.0, 2.0, 3.0, 6.0, 12.0, 24.0].into_iter().find(|step| last / step <= 10.0).unwrap_or(24.0);
    let mut ticks = Vec::new();
    let mut month = 0.0;
    while month <= last {
        ticks.push((month, format!("{month:.0}")));
        month += step;
    }
    ticks
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fan_is_drawn_with_its_limits_and_nothing_clipped() {
        let points = (0..=18).map(|month| {
            let (x, y) = (f64::from(month), libm::exp(f64::from(month) / 4.0));
            (x, y, Some((y / 1.5, y * 1.5)))
        });
        let line = FanLine { name: "agents".to_owned(), points: points.collect() };
        let fan = FanChart {
            name: "demand".to_owned(),
            title: "Agents".to_owned(),
            y_label: "agents".to_owned(),
            lines: vec![line],
            limits: vec![(40.0, "what there is".to_owned())],
            ..FanChart::default()
        };
        let picture = picture(&fan).unwrap();
        let svg = picture.svg().unwrap();
        assert!(svg.contains("what there is") && svg.contains("month"), "{svg}");
        for text in picture.scene.texts() {
            let (left, top, right, bottom) = text.bounds();
            assert!(
                left >= 0.0 && top >= 0.0 && right <= picture.scene.width && bottom <= picture.scene.height
            );
        }
    }
}

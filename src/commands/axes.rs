//! What a sweep varies, as results tell it: the values of each axis, and each cell's place among them.

use crate::experiment::schema::PublishedSpec;
use crate::experiment::sweep::{Coordinate, Setting};
use crate::experiment::{CellSpec, Path};
use crate::result::{Axis, PublishedCurve};
use indexmap::IndexMap;
use std::sync::Arc;

/// What is published along the axes that are varied; the rest has no place to be drawn at.
pub(super) fn published(axes: &[Axis], specs: &[PublishedSpec]) -> Vec<PublishedCurve> {
    let along = |spec: &PublishedSpec| axes.iter().position(|axis| axis.paths.contains(&spec.path));
    let curve = |spec: &PublishedSpec| {
        Some(PublishedCurve {
            metric: spec.metric.clone(),
            axis: along(spec)?,
            source: spec.source.clone(),
            points: spec.points.clone(),
        })
    };
    specs.iter().filter_map(curve).collect()
}

/// The axes of a sweep, and each cell's place on each of them.
#[derive(Clone, Debug, Default)]
pub(super) struct Axes {
    pub(super) axes: Vec<Axis>,
    pub(super) coordinates: Vec<Vec<usize>>,
}

impl Axes {
    /// The axes that `cells` lie on. The values of a grid stand as they are listed, those of a sample by size.
    pub(super) fn of(cells: &[CellSpec]) -> Self {
        let values = values(cells);
        let is_grid = is_grid(cells, &values);
        let values: Vec<Vec<Arc<Setting>>> =
            values.into_iter().map(|values| if is_grid { values } else { by_size(values) }).collect();
        let axes =
            cells.first().into_iter().flat_map(|cell| &cell.coordinates).zip(&values).map(axis).collect();
        let place = |(coordinate, values): (&Coordinate, &Vec<Arc<Setting>>)| {
            values.iter().position(|value| *value == coordinate.setting).expect("every setting was listed")
        };
        let coordinates =
            cells.iter().map(|cell| cell.coordinates.iter().zip(&values).map(place).collect()).collect();
        Self { axes, coordinates }
    }
}

/// The different settings of each axis, in the order in which cells meet them.
pub(super) fn values(cells: &[CellSpec]) -> Vec<Vec<Arc<Setting>>> {
    let count = cells.first().map_or(0, |cell| cell.coordinates.len());
    let mut values: Vec<Vec<Arc<Setting>>> = vec![Vec::new(); count];
    for (at, coordinate) in cells.iter().flat_map(|cell| cell.coordinates.iter().enumerate()) {
        if !values[at].contains(&coordinate.setting) {
            values[at].push(Arc::clone(&coordinate.setting));
        }
    }
    values
}

/// Whether there is a cell for every combination of values.
pub(super) fn is_grid(cells: &[CellSpec], values: &[Vec<Arc<Setting>>]) -> bool {
    values.iter().try_fold(1_usize, |product, values| product.checked_mul(values.len())) == Some(cells.len())
}

/// What a cell sets, pointer by pointer.
pub(super) fn settings(cell: &CellSpec) -> IndexMap<String, serde_json::Value> {
    cell.patches().map(|(path, value)| (path.to_pointer(), value.to_json())).collect()
}

fn number(setting: &Setting) -> Option<f64> {
    setting.text.parse().ok().filter(|number: &f64| number.is_finite())
}

fn by_size(mut values: Vec<Arc<Setting>>) -> Vec<Arc<Setting>> {
    if values.iter().all(|value| number(value).is_some()) {
        let key = |value: &Arc<Setting>| number(value).unwrap_or_default();
        values.sort_by(|a, b| key(a).total_cmp(&key(b)));
    }
    values
}

fn axis((coordinate, values): (&Coordinate, &Vec<Arc<Setting>>)) -> Axis {
    Axis {
        label: coordinate.label().to_owned(),
        paths: coordinate.axis.paths.iter().map(Path::to_pointer).collect(),
        values: values.iter().map(|value| value.text.clone()).collect(),
        numbers: values.iter().map(|value| number(value)).collect(),
    }
}

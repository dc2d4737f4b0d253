//! A sweep: which cells an experiment is run in, and what each sets.
//!
//! ```json
//! { "design": {"grid": {}},
//!   "axes": [ {"path": "/system/pools/workers/count", "values": [5, 10, 20]},
//!             {"path": "/workload/arrivals/poisson/rate_per_s", "values": {"from": 10, "to": 100, "steps": 10}},
//!             {"paths": ["/a", "/b"], "rows": [[1, 2], [3, 4]], "names": ["small", "large"]} ] }
//! ```
//!
//! A grid is in row-major order: the last axis moves fastest. A value of an axis may be a `use`, as any other value.

use std::sync::Arc;

use super::decode::{Fields, decode};
use super::diagnostic::{At, Diagnostics};
use super::path::Path;
use super::tree::Tree;

mod axis;
mod design;
mod range;
mod spec;

pub use axis::{Axis, Setting};
pub use spec::{
    AxisSpec, AxisValues, DesignSpec, Endpoint, GridSpec, LatinHypercubeSpec, RangeSpec, Scale, SobolSpec,
    SweepSpec,
};

use axis::Varied;
use design::SOBOL_AXES_MAX;

/// Cells that a sweep may have.
pub const MAX_CELLS: u64 = 100_000;

/// Axes that a sweep may have.
pub const MAX_AXES: usize = 32;

/// One configuration of a sweep.
#[derive(Clone, Debug)]
pub struct CellSpec {
    /// Its place in the order of cells, from 0.
    pub index: usize,
    /// What each axis sets, in the order of the axes; none for an experiment without a sweep.
    pub coordinates: Vec<Coordinate>,
}

/// What one axis sets in one cell.
#[derive(Clone, Debug)]
pub struct Coordinate {
    /// The axis.
    pub axis: Arc<Axis>,
    /// The values it sets, one for each of its paths.
    pub setting: Arc<Setting>,
}

impl CellSpec {
    /// The cell of an experiment without a sweep.
    pub const fn only() -> Self {
        Self { index: 0, coordinates: Vec::new() }
    }

    /// The values that this cell sets, each with its path.
    pub fn patches(&self) -> impl Iterator<Item = (&Path, &Tree)> {
        self.coordinates.iter().flat_map(|coordinate| {
            coordinate.axis.paths.iter().zip(coordinate.setting.values.iter().map(AsRef::as_ref))
        })
    }
}

impl Coordinate {
    /// The name of the axis.
    pub fn label(&self) -> &str {
        &self.axis.label
    }

    /// The value, as tables and plots show it.
    pub fn text(&self) -> &str {
        &self.setting.text
    }
}

/// The cells of `sweep`, which stands at `/sweep`, over the experiment `base`.
///
/// What is wrong goes to `diagnostics`, and then there are no cells. Their number is checked before any is built.
pub fn expand(sweep: &Tree, base: &Tree, diagnostics: &mut Diagnostics) -> Option<Vec<CellSpec>> {
    let errors = diagnostics.error_count();
    let path = Path::root().key("sweep");
    let mut fields = Fields::of(sweep, &path, diagnostics)?;
    let design = match fields.tree("design") {
        Some(tree) => decode::<DesignSpec>(tree, &path.key("design"), diagnostics),
        None => Some(DesignSpec::default()),
    };
    let axes = fields.required_tree("axes", diagnostics);
    fields.finish(diagnostics);
    let axes_path = path.key("axes");
    let axes = axes.and_then(|axes| read_axes(axes, &axes_path, base, diagnostics));
    let (design, axes) = (design?, axes?);
    let cells_from = match design {
        DesignSpec::Grid(GridSpec {}) => "axes",
        DesignSpec::LatinHypercube(_) | DesignSpec::Sobol(_) => "design",
    };
    let at = At { path: path.key(cells_from), ..At::value(sweep, &Path::root().key(cells_from)) };
    if diagnostics.error_count() > errors {
        return None;
    }
    let cells = cells(&design, &axes, &at, diagnostics)?;
    (diagnostics.error_count() == errors).then_some(cells)
}

fn read_axes(tree: &Tree, path: &Path, base: &Tree, diagnostics: &mut Diagnostics) -> Option<Vec<Varied>> {
    let Some(entries) = tree.entries() else {
        if !tree.is_broken() {
            diagnostics.wrong_type(At::new(tree.place, path.clone()), tree, "a list of axes");
        }
        return None;
    };
    if entries.is_empty() {
        diagnostics.empty(At::new(tree.place, path.clone()), "the list of axes");
        return None;
    }
    if entries.len() > MAX_AXES {
        diagnostics.too_many_axes(At::new(tree.place, path.clone()), "a sweep", entries.len(), MAX_AXES);
        return None;
    }
    let axes: Vec<_> = entries
        .iter()
        .enumerate()
        .map(|(index, entry)| Varied::read(entry, &path.index(index), base, diagnostics))
        .collect();
    let mut axes = axes.into_iter().collect::<Option<Vec<_>>>()?;
    axis::refuse_overlaps(&axes, diagnostics);
    axis::tell_labels_apart(&mut axes, diagnostics);
    Some(axes)
}

fn cells(
    design: &DesignSpec,
    axes: &[Varied],
    at: &At,
    diagnostics: &mut Diagnostics,
) -> Option<Vec<CellSpec>> {
    let count = match design {
        DesignSpec::Grid(GridSpec {}) => count_grid(axes, diagnostics)?,
        DesignSpec::LatinHypercube(LatinHypercubeSpec { samples, .. })
        | DesignSpec::Sobol(SobolSpec { samples }) => u128::from(*samples),
    };
    if count > u128::from(MAX_CELLS) {
        diagnostics.too_many_cells(at.clone(), count, MAX_CELLS);
        return None;
    }
    let count = usize::try_from(count).ok()?;
    if count == 0 {
        diagnostics.no_samples(at.clone());
        return None;
    }
    match design {
        DesignSpec::Grid(GridSpec {}) => Some(design::grid(axes, count)),
        DesignSpec::LatinHypercube(spec) => Some(design::latin_hypercube(axes, count, spec.seed)),
        DesignSpec::Sobol(_) if axes.len() > SOBOL_AXES_MAX => {
            diagnostics.too_many_axes(at.clone(), "a Sobol design", axes.len(), SOBOL_AXES_MAX);
            None
        }
        DesignSpec::Sobol(_) => Some(design::sobol(axes, count)),
    }
}

/// The product of the axes' lengths, or the largest number there is; nothing if a length is not stated.
fn count_grid(axes: &[Varied], diagnostics: &mut Diagnostics) -> Option<u128> {
    let lengths: Vec<_> = axes.iter().map(|axis| axis.grid_length(diagnostics)).collect();
    let lengths = lengths.into_iter().collect::<Option<Vec<u64>>>()?;
    Some(lengths.into_iter().fold(1, |product: u128, length| product.saturating_mul(length.into())))
}

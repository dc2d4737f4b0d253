//! Messages of sweeps.

use super::super::super::path::Path;
use super::super::super::pointer::{Missing, PointerProblem};
use super::super::{At, Diagnostics, counted, shown};
use super::naming::pointer_message;

/// Sweeps.
impl Diagnostics {
    /// An axis whose pointer leads nowhere, or is none.
    pub fn bad_axis_path(&mut self, at: At, pointer: &str, missing: Result<&Missing, PointerProblem>) {
        let (message, hint) = pointer_message(pointer, missing);
        self.error(at, format!("the axis points nowhere: {message}"), hint);
    }

    /// A sweep without axes, or an axis without values.
    pub fn empty(&mut self, at: At, what: &str) {
        self.error(at, format!("{what} is empty"), Some("leave out `sweep` to run one cell".to_owned()));
    }

    /// A sample of no cells.
    pub fn no_samples(&mut self, at: At) {
        self.error(at, "the sample has no cells", Some("`samples` is 1 to 100000".to_owned()));
    }

    /// An axis that names its fields in two ways, or in none.
    pub fn axis_shape(&mut self, at: At) {
        let hint = "an axis has `path` and `values`, or `paths` and `rows`";
        self.error(at, "the axis does not say what it varies, or says it twice", Some(hint.to_owned()));
    }

    /// Two axes, or two paths of one, that set the same value.
    pub fn axes_overlap(&mut self, at: At, path: &Path, other: &Path) {
        let message = if path == other {
            format!("`{}` is varied twice", path.to_pointer())
        } else {
            format!(
                "`{}` and `{}` are varied, and one is inside the other",
                other.to_pointer(),
                path.to_pointer()
            )
        };
        self.error(
            at,
            message,
            Some("to vary values together, use one axis with `paths` and `rows`".to_owned()),
        );
    }

    /// A row that has not one value for each path.
    pub fn row_length(&mut self, at: At, found: usize, expected: usize) {
        self.error(
            at,
            format!("the row has {}, and there are {}", counted(found, "value"), counted(expected, "path")),
            None,
        );
    }

    /// Names that are not one for each value.
    pub fn names_length(&mut self, at: At, found: usize, expected: usize) {
        self.error(at, format!("found {} for {}", counted(found, "name"), counted(expected, "value")), None);
    }

    /// A range that does not work; `why` says so.
    pub fn bad_range(&mut self, at: At, why: &str) {
        self.error(at, why, None);
    }

    /// A sweep of more cells than can be run.
    pub fn too_many_cells(&mut self, at: At, cells: u128, limit: u64) {
        let hint = "take fewer values an axis, or sample with {\"latin_hypercube\": {\"samples\": …}}";
        self.error(
            at,
            format!("the sweep has {cells} cells, and {limit} are allowed"),
            Some(hint.to_owned()),
        );
    }

    /// A range of more values than a sweep may have cells.
    pub fn too_many_steps(&mut self, at: At, steps: u64, limit: u64) {
        self.error(at, format!("the range has {steps} steps, and {limit} are allowed"), None);
    }

    /// More axes than `what` can have.
    pub fn too_many_axes(&mut self, at: At, what: &str, axes: usize, limit: usize) {
        self.error(at, format!("{what} has at most {limit} axes, not {axes}"), None);
    }

    /// Two axes of one name.
    pub fn label_twice(&mut self, at: At, label: &str) {
        self.error(at, format!("two axes are named `{}`", shown(label)), None);
    }
}

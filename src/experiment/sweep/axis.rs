//! One axis of a sweep: what it varies, and what it sets.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::Value;

use super::super::decode::decode;
use super::super::diagnostic::{At, Diagnostics, shown};
use super::super::path::{Path, PathPart};
use super::super::pointer::Pointer;
use super::super::source::Place;
use super::super::tree::Tree;
use super::MAX_CELLS;
use super::range::Range;
use super::spec::AxisSpec;

/// What an axis varies.
#[derive(Clone, Debug, PartialEq)]
pub struct Axis {
    /// Its name in tables and plots; no two axes have the same.
    pub label: String,
    /// The values it sets, which exist in the experiment.
    pub paths: Vec<Path>,
}

/// What an axis sets in a cell.
#[derive(Clone, Debug, PartialEq)]
pub struct Setting {
    /// Its name in tables and plots.
    pub text: String,
    /// One value for each path of the axis, each where the axis is written.
    pub values: Vec<Arc<Tree>>,
}

/// An axis and all that it can set.
#[derive(Clone, Debug)]
pub(super) struct Varied {
    pub(super) axis: Arc<Axis>,
    settings: Settings,
    has_own_label: bool,
    /// Where the axis is written, and where its values are.
    at: At,
    values_at: At,
}

#[derive(Clone, Debug)]
enum Settings {
    Listed(Vec<Arc<Setting>>),
    Between(Range),
}

impl Varied {
    /// Reads the axis `tree`, which stands at `path`, over the experiment `base`.
    pub(super) fn read(tree: &Tree, path: &Path, base: &Tree, diagnostics: &mut Diagnostics) -> Option<Self> {
        let spec: AxisSpec = decode(tree, path, diagnostics)?;
        let reader = Reader { tree, path, base };
        let (pointers, settings, values_key) = match &spec {
            AxisSpec { path: Some(pointer), values: Some(_), paths: None, rows: None, .. } => {
                let found = reader.locate(pointer, &Path::root().key("path"), diagnostics);
                (found.map(|found| vec![found]), reader.values(&spec, diagnostics), "values")
            }
            AxisSpec { path: None, values: None, paths: Some(pointers), rows: Some(_), .. } => {
                let found = reader.locate_all(pointers, diagnostics);
                (found, reader.rows(pointers.len(), &spec, diagnostics), "rows")
            }
            AxisSpec { .. } => {
                diagnostics.axis_shape(At::new(tree.place, path.clone()));
                return None;
            }
        };
        let (paths, settings) = (pointers?, settings?);
        let label = spec.label.clone().unwrap_or_else(|| default_label(&paths));
        Some(Self {
            axis: Arc::new(Axis { label, paths }),
            settings,
            has_own_label: spec.label.is_some(),
            at: At::new(tree.place, path.clone()),
            values_at: reader.at(&Path::root().key(values_key)),
        })
    }

    /// How many values the axis has in a grid; an error if that is not stated.
    pub(super) fn grid_length(&self, diagnostics: &mut Diagnostics) -> Option<u64> {
        match &self.settings {
            Settings::Listed(settings) => Some(settings.len() as u64),
            Settings::Between(_) => {
                diagnostics.missing_field(self.values_at.clone(), "steps");
                None
            }
        }
    }

    /// The settings of the axis, in order; none for a range without steps, which [`Varied::grid_length`] refuses.
    pub(super) fn settings(&self) -> &[Arc<Setting>] {
        match &self.settings {
            Settings::Listed(settings) => settings,
            Settings::Between(_) => &[],
        }
    }

    /// The setting at `share` of the axis, on `[0, 1)`.
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "floored below the length")]
    pub(super) fn sample(&self, share: f64) -> Arc<Setting> {
        match &self.settings {
            Settings::Listed(settings) => {
                let index = libm::floor(share * settings.len() as f64) as usize;
                Arc::clone(&settings[index.min(settings.len() - 1)])
            }
            Settings::Between(range) => {
                let place = self.values_at.place.expect("axes are read from a text");
                computed(&range.sample(share), place)
            }
        }
    }
}

/// A setting that was computed stands where its range is written.
fn computed(value: &Value, place: Place) -> Arc<Setting> {
    Arc::new(Setting { text: value_text(value), values: vec![Arc::new(Tree::from_json(value, place))] })
}

/// An axis as it is written.
struct Reader<'a> {
    tree: &'a Tree,
    path: &'a Path,
    base: &'a Tree,
}

impl Reader<'_> {
    fn at(&self, below: &Path) -> At {
        At { path: self.path.join(below), ..At::value(self.tree, below) }
    }

    fn locate(&self, text: &str, below: &Path, diagnostics: &mut Diagnostics) -> Option<Path> {
        match Pointer::parse(text).map(|pointer| pointer.locate(self.base)) {
            Ok(Ok(path)) => Some(path),
            Ok(Err(missing)) => {
                // Below a value that is wrong already, nothing can be found.
                if !self.base.at(&missing.found).is_some_and(Tree::is_broken) {
                    diagnostics.bad_axis_path(self.at(below), text, Ok(&missing));
                }
                None
            }
            Err(problem) => {
                diagnostics.bad_axis_path(self.at(below), text, Err(problem));
                None
            }
        }
    }

    fn locate_all(&self, pointers: &[String], diagnostics: &mut Diagnostics) -> Option<Vec<Path>> {
        let below = Path::root().key("paths");
        if pointers.is_empty() {
            diagnostics.empty(self.at(&below), "the list of paths");
            return None;
        }
        let paths: Vec<_> = pointers
            .iter()
            .enumerate()
            .map(|(index, pointer)| self.locate(pointer, &below.index(index), diagnostics))
            .collect();
        paths.into_iter().collect()
    }

    /// The settings of an axis with `path` and `values`.
    fn values(&self, spec: &AxisSpec, diagnostics: &mut Diagnostics) -> Option<Settings> {
        let below = Path::root().key("values");
        let tree = self.tree.at(&below)?;
        let Some(entries) = tree.entries() else {
            if tree.members().is_none() {
                let at = self.at(&below);
                diagnostics.wrong_type(
                    at,
                    tree,
                    "a list of values or a range {\"from\": …, \"to\": …, \"steps\": …}",
                );
                return None;
            }
            if let Some(names) = &spec.names {
                diagnostics.names_length(self.at(&Path::root().key("names")), names.len(), 0);
            }
            return self.range(tree, &below, diagnostics);
        };
        let rows = entries.iter().map(std::slice::from_ref).collect();
        self.listed(rows, &below, spec, diagnostics)
    }

    fn range(&self, tree: &Tree, below: &Path, diagnostics: &mut Diagnostics) -> Option<Settings> {
        let range = Range::read(tree, &self.path.join(below), diagnostics)?;
        match range.steps {
            None => Some(Settings::Between(range)),
            Some(steps) if steps > MAX_CELLS => {
                diagnostics.too_many_steps(self.at(below), steps, MAX_CELLS);
                None
            }
            Some(steps) => {
                let values = range.values(usize::try_from(steps).ok()?);
                Some(Settings::Listed(values.iter().map(|value| computed(value, tree.place)).collect()))
            }
        }
    }

    /// The settings of an axis with `paths` and `rows`.
    fn rows(&self, paths: usize, spec: &AxisSpec, diagnostics: &mut Diagnostics) -> Option<Settings> {
        let below = Path::root().key("rows");
        let entries = self.tree.at(&below)?.entries()?;
        let mut is_right = true;
        for (index, row) in entries.iter().enumerate() {
            let found = row.entries().map_or(0, <[Tree]>::len);
            if found != paths {
                is_right = false;
                diagnostics.row_length(self.at(&below.index(index)), found, paths);
            }
        }
        let rows = entries.iter().filter_map(Tree::entries).collect();
        let listed = self.listed(rows, &below, spec, diagnostics);
        listed.filter(|_| is_right)
    }

    fn listed(
        &self,
        rows: Vec<&[Tree]>,
        below: &Path,
        spec: &AxisSpec,
        diagnostics: &mut Diagnostics,
    ) -> Option<Settings> {
        if rows.is_empty() {
            diagnostics.empty(self.at(below), "the axis");
            return None;
        }
        if let Some(names) = spec.names.as_ref().filter(|names| names.len() != rows.len()) {
            diagnostics.names_length(self.at(&Path::root().key("names")), names.len(), rows.len());
            return None;
        }
        let name = |index: usize| spec.names.as_ref().map(|names| shown(&names[index]));
        let settings = rows.into_iter().enumerate().map(|(index, row)| {
            let text = name(index).unwrap_or_else(|| row_text(row));
            Arc::new(Setting { text, values: row.iter().cloned().map(Arc::new).collect() })
        });
        Some(Settings::Listed(settings.collect()))
    }
}

/// Reports paths that are set twice, by two axes or by one.
pub(super) fn refuse_overlaps(axes: &[Varied], diagnostics: &mut Diagnostics) {
    let mut paths: Vec<(&Path, Option<Place>, &At)> = axes
        .iter()
        .flat_map(|axis| axis.axis.paths.iter().map(|path| (path, axis.at.place, &axis.at)))
        .collect();
    paths.sort_by_key(|(path, place, _)| (*path, *place));
    for pair in paths.windows(2) {
        let [(outer, ..), (inner, _, at)] = pair else { continue };
        if inner.starts_with(outer) {
            diagnostics.axes_overlap((*at).clone(), inner, outer);
        }
    }
}

/// Gives axes of the same default name their whole paths for names; reports names that were given twice.
pub(super) fn tell_labels_apart(axes: &mut [Varied], diagnostics: &mut Diagnostics) {
    let labels: Vec<String> = axes.iter().map(|axis| axis.axis.label.clone()).collect();
    let mut taken = BTreeMap::new();
    for axis in axes {
        let is_shared = labels.iter().filter(|label| **label == axis.axis.label).count() > 1;
        if is_shared && !axis.has_own_label {
            let label = axis.axis.paths.iter().map(Path::to_string).collect::<Vec<_>>().join(", ");
            axis.axis = Arc::new(Axis { label, paths: axis.axis.paths.clone() });
        }
        let other_is_own = taken.insert(axis.axis.label.clone(), axis.has_own_label);
        // Two default names are the same only if the axes vary the same value, and that is told already.
        if other_is_own.is_some_and(|own| own || axis.has_own_label) {
            diagnostics.label_twice(axis.at.clone(), &axis.axis.label);
        }
    }
}

fn default_label(paths: &[Path]) -> String {
    let last_key = |path: &Path| {
        path.parts().iter().rev().find_map(|part| match part {
            PathPart::Key(key) => Some(shown(key)),
            PathPart::Index(_) => None,
        })
    };
    paths.iter().map(|path| last_key(path).unwrap_or_default()).collect::<Vec<_>>().join(", ")
}

fn row_text(row: &[Tree]) -> String {
    shown(&row.iter().map(|tree| value_text(&tree.to_json())).collect::<Vec<_>>().join(", "))
}

fn value_text(value: &Value) -> String {
    match value {
        Value::String(text) => shown(text),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_) => {
            shown(&value.to_string())
        }
    }
}

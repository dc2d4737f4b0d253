//! Figures: which numbers of a part come from where, and how sure they are.

use indexmap::IndexMap;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::super::decode::{Fields, decode};
use super::super::diagnostic::{At, Diagnostics};
use super::super::path::Path;
use super::super::pointer::Pointer;
use super::super::tree::Tree;

/// How sure a figure is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Mark {
    /// It stands in a document.
    Published,
    /// It was measured on a real system or trace.
    Measured,
    /// It was fitted so that the model gives what was published or measured.
    Calibrated,
    /// It is a guess.
    Assumed,
    /// The experiment sets it and says no more of it.
    #[serde(skip_deserializing)]
    #[schemars(skip)]
    SetHere,
}

impl Mark {
    /// The mark in a word or two.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Published => "published",
            Self::Measured => "measured",
            Self::Calibrated => "calibrated",
            Self::Assumed => "assumed",
            Self::SetHere => "set here",
        }
    }
}

/// What a file says of a figure.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct FigureSpec {
    /// How sure it is.
    pub mark: Mark,
    /// Where it comes from: a document and its part, a trace, a fit.
    pub source: String,
    /// A remark.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
}

/// A model file, as its schema tells it; it is read member by member, so that all its errors come at once.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ModelSpec {
    /// The schema, for editors.
    #[serde(rename = "$schema", default, skip_serializing_if = "Option::is_none")]
    pub schema: Option<String>,
    /// What the part is, in a sentence.
    pub about: String,
    /// Where the figures of the part come from, by JSON pointers into it.
    #[serde(default)]
    pub figures: IndexMap<String, FigureSpec>,
    /// The part.
    pub part: Value,
}

/// A figure that an experiment rests on.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Assumption {
    /// Where the figure stands in the merged tree.
    #[serde(serialize_with = "as_pointer")]
    pub path: Path,
    /// How sure it is.
    pub mark: Mark,
    /// Where it comes from; for [`Mark::SetHere`] the file or argument that sets it.
    pub source: String,
    /// A remark.
    pub note: Option<String>,
    /// The figure itself.
    pub value: Value,
    /// The part that brought the figure; nothing if the experiment states it.
    pub part: Option<String>,
    /// What the figure was before it was set here.
    pub replaced: Option<Replaced>,
    /// Whether an axis of the sweep varies it; `value` is then that of the file.
    pub swept: bool,
}

/// A figure that was overridden.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Replaced {
    /// How sure it was.
    pub mark: Mark,
    /// Where it came from.
    pub source: String,
    /// What it was.
    pub value: Value,
}

impl Assumption {
    /// The same figure in a tree that holds its part at `path`.
    pub(in crate::experiment) fn below(&self, path: &Path) -> Self {
        Self { path: path.join(&self.path), ..self.clone() }
    }

    /// Notes that `source` has set the figure to `value`.
    pub(in crate::experiment) fn set_here(&mut self, source: &str, value: Value) {
        let old = Replaced {
            mark: self.mark,
            source: std::mem::replace(&mut self.source, source.to_owned()),
            value: std::mem::replace(&mut self.value, value),
        };
        self.mark = Mark::SetHere;
        self.note = None;
        // What counts is the figure that the part brought, not one that was set in between.
        self.replaced.get_or_insert(old);
    }
}

/// The figure of a part whose tree `before` became `after` by overrides in `file`; nothing if it is gone.
pub(super) fn overridden(
    assumption: &Assumption,
    before: &Tree,
    after: &Tree,
    file: &str,
) -> Option<Assumption> {
    let now = after.at(&assumption.path)?;
    let mut assumption = assumption.clone();
    if before.at(&assumption.path) != Some(now) {
        assumption.set_here(file, now.to_json());
    }
    Some(assumption)
}

/// Adds the figures that a file declares for `part`; one that is declared takes the place of an inherited one.
///
/// `figures` is the object of figures, which stands at `path` of its file; `name` is that of the part, if it is one.
pub(in crate::experiment) fn declare(
    assumptions: &mut Vec<Assumption>,
    figures: &Tree,
    path: &Path,
    part: &Tree,
    name: Option<&str>,
    diagnostics: &mut Diagnostics,
) {
    let Some(figures) = Fields::of(figures, path, diagnostics).and(figures.members()) else { return };
    for (text, member) in figures {
        let path = path.key(text);
        let spec = decode::<FigureSpec>(&member.tree, &path, diagnostics);
        let found = locate(text, part, At::new(member.key, path), diagnostics);
        let (Some(spec), Some(found)) = (spec, found) else { continue };
        assumptions.retain(|inherited| inherited.path != found);
        assumptions.push(Assumption {
            value: part.at(&found).map_or(Value::Null, Tree::to_json),
            path: found,
            mark: spec.mark,
            source: spec.source,
            note: spec.note,
            part: name.map(str::to_owned),
            replaced: None,
            swept: false,
        });
    }
}

/// What the pointer of a figure names in `part`.
fn locate(text: &str, part: &Tree, at: At, diagnostics: &mut Diagnostics) -> Option<Path> {
    match Pointer::parse(text).map(|pointer| pointer.locate(part)) {
        Ok(Ok(path)) => return Some(path),
        // Where something is wrong already, more may be missing than the pointer's fault.
        Ok(Err(_)) if part.is_broken() => {}
        Ok(Err(missing)) => diagnostics.bad_figure(at, text, Ok(&missing)),
        Err(problem) => diagnostics.bad_figure(at, text, Err(problem)),
    }
    None
}

fn as_pointer<S: serde::Serializer>(path: &Path, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&path.to_pointer())
}

//! One error of serde: where in the text it is, and what it says.

use serde_path_to_error::{Error, Segment};

use super::super::diagnostic::{At, Diagnostics};
use super::super::path::{Path, PathPart};
use super::super::tree::Tree;
use super::wording::Wording;

/// One error of serde.
pub(super) struct Fault {
    /// The value, or the key, that it is about.
    below: Path,
    /// In serde's words.
    message: String,
    /// What it means.
    pub(super) wording: Wording,
}

impl Fault {
    /// Finds what serde stumbled over in `tree`.
    pub(super) fn of(tree: &Tree, error: &Error<serde_json::Error>) -> Self {
        let below = follow(tree, error.path());
        let message = error.inner().to_string();
        let wording = Wording::of(&message, tree.at(&below).unwrap_or(tree), below.last());
        Self { below, message, wording }
    }

    /// The spot that would have to change: a missing field's is where it should stand.
    pub(super) fn spot(&self) -> Path {
        match &self.wording {
            Wording::MissingField { name } => self.below.key(name),
            Wording::VariantTakesNothing { name }
                if self.below.last() == Some(&PathPart::Key(name.clone())) =>
            {
                let mut above = self.below.clone();
                above.pop();
                above
            }
            Wording::UnknownField { .. }
            | Wording::UnknownVariant { .. }
            | Wording::Wrong { .. }
            | Wording::Choice
            | Wording::VariantNeedsSettings { .. }
            | Wording::VariantTakesNothing { .. }
            | Wording::Other => self.below.clone(),
        }
    }

    /// Says what is wrong in `tree`, which stands at `path`.
    pub(super) fn tell(&self, tree: &Tree, path: &Path, diagnostics: &mut Diagnostics) {
        let found = tree.at(&self.below).unwrap_or(tree);
        let key = At { path: path.join(&self.below), ..At::key(tree, &self.below) };
        let value = At::new(found.place, path.join(&self.below));
        match &self.wording {
            Wording::UnknownField { name, known } => diagnostics.unknown_field(key, name, known),
            Wording::UnknownVariant { name, known } => {
                // A choice with settings is a key, and serde's path ends above it.
                let key = found.member(name).map(|member| At::new(member.key, value.path.key(name)));
                diagnostics.unknown_variant(key.unwrap_or(value), name, known);
            }
            Wording::MissingField { name } => diagnostics.missing_field(value, name),
            Wording::Wrong { expected } => diagnostics.wrong_type(value, found, expected),
            Wording::Choice => diagnostics.not_one_choice(value, found),
            Wording::VariantNeedsSettings { name } => diagnostics.variant_needs_settings(value, name),
            Wording::VariantTakesNothing { name } => diagnostics.variant_takes_nothing(value, name),
            Wording::Other => diagnostics.refused(value, &self.message),
        }
    }
}

/// serde's path as a path of the tree, as far as there is such a value.
fn follow(tree: &Tree, segments: &serde_path_to_error::Path) -> Path {
    let mut path = Path::root();
    let mut here = tree;
    for segment in segments {
        let part = match segment {
            Segment::Seq { index } => PathPart::Index(*index),
            Segment::Map { key } => PathPart::Key(key.clone()),
            Segment::Enum { variant } => PathPart::Key(variant.clone()),
            Segment::Unknown => break,
        };
        match here.child(&part) {
            Some(child) => here = child,
            // The name of a variant that is written as a string leads no further down.
            None if matches!(segment, Segment::Enum { .. }) => continue,
            None => break,
        }
        path.push(part);
    }
    path
}

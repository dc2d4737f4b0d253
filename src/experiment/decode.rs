//! Tree → values: each component by itself, so that one mistake does not hide the next.
//!
//! serde stops at its first error; [`decode`] says where in the text that was, and [`Fields`] takes an object apart
//! so that each of its members is decoded alone.

use indexmap::IndexMap;
use serde::de::DeserializeOwned;
use serde_path_to_error::{Error, Segment};

use super::diagnostic::{At, Diagnostics};
use super::path::{Path, PathPart};
use super::tree::Tree;

mod wording;

use wording::Wording;

/// Decodes the value `tree`, which stands at `path` of the whole; an error goes to `diagnostics`.
///
/// A tree that holds a value already reported as wrong is not decoded.
pub fn decode<T: DeserializeOwned>(tree: &Tree, path: &Path, diagnostics: &mut Diagnostics) -> Option<T> {
    if tree.is_broken() {
        return None;
    }
    match serde_path_to_error::deserialize(&tree.to_json()) {
        Ok(value) => Some(value),
        Err(error) => {
            report(tree, path, &error, diagnostics);
            None
        }
    }
}

/// Decodes an object whose keys are names, each entry by itself. Nothing is returned if any entry is wrong.
pub fn decode_map<T: DeserializeOwned>(
    tree: &Tree,
    path: &Path,
    diagnostics: &mut Diagnostics,
) -> Option<IndexMap<String, T>> {
    let Some(members) = tree.members() else {
        wrong_container(tree, path, "an object of named entries", diagnostics);
        return None;
    };
    let decoded: Vec<_> = members
        .iter()
        .map(|(name, member)| Some((name.clone(), decode(&member.tree, &path.key(name), diagnostics)?)))
        .collect();
    decoded.into_iter().collect()
}

/// Decodes a list, each entry by itself. Nothing is returned if any entry is wrong.
pub fn decode_list<T: DeserializeOwned>(
    tree: &Tree,
    path: &Path,
    diagnostics: &mut Diagnostics,
) -> Option<Vec<T>> {
    let Some(entries) = tree.entries() else {
        wrong_container(tree, path, "a list", diagnostics);
        return None;
    };
    let decoded: Vec<_> = entries
        .iter()
        .enumerate()
        .map(|(index, entry)| decode(entry, &path.index(index), diagnostics))
        .collect();
    decoded.into_iter().collect()
}

/// An object taken apart by hand: ask for each member, then [`Fields::finish`] reports those nobody asked for.
#[derive(Debug)]
pub struct Fields<'t> {
    tree: &'t Tree,
    path: Path,
    asked: Vec<&'static str>,
}

impl<'t> Fields<'t> {
    /// The members of `tree`, which stands at `path`; an error if it is no object.
    pub fn of(tree: &'t Tree, path: &Path, diagnostics: &mut Diagnostics) -> Option<Self> {
        if tree.members().is_none() {
            wrong_container(tree, path, "an object", diagnostics);
            return None;
        }
        Some(Self { tree, path: path.clone(), asked: Vec::new() })
    }

    /// The path of the member `name`.
    pub fn path(&self, name: &str) -> Path {
        self.path.key(name)
    }

    /// The member as it stands, if it is there.
    pub fn tree(&mut self, name: &'static str) -> Option<&'t Tree> {
        self.asked.push(name);
        self.tree.member(name).map(|member| &member.tree)
    }

    /// The member as it stands; an error if it is missing.
    pub fn required_tree(&mut self, name: &'static str, diagnostics: &mut Diagnostics) -> Option<&'t Tree> {
        let found = self.tree(name);
        if found.is_none() {
            diagnostics.missing_field(At::new(self.tree.place, self.path.clone()), name);
        }
        found
    }

    /// The member, decoded; an error if it is missing or wrong.
    pub fn required<T: DeserializeOwned>(
        &mut self,
        name: &'static str,
        diagnostics: &mut Diagnostics,
    ) -> Option<T> {
        let tree = self.required_tree(name, diagnostics)?;
        decode(tree, &self.path(name), diagnostics)
    }

    /// The member, decoded, if it is there; an error if it is wrong.
    pub fn optional<T: DeserializeOwned>(
        &mut self,
        name: &'static str,
        diagnostics: &mut Diagnostics,
    ) -> Option<T> {
        let tree = self.tree(name)?;
        decode(tree, &self.path(name), diagnostics)
    }

    /// The member as a map of named entries, each decoded by itself; empty if it is missing.
    pub fn map<T: DeserializeOwned>(
        &mut self,
        name: &'static str,
        diagnostics: &mut Diagnostics,
    ) -> Option<IndexMap<String, T>> {
        match self.tree(name) {
            Some(tree) => decode_map(tree, &self.path(name), diagnostics),
            None => Some(IndexMap::new()),
        }
    }

    /// The member as a list, each entry decoded by itself; empty if it is missing.
    pub fn list<T: DeserializeOwned>(
        &mut self,
        name: &'static str,
        diagnostics: &mut Diagnostics,
    ) -> Option<Vec<T>> {
        match self.tree(name) {
            Some(tree) => decode_list(tree, &self.path(name), diagnostics),
            None => Some(Vec::new()),
        }
    }

    /// Reports every member that was not asked for.
    pub fn finish(self, diagnostics: &mut Diagnostics) {
        let Some(members) = self.tree.members() else { return };
        for (name, member) in members {
            if !self.asked.contains(&name.as_str()) {
                diagnostics.unknown_field(At::new(member.key, self.path.key(name)), name, &self.asked);
            }
        }
    }
}

fn wrong_container(tree: &Tree, path: &Path, expected: &str, diagnostics: &mut Diagnostics) {
    if !tree.is_broken() {
        diagnostics.wrong_type(At::new(tree.place, path.clone()), tree, expected);
    }
}

/// Finds the value that serde stumbled over and says what is wrong with it.
fn report(tree: &Tree, path: &Path, error: &Error<serde_json::Error>, diagnostics: &mut Diagnostics) {
    let below = follow(tree, error.path());
    let found = tree.at(&below).unwrap_or(tree);
    let key = At { path: path.join(&below), ..At::key(tree, &below) };
    let value = At::new(found.place, path.join(&below));
    let message = error.inner().to_string();
    match Wording::of(&message, found, below.last()) {
        Wording::UnknownField { name, known } => diagnostics.unknown_field(key, &name, &known),
        Wording::UnknownVariant { name, known } => {
            // A choice with settings is a key, and serde's path ends above it.
            let key = found.member(&name).map(|member| At::new(member.key, value.path.key(&name)));
            diagnostics.unknown_variant(key.unwrap_or(value), &name, &known);
        }
        Wording::MissingField { name } => diagnostics.missing_field(value, &name),
        Wording::Wrong { expected } => diagnostics.wrong_type(value, found, &expected),
        Wording::Choice => diagnostics.not_one_choice(value, found),
        Wording::VariantNeedsSettings { name } => diagnostics.variant_needs_settings(value, &name),
        Wording::VariantTakesNothing { name } => diagnostics.variant_takes_nothing(value, &name),
        Wording::Other => diagnostics.refused(value, &message),
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

//! Tree → values: each component by itself, so that one mistake does not hide the next.
//!
//! serde stops at its first error; [`decode`] mends that spot and goes on, so that all of a component are told where they
//! stand, and [`Fields`] takes an object apart so that each of its members is decoded alone.

use indexmap::IndexMap;
use serde::de::DeserializeOwned;

use super::diagnostic::{At, Diagnostics};
use super::path::Path;
use super::tree::Tree;

mod fault;
mod repair;
mod wording;

/// Decodes the value `tree`, which stands at `path` of the whole; all its errors go to `diagnostics`.
///
/// A tree that holds a value already reported as wrong gives no value; the errors beside that one are told.
pub fn decode<T: DeserializeOwned>(tree: &Tree, path: &Path, diagnostics: &mut Diagnostics) -> Option<T> {
    repair::decode_all(tree, path, diagnostics)
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

//! JSON as a tree in which each value knows where it was written.

use indexmap::IndexMap;
use serde_json::{Number, Value};

use super::path::{Path, PathPart};
use super::source::Place;

mod parse;

pub use parse::{MAX_DEPTH, MAX_VALUES, parse};

/// A JSON value and where it was written.
///
/// Two trees are equal only if they were also written at the same place: a value that was overridden by an equal
/// one is a different tree.
#[derive(Clone, Debug, PartialEq)]
pub struct Tree {
    /// The value.
    pub value: Node,
    /// Where it was written. An object that was merged stands where its override was written.
    pub place: Place,
}

/// What a value is.
#[derive(Clone, Debug, PartialEq)]
pub enum Node {
    /// `null`.
    Null,
    /// `true` or `false`.
    Bool(bool),
    /// A finite number: exact if it is a whole number of 64 bits, else the nearest double.
    Number(Number),
    /// A string, unescaped.
    String(String),
    /// A list.
    Array(Vec<Tree>),
    /// Members in the order they were written; a key stands once.
    Object(Members),
    /// A value that was wrong and has been reported; what holds it is not decoded, so that one mistake is told once.
    Broken,
}

/// The members of an object, by key.
pub type Members = IndexMap<String, Member>;

/// A value in an object and where its key was written.
#[derive(Clone, Debug, PartialEq)]
pub struct Member {
    /// Where the key was written, quotes included.
    pub key: Place,
    /// The value.
    pub tree: Tree,
}

/// How much a tree holds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Extent {
    /// Values of any kind, containers included.
    pub values: usize,
    /// Bytes of keys and strings.
    pub text: usize,
    /// Levels below the root.
    pub height: usize,
}

impl Tree {
    /// A value written at `place`.
    pub const fn new(value: Node, place: Place) -> Self {
        Self { value, place }
    }

    /// A value that has been reported as wrong.
    pub const fn broken(place: Place) -> Self {
        Self::new(Node::Broken, place)
    }

    /// The member `key`, if this is an object that has it.
    pub fn member(&self, key: &str) -> Option<&Member> {
        self.members().and_then(|members| members.get(key))
    }

    /// The members, if this is an object.
    pub fn members(&self) -> Option<&Members> {
        match &self.value {
            Node::Object(members) => Some(members),
            Node::Null
            | Node::Bool(_)
            | Node::Number(_)
            | Node::String(_)
            | Node::Array(_)
            | Node::Broken => None,
        }
    }

    /// The entries, if this is a list.
    pub fn entries(&self) -> Option<&[Self]> {
        match &self.value {
            Node::Array(entries) => Some(entries),
            Node::Null
            | Node::Bool(_)
            | Node::Number(_)
            | Node::String(_)
            | Node::Object(_)
            | Node::Broken => None,
        }
    }

    /// The text, if this is a string.
    pub fn text(&self) -> Option<&str> {
        match &self.value {
            Node::String(text) => Some(text),
            Node::Null
            | Node::Bool(_)
            | Node::Number(_)
            | Node::Array(_)
            | Node::Object(_)
            | Node::Broken => None,
        }
    }

    /// One step down, if there is such a step.
    pub fn child(&self, part: &PathPart) -> Option<&Self> {
        match part {
            PathPart::Key(key) => self.member(key).map(|member| &member.tree),
            PathPart::Index(index) => self.entries().and_then(|entries| entries.get(*index)),
        }
    }

    /// The value at `path`, if there is one.
    pub fn at(&self, path: &Path) -> Option<&Self> {
        path.parts().iter().try_fold(self, |tree, part| tree.child(part))
    }

    /// The value at `path`, to be changed, if there is one.
    pub fn at_mut(&mut self, path: &Path) -> Option<&mut Self> {
        path.parts().iter().try_fold(self, |tree, part| match (&mut tree.value, part) {
            (Node::Object(members), PathPart::Key(key)) => {
                members.get_mut(key).map(|member| &mut member.tree)
            }
            (Node::Array(entries), PathPart::Index(index)) => entries.get_mut(*index),
            _ => None,
        })
    }

    /// The place of the value at `path`, or of the deepest value above it that exists.
    pub fn place_of(&self, path: &Path) -> Place {
        let mut tree = self;
        for part in path.parts() {
            match tree.child(part) {
                Some(child) => tree = child,
                None => break,
            }
        }
        tree.place
    }

    /// Whether a value in it has been reported as wrong.
    pub fn is_broken(&self) -> bool {
        match &self.value {
            Node::Broken => true,
            Node::Array(entries) => entries.iter().any(Self::is_broken),
            Node::Object(members) => members.values().any(|member| member.tree.is_broken()),
            Node::Null | Node::Bool(_) | Node::Number(_) | Node::String(_) => false,
        }
    }

    /// The same value without places, members in the order they were written. A broken value becomes `null`.
    pub fn to_json(&self) -> Value {
        match &self.value {
            Node::Null | Node::Broken => Value::Null,
            Node::Bool(truth) => Value::Bool(*truth),
            Node::Number(number) => Value::Number(number.clone()),
            Node::String(text) => Value::String(text.clone()),
            Node::Array(entries) => Value::Array(entries.iter().map(Self::to_json).collect()),
            Node::Object(members) => Value::Object(
                members.iter().map(|(key, member)| (key.clone(), member.tree.to_json())).collect(),
            ),
        }
    }

    /// The tree of a value that was made and not read: all of it stands at `place`.
    pub fn from_json(value: &Value, place: Place) -> Self {
        let node = match value {
            Value::Null => Node::Null,
            Value::Bool(truth) => Node::Bool(*truth),
            Value::Number(number) => Node::Number(number.clone()),
            Value::String(text) => Node::String(text.clone()),
            Value::Array(entries) => {
                Node::Array(entries.iter().map(|entry| Self::from_json(entry, place)).collect())
            }
            Value::Object(members) => Node::Object(
                members
                    .iter()
                    .map(|(key, value)| {
                        (key.clone(), Member { key: place, tree: Self::from_json(value, place) })
                    })
                    .collect(),
            ),
        };
        Self::new(node, place)
    }

    /// Compact JSON with keys in byte order: equal for files that differ in layout and order of keys only.
    pub fn to_canonical(&self) -> String {
        let mut text = String::new();
        self.write_canonical(&mut text);
        text
    }

    /// How much it holds.
    pub fn extent(&self) -> Extent {
        let mut extent = Extent { values: 1, ..Extent::default() };
        let mut below = |child: Extent, key: usize| {
            extent.values += child.values;
            extent.text += child.text + key;
            extent.height = extent.height.max(child.height + 1);
        };
        match &self.value {
            Node::Null | Node::Bool(_) | Node::Number(_) | Node::Broken => {}
            Node::String(text) => extent.text = text.len(),
            Node::Array(entries) => entries.iter().for_each(|entry| below(entry.extent(), 0)),
            Node::Object(members) => {
                members.iter().for_each(|(key, member)| below(member.tree.extent(), key.len()));
            }
        }
        extent
    }

    fn write_canonical(&self, text: &mut String) {
        match &self.value {
            Node::Array(entries) => {
                text.push('[');
                for (index, entry) in entries.iter().enumerate() {
                    if index > 0 {
                        text.push(',');
                    }
                    entry.write_canonical(text);
                }
                text.push(']');
            }
            Node::Object(members) => {
                let mut sorted: Vec<_> = members.iter().collect();
                sorted.sort_unstable_by_key(|(key, _)| *key);
                text.push('{');
                for (index, (key, member)) in sorted.into_iter().enumerate() {
                    if index > 0 {
                        text.push(',');
                    }
                    text.push_str(&Value::String(key.clone()).to_string());
                    text.push(':');
                    member.tree.write_canonical(text);
                }
                text.push('}');
            }
            Node::Null | Node::Bool(_) | Node::Number(_) | Node::String(_) | Node::Broken => {
                text.push_str(&self.to_json().to_string());
            }
        }
    }
}

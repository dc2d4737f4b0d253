//! JSON pointers (RFC 6901): how `--set`, sweep axes and figures name a value of the merged tree.

use super::path::{Path, PathPart};
use super::source::Place;
use super::tree::{Member, Node, Tree};

/// A pointer as written: `/system/pools/workers/count`. The empty text points to the root.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pointer {
    parts: Vec<String>,
}

/// Why a text is no pointer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PointerProblem {
    /// It does not start with `/`.
    NoSlash,
    /// A `~` is followed by something else than `0` or `1`.
    BadEscape,
}

/// Where a pointer leads nowhere.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Missing {
    /// The deepest value on the way that exists.
    pub found: Path,
    /// The step that it does not have.
    pub part: String,
    /// Whether that is the last step.
    pub is_last: bool,
    /// What that value is.
    pub inside: Inside,
}

/// What a pointer was led into.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Inside {
    /// An object with these keys.
    Object(Vec<String>),
    /// A list of this length.
    List(usize),
    /// Something without parts.
    Scalar,
}

impl Pointer {
    /// Reads a pointer; `~0` stands for `~`, `~1` for `/`.
    pub fn parse(text: &str) -> Result<Self, PointerProblem> {
        if text.is_empty() {
            return Ok(Self { parts: Vec::new() });
        }
        let parts = text.strip_prefix('/').ok_or(PointerProblem::NoSlash)?;
        parts
            .split('/')
            .map(unescape)
            .collect::<Option<_>>()
            .map_or(Err(PointerProblem::BadEscape), |parts| Ok(Self { parts }))
    }

    /// The path that this pointer names in `tree`.
    pub fn locate(&self, tree: &Tree) -> Result<Path, Missing> {
        let mut path = Path::root();
        let mut here = tree;
        for (position, part) in self.parts.iter().enumerate() {
            let step = step(here, part);
            let Some(child) = here.child(&step) else {
                let is_last = position + 1 == self.parts.len();
                return Err(Missing { found: path, part: part.clone(), is_last, inside: inside(here) });
            };
            path.push(step);
            here = child;
        }
        Ok(path)
    }
}

/// Puts `value` at `path`, which may name a new member of an object that exists; `key` is where that key was written.
///
/// Says whether there was such a place.
pub fn put(tree: &mut Tree, path: &Path, key: Place, value: Tree) -> bool {
    if let Some(old) = tree.at_mut(path) {
        *old = value;
        return true;
    }
    let mut above = path.clone();
    match (above.pop(), tree.at_mut(&above).map(|tree| &mut tree.value)) {
        (Some(PathPart::Key(name)), Some(Node::Object(members))) => {
            members.insert(name, Member { key, tree: value });
            true
        }
        _ => false,
    }
}

fn unescape(part: &str) -> Option<String> {
    let mut text = String::with_capacity(part.len());
    let mut characters = part.chars();
    while let Some(character) = characters.next() {
        text.push(match character {
            '~' => match characters.next()? {
                '0' => '~',
                '1' => '/',
                _ => return None,
            },
            plain => plain,
        });
    }
    Some(text)
}

/// An index is written without sign or leading zeros.
fn step(tree: &Tree, part: &str) -> PathPart {
    let is_index = part == "0" || (!part.starts_with('0') && part.bytes().all(|byte| byte.is_ascii_digit()));
    match (tree.entries(), part.parse()) {
        (Some(_), Ok(index)) if is_index => PathPart::Index(index),
        _ => PathPart::Key(part.to_owned()),
    }
}

fn inside(tree: &Tree) -> Inside {
    match (tree.members(), tree.entries()) {
        (Some(members), _) => Inside::Object(members.keys().cloned().collect()),
        (None, Some(entries)) => Inside::List(entries.len()),
        (None, None) => Inside::Scalar,
    }
}

#[cfg(test)]
mod tests {
    use super::super::diagnostic::Diagnostics;
    use super::super::source::Origin;
    use super::super::tree::parse;
    use super::*;

    fn tree() -> Tree {
        let mut diagnostics = Diagnostics::new();
        let text = r#"{"a/b": [10, {"c~d": true}], "01": 5}"#;
        let file = diagnostics.sources_mut().add("x.json", Origin::File, text);
        parse(file, &mut diagnostics).expect("the text is JSON")
    }

    #[track_caller]
    fn check(pointer: &str, expected: Option<&str>) {
        let tree = tree();
        let path = Pointer::parse(pointer).expect("the pointer is well formed").locate(&tree);
        let found = path.ok().and_then(|path| tree.at(&path)).map(|tree| tree.to_json().to_string());
        assert_eq!(found.as_deref(), expected);
    }

    #[test]
    fn a_pointer_finds_what_it_names() {
        check("/a~1b/0", Some("10"));
        check("/a~1b/1/c~0d", Some("true"));
        check("/01", Some("5"));
    }

    #[test]
    fn an_index_has_no_sign_and_no_leading_zero() {
        check("/a~1b/00", None);
        check("/a~1b/+1", None);
        check("/a~1b/2", None);
        check("/a~1b/", None);
    }

    #[test]
    fn a_pointer_starts_with_a_slash_and_escapes_properly() {
        assert_eq!(Pointer::parse("a"), Err(PointerProblem::NoSlash));
        assert_eq!(Pointer::parse("/a~2"), Err(PointerProblem::BadEscape));
        assert_eq!(Pointer::parse("/a~"), Err(PointerProblem::BadEscape));
    }

    #[test]
    fn what_is_missing_is_told_with_what_is_there() {
        let missing = Pointer::parse("/a~1b/1/x/y").unwrap().locate(&tree()).unwrap_err();
        assert_eq!((missing.part.as_str(), missing.is_last), ("x", false));
        assert_eq!(missing.inside, Inside::Object(vec!["c~d".to_owned()]));
    }

    #[test]
    fn a_new_member_is_put_only_into_an_object_that_exists() {
        let mut tree = tree();
        let place = tree.place;
        let value = Tree::new(Node::Null, place);
        assert!(put(&mut tree, &Path::root().key("new"), place, value.clone()));
        assert!(!put(&mut tree, &Path::root().key("none").key("new"), place, value.clone()));
        assert!(!put(&mut tree, &Path::root().key("a/b").index(2), place, value));
        assert_eq!(tree.member("new").map(|member| &member.tree.value), Some(&Node::Null));
    }
}

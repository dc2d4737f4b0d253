//! Where a value stands in a tree: a list of keys and indexes.

use std::fmt;

use super::diagnostic::shown;

/// One step down a tree.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum PathPart {
    /// Into an object.
    Key(String),
    /// Into a list.
    Index(usize),
}

/// The steps from the root to a value. Prints as `workload.arrivals[2].rate_per_s`.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Path(Vec<PathPart>);

impl Path {
    /// The root itself.
    pub const fn root() -> Self {
        Self(Vec::new())
    }

    /// The steps, root first.
    pub fn parts(&self) -> &[PathPart] {
        &self.0
    }

    /// How many steps lie below the root.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether this is the root.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The path of the member `key` of this object.
    #[must_use]
    pub fn key(&self, key: impl Into<String>) -> Self {
        self.joined(PathPart::Key(key.into()))
    }

    /// The path of the entry `index` of this list.
    #[must_use]
    pub fn index(&self, index: usize) -> Self {
        self.joined(PathPart::Index(index))
    }

    /// This path followed by `below`.
    #[must_use]
    pub fn join(&self, below: &Self) -> Self {
        Self(self.0.iter().chain(&below.0).cloned().collect())
    }

    /// The last step, or nothing for the root.
    pub fn last(&self) -> Option<&PathPart> {
        self.0.last()
    }

    /// Goes one step down.
    pub fn push(&mut self, part: PathPart) {
        self.0.push(part);
    }

    /// Goes one step up.
    pub fn pop(&mut self) -> Option<PathPart> {
        self.0.pop()
    }

    /// Whether this path is `above` or lies below it.
    pub fn starts_with(&self, above: &Self) -> bool {
        self.0.starts_with(&above.0)
    }

    /// Whether changing one of the two paths changes the other's value.
    pub fn overlaps(&self, other: &Self) -> bool {
        self.starts_with(other) || other.starts_with(self)
    }

    /// The path as a JSON pointer (RFC 6901): `/workload/arrivals/2/rate_per_s`.
    pub fn to_pointer(&self) -> String {
        let mut pointer = String::new();
        for part in &self.0 {
            pointer.push('/');
            match part {
                PathPart::Key(key) => pointer.push_str(&key.replace('~', "~0").replace('/', "~1")),
                PathPart::Index(index) => pointer.push_str(&index.to_string()),
            }
        }
        pointer
    }

    fn joined(&self, part: PathPart) -> Self {
        let mut path = self.clone();
        path.push(part);
        path
    }
}

impl FromIterator<PathPart> for Path {
    fn from_iter<I: IntoIterator<Item = PathPart>>(parts: I) -> Self {
        Self(parts.into_iter().collect())
    }
}

impl fmt::Display for Path {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (position, part) in self.0.iter().enumerate() {
            match part {
                PathPart::Index(index) => write!(f, "[{index}]")?,
                PathPart::Key(key) => {
                    let dot = if position == 0 { "" } else { "." };
                    write!(f, "{dot}{}", shown(key))?;
                }
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prints_keys_with_dots_and_indexes_in_brackets() {
        let path = Path::root().key("faults").index(2).key("at");
        assert_eq!(path.to_string(), "faults[2].at");
    }

    #[test]
    fn a_pointer_escapes_slash_and_tilde() {
        assert_eq!(Path::root().key("a/b").key("c~d").index(0).to_pointer(), "/a~1b/c~0d/0");
    }

    #[test]
    fn paths_overlap_when_one_holds_the_other() {
        let (outer, inner) = (Path::root().key("a"), Path::root().key("a").key("b"));
        assert!(outer.overlaps(&inner) && inner.overlaps(&outer));
        assert!(!inner.overlaps(&Path::root().key("a").key("c")));
    }
}

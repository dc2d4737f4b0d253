//! All errors of one component: serde stops at its first, so that spot is mended and the component is decoded again.
//!
//! A mended spot is ours: what is wrong at it or inside it afterwards is mended on and never told, and what a mended spot
//! may have upset above it ends the search. So every error that is told is one of the text as it was written.

use serde::de::DeserializeOwned;

use super::super::diagnostic::{Diagnostics, near};
use super::super::path::{Path, PathPart};
use super::super::tree::{Member, Node, Tree};
use super::fault::Fault;
use super::wording::Wording;

/// Errors that are told of one component.
const ERRORS_MAX: usize = 20;
/// Times that a component is decoded.
const DECODES_MAX: usize = 200;
/// A component of more values is decoded once: its first error is told.
const VALUES_MAX: usize = 5_000;

/// Decodes `tree`, which stands at `path`; whatever is wrong with it goes to `diagnostics`.
///
/// Values that were reported already count as mended; with one of them there is no result, but the errors beside it are
/// told.
pub(super) fn decode_all<T: DeserializeOwned>(
    tree: &Tree,
    path: &Path,
    diagnostics: &mut Diagnostics,
) -> Option<T> {
    let mut broken = Vec::new();
    find_broken(tree, &Path::root(), &mut broken);
    let is_whole = broken.is_empty();
    let mut repair = Repair { tree: tree.clone(), made: broken.clone(), broken, tries: Vec::new(), told: 0 };
    let decodes = if tree.extent().values > VALUES_MAX { 1 } else { DECODES_MAX };
    for _ in 0..decodes {
        match serde_path_to_error::deserialize(&repair.tree.to_json()) {
            Ok(value) => return (is_whole && repair.told == 0).then_some(value),
            Err(error) => {
                let fault = Fault::of(&repair.tree, &error);
                if !repair.step(&fault, path, diagnostics) {
                    return None;
                }
            }
        }
    }
    None
}

/// The spots of a tree that hold no value.
fn find_broken(tree: &Tree, at: &Path, found: &mut Vec<Path>) {
    match &tree.value {
        Node::Broken => found.push(at.clone()),
        Node::Array(entries) => {
            for (index, entry) in entries.iter().enumerate() {
                find_broken(entry, &at.index(index), found);
            }
        }
        Node::Object(members) => {
            for (key, member) in members {
                find_broken(&member.tree, &at.key(key), found);
            }
        }
        Node::Null | Node::Bool(_) | Node::Number(_) | Node::String(_) => {}
    }
}

/// A component on its way to something that can be decoded.
struct Repair {
    tree: Tree,
    /// Spots whose value is ours.
    made: Vec<Path>,
    /// Spots that were reported before.
    broken: Vec<Path>,
    /// How many values were tried at a spot.
    tries: Vec<(Path, usize)>,
    /// Errors told.
    told: usize,
}

impl Repair {
    /// Tells the error unless it is ours, and mends its spot. False when there is nothing more to find.
    fn step(&mut self, fault: &Fault, path: &Path, diagnostics: &mut Diagnostics) -> bool {
        let spot = fault.spot();
        if !self.made.iter().any(|made| spot.starts_with(made)) && !self.may_be_in_a_broken_part(fault, &spot)
        {
            let is_about_a_key =
                matches!(fault.wording, Wording::UnknownField { .. } | Wording::MissingField { .. });
            if !is_about_a_key && self.made.iter().any(|made| made.starts_with(&spot)) {
                return false;
            }
            fault.tell(&self.tree, path, diagnostics);
            self.told += 1;
            if self.told == ERRORS_MAX {
                return false;
            }
        }
        self.mend(fault, spot)
    }

    /// Whether a field is missing beside a value that was reported: a part that could not be put in may have brought it.
    fn may_be_in_a_broken_part(&self, fault: &Fault, spot: &Path) -> bool {
        let Some((_, above)) = spot.parts().split_last() else { return false };
        let is_beside = |broken: &Path| broken.len() == spot.len() && broken.parts().starts_with(above);
        matches!(fault.wording, Wording::MissingField { .. }) && self.broken.iter().any(is_beside)
    }

    fn mend(&mut self, fault: &Fault, spot: Path) -> bool {
        match &fault.wording {
            Wording::UnknownField { name, known } => self.rename(&spot, name, known),
            Wording::UnknownVariant { known, .. } => match known.get(self.tried(&spot)) {
                Some(name) => self.put(spot, Node::String(name.clone())),
                None => false,
            },
            Wording::VariantNeedsSettings { name } => {
                let place = self.tree.place_of(&spot);
                let settings = Member { key: place, tree: Tree::new(Node::Null, place) };
                self.put(spot, Node::Object([(name.clone(), settings)].into_iter().collect()))
            }
            Wording::VariantTakesNothing { name } => self.put(spot, Node::String(name.clone())),
            Wording::Choice => self.put(spot, Node::String("?".to_owned())),
            Wording::MissingField { .. } => self.put(spot, Node::Null),
            Wording::Wrong { .. } | Wording::Other => match candidates().nth(self.tried(&spot)) {
                Some(node) => self.put(spot, node),
                None => false,
            },
        }
    }

    /// How often a value was tried at a spot before.
    fn tried(&mut self, spot: &Path) -> usize {
        if let Some((_, count)) = self.tries.iter_mut().find(|(path, _)| path == spot) {
            *count += 1;
            return *count - 1;
        }
        self.tries.push((spot.clone(), 1));
        0
    }

    /// Gives a key the name that it was meant to have, or takes it away.
    fn rename(&mut self, spot: &Path, name: &str, known: &[String]) -> bool {
        let mut above = spot.clone();
        above.pop();
        let Some(Node::Object(members)) = self.tree.at_mut(&above).map(|tree| &mut tree.value) else {
            return false;
        };
        let Some(member) = members.shift_remove(name) else { return false };
        let meant =
            near(name, known.iter().map(String::as_str)).filter(|meant| !members.contains_key(*meant));
        if let Some(meant) = meant {
            members.insert(meant.to_owned(), member);
            self.made.push(above.key(meant));
        }
        true
    }

    /// Puts a value at a spot, which is ours from now on.
    fn put(&mut self, spot: Path, node: Node) -> bool {
        let place = self.tree.place_of(&spot);
        let made = Tree::new(node, place);
        if let Some(tree) = self.tree.at_mut(&spot) {
            *tree = made;
        } else {
            let mut above = spot.clone();
            let Some(PathPart::Key(key)) = above.pop() else { return false };
            let Some(Node::Object(members)) = self.tree.at_mut(&above).map(|tree| &mut tree.value) else {
                return false;
            };
            members.insert(key, Member { key: place, tree: made });
        }
        if !self.made.contains(&spot) {
            self.made.push(spot);
        }
        true
    }
}

/// Values of which one suits nearly every field.
fn candidates() -> impl Iterator<Item = Node> {
    let text = |text: &str| Node::String(text.to_owned());
    [
        Node::Number(1.into()),
        text("1s"),
        Node::Object(super::super::tree::Members::new()),
        text("1"),
        Node::Bool(true),
        Node::Array(Vec::new()),
        Node::Null,
        text("1/s"),
        Node::Number(0.into()),
        text("x"),
    ]
    .into_iter()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::experiment::schema::{ClientSpec, MeasureSpec};
    use crate::experiment::source::Origin;
    use crate::experiment::tree::parse;
    use proptest::prelude::*;
    use proptest::test_runner::Config;

    /// What is told of a component, without the hints, in the order of its lines.
    fn told<T: DeserializeOwned>(text: &str) -> Vec<String> {
        let mut diagnostics = Diagnostics::new();
        let file = diagnostics.sources_mut().add("x.json", Origin::File, text);
        let tree = parse(file, &mut diagnostics).expect("the text is JSON");
        let decoded: Option<T> = decode_all(&tree, &Path::root(), &mut diagnostics);
        assert_eq!(decoded.is_some(), !diagnostics.has_errors(), "{diagnostics}");
        diagnostics.iter().map(|found| format!("{}: {}", found.path.to_pointer(), found.message)).collect()
    }

    /// A wrong member of the measurement, the pointer of its error and a part of the message.
    const WRONG: [(&str, &str, &str); 8] = [
        (r#""duration": "soon""#, "/duration", "soon"),
        (r#""mode": "stedy""#, "/mode", "none of the choices"),
        (r#""drain": 5"#, "/drain", "5"),
        (r#""replications": {"min": "a", "max": 3}"#, "/replications/min", "expected a whole number"),
        (r#""confidence": "high""#, "/confidence", "expected a number"),
        (r#""seed": -1"#, "/seed", "expected a whole number"),
        (r#""precision": [{"metrc": "x", "metric": "y"}]"#, "/precision/0/metrc", "no field"),
        (r#""windoes": 3"#, "/windoes", "no field"),
    ];

    proptest! {
        #![proptest_config(Config { cases: 256, failure_persistence: None, ..Config::default() })]

        #[test]
        fn as_many_errors_are_told_as_there_are(order in Just((0..WRONG.len()).collect::<Vec<_>>()).prop_shuffle(), count in 0..=WRONG.len()) {
            let chosen = &order[..count];
            let mut members: Vec<&str> = chosen.iter().map(|index| WRONG[*index].0).collect();
            if !chosen.contains(&0) {
                members.push(r#""duration": "5s""#);
            }
            let found = told::<MeasureSpec>(&format!("{{{}}}", members.join(", ")));
            prop_assert_eq!(found.len(), count, "{:?}", found);
            for index in chosen {
                let (_, pointer, part) = WRONG[*index];
                let start = format!("{pointer}: ");
                let is_told = found.iter().any(|text| text.starts_with(&start) && text.contains(part));
                prop_assert!(is_told, "{} is not told: {:?}", pointer, found);
            }
        }
    }

    #[test]
    fn what_is_missing_does_not_hide_what_is_wrong() {
        let found = told::<ClientSpec>(r#"{"timeout": 3, "retry_on": ["refused", "never"], "mixx": {}}"#);
        assert_eq!(found.len(), 4, "{found:?}");
        assert!(found.iter().any(|text| text.contains("the field `load` is missing")));
    }

    #[test]
    fn a_wrong_choice_does_not_hide_its_neighbours() {
        let found = told::<ClientSpec>(r#"{"load": {"opn": {}}, "timeout": "5 parsecs"}"#);
        assert_eq!(found.len(), 2, "{found:?}");
    }

    #[test]
    fn what_was_told_before_does_not_hide_its_neighbours() {
        let mut diagnostics = Diagnostics::new();
        let text = r#"{"duration": 1e999, "seed": "x", "windows": 2}"#;
        let file = diagnostics.sources_mut().add("x.json", Origin::File, text);
        let tree = parse(file, &mut diagnostics).expect("the reading goes on");
        assert!(decode_all::<MeasureSpec>(&tree, &Path::root(), &mut diagnostics).is_none());
        assert_eq!(diagnostics.error_count(), 2, "{diagnostics}");
    }
}

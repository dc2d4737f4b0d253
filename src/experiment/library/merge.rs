//! How an override changes a part.

use super::super::tree::{Members, Node, Tree};
use super::USE;
use super::choices::Choices;

/// Lays `over` over `base`, by the rules in [the library's description](super).
pub fn merge(base: Tree, over: Tree, choices: &Choices) -> Tree {
    match (base.value, over.value) {
        (Node::Object(base), Node::Object(over_members)) if !replaces(&base, &over_members, choices) => {
            Tree::new(Node::Object(merge_members(base, over_members, choices)), over.place)
        }
        (_, value) => Tree::new(value, over.place),
    }
}

fn merge_members(mut base: Members, over: Members, choices: &Choices) -> Members {
    for (key, mut member) in over {
        match base.get_mut(&key) {
            Some(old) => {
                let place = old.tree.place;
                let below = std::mem::replace(&mut old.tree, Tree::broken(place));
                member.tree = merge(below, member.tree, choices);
                *old = member;
            }
            None => drop(base.insert(key, member)),
        }
    }
    base
}

/// Whether an override object takes the place of the part's instead of being merged into it: it uses a part of its own,
/// or makes another choice.
fn replaces(base: &Members, over: &Members, choices: &Choices) -> bool {
    let another_choice = || match (base.keys().next(), over.keys().next()) {
        (Some(old), Some(new)) => {
            base.len() == 1 && over.len() == 1 && old != new && choices.are_alternatives(old, new)
        }
        (None, _) | (_, None) => false,
    };
    over.contains_key(USE) || another_choice()
}

#[cfg(test)]
mod tests {
    use super::super::super::diagnostic::Diagnostics;
    use super::super::super::source::Origin;
    use super::super::super::tree::parse;
    use super::*;

    #[track_caller]
    fn check(base: &str, over: &str, expected: &str) {
        let mut diagnostics = Diagnostics::new();
        let mut read = |text: &str| {
            let file = diagnostics.sources_mut().add("x.json", Origin::File, text);
            parse(file, &mut diagnostics).expect("the text is JSON")
        };
        let choices = Choices::of_experiments();
        assert_eq!(merge(read(base), read(over), &choices).to_json().to_string(), expected);
    }

    #[test]
    fn objects_merge_member_by_member() {
        check(r#"{"a":{"x":1,"y":2},"b":3}"#, r#"{"a":{"y":4},"c":5}"#, r#"{"a":{"x":1,"y":4},"b":3,"c":5}"#);
    }

    #[test]
    fn lists_and_scalars_replace() {
        check(r#"{"a":[1,2],"b":1}"#, r#"{"a":[3],"b":null}"#, r#"{"a":[3],"b":null}"#);
        check(r#"{"a":{"x":1},"b":1}"#, r#"{"a":2}"#, r#"{"a":2,"b":1}"#);
    }

    #[test]
    fn another_choice_replaces_and_the_same_choice_merges() {
        check(
            r#"{"law":{"poisson":{"rate":1}},"n":1}"#,
            r#"{"law":{"renewal":{"gap":2}}}"#,
            r#"{"law":{"renewal":{"gap":2}},"n":1}"#,
        );
        check(
            r#"{"law":{"poisson":{"rate":1,"burst":2}},"n":1}"#,
            r#"{"law":{"poisson":{"rate":9}}}"#,
            r#"{"law":{"poisson":{"rate":9,"burst":2}},"n":1}"#,
        );
    }

    #[test]
    fn a_component_with_one_field_is_no_choice() {
        check(
            r#"{"users":{"load":1}}"#,
            r#"{"users":{"timeout":"1s"}}"#,
            r#"{"users":{"load":1,"timeout":"1s"}}"#,
        );
        check(r#"{"one":{"x":1}}"#, r#"{"two":{"x":2}}"#, r#"{"one":{"x":1},"two":{"x":2}}"#);
    }

    #[test]
    fn an_override_that_uses_a_part_replaces() {
        check(
            r#"{"a":{"x":1,"y":2},"b":1}"#,
            r#"{"a":{"use":"p","y":3}}"#,
            r#"{"a":{"use":"p","y":3},"b":1}"#,
        );
    }

    #[test]
    fn a_merged_object_stands_where_its_override_was_written() {
        let mut diagnostics = Diagnostics::new();
        let file =
            diagnostics.sources_mut().add("x.json", Origin::File, r#"[{"a":{"x":1},"b":2},{"a":{"y":1}}]"#);
        let tree = parse(file, &mut diagnostics).unwrap();
        let [base, over] = tree.entries().unwrap() else { panic!("two entries") };
        let merged = merge(base.clone(), over.clone(), &Choices::of_experiments());
        assert_eq!(merged.place, over.place);
        assert_eq!(merged.member("b"), base.member("b"));
    }
}

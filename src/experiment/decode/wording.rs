//! What serde's messages mean, in the words of someone who writes an experiment and no Rust.
//!
//! serde tells its errors as text only. What is not recognised here is passed on as it is, so a change of wording in
//! serde makes a message plainer and loses none; the tests below would notice.

use super::super::path::PathPart;
use super::super::tree::{Node, Tree};

/// What a message of serde says.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Wording {
    /// A key that the object does not know.
    UnknownField { name: String, known: Vec<String> },
    /// A choice that does not exist.
    UnknownVariant { name: String, known: Vec<String> },
    /// A key that the object needs.
    MissingField { name: String },
    /// A value of the wrong type or out of range.
    Wrong { expected: String },
    /// A choice that is neither a name nor an object with one key.
    Choice,
    /// A choice written as a bare name that needs settings.
    VariantNeedsSettings { name: String },
    /// A choice with settings that takes none.
    VariantTakesNothing { name: String },
    /// A message that a type made itself.
    Other,
}

impl Wording {
    /// The meaning of `message`, which is about `found`, whose last step is `last`.
    pub(super) fn of(message: &str, found: &Tree, last: Option<&PathPart>) -> Self {
        if let Some(rest) = message.strip_prefix("unknown field `") {
            return named(rest).map_or(Self::Other, |(name, known)| Self::UnknownField { name, known });
        }
        if let Some(rest) = message.strip_prefix("unknown variant `") {
            return named(rest).map_or(Self::Other, |(name, known)| Self::UnknownVariant { name, known });
        }
        if let Some(rest) = message.strip_prefix("missing field `") {
            let name = rest.strip_suffix('`').unwrap_or(rest);
            return Self::MissingField { name: name.to_owned() };
        }
        let is_type = ["invalid type: ", "invalid value: ", "invalid length "];
        match message.rsplit_once(", expected ") {
            Some((start, expected)) if is_type.iter().any(|prefix| start.starts_with(prefix)) => {
                mistyped(start, expected, found, last)
            }
            _ => Self::Other,
        }
    }
}

/// Something of the wrong type; the shapes of enums get their own words.
fn mistyped(start: &str, expected: &str, found: &Tree, last: Option<&PathPart>) -> Wording {
    let variant = || match (found.text(), last) {
        (Some(name), _) => name.to_owned(),
        (None, Some(PathPart::Key(name))) => name.clone(),
        (None, _) => String::new(),
    };
    match expected {
        "string or map" | "map with a single key" => Wording::Choice,
        "newtype variant" | "tuple variant" | "struct variant" if start.ends_with("unit variant") => {
            Wording::VariantNeedsSettings { name: variant() }
        }
        "unit" | "unit variant" if !matches!(found.value, Node::Null) => {
            Wording::VariantTakesNothing { name: variant() }
        }
        _ => Wording::Wrong { expected: plain(expected) },
    }
}

/// `name`, and the names in backticks after it: what follows the first backtick of such a message.
fn named(rest: &str) -> Option<(String, Vec<String>)> {
    let none = ["`, there are no fields", "`, there are no variants"];
    if let Some(name) = none.iter().find_map(|end| rest.strip_suffix(end)) {
        return Some((name.to_owned(), Vec::new()));
    }
    let (name, expected) = rest.rsplit_once("`, expected ")?;
    let known = expected.split('`').skip(1).step_by(2).map(str::to_owned).collect();
    Some((name.to_owned(), known))
}

/// What was expected, without the names of Rust's types.
fn plain(expected: &str) -> String {
    let integers = [
        ("u8", "a whole number from 0 to 255"),
        ("u16", "a whole number from 0 to 65535"),
        ("u32", "a whole number from 0 to 4294967295"),
        ("u64", "a whole number from 0 to 18446744073709551615"),
        ("u128", "a whole number from 0"),
        ("usize", "a whole number from 0"),
        ("i8", "a whole number from -128 to 127"),
        ("i16", "a whole number from -32768 to 32767"),
        ("i32", "a whole number from -2147483648 to 2147483647"),
        ("i64", "a whole number"),
        ("i128", "a whole number"),
        ("isize", "a whole number"),
        ("f32", "a number"),
        ("f64", "a number"),
        ("string", "a string"),
        ("a boolean", "true or false"),
        ("sequence", "a list"),
        ("a sequence", "a list"),
        ("map", "an object"),
        ("a map", "an object"),
        ("unit", "null"),
        ("a string", "a string"),
        ("a borrowed string", "a string"),
    ];
    if let Some((_, words)) = integers.iter().find(|(name, _)| *name == expected) {
        return (*words).to_owned();
    }
    let nonzero = expected.strip_prefix("a nonzero ").map(|rest| plain(rest).replace(" from 0", " from 1"));
    let count = ["a tuple of size ", "an array of length ", "an array of size "]
        .iter()
        .find_map(|prefix| expected.strip_prefix(prefix))
        .map(|count| format!("a list of {count} values"));
    let object = ["struct ", "internally tagged", "externally tagged"]
        .iter()
        .any(|prefix| expected.starts_with(prefix))
        .then(|| "an object".to_owned());
    let list = expected.starts_with("tuple ").then(|| "a list".to_owned());
    nonzero.or(count).or(object).or(list).unwrap_or_else(|| expected.to_owned())
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;

    use super::super::super::diagnostic::Diagnostics;
    use super::super::super::path::Path;
    use super::super::super::source::Origin;
    use super::super::super::tree::parse;
    use super::super::decode;

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields, rename_all = "snake_case")]
    #[expect(dead_code, reason = "only its decoding is looked at")]
    enum Law {
        Never,
        Fixed(f64),
        Poisson { rate_per_s: f64 },
    }

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    #[expect(dead_code, reason = "only its decoding is looked at")]
    struct Pool {
        count: u32,
        name: Option<String>,
        law: Option<Law>,
        pair: Option<(u8, bool)>,
        list: Option<Vec<u8>>,
        one: Option<std::num::NonZeroU32>,
        empty: Option<Empty>,
    }

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Empty {}

    #[track_caller]
    fn check(text: &str, expected: &str) {
        let mut diagnostics = Diagnostics::new();
        let file = diagnostics.sources_mut().add("x.json", Origin::File, text);
        let tree = parse(file, &mut diagnostics).expect("the text is JSON");
        assert!(decode::<Pool>(&tree, &Path::root().key("pool"), &mut diagnostics).is_none());
        assert_eq!(diagnostics.to_string().trim_end(), format!("{expected}\n1 error"));
    }

    #[test]
    fn types_are_named_as_json_names_them() {
        check(
            r#"{"count": "four"}"#,
            "error: expected a whole number from 0 to 4294967295, found the string \"four\"\n  --> x.json:1:11 (pool.count)",
        );
        check(
            r#"{"count": -3}"#,
            "error: expected a whole number from 0 to 4294967295, found -3\n  --> x.json:1:11 (pool.count)",
        );
        check(
            r#"{"count": 1, "list": [1, 2.5]}"#,
            "error: expected a whole number from 0 to 255, found 2.5\n  --> x.json:1:26 (pool.list[1])",
        );
        check(
            r#"{"count": 1, "one": 0}"#,
            "error: expected a whole number from 1 to 4294967295, found 0\n  --> x.json:1:21 (pool.one)",
        );
        check(r"[]", "error: expected an object, found an empty list\n  --> x.json:1:1 (pool)");
        check(
            r#"{"count": 1, "pair": [1]}"#,
            "error: expected a list of 2 values, found a list of 1 value\n  --> x.json:1:22 (pool.pair)",
        );
        check(
            r#"{"count": 1, "name": {}}"#,
            "error: expected a string, found an empty object\n  --> x.json:1:22 (pool.name)",
        );
    }

    #[test]
    fn keys_are_told_with_a_near_name() {
        check(
            r#"{"cuont": 4}"#,
            "error: there is no field `cuont` here\n  --> x.json:1:2 (pool.cuont)\n  hint: did you mean `count`?",
        );
        check(
            r#"{"count": 1, "empty": {"x": 1}}"#,
            "error: there is no field `x` here\n  --> x.json:1:24 (pool.empty.x)\n  hint: it has no fields at all",
        );
        check(r"{}", "error: the field `count` is missing\n  --> x.json:1:1 (pool)");
    }

    #[test]
    fn choices_say_what_there_is_to_choose() {
        check(
            r#"{"count": 1, "law": {"poison": {}}}"#,
            "error: `poison` is none of the choices\n  --> x.json:1:22 (pool.law.poison)\n  hint: did you mean `poisson`?",
        );
        check(
            r#"{"count": 1, "law": "always"}"#,
            "error: `always` is none of the choices\n  --> x.json:1:21 (pool.law)\n  hint: it is one of `never`, `fixed`, `poisson`",
        );
        check(
            r#"{"count": 1, "law": "poisson"}"#,
            "error: `poisson` needs its settings\n  --> x.json:1:21 (pool.law)\n  hint: write it as an object: {\"poisson\": …}",
        );
        check(
            r#"{"count": 1, "law": {"never": {"x": 1}}}"#,
            "error: `never` takes no settings\n  --> x.json:1:31 (pool.law.never)\n  hint: write it as a string: \"never\"",
        );
        check(
            r#"{"count": 1, "law": {"never": null, "fixed": 2}}"#,
            "error: expected one choice, found an object with the keys `never`, `fixed`\n  --> x.json:1:21 (pool.law)\n  hint: a choice is a string, or an object with one key: its name",
        );
        check(
            r#"{"count": 1, "law": {"poisson": {"rate_per_s": "9"}}}"#,
            "error: expected a number, found the string \"9\"\n  --> x.json:1:48 (pool.law.poisson.rate_per_s)\n  hint: write the number without quotes",
        );
    }
}

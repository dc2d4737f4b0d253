//! What the parser reads and refuses, beside `serde_json`.

use proptest::prelude::*;
use proptest::test_runner::Config;
use serde_json::{Value, json};

use super::super::super::source::Origin;
use super::*;

fn read(text: &str) -> (Option<Tree>, Diagnostics) {
    let mut diagnostics = Diagnostics::new();
    let file = diagnostics.sources_mut().add("x.json", Origin::File, text);
    let tree = parse(file, &mut diagnostics);
    (tree, diagnostics)
}

#[track_caller]
fn check(text: &str, expected: &str) {
    let (_, diagnostics) = read(text);
    assert_eq!(diagnostics.to_string().trim_end(), format!("{expected}\n1 error"));
}

#[test]
fn each_value_knows_where_it_was_written() {
    let text = r#" {"a": [1, "ü", {"b": null}]} "#;
    let tree = read(text).0.expect("the text is JSON");
    let written = |tree: &Tree| &text[tree.place.start as usize..tree.place.end as usize];
    let entries = tree.member("a").and_then(|member| member.tree.entries()).expect("a list");
    let pieces: Vec<_> = entries.iter().map(written).collect();
    assert_eq!(pieces, ["1", "\"ü\"", r#"{"b": null}"#]);
    let key = tree.member("a").expect("a member").key;
    assert_eq!(&text[key.start as usize..key.end as usize], "\"a\"");
}

#[test]
fn numbers_keep_their_exact_value() {
    let text = "[0, -0, 18446744073709551615, -9223372036854775808, 1e2, 0.1, 1e-400, 123456789012345678901]";
    let tree = read(text).0.expect("the text is JSON");
    let expected = json!([0, -0.0, u64::MAX, i64::MIN, 100.0, 0.1, 0.0, 123_456_789_012_345_680_000.0_f64]);
    assert_eq!(tree.to_json(), expected);
}

#[test]
fn sixty_four_levels_are_read_and_one_more_is_refused() {
    let nested = |levels: usize| "[".repeat(levels) + &"]".repeat(levels);
    assert!(read(&nested(MAX_DEPTH)).0.is_some());
    let (tree, diagnostics) = read(&nested(MAX_DEPTH + 1));
    assert!(tree.is_none());
    let expected = "error: lists and objects are nested more than 64 levels deep\n  --> x.json:1:65 ([0]";
    assert!(diagnostics.to_string().starts_with(expected), "{diagnostics}");
}

#[test]
fn a_million_values_are_read_and_one_more_is_refused() {
    let list = |values: usize| format!("[{}0]", "0,".repeat(values - 2));
    assert!(read(&list(MAX_VALUES)).0.is_some());
    let (tree, diagnostics) = read(&list(MAX_VALUES + 1));
    assert!(tree.is_none());
    assert!(diagnostics.to_string().starts_with("error: the file holds more than 1000000 values\n"));
}

#[test]
fn a_duplicate_key_is_told_and_the_first_is_kept() {
    let (tree, diagnostics) = read("{\"a\": 1,\n \"a\": 2, \"a\": 3}");
    assert_eq!(tree.expect("the reading goes on").to_json(), json!({"a": 1}));
    let expected = "\
error: the key `a` stands twice in this object
  --> x.json:2:2 (a)
  hint: it stands before at 1:2
error: the key `a` stands twice in this object
  --> x.json:2:10 (a)
  hint: it stands before at 1:2
2 errors
";
    assert_eq!(diagnostics.to_string(), expected);
}

#[test]
fn a_number_out_of_range_is_told_and_the_reading_goes_on() {
    let (tree, diagnostics) = read("[1e400, -1e999]");
    assert!(tree.is_some_and(|tree| tree.is_broken()));
    assert_eq!(diagnostics.error_count(), 2);
}

#[test]
fn what_people_write_by_habit_gets_a_hint() {
    check(
        "[1, 2,]",
        "error: there is a comma after the last entry\n  --> x.json:1:6\n  hint: take the comma away",
    );
    check(
        "{'a': 1}",
        "error: JSON has no single quotes\n  --> x.json:1:2\n  hint: write keys and strings in double quotes: \"…\"",
    );
    check(
        "{a: 1}",
        "error: expected a key in double quotes, found `a`\n  --> x.json:1:2\n  hint: write keys and strings in double quotes: \"…\"",
    );
    check(
        "[True]",
        "error: expected a value, found `True`\n  --> x.json:1:2 ([0])\n  hint: write true and false in small letters",
    );
    check("{\"a\" 1}", "error: expected `:` after the key\n  --> x.json:1:6 (a)");
    check("[1 2]", "error: expected `,` or `]` to go on with the list\n  --> x.json:1:4");
    check("[1}", "error: wrong bracket: the list that is opened at 1:1 is not closed\n  --> x.json:1:3");
    check("[007]", "error: a number starts with no superfluous zero\n  --> x.json:1:2 ([0])");
    check(
        "[.5]",
        "error: the number is not written as JSON writes numbers\n  --> x.json:1:2 ([0])\n  hint: write 0.5, 5.0 or 5e3; there is no sign `+`, no bare dot and no infinity",
    );
}

fn any_json() -> impl Strategy<Value = Value> {
    let number = prop_oneof![
        any::<u64>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from)
    ];
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        number,
        any::<String>().prop_map(Value::from)
    ];
    leaf.prop_recursive(5, 60, 6, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..6).prop_map(Value::from),
            prop::collection::btree_map(any::<String>(), inner, 0..6)
                .prop_map(|members| Value::Object(members.into_iter().collect())),
        ]
    })
}

fn config(cases: u32) -> Config {
    Config { cases, failure_persistence: None, ..Config::default() }
}

/// Equal but for the last bits of doubles: `serde_json` by default reads them a little less exactly.
fn agree(ours: &Value, theirs: &Value) -> bool {
    match (ours, theirs) {
        (Value::Number(a), Value::Number(b)) => {
            let (x, y) = (a.as_f64().unwrap_or(f64::NAN), b.as_f64().unwrap_or(f64::NAN));
            a == b || libm::fabs(x - y) <= libm::fabs(x) * 1e-15
        }
        (Value::Array(a), Value::Array(b)) => a.len() == b.len() && a.iter().zip(b).all(|(a, b)| agree(a, b)),
        (Value::Object(a), Value::Object(b)) => {
            a.len() == b.len() && a.iter().zip(b).all(|((k, a), (l, b))| k == l && agree(a, b))
        }
        _ => ours == theirs,
    }
}

/// What the errors of a text are, but for refusals that `serde_json` does not share.
fn is_refused_by_us_alone(diagnostics: &Diagnostics) -> bool {
    let ours = ["stands twice", "levels deep"];
    diagnostics.iter().all(|found| ours.iter().any(|text| found.message.contains(text)))
}

proptest! {
    #![proptest_config(config(400))]

    #[test]
    fn any_value_is_read_as_serde_json_reads_it(value in any_json(), pretty in any::<bool>()) {
        let text = if pretty { serde_json::to_string_pretty(&value) } else { serde_json::to_string(&value) };
        let text = text.expect("a value can be written");
        let (tree, diagnostics) = read(&text);
        prop_assert!(diagnostics.is_empty(), "{diagnostics}");
        let theirs: Value = serde_json::from_str(&text).expect("what serde_json wrote");
        prop_assert!(tree.is_some_and(|tree| agree(&tree.to_json(), &theirs)), "{text}");
    }
}

proptest! {
    #![proptest_config(config(4_000))]

    #[test]
    fn a_damaged_text_is_accepted_as_serde_json_accepts_it(
        value in any_json(),
        damage in prop::collection::vec((any::<prop::sample::Index>(), r#"[\[\]{}",:\\0-9eE+.\-utfn/ x\n]?"#), 0..4),
    ) {
        let mut characters: Vec<String> = value.to_string().chars().map(String::from).collect();
        for (index, replacement) in damage {
            let length = characters.len();
            characters[index.index(length)] = replacement;
        }
        let text = characters.concat();
        let (tree, diagnostics) = read(&text);
        match serde_json::from_str::<Value>(&text) {
            Ok(theirs) if diagnostics.is_empty() => {
                prop_assert!(tree.is_some_and(|tree| agree(&tree.to_json(), &theirs)), "{text}");
            }
            Ok(_) => prop_assert!(is_refused_by_us_alone(&diagnostics), "{text}: {diagnostics}"),
            Err(error) => prop_assert!(diagnostics.has_errors(), "{text}: {error}"),
        }
    }

    #[test]
    fn canonical_text_does_not_depend_on_the_order_of_keys(value in any_json()) {
        fn reversed(value: &Value) -> Value {
            match value {
                Value::Array(entries) => entries.iter().map(reversed).collect(),
                Value::Object(members) => {
                    members.iter().rev().map(|(key, value)| (key.clone(), reversed(value))).collect()
                }
                Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => value.clone(),
            }
        }
        let canonical = |value: &Value| read(&value.to_string()).0.map(|tree| tree.to_canonical());
        prop_assert_eq!(canonical(&value), canonical(&reversed(&value)));
    }
}

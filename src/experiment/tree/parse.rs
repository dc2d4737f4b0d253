//! Text → [`Tree`], after RFC 8259.
//!
//! It accepts what `serde_json` accepts, but for four refusals of its own: a key that stands twice in an object, more
//! than [`MAX_DEPTH`] levels, more than [`MAX_VALUES`] values, and texts too large to be read at all. A wrong form ends
//! the reading; a duplicate key or a number out of range is noted and the reading goes on.

use serde_json::Number;

use super::super::diagnostic::{At, Diagnostics, TextProblem};
use super::super::path::{Path, PathPart};
use super::super::source::{FileId, Place};
use super::{Member, Members, Node, Tree};

/// Levels of lists and objects that a file may nest.
pub const MAX_DEPTH: usize = 64;

/// Values that a file may hold, and a tree after all its parts were put in.
pub const MAX_VALUES: usize = 1_000_000;

/// Reads the text of `file`; what is wrong goes to `diagnostics`.
///
/// Nothing is returned if the text is no JSON; a tree with [`Node::Broken`] in it if a value cannot be held.
pub fn parse(file: FileId, diagnostics: &mut Diagnostics) -> Option<Tree> {
    let text = diagnostics.sources().text(file);
    let mut parser = Parser { text: &text, at: 0, file, path: Path::root(), values: 0, diagnostics };
    parser.document().ok()
}

/// The reading cannot go on; the reason is in the diagnostics.
struct Stop;

struct Parser<'a> {
    text: &'a str,
    /// The next byte; always at the start of a character.
    at: usize,
    file: FileId,
    path: Path,
    values: usize,
    diagnostics: &'a mut Diagnostics,
}

impl Parser<'_> {
    fn document(&mut self) -> Result<Tree, Stop> {
        self.skip_space();
        if self.peek().is_none() {
            return Err(self.fail(&TextProblem::Empty, 0));
        }
        let tree = self.value()?;
        self.skip_space();
        match self.peek_char() {
            None => Ok(tree),
            Some('/' | '#') => Err(self.fail(&TextProblem::Comment, self.at)),
            Some(_) => Err(self.fail(&TextProblem::Trailing, self.at)),
        }
    }

    fn value(&mut self) -> Result<Tree, Stop> {
        self.values += 1;
        let start = self.at;
        if self.values > MAX_VALUES {
            return Err(self.fail(&TextProblem::TooManyValues, start));
        }
        let node = match self.peek_char() {
            Some('{') => self.object()?,
            Some('[') => self.array()?,
            Some('"') => Node::String(self.string()?),
            Some('-' | '0'..='9') => self.number()?,
            Some(_) => self.word()?,
            None => return Err(self.fail(&TextProblem::EndsEarly, start)),
        };
        Ok(Tree::new(node, self.place(start)))
    }

    fn object(&mut self) -> Result<Node, Stop> {
        let opened = self.open()?;
        let mut members = Members::new();
        if self.closes(b'}') {
            return Ok(Node::Object(members));
        }
        loop {
            self.member(opened, &mut members)?;
            if !self.goes_on(opened, b'}', "object")? {
                return Ok(Node::Object(members));
            }
        }
    }

    fn member(&mut self, opened: usize, members: &mut Members) -> Result<(), Stop> {
        let start = self.at;
        match self.peek_char() {
            Some('"') => {}
            None => return Err(self.fail(&TextProblem::EndsInside { what: "object", opened }, start)),
            Some('\'') => return Err(self.fail(&TextProblem::SingleQuotes, start)),
            Some('“' | '”' | '„') => return Err(self.fail(&TextProblem::CurlyQuotes, start)),
            Some('/' | '#') => return Err(self.fail(&TextProblem::Comment, start)),
            Some(found) => return Err(self.fail(&TextProblem::KeyNotQuoted { found }, start)),
        }
        let key = self.string()?;
        let key_place = self.place(start);
        self.path.push(PathPart::Key(key));
        self.skip_space();
        match self.peek() {
            Some(b':') => self.at += 1,
            None => return Err(self.fail(&TextProblem::EndsInside { what: "object", opened }, self.at)),
            Some(_) => return Err(self.fail(&TextProblem::MissingColon, self.at)),
        }
        self.skip_space();
        let tree = self.value()?;
        self.keep(Member { key: key_place, tree }, members);
        Ok(())
    }

    /// Keeps a member under the last key of the path, unless that key is there already.
    fn keep(&mut self, member: Member, members: &mut Members) {
        let at = At::new(member.key, self.path.clone());
        let Some(PathPart::Key(key)) = self.path.pop() else { return };
        match members.get(&key) {
            None => drop(members.insert(key, member)),
            Some(first) => self.diagnostics.duplicate_key(at, &key, first.key),
        }
    }

    fn array(&mut self) -> Result<Node, Stop> {
        let opened = self.open()?;
        let mut entries = Vec::new();
        if self.closes(b']') {
            return Ok(Node::Array(entries));
        }
        loop {
            if self.peek().is_none() {
                return Err(self.fail(&TextProblem::EndsInside { what: "list", opened }, self.at));
            }
            self.path.push(PathPart::Index(entries.len()));
            entries.push(self.value()?);
            self.path.pop();
            if !self.goes_on(opened, b']', "list")? {
                return Ok(Node::Array(entries));
            }
        }
    }

    /// Steps over an opening bracket and the space after it; says where the bracket is.
    fn open(&mut self) -> Result<usize, Stop> {
        let opened = self.at;
        if self.path.len() >= MAX_DEPTH {
            return Err(self.fail(&TextProblem::TooDeep, opened));
        }
        self.at += 1;
        self.skip_space();
        Ok(opened)
    }

    fn closes(&mut self, bracket: u8) -> bool {
        let closes = self.peek() == Some(bracket);
        self.at += usize::from(closes);
        closes
    }

    /// After a member or an entry: whether another follows, or the bracket closes.
    fn goes_on(&mut self, opened: usize, bracket: u8, what: &'static str) -> Result<bool, Stop> {
        self.skip_space();
        if self.closes(bracket) {
            return Ok(false);
        }
        let comma = self.at;
        match self.peek_char() {
            Some(',') => self.at += 1,
            None => return Err(self.fail(&TextProblem::EndsInside { what, opened }, comma)),
            Some('/' | '#') => return Err(self.fail(&TextProblem::Comment, comma)),
            Some(']' | '}') => return Err(self.fail(&TextProblem::WrongBracket { what, opened }, comma)),
            Some(_) => return Err(self.fail(&TextProblem::MissingComma { what }, comma)),
        }
        self.skip_space();
        if matches!(self.peek(), Some(b'}' | b']')) {
            return Err(self.fail(&TextProblem::TrailingComma, comma));
        }
        Ok(true)
    }

    fn string(&mut self) -> Result<String, Stop> {
        let opened = self.at;
        self.at += 1;
        let mut text = String::new();
        loop {
            let plain = self.at;
            let rest = &self.text.as_bytes()[plain..];
            let length = rest.iter().position(|&byte| byte < 0x20 || byte == b'"' || byte == b'\\');
            self.at = plain + length.unwrap_or(rest.len());
            text.push_str(&self.text[plain..self.at]);
            match self.peek() {
                Some(b'"') => {
                    self.at += 1;
                    return Ok(text);
                }
                Some(b'\\') => text.push(self.escape()?),
                Some(b'\n' | b'\r') => return Err(self.fail(&TextProblem::LineBreakInString, opened)),
                Some(control) => return Err(self.fail(&TextProblem::ControlInString { control }, self.at)),
                None => return Err(self.fail(&TextProblem::EndsInside { what: "string", opened }, self.at)),
            }
        }
    }

    fn escape(&mut self) -> Result<char, Stop> {
        let start = self.at;
        self.at += 1;
        let Some(letter) = self.peek_char() else {
            return Err(self.fail(&TextProblem::EndsEarly, self.at));
        };
        self.at += letter.len_utf8();
        Ok(match letter {
            '"' | '\\' | '/' => letter,
            'b' => '\u{8}',
            'f' => '\u{c}',
            'n' => '\n',
            'r' => '\r',
            't' => '\t',
            'u' => return self.code_point(start),
            _ => return Err(self.fail(&TextProblem::UnknownEscape { letter }, start)),
        })
    }

    /// After `\u`: four hexadecimal digits, or two such escapes that name one character beyond U+FFFF.
    fn code_point(&mut self, start: usize) -> Result<char, Stop> {
        let first = self.hex4(start)?;
        let code = match first {
            0xD800..=0xDBFF => {
                if !self.text[self.at..].starts_with("\\u") {
                    return Err(self.fail(&TextProblem::LoneSurrogate, start));
                }
                self.at += 2;
                let second = self.hex4(start)?;
                if !(0xDC00..=0xDFFF).contains(&second) {
                    return Err(self.fail(&TextProblem::LoneSurrogate, start));
                }
                0x1_0000 + ((first - 0xD800) << 10) + (second - 0xDC00)
            }
            _ => first,
        };
        char::from_u32(code).ok_or_else(|| self.fail(&TextProblem::LoneSurrogate, start))
    }

    fn hex4(&mut self, start: usize) -> Result<u32, Stop> {
        let digits = self.text.as_bytes().get(self.at..self.at + 4).unwrap_or(&[]);
        if digits.len() < 4 || !digits.iter().all(u8::is_ascii_hexdigit) {
            return Err(self.fail(&TextProblem::ShortEscape, start));
        }
        let digits = &self.text[self.at..self.at + 4];
        self.at += 4;
        Ok(u32::from_str_radix(digits, 16).expect("four hexadecimal digits fit"))
    }

    fn number(&mut self) -> Result<Node, Stop> {
        let start = self.at;
        self.at += usize::from(self.peek() == Some(b'-'));
        let whole = self.digits();
        if whole == 0 {
            return Err(self.fail(&TextProblem::NumberForm, start));
        }
        if whole > 1 && self.text[start..].trim_start_matches('-').starts_with('0') {
            return Err(self.fail(&TextProblem::LeadingZero, start));
        }
        let mut decimal = false;
        if self.peek() == Some(b'.') {
            self.at += 1;
            decimal = true;
            if self.digits() == 0 {
                return Err(self.fail(&TextProblem::NumberForm, start));
            }
        }
        if matches!(self.peek(), Some(b'e' | b'E')) {
            self.at += 1;
            decimal = true;
            self.at += usize::from(matches!(self.peek(), Some(b'+' | b'-')));
            if self.digits() == 0 {
                return Err(self.fail(&TextProblem::NumberForm, start));
            }
        }
        let text = &self.text[start..self.at];
        if let Some(number) = read_number(text, decimal) {
            return Ok(Node::Number(number));
        }
        let at = At::new(self.place(start), self.path.clone());
        self.diagnostics.number_out_of_range(at, text);
        Ok(Node::Broken)
    }

    fn digits(&mut self) -> usize {
        let rest = &self.text.as_bytes()[self.at..];
        let count = rest.iter().position(|byte| !byte.is_ascii_digit()).unwrap_or(rest.len());
        self.at += count;
        count
    }

    /// `true`, `false` or `null`, or whatever stands where a value should.
    fn word(&mut self) -> Result<Node, Stop> {
        let start = self.at;
        let rest = &self.text[start..];
        for (word, node) in [("true", Node::Bool(true)), ("false", Node::Bool(false)), ("null", Node::Null)] {
            if rest.starts_with(word) {
                self.at += word.len();
                return Ok(node);
            }
        }
        let length = rest.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(rest.len());
        let problem = match rest.chars().next() {
            Some('\'') => TextProblem::SingleQuotes,
            Some('“' | '”' | '„') => TextProblem::CurlyQuotes,
            Some('/' | '#') => TextProblem::Comment,
            Some('+' | '.') => TextProblem::NumberForm,
            Some(found) if length == 0 => TextProblem::NoValue { found },
            _ => TextProblem::UnknownWord { word: rest[..length].to_owned() },
        };
        Err(self.fail(&problem, start))
    }

    fn skip_space(&mut self) {
        let rest = &self.text.as_bytes()[self.at..];
        self.at +=
            rest.iter().position(|byte| !matches!(byte, b' ' | b'\t' | b'\n' | b'\r')).unwrap_or(rest.len());
    }

    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn peek_char(&self) -> Option<char> {
        self.text[self.at..].chars().next()
    }

    fn place(&self, start: usize) -> Place {
        Place::new(self.file, start, self.at)
    }

    fn fail(&mut self, problem: &TextProblem, start: usize) -> Stop {
        let place = Place::new(self.file, start, self.at.max(start));
        self.diagnostics.text(At::new(place, self.path.clone()), problem);
        Stop
    }
}

/// The number that `text`, of right form, writes: whole if it is written so and fits, else the nearest double.
fn read_number(text: &str, decimal: bool) -> Option<Number> {
    if !decimal && text != "-0" {
        if let Ok(whole) = text.parse::<u64>() {
            return Some(whole.into());
        }
        if let Ok(whole) = text.parse::<i64>() {
            return Some(whole.into());
        }
    }
    text.parse::<f64>().ok().and_then(Number::from_f64)
}

#[cfg(test)]
mod tests {
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
        let text =
            "[0, -0, 18446744073709551615, -9223372036854775808, 1e2, 0.1, 1e-400, 123456789012345678901]";
        let tree = read(text).0.expect("the text is JSON");
        let expected =
            json!([0, -0.0, u64::MAX, i64::MIN, 100.0, 0.1, 0.0, 123_456_789_012_345_680_000.0_f64]);
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
            (Value::Array(a), Value::Array(b)) => {
                a.len() == b.len() && a.iter().zip(b).all(|(a, b)| agree(a, b))
            }
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
}

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
mod tests;

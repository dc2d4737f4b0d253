//! Every message: one constructor each. Those of reading a text stand here, the others in files of their own.

mod decoding;
mod naming;
mod sweeps;

use std::io;

use super::super::source::Place;
use super::super::text::{Encoding, MAX_BYTES};
use super::super::tree::{MAX_DEPTH, MAX_VALUES, Node, Tree};
use super::{At, Diagnostics, counted, near, shown};

/// Names that a hint lists.
const MAX_LISTED: usize = 12;

/// Why a text is no JSON.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TextProblem {
    /// There is no value in it.
    Empty,
    /// It ends where a value should start, or within an escape.
    EndsEarly,
    /// It ends before `what`, opened at byte `opened`, is closed.
    EndsInside {
        /// An object, a list or a string.
        what: &'static str,
        /// Where it was opened.
        opened: usize,
    },
    /// Something follows the value.
    Trailing,
    /// A comment.
    Comment,
    /// A comma before a closing bracket.
    TrailingComma,
    /// Two members or entries without a comma between them.
    MissingComma {
        /// An object or a list.
        what: &'static str,
    },
    /// A closing bracket of the wrong kind.
    WrongBracket {
        /// An object or a list.
        what: &'static str,
        /// Where it was opened.
        opened: usize,
    },
    /// A key without a colon after it.
    MissingColon,
    /// A key without quotes.
    KeyNotQuoted {
        /// What stands there.
        found: char,
    },
    /// Single quotes.
    SingleQuotes,
    /// Typographic quotes.
    CurlyQuotes,
    /// A line break within a string.
    LineBreakInString,
    /// A control character within a string.
    ControlInString {
        /// Its code.
        control: u8,
    },
    /// A backslash before a letter that it does not go with.
    UnknownEscape {
        /// The letter.
        letter: char,
    },
    /// `\u` without four hexadecimal digits.
    ShortEscape,
    /// Half of a surrogate pair.
    LoneSurrogate,
    /// A number that JSON writes otherwise.
    NumberForm,
    /// A number such as `007`.
    LeadingZero,
    /// A word other than `true`, `false` and `null`.
    UnknownWord {
        /// The word.
        word: String,
    },
    /// A character that starts no value.
    NoValue {
        /// The character.
        found: char,
    },
    /// More levels than [`MAX_DEPTH`].
    TooDeep,
    /// More values than [`MAX_VALUES`].
    TooManyValues,
}

/// Reading files.
impl Diagnostics {
    /// A file that cannot be opened or read.
    pub fn unreadable(&mut self, name: &str, error: &io::Error, sibling: Option<&str>) {
        let kind = error.kind();
        let why = if kind == io::ErrorKind::NotFound {
            "there is no such file".to_owned()
        } else {
            kind.to_string()
        };
        let hint = sibling.map(|sibling| format!("did you mean `{}`?", shown(sibling)));
        self.error(At::nowhere(), format!("cannot read `{name}`: {why}"), hint);
    }

    /// A folder where a file should be.
    pub fn is_a_folder(&mut self, name: &str, inside: Option<&str>) {
        let hint = inside.map(|path| format!("name one file in it, such as `{}`", shown(path)));
        self.error(At::nowhere(), format!("cannot read `{name}`: it is a folder"), hint);
    }

    /// A file of more than 16 MiB; `bytes` if that is known.
    pub fn too_large(&mut self, name: &str, bytes: Option<u64>) {
        let size =
            bytes.map_or_else(|| format!("more than {MAX_BYTES} bytes"), |bytes| format!("{bytes} bytes"));
        let hint =
            "an experiment is small; long traces belong into files of their own, named by the workload";
        self.error(
            At::nowhere(),
            format!("`{name}` is too large: {size}, and {MAX_BYTES} (16 MiB) are allowed"),
            Some(hint.to_owned()),
        );
    }

    /// A text that is not plain UTF-8.
    pub fn foreign_encoding(&mut self, at: At, encoding: Encoding) {
        let (message, hint) = match encoding {
            Encoding::Utf8WithMark => {
                ("the file starts with a byte-order mark", "save it as UTF-8 without a byte-order mark")
            }
            Encoding::Utf16 => ("the file is written in UTF-16", "save it as UTF-8"),
            Encoding::Utf32 => ("the file is written in UTF-32", "save it as UTF-8"),
        };
        self.error(at, message, Some(hint.to_owned()));
    }

    /// A byte that no UTF-8 text has there.
    pub fn not_utf8(&mut self, at: At, byte: u8) {
        self.error(
            at,
            format!("the byte 0x{byte:02X} here is not UTF-8"),
            Some("save the file as UTF-8".to_owned()),
        );
    }
}

/// Reading JSON.
impl Diagnostics {
    /// A text that is no JSON.
    pub fn text(&mut self, at: At, problem: &TextProblem) {
        let opened_at = |opened: usize| {
            let place = at.place.map(|place| Place::new(place.file, opened, opened));
            let position = place.map(|place| self.sources().position(place));
            position.map_or_else(String::new, |position| format!("{}:{}", position.line, position.column))
        };
        let message = text_message(problem, opened_at);
        let hint = text_hint(problem).map(str::to_owned);
        self.error(at, message, hint);
    }

    /// A key that stands twice in an object; `first` is where it stood before.
    pub fn duplicate_key(&mut self, at: At, key: &str, first: Place) {
        let first = self.sources().position(first);
        let hint = format!("it stands before at {}:{}", first.line, first.column);
        self.error(at, format!("the key `{}` stands twice in this object", shown(key)), Some(hint));
    }

    /// A number that no double holds.
    pub fn number_out_of_range(&mut self, at: At, text: &str) {
        self.error(
            at,
            format!("the number {} is out of range", shown(text)),
            Some("the largest is 1.79e308".to_owned()),
        );
    }

    /// A `note` that is neither a string nor a list of strings.
    pub fn note_not_text(&mut self, at: At, found: &Tree) {
        let hint = "`note` is the key for remarks and is not read; give a component another name";
        self.error(
            at,
            format!("expected a string or a list of strings in `note`, found {}", described(found)),
            Some(hint.to_owned()),
        );
    }

    /// An experiment or a model file that is no object.
    pub fn root_not_an_object(&mut self, at: At, found: &Tree) {
        self.error(at, format!("expected an object, found {}", described(found)), None);
    }
}

fn text_message(problem: &TextProblem, opened_at: impl Fn(usize) -> String) -> String {
    match problem {
        TextProblem::Empty => "the file is empty".to_owned(),
        TextProblem::EndsEarly => "the text ends where a value should be".to_owned(),
        TextProblem::EndsInside { what, opened } => {
            format!("the text ends inside the {what} that is opened at {}", opened_at(*opened))
        }
        TextProblem::Trailing => "there is more text after the end of the JSON value".to_owned(),
        TextProblem::Comment => "JSON has no comments".to_owned(),
        TextProblem::TrailingComma => "there is a comma after the last entry".to_owned(),
        TextProblem::MissingComma { what } => {
            let closing = if *what == "list" { ']' } else { '}' };
            format!("expected `,` or `{closing}` to go on with the {what}")
        }
        TextProblem::WrongBracket { what, opened } => {
            format!("wrong bracket: the {what} that is opened at {} is not closed", opened_at(*opened))
        }
        TextProblem::MissingColon => "expected `:` after the key".to_owned(),
        TextProblem::KeyNotQuoted { found } => {
            format!("expected a key in double quotes, found `{}`", shown(&found.to_string()))
        }
        TextProblem::SingleQuotes => "JSON has no single quotes".to_owned(),
        TextProblem::CurlyQuotes => "JSON has no typographic quotes".to_owned(),
        TextProblem::LineBreakInString => "the string is not closed on its line".to_owned(),
        TextProblem::ControlInString { control } => {
            format!("the control character U+{control:04X} stands inside a string")
        }
        TextProblem::UnknownEscape { letter } => {
            format!("`\\{}` is no escape of JSON", shown(&letter.to_string()))
        }
        TextProblem::ShortEscape => "`\\u` needs four hexadecimal digits".to_owned(),
        TextProblem::LoneSurrogate => {
            "the escape is half of a surrogate pair and names no character".to_owned()
        }
        TextProblem::NumberForm => "the number is not written as JSON writes numbers".to_owned(),
        TextProblem::LeadingZero => "a number starts with no superfluous zero".to_owned(),
        TextProblem::UnknownWord { word } => format!("expected a value, found `{}`", shown(word)),
        TextProblem::NoValue { found } => format!("expected a value, found `{}`", shown(&found.to_string())),
        TextProblem::TooDeep => format!("lists and objects are nested more than {MAX_DEPTH} levels deep"),
        TextProblem::TooManyValues => format!("the file holds more than {MAX_VALUES} values"),
    }
}

fn text_hint(problem: &TextProblem) -> Option<&'static str> {
    match problem {
        TextProblem::Comment => Some("any object may hold a remark: \"note\": \"…\""),
        TextProblem::TrailingComma => Some("take the comma away"),
        TextProblem::KeyNotQuoted { .. } | TextProblem::SingleQuotes | TextProblem::CurlyQuotes => {
            Some("write keys and strings in double quotes: \"…\"")
        }
        TextProblem::LineBreakInString => Some("close it with `\"`, or write a line break as `\\n`"),
        TextProblem::ControlInString { .. } => Some("write it as an escape, such as `\\u0009`"),
        TextProblem::UnknownEscape { .. } => Some("write a backslash as `\\\\`"),
        TextProblem::NumberForm => {
            Some("write 0.5, 5.0 or 5e3; there is no sign `+`, no bare dot and no infinity")
        }
        TextProblem::UnknownWord { word } => match word.to_ascii_lowercase().as_str() {
            "true" | "false" => Some("write true and false in small letters"),
            "none" | "nil" | "undefined" | "null" => Some("write null, or leave the key out"),
            "nan" | "inf" | "infinity" => Some("numbers are finite"),
            _ => Some("write strings in double quotes: \"…\""),
        },
        TextProblem::Empty
        | TextProblem::EndsEarly
        | TextProblem::EndsInside { .. }
        | TextProblem::Trailing
        | TextProblem::MissingComma { .. }
        | TextProblem::WrongBracket { .. }
        | TextProblem::MissingColon
        | TextProblem::ShortEscape
        | TextProblem::LoneSurrogate
        | TextProblem::LeadingZero
        | TextProblem::NoValue { .. }
        | TextProblem::TooDeep
        | TextProblem::TooManyValues => None,
    }
}

/// "did you mean", or what there is.
fn suggestion<S: AsRef<str>>(name: &str, known: &[S], nothing: &str) -> String {
    match near(name, known.iter().map(AsRef::as_ref)) {
        Some(candidate) => format!("did you mean `{}`?", shown(candidate)),
        None if known.is_empty() => nothing.to_owned(),
        None => format!("it is one of {}", listed(known.iter().map(AsRef::as_ref))),
    }
}

fn listed<'n>(names: impl Iterator<Item = &'n str>) -> String {
    let names: Vec<_> = names.map(|name| format!("`{}`", shown(name))).collect();
    let more = names.len().saturating_sub(MAX_LISTED);
    let text = names[..names.len() - more].join(", ");
    if more > 0 { format!("{text} and {more} more") } else { text }
}

/// A value in a few words.
fn described(tree: &Tree) -> String {
    match &tree.value {
        Node::Null => "null".to_owned(),
        Node::Bool(truth) => truth.to_string(),
        Node::Number(number) => shown(&number.to_string()),
        Node::String(text) => format!("the string \"{}\"", shown(text)),
        Node::Array(entries) if entries.is_empty() => "an empty list".to_owned(),
        Node::Array(entries) => format!("a list of {}", counted(entries.len(), "value")),
        Node::Object(members) if members.is_empty() => "an empty object".to_owned(),
        Node::Object(_) => "an object".to_owned(),
        Node::Broken => "a value that could not be read".to_owned(),
    }
}

//! Every message: one constructor each.

use std::io;

use tars_policy::spec::SpecError;

use super::super::library::MAX_BROUGHT;
use super::super::name::NameProblem;
use super::super::path::{Path, PathPart};
use super::super::pointer::{Inside, Missing, PointerProblem};
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
    pub fn is_a_folder(&mut self, name: &str) {
        self.error(At::nowhere(), format!("cannot read `{name}`: it is a folder"), None);
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

/// Decoding.
impl Diagnostics {
    /// A key that its object does not know.
    pub fn unknown_field<S: AsRef<str>>(&mut self, at: At, name: &str, known: &[S]) {
        let hint = suggestion(name, known, "it has no fields at all");
        self.error(at, format!("there is no field `{}` here", shown(name)), Some(hint));
    }

    /// A choice that does not exist.
    pub fn unknown_variant<S: AsRef<str>>(&mut self, at: At, name: &str, known: &[S]) {
        let hint = suggestion(name, known, "there is nothing to choose");
        self.error(at, format!("`{}` is none of the choices", shown(name)), Some(hint));
    }

    /// A key that its object needs.
    pub fn missing_field(&mut self, at: At, name: &str) {
        self.error(at, format!("the field `{}` is missing", shown(name)), None);
    }

    /// A value of the wrong type, or out of range.
    pub fn wrong_type(&mut self, at: At, found: &Tree, expected: &str) {
        let is_quoted_number =
            expected.contains("number") && found.text().is_some_and(|text| text.parse::<f64>().is_ok());
        let hint = is_quoted_number.then(|| "write the number without quotes".to_owned());
        self.error(at, format!("expected {expected}, found {}", described(found)), hint);
    }

    /// A choice that is neither a string nor an object with one key.
    pub fn not_one_choice(&mut self, at: At, found: &Tree) {
        let hint = "a choice is a string, or an object with one key: its name";
        let found = match found.members() {
            Some(members) if !members.is_empty() => {
                format!("an object with the keys {}", listed(members.keys().map(String::as_str)))
            }
            _ => described(found),
        };
        self.error(at, format!("expected one choice, found {found}"), Some(hint.to_owned()));
    }

    /// A choice written as a bare name that needs settings.
    pub fn variant_needs_settings(&mut self, at: At, name: &str) {
        let name = shown(name);
        self.error(
            at,
            format!("`{name}` needs its settings"),
            Some(format!("write it as an object: {{\"{name}\": …}}")),
        );
    }

    /// A choice with settings that takes none.
    pub fn variant_takes_nothing(&mut self, at: At, name: &str) {
        let name = shown(name);
        self.error(
            at,
            format!("`{name}` takes no settings"),
            Some(format!("write it as a string: \"{name}\"")),
        );
    }

    /// A field that a policy's specification refuses; `path` is that of the specification in `tree`.
    pub fn spec(&mut self, tree: &Tree, path: &Path, error: &SpecError) {
        let mut at = path.clone();
        for step in error.field.split(['.', '[', ']']).filter(|step| !step.is_empty()) {
            let here = tree.at(&at);
            let key = PathPart::Key(step.to_owned());
            let part = match step.parse() {
                Ok(index) if here.is_some_and(|here| here.entries().is_some()) => PathPart::Index(index),
                _ => key,
            };
            // A field that has its default is not written; its problem is told of the object around it.
            if here.and_then(|here| here.child(&part)).is_some() {
                at.push(part);
            }
        }
        // "`burst`: is 0" reads worse than "`burst` is 0".
        let colon = if error.problem.starts_with("is ") { "" } else { ":" };
        self.error(At::value(tree, &at), format!("`{}`{colon} {}", error.field, error.problem), None);
    }

    /// A value that its type refuses with words of its own.
    pub fn refused(&mut self, at: At, message: &str) {
        self.error(at, message, None);
    }
}

/// Names, parts and figures.
impl Diagnostics {
    /// An experiment's name that cannot name a folder.
    pub fn bad_experiment_name(&mut self, at: At, name: &str, problem: NameProblem) {
        let hint = "the name becomes a folder under `outputs/`: use letters, digits, `-`, `_` and `.`";
        self.error(
            at,
            format!("`{}` cannot name an experiment: {}", shown(name), name_problem(problem)),
            Some(hint.to_owned()),
        );
    }

    /// A name of a part that no part can have.
    pub fn bad_part_name(&mut self, at: At, name: &str, problem: NameProblem) {
        let hint = "a part is named by its path under `models/`, such as \"providers/claude-haiku\"";
        self.error(
            at,
            format!("`{}` cannot name a part: {}", shown(name), name_problem(problem)),
            Some(hint.to_owned()),
        );
    }

    /// A `use` that is no string.
    pub fn use_not_a_name(&mut self, at: At, found: &Tree) {
        let hint = "write the path of a part under `models/`, such as {\"use\": \"providers/claude-haiku\"}";
        self.error(
            at,
            format!("expected the name of a part in `use`, found {}", described(found)),
            Some(hint.to_owned()),
        );
    }

    /// A part that is neither in `models/` nor built in.
    pub fn no_such_part(&mut self, at: At, name: &str, known: &[String]) {
        let hint =
            suggestion(name, known, "there are no parts at all: no folder `models/` is near the experiment");
        self.error(at, format!("there is no part `{}`", shown(name)), Some(hint));
    }

    /// Parts that use each other in a circle; `cycle` starts and ends with the same name.
    pub fn cyclic_use(&mut self, at: At, cycle: &[String]) {
        let circle = cycle.iter().map(|name| format!("`{}`", shown(name))).collect::<Vec<_>>().join(" → ");
        self.error(at, format!("parts use each other in a circle: {circle}"), None);
    }

    /// Overrides of a part that is no object.
    pub fn nothing_to_override(&mut self, at: At, name: &str, found: &Tree) {
        let found = described(found);
        self.error(
            at,
            format!("the part `{}` is {found}, so no field of it can be overridden", shown(name)),
            None,
        );
    }

    /// A tree that is too deep or too large once its parts are put in.
    pub fn parts_too_large(&mut self, at: At, name: &str) {
        let hint = format!(
            "{MAX_DEPTH} levels and, from parts, {MAX_BROUGHT} values and 16 MiB of text are allowed"
        );
        self.error(
            at,
            format!("with the part `{}` the experiment becomes too large", shown(name)),
            Some(hint),
        );
    }

    /// A pointer of a figure that leads nowhere, or is none.
    pub fn bad_figure(&mut self, at: At, pointer: &str, missing: Result<&Missing, PointerProblem>) {
        let (message, hint) = pointer_message(pointer, missing);
        self.error(at, format!("a figure stands for nothing: {message}"), hint);
    }

    /// A `--set` without a pointer and a value.
    pub fn malformed_set(&mut self, at: At) {
        let hint = "write it as --set /path/to/field=value";
        self.error(at, "expected a JSON pointer, `=` and a value", Some(hint.to_owned()));
    }

    /// A `--set` whose pointer leads nowhere, or is none.
    pub fn bad_set(&mut self, at: At, pointer: &str, missing: Result<&Missing, PointerProblem>) {
        let (message, hint) = pointer_message(pointer, missing);
        self.error(at, message, hint);
    }
}

/// Sweeps.
impl Diagnostics {
    /// An axis whose pointer leads nowhere, or is none.
    pub fn bad_axis_path(&mut self, at: At, pointer: &str, missing: Result<&Missing, PointerProblem>) {
        let (message, hint) = pointer_message(pointer, missing);
        self.error(at, format!("the axis points nowhere: {message}"), hint);
    }

    /// A sweep without axes, or an axis without values.
    pub fn empty(&mut self, at: At, what: &str) {
        self.error(at, format!("{what} is empty"), Some("leave out `sweep` to run one cell".to_owned()));
    }

    /// A sample of no cells.
    pub fn no_samples(&mut self, at: At) {
        self.error(at, "the sample has no cells", Some("`samples` is 1 to 100000".to_owned()));
    }

    /// An axis that names its fields in two ways, or in none.
    pub fn axis_shape(&mut self, at: At) {
        let hint = "an axis has `path` and `values`, or `paths` and `rows`";
        self.error(at, "the axis does not say what it varies, or says it twice", Some(hint.to_owned()));
    }

    /// Two axes, or two paths of one, that set the same value.
    pub fn axes_overlap(&mut self, at: At, path: &Path, other: &Path) {
        let message = if path == other {
            format!("`{}` is varied twice", path.to_pointer())
        } else {
            format!(
                "`{}` and `{}` are varied, and one is inside the other",
                other.to_pointer(),
                path.to_pointer()
            )
        };
        self.error(
            at,
            message,
            Some("to vary values together, use one axis with `paths` and `rows`".to_owned()),
        );
    }

    /// A row that has not one value for each path.
    pub fn row_length(&mut self, at: At, found: usize, expected: usize) {
        self.error(
            at,
            format!("the row has {}, and there are {}", counted(found, "value"), counted(expected, "path")),
            None,
        );
    }

    /// Names that are not one for each value.
    pub fn names_length(&mut self, at: At, found: usize, expected: usize) {
        self.error(at, format!("found {} for {}", counted(found, "name"), counted(expected, "value")), None);
    }

    /// A range that does not work; `why` says so.
    pub fn bad_range(&mut self, at: At, why: &str) {
        self.error(at, why, None);
    }

    /// A sweep of more cells than can be run.
    pub fn too_many_cells(&mut self, at: At, cells: u128, limit: u64) {
        let hint = "take fewer values an axis, or sample with {\"latin_hypercube\": {\"samples\": …}}";
        self.error(
            at,
            format!("the sweep has {cells} cells, and {limit} are allowed"),
            Some(hint.to_owned()),
        );
    }

    /// A range of more values than a sweep may have cells.
    pub fn too_many_steps(&mut self, at: At, steps: u64, limit: u64) {
        self.error(at, format!("the range has {steps} steps, and {limit} are allowed"), None);
    }

    /// More axes than `what` can have.
    pub fn too_many_axes(&mut self, at: At, what: &str, axes: usize, limit: usize) {
        self.error(at, format!("{what} has at most {limit} axes, not {axes}"), None);
    }

    /// Two axes of one name.
    pub fn label_twice(&mut self, at: At, label: &str) {
        self.error(at, format!("two axes are named `{}`", shown(label)), None);
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

fn name_problem(problem: NameProblem) -> String {
    match problem {
        NameProblem::Empty => "it is empty".to_owned(),
        NameProblem::TooLong => "it is longer than 120 bytes".to_owned(),
        NameProblem::Character(character) => format!("it holds `{}`", shown(&character.to_string())),
        NameProblem::GoesUp => "it holds `..`".to_owned(),
        NameProblem::Absolute => "it starts with `/`".to_owned(),
        NameProblem::HiddenPart => "a part of it is empty or starts with a dot".to_owned(),
        NameProblem::Extension => "the name leaves out `.json`".to_owned(),
    }
}

/// What is wrong with a pointer, and what it may have meant.
fn pointer_message(pointer: &str, missing: Result<&Missing, PointerProblem>) -> (String, Option<String>) {
    let pointer = shown(pointer);
    let missing = match missing {
        Ok(missing) => missing,
        Err(PointerProblem::NoSlash) => {
            let hint = "a JSON pointer starts with a slash: /system/pools/workers/groups/haiku/agents";
            return (format!("`{pointer}` is no JSON pointer"), Some(hint.to_owned()));
        }
        Err(PointerProblem::BadEscape) => {
            let hint = "in a JSON pointer `~` is written `~0`, and `/` within a key `~1`";
            return (format!("`{pointer}` is no JSON pointer"), Some(hint.to_owned()));
        }
    };
    let part = shown(&missing.part);
    let above = if missing.found.is_empty() {
        "the top level".to_owned()
    } else {
        format!("`{}`", shown(&missing.found.to_pointer()))
    };
    match &missing.inside {
        Inside::Object(keys) => {
            let hint = suggestion(&missing.part, keys, "it is an empty object");
            (format!("`{pointer}` does not exist: {above} has no `{part}`"), Some(hint))
        }
        Inside::List(length) => {
            let entries = if *length == 1 { "entry" } else { "entries" };
            let hint = match length {
                0 => None,
                1 => Some("its only index is 0".to_owned()),
                _ => Some(format!("its indexes are 0 to {}", length - 1)),
            };
            (
                format!(
                    "`{pointer}` does not exist: {above} is a list of {length} {entries}, without `{part}`"
                ),
                hint,
            )
        }
        Inside::Scalar => {
            (format!("`{pointer}` does not exist: {above} is a single value, without `{part}`"), None)
        }
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

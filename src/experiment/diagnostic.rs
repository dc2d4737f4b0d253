//! What is wrong with the input, where, and what to do about it.
//!
//! All problems are collected and printed together, in the order of files and lines. Every message is made by a
//! method here or below `diagnostic/message`, so that they can be read, and kept alike, in one place.

use std::collections::BTreeSet;
use std::fmt;

use super::path::Path;
use super::source::{Origin, Place, Sources};
use super::tree::Tree;

mod message;
mod sense;

pub use message::TextProblem;

/// Problems printed in full; of the rest only the number is told.
const MAX_PRINTED: usize = 100;

/// Characters of a message or a hint that are printed.
const MAX_MESSAGE: usize = 600;

/// Characters of a text from the input that are quoted.
const MAX_QUOTED: usize = 60;

/// Where a problem is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct At {
    /// The text that is wrong; nothing if the problem lies in no text.
    pub place: Option<Place>,
    /// The path to it.
    pub path: Path,
}

impl At {
    /// The value at `path`, written at `place`.
    pub const fn new(place: Place, path: Path) -> Self {
        Self { place: Some(place), path }
    }

    /// The value of `tree` at `path`, or the deepest value above it that exists.
    pub fn value(tree: &Tree, path: &Path) -> Self {
        Self::new(tree.place_of(path), path.clone())
    }

    /// The key of the member of `tree` at `path`; the value, if `path` leads to no member.
    pub fn key(tree: &Tree, path: &Path) -> Self {
        let mut above = path.clone();
        let member = above.pop().and_then(|last| match last {
            super::path::PathPart::Key(key) => tree.at(&above)?.member(&key),
            super::path::PathPart::Index(_) => None,
        });
        member.map_or_else(|| Self::value(tree, path), |member| Self::new(member.key, path.clone()))
    }

    /// No place in particular.
    pub const fn nowhere() -> Self {
        Self { place: None, path: Path::root() }
    }
}

/// How bad a problem is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// Nothing is run.
    Error,
    /// It is run, and told.
    Warning,
}

/// One problem. Ordered by place, then path.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Diagnostic {
    /// The text that is wrong.
    pub place: Option<Place>,
    /// The path to it in the tree, after all parts were put in.
    pub path: Path,
    /// How bad it is.
    pub severity: Severity,
    /// What is wrong and what was expected: a sentence without a capital or a full stop.
    pub message: String,
    /// What to do about it.
    pub hint: Option<String>,
}

/// All problems found so far, and the texts they are in.
#[derive(Clone, Debug, Default)]
pub struct Diagnostics {
    sources: Sources,
    found: BTreeSet<Diagnostic>,
    errors: usize,
}

impl Diagnostics {
    /// No problem yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// The texts, to be added to.
    pub const fn sources_mut(&mut self) -> &mut Sources {
        &mut self.sources
    }

    /// Reports an error.
    pub fn error(&mut self, at: At, message: impl Into<String>, hint: Option<String>) {
        self.report(at, Severity::Error, message.into(), hint);
    }

    /// Reports a warning.
    pub fn warning(&mut self, at: At, message: impl Into<String>, hint: Option<String>) {
        self.report(at, Severity::Warning, message.into(), hint);
    }

    /// The texts that places point into.
    pub const fn sources(&self) -> &Sources {
        &self.sources
    }

    /// Whether anything forbids a run.
    pub const fn has_errors(&self) -> bool {
        self.errors > 0
    }

    /// How many errors were found.
    pub const fn error_count(&self) -> usize {
        self.errors
    }

    /// Whether nothing at all was found.
    pub fn is_empty(&self) -> bool {
        self.found.is_empty()
    }

    /// Every problem, in the order of files and places.
    pub fn iter(&self) -> impl Iterator<Item = &Diagnostic> {
        self.found.iter()
    }

    /// The same problem seen again, as from a second cell of a sweep, is kept once.
    fn report(&mut self, at: At, severity: Severity, message: String, hint: Option<String>) {
        let (message, hint) = (printable(message), hint.map(printable));
        let new = self.found.insert(Diagnostic { place: at.place, path: at.path, severity, message, hint });
        self.errors += usize::from(new && severity == Severity::Error);
    }

    fn print(&self, problem: &Diagnostic, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let severity = match problem.severity {
            Severity::Error => "error",
            Severity::Warning => "warning",
        };
        writeln!(f, "{severity}: {}", problem.message)?;
        if let Some(place) = problem.place {
            write!(f, "  --> {}", self.shown_place(place))?;
            if !problem.path.is_empty() {
                write!(f, " ({})", problem.path)?;
            }
            writeln!(f)?;
        }
        if let Some(hint) = &problem.hint {
            writeln!(f, "  hint: {hint}")?;
        }
        Ok(())
    }

    /// `file:line:column`, or the argument itself.
    fn shown_place(&self, place: Place) -> String {
        let name = clean(self.sources.name(place.file), MAX_MESSAGE);
        match self.sources.origin(place.file) {
            Origin::Argument => name,
            Origin::File => {
                let position = self.sources.position(place);
                format!("{name}:{}:{}", position.line, position.column)
            }
        }
    }
}

impl fmt::Display for Diagnostics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for problem in self.found.iter().take(MAX_PRINTED) {
            self.print(problem, f)?;
        }
        if self.found.len() > MAX_PRINTED {
            writeln!(f, "… and {} more", self.found.len() - MAX_PRINTED)?;
        }
        let warnings = self.found.len() - self.errors;
        match (self.errors, warnings) {
            (0, 0) => Ok(()),
            (errors, 0) => writeln!(f, "{}", counted(errors, "error")),
            (0, warnings) => writeln!(f, "{}", counted(warnings, "warning")),
            (errors, warnings) => {
                writeln!(f, "{}, {}", counted(errors, "error"), counted(warnings, "warning"))
            }
        }
    }
}

/// `1 error`, `2 errors`.
pub(crate) fn counted(count: usize, noun: &str) -> String {
    format!("{count} {noun}{}", if count == 1 { "" } else { "s" })
}

/// A text from the input as it may be printed: nothing that moves the cursor or turns the line, and not too long.
pub(crate) fn shown(text: &str) -> String {
    clean(text, MAX_QUOTED)
}

/// A message as it may be printed; nearly all are so already.
fn printable(text: String) -> String {
    let is_clean = text.len() <= MAX_MESSAGE && !text.chars().any(moves_the_cursor);
    if is_clean { text } else { clean(&text, MAX_MESSAGE) }
}

fn clean(text: &str, limit: usize) -> String {
    let mut cleaned = String::with_capacity(text.len().min(4 * limit));
    for (count, character) in text.chars().enumerate() {
        if count == limit {
            cleaned.push('…');
            break;
        }
        if moves_the_cursor(character) {
            cleaned.extend(character.escape_unicode());
        } else {
            cleaned.push(character);
        }
    }
    cleaned
}

/// Control characters, line separators, and marks that reorder or hide what stands beside them.
fn moves_the_cursor(character: char) -> bool {
    character.is_control()
        || matches!(character, '\u{200B}'..='\u{200F}' | '\u{2028}'..='\u{202E}' | '\u{2060}'..='\u{2069}' | '\u{FEFF}')
}

/// The candidate that was probably meant, if one is near.
pub(crate) fn near<'c>(name: &str, candidates: impl IntoIterator<Item = &'c str>) -> Option<&'c str> {
    let length = name.chars().count();
    if length == 0 || length > MAX_QUOTED {
        return None;
    }
    let allowed = (length / 3).max(1);
    let lower = name.to_lowercase();
    candidates
        .into_iter()
        .filter(|candidate| candidate.len() <= 4 * MAX_QUOTED)
        .map(|candidate| (strsim::osa_distance(&lower, &candidate.to_lowercase()), candidate))
        .filter(|(distance, _)| *distance <= allowed)
        .min()
        .map(|(_, candidate)| candidate)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_near_name_is_found_and_a_far_one_is_not() {
        assert_eq!(near("rate_per_sec", ["burst", "rate_per_s"]), Some("rate_per_s"));
        assert_eq!(near("Workload", ["workload"]), Some("workload"));
        assert_eq!(near("apples", ["oranges"]), None);
    }

    #[test]
    fn the_nearest_of_several_wins() {
        assert_eq!(near("latency_p98", ["latency_p9", "latency_p99x", "latency_p99"]), Some("latency_p9"));
    }

    #[test]
    fn what_turns_the_line_or_rings_the_bell_is_escaped() {
        assert_eq!(shown("a\u{7}b\u{202E}c\nd"), "a\\u{7}b\\u{202e}c\\u{a}d");
    }

    #[test]
    fn a_long_text_is_cut() {
        assert_eq!(shown(&"x".repeat(1_000)).chars().count(), MAX_QUOTED + 1);
    }

    #[test]
    fn the_same_problem_is_told_once() {
        let mut diagnostics = Diagnostics::new();
        diagnostics.error(At::nowhere(), "twice", None);
        diagnostics.error(At::nowhere(), "twice", None);
        assert_eq!(diagnostics.to_string(), "error: twice\n1 error\n");
    }

    #[test]
    fn problems_come_in_the_order_of_the_file() {
        let mut diagnostics = Diagnostics::new();
        let file = diagnostics.sources_mut().add("x.json", Origin::File, "a\nb\n");
        diagnostics.warning(
            At::new(Place::new(file, 2, 3), Path::root().key("b")),
            "later",
            Some("wait".into()),
        );
        diagnostics.error(At::new(Place::new(file, 0, 1), Path::root()), "sooner", None);
        let expected = "error: sooner\n  --> x.json:1:1\nwarning: later\n  --> x.json:2:1 (b)\n  hint: wait\n1 error, 1 warning\n";
        assert_eq!(diagnostics.to_string(), expected);
    }

    #[test]
    fn beyond_a_hundred_only_the_number_is_told() {
        let mut diagnostics = Diagnostics::new();
        for number in 0..250 {
            diagnostics.error(At::nowhere(), format!("number {number}"), None);
        }
        let printed = diagnostics.to_string();
        assert!(printed.ends_with("… and 150 more\n250 errors\n"), "{printed}");
    }
}

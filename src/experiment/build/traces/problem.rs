//! Why a trace cannot be read, in words.

use crate::experiment::diagnostic::{Diagnostics, counted, near};
use crate::experiment::path::Path;
use crate::experiment::tree::Tree;

/// Why a trace cannot be read.
#[derive(Debug)]
pub(super) struct Problem {
    words: String,
    hint: Option<String>,
}

impl Problem {
    pub(super) fn new(words: impl Into<String>) -> Self {
        Self { words: words.into(), hint: None }
    }

    pub(super) fn with_hint(self, hint: impl Into<String>) -> Self {
        Self { hint: Some(hint.into()), ..self }
    }

    pub(super) fn io(error: &std::io::Error) -> Self {
        let known = [
            (std::io::ErrorKind::NotFound, "there is no such file"),
            (std::io::ErrorKind::PermissionDenied, "permission denied"),
            (std::io::ErrorKind::IsADirectory, "it is a folder"),
        ];
        let words = known.into_iter().find(|(kind, _)| *kind == error.kind());
        words.map_or_else(|| Self::new(error.kind().to_string()), |(_, words)| Self::new(words))
    }

    pub(super) fn csv(error: &csv::Error, text: &str) -> Self {
        if let csv::ErrorKind::UnequalLengths { pos, expected_len, len } = error.kind() {
            let (line, fields) =
                (line_of(pos.as_ref(), text), counted(usize::try_from(*len).unwrap_or(usize::MAX), "field"));
            return Self::new(format!("line {line} has {fields}, the first line has {expected_len}"));
        }
        Self::new(error.to_string())
    }

    pub(super) fn no_column<'c>(name: &str, known: impl Iterator<Item = &'c str> + Clone) -> Self {
        let all: Vec<_> = known.clone().take(12).map(|name| format!("`{}`", short(name))).collect();
        let guess = near(name, known).map_or(String::new(), |near| format!("did you mean `{near}`? "));
        Self::new(format!("it has no column `{name}`")).with_hint(format!("{guess}it has {}", all.join(", ")))
    }

    /// A field that cannot be read as what is `expected`.
    pub(super) fn field(line: u64, column: &str, text: &str, expected: &str) -> Self {
        if text.trim().is_empty() {
            return Self::new(format!("line {line} has nothing in column `{column}`; expected {expected}"));
        }
        Self::new(format!("line {line} has `{}` in column `{column}`; expected {expected}", short(text)))
    }

    pub(super) fn tell(self, tree: &Tree, path: &Path, file: &str, diagnostics: &mut Diagnostics) {
        diagnostics.trace(tree, path, file, &self.words, self.hint);
    }
}

/// The line of a record; a reader's position stands before the empty lines that it skips.
pub(super) fn line_of(position: Option<&csv::Position>, text: &str) -> u64 {
    let Some(position) = position else { return 0 };
    let skipped = usize::try_from(position.byte())
        .ok()
        .and_then(|byte| text.as_bytes().get(byte..))
        .unwrap_or_default();
    let breaks =
        skipped.iter().take_while(|byte| matches!(byte, b'\r' | b'\n')).filter(|byte| **byte == b'\n');
    position.line() + breaks.count() as u64
}

/// A text that may be long, as a message shows it.
fn short(text: &str) -> String {
    let mut shown: String = text.chars().take(40).collect();
    if shown.len() < text.len() {
        shown.push('…');
    }
    shown
}

#[cfg(test)]
impl Problem {
    /// The words and the hint in one line.
    pub(super) fn said(&self) -> String {
        match &self.hint {
            Some(hint) => format!("{} ({hint})", self.words),
            None => self.words.clone(),
        }
    }
}

//! The texts that were read, and places in them.

use std::sync::Arc;

/// One text that was read: the experiment, a model file, or the value of a `--set`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FileId(u32);

/// A stretch of bytes in one text: `start` included, `end` not.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Place {
    /// The text.
    pub file: FileId,
    /// The first byte.
    pub start: u32,
    /// One past the last byte.
    pub end: u32,
}

impl Place {
    /// The bytes from `start` to `end` of `file`; texts are limited to 16 MiB, larger offsets saturate.
    pub fn new(file: FileId, start: usize, end: usize) -> Self {
        let clamp = |offset| u32::try_from(offset).unwrap_or(u32::MAX);
        Self { file, start: clamp(start), end: clamp(end) }
    }
}

/// A place as people count: the first line is 1, the first character of a line is column 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Position {
    /// Line, from 1.
    pub line: usize,
    /// Column in characters, from 1.
    pub column: usize,
}

/// Where a text came from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin {
    /// A file: its places have a line and a column.
    File,
    /// A command-line argument: short enough to be named whole.
    Argument,
}

#[derive(Clone, Debug)]
struct Source {
    name: String,
    origin: Origin,
    text: Arc<str>,
}

/// Every text that was read, in order of reading.
#[derive(Clone, Debug, Default)]
pub struct Sources {
    files: Vec<Source>,
}

impl Sources {
    /// Keeps a text under the name that messages will show.
    pub fn add(&mut self, name: impl Into<String>, origin: Origin, text: impl Into<Arc<str>>) -> FileId {
        let id = u32::try_from(self.files.len()).expect("fewer than 2^32 files are read");
        self.files.push(Source { name: name.into(), origin, text: text.into() });
        FileId(id)
    }

    /// The name of a text, as messages show it.
    pub fn name(&self, file: FileId) -> &str {
        &self.source(file).name
    }

    /// Where a text came from.
    pub fn origin(&self, file: FileId) -> Origin {
        self.source(file).origin
    }

    /// The text itself.
    pub fn text(&self, file: FileId) -> Arc<str> {
        Arc::clone(&self.source(file).text)
    }

    /// Names of all texts that came from files, in order of reading.
    pub fn file_names(&self) -> impl Iterator<Item = &str> {
        self.files.iter().filter(|source| source.origin == Origin::File).map(|source| source.name.as_str())
    }

    /// The line and column where `place` starts.
    pub fn position(&self, place: Place) -> Position {
        let text = &self.source(place.file).text;
        let start = (place.start as usize).min(text.len());
        let before = &text.as_bytes()[..start];
        let line_start = before.iter().rposition(|&byte| byte == b'\n').map_or(0, |newline| newline + 1);
        // Continuation bytes do not start a character.
        let characters = before[line_start..].iter().filter(|&&byte| byte & 0xC0 != 0x80).count();
        let lines_above = text[..line_start].matches('\n').count();
        Position { line: lines_above + 1, column: characters + 1 }
    }

    fn source(&self, file: FileId) -> &Source {
        &self.files[file.0 as usize]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, start: usize, expected: (usize, usize)) {
        let mut sources = Sources::default();
        let file = sources.add("x.json", Origin::File, text);
        let found = sources.position(Place::new(file, start, start));
        assert_eq!((found.line, found.column), expected);
    }

    #[test]
    fn lines_and_columns_count_from_one() {
        check("ab\ncd", 0, (1, 1));
        check("ab\ncd", 4, (2, 2));
    }

    #[test]
    fn a_column_counts_characters_not_bytes() {
        check("\"üü\" x", 7, (1, 6));
    }

    #[test]
    fn a_place_past_the_end_is_the_end() {
        check("ab\n", 99, (2, 1));
    }
}

//! Files → text: of bounded size, and in UTF-8 without a byte-order mark.

use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use super::diagnostic::{At, Diagnostics, near};
use super::source::{FileId, Origin, Place};

/// Bytes that a file may have.
pub const MAX_BYTES: u64 = 16 * 1024 * 1024;

/// A form of text that is not plain UTF-8, told by its first bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Encoding {
    /// UTF-8 that starts with a byte-order mark.
    Utf8WithMark,
    /// UTF-16, either byte order.
    Utf16,
    /// UTF-32, either byte order.
    Utf32,
}

/// Reads a file as text under the name that messages will show; what is wrong goes to `diagnostics`.
pub fn read(path: &Path, name: &str, diagnostics: &mut Diagnostics) -> Option<FileId> {
    let bytes = match read_bytes(path) {
        Ok(Content::Whole(bytes)) => bytes,
        Ok(Content::Folder) => return refuse(|| diagnostics.is_a_folder(name, inside(path).as_deref())),
        Ok(Content::TooLarge { bytes }) => return refuse(|| diagnostics.too_large(name, bytes)),
        Err(error) => return refuse(|| diagnostics.unreadable(name, &error, nearest(path).as_deref())),
    };
    accept(bytes, name, diagnostics)
}

fn refuse(report: impl FnOnce()) -> Option<FileId> {
    report();
    None
}

enum Content {
    Whole(Vec<u8>),
    Folder,
    /// Nothing if it is not known how large, as for a pipe.
    TooLarge {
        bytes: Option<u64>,
    },
}

fn read_bytes(path: &Path) -> io::Result<Content> {
    let file = File::open(path)?;
    let metadata = file.metadata()?;
    if metadata.is_dir() {
        return Ok(Content::Folder);
    }
    if metadata.len() > MAX_BYTES {
        return Ok(Content::TooLarge { bytes: Some(metadata.len()) });
    }
    let mut bytes = Vec::new();
    file.take(MAX_BYTES + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > MAX_BYTES {
        return Ok(Content::TooLarge { bytes: None });
    }
    Ok(Content::Whole(bytes))
}

fn accept(bytes: Vec<u8>, name: &str, diagnostics: &mut Diagnostics) -> Option<FileId> {
    if let Some(encoding) = foreign_encoding(&bytes) {
        let file = diagnostics.sources_mut().add(name, Origin::File, "");
        diagnostics.foreign_encoding(At::new(Place::new(file, 0, 0), super::path::Path::root()), encoding);
        return None;
    }
    match String::from_utf8(bytes) {
        Ok(text) => Some(diagnostics.sources_mut().add(name, Origin::File, text)),
        Err(error) => {
            let end = error.utf8_error().valid_up_to();
            let byte = error.as_bytes()[end];
            let valid = String::from_utf8_lossy(&error.as_bytes()[..end]).into_owned();
            let file = diagnostics.sources_mut().add(name, Origin::File, valid);
            diagnostics.not_utf8(At::new(Place::new(file, end, end), super::path::Path::root()), byte);
            None
        }
    }
}

/// JSON starts with an ASCII character, so zero bytes among the first four betray a wider encoding.
fn foreign_encoding(bytes: &[u8]) -> Option<Encoding> {
    let is_text = |positions: &[usize]| {
        positions.iter().all(|&position| bytes.get(position).is_some_and(|&byte| byte != 0))
    };
    match bytes {
        [0xEF, 0xBB, 0xBF, ..] => Some(Encoding::Utf8WithMark),
        [0xFF, 0xFE, 0, 0, ..] | [0, 0, 0xFE, 0xFF, ..] => Some(Encoding::Utf32),
        [0xFF, 0xFE, ..] | [0xFE, 0xFF, ..] => Some(Encoding::Utf16),
        [0, 0, 0, _, ..] if is_text(&[3]) => Some(Encoding::Utf32),
        [_, 0, 0, 0, ..] if is_text(&[0]) => Some(Encoding::Utf32),
        [0, _, 0, _, ..] if is_text(&[1, 3]) => Some(Encoding::Utf16),
        [_, 0, _, 0, ..] if is_text(&[0, 2]) => Some(Encoding::Utf16),
        _ => None,
    }
}

/// The path nearest to one that is not there: each folder and file on the way under its own name, or under the nearest
/// one beside it.
fn nearest(path: &Path) -> Option<String> {
    let mut found = PathBuf::new();
    for part in path.components() {
        let next = found.join(part);
        found = if next.exists() { next } else { found.join(sibling(&found, part.as_os_str().to_str()?)?) };
    }
    found.into_os_string().into_string().ok()
}

/// The first JSON file in a folder.
fn inside(folder: &Path) -> Option<String> {
    let is_json = |name: &String| Path::new(name).extension().is_some_and(|ending| ending == "json");
    let found = names(folder)?.into_iter().find(is_json)?;
    folder.join(found).into_os_string().into_string().ok()
}

/// The name in `folder` that is nearest to the one asked for.
fn sibling(folder: &Path, wanted: &str) -> Option<String> {
    near(wanted, names(folder)?.iter().map(String::as_str)).map(str::to_owned)
}

/// What a folder holds, in order.
fn names(folder: &Path) -> Option<Vec<String>> {
    let listed = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
    let mut names: Vec<String> = std::fs::read_dir(listed)
        .ok()?
        .take(1_000)
        .filter_map(|entry| entry.ok()?.file_name().into_string().ok())
        .collect();
    names.sort_unstable();
    Some(names)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wide_encodings_are_told_with_and_without_a_mark() {
        let check = |bytes: &[u8], expected| assert_eq!(foreign_encoding(bytes), expected, "{bytes:?}");
        check(b"\xEF\xBB\xBF{}", Some(Encoding::Utf8WithMark));
        check(b"\xFF\xFE{\0}\0", Some(Encoding::Utf16));
        check(b"\xFE\xFF\0{\0}", Some(Encoding::Utf16));
        check(b"{\0}\0", Some(Encoding::Utf16));
        check(b"\0{\0}", Some(Encoding::Utf16));
        check(b"\xFF\xFE\0\0{\0\0\0", Some(Encoding::Utf32));
        check(b"\0\0\0{", Some(Encoding::Utf32));
        check(b"{}", None);
        check(b"", None);
    }

    #[test]
    fn a_misspelt_folder_is_found_as_a_misspelt_file_is() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir(folder.path().join("experiments")).unwrap();
        std::fs::write(folder.path().join("experiments/tier3.json"), "{}").unwrap();
        let check = |wanted: &str, expected: Option<&str>| {
            let expected = expected.map(|path| folder.path().join(path).display().to_string());
            assert_eq!(nearest(&folder.path().join(wanted)), expected, "{wanted}");
        };
        check("experiments/tier3.jsn", Some("experiments/tier3.json"));
        check("expriments/tier3.json", Some("experiments/tier3.json"));
        check("expriments/tier33.json", Some("experiments/tier3.json"));
        check("elsewhere/tier3.json", None);
    }
}

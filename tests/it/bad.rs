//! Wrong files: each gives exactly the messages that stand beside it, and nothing makes the reader panic.
//!
//! `tests/data/bad/x.json` is given to `tars-sim check` with the arguments of `--set` in `x.set`, one a line, if there is
//! such a file; what is printed is compared with `x.stderr`. With `BLESS` set in the environment the messages are written
//! instead, to be read before they are committed; the test then fails, so that it cannot stay set.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use proptest::prelude::*;
use proptest::test_runner::Config;
use tars_sim::experiment::{Diagnostics, TraceStore, build, cell_tree, load};

const FOLDER: &str = "tests/data/bad";

/// Cells of a damaged file that are built; the rest would say the same.
const CELLS_MAX: usize = 4;

/// What `tars-sim check` says about a file that it refuses.
#[track_caller]
fn messages(file: &Path, sets: &[String]) -> String {
    let mut command = Command::new(env!("CARGO_BIN_EXE_tars-sim"));
    command.arg("check").arg(file).stdin(Stdio::null());
    for set in sets {
        command.arg("--set").arg(set);
    }
    let output = command.output().expect("the program runs");
    let printed = String::from_utf8(output.stderr).expect("messages are UTF-8");
    assert_eq!(output.status.code(), Some(2), "{}: {printed}", file.display());
    assert!(output.stdout.is_empty(), "{}: data beside errors", file.display());
    printed
}

/// The same within this process, where a panic is seen at once; nothing if all is well.
fn messages_inside(file: &Path, sets: &[String]) -> String {
    let mut diagnostics = Diagnostics::new();
    let mut traces = TraceStore::new(file, None);
    if let Some(loaded) = load(file, sets, &mut diagnostics) {
        if loaded.cells.is_empty() {
            build(&loaded.base, &mut traces, &mut diagnostics);
        }
        for cell in loaded.cells.iter().take(CELLS_MAX) {
            build(&cell_tree(&loaded, cell), &mut traces, &mut diagnostics);
        }
    }
    diagnostics.to_string()
}

fn bad_files() -> Vec<PathBuf> {
    let entries = fs::read_dir(FOLDER).expect("the folder of bad files is there");
    let paths = entries.map(|entry| entry.expect("the folder can be read").path());
    let mut files: Vec<PathBuf> =
        paths.filter(|path| path.extension().is_some_and(|extension| extension == "json")).collect();
    files.sort_unstable();
    files
}

#[test]
fn each_bad_file_gives_exactly_its_messages() {
    let bless = std::env::var_os("BLESS").is_some();
    let files = bad_files();
    assert!(files.len() >= 120, "only {} bad files were found", files.len());
    let mut wrong = Vec::new();
    for file in &files {
        let sets = fs::read_to_string(file.with_extension("set")).unwrap_or_default();
        let sets: Vec<String> = sets.lines().map(str::to_owned).collect();
        let printed = messages(file, &sets);
        let expected = fs::read_to_string(file.with_extension("stderr")).unwrap_or_default();
        if bless {
            fs::write(file.with_extension("stderr"), &printed).expect("the messages can be written");
        }
        if printed != expected || !printed.ends_with('\n') {
            wrong.push(format!("{}\n--- expected\n{expected}--- printed\n{printed}", file.display()));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(!bless, "the messages were written; read them, and run again without BLESS");
}

/// A file made for one test, under a name without its folder in the messages.
#[track_caller]
fn check_made(bytes: &[u8], expected: &str) {
    let folder = tempfile::tempdir().expect("a folder for the test");
    let file = folder.path().join("made.json");
    fs::write(&file, bytes).expect("the file can be written");
    check_file(&file, expected);
}

#[track_caller]
fn check_file(file: &Path, expected: &str) {
    let folder = file.parent().expect("a file has a folder").display().to_string();
    assert_eq!(messages(file, &[]).replace(&format!("{folder}/"), ""), expected);
}

#[test]
fn a_byte_order_mark_is_named() {
    check_made(
        b"\xEF\xBB\xBF{}",
        "error: the file starts with a byte-order mark\n  --> made.json:1:1\n  hint: save it as UTF-8 without a byte-order mark\n1 error\n",
    );
}

#[test]
fn utf16_is_named() {
    let expected =
        "error: the file is written in UTF-16\n  --> made.json:1:1\n  hint: save it as UTF-8\n1 error\n";
    let utf16 = |swap: bool| {
        let units = "\u{FEFF}{\"name\": \"ü\"}".encode_utf16();
        units.flat_map(|unit| if swap { unit.to_be_bytes() } else { unit.to_le_bytes() }).collect::<Vec<u8>>()
    };
    check_made(&utf16(false), expected);
    check_made(&utf16(true), expected);
    check_made(&utf16(false)[2..], expected);
}

#[test]
fn a_byte_that_is_not_utf8_is_located() {
    check_made(
        b"{\n  \"name\": \"caf\xE9\"}",
        "error: the byte 0xE9 here is not UTF-8\n  --> made.json:2:15\n  hint: save the file as UTF-8\n1 error\n",
    );
}

#[test]
fn a_raw_nul_is_located() {
    check_made(
        b"{\"name\": \"a\0b\"}",
        "error: the control character U+0000 stands inside a string\n  --> made.json:1:12 (name)\n  hint: write it as an escape, such as `\\u0009`\n1 error\n",
    );
}

#[test]
fn nesting_of_a_hundred_thousand_levels_is_refused() {
    let path = |levels: usize| "[0]".repeat(levels);
    check_made(
        "[".repeat(100_000).as_bytes(),
        &format!(
            "error: lists and objects are nested more than 64 levels deep\n  --> made.json:1:65 ({})\n1 error\n",
            path(64)
        ),
    );
    let objects = messages_of("{\"a\":".repeat(100_000).as_bytes());
    assert!(
        objects.starts_with("error: lists and objects are nested more than 64 levels deep\n"),
        "{objects}"
    );
}

fn messages_of(bytes: &[u8]) -> String {
    let folder = tempfile::tempdir().expect("a folder for the test");
    let file = folder.path().join("made.json");
    fs::write(&file, bytes).expect("the file can be written");
    messages(&file, &[])
}

#[test]
fn a_string_of_a_hundred_megabytes_is_refused_by_its_size() {
    let folder = tempfile::tempdir().expect("a folder for the test");
    let file = folder.path().join("made.json");
    let mut text = vec![b'x'; 100_000_000];
    text[..10].copy_from_slice(b"{\"name\": \"");
    text.extend_from_slice(b"\"}");
    fs::write(&file, text).expect("the file can be written");
    check_file(
        &file,
        "error: `made.json` is too large: 100000002 bytes, and 16777216 (16 MiB) are allowed\n  hint: an experiment is small; long traces belong into files of their own, named by the workload\n1 error\n",
    );
}

#[test]
fn a_string_of_fifteen_megabytes_is_quoted_in_few_words() {
    let text = format!("{{\"name\": \"{}\"}}", "x".repeat(15_000_000));
    let printed = messages_of(text.as_bytes());
    assert!(printed.contains("error: `xxx") && printed.len() < 1_000, "{} bytes", printed.len());
}

#[cfg(unix)]
#[test]
fn a_file_without_end_is_refused() {
    check_file(
        Path::new("/dev/zero"),
        "error: `zero` is too large: more than 16777216 bytes, and 16777216 (16 MiB) are allowed\n  hint: an experiment is small; long traces belong into files of their own, named by the workload\n1 error\n",
    );
}

#[test]
fn a_file_that_is_not_there_is_told_with_a_near_name() {
    let folder = tempfile::tempdir().expect("a folder for the test");
    fs::write(folder.path().join("tier3.json"), "{}").expect("the file can be written");
    check_file(
        &folder.path().join("teir3.json"),
        "error: cannot read `teir3.json`: there is no such file\n  hint: did you mean `tier3.json`?\n1 error\n",
    );
}

#[test]
fn a_folder_is_no_experiment() {
    let folder = tempfile::tempdir().expect("a folder for the test");
    let inner = folder.path().join("inner");
    fs::create_dir(&inner).expect("the folder can be made");
    check_file(&inner, "error: cannot read `inner`: it is a folder\n1 error\n");
    fs::write(inner.join("one.json"), "{}").expect("the file can be written");
    check_file(
        &inner,
        "error: cannot read `inner`: it is a folder\n  hint: name one file in it, such as `inner/one.json`\n1 error\n",
    );
}

#[test]
fn only_a_hundred_of_very_many_errors_are_printed() {
    let keys: String = (0..20_000).map(|_| "\"a\": 1, ").collect();
    let printed = messages_of(format!("{{{keys}\"b\": 2}}").as_bytes());
    assert_eq!(printed.lines().filter(|line| line.starts_with("error: ")).count(), 100);
    assert!(printed.contains("… and "), "{}", &printed[printed.len() - 200..]);
}

fn config(cases: u32) -> Config {
    Config { cases, failure_persistence: None, ..Config::default() }
}

proptest! {
    #![proptest_config(config(300))]

    /// Whatever bytes stand in a file, and whatever is done to a good one, is answered and never a panic.
    #[test]
    fn damaged_files_never_make_the_reader_panic(
        damage in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..6),
        cut in any::<prop::sample::Index>(),
        which in any::<prop::sample::Index>(),
        set in "(/[a-z0-9/~]{0,12})?=?.{0,8}",
    ) {
        let files = bad_files();
        let mut bytes = fs::read(&files[which.index(files.len())]).expect("the file can be read");
        if !bytes.is_empty() {
            for (index, byte) in damage {
                let length = bytes.len();
                bytes[index.index(length)] = byte;
            }
            bytes.truncate(cut.index(bytes.len() * 2).max(1));
        }
        let folder = tempfile::tempdir().expect("a folder for the test");
        let file = folder.path().join("made.json");
        fs::write(&file, bytes).expect("the file can be written");
        let printed = messages_inside(&file, &[set]);
        prop_assert!(printed.is_empty() || printed.ends_with('\n'));
        prop_assert!(!printed.chars().any(|c| c.is_control() && c != '\n'), "{printed:?}");
    }
}

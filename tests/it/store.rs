//! The journal and the files of a result: what is done is kept, what is torn is dropped, what is written is whole.

use proptest::prelude::*;
use proptest::test_runner::Config;
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use tars_sim::store::{FolderLock, Key, Manifest, Outgoing, Store, StoreError, write};

const FIRST: Key = Key::Replication(0, 0);
const SECOND: Key = Key::Cell(0);
const LAST: Key = Key::Replication(1, 4);

fn journal(folder: &Path) -> PathBuf {
    folder.join(".parts/plan/journal")
}

/// A folder with a journal of three records, its bytes, and where the last record starts.
fn three_records() -> (tempfile::TempDir, Vec<u8>, usize) {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(folder.path(), "plan").unwrap();
    store.put(FIRST, b"first").unwrap();
    store.put(SECOND, b"").unwrap();
    let start = usize::try_from(fs::metadata(journal(folder.path())).unwrap().len()).unwrap();
    store.put(LAST, b"the last record").unwrap();
    drop(store);
    let bytes = fs::read(journal(folder.path())).unwrap();
    (folder, bytes, start)
}

/// Opens a journal of these bytes: its first two records must be there, the last one may not; it takes it again.
#[track_caller]
fn check_dropped(folder: &Path, bytes: &[u8]) {
    fs::write(journal(folder), bytes).unwrap();
    let store = Store::open(folder, "plan").unwrap();
    assert_eq!(store.get(FIRST).unwrap().as_deref(), Some(&b"first"[..]));
    assert_eq!(store.get(SECOND).unwrap().as_deref(), Some(&b""[..]));
    assert_eq!(store.get(LAST).unwrap(), None);
    assert_eq!((store.replications(), store.resumed()), (1, Some(FIRST)));
    store.put(LAST, b"again").unwrap();
    drop(store);
    let store = Store::open(folder, "plan").unwrap();
    assert_eq!(store.get(LAST).unwrap().as_deref(), Some(&b"again"[..]));
}

#[test]
fn a_record_torn_at_any_byte_is_dropped_and_the_others_stay() {
    let (folder, bytes, start) = three_records();
    for end in start..bytes.len() {
        check_dropped(folder.path(), &bytes[..end]);
    }
}

#[test]
fn a_record_with_any_byte_changed_is_dropped() {
    let (folder, bytes, start) = three_records();
    for place in start..bytes.len() {
        let mut changed = bytes.clone();
        changed[place] ^= 0x10;
        check_dropped(folder.path(), &changed);
    }
}

#[test]
fn a_file_that_is_no_journal_is_started_anew() {
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir_all(journal(folder.path()).parent().unwrap()).unwrap();
    for text in ["", "TARS", "something else altogether"] {
        fs::write(journal(folder.path()), text).unwrap();
        let store = Store::open(folder.path(), "plan").unwrap();
        assert_eq!((store.replications(), store.resumed()), (0, None));
        store.put(FIRST, b"x").unwrap();
        assert_eq!(store.get(FIRST).unwrap().as_deref(), Some(&b"x"[..]));
    }
}

#[test]
fn one_run_at_a_time_writes_to_a_folder() {
    let folder = tempfile::tempdir().unwrap();
    let first = Store::open(folder.path(), "plan").unwrap();
    assert!(matches!(Store::open(folder.path(), "other plan"), Err(StoreError::Busy(_))));
    drop(first);
    assert!(Store::open(folder.path(), "other plan").is_ok());
}

#[test]
fn threads_share_a_journal() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(folder.path(), "plan").unwrap();
    std::thread::scope(|scope| {
        for cell in 0..4_u32 {
            let store = &store;
            scope.spawn(move || {
                for replication in 0..50_u64 {
                    let payload =
                        vec![u8::try_from(cell).unwrap(); usize::try_from(replication).unwrap() * 7];
                    store.put(Key::Replication(cell, replication), &payload).unwrap();
                    assert_eq!(store.get(Key::Replication(cell, replication)).unwrap(), Some(payload));
                }
            });
        }
    });
    drop(store);
    let store = Store::open(folder.path(), "plan").unwrap();
    assert_eq!(store.replications(), 200);
    assert_eq!(store.get(Key::Replication(3, 2)).unwrap(), Some(vec![3; 14]));
}

#[test]
fn a_folder_below_a_file_is_a_bad_place() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("file");
    fs::write(&file, "").unwrap();
    let error = Store::open(&file.join("results"), "plan").unwrap_err();
    assert!(error.is_bad_place(), "{error}");
    assert!(error.to_string().contains("hint: choose another folder"), "{error}");
}

proptest! {
    #![proptest_config(Config { cases: 40, failure_persistence: None, ..Config::default() })]

    #[test]
    fn whatever_was_kept_is_there_after_any_loss_of_the_tail(
        records in prop::collection::vec((0_u32..4, 0_u64..4, prop::collection::vec(any::<u8>(), 0..40)), 1..12),
        lost in 0_usize..200,
    ) {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(folder.path(), "plan").unwrap();
        let mut ends = Vec::new();
        for (cell, replication, payload) in &records {
            store.put(Key::Replication(*cell, *replication), payload).unwrap();
            ends.push(fs::metadata(journal(folder.path())).unwrap().len());
        }
        drop(store);
        let whole = fs::metadata(journal(folder.path())).unwrap().len();
        let left = whole.saturating_sub(lost as u64);
        fs::OpenOptions::new().write(true).open(journal(folder.path())).unwrap().set_len(left).unwrap();
        let store = Store::open(folder.path(), "plan").unwrap();
        let mut kept = BTreeMap::new();
        for ((cell, replication, payload), _) in records.iter().zip(&ends).filter(|(_, end)| **end <= left) {
            kept.insert((*cell, *replication), payload.clone());
        }
        prop_assert_eq!(store.replications(), kept.len());
        for ((cell, replication), payload) in kept {
            prop_assert_eq!(store.get(Key::Replication(cell, replication)).unwrap(), Some(payload));
        }
    }
}

fn manifest() -> Manifest {
    Manifest {
        version: "1".to_owned(),
        name: "x".to_owned(),
        experiment: String::new(),
        plan_id: String::new(),
        seed: 1,
        quick: false,
        digest: String::new(),
        files: BTreeMap::new(),
    }
}

/// Every file below a folder, `.parts` left out.
pub(crate) fn listed(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    fn below(folder: &Path, prefix: &str, found: &mut BTreeMap<String, Vec<u8>>) {
        for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
            let name = format!("{prefix}{}", entry.file_name().to_string_lossy());
            if name == ".parts" {
                continue;
            }
            if entry.path().is_dir() {
                below(&entry.path(), &format!("{name}/"), found);
            } else {
                found.insert(name, fs::read(entry.path()).unwrap());
            }
        }
    }
    let mut found = BTreeMap::new();
    below(folder, "", &mut found);
    found
}

#[test]
fn files_of_the_result_before_go_and_files_of_others_stay() {
    let folder = tempfile::tempdir().unwrap();
    let lock = FolderLock::take(folder.path()).unwrap();
    fs::write(folder.path().join("mine.txt"), "kept").unwrap();
    let outgoing = |path, bytes| Outgoing { path, bytes };
    write(&lock, &[outgoing("a.csv", b"1"), outgoing("plots/old.svg", b"2")], manifest()).unwrap();
    write(&lock, &[outgoing("a.csv", b"3"), outgoing("plots/new.svg", b"4")], manifest()).unwrap();
    let found = listed(folder.path());
    let names: Vec<_> = found.keys().map(String::as_str).collect();
    assert_eq!(names, ["a.csv", "manifest.json", "mine.txt", "plots/new.svg"]);
    assert_eq!(found["a.csv"], b"3");
}

#[test]
fn a_replacement_that_was_cut_short_is_no_result_and_its_leftovers_go() {
    let folder = tempfile::tempdir().unwrap();
    let lock = FolderLock::take(folder.path()).unwrap();
    write(&lock, &[Outgoing { path: "old.csv", bytes: b"1" }], manifest()).unwrap();
    // As a crash right after the manifest was taken away leaves it.
    fs::rename(folder.path().join("manifest.json"), folder.path().join(".parts/before.json")).unwrap();
    write(&lock, &[Outgoing { path: "new.csv", bytes: b"2" }], manifest()).unwrap();
    assert_eq!(listed(folder.path()).keys().collect::<Vec<_>>(), ["manifest.json", "new.csv"]);
}

#[test]
fn an_output_that_would_leave_its_folder_is_refused_before_anything_is_written() {
    let folder = tempfile::tempdir().unwrap();
    let lock = FolderLock::take(folder.path()).unwrap();
    for path in ["../x", "/x", "", "a/../../x", ".parts/x", "manifest.json"] {
        let files = [Outgoing { path: "a", bytes: b"1" }, Outgoing { path, bytes: b"1" }];
        assert!(matches!(write(&lock, &files, manifest()), Err(StoreError::Name(_))), "{path:?}");
    }
    assert!(listed(folder.path()).is_empty());
}

#[test]
fn a_result_that_cannot_be_written_leaves_the_one_before() {
    let folder = tempfile::tempdir().unwrap();
    let lock = FolderLock::take(folder.path()).unwrap();
    write(&lock, &[Outgoing { path: "a", bytes: b"1" }], manifest()).unwrap();
    let before = listed(folder.path());
    // A file where a folder is needed.
    let files = [Outgoing { path: "b", bytes: b"1" }, Outgoing { path: "b/c", bytes: b"1" }];
    assert!(write(&lock, &files, manifest()).is_err());
    assert_eq!(listed(folder.path()), before);
}

//! Whole files or none: results are written beside their place, synced, and then renamed.

use super::{FolderLock, Manifest, PARTS, StoreError};
use sha2::{Digest, Sha256};
use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Component, Path};

const MANIFEST: &str = "manifest.json";
/// The manifest that was there before, while its files are being replaced.
const BEFORE: &str = "before.json";

/// One file to write: its place below the folder, with `/` between folders, and its content.
#[derive(Clone, Copy, Debug)]
pub struct Outgoing<'a> {
    /// Its place.
    pub path: &'a str,
    /// Its content.
    pub bytes: &'a [u8],
}

/// Writes a whole result into the locked folder, `manifest.json` last.
///
/// Everything is first written and synced below `.parts`; only then the old manifest goes, each file is renamed to its
/// place, and the new manifest follows. A failure before that leaves the earlier result as it was; a crash after it
/// leaves a folder without a manifest, which is not taken for a result. Files of the earlier result that this one does
/// not have are removed; files that no manifest names are left alone.
pub fn write(lock: &FolderLock, files: &[Outgoing<'_>], mut manifest: Manifest) -> Result<(), StoreError> {
    let folder = lock.folder();
    if let Some(file) = files.iter().find(|file| !stays_inside(file.path)) {
        return Err(StoreError::Name(file.path.to_owned()));
    }
    manifest.files = files.iter().map(|file| (file.path.to_owned(), hex_sha256(file.bytes))).collect();
    let fresh = folder.join(PARTS).join("new");
    let staged = stage(&fresh, files, &manifest);
    if staged.is_err() {
        // Nothing of it is used; a next try starts with an empty folder.
        let _ = fs::remove_dir_all(&fresh);
    }
    staged?;
    let stale = retire(folder)?;
    for file in files {
        rename(&fresh.join(file.path), &folder.join(file.path))?;
    }
    for path in stale.iter().filter(|path| !manifest.files.contains_key(*path)) {
        remove(folder, path)?;
    }
    rename(&fresh.join(MANIFEST), &folder.join(MANIFEST))?;
    sync_folder(folder);
    let leftovers = [fresh, folder.join(PARTS).join(BEFORE)];
    // The result is whole; what is left below `.parts` is overwritten by a next run.
    let _ = fs::remove_dir_all(&leftovers[0]);
    let _ = fs::remove_file(&leftovers[1]);
    Ok(())
}

/// Writes and syncs every file below `fresh`.
fn stage(fresh: &Path, files: &[Outgoing<'_>], manifest: &Manifest) -> Result<(), StoreError> {
    match fs::remove_dir_all(fresh) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(StoreError::at(fresh, error)),
        Ok(()) | Err(_) => {}
    }
    for file in files {
        write_synced(&fresh.join(file.path), file.bytes)?;
    }
    let mut text = serde_json::to_vec_pretty(manifest).expect("a manifest is plain text and numbers");
    text.push(b'\n');
    write_synced(&fresh.join(MANIFEST), &text)
}

fn write_synced(path: &Path, bytes: &[u8]) -> Result<(), StoreError> {
    let written = || {
        fs::create_dir_all(path.parent().unwrap_or(path))?;
        let mut file = File::create(path)?;
        file.write_all(bytes)?;
        file.sync_all()
    };
    written().map_err(|error| StoreError::at(path, error))
}

/// Takes the old manifest away and says which files it named; also those of a manifest that an unfinished
/// replacement had taken away.
fn retire(folder: &Path) -> Result<BTreeSet<String>, StoreError> {
    let before = folder.join(PARTS).join(BEFORE);
    let manifest = folder.join(MANIFEST);
    let mut stale = named(&before);
    stale.extend(named(&manifest));
    if manifest.exists() {
        rename(&manifest, &before)?;
        sync_folder(folder);
    }
    Ok(stale)
}

/// The files that a manifest names, none if there is no such manifest.
fn named(manifest: &Path) -> BTreeSet<String> {
    let read = fs::read(manifest).ok().and_then(|bytes| serde_json::from_slice::<Manifest>(&bytes).ok());
    read.into_iter().flat_map(|manifest| manifest.files.into_keys()).collect()
}

fn rename(from: &Path, to: &Path) -> Result<(), StoreError> {
    let moved = || {
        fs::create_dir_all(to.parent().unwrap_or(to))?;
        fs::rename(from, to)
    };
    moved().map_err(|error| StoreError::at(to, error))
}

fn remove(folder: &Path, path: &str) -> Result<(), StoreError> {
    if !stays_inside(path) {
        return Ok(());
    }
    let path = folder.join(path);
    match fs::remove_file(&path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(StoreError::at(&path, error)),
        Ok(()) | Err(_) => Ok(()),
    }
}

/// Renames outlive a loss of power once their folder is synced. Not every system can sync a folder, and none needs it
/// for a result to be whole.
fn sync_folder(folder: &Path) {
    if let Ok(folder) = File::open(folder) {
        let _ = folder.sync_all();
    }
}

fn stays_inside(path: &str) -> bool {
    let mut parts = Path::new(path).components().peekable();
    parts.peek().is_some()
        && !path.starts_with(PARTS)
        && path != MANIFEST
        && parts.all(|part| matches!(part, Component::Normal(_)))
}

fn hex_sha256(bytes: &[u8]) -> String {
    super::hex(&Sha256::digest(bytes))
}

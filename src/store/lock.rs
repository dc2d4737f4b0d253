//! One run at a time writes to a folder.

use super::{PARTS, StoreError};
use std::fs::{self, File, OpenOptions, TryLockError};
use std::path::{Path, PathBuf};

/// The right to write to a folder of results.
///
/// It is given back when it is dropped; the system takes it back when the process ends, however that happens.
#[derive(Debug)]
pub struct FolderLock {
    folder: PathBuf,
    file: File,
}

impl FolderLock {
    /// Takes the lock of `folder`, which is made if needed.
    pub fn take(folder: &Path) -> Result<Self, StoreError> {
        let parts = folder.join(PARTS);
        let path = parts.join("lock");
        let opened = fs::create_dir_all(&parts)
            .and_then(|()| OpenOptions::new().create(true).truncate(false).write(true).open(&path));
        let file = opened.map_err(|error| StoreError::at(folder, error))?;
        match file.try_lock() {
            Ok(()) => Ok(Self { folder: folder.to_owned(), file }),
            Err(TryLockError::WouldBlock) => Err(StoreError::Busy(folder.to_owned())),
            Err(TryLockError::Error(error)) => Err(StoreError::at(&path, error)),
        }
    }

    /// The folder.
    pub fn folder(&self) -> &Path {
        &self.folder
    }
}

impl Drop for FolderLock {
    fn drop(&mut self) {
        // A process that is being started beside this one has a copy of the open file until it runs, and the lock would live as
        // long. An error changes nothing: the file is closed next.
        let _ = self.file.unlock();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_copy_of_the_open_file_does_not_keep_the_lock() {
        let folder = tempfile::tempdir().expect("a folder");
        let lock = FolderLock::take(folder.path()).expect("nobody has it");
        let copy = lock.file.try_clone().expect("a copy");
        assert!(matches!(FolderLock::take(folder.path()), Err(StoreError::Busy(_))));
        drop(lock);
        FolderLock::take(folder.path()).expect("it was given back");
        drop(copy);
    }
}

//! Why something could not be kept.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

/// Why something could not be kept, and what to do about it.
#[derive(Debug)]
pub enum StoreError {
    /// Another run holds the lock of this folder.
    Busy(PathBuf),
    /// The folder cannot be made or written.
    Unwritable(PathBuf, io::Error),
    /// A file could not be written or read: the disk is full, or the medium fails.
    Failed(PathBuf, io::Error),
    /// A name of an output that leaves its folder.
    Name(String),
}

impl StoreError {
    /// What `error` means at `path`: a folder that may not be written, or a file that cannot be.
    pub(super) fn at(path: &Path, error: io::Error) -> Self {
        use io::ErrorKind::{
            AlreadyExists, InvalidFilename, InvalidInput, NotADirectory, NotFound, PermissionDenied,
            ReadOnlyFilesystem,
        };
        let bad_place = matches!(
            error.kind(),
            PermissionDenied
                | ReadOnlyFilesystem
                | NotADirectory
                | AlreadyExists
                | InvalidInput
                | InvalidFilename
                | NotFound
        );
        let path = path.to_owned();
        if bad_place { Self::Unwritable(path, error) } else { Self::Failed(path, error) }
    }

    /// Whether the place was badly chosen, rather than that something broke on the way.
    pub const fn is_bad_place(&self) -> bool {
        match self {
            Self::Busy(_) | Self::Unwritable(..) | Self::Name(_) => true,
            Self::Failed(..) => false,
        }
    }
}

impl fmt::Display for StoreError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Busy(folder) => {
                writeln!(f, "another run is writing to {}", folder.display())?;
                write!(f, "  hint: wait for it, or choose another folder with `--out`")
            }
            Self::Unwritable(path, error) => {
                writeln!(f, "cannot write to {}: {error}", path.display())?;
                write!(f, "  hint: choose another folder with `--out`")
            }
            Self::Failed(path, error) => {
                writeln!(f, "cannot write {}: {error}", path.display())?;
                write!(f, "  hint: make room; the same command goes on from what is already kept")
            }
            Self::Name(name) => write!(f, "{name:?} is no name of an output: it would leave its folder"),
        }
    }
}

impl std::error::Error for StoreError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Unwritable(_, error) | Self::Failed(_, error) => Some(error),
            Self::Busy(_) | Self::Name(_) => None,
        }
    }
}

//! `init`: a small experiment to start from.

use super::{Failure, print};
use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::path::Path;

const NAME: &str = "starter.json";
const STARTER: &str = include_str!("init/starter.json");

/// Writes the starter into `folder`, never over a file that is there.
pub(super) fn init(folder: &Path) -> Result<(), Failure> {
    let path = folder.join(NAME);
    let written = fs::create_dir_all(folder)
        .and_then(|()| OpenOptions::new().write(true).create_new(true).open(&path))
        .and_then(|mut file| file.write_all(STARTER.as_bytes()));
    match written {
        Ok(()) => print(
            format!("wrote {0}; try `tars-sim check {0}`, then `tars-sim sweep {0}`\n", path.display())
                .as_bytes(),
        ),
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Err(Failure::usage(format!(
            "error: {} is there already\n  hint: name another folder, or move it away",
            path.display()
        ))),
        Err(error) => Err(Failure::usage(format!("error: cannot write {}: {error}", path.display()))),
    }
}

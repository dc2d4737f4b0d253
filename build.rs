//! Puts a copy of every file under `models/` into the binary, so that an installed tars-sim finds its parts.

use std::path::{Path, PathBuf};
use std::{env, fs, io};

fn main() -> io::Result<()> {
    let root = PathBuf::from(env::var_os("CARGO_MANIFEST_DIR").ok_or(io::ErrorKind::NotFound)?);
    let out = PathBuf::from(env::var_os("OUT_DIR").ok_or(io::ErrorKind::NotFound)?);
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-changed=models");
    let models = root.join("models");
    let mut names = Vec::new();
    if models.is_dir() {
        collect(&models, "", &mut names)?;
    }
    names.sort_unstable();
    fs::write(out.join("models.rs"), table(&models, &names))
}

/// The names of all JSON files below `folder`, without their extension.
fn collect(folder: &Path, prefix: &str, names: &mut Vec<String>) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let Ok(file_name) = entry.file_name().into_string() else { continue };
        if entry.file_type()?.is_dir() {
            collect(&entry.path(), &format!("{prefix}{file_name}/"), names)?;
        } else if let Some(stem) = file_name.strip_suffix(".json") {
            names.push(format!("{prefix}{stem}"));
        }
    }
    Ok(())
}

fn table(models: &Path, names: &[String]) -> String {
    let mut table = "&[\n".to_owned();
    for name in names {
        let file = models.join(format!("{name}.json"));
        let row = format!("    ({name:?}, include_str!({:?})),\n", file.display().to_string());
        table.push_str(&row);
    }
    table + "]\n"
}

//! Puts a copy of every file under `models/` into the binary, so that an installed tars-sim finds its parts, and the
//! digest of the sources that decide a result, so that no run goes on from what other code has computed.

use sha2::{Digest, Sha256};
use std::path::{Path, PathBuf};
use std::{env, fs, io};

/// Whatever decides what a replication gives; a folder stands for all that is below it.
const DECISIVE: [&str; 18] = [
    "Cargo.lock",
    "crates/tars-policy/src",
    "src/engine",
    "src/engine.rs",
    "src/experiment",
    "src/experiment.rs",
    "src/model",
    "src/model.rs",
    "src/random",
    "src/random.rs",
    "src/runner",
    "src/runner.rs",
    "src/sim",
    "src/sim.rs",
    "src/stats",
    "src/stats.rs",
    "src/tally",
    "src/tally.rs",
];

/// Folders of experiments that no published figure rests on.
const EXPERIMENTS_APART: [&str; 2] = ["experiments/replays/", "experiments/theory/"];

/// What the committed fit found.
const FIT: &str = "outputs/published/fit.txt";

/// The folder of published figures below `models/`, which holds no parts.
const PUBLISHED: &str = "published/";

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
    let (published, parts): (Vec<_>, Vec<_>) =
        names.into_iter().partition(|name| name.starts_with(PUBLISHED));
    fs::write(out.join("models.rs"), table(&models, &parts))?;
    fs::write(out.join("published.rs"), published_table(&root, &published)?)?;
    let mut sources = Sha256::new();
    for path in DECISIVE {
        println!("cargo::rerun-if-changed={path}");
        digest(&root, path, &mut sources)?;
    }
    print!("cargo::rustc-env=TARS_SIM_SOURCES=");
    sources.finalize().iter().for_each(|byte| print!("{byte:02x}"));
    println!();
    Ok(())
}

/// Takes in a file, or every file of a folder in the order of their names; a carriage return at a line's end does not
/// count, as some checkouts add it.
fn digest(root: &Path, path: &str, sources: &mut Sha256) -> io::Result<()> {
    let place = root.join(path);
    if place.is_dir() {
        let mut names: Vec<_> = fs::read_dir(&place)?.collect::<Result<_, _>>()?;
        names.sort_unstable_by_key(fs::DirEntry::file_name);
        for entry in names {
            digest(root, &format!("{path}/{}", entry.file_name().to_string_lossy()), sources)?;
        }
        return Ok(());
    }
    let text: Vec<u8> = fs::read(&place)?.into_iter().filter(|&byte| byte != b'\r').collect();
    sources.update(format!("{path}\0{}\0", text.len()));
    sources.update(&text);
    Ok(())
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

/// The published figures with what is said of them, and the experiments that it is said from, by their paths.
fn published_table(root: &Path, published: &[String]) -> io::Result<String> {
    println!("cargo::rerun-if-changed=experiments");
    let mut paths: Vec<String> = published.iter().map(|name| format!("models/{name}")).collect();
    let mut experiments = Vec::new();
    collect(&root.join("experiments"), "experiments/", &mut experiments)?;
    paths.extend(
        experiments.into_iter().filter(|name| !EXPERIMENTS_APART.iter().any(|apart| name.starts_with(apart))),
    );
    paths.sort_unstable();
    let mut table = "&[\n".to_owned();
    for path in paths {
        let file = root.join(format!("{path}.json")).display().to_string();
        let row = format!("    ({:?}, include_str!({file:?})),\n", format!("{path}.json"));
        table.push_str(&row);
    }
    let fit = root.join(FIT);
    println!("cargo::rerun-if-changed={FIT}");
    if fit.is_file() {
        let row = format!("    ({FIT:?}, include_str!({:?})),\n", fit.display().to_string());
        table.push_str(&row);
    }
    Ok(table + "]\n")
}

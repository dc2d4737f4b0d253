//! Where the figures, the rules and the experiments are read from: the nearest folder that has them, or the binary.

use super::figure::{Document, Figure};
use super::rule::{CellSpec, Rule, RuleFile};
use super::table::TableSpec;
use indexmap::IndexMap;
use std::path::{Path, PathBuf};

/// The files in the binary, by their paths below the root of the repository, sorted.
const EMBEDDED: &[(&str, &str)] = include!(concat!(env!("OUT_DIR"), "/published.rs"));

/// The files that `reproduce` reads.
#[derive(Clone, Debug, Default)]
pub struct Shelf {
    /// The folder that has `models/published`; without one, all is taken from the binary.
    root: Option<PathBuf>,
}

/// All that is said of the published figures.
#[derive(Clone, Debug)]
pub struct Published {
    /// The figures, in the order of the documents.
    pub figures: Vec<Figure>,
    /// What is said of them.
    pub rules: Vec<Rule>,
    /// The configurations that are simulated.
    pub cells: IndexMap<String, CellSpec>,
    /// What is asked of all of it together.
    pub tables: Vec<TableSpec>,
    /// What the committed fit found, as it was printed.
    pub fit: String,
}

impl Shelf {
    /// The files of the nearest folder at or above `start` that has them, or those in the binary.
    pub fn near(start: &Path) -> Self {
        let has = |folder: &&Path| folder.join("models/published/figures").is_dir();
        Self { root: start.ancestors().find(has).map(Path::to_owned) }
    }

    /// The files in the binary.
    pub const fn built_in() -> Self {
        Self { root: None }
    }

    /// The text of a file, by its path below the root.
    ///
    /// # Errors
    /// Where there is none.
    pub fn text(&self, path: &str) -> Result<String, String> {
        if let Some(root) = &self.root {
            return std::fs::read_to_string(root.join(path)).map_err(|error| format!("{path}: {error}"));
        }
        let found = EMBEDDED.iter().find(|(name, _)| *name == path);
        found.map(|(_, text)| (*text).to_owned()).ok_or_else(|| format!("{path}: there is no such file"))
    }

    /// Where an experiment's parts are looked for.
    pub fn place(&self, path: &str) -> PathBuf {
        self.root.as_ref().map_or_else(|| PathBuf::from(path), |root| root.join(path))
    }

    /// The names of the JSON files in a folder, sorted.
    fn list(&self, folder: &str) -> Vec<String> {
        let Some(root) = &self.root else {
            let inside = EMBEDDED.iter().map(|(name, _)| *name).filter(|name| name.starts_with(folder));
            return inside.map(str::to_owned).collect();
        };
        let entries = std::fs::read_dir(root.join(folder)).into_iter().flatten().flatten();
        let mut names: Vec<String> = entries
            .filter_map(|entry| entry.file_name().into_string().ok())
            .filter(|name| Path::new(name).extension().is_some_and(|end| end == "json"))
            .map(|name| format!("{folder}/{name}"))
            .collect();
        names.sort_unstable();
        names
    }

    /// Reads the figures and everything that is said of them.
    ///
    /// # Errors
    /// With the file and what is wrong in it.
    pub fn read(&self) -> Result<Published, String> {
        let mut figures = Vec::new();
        for path in self.list("models/published/figures") {
            let document: Document = parse(&path, &self.text(&path)?)?;
            figures.extend(document.figures());
        }
        let mut rules = Vec::new();
        for path in self.list("models/published/verdicts") {
            let file: RuleFile = parse(&path, &self.text(&path)?)?;
            rules.extend(file.rules);
        }
        let path = "models/published/cells.json";
        let cells = parse(path, &self.text(path)?)?;
        let path = "models/published/tables.json";
        let tables = parse(path, &self.text(path)?)?;
        let fit = self.text("outputs/published/fit.txt").unwrap_or_default();
        Ok(Published { figures, rules, cells, tables, fit })
    }
}

fn parse<'a, T: serde::Deserialize<'a>>(path: &str, text: &'a str) -> Result<T, String> {
    serde_json::from_str(text).map_err(|error| format!("{path}: {error}"))
}

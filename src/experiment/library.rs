//! Parts that experiments share: `{"use": "providers/claude-haiku"}`, their overrides, and the figures they bring.
//!
//! A part is looked for in the folder `models/` of the nearest folder above the experiment that has one, then among
//! the copies in the binary. A model file is an object with
//!
//! - `about`: what it is, in a sentence;
//! - `part`: the part itself, which may use other parts;
//! - `figures`: for each pointer into the part, its [`Mark`] and source.
//!
//! # Overrides
//!
//! The other members of an object with `use` override the part's, by these rules ([`merge`]):
//!
//! 1. Two objects are merged member by member; members that only one side has are kept.
//! 2. Two objects with one member each that name different choices of one kind (`{"poisson": …}` and `{"renewal": …}`):
//!    the override replaces the part's.
//! 3. An override that is itself a `use` replaces what it overrides.
//! 4. Anything else, lists and `null` among it, replaces.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path as FilePath, PathBuf};
use std::sync::Arc;

use super::decode::Fields;
use super::diagnostic::{At, Diagnostics};
use super::name::check_part;
use super::note::strip_notes;
use super::path::{Path, PathPart};
use super::source::{FileId, Origin, Place};
use super::text::{self, MAX_BYTES};
use super::tree::{Extent, MAX_DEPTH, Member, Members, Node, Tree, parse};

mod choices;
mod figure;
mod merge;

pub use choices::Choices;
pub use figure::{Assumption, FigureSpec, Mark, ModelSpec, Replaced};
pub use merge::merge;

pub(in crate::experiment) use figure::declare;
use figure::overridden;

/// The key that names a part.
pub const USE: &str = "use";

/// Model files in the binary, sorted by name.
pub const EMBEDDED: &[(&str, &str)] = include!(concat!(env!("OUT_DIR"), "/models.rs"));

/// Values that parts may bring into one file; parts that use each other twice and twice again double every time.
pub const MAX_BROUGHT: usize = 200_000;

/// Folders below `models/` that are looked into, and names that are listed.
const MAX_FOLDER_DEPTH: usize = 8;
const MAX_KNOWN: usize = 10_000;

/// The parts that one experiment can use; each is read once.
#[derive(Debug)]
pub struct Library {
    folder: Option<PathBuf>,
    parts: BTreeMap<String, Option<Arc<Part>>>,
    choices: Choices,
}

/// A part with all its own parts put in.
#[derive(Debug)]
struct Part {
    tree: Tree,
    extent: Extent,
    assumptions: Vec<Assumption>,
}

/// A tree with its parts put in, and the figures that came with them.
#[derive(Clone, Debug)]
pub struct Resolved {
    /// The tree, without `use`.
    pub tree: Tree,
    /// The figures of the parts, by their paths in the tree.
    pub assumptions: Vec<Assumption>,
}

impl Library {
    /// The parts in reach of the experiment file `experiment`.
    pub fn near(experiment: &FilePath) -> Self {
        Self {
            folder: nearest_models(experiment),
            parts: BTreeMap::new(),
            choices: Choices::of_experiments(),
        }
    }

    /// Puts the parts into `tree`, whose notes are gone already; `file` is the name that overrides are told under.
    pub fn resolve(&mut self, tree: Tree, file: &str, diagnostics: &mut Diagnostics) -> Resolved {
        Resolver { library: self, chain: Vec::new(), depth: 0, diagnostics }.file(tree, file)
    }

    /// The names of all parts, sorted.
    pub fn names(&self) -> Vec<String> {
        let mut names: Vec<String> = EMBEDDED.iter().map(|(name, _)| (*name).to_owned()).collect();
        if let Some(folder) = &self.folder {
            list(folder, "", 0, &mut names);
        }
        names.sort_unstable();
        names.dedup();
        names
    }

    /// Opens the model file of the part `name`, which is used at `at`.
    fn open(&self, name: &str, at: &At, diagnostics: &mut Diagnostics) -> Option<FileId> {
        let path = self.folder.as_ref().map(|folder| folder.join(format!("{name}.json")));
        if let Some(path) = path.filter(|path| path.is_file()) {
            return text::read(&path, &format!("models/{name}.json"), diagnostics);
        }
        let Some((_, text)) = EMBEDDED.iter().find(|(embedded, _)| *embedded == name) else {
            diagnostics.no_such_part(at.clone(), name, &self.names());
            return None;
        };
        let shown = format!("models/{name}.json (built in)");
        Some(diagnostics.sources_mut().add(shown, Origin::File, *text))
    }
}

struct Resolver<'a> {
    library: &'a mut Library,
    /// The parts being read, outermost first.
    chain: Vec<String>,
    /// Levels and uses above the value being resolved, over all files of the chain: bounds the recursion.
    depth: usize,
    diagnostics: &'a mut Diagnostics,
}

/// What is gathered while the tree of one file is resolved.
struct Gathered<'f> {
    file: &'f str,
    /// What parts have brought.
    brought: Extent,
    assumptions: Vec<Assumption>,
}

impl Resolver<'_> {
    fn file(&mut self, tree: Tree, file: &str) -> Resolved {
        let mut gathered = Gathered { file, brought: Extent::default(), assumptions: Vec::new() };
        let tree = self.tree(tree, &mut Path::root(), &mut gathered);
        Resolved { tree, assumptions: gathered.assumptions }
    }

    fn tree(&mut self, tree: Tree, path: &mut Path, gathered: &mut Gathered<'_>) -> Tree {
        let Tree { value, place } = tree;
        if self.depth > MAX_DEPTH {
            let name = self.chain.last().cloned().unwrap_or_default();
            self.diagnostics.parts_too_large(At::new(place, path.clone()), &name);
            return Tree::broken(place);
        }
        self.depth += 1;
        let resolved = match value {
            Node::Object(members) if members.contains_key(USE) => self.used(members, place, path, gathered),
            value @ (Node::Null | Node::Bool(_) | Node::Number(_) | Node::String(_) | Node::Broken) => {
                Tree::new(value, place)
            }
            value @ (Node::Array(_) | Node::Object(_)) => self.below(Tree::new(value, place), path, gathered),
        };
        self.depth -= 1;
        resolved
    }

    /// Resolves the members or entries of a tree that is itself no `use`.
    fn below(&mut self, tree: Tree, path: &mut Path, gathered: &mut Gathered<'_>) -> Tree {
        let node = match tree.value {
            Node::Object(members) => Node::Object(
                members
                    .into_iter()
                    .map(|(key, member)| {
                        path.push(PathPart::Key(key.clone()));
                        let tree = self.tree(member.tree, path, gathered);
                        path.pop();
                        (key, Member { key: member.key, tree })
                    })
                    .collect(),
            ),
            Node::Array(entries) => Node::Array(
                entries
                    .into_iter()
                    .enumerate()
                    .map(|(index, entry)| {
                        path.push(PathPart::Index(index));
                        let tree = self.tree(entry, path, gathered);
                        path.pop();
                        tree
                    })
                    .collect(),
            ),
            scalar @ (Node::Null | Node::Bool(_) | Node::Number(_) | Node::String(_) | Node::Broken) => {
                scalar
            }
        };
        Tree::new(node, tree.place)
    }

    /// Puts in the part that an object names, its other members over it.
    fn used(
        &mut self,
        mut overrides: Members,
        place: Place,
        path: &mut Path,
        gathered: &mut Gathered<'_>,
    ) -> Tree {
        let Some(member) = overrides.shift_remove(USE) else { return Tree::broken(place) };
        let at = At::new(member.tree.place, path.key(USE));
        let Some(name) = member.tree.text() else {
            if !member.tree.is_broken() {
                self.diagnostics.use_not_a_name(at, &member.tree);
            }
            return Tree::broken(place);
        };
        let Some(part) = self.part(name, &at) else { return Tree::broken(place) };
        if !fits(&mut gathered.brought, part.extent, path.len()) {
            self.diagnostics.parts_too_large(at, name);
            return Tree::broken(place);
        }
        if overrides.is_empty() {
            gathered.assumptions.extend(part.assumptions.iter().map(|assumption| assumption.below(path)));
            return Tree::new(part.tree.value.clone(), place);
        }
        if part.tree.members().is_none() {
            self.diagnostics.nothing_to_override(at, name, &part.tree);
            return Tree::broken(place);
        }
        let merged =
            merge(part.tree.clone(), Tree::new(Node::Object(overrides), place), &self.library.choices);
        let kept = part.assumptions.iter();
        let kept = kept.filter_map(|assumption| overridden(assumption, &part.tree, &merged, gathered.file));
        gathered.assumptions.extend(kept.map(|assumption| assumption.below(path)));
        self.below(merged, path, gathered)
    }

    /// The part `name`, read and resolved once.
    fn part(&mut self, name: &str, at: &At) -> Option<Arc<Part>> {
        if let Err(problem) = check_part(name) {
            self.diagnostics.bad_part_name(at.clone(), name, problem);
            return None;
        }
        if let Some(start) = self.chain.iter().position(|outer| outer == name) {
            let mut cycle = self.chain[start..].to_vec();
            cycle.push(name.to_owned());
            self.diagnostics.cyclic_use(at.clone(), &cycle);
            return None;
        }
        if let Some(known) = self.library.parts.get(name) {
            return known.clone();
        }
        let opened = self.library.open(name, at, self.diagnostics);
        self.chain.push(name.to_owned());
        let part = opened.and_then(|file| self.read(file, name)).map(Arc::new);
        self.chain.pop();
        self.library.parts.insert(name.to_owned(), part.clone());
        part
    }

    /// Reads a model file.
    fn read(&mut self, file: FileId, name: &str) -> Option<Part> {
        let tree = parse(file, self.diagnostics)?;
        let root = Path::root();
        let mut fields = Fields::of(&tree, &root, self.diagnostics)?;
        fields.optional::<String>("$schema", self.diagnostics);
        fields.required::<String>("about", self.diagnostics);
        let figures = fields.tree("figures");
        let part = fields.required_tree("part", self.diagnostics);
        let part_path = fields.path("part");
        fields.finish(self.diagnostics);
        let mut part = part?.clone();
        strip_notes(&mut part, &part_path, self.diagnostics);
        let resolved = self.file(part, &format!("models/{name}.json"));
        let mut assumptions = resolved.assumptions;
        if let Some(figures) = figures {
            let path = root.key("figures");
            declare(&mut assumptions, figures, &path, &resolved.tree, Some(name), self.diagnostics);
        }
        Some(Part { extent: resolved.tree.extent(), tree: resolved.tree, assumptions })
    }
}

/// Adds a part at `depth` to what parts have brought; says whether that is within the limits.
fn fits(sum: &mut Extent, part: Extent, depth: usize) -> bool {
    sum.values += part.values;
    sum.text += part.text;
    sum.values <= MAX_BROUGHT && sum.text as u64 <= MAX_BYTES && depth + part.height <= MAX_DEPTH
}

/// The folder `models/` of the nearest folder above `file` that has one.
fn nearest_models(file: &FilePath) -> Option<PathBuf> {
    let whole = std::path::absolute(file).ok()?;
    whole.ancestors().skip(1).map(|folder| folder.join("models")).find(|models| models.is_dir())
}

/// Adds the names of all parts below `folder`; what cannot be read is left out.
fn list(folder: &FilePath, prefix: &str, depth: usize, names: &mut Vec<String>) {
    let Ok(entries) = fs::read_dir(folder) else { return };
    for entry in entries.flatten() {
        if names.len() >= MAX_KNOWN {
            return;
        }
        let (Ok(file_name), Ok(kind)) = (entry.file_name().into_string(), entry.file_type()) else {
            continue;
        };
        if kind.is_dir() && depth < MAX_FOLDER_DEPTH {
            list(&entry.path(), &format!("{prefix}{file_name}/"), depth + 1, names);
        } else if let Some(stem) = file_name.strip_suffix(".json") {
            names.push(format!("{prefix}{stem}"));
        }
    }
}

#[cfg(test)]
mod tests {
    use tempfile::TempDir;

    use super::*;

    /// A folder with an experiment and these model files.
    fn folder(models: &[(&str, &str)]) -> TempDir {
        let folder = tempfile::tempdir().expect("a folder for the test");
        for (name, text) in models {
            let file = folder.path().join(format!("models/{name}.json"));
            fs::create_dir_all(file.parent().expect("a file has a folder")).expect("the folder can be made");
            fs::write(file, text).expect("the file can be written");
        }
        folder
    }

    fn resolve(folder: &TempDir, text: &str) -> (Resolved, Diagnostics) {
        let mut diagnostics = Diagnostics::new();
        let file = diagnostics.sources_mut().add("x.json", Origin::File, text);
        let tree = parse(file, &mut diagnostics).expect("the text is JSON");
        let mut library = Library::near(&folder.path().join("deep/down/x.json"));
        (library.resolve(tree, "x.json", &mut diagnostics), diagnostics)
    }

    #[track_caller]
    fn check(models: &[(&str, &str)], text: &str, expected: &str) {
        let (resolved, diagnostics) = resolve(&folder(models), text);
        assert_eq!(diagnostics.to_string(), "");
        assert_eq!(resolved.tree.to_json().to_string(), expected);
    }

    const MODEL: (&str, &str) = (
        "providers/plain",
        r#"{"about": "a provider", "figures": {"/rate": {"mark": "published", "source": "document 000"},
            "/law/deterministic": {"mark": "assumed", "source": "a guess"}},
            "part": {"note": "not read", "rate": 5, "law": {"deterministic": 2}}}"#,
    );
    const OUTER: (&str, &str) = (
        "systems/outer",
        r#"{"about": "a system", "part": {"provider": {"use": "providers/plain", "rate": 6}}}"#,
    );

    #[test]
    fn a_part_is_put_in_with_its_overrides() {
        check(
            &[MODEL],
            r#"{"p": [{"use": "providers/plain", "rate": 9, "law": {"exponential": 1}}]}"#,
            r#"{"p":[{"rate":9,"law":{"exponential":1}}]}"#,
        );
    }

    #[test]
    fn parts_use_parts() {
        check(
            &[MODEL, OUTER],
            r#"{"s": {"use": "systems/outer", "provider": {"law": {"deterministic": 3}}}}"#,
            r#"{"s":{"provider":{"rate":6,"law":{"deterministic":3}}}}"#,
        );
    }

    #[test]
    fn a_part_in_an_override_replaces_the_one_it_overrides() {
        let other = ("other", r#"{"about": "another", "part": {"speed": 1}}"#);
        check(
            &[MODEL, OUTER, other],
            r#"{"use": "systems/outer", "provider": {"use": "other"}}"#,
            r#"{"provider":{"speed":1}}"#,
        );
    }

    #[test]
    fn figures_travel_to_where_their_part_is_used() {
        let (resolved, _) = resolve(&folder(&[MODEL]), r#"{"p": {"use": "providers/plain"}}"#);
        let told: Vec<_> = resolved
            .assumptions
            .iter()
            .map(|found| (found.path.to_pointer(), found.mark, found.source.as_str()))
            .collect();
        let expected = [
            ("/p/rate".to_owned(), Mark::Published, "document 000"),
            ("/p/law/deterministic".to_owned(), Mark::Assumed, "a guess"),
        ];
        assert_eq!(told, expected);
    }

    #[test]
    fn an_overridden_figure_is_set_here_and_a_replaced_choice_takes_its_figures_along() {
        let text = r#"{"p": {"use": "providers/plain", "rate": 5, "law": {"exponential": 1}}}"#;
        let (resolved, _) = resolve(&folder(&[MODEL]), text);
        let [rate] = resolved.assumptions.as_slice() else { panic!("{:?}", resolved.assumptions) };
        assert_eq!((rate.mark, rate.source.as_str()), (Mark::SetHere, "x.json"));
        let replaced = rate.replaced.as_ref().expect("it was published before");
        assert_eq!((replaced.mark, replaced.value.clone()), (Mark::Published, 5.into()));
    }

    #[test]
    fn a_figure_overridden_twice_remembers_what_the_part_said() {
        let text = r#"{"use": "systems/outer", "provider": {"rate": 7}}"#;
        let (resolved, _) = resolve(&folder(&[MODEL, OUTER]), text);
        let rate = resolved.assumptions.iter().find(|found| found.path.to_pointer() == "/provider/rate");
        let rate = rate.expect("the figure is there");
        assert_eq!((rate.source.as_str(), rate.value.clone()), ("x.json", 7.into()));
        assert_eq!(rate.replaced.as_ref().map(|replaced| replaced.mark), Some(Mark::Published));
    }

    #[test]
    fn parts_that_double_and_double_are_refused_in_time() {
        let models: Vec<(String, String)> = (0..40)
            .map(|level| {
                let below =
                    if level == 0 { "1".to_owned() } else { format!(r#"{{"use": "d{}"}}"#, level - 1) };
                (
                    format!("d{level}"),
                    format!(r#"{{"about": "twice", "part": {{"a": {below}, "b": {below}}}}}"#),
                )
            })
            .collect();
        let models: Vec<_> = models.iter().map(|(name, text)| (name.as_str(), text.as_str())).collect();
        let (resolved, diagnostics) = resolve(&folder(&models), r#"{"use": "d39"}"#);
        assert!(resolved.tree.is_broken());
        assert!(diagnostics.to_string().contains("the experiment becomes too large"), "{diagnostics}");
    }

    #[test]
    fn a_long_chain_of_parts_does_not_overflow_the_stack() {
        let models: Vec<(String, String)> = (0..500)
            .map(|link| {
                (format!("c{link}"), format!(r#"{{"about": "x", "part": {{"use": "c{}"}}}}"#, link + 1))
            })
            .collect();
        let models: Vec<_> = models.iter().map(|(name, text)| (name.as_str(), text.as_str())).collect();
        let (resolved, diagnostics) = resolve(&folder(&models), r#"{"use": "c0"}"#);
        assert!(resolved.tree.is_broken());
        assert_eq!(diagnostics.error_count(), 1, "{diagnostics}");
    }

    #[test]
    fn a_model_file_is_as_its_schema_tells() {
        for (name, text) in [MODEL, OUTER].iter().chain(EMBEDDED) {
            let read: Result<ModelSpec, _> = serde_json::from_str(text);
            assert!(read.is_ok(), "{name}: {read:?}");
        }
    }

    #[test]
    fn every_part_in_the_binary_can_be_used() {
        let folder = folder(&[]);
        for (name, _) in EMBEDDED {
            let (resolved, diagnostics) = resolve(&folder, &format!(r#"{{"use": "{name}"}}"#));
            assert_eq!(diagnostics.to_string(), "", "{name}");
            assert!(!resolved.tree.is_broken(), "{name}");
        }
    }
}

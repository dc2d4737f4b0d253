//! A file → the merged tree and the cells to run: everything before a component is decoded.

use std::path::Path as FilePath;

use super::decode::decode_map;
use super::diagnostic::{At, Diagnostics};
use super::library::{Assumption, FigureSpec, Library, Resolved, declare};
use super::name::check_experiment;
use super::note::strip_notes;
use super::path::Path;
use super::pointer::{Inside, Missing, Pointer, put};
use super::source::{Origin, Place};
use super::sweep::{CellSpec, expand};
use super::text;
use super::tree::{Member, Node, Tree, parse};

/// An experiment as it was read: one tree without `use`, notes and figures, and the cells it is run in.
#[derive(Clone, Debug)]
pub struct Loaded {
    /// The merged tree after every `--set`, without `$schema`, `figures` and `sweep`.
    pub base: Tree,
    /// What is run, in order: one cell at least, if there was no error.
    pub cells: Vec<CellSpec>,
    /// The figures that the experiment rests on, ordered by their paths.
    pub assumptions: Vec<Assumption>,
    /// Canonical JSON of the merged tree with its sweep: equal for files that differ only in layout, in the order of
    /// keys, in notes and figures, or in what is written out and what comes from a part.
    pub canonical: String,
    /// The files that were read, as messages name them, the experiment first.
    pub files: Vec<String>,
}

/// Reads an experiment file and everything it uses; `sets` are the arguments of `--set`.
///
/// What is wrong goes to `diagnostics`. There may be a result all the same, so that a caller can decode it and find
/// more; nothing may be run if [`Diagnostics::has_errors`]. A later `--set` wins over an earlier one.
pub fn load(path: &FilePath, sets: &[String], diagnostics: &mut Diagnostics) -> Option<Loaded> {
    let name = path.display().to_string();
    let file = text::read(path, &name, diagnostics)?;
    let mut root = parse(file, diagnostics)?;
    let Node::Object(members) = &mut root.value else {
        diagnostics.root_not_an_object(At::new(root.place, Path::root()), &root);
        return None;
    };
    members.shift_remove("$schema");
    let figures = members.shift_remove("figures");
    strip_notes(&mut root, &Path::root(), diagnostics);
    let mut library = Library::near(path);
    let Resolved { mut tree, mut assumptions } = library.resolve(root, &name, diagnostics);
    add_figures(&mut assumptions, figures, &tree, diagnostics);
    for set in sets {
        apply_set(set, &mut tree, &mut assumptions, &mut library, diagnostics);
    }
    check_name(&tree, diagnostics);
    finish(tree, assumptions, diagnostics)
}

/// The tree of one cell: the base with what the cell sets.
pub fn cell_tree(loaded: &Loaded, cell: &CellSpec) -> Tree {
    let mut tree = loaded.base.clone();
    for (path, value) in cell.patches() {
        // The paths were found in the base, and no two of them overlap.
        if let Some(old) = tree.at_mut(path) {
            *old = value.clone();
        }
    }
    tree
}

/// Takes the sweep out of the tree and spreads it into cells.
fn finish(mut tree: Tree, mut assumptions: Vec<Assumption>, diagnostics: &mut Diagnostics) -> Option<Loaded> {
    let canonical = tree.to_canonical();
    settle(&mut assumptions, &tree);
    let Node::Object(members) = &mut tree.value else { return None };
    let sweep = members.shift_remove("sweep");
    let cells = match &sweep {
        Some(sweep) => expand(&sweep.tree, &tree, diagnostics).unwrap_or_default(),
        None => vec![CellSpec::only()],
    };
    if let Some(first) = cells.first() {
        for assumption in &mut assumptions {
            assumption.swept = first.patches().any(|(path, _)| path.overlaps(&assumption.path));
        }
    }
    let files = diagnostics.sources().file_names().map(str::to_owned).collect();
    Some(Loaded { base: tree, cells, assumptions, canonical, files })
}

/// Orders the figures, gives each its final value, and forgets those whose value is gone.
fn settle(assumptions: &mut Vec<Assumption>, tree: &Tree) {
    assumptions.retain_mut(|assumption| {
        let found = tree.at(&assumption.path);
        if let Some(found) = found {
            assumption.value = found.to_json();
        }
        found.is_some()
    });
    assumptions.sort_by(|a, b| a.path.cmp(&b.path));
}

/// The figures that the experiment itself states.
fn add_figures(
    assumptions: &mut Vec<Assumption>,
    figures: Option<Member>,
    tree: &Tree,
    diagnostics: &mut Diagnostics,
) {
    let Some(figures) = figures else { return };
    let path = Path::root().key("figures");
    let Some(decoded) = decode_map::<FigureSpec>(&figures.tree, &path, diagnostics) else { return };
    declare(assumptions, &figures.tree, &path, decoded, tree, None, diagnostics);
}

fn check_name(tree: &Tree, diagnostics: &mut Diagnostics) {
    let Some(member) = tree.member("name") else { return };
    if let Some(name) = member.tree.text()
        && let Err(problem) = check_experiment(name)
    {
        diagnostics.bad_experiment_name(At::new(member.tree.place, Path::root().key("name")), name, problem);
    }
}

/// Applies `/path=value`. The value is JSON, or else a string; it may use parts.
///
/// The value must exist, but for the last key: a field that has a default need not stand in the file. Whether there is
/// such a field is told when its object is decoded.
fn apply_set(
    set: &str,
    tree: &mut Tree,
    assumptions: &mut Vec<Assumption>,
    library: &mut Library,
    diagnostics: &mut Diagnostics,
) {
    let (pointer, text) = set.split_once('=').unwrap_or((set, ""));
    let argument = format!("--set {set}");
    let file = diagnostics.sources_mut().add(argument.clone(), Origin::Argument, text);
    let place = Place::new(file, 0, text.len());
    let at = At::new(place, Path::root());
    if !set.contains('=') {
        return diagnostics.malformed_set(at);
    }
    let path = match Pointer::parse(pointer).map(|pointer| pointer.locate(tree)) {
        Ok(Ok(path)) if !path.is_empty() => path,
        Ok(Err(Missing { found, part, is_last: true, inside: Inside::Object(_) })) => found.key(part),
        Ok(Err(missing)) if tree.at(&missing.found).is_some_and(Tree::is_broken) => return,
        Ok(Err(missing)) => return diagnostics.bad_set(at, pointer, Ok(&missing)),
        Ok(Ok(_)) => return diagnostics.malformed_set(at),
        Err(problem) => return diagnostics.bad_set(at, pointer, Err(problem)),
    };
    let mut value = if looks_like_json(text) {
        parse(file, diagnostics).unwrap_or_else(|| Tree::broken(place))
    } else {
        Tree::new(Node::String(text.to_owned()), place)
    };
    strip_notes(&mut value, &path, diagnostics);
    let resolved = library.resolve(value, &argument, diagnostics);
    put(tree, &path, place, resolved.tree);
    for assumption in assumptions.iter_mut().filter(|assumption| assumption.path.overlaps(&path)) {
        if let Some(now) = tree.at(&assumption.path) {
            assumption.set_here(&argument, now.to_json());
        }
    }
    assumptions.extend(resolved.assumptions.iter().map(|assumption| assumption.below(&path)));
}

/// Whether a value of `--set` is meant as JSON: it is a number or a word of JSON, or starts as only JSON does.
fn looks_like_json(text: &str) -> bool {
    let text = text.trim();
    text.starts_with(['{', '[', '"'])
        || matches!(text, "true" | "false" | "null")
        || serde_json::from_str::<serde_json::Number>(text).is_ok()
}

//! A file → the merged tree and the cells to run: everything before a component is decoded.

use std::path::Path as FilePath;

use super::diagnostic::{At, Diagnostics};
use super::library::{Assumption, Library, Resolved, declare};
use super::name::check_experiment;
use super::note::strip_notes;
use super::path::Path;
use super::pointer::{Inside, Missing, Pointer, put};
use super::source::{FileId, Origin, Place};
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
    resolve(path, &name, file, sets, diagnostics)
}

/// Reads an experiment that is there as text already, as [`load`] does a file; `name` is what messages call it.
pub fn load_text(name: &str, text: &str, sets: &[String], diagnostics: &mut Diagnostics) -> Option<Loaded> {
    let file = diagnostics.sources_mut().add(name, Origin::File, text);
    resolve(FilePath::new(name), name, file, sets, diagnostics)
}

/// Everything after a file's text is there.
fn resolve(
    path: &FilePath,
    name: &str,
    file: FileId,
    sets: &[String],
    diagnostics: &mut Diagnostics,
) -> Option<Loaded> {
    let mut root = parse(file, diagnostics)?;
    let Node::Object(members) = &mut root.value else {
        diagnostics.root_not_an_object(At::new(root.place, Path::root()), &root);
        return None;
    };
    members.shift_remove("$schema");
    let figures = members.shift_remove("figures");
    strip_notes(&mut root, &Path::root(), diagnostics);
    let mut library = Library::near(path);
    let Resolved { mut tree, mut assumptions } = library.resolve(root, name, diagnostics);
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
    declare(assumptions, &figures.tree, &path, tree, None, diagnostics);
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

#[cfg(test)]
mod tests {
    use super::super::library::Mark;
    use super::*;

    fn loaded(text: &str, sets: &[&str]) -> (Option<Loaded>, Diagnostics) {
        let folder = tempfile::tempdir().expect("a folder for the test");
        let model = r#"{"about": "a part", "figures": {"/rate": {"mark": "assumed", "source": "a guess"}},
            "part": {"rate": 5, "law": {"fixed": 2}}}"#;
        std::fs::create_dir(folder.path().join("models")).expect("the folder can be made");
        std::fs::write(folder.path().join("models/plain.json"), model).expect("the file can be written");
        let file = folder.path().join("x.json");
        std::fs::write(&file, text).expect("the file can be written");
        let sets: Vec<String> = sets.iter().map(|set| (*set).to_owned()).collect();
        let mut diagnostics = Diagnostics::new();
        let loaded = load(&file, &sets, &mut diagnostics);
        (loaded, diagnostics)
    }

    #[track_caller]
    fn sound(text: &str, sets: &[&str]) -> Loaded {
        let (loaded, diagnostics) = loaded(text, sets);
        assert_eq!(diagnostics.to_string(), "");
        loaded.expect("there was no error")
    }

    #[track_caller]
    fn check_cells(sweep: &str, expected: &[&str]) {
        let loaded = sound(&format!(r#"{{"a": 1, "b": {{"c": 2}}, "sweep": {sweep}}}"#), &[]);
        let cells: Vec<String> =
            loaded.cells.iter().map(|cell| cell_tree(&loaded, cell).to_json().to_string()).collect();
        assert_eq!(cells, expected);
        assert!(loaded.cells.iter().enumerate().all(|(index, cell)| cell.index == index));
    }

    #[test]
    fn an_experiment_without_a_sweep_is_one_cell() {
        let loaded = sound(r#"{"$schema": "x", "note": ["a", "b"], "a": {"note": "c", "b": 1}}"#, &[]);
        assert_eq!(loaded.cells.len(), 1);
        assert_eq!(cell_tree(&loaded, &loaded.cells[0]).to_json().to_string(), r#"{"a":{"b":1}}"#);
    }

    #[test]
    fn in_a_grid_the_last_axis_moves_fastest() {
        check_cells(
            r#"{"axes": [{"path": "/a", "values": [1, 2]}, {"path": "/b/c", "values": {"from": 5, "to": 6, "steps": 2}}]}"#,
            &[
                r#"{"a":1,"b":{"c":5}}"#,
                r#"{"a":1,"b":{"c":6}}"#,
                r#"{"a":2,"b":{"c":5}}"#,
                r#"{"a":2,"b":{"c":6}}"#,
            ],
        );
    }

    #[test]
    fn linked_values_move_together_and_may_be_parts() {
        check_cells(
            r#"{"axes": [{"paths": ["/a", "/b"], "rows": [[1, {"use": "plain"}], [2, null]]}]}"#,
            &[r#"{"a":1,"b":{"rate":5,"law":{"fixed":2}}}"#, r#"{"a":2,"b":null}"#],
        );
    }

    #[test]
    fn a_sobol_design_takes_its_points_in_order() {
        check_cells(
            r#"{"design": {"sobol": {"samples": 3}}, "axes": [{"path": "/a", "values": {"from": 0, "to": 8}}, {"path": "/b/c", "values": ["x", "y"]}]}"#,
            &[r#"{"a":0,"b":{"c":"x"}}"#, r#"{"a":4,"b":{"c":"y"}}"#, r#"{"a":6,"b":{"c":"x"}}"#],
        );
    }

    #[test]
    fn coordinates_have_names_for_tables() {
        let text = r#"{"a": {"count": 1}, "b": {"count": 2}, "d": 0, "sweep": {"axes": [
            {"path": "/a/count", "values": ["250ms"]}, {"path": "/b/count", "values": [1.5]},
            {"path": "/d", "label": "size", "values": [{"x": 1}], "names": ["small"]}]}}"#;
        let loaded = sound(text, &[]);
        let told: Vec<_> =
            loaded.cells[0].coordinates.iter().map(|found| (found.label(), found.text())).collect();
        assert_eq!(told, [("a.count", "250ms"), ("b.count", "1.5"), ("size", "small")]);
    }

    #[test]
    fn a_set_changes_what_is_there_or_adds_a_last_key() {
        let sets = ["/a/b=5", "/a/new=text", "/list/1={\"use\": \"plain\"}", "/a/b=6"];
        let loaded = sound(r#"{"a": {"b": 1}, "list": [0, 1]}"#, &sets);
        let expected = r#"{"a":{"b":6,"new":"text"},"list":[0,{"rate":5,"law":{"fixed":2}}]}"#;
        assert_eq!(loaded.base.to_json().to_string(), expected);
    }

    #[test]
    fn a_set_reaches_into_parts_and_into_the_sweep() {
        let text = r#"{"p": {"use": "plain"}, "sweep": {"axes": [{"path": "/p/rate", "values": [1]}]}}"#;
        let loaded = sound(text, &["/p/law/fixed=3", "/sweep/axes/0/values=[7, 8]"]);
        assert_eq!(loaded.base.to_json().to_string(), r#"{"p":{"rate":5,"law":{"fixed":3}}}"#);
        assert_eq!(loaded.cells.len(), 2);
    }

    #[test]
    fn a_figure_says_whether_it_is_set_or_swept() {
        let text = r#"{"p": {"use": "plain"}, "q": {"use": "plain"}, "r": 4,
            "figures": {"/r": {"mark": "measured", "source": "a trace"}},
            "sweep": {"axes": [{"path": "/q", "values": [{"use": "plain"}, {"use": "plain", "rate": 6}]}]}}"#;
        let loaded = sound(text, &["/p/rate=9"]);
        let told: Vec<_> = loaded
            .assumptions
            .iter()
            .map(|found| (found.path.to_pointer(), found.mark, found.value.clone(), found.swept))
            .collect();
        let expected = [
            ("/p/rate".to_owned(), Mark::SetHere, 9.into(), false),
            ("/q/rate".to_owned(), Mark::Assumed, 5.into(), true),
            ("/r".to_owned(), Mark::Measured, 4.into(), false),
            ("/sweep/axes/0/values/0/rate".to_owned(), Mark::Assumed, 5.into(), false),
            ("/sweep/axes/0/values/1/rate".to_owned(), Mark::SetHere, 6.into(), false),
        ];
        assert_eq!(told, expected);
        assert_eq!(loaded.assumptions[0].source, "--set /p/rate=9");
    }

    #[test]
    fn canonical_text_is_that_of_the_meaning() {
        let used = sound(r#"{"p": {"use": "plain"}, "a": 1, "note": "x"}"#, &[]);
        let written = sound(r#"{"a": 1, "p": {"law": {"fixed": 2}, "rate": 5}}"#, &[]);
        assert_eq!(used.canonical, written.canonical);
        assert_eq!(used.canonical, r#"{"a":1,"p":{"law":{"fixed":2},"rate":5}}"#);
    }

    #[test]
    fn the_files_that_were_read_are_named() {
        let loaded = sound(r#"{"p": {"use": "plain"}}"#, &["/p/rate=1"]);
        assert_eq!(loaded.files.len(), 2);
        assert!(loaded.files[0].ends_with("x.json"));
        assert_eq!(loaded.files[1], "models/plain.json");
    }

    #[test]
    fn a_hundred_thousand_cells_are_spread_without_resolving_anew() {
        let text = r#"{"a": {"use": "plain"}, "b": 0, "sweep": {"axes": [
            {"path": "/a/rate", "values": {"from": 1, "to": 1000, "steps": 1000}},
            {"path": "/b", "values": {"from": 1, "to": 100, "steps": 100}}]}}"#;
        let loaded = sound(text, &[]);
        assert_eq!(loaded.cells.len(), 100_000);
        let last = cell_tree(&loaded, &loaded.cells[99_999]);
        assert_eq!(last.to_json().to_string(), r#"{"a":{"rate":1000,"law":{"fixed":2}},"b":100}"#);
    }
}

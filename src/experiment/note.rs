//! `"note"`: the remark that any object may hold, and that nothing reads.

use super::diagnostic::{At, Diagnostics};
use super::path::{Path, PathPart};
use super::tree::{Node, Tree};

/// The key of a remark.
pub const NOTE: &str = "note";

/// Takes every note out of `tree`, which stands at `path`; a note that is no text is reported.
pub fn strip_notes(tree: &mut Tree, path: &Path, diagnostics: &mut Diagnostics) {
    strip(tree, &mut path.clone(), diagnostics);
}

fn strip(tree: &mut Tree, path: &mut Path, diagnostics: &mut Diagnostics) {
    match &mut tree.value {
        Node::Object(members) => {
            if let Some(note) = members.shift_remove(NOTE)
                && !is_text(&note.tree)
            {
                diagnostics.note_not_text(At::new(note.tree.place, path.key(NOTE)), &note.tree);
            }
            for (key, member) in members {
                path.push(PathPart::Key(key.clone()));
                strip(&mut member.tree, path, diagnostics);
                path.pop();
            }
        }
        Node::Array(entries) => {
            for (index, entry) in entries.iter_mut().enumerate() {
                path.push(PathPart::Index(index));
                strip(entry, path, diagnostics);
                path.pop();
            }
        }
        Node::Null | Node::Bool(_) | Node::Number(_) | Node::String(_) | Node::Broken => {}
    }
}

fn is_text(note: &Tree) -> bool {
    let lines_are_text = |entries: &[Tree]| entries.iter().all(|entry| entry.text().is_some());
    note.text().is_some() || note.is_broken() || note.entries().is_some_and(lines_are_text)
}

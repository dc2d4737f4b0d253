//! Experiment files: the only way from text to a model.
//!
//! ```text
//! text ─▶ tree ─▶ parts put in, overrides merged ─▶ --set ─▶ sweep spread into cells ─▶ each component decoded
//! ```
//!
//! [`load()`] does all but the last, which starts from [`cell_tree`] and uses [`decode()`] or [`Fields`]. Whatever is wrong
//! goes into one [`Diagnostics`], so that all of it is told at once; no input makes it panic.
//!
//! ```
//! use tars_sim::experiment::{Diagnostics, cell_tree, load};
//!
//! let folder = tempfile::tempdir()?;
//! let file = folder.path().join("two.json");
//! std::fs::write(&file, r#"{"agents": 1, "sweep": {"axes": [{"path": "/agents", "values": [5, 10]}]}}"#)?;
//!
//! let mut diagnostics = Diagnostics::new();
//! let loaded = load(&file, &[], &mut diagnostics).ok_or("the file is an object")?;
//! let cells: Vec<_> = loaded.cells.iter().map(|cell| cell_tree(&loaded, cell).to_json().to_string()).collect();
//! assert_eq!(cells, [r#"{"agents":5}"#, r#"{"agents":10}"#]);
//! assert!(diagnostics.is_empty());
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

pub mod build;
pub mod decode;
pub mod diagnostic;
pub mod library;
pub mod load;
pub mod name;
pub mod note;
pub mod path;
pub mod pointer;
pub mod schema;
pub mod source;
pub mod sweep;
pub mod text;
pub mod tree;

pub use build::{Experiment, TraceStore, build};
pub use decode::{Fields, decode, decode_list, decode_map};
pub use diagnostic::{At, Diagnostic, Diagnostics, Severity};
pub use library::{Assumption, Library, Mark};
pub use load::{Loaded, cell_tree, load, load_text};
pub use path::{Path, PathPart};
pub use sweep::CellSpec;
pub use tree::{Node, Tree};

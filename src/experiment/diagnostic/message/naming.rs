//! Messages of names, parts, figures and pointers.

use super::super::super::library::MAX_BROUGHT;
use super::super::super::name::NameProblem;
use super::super::super::pointer::{Inside, Missing, PointerProblem};
use super::super::super::tree::{MAX_DEPTH, Tree};
use super::super::{At, Diagnostics, shown};
use super::{described, suggestion};

/// Names, parts and figures.
impl Diagnostics {
    /// An experiment's name that cannot name a folder.
    pub fn bad_experiment_name(&mut self, at: At, name: &str, problem: NameProblem) {
        let hint = "the name becomes a folder under `outputs/`: use letters, digits, `-`, `_` and `.`";
        self.error(
            at,
            format!("`{}` cannot name an experiment: {}", shown(name), name_problem(problem)),
            Some(hint.to_owned()),
        );
    }

    /// A name of a part that no part can have.
    pub fn bad_part_name(&mut self, at: At, name: &str, problem: NameProblem) {
        let hint = "a part is named by its path under `models/`, such as \"providers/claude-haiku\"";
        self.error(
            at,
            format!("`{}` cannot name a part: {}", shown(name), name_problem(problem)),
            Some(hint.to_owned()),
        );
    }

    /// A `use` that is no string.
    pub fn use_not_a_name(&mut self, at: At, found: &Tree) {
        let hint = "write the path of a part under `models/`, such as {\"use\": \"providers/claude-haiku\"}";
        self.error(
            at,
            format!("expected the name of a part in `use`, found {}", described(found)),
            Some(hint.to_owned()),
        );
    }

    /// A part that is neither in `models/` nor built in.
    pub fn no_such_part(&mut self, at: At, name: &str, known: &[String]) {
        let hint =
            suggestion(name, known, "there are no parts at all: no folder `models/` is near the experiment");
        self.error(at, format!("there is no part `{}`", shown(name)), Some(hint));
    }

    /// Parts that use each other in a circle; `cycle` starts and ends with the same name.
    pub fn cyclic_use(&mut self, at: At, cycle: &[String]) {
        let circle = cycle.iter().map(|name| format!("`{}`", shown(name))).collect::<Vec<_>>().join(" → ");
        self.error(at, format!("parts use each other in a circle: {circle}"), None);
    }

    /// Overrides of a part that is no object.
    pub fn nothing_to_override(&mut self, at: At, name: &str, found: &Tree) {
        let found = described(found);
        self.error(
            at,
            format!("the part `{}` is {found}, so no field of it can be overridden", shown(name)),
            None,
        );
    }

    /// A tree that is too deep or too large once its parts are put in.
    pub fn parts_too_large(&mut self, at: At, name: &str) {
        let hint = format!(
            "{MAX_DEPTH} levels and, from parts, {MAX_BROUGHT} values and 16 MiB of text are allowed"
        );
        self.error(
            at,
            format!("with the part `{}` the experiment becomes too large", shown(name)),
            Some(hint),
        );
    }

    /// A pointer of a figure that leads nowhere, or is none.
    pub fn bad_figure(&mut self, at: At, pointer: &str, missing: Result<&Missing, PointerProblem>) {
        let (message, hint) = pointer_message(pointer, missing);
        self.error(at, format!("a figure stands for nothing: {message}"), hint);
    }

    /// A `--set` without a pointer and a value.
    pub fn malformed_set(&mut self, at: At) {
        let hint = "write it as --set /path/to/field=value";
        self.error(at, "expected a JSON pointer, `=` and a value", Some(hint.to_owned()));
    }

    /// A `--set` whose pointer leads nowhere, or is none.
    pub fn bad_set(&mut self, at: At, pointer: &str, missing: Result<&Missing, PointerProblem>) {
        let (message, hint) = pointer_message(pointer, missing);
        self.error(at, message, hint);
    }
}

fn name_problem(problem: NameProblem) -> String {
    match problem {
        NameProblem::Empty => "it is empty".to_owned(),
        NameProblem::TooLong => "it is longer than 120 bytes".to_owned(),
        NameProblem::Character(character) => format!("it holds `{}`", shown(&character.to_string())),
        NameProblem::GoesUp => "it holds `..`".to_owned(),
        NameProblem::Absolute => "it starts with `/`".to_owned(),
        NameProblem::HiddenPart => "a part of it is empty or starts with a dot".to_owned(),
        NameProblem::Extension => "the name leaves out `.json`".to_owned(),
    }
}

/// What is wrong with a pointer, and what it may have meant.
pub(super) fn pointer_message(
    pointer: &str,
    missing: Result<&Missing, PointerProblem>,
) -> (String, Option<String>) {
    let pointer = shown(pointer);
    let missing = match missing {
        Ok(missing) => missing,
        Err(PointerProblem::NoSlash) => {
            let hint = "a JSON pointer starts with a slash: /system/pools/workers/groups/haiku/agents";
            return (format!("`{pointer}` is no JSON pointer"), Some(hint.to_owned()));
        }
        Err(PointerProblem::BadEscape) => {
            let hint = "in a JSON pointer `~` is written `~0`, and `/` within a key `~1`";
            return (format!("`{pointer}` is no JSON pointer"), Some(hint.to_owned()));
        }
    };
    let part = shown(&missing.part);
    let above = if missing.found.is_empty() {
        "the top level".to_owned()
    } else {
        format!("`{}`", shown(&missing.found.to_pointer()))
    };
    match &missing.inside {
        Inside::Object(keys) => {
            let hint = suggestion(&missing.part, keys, "it is an empty object");
            (format!("`{pointer}` does not exist: {above} has no `{part}`"), Some(hint))
        }
        Inside::List(length) => {
            let entries = if *length == 1 { "entry" } else { "entries" };
            let hint = match length {
                0 => None,
                1 => Some("its only index is 0".to_owned()),
                _ => Some(format!("its indexes are 0 to {}", length - 1)),
            };
            (
                format!(
                    "`{pointer}` does not exist: {above} is a list of {length} {entries}, without `{part}`"
                ),
                hint,
            )
        }
        Inside::Scalar => {
            (format!("`{pointer}` does not exist: {above} is a single value, without `{part}`"), None)
        }
    }
}

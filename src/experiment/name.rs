//! Names that become file names: what they may hold.

/// Bytes that a name may have.
const MAX_NAME: usize = 120;

/// Why a text is no name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NameProblem {
    /// There is nothing in it.
    Empty,
    /// It has more than 120 bytes.
    TooLong,
    /// It holds a character that names do not have.
    Character(char),
    /// It goes up with `..`.
    GoesUp,
    /// It starts with `/`.
    Absolute,
    /// A part between two slashes is empty or starts with a dot.
    HiddenPart,
    /// It ends in `.json`, which a name leaves out.
    Extension,
}

/// Whether `name` may name a part of the library: small letters, digits, `-`, `_`, `.` and `/` between its parts.
///
/// ```
/// use tars_sim::experiment::name::{NameProblem, check_part};
/// assert_eq!(check_part("providers/claude-haiku"), Ok(()));
/// assert_eq!(check_part("../secrets"), Err(NameProblem::GoesUp));
/// ```
pub fn check_part(name: &str) -> Result<(), NameProblem> {
    if name.starts_with('/') {
        return Err(NameProblem::Absolute);
    }
    check_common(name, |c| matches!(c, 'a'..='z' | '0'..='9' | '-' | '_' | '.' | '/'))?;
    if name.split('/').any(|part| part.is_empty() || part.starts_with('.')) {
        return Err(NameProblem::HiddenPart);
    }
    if name.to_ascii_lowercase().ends_with(".json") {
        return Err(NameProblem::Extension);
    }
    Ok(())
}

/// Whether `name` may name an experiment, and so the folder of its results: letters, digits, `-`, `_` and `.`.
///
/// ```
/// use tars_sim::experiment::name::{NameProblem, check_experiment};
/// assert_eq!(check_experiment("tier3"), Ok(()));
/// assert_eq!(check_experiment("a/b"), Err(NameProblem::Character('/')));
/// ```
pub fn check_experiment(name: &str) -> Result<(), NameProblem> {
    check_common(name, |c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.'))?;
    if name.starts_with('.') { Err(NameProblem::HiddenPart) } else { Ok(()) }
}

fn check_common(name: &str, allowed: impl Fn(char) -> bool) -> Result<(), NameProblem> {
    if name.is_empty() {
        return Err(NameProblem::Empty);
    }
    if name.contains("..") {
        return Err(NameProblem::GoesUp);
    }
    if let Some(character) = name.chars().find(|&c| !allowed(c)) {
        return Err(NameProblem::Character(character));
    }
    if name.len() > MAX_NAME { Err(NameProblem::TooLong) } else { Ok(()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_name_of_a_part_leaves_the_library() {
        let check = |name: &str, problem| assert_eq!(check_part(name), Err(problem), "{name:?}");
        check("", NameProblem::Empty);
        check("/etc/passwd", NameProblem::Absolute);
        check("a/../b", NameProblem::GoesUp);
        check("a\0", NameProblem::Character('\0'));
        check("a\\b", NameProblem::Character('\\'));
        check("A", NameProblem::Character('A'));
        check("a//b", NameProblem::HiddenPart);
        check("a/", NameProblem::HiddenPart);
        check(".git/config", NameProblem::HiddenPart);
        check("providers/x.json", NameProblem::Extension);
        check(&"a".repeat(121), NameProblem::TooLong);
    }

    #[test]
    fn an_experiment_is_named_by_one_plain_part() {
        assert_eq!(check_experiment("Tier_3.v2"), Ok(()));
        assert_eq!(check_experiment(".hidden"), Err(NameProblem::HiddenPart));
        assert_eq!(check_experiment("../x"), Err(NameProblem::GoesUp));
        assert_eq!(check_experiment("a\0b"), Err(NameProblem::Character('\0')));
    }
}

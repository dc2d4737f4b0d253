//! What a wrong command line is told beside the message of its parser.

use clap::error::{ContextKind, ContextValue, ErrorKind};

/// Adds what to do, where the parser alone does not say it.
pub(super) fn explained(mut error: clap::Error) -> clap::Error {
    if let Some(tip) = tip(&error) {
        error.insert(ContextKind::Suggested, ContextValue::StyledStrs(vec![tip.into()]));
    }
    error
}

#[expect(clippy::wildcard_enum_match_arm, reason = "the parser may have more kinds of errors later")]
fn tip(error: &clap::Error) -> Option<String> {
    match error.kind() {
        ErrorKind::UnknownArgument => {
            let argument = named(error, ContextKind::InvalidArg)?;
            (!argument.starts_with('-') && takes_a_path(error))
                .then(|| "one is taken at a time: give each a command of its own".to_owned())
        }
        ErrorKind::InvalidSubcommand => {
            let word = named(error, ContextKind::InvalidSubcommand)?;
            is_experiment(word).then(|| format!("'tars-sim sweep {word}' runs an experiment"))
        }
        _ => None,
    }
}

/// Whether the command's usage names a file or a folder.
fn takes_a_path(error: &clap::Error) -> bool {
    let usage = error.get(ContextKind::Usage).map(ToString::to_string).unwrap_or_default();
    ["<FILE>", "<DIR>", "[DIR]"].iter().any(|path| usage.contains(path))
}

fn named(error: &clap::Error, kind: ContextKind) -> Option<&str> {
    let Some(ContextValue::String(text)) = error.get(kind) else { return None };
    Some(text)
}

fn is_experiment(word: &str) -> bool {
    std::path::Path::new(word).extension().is_some_and(|ending| ending.eq_ignore_ascii_case("json"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::Cli;
    use clap::Parser;

    #[track_caller]
    fn check(arguments: &[&str], expected: &str) {
        let all = std::iter::once(&"tars-sim").chain(arguments);
        let error = explained(Cli::try_parse_from(all).unwrap_err());
        let text = error.to_string();
        assert!(text.contains(expected), "{text}");
        assert_eq!(error.exit_code(), 2);
    }

    #[test]
    fn a_second_file_is_told_that_one_is_taken_at_a_time() {
        check(&["sweep", "a.json", "b.json"], "tip: one is taken at a time");
        check(&["report", "a", "b"], "tip: one is taken at a time");
        check(&["init", "a", "b"], "tip: one is taken at a time");
    }

    #[test]
    fn an_experiment_without_a_command_is_told_how_to_run_it() {
        check(&["a.json"], "tip: 'tars-sim sweep a.json' runs an experiment");
    }

    #[test]
    fn an_unknown_option_keeps_the_tip_of_the_parser() {
        check(&["sweep", "a.json", "--thread", "2"], "tip: a similar argument exists: '--threads'");
    }

    #[test]
    fn a_negative_number_is_told_the_range() {
        check(&["sweep", "a.json", "--threads", "-1"], "-1 is not in 0..=1024");
        check(&["validate", "--threads", "-1"], "-1 is not in 0..=1024");
        check(&["sweep", "a.json", "--seed", "-1"], "invalid value '-1' for '--seed <N>'");
        check(&["validate", "--coverage", "-1"], "-1 is not in 2..=100000");
    }
}

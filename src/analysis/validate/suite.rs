//! The committed suite: systems by family, each case with what theory says of it.

mod exact;
mod flows;
mod limits;
mod networks;
mod queues;

use super::case::Case;

/// The experiments that cases start from, by name: the files of `experiments/theory`.
pub const FILES: &[(&str, &str)] = &[
    ("batches", include_str!("../../../experiments/theory/batches.json")),
    ("breakdowns", include_str!("../../../experiments/theory/breakdowns.json")),
    ("cache", include_str!("../../../experiments/theory/cache.json")),
    ("closed", include_str!("../../../experiments/theory/closed.json")),
    ("closed_classes", include_str!("../../../experiments/theory/closed_classes.json")),
    ("closed_network", include_str!("../../../experiments/theory/closed_network.json")),
    ("exact_branches", include_str!("../../../experiments/theory/exact_branches.json")),
    ("exact_breakdown", include_str!("../../../experiments/theory/exact_breakdown.json")),
    ("exact_bucket", include_str!("../../../experiments/theory/exact_bucket.json")),
    ("exact_closed", include_str!("../../../experiments/theory/exact_closed.json")),
    ("exact_line", include_str!("../../../experiments/theory/exact_line.json")),
    ("exact_patience", include_str!("../../../experiments/theory/exact_patience.json")),
    ("exact_priority", include_str!("../../../experiments/theory/exact_priority.json")),
    ("exact_retry", include_str!("../../../experiments/theory/exact_retry.json")),
    ("exact_setup", include_str!("../../../experiments/theory/exact_setup.json")),
    ("exact_sharing", include_str!("../../../experiments/theory/exact_sharing.json")),
    ("exact_ttl", include_str!("../../../experiments/theory/exact_ttl.json")),
    ("exact_turns", include_str!("../../../experiments/theory/exact_turns.json")),
    ("fork_join", include_str!("../../../experiments/theory/fork_join.json")),
    ("gg1", include_str!("../../../experiments/theory/gg1.json")),
    ("hedging", include_str!("../../../experiments/theory/hedging.json")),
    ("impatience", include_str!("../../../experiments/theory/impatience.json")),
    ("jackson", include_str!("../../../experiments/theory/jackson.json")),
    ("k_of_n", include_str!("../../../experiments/theory/k_of_n.json")),
    ("machine_repair", include_str!("../../../experiments/theory/machine_repair.json")),
    ("mdc", include_str!("../../../experiments/theory/mdc.json")),
    ("mg1", include_str!("../../../experiments/theory/mg1.json")),
    ("mm1", include_str!("../../../experiments/theory/mm1.json")),
    ("mm10", include_str!("../../../experiments/theory/mm10.json")),
    ("mmck", include_str!("../../../experiments/theory/mmck.json")),
    ("mmpp", include_str!("../../../experiments/theory/mmpp.json")),
    ("piecewise", include_str!("../../../experiments/theory/piecewise.json")),
    ("priority", include_str!("../../../experiments/theory/priority.json")),
    ("rate_window", include_str!("../../../experiments/theory/rate_window.json")),
    ("retries", include_str!("../../../experiments/theory/retries.json")),
    ("setup", include_str!("../../../experiments/theory/setup.json")),
    ("sharing", include_str!("../../../experiments/theory/sharing.json")),
    ("sinusoidal", include_str!("../../../experiments/theory/sinusoidal.json")),
    ("split", include_str!("../../../experiments/theory/split.json")),
    ("token_bucket", include_str!("../../../experiments/theory/token_bucket.json")),
];

/// Every case of the suite.
pub fn suite() -> Vec<Case> {
    [queues::cases(), flows::cases(), networks::cases(), limits::cases(), exact::cases()].concat()
}

/// The text of an embedded experiment.
pub(super) fn embedded(name: &str) -> (&'static str, &'static str) {
    *FILES.iter().find(|(known, _)| *known == name).expect("a case names a file of experiments/theory")
}

/// A law as an override.
pub(super) fn exponential(mean: &str) -> String {
    format!(r#"{{"exponential": {{"mean": "{mean}"}}}}"#)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn there_are_at_least_eighty_cases_with_names_of_their_own() {
        let suite = suite();
        let names: BTreeSet<&str> = suite.iter().map(|case| case.name.as_str()).collect();
        assert_eq!(names.len(), suite.len(), "two cases share a name");
        assert!(suite.len() >= 80, "{} cases", suite.len());
        assert!(suite.iter().all(|case| !case.checks.is_empty()));
    }

    #[test]
    fn every_expected_value_is_a_positive_number() {
        for case in suite() {
            for check in &case.checks {
                assert!(check.expected.is_finite() && check.expected >= 0.0, "{} {}", case.name, check.metric);
            }
        }
    }

    #[test]
    fn every_file_of_the_folder_is_in_the_program_and_used() {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/experiments/theory");
        let there: BTreeSet<String> = std::fs::read_dir(folder)
            .expect("the folder is there")
            .map(|entry| entry.expect("it can be read").file_name().to_string_lossy().into_owned())
            .collect();
        let embedded: BTreeSet<String> = FILES.iter().map(|(name, _)| format!("{name}.json")).collect();
        assert_eq!(there, embedded);
        let suite = suite();
        for (name, _) in FILES {
            let used = suite.iter().any(|case| matches!(case.experiment, super::super::Experiment::Embedded(file, _) if file == *name));
            assert!(used, "no case uses {name}");
        }
    }
}

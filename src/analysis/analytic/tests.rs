//! Every system of the suite that is recognised must be given the value that the suite expects.

use super::*;
use crate::analysis::validate::{Case, suite};

fn recognised(case: &Case) -> Result<Theory, String> {
    let model = crate::analysis::validate::model(case).expect("a case of the suite is valid");
    theory_of(&model)
}

#[test]
fn recognised_systems_of_the_suite_have_the_values_of_the_suite() {
    let (mut systems, mut compared) = (std::collections::BTreeSet::new(), 0);
    for case in suite() {
        let Ok(theory) = recognised(&case) else { continue };
        for check in &case.checks {
            let Some((metric, value)) = theory.values.iter().find(|(metric, _)| *metric == check.metric)
            else {
                continue;
            };
            let error = libm::fabs(value - check.expected);
            assert!(
                error <= 1e-6 * libm::fabs(check.expected).max(1e-9),
                "{} as {}: {metric} is {value}, expected {}",
                case.name,
                theory.system,
                check.expected
            );
            compared += 1;
        }
        systems.insert(theory.system);
    }
    assert!(systems.len() >= 20, "{systems:?}");
    assert!(compared >= 120, "{compared} values of {systems:?}");
}

#[test]
fn what_is_not_recognised_says_why() {
    for case in suite() {
        if let Err(why) = recognised(&case) {
            assert!(why.len() > 20 && !why.ends_with('.'), "{}: {why}", case.name);
        }
    }
}

#[track_caller]
fn check(file: &str, sets: &[(&str, &str)], expected: &str) {
    let mut case = suite().into_iter().find(|case| case.name == file).expect("it is in the suite");
    for (pointer, value) in sets {
        case = case.set(pointer, value);
    }
    let why = recognised(&case).expect_err("no closed form is known");
    assert!(why.contains(expected), "{why}");
}

#[test]
fn what_stands_in_the_way_is_named() {
    check("M/M/1 at 0.8", &[("/measure/mode", "terminating"), ("/measure/warmup", "0s")], "no steady state");
    check(
        "M/M/10 at 0.9",
        &[("/system/stations/servers/service", r#"{"uniform": {"low": "0s", "high": "2s"}}"#)],
        "M/G/10",
    );
    check("Jackson network at 0.67", &[("/system/stations/first/service", "500ms")], "not exponential");
    check("retries at once, at 0.8", &[], "retries");
}

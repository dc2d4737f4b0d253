//! `--precision`: how well numbers are to be known, in place of what the experiment asks.

use super::Failure;
use crate::model::{Measure, PrecisionGoal};
use serde_json::{Value, json};

/// Replications that a precision asked for on the command line may take where the experiment fixes their number.
const REPLICATIONS_MAX: u32 = 400;

/// The goals of the arguments as the value of `measure.precision`: a bare number asks for the usual metrics, means to
/// that share of themselves; `METRIC=SHARE` asks for one.
pub(super) fn goals(arguments: &[String]) -> Result<Value, Failure> {
    let mut goals = Vec::new();
    for argument in arguments {
        let (metric, share) = argument
            .split_once('=')
            .map_or((None, argument.as_str()), |(metric, share)| (Some(metric), share));
        let share = share.parse::<f64>().ok().filter(|share| *share > 0.0 && share.is_finite());
        let Some(share) = share else {
            let hint = "\n  hint: give a share, as in `--precision 0.01`, or a metric and its share, as in \
                        `--precision latency_p99_s=0.05`";
            return Err(Failure::usage(format!("error: `--precision {argument}` is not understood{hint}")));
        };
        match metric {
            Some(metric) => goals.push(json!({"metric": metric, "relative": share})),
            None => goals.extend(PrecisionGoal::usual(share).iter().map(as_json)),
        }
    }
    Ok(goals.into())
}

fn as_json(goal: &PrecisionGoal) -> Value {
    match (goal.relative, goal.absolute) {
        (Some(relative), _) => json!({"metric": goal.metric, "relative": relative}),
        (None, absolute) => json!({"metric": goal.metric, "absolute": absolute}),
    }
}

/// Lets replications go on where the experiment fixes their number: a precision could otherwise not be reached.
pub(super) fn make_room(measure: &mut Measure) {
    if measure.replications_min == measure.replications_max {
        measure.replications_max = measure.replications_max.max(REPLICATIONS_MAX);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(arguments: &[&str], expected: &Value) {
        let arguments: Vec<String> = arguments.iter().map(|&argument| argument.to_owned()).collect();
        assert_eq!(goals(&arguments).expect("they are understood"), *expected);
    }

    #[test]
    fn a_bare_number_is_for_means_and_two_and_a_half_times_that_for_the_tail() {
        check(
            &["0.01"],
            &json!([
                {"metric": "latency_mean_s", "relative": 0.01},
                {"metric": "latency_p99_s", "relative": 0.025},
                {"metric": "error_share", "absolute": 0.0025},
            ]),
        );
    }

    #[test]
    fn a_metric_may_be_named() {
        check(&["goodput_per_s=0.05"], &json!([{"metric": "goodput_per_s", "relative": 0.05}]));
    }

    #[test]
    fn what_is_no_share_is_refused() {
        for wrong in ["latency", "0", "-0.1", "inf", "latency_p99_s=", "a=b"] {
            assert!(goals(&[wrong.to_owned()]).is_err(), "{wrong}");
        }
    }
}

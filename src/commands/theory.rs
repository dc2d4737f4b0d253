//! `run --analytic`: theory beside the simulation, as a table and as CSV.

use super::Failure;
use crate::analysis::analytic::{Row, Theory};
use crate::analysis::validate::Verdict;
use crate::analysis::validate::table::{lines, six};

const HEAD: [&str; 7] = ["metric", "theory", "simulated", "low", "high", "error in SE", "verdict"];

/// The comparison for people, or why there is none.
pub(super) fn table(compared: &Result<(Theory, Vec<Row>), String>) -> String {
    let (theory, rows) = match compared {
        Ok(found) => found,
        Err(why) => return format!("\nTheory: none beside this simulation: {why}\n"),
    };
    let cells = rows.iter().map(|row| cells(row, six));
    let system = &theory.system;
    let mut text = format!("\nTheory: {system} ({})\n\n{}\n", theory.reference, lines(&HEAD, cells, 1..6));
    let off: Vec<&str> =
        rows.iter().filter(|row| row.verdict == Verdict::Off).map(|row| row.metric.as_str()).collect();
    if !off.is_empty() {
        text.push_str("\nThe simulation disagrees with theory, further than chance allows, on ");
        text.push_str(&off.join(", "));
        text.push_str(
            ". Theory is of the long run: look whether the warm-up has settled and the run is long, and report it if so.\n",
        );
    }
    text
}

/// The comparison as CSV.
pub(super) fn csv(compared: &Result<(Theory, Vec<Row>), String>) -> Result<String, Failure> {
    let (_, rows) = compared
        .as_ref()
        .map_err(|why| Failure::usage(format!("error: there is no theory beside this simulation: {why}")))?;
    let mut writer = csv::Writer::from_writer(Vec::new());
    writer
        .write_record(HEAD.map(|name| name.replace(' ', "_").to_lowercase()))
        .expect("memory takes everything");
    for row in rows {
        writer.write_record(cells(row, |value| value.to_string())).expect("memory takes everything");
    }
    let bytes = writer.into_inner().expect("memory takes everything");
    Ok(String::from_utf8(bytes).expect("it was text before"))
}

fn cells(row: &Row, number: impl Fn(f64) -> String) -> [String; 7] {
    let or_nothing = |value: Option<f64>| value.map_or(String::new(), &number);
    [
        row.metric.clone(),
        number(row.theory),
        or_nothing(row.simulated),
        or_nothing(row.interval.map(|(low, _)| low)),
        or_nothing(row.interval.map(|(_, high)| high)),
        row.error_in_standard_errors.map_or(String::new(), |error| format!("{error:.2}")),
        match &row.verdict {
            Verdict::Holds => "agrees".to_owned(),
            Verdict::Off => "DISAGREES".to_owned(),
            Verdict::Wide | Verdict::Missing(_) => row.verdict.as_str().to_owned(),
        },
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn compared(verdict: Verdict) -> (Theory, Vec<Row>) {
        let theory = Theory { system: "M/M/1".to_owned(), reference: "Erlang 1917", values: Vec::new() };
        let row = Row {
            metric: "latency_mean_s".to_owned(),
            theory: 5.0,
            simulated: Some(5.5),
            interval: Some((5.4, 5.6)),
            error_in_standard_errors: Some(10.0),
            verdict,
        };
        (theory, vec![row])
    }

    #[test]
    fn a_simulation_that_disagrees_is_called_so() {
        let text = table(&Ok(compared(Verdict::Off)));
        assert!(text.contains("M/M/1 (Erlang 1917)") && text.contains("DISAGREES"), "{text}");
        assert!(
            text.contains("disagrees with theory, further than chance allows, on latency_mean_s"),
            "{text}"
        );
        assert!(!table(&Ok(compared(Verdict::Holds))).contains("isagrees"));
    }

    #[test]
    fn without_theory_the_reason_is_a_sentence_and_csv_is_refused() {
        let none = Err("no closed form is known for this system: it has a pool of agents".to_owned());
        assert!(table(&none).contains("it has a pool of agents"));
        assert!(csv(&none).is_err());
    }

    #[test]
    fn csv_has_a_row_a_metric() {
        let text = csv(&Ok(compared(Verdict::Holds))).expect("there is theory");
        assert!(
            text.starts_with("metric,theory,simulated,low,high,error_in_se,verdict\nlatency_mean_s,5,5.5,"),
            "{text}"
        );
    }
}

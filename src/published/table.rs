//! What is asked of the published figures together: rows of arithmetic over figures and simulated metrics.

use super::expression::{Condition, Expression, Operand, shown};
use super::verdict::Court;
use serde::{Deserialize, Serialize};

/// A table, as data.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TableSpec {
    /// What is asked.
    pub question: String,
    /// The findings of the audit that it answers.
    #[serde(default)]
    pub finding: String,
    /// The columns beside the label: name, and unit.
    pub columns: Vec<String>,
    /// The rows.
    pub rows: Vec<RowSpec>,
    /// What follows, if something is to be decided.
    #[serde(default)]
    pub answer: Option<AnswerSpec>,
}

/// A row: a label and a value a column.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RowSpec {
    /// What it is of.
    pub label: String,
    /// The values, as expressions.
    pub values: Vec<String>,
}

/// What follows from a condition.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AnswerSpec {
    /// The condition.
    pub that: String,
    /// What is said if it holds.
    pub holds: String,
    /// What is said if it does not.
    pub fails: String,
}

/// A table with its numbers.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Table {
    /// What is asked.
    pub question: String,
    /// The findings of the audit.
    pub finding: String,
    /// The columns.
    pub columns: Vec<String>,
    /// The rows: label and numbers.
    pub rows: Vec<(String, Vec<f64>)>,
    /// The answer, with the inequality that decides it.
    pub answer: String,
}

impl TableSpec {
    /// The names of the metrics in it.
    pub fn texts(&self) -> impl Iterator<Item = &str> {
        let values = self.rows.iter().flat_map(|row| row.values.iter().map(String::as_str));
        values.chain(self.answer.iter().map(|answer| answer.that.as_str()))
    }

    /// Computes it.
    ///
    /// # Errors
    /// With the expression that has no value.
    pub fn compute(&self, court: &Court<'_>) -> Result<Table, String> {
        let lookup = |operand: &Operand| court.free(operand);
        let rows = self
            .rows
            .iter()
            .map(|row| {
                let values = row.values.iter().map(|text| Expression::parse(text)?.value(&lookup));
                let values: Result<Vec<f64>, String> = values.collect();
                values
                    .map(|values| (row.label.clone(), values))
                    .map_err(|why| format!("{}: {why}", row.label))
            })
            .collect::<Result<_, String>>()?;
        let answer = self.answer.as_ref().map_or_else(
            || Ok(String::new()),
            |answer| {
                let condition = Condition::parse(&answer.that)?;
                let said = if condition.holds(&lookup)? { &answer.holds } else { &answer.fails };
                Ok::<String, String>(format!("{said} ({})", condition.with_numbers(&lookup)))
            },
        )?;
        let (question, finding) = (self.question.clone(), self.finding.clone());
        Ok(Table { question, finding, columns: self.columns.clone(), rows, answer })
    }
}

impl Table {
    /// A number as it is shown.
    pub fn shown(value: f64) -> String {
        shown(value)
    }
}

//! A case: an experiment, what is changed in it, and what its metrics are in truth.

use std::path::PathBuf;

/// An experiment whose metrics are known.
#[derive(Clone, Debug)]
pub struct Case {
    /// Its name: the system and what is special about it.
    pub name: String,
    /// The experiment.
    pub experiment: Experiment,
    /// What is changed in it, as arguments of `--set`.
    pub sets: Vec<String>,
    /// Whether the measured window is a part of a story, so that more work means more replications and not a longer
    /// run.
    pub windowed: bool,
    /// Its metrics.
    pub checks: Vec<Check>,
}

/// Where an experiment stands.
#[derive(Clone, Debug)]
pub enum Experiment {
    /// In this program: its name and its text.
    Embedded(&'static str, &'static str),
    /// In a file.
    File(PathBuf),
}

/// A metric and its true value.
#[derive(Clone, Debug)]
pub struct Check {
    /// The metric: a name that reports know, or `class/NAME/latency_mean_s` and `class/NAME/goodput_per_s`.
    pub metric: String,
    /// Its value, in its unit.
    pub expected: f64,
    /// How close the simulated value must be.
    pub within: Within,
}

/// How close a simulated value must be.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Within {
    /// As chance allows.
    Sampled,
    /// So close, in the metric's unit.
    Exactly(f64),
}

/// A nanosecond.
const NANOSECOND: f64 = 1e-9;

impl Case {
    /// A case of an experiment that is part of this program.
    pub(super) fn new(name: &str, file: &'static str) -> Self {
        let (file, text) = super::suite::embedded(file);
        Self {
            name: name.to_owned(),
            experiment: Experiment::Embedded(file, text),
            sets: Vec::new(),
            windowed: false,
            checks: Vec::new(),
        }
    }

    /// With a value changed.
    #[must_use]
    pub fn set(mut self, pointer: &str, value: impl std::fmt::Display) -> Self {
        self.sets.push(format!("{pointer}={value}"));
        self
    }

    /// With a metric whose simulated value rests on chance.
    #[must_use]
    pub fn is(mut self, metric: &str, expected: f64) -> Self {
        self.checks.push(Check { metric: metric.to_owned(), expected, within: Within::Sampled });
        self
    }

    /// With a metric that holds to a nanosecond, or as closely in its own unit.
    #[must_use]
    pub fn is_exactly(mut self, metric: &str, expected: f64) -> Self {
        self.checks.push(Check { metric: metric.to_owned(), expected, within: Within::Exactly(NANOSECOND) });
        self
    }

    /// With a window that must not grow.
    #[must_use]
    pub(super) fn windowed(mut self) -> Self {
        self.windowed = true;
        self
    }
}

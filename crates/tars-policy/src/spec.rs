//! What is wrong with a specification.

use alloc::string::String;
use core::fmt;

/// A field of a `Spec` that holds an impossible value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SpecError {
    /// The field, as a path inside the specification: `buckets.0.burst`.
    pub field: String,
    /// What is wrong and what was expected.
    pub problem: String,
}

impl SpecError {
    /// A problem of `field`.
    pub fn new(field: impl Into<String>, problem: impl Into<String>) -> Self {
        Self { field: field.into(), problem: problem.into() }
    }

    /// The same problem seen from one level further out: `field` is put before the path.
    #[must_use]
    pub fn within(mut self, outer: &str) -> Self {
        self.field =
            if self.field.is_empty() { outer.into() } else { alloc::format!("{outer}.{}", self.field) };
        self
    }
}

impl fmt::Display for SpecError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.field, self.problem)
    }
}

impl core::error::Error for SpecError {}

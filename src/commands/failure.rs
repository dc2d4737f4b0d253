//! Why a command did not do what was asked, and the exit code that says so.

use crate::report::ReportError;
use crate::runner::RunError;
use crate::store::StoreError;

/// Why a command did not do what was asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cause {
    /// Something inside broke, or a cell failed.
    Internal,
    /// The arguments, the experiment or the place of the results are wrong.
    Usage,
    /// A condition that was asked for does not hold.
    Condition,
    /// A resumed record differs from its recomputation.
    NotDeterministic,
    /// It was interrupted and can be resumed.
    Interrupted,
}

/// What to say and how to exit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    /// Why.
    pub cause: Cause,
    /// The message, whole.
    pub message: String,
}

impl Failure {
    /// Something inside broke.
    pub(super) fn internal(message: impl Into<String>) -> Self {
        Self { cause: Cause::Internal, message: message.into() }
    }

    /// The user can mend it.
    pub(super) fn usage(message: impl Into<String>) -> Self {
        Self { cause: Cause::Usage, message: message.into() }
    }

    /// The exit code.
    pub const fn code(&self) -> u8 {
        match self.cause {
            Cause::Internal => 1,
            Cause::Usage => 2,
            Cause::Condition => 3,
            Cause::NotDeterministic => 4,
            Cause::Interrupted => 5,
        }
    }
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        let cause = if error.is_bad_place() { Cause::Usage } else { Cause::Internal };
        Self { cause, message: format!("error: {error}") }
    }
}

impl From<RunError> for Failure {
    fn from(error: RunError) -> Self {
        let message = format!("error: {error}");
        match error {
            RunError::Store(error) => error.into(),
            RunError::Differs { .. } => Self { cause: Cause::NotDeterministic, message },
            RunError::Fold { .. } | RunError::Threads(_) => Self::internal(message),
        }
    }
}

impl From<ReportError> for Failure {
    fn from(error: ReportError) -> Self {
        let message = format!("error: {error}");
        match error {
            ReportError::Unreadable(_) | ReportError::Format { .. } => Self::usage(message),
            ReportError::Table(_) | ReportError::Picture(_) | ReportError::Page(_) => Self::internal(message),
        }
    }
}

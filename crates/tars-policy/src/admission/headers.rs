//! What a reply says of the load.

use alloc::format;
use alloc::string::String;

use crate::spec::SpecError;
use crate::units::{NANOS_PER_SECOND, Span};

/// The backpressure headers of a reply (document 000, Part 3).
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Headers {
    /// `X-Queue-Depth`: tasks waiting before this one.
    pub queue_depth: u32,
    /// `X-Queue-Utilization` as a share.
    pub utilisation: f64,
    /// `X-Retry-After`, in whole seconds.
    pub retry_after: Span,
}

impl Headers {
    /// `X-Queue-Utilization` as the printed `(utilization * 100).toFixed(1) + '%'` writes it: `95.1%`.
    ///
    /// `toFixed` rounds the exact value of the float, ties up (ECMA-262, `Number.prototype.toFixed`).
    #[expect(
        clippy::float_cmp,
        reason = "a quarter is exact in binary, and so is the difference to a whole number"
    )]
    pub fn utilisation_text(&self) -> String {
        let percent = self.utilisation * 100.0;
        // Formatting rounds exactly too, but ties to even. With one decimal a tie is an odd number of quarters, and
        // only after an even digit, at x.25, do the two differ.
        if percent - libm::floor(percent) == 0.25 {
            return format!("{:.0}.3%", libm::floor(percent));
        }
        format!("{percent:.1}%")
    }
}

/// The share of the cap in use: 0 without a cap, 1 with a cap of zero.
pub(super) fn utilisation(depth: u32, max_depth: Option<u32>) -> f64 {
    match max_depth {
        None => 0.0,
        Some(0) => 1.0,
        Some(cap) => f64::from(depth) / f64::from(cap),
    }
}

/// How long a client is asked to wait, by the utilisation of the queue; rounded up to whole seconds.
///
/// The documents call a function that they do not define, so the law is stated here. A utilisation outside 0 to 1 counts
/// as the nearer of the two.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "serde", serde(rename_all = "snake_case", deny_unknown_fields))]
pub enum RetryAfterLaw {
    /// Always the same.
    Fixed(Span),
    /// Grows by equal amounts.
    Linear {
        /// With an empty queue.
        at_empty: Span,
        /// With a full queue.
        at_full: Span,
    },
    /// Grows by equal factors.
    Exponential {
        /// With an empty queue; positive.
        at_empty: Span,
        /// With a full queue.
        at_full: Span,
    },
}

impl Default for RetryAfterLaw {
    /// From 1 s to the 60 s that a 503 carries as printed.
    fn default() -> Self {
        Self::Linear { at_empty: Span::from_secs(1), at_full: Span::from_secs(60) }
    }
}

impl RetryAfterLaw {
    /// How long to wait at this utilisation.
    pub fn after(self, utilisation: f64) -> Span {
        let share = if utilisation.is_nan() { 0.0 } else { utilisation.clamp(0.0, 1.0) };
        let span = match self {
            Self::Fixed(span) => span,
            Self::Linear { at_empty, at_full } => {
                at_empty.saturating_add(at_full.saturating_sub(at_empty).scale(share))
            }
            Self::Exponential { at_empty, at_full } => {
                at_empty.scale(libm::pow(at_full.as_nanos() as f64 / at_empty.as_nanos() as f64, share))
            }
        };
        Span::from_secs(1).saturating_mul(span.as_nanos().div_ceil(NANOS_PER_SECOND))
    }

    pub(super) fn validate(self) -> Result<(), SpecError> {
        let (law, at_empty, at_full) = match self {
            Self::Fixed(_) => return Ok(()),
            Self::Linear { at_empty, at_full } => ("linear", at_empty, at_full),
            Self::Exponential { at_empty, at_full } => ("exponential", at_empty, at_full),
        };
        if matches!(self, Self::Exponential { .. }) && at_empty.is_zero() {
            return Err(SpecError::new(
                format!("{law}.at_empty"),
                "is zero; expected a positive span to grow from",
            ));
        }
        if at_full < at_empty {
            let problem = format!("{at_full} is shorter than at_empty, {at_empty}; expected at least that");
            return Err(SpecError::new(format!("{law}.at_full"), problem));
        }
        Ok(())
    }
}

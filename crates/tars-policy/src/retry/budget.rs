//! What limits the retries of all calls together.

use super::{Failure, RetryBudget};
use crate::spec::SpecError;
use crate::units::Time;
use alloc::format;

/// One retry, in the units of a balance: a millionth of a retry for each nanosecond of a second.
const ONE: u128 = 1_000_000 * 1_000_000_000;

impl RetryBudget {
    pub(super) fn validate(&self) -> Result<(), SpecError> {
        match self {
            Self::TokenRatio { ratio, reserve_per_s, capacity } => {
                within(*ratio, 1_000.0, "token_ratio.ratio")?;
                within(*reserve_per_s, 1_000_000.0, "token_ratio.reserve_per_s")?;
                if *capacity == 0 {
                    return Err(SpecError::new(
                        "token_ratio.capacity",
                        "is 0 and never allows a retry; expected at least 1",
                    ));
                }
                Ok(())
            }
            Self::ActiveShare { share, .. } => within(*share, 1.0, "active_share.share"),
        }
    }
}

fn within(value: f64, most: f64, field: &str) -> Result<(), SpecError> {
    if (0.0..=most).contains(&value) {
        Ok(())
    } else {
        Err(SpecError::new(field, format!("is {value}; expected 0 to {most}")))
    }
}

/// A budget at work.
#[derive(Clone, Debug)]
pub(super) enum Budget {
    TokenRatio { balance: u128, capacity: u128, by_request: u128, by_nano: u128, updated: Time },
    ActiveShare { share: f64, minimum: u32 },
}

impl Budget {
    pub(super) fn new(spec: &RetryBudget) -> Self {
        match spec {
            RetryBudget::TokenRatio { ratio, reserve_per_s, capacity } => {
                let capacity = u128::from(*capacity) * ONE;
                Self::TokenRatio {
                    balance: capacity,
                    capacity,
                    by_request: u128::from(millionths(*ratio)) * 1_000_000_000,
                    by_nano: u128::from(millionths(*reserve_per_s)),
                    updated: Time::START,
                }
            }
            RetryBudget::ActiveShare { share, minimum } => {
                Self::ActiveShare { share: *share, minimum: *minimum }
            }
        }
    }

    /// A request comes in.
    pub(super) fn earn(&mut self, now: Time) {
        self.pass_time(now);
        match self {
            Self::TokenRatio { balance, capacity, by_request, .. } => {
                *balance = (*balance + *by_request).min(*capacity);
            }
            Self::ActiveShare { .. } => {}
        }
    }

    /// Whether the retry of `failure` is covered; it is then paid.
    pub(super) fn spend(&mut self, now: Time, failure: &Failure) -> bool {
        self.pass_time(now);
        match self {
            Self::TokenRatio { balance, .. } => match balance.checked_sub(ONE) {
                Some(rest) => {
                    *balance = rest;
                    true
                }
                None => false,
            },
            Self::ActiveShare { share, minimum } => {
                failure.retrying < *minimum
                    || f64::from(failure.retrying) < *share * f64::from(failure.active)
            }
        }
    }

    fn pass_time(&mut self, now: Time) {
        match self {
            Self::TokenRatio { balance, capacity, by_nano, updated, .. } => {
                let nanos = u128::from(now.saturating_since(*updated).as_nanos());
                *balance = (*balance + nanos * *by_nano).min(*capacity);
                *updated = now.max(*updated);
            }
            Self::ActiveShare { .. } => {}
        }
    }
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "validated to lie between 0 and 10^12"
)]
fn millionths(value: f64) -> u64 {
    libm::round(value * 1e6) as u64
}

//! Counting in windows that begin at multiples of their length.

use super::Room;
use crate::units::{Rate, Span, Time};

#[derive(Clone, Debug)]
pub(super) struct FixedWindow {
    limit: u64,
    window: Span,
    /// The number of the window that `used` belongs to.
    current: u64,
    used: u64,
}

impl FixedWindow {
    pub(super) fn new(limit: u64, window: Span) -> Self {
        Self { limit, window, current: 0, used: 0 }
    }

    pub(super) fn room(&mut self, now: Time, amount: u64) -> Room {
        self.advance(now);
        if amount > self.limit {
            return Room::Never;
        }
        if self.used.saturating_add(amount) <= self.limit {
            return Room::Now;
        }
        let next = (self.current + 1).checked_mul(self.window.as_nanos());
        Room::At(next.map_or(Time::NEVER, Time::from_nanos))
    }

    pub(super) fn take(&mut self, amount: u64) {
        self.used = self.used.saturating_add(amount);
    }

    /// Corrects the window in which the grant was made; once that window is over there is nothing to correct.
    pub(super) fn settle(&mut self, now: Time, granted: Time, reserved: u64, actual: u64) {
        self.advance(now);
        if self.number(granted) == self.current {
            self.used = self.used.saturating_sub(reserved).saturating_add(actual);
        }
    }

    pub(super) fn set_limit(&mut self, limit: u64) {
        self.limit = limit;
    }

    pub(super) fn set_rate(&mut self, rate: Rate) {
        self.limit = amount_in(rate, self.window);
    }

    pub(super) fn level(&self, now: Time) -> f64 {
        let used = if self.number(now) > self.current { 0 } else { self.used };
        self.limit as f64 - used as f64
    }

    pub(super) fn limit(&self) -> u64 {
        self.limit
    }

    pub(super) fn length(&self) -> Span {
        self.window
    }

    fn advance(&mut self, now: Time) {
        let number = self.number(now);
        if number > self.current {
            self.current = number;
            self.used = 0;
        }
    }

    fn number(&self, at: Time) -> u64 {
        at.as_nanos() / self.window.as_nanos()
    }
}

/// What `rate` gives in `window`, rounded down, at least 1.
pub(super) fn amount_in(rate: Rate, window: Span) -> u64 {
    let amount = u128::from(rate.count()) * u128::from(window.as_nanos()) / u128::from(rate.per_nanos());
    u64::try_from(amount).unwrap_or(u64::MAX).max(1)
}

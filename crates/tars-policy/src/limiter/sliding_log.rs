//! Counting in any stretch of a given length, call by call.

use super::fixed_window::amount_in;
use super::{Grant, Room};
use crate::units::{Rate, Span, Time};
use alloc::collections::VecDeque;

#[derive(Clone, Debug)]
pub(super) struct SlidingLog {
    limit: u64,
    window: Span,
    /// Calls of the last window, oldest first; serials rise.
    calls: VecDeque<Call>,
    /// The sum of their amounts; wider than one, as there may be many.
    used: u128,
}

#[derive(Clone, Copy, Debug)]
struct Call {
    serial: u64,
    at: Time,
    amount: u64,
}

impl SlidingLog {
    pub(super) fn new(limit: u64, window: Span) -> Self {
        Self { limit, window, calls: VecDeque::new(), used: 0 }
    }

    pub(super) fn room(&mut self, now: Time, amount: u64) -> Room {
        self.forget(now);
        if amount > self.limit {
            return Room::Never;
        }
        let (mut used, rest) = (self.used, u128::from(self.limit - amount));
        if used <= rest {
            return Room::Now;
        }
        for call in &self.calls {
            used -= u128::from(call.amount);
            if used <= rest {
                return Room::At(call.at.saturating_add(self.window));
            }
        }
        Room::Never
    }

    pub(super) fn take(&mut self, now: Time, serial: u64, amount: u64) {
        // A clock that stepped back must not put a call out of order.
        let at = self.calls.back().map_or(now, |last| last.at.max(now));
        self.calls.push_back(Call { serial, at, amount });
        self.used += u128::from(amount);
    }

    /// Corrects the entry of the grant, if it is still remembered. A cost that was not reserved has no entry and is
    /// logged as used when the grant was made, or now if later calls are logged already.
    pub(super) fn settle(&mut self, now: Time, grant: &Grant, reserved: u64, actual: u64) {
        self.forget(now);
        match self.calls.binary_search_by_key(&grant.serial, |call| call.serial) {
            Ok(index) => {
                self.calls[index].amount = actual;
                self.used = self.used - u128::from(reserved) + u128::from(actual);
            }
            Err(index) if reserved == 0 && grant.at.saturating_add(self.window) > now => {
                let at = if index == 0 { grant.at } else { self.calls[index - 1].at.max(grant.at) };
                self.calls.insert(index, Call { serial: grant.serial, at, amount: actual });
                self.used += u128::from(actual);
            }
            Err(_) => {}
        }
    }

    pub(super) fn set_limit(&mut self, limit: u64) {
        self.limit = limit;
    }

    pub(super) fn set_rate(&mut self, rate: Rate) {
        self.limit = amount_in(rate, self.window);
    }

    pub(super) fn level(&self, now: Time) -> f64 {
        let remembered = self.calls.iter().filter(|call| call.at.saturating_add(self.window) > now);
        self.limit as f64 - remembered.map(|call| u128::from(call.amount)).sum::<u128>() as f64
    }

    pub(super) fn limit(&self) -> u64 {
        self.limit
    }

    pub(super) fn length(&self) -> Span {
        self.window
    }

    fn forget(&mut self, now: Time) {
        while let Some(oldest) = self.calls.front() {
            if oldest.at.saturating_add(self.window) > now {
                return;
            }
            self.used -= u128::from(oldest.amount);
            self.calls.pop_front();
        }
    }
}

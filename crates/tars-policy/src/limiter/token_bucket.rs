//! The token bucket, in exact integers.

use super::Room;
use crate::units::{Rate, Time};

/// A bucket that refills continuously. The level is in units of `1 / per` of the rate: in `dt` nanoseconds exactly
/// `dt × count` units come in, and one token is `per` units.
#[derive(Clone, Debug)]
pub(super) struct TokenBucket {
    rate: Rate,
    burst: u64,
    /// Units in the bucket at `updated`; negative when more was used than reserved.
    level: i128,
    updated: Time,
}

impl TokenBucket {
    pub(super) fn new(rate: Rate, burst: u64, share: f64) -> Self {
        let mut bucket = Self { rate, burst, level: 0, updated: Time::START };
        bucket.set_share(share);
        bucket
    }

    #[inline]
    pub(super) fn room(&mut self, now: Time, amount: u64) -> Room {
        self.refill(now);
        let need = self.units(amount);
        if self.level >= need {
            return Room::Now;
        }
        self.room_later(amount, need)
    }

    #[inline]
    pub(super) fn take(&mut self, amount: u64) {
        self.level -= self.units(amount);
    }

    pub(super) fn settle(&mut self, now: Time, reserved: u64, actual: u64) {
        self.refill(now);
        let change = self.units(reserved) - self.units(actual);
        self.level = self.level.saturating_add(change).min(self.capacity());
    }

    pub(super) fn set_share(&mut self, share: f64) {
        let millionths = libm::round(share.clamp(0.0, 1.0) * 1e6);
        #[expect(
            clippy::cast_possible_truncation,
            reason = "a whole number from 0 to a million; not-a-number becomes 0"
        )]
        let millionths = millionths as i128;
        let (whole, rest) = (self.capacity() / 1_000_000, self.capacity() % 1_000_000);
        self.level = whole * millionths + rest * millionths / 1_000_000;
    }

    pub(super) fn set_rate(&mut self, now: Time, rate: Rate) {
        self.refill(now);
        let per = i128::from(self.rate.per_nanos());
        let per_new = i128::from(rate.per_nanos());
        let (tokens, rest) = (self.level.div_euclid(per), self.level.rem_euclid(per));
        self.rate = rate;
        self.level = tokens.saturating_mul(per_new).saturating_add(rest * per_new / per).min(self.capacity());
    }

    pub(super) fn set_burst(&mut self, now: Time, burst: u64) {
        self.refill(now);
        self.burst = burst;
        self.level = self.level.min(self.capacity());
    }

    /// Tokens in the bucket at `now`.
    pub(super) fn level(&self, now: Time) -> f64 {
        let mut copy = self.clone();
        copy.refill(now);
        copy.level_stored()
    }

    /// Tokens in the bucket when it was last looked at.
    pub(super) fn level_stored(&self) -> f64 {
        self.level as f64 / self.rate.per_nanos() as f64
    }

    pub(super) fn rate(&self) -> Rate {
        self.rate
    }

    #[inline]
    fn refill(&mut self, now: Time) {
        if now <= self.updated {
            return;
        }
        let nanos = (now - self.updated).as_nanos();
        // Two u64 multiply to less than 2^128, but the level is signed: what would not fit is above any capacity.
        let earned = i128::try_from(u128::from(nanos) * u128::from(self.rate.count())).unwrap_or(i128::MAX);
        self.level = self.level.saturating_add(earned).min(self.capacity());
        self.updated = now;
    }

    /// When `amount` fits, given that it does not now.
    #[cold]
    fn room_later(&self, amount: u64, need: i128) -> Room {
        if amount > self.burst {
            return Room::Never;
        }
        let missing = need.saturating_sub(self.level).unsigned_abs();
        let nanos = missing.div_ceil(u128::from(self.rate.count()));
        Room::At(
            u64::try_from(u128::from(self.updated.as_nanos()) + nanos).map_or(Time::NEVER, Time::from_nanos),
        )
    }

    /// `amount` tokens in units. The denominator is at most 2^62, so the product is below 2^126.
    #[inline]
    fn units(&self, amount: u64) -> i128 {
        i128::from(amount) * i128::from(self.rate.per_nanos())
    }

    #[inline]
    fn capacity(&self) -> i128 {
        self.units(self.burst)
    }
}

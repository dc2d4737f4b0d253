//! A whole-number level over time, integrated exactly over the whole run and over the measured window.

/// A level and its integrals.
///
/// The area under the level up to a moment is `value · now` less, for each change, its height times its moment. So a
/// change costs one sum, and no product but where more than one comes or goes at once.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Level {
    value: u32,
    highest: u32,
    /// The sum of height times moment over all changes, modulo 2^128: those down outweigh those up for a while.
    moments: u128,
    /// The area when the window opened and when it closed.
    opened: u128,
    closed: Option<u128>,
}

impl Level {
    /// The level changes to `value` at `now`.
    #[inline]
    pub(crate) fn set(&mut self, now: u64, value: u32) {
        let rises = u128::from(value).wrapping_sub(u128::from(self.value));
        self.moments = self.moments.wrapping_add(rises.wrapping_mul(u128::from(now)));
        self.value = value;
        self.highest = self.highest.max(value);
    }

    /// One more.
    #[inline]
    pub(crate) fn up(&mut self, now: u64) {
        self.moments = self.moments.wrapping_add(u128::from(now));
        self.value += 1;
        self.highest = self.highest.max(self.value);
    }

    /// One fewer.
    #[inline]
    pub(crate) fn down(&mut self, now: u64) {
        self.moments = self.moments.wrapping_sub(u128::from(now));
        self.value = self.value.checked_sub(1).expect("nothing leaves that has not come");
    }

    /// The level now.
    #[inline]
    pub(crate) const fn value(&self) -> u32 {
        self.value
    }

    /// The highest level since the window opened.
    pub(crate) const fn highest(&self) -> u32 {
        self.highest
    }

    /// The area from the start to `now`.
    pub(crate) fn area(&self, now: u64) -> u128 {
        // 32 bits of level over 60 bits of time: no area reaches 2^92, so what has wrapped has wrapped back.
        (u128::from(self.value) * u128::from(now)).wrapping_sub(self.moments)
    }

    /// The window opens.
    pub(crate) fn open(&mut self, now: u64) {
        self.opened = self.area(now);
        self.highest = self.value;
    }

    /// The window closes.
    pub(crate) fn close(&mut self, now: u64) {
        self.closed = Some(self.area(now));
    }

    /// The area in the window.
    pub(crate) fn window(&self) -> u128 {
        self.closed.expect("the window closes before a run is over") - self.opened
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn areas_add_up() {
        let mut level = Level::default();
        level.up(10);
        level.open(15);
        level.up(20);
        level.close(30);
        level.down(40);
        assert_eq!(level.area(50), 10 + 2 * 20 + 10);
        assert_eq!(level.window(), 5 + 20);
        assert_eq!(level.highest(), 2);
    }
    proptest! {
        #![proptest_config(ProptestConfig { cases: 100, failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn the_area_is_the_sum_of_its_rectangles(steps in prop::collection::vec((0_u64..1 << 50, 0_u32..1_000, 0..3), 0..60)) {
            let (mut level, mut now, mut area) = (Level::default(), 0, 0_u128);
            for (span, value, change) in steps {
                now += span;
                area += u128::from(level.value()) * u128::from(span);
                match change {
                    0 => level.set(now, value),
                    1 => level.up(now),
                    _ if level.value() > 0 => level.down(now),
                    _ => {}
                }
                prop_assert_eq!(level.area(now), area);
                prop_assert!(level.highest() >= level.value());
            }
        }
    }
}

//! [`TimeIntegral`]: a level over time, integrated exactly.

/// The integral of a whole-number level over time: tasks waiting, agents alive, bytes of heap.
///
/// Time is integer nanoseconds, so the integral is exact and Little's law can be checked to the last unit. The level
/// holds from the moment it is set until the next change. Moments never step back; a call with an earlier moment than
/// the one before it panics, because the integral would be wrong without a sign of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TimeIntegral {
    opened: u64,
    changed: u64,
    value: u64,
    max: u64,
    area: u128,
}

impl TimeIntegral {
    /// A level of zero from `now` (nanoseconds) on, with the window opened there.
    pub const fn new(now: u64) -> Self {
        Self { opened: now, changed: now, value: 0, max: 0, area: 0 }
    }

    /// The level is `value` from `now` (nanoseconds) on.
    pub fn set(&mut self, now: u64, value: u64) {
        self.advance(now);
        self.value = value;
        self.max = self.max.max(value);
    }

    /// The level rises by `amount` at `now` (nanoseconds).
    pub fn add(&mut self, now: u64, amount: u64) {
        let value =
            self.value.checked_add(amount).expect("a level counts things that exist, far fewer than 2^64");
        self.set(now, value);
    }

    /// The level falls by `amount` at `now` (nanoseconds).
    pub fn subtract(&mut self, now: u64, amount: u64) {
        let value = self.value.checked_sub(amount).expect("nothing leaves that has not come");
        self.set(now, value);
    }

    /// Opens a new window at `now`: the area before it is forgotten and the maximum starts from the present level.
    pub fn open_window(&mut self, now: u64) {
        self.advance(now);
        self.opened = now;
        self.area = 0;
        self.max = self.value;
    }

    /// The present level.
    pub const fn value(&self) -> u64 {
        self.value
    }

    /// The highest level in the window so far, however short it held.
    pub const fn max(&self) -> u64 {
        self.max
    }

    /// The moment the window was opened, in nanoseconds.
    pub const fn opened(&self) -> u64 {
        self.opened
    }

    /// Level × nanoseconds from the opening of the window to `now`.
    pub fn integral(&self, now: u64) -> u128 {
        self.area + u128::from(self.value) * u128::from(self.elapsed(now))
    }

    /// The time average from the opening of the window to `now`; `None` while the window has no length.
    pub fn mean(&self, now: u64) -> Option<f64> {
        let area = self.integral(now);
        let length = now - self.opened;
        (length > 0).then(|| area as f64 / length as f64)
    }

    fn advance(&mut self, now: u64) {
        self.area = self.integral(now);
        self.changed = now;
    }

    fn elapsed(&self, now: u64) -> u64 {
        now.checked_sub(self.changed).expect("time never steps back")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_level_counts_for_as_long_as_it_holds() {
        let mut queue = TimeIntegral::new(10);
        queue.add(20, 3);
        queue.subtract(30, 1);
        assert_eq!(queue.integral(50), 3 * 10 + 2 * 20);
        assert_eq!(queue.mean(50), Some(70.0 / 40.0));
        assert_eq!((queue.value(), queue.max()), (2, 3));
    }

    #[test]
    fn a_level_that_holds_for_no_time_adds_no_area_but_is_the_maximum() {
        let mut queue = TimeIntegral::new(0);
        queue.set(5, 9);
        queue.set(5, 0);
        assert_eq!((queue.integral(10), queue.max()), (0, 9));
    }

    #[test]
    fn a_new_window_keeps_the_level_and_forgets_the_rest() {
        let mut queue = TimeIntegral::new(0);
        queue.set(0, 7);
        queue.set(10, 2);
        queue.open_window(20);
        assert_eq!((queue.opened(), queue.max(), queue.integral(25)), (20, 2, 10));
    }

    #[test]
    fn a_window_without_length_has_no_mean() {
        assert_eq!(TimeIntegral::new(4).mean(4), None);
    }

    #[test]
    fn the_largest_level_over_the_longest_time_does_not_overflow() {
        let mut level = TimeIntegral::new(0);
        level.set(0, u64::MAX);
        assert_eq!(level.integral(u64::MAX), u128::from(u64::MAX) * u128::from(u64::MAX));
    }

    #[test]
    #[should_panic(expected = "time never steps back")]
    fn an_earlier_moment_panics() {
        let mut level = TimeIntegral::new(10);
        level.set(9, 1);
    }

    #[test]
    #[should_panic(expected = "nothing leaves that has not come")]
    fn a_level_below_zero_panics() {
        TimeIntegral::new(0).subtract(1, 1);
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() })]

        /// A sum over single nanoseconds is the second method.
        #[test]
        fn the_integral_is_the_sum_over_nanoseconds(steps in prop::collection::vec((0_u64..20, 0_u64..50), 0..30)) {
            let mut level = TimeIntegral::new(0);
            let (mut now, mut held, mut expected) = (0, 0_u64, 0_u128);
            for (wait, value) in steps {
                for _ in 0..wait {
                    expected += u128::from(held);
                }
                now += wait;
                held = value;
                level.set(now, value);
            }
            prop_assert_eq!(level.integral(now), expected);
        }
    }
}

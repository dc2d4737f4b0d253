//! A whole-number level over time, integrated exactly over the whole run and over the measured window.

/// A level and its integrals.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Level {
    value: u32,
    highest: u32,
    since: u64,
    area: u128,
    /// The area when the window opened and when it closed.
    opened: u128,
    closed: Option<u128>,
}

impl Level {
    /// The level changes to `value` at `now`.
    #[inline]
    pub(crate) fn set(&mut self, now: u64, value: u32) {
        // 32 bits of level over 60 bits of time: no area reaches 2^92.
        let grown = u128::from(self.value) * u128::from(now - self.since);
        self.area = self.area.wrapping_add(grown);
        self.since = now;
        self.value = value;
        self.highest = self.highest.max(value);
    }

    /// One more.
    #[inline]
    pub(crate) fn up(&mut self, now: u64) {
        self.set(now, self.value + 1);
    }

    /// One fewer.
    #[inline]
    pub(crate) fn down(&mut self, now: u64) {
        self.set(now, self.value.checked_sub(1).expect("nothing leaves that has not come"));
    }

    /// The level now.
    pub(crate) const fn value(&self) -> u32 {
        self.value
    }

    /// The highest level since the window opened.
    pub(crate) const fn highest(&self) -> u32 {
        self.highest
    }

    /// The area from the start to `now`.
    pub(crate) fn area(&self, now: u64) -> u128 {
        self.area + u128::from(self.value) * u128::from(now - self.since)
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
        self.closed.unwrap_or(self.area) - self.opened
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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
}

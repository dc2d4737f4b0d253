//! What orders a pending event and says what it is, in sixteen bytes.

/// Bits of the event itself: kind and index.
const CODE_BITS: u32 = 28;
/// Bits of the order of scheduling.
const SEQUENCE_BITS: u32 = 36;
/// Bits of the rank.
const RANK_BITS: u32 = 4;
/// Bits of the time in nanoseconds: 36 years.
const TIME_BITS: u32 = 60;

/// A pending event: from the top bit down its time, rank, sequence and code, so that keys compare as events do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Key(u128);

impl Key {
    /// Greater than every event: what an empty place holds.
    pub(super) const NEVER: Self = Self(u128::MAX);

    /// Packs an event; panics where a part does not fit.
    #[inline]
    pub(super) fn new(time: u64, rank: u8, sequence: u64, code: u32) -> Self {
        // One branch for all parts.
        let beyond = (time >> TIME_BITS)
            | u64::from(rank >> RANK_BITS)
            | (sequence >> SEQUENCE_BITS)
            | u64::from(code >> CODE_BITS);
        if beyond != 0 {
            refuse(time, rank, sequence, code);
        }
        let high = (time << RANK_BITS) | u64::from(rank);
        let low = (sequence << CODE_BITS) | u64::from(code);
        Self((u128::from(high) << 64) | u128::from(low))
    }

    /// When, in nanoseconds; beyond every event for [`Key::NEVER`].
    #[inline]
    pub(super) const fn time(self) -> u64 {
        (self.0 >> 64) as u64 >> RANK_BITS
    }

    /// Its place in the order of scheduling.
    #[inline]
    #[expect(clippy::cast_possible_truncation, reason = "the low half is meant")]
    pub(super) const fn sequence(self) -> u64 {
        self.0 as u64 >> CODE_BITS
    }

    /// What happens, as the event encoded it.
    #[inline]
    #[expect(clippy::cast_possible_truncation, reason = "the low 28 bits are meant")]
    pub(super) const fn code(self) -> u32 {
        self.0 as u32 & ((1 << CODE_BITS) - 1)
    }
}

/// Says which part of an event does not fit.
#[cold]
#[inline(never)]
fn refuse(time: u64, rank: u8, sequence: u64, code: u32) -> ! {
    assert!(
        time >> TIME_BITS == 0,
        "an event is scheduled at {time} ns; time ends at 2^60 ns, after 36 years"
    );
    assert!(rank >> RANK_BITS == 0, "an event has rank {rank}; ranks are below 16");
    assert!(code >> CODE_BITS == 0, "an event is encoded as {code}; codes are below 2^28");
    panic!("event {sequence} is scheduled; a run ends at 2^36 events");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_gives_back_its_parts() {
        let key = Key::new((1 << 60) - 1, 15, (1 << 36) - 1, (1 << 28) - 1);
        assert_eq!((key.time(), key.sequence(), key.code()), ((1 << 60) - 1, (1 << 36) - 1, (1 << 28) - 1));
        assert_eq!(key, Key::NEVER);
        let key = Key::new(5, 3, 7, 9);
        assert_eq!((key.time(), key.sequence(), key.code()), (5, 7, 9));
    }

    #[test]
    fn time_decides_before_rank_and_rank_before_sequence() {
        assert!(Key::new(1, 15, 9, 9) < Key::new(2, 0, 0, 0));
        assert!(Key::new(1, 1, 9, 9) < Key::new(1, 2, 0, 0));
        assert!(Key::new(1, 1, 3, 9) < Key::new(1, 1, 4, 0));
    }

    #[test]
    #[should_panic(expected = "time ends at 2^60")]
    fn time_ends() {
        let _ = Key::new(1 << 60, 0, 0, 0);
    }

    #[test]
    #[should_panic(expected = "ranks are below 16")]
    fn ranks_end() {
        let _ = Key::new(0, 16, 0, 0);
    }

    #[test]
    #[should_panic(expected = "codes are below 2^28")]
    fn codes_end() {
        let _ = Key::new(0, 0, 0, 1 << 28);
    }

    #[test]
    #[should_panic(expected = "a run ends at 2^36 events")]
    fn sequences_end() {
        let _ = Key::new(0, 0, 1 << 36, 0);
    }
}

//! Streams are what their names make them, and later draws are as good as chance.

use super::*;
use proptest::prelude::*;

fn streams() -> Streams {
    Streams::new(42, 7)
}

/// Computed by another implementation of SHA-256, ChaCha8 and the mixing function.
#[test]
fn known_answers_hold_to_the_last_bit() {
    let mut stream = streams().stream("clients", "gap");
    assert_eq!(
        [stream.bits(), stream.bits(), stream.bits()],
        [0x27C8_F27F_88C7_1C7F, 0x6C48_5833_506C_7887, 0xE855_1348_BE9A_12C1]
    );
    assert_eq!(
        [stream.unit().to_bits(), stream.open_unit().to_bits()],
        [0x3FEE_4899_3367_40BB, 0x3FC5_1437_9FD5_3334]
    );
    assert_eq!(
        TaskDraws::new(&streams(), "clients").block(3),
        [
            0x8A92_BC8A_464E_D455,
            0x3ADE_44A0_C3B5_F29B,
            0xEDE1_C73E_4508_F2C8,
            0x6795_8734_EC00_E047,
            0x5FA7_04FA_631B_4592,
            0xC9A7_8365_3F32_7BAE,
            0x50B1_2017_54B8_F712,
            0x8B6B_A59E_1C54_A18C
        ]
    );
    let laters = [later(0, 0, Use(0)), later(1, 0, Use(0)), later(1, 1, Use(0)), later(1, 0, Use(1))];
    assert_eq!(
        laters,
        [0x4821_8226_FF3C_D4BF, 0xA706_DD2F_4D19_7E6F, 0xBFF5_0576_3B60_AD4E, 0x5E41_AB08_7439_611E]
    );
}

#[test]
fn equal_names_give_equal_numbers_whatever_else_is_drawn() {
    let mut first = streams().stream("clients", "gap");
    let expected = [first.bits(), first.bits()];
    let _ = streams().stream("providers", "gap").bits();
    let mut again = streams().stream("clients", "gap");
    assert_eq!([again.bits(), again.bits()], expected);
}

#[test]
fn other_names_seeds_and_replications_give_other_numbers() {
    let first = |seed, replication, component, purpose| {
        Streams::new(seed, replication).stream(component, purpose).bits()
    };
    let mut numbers = [
        first(1, 0, "ab", "c"),
        first(2, 0, "ab", "c"),
        first(1, 1, "ab", "c"),
        first(0, 1, "ab", "c"),
        first(1, 0, "a", "bc"),
        first(1, 0, "abc", ""),
        first(1, 0, "c", "ab"),
    ];
    numbers.sort_unstable();
    assert!(numbers.windows(2).all(|pair| pair[0] != pair[1]), "{numbers:?}");
}

#[test]
fn a_block_is_the_tasks_own_part_of_one_stream() {
    let mut stream = streams().stream("clients", "task");
    let mut draws = TaskDraws::new(&streams(), "clients");
    for number in 0..10 {
        let expected: [u64; 8] = core::array::from_fn(|_| stream.bits());
        assert_eq!(draws.block(number), expected, "{number}");
    }
}

#[test]
fn units_reach_both_ends_only_where_they_may() {
    assert_eq!(unit_from(0).to_bits(), 0.0_f64.to_bits());
    assert_eq!(unit_from(u64::MAX).to_bits(), (1.0 - f64::EPSILON / 2.0).to_bits());
    assert!(open_unit_from(0) > 0.0 && open_unit_from(u64::MAX) < 1.0);
}

/// How many draws the tests of chance take.
const DRAWS: u64 = 200_000;

/// Holds that draws are uniform (chi-squared over 256 cells, 255 degrees of freedom), do not follow from the draw
/// before, and use every bit.
#[track_caller]
fn looks_like_chance(name: &str, draw: impl Fn(u64) -> u64) {
    let (mut cells, mut ones) = ([0_u64; 256], [0_u64; 64]);
    let (mut products, mut last) = (0.0, unit_from(draw(DRAWS)) - 0.5);
    for number in 0..DRAWS {
        let bits = draw(number);
        cells[(bits >> 56) as usize] += 1;
        for (bit, count) in ones.iter_mut().enumerate() {
            *count += bits >> bit & 1;
        }
        let centred = unit_from(bits) - 0.5;
        products += centred * last;
        last = centred;
    }
    let expected = DRAWS as f64 / 256.0;
    let chi_squared: f64 =
        cells.iter().map(|&count| (count as f64 - expected) * (count as f64 - expected) / expected).sum();
    // Five standard deviations of sqrt(2 · 255) around 255.
    assert!((chi_squared - 255.0).abs() < 5.0 * 22.6, "{name}: chi-squared {chi_squared}");
    let correlation = products / DRAWS as f64 * 12.0;
    assert!(correlation.abs() < 5.0 / (DRAWS as f64).sqrt(), "{name}: correlation {correlation}");
    for (bit, &count) in ones.iter().enumerate() {
        let excess = (count as f64 - DRAWS as f64 / 2.0).abs();
        assert!(excess < 2.5 * (DRAWS as f64).sqrt(), "{name}: bit {bit} is set {count} times");
    }
}

fn small(number: u64) -> u32 {
    u32::try_from(number).expect("a small number")
}

#[test]
fn later_draws_look_like_chance_in_every_direction() {
    let key = streams().stream("clients", "key").bits();
    looks_like_chance("attempts", |n| later(key, small(n), Use(3)));
    looks_like_chance("uses", |n| later(key, 2, Use(small(n))));
    looks_like_chance("keys in a row", |n| later(n, 1, Use(1)));
    looks_like_chance("keys by their high bits", |n| later(n << 40, 1, Use(1)));
    looks_like_chance("differences of attempts", |n| {
        later(key, small(n), Use(0)).wrapping_sub(later(key, small(n) + 1, Use(0)))
    });
    looks_like_chance("differences of uses", |n| later(n, 0, Use(0)) ^ later(n, 0, Use(1)));
}

#[test]
fn one_changed_bit_changes_half_of_the_draw() {
    let (mut flipped, mut pairs) = (0, 0);
    for number in 0..1_000_u64 {
        let key = later(number, 0, Use(0));
        for bit in 0..64 {
            flipped += (later(key, 1, Use(1)) ^ later(key ^ (1 << bit), 1, Use(1))).count_ones();
            pairs += 1;
        }
        for bit in 0..32 {
            flipped += (later(key, 1, Use(1)) ^ later(key, 1 ^ (1 << bit), Use(1))).count_ones();
            flipped += (later(key, 1, Use(1)) ^ later(key, 1, Use(1 ^ (1 << bit)))).count_ones();
            pairs += 2;
        }
    }
    let mean = f64::from(flipped) / f64::from(pairs);
    assert!((mean - 32.0).abs() < 0.1, "{mean} bits of 64 change");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn blocks_come_out_the_same_in_any_order(numbers in proptest::collection::vec(0_u64..40, 1..40), far in any::<u64>()) {
        let mut draws = TaskDraws::new(&streams(), "clients");
        for number in numbers.into_iter().chain([far]) {
            prop_assert_eq!(draws.block(number), TaskDraws::new(&streams(), "clients").block(number));
        }
    }
}

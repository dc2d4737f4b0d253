//! Axes → cells: a grid, a Latin hypercube, or the Sobol sequence.

use std::sync::Arc;

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};

use super::axis::Varied;
use super::{CellSpec, Coordinate};

/// Axes that the table of Sobol numbers covers.
pub(super) const SOBOL_AXES_MAX: usize = 16;

/// Bits of a Sobol number.
const SOBOL_BITS: usize = 32;

/// Primitive polynomials and first direction numbers for the second axis on, by Joe and Kuo (2008, `new-joe-kuo-6`):
/// the degree is the count of numbers, the coefficient its inner bits.
const SOBOL_TABLE: [(u32, &[u32]); SOBOL_AXES_MAX - 1] = [
    (0, &[1]),
    (1, &[1, 3]),
    (1, &[1, 3, 1]),
    (2, &[1, 1, 1]),
    (1, &[1, 1, 3, 3]),
    (4, &[1, 3, 5, 13]),
    (2, &[1, 1, 5, 5, 17]),
    (4, &[1, 1, 5, 5, 5]),
    (7, &[1, 1, 7, 11, 19]),
    (11, &[1, 1, 5, 1, 1]),
    (13, &[1, 1, 1, 3, 11]),
    (14, &[1, 3, 5, 5, 31]),
    (1, &[1, 3, 3, 9, 7, 49]),
    (13, &[1, 1, 1, 15, 21, 21]),
    (16, &[1, 3, 1, 13, 27, 49]),
];

/// Every combination, `count` in all; the last axis moves fastest.
pub(super) fn grid(axes: &[Varied], count: usize) -> Vec<CellSpec> {
    (0..count)
        .map(|index| {
            let mut rest = index;
            let mut coordinates: Vec<Coordinate> = axes
                .iter()
                .rev()
                .map(|axis| {
                    let settings = axis.settings();
                    let setting = Arc::clone(&settings[rest % settings.len()]);
                    rest /= settings.len();
                    Coordinate { axis: Arc::clone(&axis.axis), setting }
                })
                .collect();
            coordinates.reverse();
            CellSpec { index, coordinates }
        })
        .collect()
}

/// `count` cells, with one in each of `count` equal slices of every axis.
pub(super) fn latin_hypercube(axes: &[Varied], count: usize, seed: u64) -> Vec<CellSpec> {
    let columns: Vec<Vec<f64>> = (0..axes.len()).map(|axis| stratified(count, seed, axis as u64)).collect();
    sampled(axes, count, |cell, axis| columns[axis][cell])
}

/// The first `count` points of the Sobol sequence, the origin among them: without it the even spread is lost (Owen
/// 2020, "On dropping the first Sobol' point").
pub(super) fn sobol(axes: &[Varied], count: usize) -> Vec<CellSpec> {
    let directions: Vec<_> = (0..axes.len()).map(sobol_directions).collect();
    sampled(axes, count, |cell, axis| sobol_number(&directions[axis], cell))
}

fn sampled(axes: &[Varied], count: usize, share: impl Fn(usize, usize) -> f64) -> Vec<CellSpec> {
    let coordinate = |cell, (index, axis): (usize, &Varied)| Coordinate {
        axis: Arc::clone(&axis.axis),
        setting: axis.sample(share(cell, index)),
    };
    (0..count)
        .map(|cell| CellSpec {
            index: cell,
            coordinates: axes.iter().enumerate().map(|axis| coordinate(cell, axis)).collect(),
        })
        .collect()
}

/// One number in each of `count` equal slices of `[0, 1)`, in random order. Each axis has its own stream.
fn stratified(count: usize, seed: u64, axis: u64) -> Vec<f64> {
    let mut key = [0; 32];
    key[..8].copy_from_slice(&seed.to_le_bytes());
    key[8..16].copy_from_slice(b"tars lhs");
    let mut random = ChaCha8Rng::from_seed(key);
    random.set_stream(axis);
    let mut slices: Vec<usize> = (0..count).collect();
    for last in (1..count).rev() {
        slices.swap(last, below(&mut random, last + 1));
    }
    slices.into_iter().map(|slice| (slice as f64 + unit(&mut random)) / count as f64).collect()
}

/// A whole number below `limit`, uniform but for less than one part in 2^40.
#[expect(clippy::cast_possible_truncation, reason = "the product shifted by 64 bits is below the limit")]
fn below(random: &mut ChaCha8Rng, limit: usize) -> usize {
    ((u128::from(random.next_u64()) * limit as u128) >> 64) as usize
}

/// Uniform on `[0, 1)`, with 53 bits.
fn unit(random: &mut ChaCha8Rng) -> f64 {
    (random.next_u64() >> 11) as f64 / (1_u64 << 53) as f64
}

/// The direction numbers of an axis: Bratley and Fox (1988), with the table above.
fn sobol_directions(axis: usize) -> [u32; SOBOL_BITS] {
    let mut directions = [0; SOBOL_BITS];
    if axis == 0 {
        for (bit, direction) in directions.iter_mut().enumerate() {
            *direction = 1 << (SOBOL_BITS - 1 - bit);
        }
        return directions;
    }
    let (polynomial, first) = SOBOL_TABLE[axis - 1];
    let degree = first.len();
    for bit in 0..SOBOL_BITS {
        directions[bit] = if bit < degree {
            first[bit] << (SOBOL_BITS - 1 - bit)
        } else {
            let mut direction = directions[bit - degree] ^ (directions[bit - degree] >> degree);
            for step in 1..degree {
                if (polynomial >> (degree - 1 - step)) & 1 == 1 {
                    direction ^= directions[bit - step];
                }
            }
            direction
        };
    }
    directions
}

/// The number of `point` on `[0, 1)`, in Gray code order.
fn sobol_number(directions: &[u32; SOBOL_BITS], point: usize) -> f64 {
    let gray = point ^ (point >> 1);
    let bits = directions.iter().enumerate().filter(|(bit, _)| (gray >> bit) & 1 == 1);
    let number = bits.fold(0_u32, |number, (_, direction)| number ^ direction);
    f64::from(number) / (1_u64 << SOBOL_BITS) as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Whether each of `numbers.len()` equal slices holds one number.
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "slices are few")]
    fn fills_every_slice(numbers: &[f64]) -> bool {
        let mut slices: Vec<usize> =
            numbers.iter().map(|number| (number * numbers.len() as f64) as usize).collect();
        slices.sort_unstable();
        slices.into_iter().eq(0..numbers.len())
    }

    #[test]
    fn a_latin_hypercube_fills_every_slice_of_every_axis() {
        for axis in 0..4 {
            assert!(fills_every_slice(&stratified(37, 7, axis)));
        }
        assert_ne!(stratified(37, 7, 0), stratified(37, 7, 1));
        assert_ne!(stratified(37, 7, 0), stratified(37, 8, 0));
    }

    #[test]
    fn a_latin_hypercube_is_the_same_on_every_platform() {
        let bits: Vec<u64> = stratified(4, 1, 0).into_iter().map(f64::to_bits).collect();
        assert_eq!(
            bits,
            [
                4_604_984_958_588_332_719,
                4_598_358_049_046_544_710,
                4_604_375_626_684_005_566,
                4_597_796_781_120_888_252,
            ]
        );
    }

    #[test]
    fn a_sobol_axis_fills_every_slice_at_powers_of_two() {
        for axis in 0..SOBOL_AXES_MAX {
            let directions = sobol_directions(axis);
            for power in 0..10 {
                let numbers: Vec<f64> =
                    (0..1 << power).map(|point| sobol_number(&directions, point)).collect();
                assert!(fills_every_slice(&numbers), "axis {axis}, {} points", numbers.len());
            }
        }
    }

    #[test]
    fn the_first_sobol_points_are_those_of_joe_and_kuo() {
        let directions: Vec<_> = (0..3).map(sobol_directions).collect();
        let points: Vec<[f64; 3]> =
            (0..6).map(|point| [0, 1, 2].map(|axis: usize| sobol_number(&directions[axis], point))).collect();
        let expected = [
            [0.0, 0.0, 0.0],
            [0.5, 0.5, 0.5],
            [0.75, 0.25, 0.25],
            [0.25, 0.75, 0.75],
            [0.375, 0.375, 0.625],
            [0.875, 0.875, 0.125],
        ];
        assert_eq!(points, expected);
    }

    #[test]
    fn no_two_sobol_axes_are_the_same() {
        let mut axes: Vec<_> = (0..SOBOL_AXES_MAX).map(sobol_directions).collect();
        axes.sort_unstable();
        axes.dedup();
        assert_eq!(axes.len(), SOBOL_AXES_MAX);
    }
}

//! Small dense matrices, by rows.

/// A square matrix.
#[derive(Clone, Debug)]
pub(crate) struct Matrix {
    pub(crate) size: usize,
    cells: Vec<f64>,
}

impl Matrix {
    pub(crate) fn zero(size: usize) -> Self {
        Self { size, cells: vec![0.0; size * size] }
    }

    pub(crate) fn identity(size: usize) -> Self {
        let mut one = Self::zero(size);
        (0..size).for_each(|at| one.set(at, at, 1.0));
        one
    }

    pub(crate) fn at(&self, row: usize, column: usize) -> f64 {
        self.cells[row * self.size + column]
    }

    pub(crate) fn set(&mut self, row: usize, column: usize, value: f64) {
        self.cells[row * self.size + column] = value;
    }

    pub(crate) fn scaled(&self, factor: f64) -> Self {
        Self { size: self.size, cells: self.cells.iter().map(|cell| cell * factor).collect() }
    }

    pub(crate) fn plus(&self, other: &Self) -> Self {
        Self { size: self.size, cells: self.cells.iter().zip(&other.cells).map(|(a, b)| a + b).collect() }
    }

    pub(crate) fn times(&self, other: &Self) -> Self {
        let mut product = Self::zero(self.size);
        for row in 0..self.size {
            for inner in 0..self.size {
                let left = self.at(row, inner);
                for column in 0..self.size {
                    product.cells[row * self.size + column] += left * other.at(inner, column);
                }
            }
        }
        product
    }

    pub(crate) fn times_vector(&self, vector: &[f64]) -> Vec<f64> {
        self.cells.chunks_exact(self.size).map(|row| dot(row, vector)).collect()
    }

    /// The exponential, by scaling, sixteen terms of its series, and squaring.
    pub(crate) fn exponential(&self) -> Self {
        let largest = self.cells.iter().fold(0.0_f64, |most, cell| most.max(cell.abs())) * self.size as f64;
        let (mut halvings, mut factor) = (0, 1.0);
        while largest * factor > 0.5 {
            (halvings, factor) = (halvings + 1, factor / 2.0);
        }
        let small = self.scaled(factor);
        let (mut sum, mut term) = (Self::identity(self.size), Self::identity(self.size));
        for order in 1..=16 {
            term = term.times(&small).scaled(1.0 / f64::from(order));
            sum = sum.plus(&term);
        }
        (0..halvings).fold(sum, |power, _| power.times(&power))
    }

    /// The solution x of `self` · x = `right`, by elimination with pivots.
    pub(crate) fn solve(&self, right: &[f64]) -> Vec<f64> {
        let (mut left, mut right) = (self.clone(), right.to_vec());
        for pivot in 0..self.size {
            let best = (pivot..self.size)
                .max_by(|a, b| left.at(*a, pivot).abs().total_cmp(&left.at(*b, pivot).abs()));
            let best = best.expect("a pivot row is left");
            for column in 0..self.size {
                let (a, b) = (left.at(pivot, column), left.at(best, column));
                left.set(pivot, column, b);
                left.set(best, column, a);
            }
            right.swap(pivot, best);
            for row in pivot + 1..self.size {
                let factor = left.at(row, pivot) / left.at(pivot, pivot);
                for column in pivot..self.size {
                    left.set(row, column, left.at(row, column) - factor * left.at(pivot, column));
                }
                right[row] -= factor * right[pivot];
            }
        }
        for row in (0..self.size).rev() {
            let known: f64 = (row + 1..self.size).map(|column| left.at(row, column) * right[column]).sum();
            right[row] = (right[row] - known) / left.at(row, row);
        }
        right
    }
}

pub(crate) fn dot(left: &[f64], right: &[f64]) -> f64 {
    left.iter().zip(right).map(|(a, b)| a * b).sum()
}

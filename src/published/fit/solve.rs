//! Small dense matrices: as much of linear algebra as a fit of a few parameters needs.

/// A matrix, row by row.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Matrix {
    columns: usize,
    values: Vec<f64>,
}

impl Matrix {
    pub(super) fn zero(rows: usize, columns: usize) -> Self {
        Self { columns, values: vec![0.0; rows * columns] }
    }

    pub(super) fn set(&mut self, row: usize, column: usize, value: f64) {
        self.values[row * self.columns + column] = value;
    }

    pub(super) fn at(&self, row: usize, column: usize) -> f64 {
        self.values[row * self.columns + column]
    }

    fn rows(&self) -> usize {
        self.values.len() / self.columns
    }

    /// `AᵀA`.
    pub(super) fn transposed_times_self(&self) -> Self {
        let mut product = Self::zero(self.columns, self.columns);
        for row in 0..self.columns {
            for column in 0..self.columns {
                let sum = (0..self.rows()).map(|at| self.at(at, row) * self.at(at, column)).sum();
                product.set(row, column, sum);
            }
        }
        product
    }

    /// Each entry over the errors of its row and column: correlations from covariances.
    pub(super) fn scaled(&self, errors: &[f64]) -> Self {
        let mut scaled = self.clone();
        for row in 0..self.columns {
            for column in 0..self.columns {
                scaled.set(row, column, self.at(row, column) / errors[row] / errors[column]);
            }
        }
        scaled
    }

    /// The largest over the least eigenvalue of a symmetric matrix, by Jacobi's rotations.
    pub(super) fn condition(&self) -> f64 {
        let mut turned = self.clone();
        for _ in 0..60 {
            for row in 0..self.columns {
                for column in row + 1..self.columns {
                    rotate(&mut turned, row, column);
                }
            }
        }
        let diagonal: Vec<f64> = (0..self.columns).map(|at| libm::fabs(turned.at(at, at))).collect();
        let largest = diagonal.iter().copied().fold(0.0, f64::max);
        largest / diagonal.iter().copied().fold(f64::INFINITY, f64::min)
    }
}

/// One rotation of Jacobi's, that makes the entry at (row, column) vanish.
fn rotate(matrix: &mut Matrix, row: usize, column: usize) {
    let off = matrix.at(row, column);
    if libm::fabs(off) < 1e-300 {
        return;
    }
    let theta = (matrix.at(column, column) - matrix.at(row, row)) / (2.0 * off);
    let tangent = libm::copysign(1.0, theta) / (libm::fabs(theta) + libm::sqrt(theta * theta + 1.0));
    let cosine = 1.0 / libm::sqrt(tangent * tangent + 1.0);
    let sine = tangent * cosine;
    for at in 0..matrix.columns {
        let (first, second) = (matrix.at(at, row), matrix.at(at, column));
        matrix.set(at, row, cosine * first - sine * second);
        matrix.set(at, column, sine * first + cosine * second);
    }
    for at in 0..matrix.columns {
        let (first, second) = (matrix.at(row, at), matrix.at(column, at));
        matrix.set(row, at, cosine * first - sine * second);
        matrix.set(column, at, sine * first + cosine * second);
    }
}

/// The inverse of a square matrix, by elimination with pivots; nothing if it has none.
pub(super) fn inverse(matrix: &Matrix) -> Option<Matrix> {
    let n = matrix.columns;
    let mut left = matrix.clone();
    let mut right = Matrix::zero(n, n);
    (0..n).for_each(|at| right.set(at, at, 1.0));
    for column in 0..n {
        let pivot = (column..n)
            .max_by(|a, b| libm::fabs(left.at(*a, column)).total_cmp(&libm::fabs(left.at(*b, column))))?;
        if libm::fabs(left.at(pivot, column)) < 1e-12 {
            return None;
        }
        for k in 0..n {
            left.values.swap(pivot * n + k, column * n + k);
            right.values.swap(pivot * n + k, column * n + k);
        }
        let by = left.at(column, column);
        for k in 0..n {
            left.set(column, k, left.at(column, k) / by);
            right.set(column, k, right.at(column, k) / by);
        }
        for row in (0..n).filter(|row| *row != column) {
            let factor = left.at(row, column);
            for k in 0..n {
                left.set(row, k, left.at(row, k) - factor * left.at(column, k));
                right.set(row, k, right.at(row, k) - factor * right.at(column, k));
            }
        }
    }
    Some(right)
}

/// The step of Levenberg and Marquardt: `(JᵀJ + d · diag JᵀJ)⁻¹ Jᵀ e`.
pub(super) fn damped(jacobian: &Matrix, errors: &[f64], damping: f64) -> Option<Vec<f64>> {
    let mut normal = jacobian.transposed_times_self();
    for at in 0..normal.columns {
        normal.set(at, at, normal.at(at, at) * (1.0 + damping) + 1e-9);
    }
    let inverse = inverse(&normal)?;
    let gradient: Vec<f64> = (0..jacobian.columns)
        .map(|column| errors.iter().enumerate().map(|(row, error)| jacobian.at(row, column) * error).sum())
        .collect();
    let times =
        |row: usize| gradient.iter().enumerate().map(|(column, slope)| inverse.at(row, column) * slope).sum();
    Some((0..jacobian.columns).map(times).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn two_by_two() -> Matrix {
        let mut matrix = Matrix::zero(2, 2);
        matrix.set(0, 0, 2.0);
        matrix.set(0, 1, 1.0);
        matrix.set(1, 0, 1.0);
        matrix.set(1, 1, 3.0);
        matrix
    }

    #[test]
    fn an_inverse_times_its_matrix_is_one() {
        let inverse = inverse(&two_by_two()).unwrap();
        let expected = [0.6, -0.2, -0.2, 0.4];
        assert!(inverse.values.iter().zip(expected).all(|(a, b)| (a - b).abs() < 1e-12), "{inverse:?}");
        assert_eq!(super::inverse(&Matrix::zero(2, 2)), None);
    }

    #[test]
    fn the_condition_is_the_ratio_of_eigenvalues() {
        let root = libm::sqrt(5.0);
        assert!((two_by_two().condition() - (5.0 + root) / (5.0 - root)).abs() < 1e-9);
    }

    #[test]
    fn without_damping_a_linear_problem_is_solved_in_one_step() {
        let step = damped(&two_by_two(), &[4.0, 7.0], 0.0).unwrap();
        assert!((step[0] - 1.0).abs() < 1e-6 && (step[1] - 2.0).abs() < 1e-6, "{step:?}");
    }
}

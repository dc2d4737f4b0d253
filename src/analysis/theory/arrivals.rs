//! Arrivals that come in crowds: batches and modulated Poisson processes.

use super::chain::Chain;

/// Mean number in M^X/M/1: batches at rate `batches`, whose size has mean `size` and mean square `size_square`
/// (Gross, 4.1).
pub fn batch_number(batches: f64, size: f64, size_square: f64, service: f64) -> f64 {
    let load = batches * size / service;
    load * (size + size_square) / (2.0 * size * (1.0 - load))
}

/// Mean number in MMPP/M/1 with two states: `rates[i]` arrivals per second, leaving state i at rate `leave[i]`. By the
/// matrix-geometric method (Neuts, 3): the least solution R of A0 + R·A1 + R²·A2 = 0.
pub fn modulated_number(rates: [f64; 2], leave: [f64; 2], service: f64) -> f64 {
    let out = [rates[0] + leave[0] + service, rates[1] + leave[1] + service];
    // R ← (A0 + R² A2 + R · (ways between states)) / (what leaves), from zero on: it rises to the least solution.
    let mut r = [[0.0_f64; 2]; 2];
    for _ in 0..2_000_000 {
        let square = multiply(r, r);
        let mut next = [[0.0; 2]; 2];
        let mut moved: f64 = 0.0;
        for from in 0..2 {
            for to in 0..2 {
                let arrive = if from == to { rates[from] } else { 0.0 };
                next[from][to] =
                    (arrive + square[from][to] * service + r[from][1 - to] * leave[1 - to]) / out[to];
                moved += libm::fabs(next[from][to] - r[from][to]);
            }
        }
        r = next;
        if moved < 1e-16 {
            break;
        }
    }
    // The empty level, π0 (ways without service + R A2) = 0, of which one column says all:
    // π0[0] · (−λ0 − q0 + μ R00) + π0[1] · (q1 + μ R10) = 0.
    let empty = [leave[1] + r[1][0] * service, rates[0] + leave[0] - r[0][0] * service];
    let inverse = invert([[1.0 - r[0][0], -r[0][1]], [-r[1][0], 1.0 - r[1][1]]]);
    let row = |weights: [f64; 2], m: [[f64; 2]; 2]| {
        [weights[0] * m[0][0] + weights[1] * m[1][0], weights[0] * m[0][1] + weights[1] * m[1][1]]
    };
    let all = row(empty, inverse);
    let number = row(row(row(empty, r), inverse), inverse);
    (number[0] + number[1]) / (all[0] + all[1])
}

fn multiply(a: [[f64; 2]; 2], b: [[f64; 2]; 2]) -> [[f64; 2]; 2] {
    let cell = |i: usize, j: usize| a[i][0] * b[0][j] + a[i][1] * b[1][j];
    [[cell(0, 0), cell(0, 1)], [cell(1, 0), cell(1, 1)]]
}

fn invert(m: [[f64; 2]; 2]) -> [[f64; 2]; 2] {
    let determinant = m[0][0] * m[1][1] - m[0][1] * m[1][0];
    [[m[1][1] / determinant, -m[0][1] / determinant], [-m[1][0] / determinant, m[0][0] / determinant]]
}

/// The same by a chain cut off at `most`, for any number of servers: the second method.
pub fn modulated_number_by_chain(
    rates: [f64; 2],
    leave: [f64; 2],
    service: f64,
    servers: usize,
    most: usize,
) -> f64 {
    let mut chain = Chain::new(2 * (most + 1));
    for number in 0..=most {
        for state in 0..2 {
            let here = 2 * number + state;
            chain.add(here, 2 * number + 1 - state, leave[state]);
            if number < most {
                chain.add(here, here + 2, rates[state]);
            }
            if number > 0 {
                chain.add(here, here - 2, service * number.min(servers) as f64);
            }
        }
    }
    chain.steady().iter().enumerate().map(|(state, probability)| (state / 2) as f64 * probability).sum()
}

#[cfg(test)]
mod tests {
    use super::super::testing::check_close;
    use super::*;

    #[test]
    fn batches_match_the_chain() {
        let (batches, service, size, most) = (0.2, 1.0, 4_usize, 400_usize);
        let mut chain = Chain::new(most + 1);
        for number in 0..=most {
            chain.add(number, (number + size).min(most), batches);
            if number > 0 {
                chain.add(number, number - 1, service);
            }
        }
        let number = super::super::mean_number(&chain.steady());
        check_close(batch_number(batches, 4.0, 16.0, service), number, 1e-9);
        check_close(batch_number(0.8, 1.0, 1.0, 1.0), 4.0, 1e-13);
    }

    #[test]
    fn two_methods_agree_on_modulated_arrivals() {
        let (rates, leave) = ([0.2, 1.4], [0.05, 0.1]);
        let number = modulated_number(rates, leave, 1.0);
        check_close(number, modulated_number_by_chain(rates, leave, 1.0, 1, 900), 1e-7);
    }

    #[test]
    fn equal_states_are_a_poisson_process() {
        check_close(modulated_number([0.8, 0.8], [0.3, 0.7], 1.0), 4.0, 1e-9);
    }
}

//! A Poisson process modulated by states that follow each other in a circle, and its exact statistics
//! (Fischer & Meier-Hellstern 1993, The Markov-modulated Poisson process cookbook).

use crate::matrix::{Matrix, dot};

/// The states in order: arrivals per second, and the mean of an exponential stay in seconds.
#[derive(Clone, Debug)]
pub(crate) struct Process {
    pub(crate) states: Vec<(f64, f64)>,
}

impl Process {
    /// The same states with every rate scaled so that the mean rate is `rate`.
    pub(crate) fn with_rate(mut self, rate: f64) -> Self {
        let factor = rate / self.rate();
        self.states.iter_mut().for_each(|state| state.0 *= factor);
        self
    }

    /// Mean arrivals per second.
    pub(crate) fn rate(&self) -> f64 {
        let shares = self.shares();
        self.states.iter().zip(&shares).map(|((rate, _), share)| rate * share).sum()
    }

    /// The share of time in each state.
    fn shares(&self) -> Vec<f64> {
        let circle: f64 = self.states.iter().map(|(_, stay)| stay).sum();
        self.states.iter().map(|(_, stay)| stay / circle).collect()
    }

    fn generator(&self) -> Matrix {
        let size = self.states.len();
        let mut moves = Matrix::zero(size);
        for (at, (_, stay)) in self.states.iter().enumerate() {
            moves.set(at, at, -1.0 / stay);
            moves.set(at, (at + 1) % size, 1.0 / stay);
        }
        moves
    }

    /// Moves without an arrival.
    fn quiet(&self) -> Matrix {
        let mut quiet = self.generator();
        for (at, (rate, _)) in self.states.iter().enumerate() {
            quiet.set(at, at, quiet.at(at, at) - rate);
        }
        quiet
    }

    /// Standard deviation over mean of the interval between arrivals.
    pub(crate) fn interval_cv(&self) -> f64 {
        let rate = self.rate();
        // The state just after an arrival.
        let after: Vec<f64> =
            self.states.iter().zip(self.shares()).map(|((own, _), share)| own * share / rate).collect();
        let quiet = self.quiet().scaled(-1.0);
        let second = 2.0 * dot(&after, &quiet.solve(&quiet.solve(&vec![1.0; self.states.len()])));
        libm::sqrt(second * rate * rate - 1.0)
    }

    /// Variance over mean of the arrivals in a window of so many seconds.
    pub(crate) fn dispersion(&self, window: f64) -> f64 {
        let (size, rate) = (self.states.len(), self.rate());
        // The corner of the exponential of this block matrix is the integral of (t - u) exp(Qu) w over u in [0, t].
        let mut block = Matrix::zero(size + 2);
        let generator = self.generator();
        for row in 0..size {
            for column in 0..size {
                block.set(row, column, generator.at(row, column) * window);
            }
            block.set(row, size, (self.states[row].0 - rate) * window);
        }
        block.set(size, size + 1, window);
        let power = block.exponential();
        let integral: f64 =
            (0..size).map(|row| self.shares()[row] * self.states[row].0 * power.at(row, size + 1)).sum();
        1.0 + 2.0 * integral / (rate * window)
    }

    /// The share of windows of so many seconds without an arrival.
    pub(crate) fn empty_share(&self, window: f64) -> f64 {
        let power = self.quiet().scaled(window).exponential();
        dot(&self.shares(), &power.times_vector(&vec![1.0; self.states.len()]))
    }

    /// Arrival times over so many seconds; each call of `uniform` gives a number in (0, 1).
    pub(crate) fn simulate(&self, span: f64, mut uniform: impl FnMut() -> f64) -> Vec<f64> {
        let mut times = Vec::new();
        // The first state is drawn by its share of time.
        let (shares, draw) = (self.shares(), uniform());
        let (mut state, mut below) = (0, shares[0]);
        while below < draw && state + 1 < shares.len() {
            state += 1;
            below += shares[state];
        }
        let (mut now, mut leaves) = (0.0, -libm::log(uniform()) * self.states[state].1);
        while now < span {
            let next = now - libm::log(uniform()) / self.states[state].0;
            if next < leaves {
                now = next;
                times.push(now);
            } else {
                now = leaves;
                state = (state + 1) % self.states.len();
                leaves = now - libm::log(uniform()) * self.states[state].1;
            }
        }
        times.retain(|time| *time < span);
        times
    }
}

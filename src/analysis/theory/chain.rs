//! The steady state of any finite Markov chain in continuous time: the second method behind many formulas, and the
//! only one where there is no formula.

use std::collections::{BTreeMap, BTreeSet};

/// A Markov chain in continuous time with states `0..n`.
#[derive(Clone, Debug)]
pub struct Chain {
    rates: Vec<BTreeMap<usize, f64>>,
}

impl Chain {
    /// A chain with so many states and no way between them yet.
    pub fn new(states: usize) -> Self {
        Self { rates: vec![BTreeMap::new(); states] }
    }

    /// Adds a rate of going from one state to another, per second; nothing if it is zero or goes nowhere.
    pub fn add(&mut self, from: usize, to: usize, rate: f64) {
        if rate > 0.0 && from != to {
            *self.rates[from].entry(to).or_insert(0.0) += rate;
        }
    }

    /// The probability of each state in the long run, by the state reduction of Grassmann, Taksar & Heyman (1985),
    /// which subtracts nothing and so loses no digits. Cheap where states are numbered so that ways are short. Every
    /// state must be reachable from every other.
    pub fn steady(&self) -> Vec<f64> {
        let states = self.rates.len();
        let mut rates = self.rates.clone();
        let mut sources: Vec<BTreeSet<usize>> = vec![BTreeSet::new(); states];
        for (from, row) in rates.iter().enumerate() {
            for to in row.keys() {
                sources[*to].insert(from);
            }
        }
        for gone in (1..states).rev() {
            let onward: Vec<(usize, f64)> =
                rates[gone].range(..gone).map(|(to, rate)| (*to, *rate)).collect();
            let out: f64 = onward.iter().map(|(_, rate)| rate).sum();
            let into: Vec<usize> = sources[gone].range(..gone).copied().collect();
            for from in into {
                let share = rates[from].get(&gone).expect("it is a source") / out;
                rates[from].insert(gone, share);
                for (to, rate) in &onward {
                    if *to != from {
                        *rates[from].entry(*to).or_insert(0.0) += share * rate;
                        sources[*to].insert(from);
                    }
                }
            }
        }
        let mut steady = vec![0.0; states];
        steady[0] = 1.0;
        for state in 1..states {
            steady[state] =
                sources[state].range(..state).map(|from| steady[*from] * rates[*from][&state]).sum();
        }
        let total: f64 = steady.iter().sum();
        steady.into_iter().map(|weight| weight / total).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::check_close;
    use super::*;

    /// Norris, Markov Chains, example 3.5.4 in spirit: a cycle of three states stays in each as long as its mean.
    #[test]
    fn a_cycle_stays_in_each_state_in_proportion_to_its_mean() {
        let mut chain = Chain::new(3);
        for (state, rate) in [2.0, 4.0, 8.0].into_iter().enumerate() {
            chain.add(state, (state + 1) % 3, rate);
        }
        for (found, expected) in chain.steady().iter().zip([4.0 / 7.0, 2.0 / 7.0, 1.0 / 7.0]) {
            check_close(*found, expected, 1e-14);
        }
    }

    #[test]
    fn flows_balance_in_a_chain_without_structure() {
        let mut chain = Chain::new(7);
        for from in 0..7_usize {
            for to in 0..7_usize {
                chain.add(from, to, ((from * 5 + to * 3) % 4) as f64);
            }
        }
        let steady = chain.steady();
        for state in 0..7 {
            let out: f64 = chain.rates[state].values().sum();
            let into: f64 =
                (0..7).map(|from| steady[from] * chain.rates[from].get(&state).unwrap_or(&0.0)).sum();
            check_close(into, steady[state] * out, 1e-13);
        }
    }
}

//! One law of every variant and of each form of it: tests walk over them.

use super::{Branch, Interpolation, Law, Part, Quantity};

impl<Q: Quantity> Law<Q> {
    /// Named valid laws, every variant that the quantity allows among them, with values around `unit` (positive).
    pub fn examples(unit: f64) -> Vec<(&'static str, Self)> {
        let q = |amount: f64| Q::from_amount(amount * unit);
        let exponential = |mean: f64| Self::Exponential { mean: q(mean) };
        let mut examples = vec![
            ("deterministic", Self::Deterministic { value: q(1.0) }),
            ("uniform", Self::Uniform { low: q(0.5), high: q(2.0) }),
            ("exponential", exponential(1.0)),
            ("erlang", Self::Erlang { shape: 4, mean: q(1.0) }),
            ("gamma below one", Self::Gamma { shape: 0.4, mean: q(1.0) }),
            ("gamma above one", Self::Gamma { shape: 7.3, mean: q(1.0) }),
            (
                "hyperexponential",
                Self::Hyperexponential {
                    branches: vec![
                        Branch { probability: 0.9, mean: q(0.5) },
                        Branch { probability: 0.1, mean: q(5.5) },
                    ],
                },
            ),
            ("lognormal", Self::Lognormal { mean: q(1.0), cv: 0.8 }),
            ("weibull by mean", Self::Weibull { shape: 0.7, mean: Some(q(1.0)), scale: None }),
            ("weibull by scale", Self::Weibull { shape: 2.5, mean: None, scale: Some(q(1.0)) }),
            ("pareto", Self::Pareto { shape: 5.5, minimum: q(1.0) }),
            ("truncated pareto", Self::TruncatedPareto { shape: 1.2, minimum: q(1.0), maximum: q(50.0) }),
            ("triangular", Self::Triangular { low: q(0.5), mode: q(1.0), high: q(3.0) }),
            ("pert", Self::Pert { low: q(0.5), mode: q(1.0), high: q(3.0) }),
            (
                "quantiles",
                Self::Quantiles {
                    points: vec![(0.0, q(0.25)), (0.5, q(1.0)), (0.9, q(2.0)), (1.0, q(8.0))],
                    interpolation: Interpolation::Linear,
                },
            ),
            (
                "geometric quantiles",
                Self::Quantiles {
                    points: vec![(0.0, q(0.25)), (0.5, q(1.0)), (0.9, q(2.0)), (1.0, q(32.0))],
                    interpolation: Interpolation::Geometric,
                },
            ),
            (
                "mixture",
                Self::Mixture {
                    parts: vec![
                        Part { weight: 3.0, law: Self::Lognormal { mean: q(1.0), cv: 0.3 } },
                        Part { weight: 1.0, law: Self::Uniform { low: q(4.0), high: q(6.0) } },
                    ],
                },
            ),
            ("shifted", Self::Shifted { by: q(0.5), law: Box::new(exponential(1.0)) }),
            ("scaled", Self::Scaled { factor: 2.5, law: Box::new(Self::Gamma { shape: 2.0, mean: q(1.0) }) }),
            ("truncated", Self::Truncated { low: q(0.5), high: q(3.0), law: Box::new(exponential(1.0)) }),
        ];
        if Q::IS_COUNT {
            examples.push(("zipf", Self::Zipf { exponent: 1.1, items: 1_000 }));
            examples.push(("long zipf", Self::Zipf { exponent: 0.8, items: 1_000_000 }));
            examples.push(("geometric", Self::Geometric { mean: 2.5 }));
        }
        examples
    }
}

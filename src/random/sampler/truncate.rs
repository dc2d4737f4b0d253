//! What is left of a law between two ends.

use super::{BELOW_ONE, Method};

/// A cut law and the share of the whole that it was.
pub(super) struct Cut {
    pub(super) method: Method,
    mass: f64,
}

impl Method {
    /// The law given that it falls on `[low, high]`; `None` where it never does.
    pub(super) fn truncated(self, low: f64, high: f64) -> Option<Cut> {
        match self {
            Self::Mixture(parts) => truncated_mixture(parts, low, high),
            Self::Affine { factor, by, of } => {
                let cut = of.truncated((low - by) / factor, (high - by) / factor)?;
                Some(Cut { method: Self::Affine { factor, by, of: Box::new(cut.method) }, ..cut })
            }
            growing @ (Self::Constant(_)
            | Self::Exponential { .. }
            | Self::Uniform { .. }
            | Self::Lognormal { .. }
            | Self::Weibull { .. }
            | Self::Pareto { .. }
            | Self::TruncatedPareto { .. }
            | Self::Triangular { .. }
            | Self::Gamma { .. }
            | Self::Pert { .. }
            | Self::Quantiles { .. }
            | Self::Zipf(_)
            | Self::Geometric { .. }
            | Self::Window { .. }) => growing.window(low, high),
        }
    }

    /// The same for a variate that grows with its uniform: the uniforms between two bounds.
    fn window(self, low: f64, high: f64) -> Option<Cut> {
        let from = first_uniform(|uniform| self.sample(uniform) >= low);
        let to = first_uniform(|uniform| self.sample(uniform) > high);
        let mass = to - from;
        (mass > 0.0)
            .then(|| Cut { method: Self::Window { from, width: mass, low, high, of: Box::new(self) }, mass })
    }
}

/// Each part cut by itself, its weight reduced to what is left of it.
fn truncated_mixture(parts: Box<[(f64, Method)]>, low: f64, high: f64) -> Option<Cut> {
    let mut before = 0.0;
    let mut mass = 0.0;
    let mut cut_parts = Vec::new();
    for (up_to, part) in parts {
        if let Some(cut) = part.truncated(low, high) {
            mass += (up_to - before) * cut.mass;
            cut_parts.push(((up_to - before) * cut.mass, cut.method));
        }
        before = up_to;
    }
    (mass > 0.0).then(|| Cut { method: Method::mixture(cut_parts.into_iter()), mass })
}

/// The least uniform that `holds`, by halving; one where none does. What holds once holds for every greater one.
fn first_uniform(holds: impl Fn(f64) -> bool) -> f64 {
    if holds(0.0) {
        return 0.0;
    }
    if !holds(BELOW_ONE) {
        return 1.0;
    }
    let (mut fails, mut held) = (0.0, BELOW_ONE);
    loop {
        let middle = f64::midpoint(fails, held);
        if middle <= fails || middle >= held {
            return held;
        }
        if holds(middle) {
            held = middle;
        } else {
            fails = middle;
        }
    }
}

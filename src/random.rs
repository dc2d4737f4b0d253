//! Chance, by name: one seed becomes any number of independent streams, and a draw depends on nothing but who draws it.
//!
//! A stream is ChaCha8 keyed by SHA-256 of the scheme, the master seed, the replication, the *name* of the component
//! and the purpose. It is keyed neither by the configuration that is simulated, so that two configurations meet the
//! same chance (common random numbers), nor by the order of creation, so that a new component moves nobody else's
//! numbers. There are three ways to draw:
//!
//! - [`Stream`]: one number after another, for what happens in one order in every configuration (arrivals).
//! - [`TaskDraws`]: eight numbers under the number of a task, in any order of tasks.
//! - [`later`]: a number computed from a task's key word, the attempt and the use, for what may or may not come up.
//!
//! A [`Sampler`] turns one uniform into one variate of a [`Law`](crate::model::distribution::Law).
//!
//! ```
//! use tars_sim::model::distribution::Law;
//! use tars_sim::random::{Sampler, Streams};
//!
//! let streams = Streams::new(42, 0);
//! let mut gaps = streams.stream("clients", "gap");
//! let law = Law::Exponential { mean: "800ms".parse().expect("a span") };
//! let sampler = Sampler::of_spans(&law);
//! let gap = sampler.sample_span(gaps.unit());
//! assert_eq!(gap, sampler.sample_span(Streams::new(42, 0).stream("clients", "gap").unit()));
//! ```

mod sampler;
mod stream;

pub use sampler::{LONGEST_DRAW, Sampler};
pub use stream::{Stream, Streams, TaskDraws, Use, later, open_unit_from, unit_from};

//! Runs → answer: metrics with intervals, what the objective says, what binds, what is to be doubted.

pub mod analytic;
mod answer;
mod cell;
mod flags;
mod limits;
pub mod metrics;
pub mod theory;
pub mod validate;

pub use answer::{Whole, assemble};
pub use cell::{CellInput, analyse_cell};

//! What is simulated, once it is known to be valid.

pub mod distribution;

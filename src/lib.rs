//! A deterministic discrete-event simulator and capacity planner for systems of LLM agents.

pub mod engine;
pub mod model;
pub mod random;

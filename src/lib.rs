//! A deterministic discrete-event simulator and capacity planner for systems of LLM agents.

pub mod experiment;
pub mod model;

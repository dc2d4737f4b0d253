//! A deterministic discrete-event simulator and capacity planner for systems of LLM agents.

pub mod model;
pub mod report;
pub mod result;

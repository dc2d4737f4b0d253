//! Five levels by the health of components.

use tars_policy::degrade::LevelSpec;
use tars_policy::units::Span;

/// How many components there are: the primary model, the backup model, the memory, the tools, the store of checkpoints.
pub const COMPONENTS: usize = 5;

/// A controller of levels.
#[derive(Clone, Debug)]
pub struct Levels {
    /// How often it checks every component.
    pub interval: Span,
    /// Its rule.
    pub rule: LevelSpec,
    /// How many checks of a component count, at least 1.
    pub checks: u32,
    /// The station of each component, by place in [`Model::stations`](super::Model::stations).
    pub components: [Option<u16>; COMPONENTS],
    /// The model asked for where quality is reduced, by place in [`Model::models`](super::Model::models).
    pub reduced: Option<u16>,
    /// Which features need the memory, by place in [`Program::features`](super::route::Program::features).
    pub memory_features: Vec<bool>,
    /// Which need the tools.
    pub tool_features: Vec<bool>,
    /// Which are on only while nothing new is served.
    pub history_features: Vec<bool>,
}

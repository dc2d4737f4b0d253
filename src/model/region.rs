//! Regions as the simulator sees them.

use tars_policy::units::Span;

/// A region; see the schema's `RegionSpec`.
#[derive(Clone, Debug)]
pub struct Region {
    /// Its name.
    pub name: String,
    /// The round trip from a client of this region to each, by place in the model's regions.
    pub round_trips: Vec<Span>,
    /// How long until everybody knows that it is down or back.
    pub detected_after: Span,
    /// Pools whose agents die with it, by place.
    pub pools: Vec<u16>,
    /// Caches that are lost with it, by place.
    pub caches: Vec<u16>,
}

//! Regions as the simulator sees them.

use super::distribution::Law;
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
    /// How often it is probed, and how many failures in a row are taken for its end, in place of `detected_after`.
    pub probe: Option<(Span, u32)>,
    /// How long clients keep its name entry, at most.
    pub dns_ttl: Span,
    /// Whether it serves others only where no active region is left.
    pub standby: bool,
    /// What it takes to bring a session's state here.
    pub restore: Option<Law<Span>>,
    /// Stations that are out with it, by place.
    pub stations: Vec<u16>,
    /// Pools whose agents die with it, by place.
    pub pools: Vec<u16>,
    /// Caches that are lost with it, by place.
    pub caches: Vec<u16>,
}

//! `manifest.json`: what a folder of results holds and where it comes from. No times, hosts, threads or paths.

use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// What a folder of results holds. It is written last, so that a folder with a manifest is whole.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Manifest {
    /// The version of tars-sim that wrote it.
    pub version: String,
    /// The experiment's name.
    pub name: String,
    /// SHA-256 of the canonical experiment.
    pub experiment: String,
    /// Identifies experiment, code and seed scheme.
    pub plan_id: String,
    /// The master seed.
    pub seed: u64,
    /// Whether it was cut short and is not for decisions.
    pub quick: bool,
    /// Identifies the raw results.
    pub digest: String,
    /// The other files, with the SHA-256 of each.
    #[serde(default)]
    pub files: BTreeMap<String, String>,
}

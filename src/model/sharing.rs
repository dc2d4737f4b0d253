//! LLM calls that several tasks share: calls that go out as one, and identical calls that are made once.

use super::distribution::Law;
use tars_policy::batch::BatchSpec;
use tars_policy::coalesce::CoalesceSpec;

/// A rule by which calls go out together.
#[derive(Clone, Debug)]
pub struct Batching {
    /// Its name.
    pub name: String,
    /// When they leave.
    pub rule: BatchSpec,
    /// Tokens at the beginning of each prompt that are sent once.
    pub shared_input_tokens: u32,
    /// The accuracy of an answer asked for together with others as a share of the model's, in millionths.
    pub accuracy_millionths: u64,
}

/// A rule by which identical calls are made once.
#[derive(Clone, Debug)]
pub struct Coalescing {
    /// Its name.
    pub name: String,
    /// The popularity of requests; the key last looked up in a cache when absent.
    pub keys: Option<Law<f64>>,
    /// How they are joined.
    pub rule: CoalesceSpec,
}

//! LLM calls that several tasks share: batches and coalesced calls, checked.

use super::system::{check_law_option, millionths, spec_at};
use crate::experiment::diagnostic::Diagnostics;
use crate::experiment::path::Path;
use crate::experiment::schema::{BatchPolicy, CoalescePolicy, PoliciesSpec};
use crate::experiment::tree::Tree;
use crate::model::sharing::{Batching, Coalescing};

/// The rules by which calls go out together.
pub(super) fn batches(tree: &Tree, policies: &PoliciesSpec, diagnostics: &mut Diagnostics) -> Vec<Batching> {
    let root = Path::root().key("policies").key("batches");
    let each = policies.batches.iter();
    each.map(|(name, policy)| batch(tree, &root.key(name), name, policy, diagnostics)).collect()
}

fn batch(
    tree: &Tree,
    path: &Path,
    name: &str,
    policy: &BatchPolicy,
    diagnostics: &mut Diagnostics,
) -> Batching {
    if let Err(error) = policy.rule.validate() {
        spec_at(tree, &path.key("rule"), &error, diagnostics);
    }
    if policy.rule.bytes_max.is_some() {
        let at = path.key("rule").key("bytes_max");
        diagnostics.senseless(tree, &at, "the bytes of a prompt are not simulated", "state `tokens_max`");
    }
    if !(0.0..=1.0).contains(&policy.accuracy_share) {
        let at = path.key("accuracy_share");
        diagnostics.out_of_range(tree, &at, "this share", policy.accuracy_share, "0 to 1");
    }
    Batching {
        name: name.to_owned(),
        rule: policy.rule.clone(),
        shared_input_tokens: policy.shared_input_tokens,
        accuracy_millionths: millionths(policy.accuracy_share),
    }
}

/// The rules by which identical calls are made once.
pub(super) fn coalescers(
    tree: &Tree,
    policies: &PoliciesSpec,
    diagnostics: &mut Diagnostics,
) -> Vec<Coalescing> {
    let root = Path::root().key("policies").key("coalesce");
    let each = policies.coalesce.iter();
    each.map(|(name, policy)| coalescer(tree, &root.key(name), name, policy, diagnostics)).collect()
}

fn coalescer(
    tree: &Tree,
    path: &Path,
    name: &str,
    policy: &CoalescePolicy,
    diagnostics: &mut Diagnostics,
) -> Coalescing {
    check_law_option(tree, &path.key("keys"), policy.keys.as_ref(), diagnostics);
    if let Err(error) = policy.rule.validate() {
        spec_at(tree, &path.key("rule"), &error, diagnostics);
    }
    Coalescing { name: name.to_owned(), keys: policy.keys.clone(), rule: policy.rule.clone() }
}

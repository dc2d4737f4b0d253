//! Caches: plain ones, layers, and those that know questions that are much alike.

use super::{check_law, check_law_option, millionths, spec_at};
use crate::experiment::diagnostic::Diagnostics;
use crate::experiment::path::Path;
use crate::experiment::schema::{CacheStoreSpec, SemanticStoreSpec};
use crate::experiment::tree::Tree;
use crate::model::{CacheKind, CacheStore, SemanticStore};
use tars_policy::cache::CacheSpec;

/// A cache, checked.
pub(super) fn cache(
    tree: &Tree,
    path: &Path,
    name: &str,
    spec: &CacheStoreSpec,
    diagnostics: &mut Diagnostics,
) -> CacheStore {
    check_law_option(tree, &path.key("keys"), spec.keys.as_ref(), diagnostics);
    check_law_option(tree, &path.key("lookup"), spec.lookup.as_ref(), diagnostics);
    if spec.lookup.is_some() && spec.store.is_none() {
        let hint = "state it in each of `layers`, or in `semantic`";
        diagnostics.senseless(tree, &path.key("lookup"), "only a plain `store` has one time of looks", hint);
    }
    CacheStore {
        name: name.to_owned(),
        store: kind(tree, path, spec, diagnostics),
        keys: spec.keys.clone(),
        entry_bytes: spec.entry_bytes,
        lookup: spec.lookup.clone(),
        accuracy_millionths: millionths(spec.accuracy_share),
    }
}

fn kind(tree: &Tree, path: &Path, spec: &CacheStoreSpec, diagnostics: &mut Diagnostics) -> CacheKind {
    match (&spec.store, &spec.layers, &spec.semantic) {
        (Some(store), None, None) => {
            if let Err(error) = store.validate() {
                spec_at(tree, &path.key("store"), &error, diagnostics);
            }
            CacheKind::Plain(store.clone())
        }
        (None, Some(layers), None) => {
            if let Err(error) = layers.validate() {
                spec_at(tree, &path.key("layers"), &error, diagnostics);
            }
            CacheKind::Layered(layers.clone())
        }
        (None, None, Some(semantic)) => {
            CacheKind::Semantic(of_questions(tree, &path.key("semantic"), semantic, diagnostics))
        }
        (None, None, None) | (Some(_), ..) | (_, Some(_), _) => {
            let message = "a cache is one of three: a plain `store`, `layers`, or `semantic`";
            diagnostics.senseless(tree, path, message, "state exactly one of them");
            CacheKind::Plain(CacheSpec::default())
        }
    }
}

fn of_questions(
    tree: &Tree,
    path: &Path,
    spec: &SemanticStoreSpec,
    diagnostics: &mut Diagnostics,
) -> SemanticStore {
    if let Err(error) = spec.rule.validate() {
        spec_at(tree, &path.key("rule"), &error, diagnostics);
    }
    check_law(tree, &path.key("similarity"), &spec.similarity, diagnostics);
    if spec.questions_per_topic == 0 {
        let at = path.key("questions_per_topic");
        diagnostics.out_of_range(tree, &at, "the number of questions", 0.0, "at least 1");
    }
    SemanticStore {
        rule: spec.rule.clone(),
        questions_per_topic: spec.questions_per_topic.max(1),
        similarity: spec.similarity.clone(),
    }
}

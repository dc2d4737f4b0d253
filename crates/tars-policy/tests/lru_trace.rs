//! Prefix caches of real LLM traces (Mooncake, FAST '25): the cache hits exactly as often as an independent LRU did.
//!
//! The traces are read from the folder named by `TARS_SIM_DATA`, by default `../shared/data` beside the workspace. Where
//! it is missing the test fails if `CI` is set and says that it skips otherwise.

use flate2::read::GzDecoder;
use serde::Deserialize;
use serde_json::Value;
use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use tars_policy::cache::{Cache, CacheSpec, Lookup};
use tars_policy::units::Time;

/// Tokens in one block of a prompt.
const BLOCK_TOKENS: u64 = 512;

#[derive(Deserialize)]
struct Request {
    input_length: u64,
    hash_ids: Vec<u64>,
}

#[test]
fn the_synthetic_trace_hits_as_often_as_the_reference() {
    check("mooncake_synthetic", "synthetic_trace.jsonl.gz");
}

#[test]
fn the_conversation_trace_hits_as_often_as_the_reference() {
    check("mooncake_conversation_first40min", "conversation_trace_first40min.jsonl.gz");
}

/// Replays the trace at every capacity of the reference.
fn check(name: &str, file: &str) {
    let Some(folder) = data_folder() else { return };
    let requests = read(&folder.join("mooncake-fast25").join(file));
    let stats: Value = serde_json::from_reader(
        File::open(folder.join("stats.json")).expect("the traces and their statistics are sound"),
    )
    .expect("the traces and their statistics are sound");
    let references =
        stats[name]["prefix_cache_lru"].as_array().expect("the traces and their statistics are sound");
    assert!(!references.is_empty());
    for reference in references {
        // `unbounded` is a word and not a number.
        let spec = CacheSpec { max_entries: reference["capacity_blocks"].as_u64(), ..CacheSpec::default() };
        let (hit_blocks, hit_tokens) =
            replay(&mut spec.build().expect("the traces and their statistics are sound"), &requests);
        assert_eq!(
            hit_blocks,
            reference["prefix_hit_blocks"].as_u64().expect("the traces and their statistics are sound"),
            "{name}: {reference}"
        );
        assert_eq!(
            hit_tokens,
            reference["hit_tokens"].as_u64().expect("the traces and their statistics are sound"),
            "{name}: {reference}"
        );
    }
}

/// Blocks and tokens that hit: the leading run of blocks that are cached. Then every block is used in order.
fn replay(cache: &mut Cache<u64, ()>, requests: &[Request]) -> (u64, u64) {
    let now = Time::START;
    let (mut hit_blocks, mut hit_tokens) = (0, 0);
    for request in requests {
        let run = request.hash_ids.iter().take_while(|block| cache.has(now, block)).count() as u64;
        hit_blocks += run;
        hit_tokens += (BLOCK_TOKENS * run).min(request.input_length);
        for block in &request.hash_ids {
            match cache.get(now, block) {
                Lookup::Hit(()) | Lookup::Stale(()) => {}
                Lookup::Miss => {
                    cache.insert_with(now, *block, (), 0, |_, ()| {});
                }
            }
        }
    }
    (hit_blocks, hit_tokens)
}

fn read(path: &Path) -> Vec<Request> {
    let lines =
        BufReader::new(GzDecoder::new(File::open(path).expect("the traces and their statistics are sound")))
            .lines();
    lines
        .map(|line| {
            serde_json::from_str(&line.expect("the traces and their statistics are sound"))
                .expect("the traces and their statistics are sound")
        })
        .collect()
}

/// The folder of traces, if it is there.
#[expect(clippy::disallowed_methods, reason = "where the traces are is told to a test by the environment")]
fn data_folder() -> Option<PathBuf> {
    let workspace = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let folder =
        std::env::var("TARS_SIM_DATA").map_or_else(|_| workspace.join("../shared/data"), PathBuf::from);
    if folder.is_dir() {
        return Some(folder);
    }
    assert!(std::env::var("CI").is_err(), "no traces in {}; set TARS_SIM_DATA", folder.display());
    print_skip(&folder);
    None
}

#[expect(clippy::print_stderr, reason = "a test that does not run says so")]
fn print_skip(folder: &Path) {
    eprintln!("SKIPPED: no traces in {}; set TARS_SIM_DATA", folder.display());
}

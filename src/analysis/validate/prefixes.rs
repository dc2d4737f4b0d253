//! Exact replays of a cache: how often the prompts of public traces find their leading blocks in a cache of the policy
//! crate that forgets the least recently used one.
//!
//! The references stand in `stats.json` of the folder of public traces and were computed without this program.

use super::{Row, Verdict};
use serde::Deserialize;
use serde_json::Value;
use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::Path;
use tars_policy::cache::{Cache, CacheSpec, Lookup};
use tars_policy::units::Time;

/// The traces: their name in the references, and their file.
const TRACES: [(&str, &str); 2] = [
    ("mooncake_conversation_first40min", "conversation_trace_first40min.jsonl.gz"),
    ("mooncake_synthetic", "synthetic_trace.jsonl.gz"),
];
/// The file of references, and the folder of the traces beside it.
const REFERENCES: &str = "stats.json";
const FOLDER: &str = "mooncake-fast25";
/// Tokens in one block of a prompt, by the definition of the traces.
const BLOCK_TOKENS: u64 = 512;

/// What a line of a trace tells of a prompt.
#[derive(Debug, Deserialize)]
struct Request {
    input_length: u64,
    hash_ids: Vec<u64>,
}

/// Two rows, blocks and tokens that hit, for each trace and capacity of the references in the folder `data`.
///
/// # Errors
/// In words, where a file cannot be read or is of another shape.
pub(super) fn rows(data: &Path) -> Result<Vec<Row>, String> {
    let file = data.join(REFERENCES);
    let text =
        std::fs::read_to_string(&file).map_err(|error| format!("cannot read {}: {error}", file.display()))?;
    let references: Value = serde_json::from_str(&text)
        .map_err(|error| format!("{} is not readable: {error}", file.display()))?;
    let mut rows = Vec::new();
    for (name, trace) in TRACES {
        let cases = references[name]["prefix_cache_lru"].as_array();
        let cases = cases.ok_or_else(|| format!("{REFERENCES} has no list at {name}/prefix_cache_lru"))?;
        let requests = requests(&data.join(FOLDER).join(trace))?;
        for case in cases {
            rows.extend(compare(name, case, &requests)?);
        }
    }
    Ok(rows)
}

fn compare(name: &str, case: &Value, requests: &[Request]) -> Result<[Row; 2], String> {
    // `unbounded` is a word and not a number.
    let spec = CacheSpec { max_entries: case["capacity_blocks"].as_u64(), ..CacheSpec::default() };
    let mut cache = spec.build().map_err(|error| format!("{REFERENCES}, {name}: {error}"))?;
    let (blocks, tokens) = hits(&mut cache, requests);
    let row = |metric: &str, found: u64| -> Result<Row, String> {
        let expected = case[metric].as_u64();
        let expected = expected.ok_or_else(|| format!("{REFERENCES}, {name}: no number at {metric}"))?;
        let of = case["capacity_blocks"].to_string().replace('"', "");
        Ok(Row::exact(
            format!("replay: {}, least recently used of {of} blocks", name.replace('_', "-")),
            metric,
            expected as f64,
            found as f64,
            if found == expected { Verdict::Holds } else { Verdict::Off },
        ))
    };
    Ok([row("prefix_hit_blocks", blocks)?, row("hit_tokens", tokens)?])
}

/// Blocks and tokens that hit: of each prompt the leading run of blocks that are there. Then every block is used, in order.
fn hits(cache: &mut Cache<u64, ()>, requests: &[Request]) -> (u64, u64) {
    let now = Time::START;
    let (mut blocks, mut tokens) = (0, 0);
    for request in requests {
        let run = request.hash_ids.iter().take_while(|block| cache.has(now, block)).count() as u64;
        blocks += run;
        tokens += (BLOCK_TOKENS * run).min(request.input_length);
        for block in &request.hash_ids {
            match cache.get(now, block) {
                Lookup::Hit(()) | Lookup::Stale(()) => {}
                Lookup::Miss => {
                    cache.insert_with(now, *block, (), 0, |_, ()| {});
                }
            }
        }
    }
    (blocks, tokens)
}

fn requests(path: &Path) -> Result<Vec<Request>, String> {
    let unreadable = |error: &dyn std::fmt::Display| format!("{} is not readable: {error}", path.display());
    let file = File::open(path).map_err(|error| format!("cannot read {}: {error}", path.display()))?;
    let lines = BufReader::new(flate2::read::GzDecoder::new(file)).lines();
    lines
        .map(|line| {
            let line = line.map_err(|error| unreadable(&error))?;
            serde_json::from_str(&line).map_err(|error| unreadable(&error))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_prompt_hits_as_far_as_its_leading_blocks_are_there() {
        let prompt = |input_length, blocks: &[u64]| Request { input_length, hash_ids: blocks.to_vec() };
        let requests = [prompt(1_000, &[1, 2]), prompt(1_200, &[1, 3, 2]), prompt(900, &[1, 3])];
        let mut roomy = CacheSpec::default().build().expect("the usual cache is sound");
        // Of the second the first block; of the third both, of which the last is not full.
        assert_eq!(hits(&mut roomy, &requests), (3, 512 + 900));
        let spec = CacheSpec { max_entries: Some(1), ..CacheSpec::default() };
        assert_eq!(hits(&mut spec.build().expect("one entry is sound"), &requests), (0, 0));
    }

    #[test]
    fn a_reference_of_another_shape_is_refused() {
        let error = compare("some", &serde_json::json!({"capacity_blocks": 5}), &[]);
        assert!(error.is_err_and(|why| why.contains("prefix_hit_blocks")));
        let folder = rows(Path::new("no-such-folder"));
        assert!(folder.is_err_and(|why| why.contains("no-such-folder")));
    }
}

//! Pages that are written from the program: every key of an experiment, every policy, every metric. A page that is not
//! what the program says fails here; `BLESS=1 cargo test --test it reference` writes them.

mod schema;

use schema::Reference;
use std::fmt::Write as _;
use std::fs;
use std::path::Path;
use tars_sim::model::metric::{Better, FailoverMetric, IndexMetric, Metric, NodeMetric, PlaceMetric};

/// Each policy with the types that an experiment states it by, and a sentence on what to read it for.
const POLICIES: [(&str, &[&str], &str); 18] = [
    ("admission", &["AdmissionSpec"], "who may come in, and what the others are told"),
    ("alert", &["AlertPolicy"], "what is watched, and what is done about it"),
    ("autoscale", &["AutoscalePolicy"], "how many agents there should be"),
    ("balance", &["BalanceSpec"], "which agent, deployment or replica takes a task"),
    ("batch", &["BatchPolicy"], "which calls go out as one"),
    ("breaker", &["BreakerSpec"], "when to stop calling, and when to try again"),
    ("cache", &["CacheStoreSpec"], "what is kept, for how long, and what leaves first"),
    ("coalesce", &["CoalescePolicy"], "identical calls under way are made once"),
    (
        "degrade",
        &["DegradePolicy", "LevelsPolicy"],
        "what is given up under load or failure, and when it is back",
    ),
    ("dispatch", &["DispatchSpec"], "how waiting tasks come to agents"),
    ("layers", &["LayersSpec"], "several caches behind each other"),
    ("limiter", &["LimiterSpec", "OnLimit"], "rates that may not be passed"),
    ("pool", &["PoolSpec"], "how agents start, live and end"),
    ("queue", &["QueueSpec"], "who may wait, who is served next, who is dropped"),
    ("retry", &["RetrySpec"], "whether to try again, and when"),
    (
        "route",
        &["RouteSpec", "HedgeSpec"],
        "which model and provider a call goes to, and what comes after a failure",
    ),
    ("semantic", &["SemanticStoreSpec"], "a cache that answers what is similar enough"),
    ("shards", &["IndexSpec"], "which part of an index holds a tenant, and when a part splits in two"),
];

/// Holds a page to what it should be, or writes it.
#[track_caller]
fn check(page: &str, current: &str) {
    let bless = std::env::var_os("BLESS").is_some();
    if bless {
        fs::create_dir_all(Path::new(page).parent().unwrap()).unwrap();
        fs::write(page, current).unwrap();
    }
    let kept = fs::read_to_string(page).unwrap_or_default();
    assert!(kept == current, "{page} is not what the program says; write it again with BLESS=1");
}

#[test]
fn the_reference_of_experiments_is_that_of_the_schema() {
    check("docs/experiment-reference.md", &Reference::read().whole());
}

#[test]
fn the_pages_of_policies_are_those_of_the_crate_and_the_schema() {
    let reference = Reference::read();
    let mut index = "# The policies\n\nEach decides with what it is given, reads no clock and owns no generator \
        (`crates/tars-policy`), so that a service can ask the same code as the simulator. The pages are written from the \
        crate's own documentation and the schema of experiments.\n\n| policy | decides |\n|---|---|\n"
        .to_owned();
    for (name, types, about) in POLICIES {
        let source = fs::read_to_string(format!("crates/tars-policy/src/{name}.rs")).unwrap();
        let mut page =
            format!("# Policy: {name}\n\n*{}.* Source: [`crates/tars-policy/src/{name}.rs`]", capital(about));
        write!(page, "(../../crates/tars-policy/src/{name}.rs).\n\n{}\n", prose(&source)).unwrap();
        page.push_str("## Where it is said\n\n");
        for of in types {
            let places = reference.places(of);
            assert!(!places.is_empty(), "{of} stands nowhere in an experiment");
            for place in places {
                writeln!(page, "- `{place}`").unwrap();
            }
        }
        page.push_str("\nWhat each key changes is shown, with a test, in [the table of mechanisms](../mechanisms.md).\n");
        page.push_str(&reference.closure(types));
        check(&format!("docs/policies/{name}.md"), &page);
        writeln!(index, "| [{name}]({name}.md) | {about} |").unwrap();
    }
    check("docs/policies/README.md", &index);
}

/// Every module of the crate that has a `Spec` has a page.
#[test]
fn no_policy_is_without_a_page() {
    let apart = ["lib.rs", "spec.rs", "units.rs"];
    for entry in fs::read_dir("crates/tars-policy/src").unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        let Some(module) = name.strip_suffix(".rs").filter(|_| !apart.contains(&name.as_str())) else {
            continue;
        };
        assert!(POLICIES.iter().any(|policy| policy.0 == module), "{module} has no page");
    }
}

/// A module's own words, down to its example; links into the code become code.
fn prose(source: &str) -> String {
    let lines = source.lines().map_while(|line| line.strip_prefix("//!"));
    let text: Vec<&str> = lines.map(|line| line.strip_prefix(' ').unwrap_or(line)).collect();
    let mut text = text.join("\n").replace("```\n", "```text\n");
    // Fences: those that open an example are Rust, those that close one are bare.
    let mut fenced = String::new();
    let mut is_open = false;
    for line in text.lines() {
        if line.starts_with("```") {
            let opens = if line == "```text" || line == "```" { "```rust" } else { line };
            fenced.push_str(if is_open { "```" } else { opens });
            is_open = !is_open;
        } else if is_open && line.starts_with("# ") {
            continue;
        } else if is_open {
            fenced.push_str(line);
        } else {
            fenced.push_str(&unlinked(line));
        }
        fenced.push('\n');
    }
    text = fenced;
    text
}

/// `` [`x`](y) `` and `` [`x`] `` become `` `x` ``, unless they lead to a page.
fn unlinked(line: &str) -> String {
    let mut text = String::new();
    let mut rest = line;
    while let Some((before, after)) = rest.split_once("[`") {
        text.push_str(before);
        let Some((word, behind)) = after.split_once("`]") else {
            text.push_str("[`");
            rest = after;
            continue;
        };
        rest = match behind.strip_prefix('(').and_then(|target| target.split_once(')')) {
            Some((target, _)) if target.starts_with("http") => {
                write!(text, "[`{word}`]").unwrap();
                behind
            }
            Some((_, behind)) => {
                write!(text, "`{word}`").unwrap();
                behind
            }
            None => {
                write!(text, "`{word}`").unwrap();
                behind
            }
        };
    }
    text + rest
}

fn capital(text: &str) -> String {
    let mut signs = text.chars();
    signs.next().map_or_else(String::new, |first| first.to_uppercase().chain(signs).collect())
}

/// The columns over time, which `analysis/cell/series.rs` fills.
const COLUMNS: [(&str, &str, &str); 23] = [
    ("issued_per_s", "1/s", "tasks submitted in the window"),
    ("good_per_s", "1/s", "tasks that ended well in the window"),
    ("bad_per_s", "1/s", "tasks that ended otherwise in the window"),
    ("limited_per_s", "1/s", "calls refused by a rate limit (429) in the window"),
    ("latency_p50_s", "s", "median latency of the tasks that ended well in the window, to 3 %"),
    ("latency_p95_s", "s", "its 95th percentile"),
    ("latency_p99_s", "s", "its 99th percentile"),
    ("queue", "", "mean number of tasks that wait for an agent"),
    ("in_flight", "", "mean number of tasks in the system"),
    ("agents", "", "mean number of agents, all pools"),
    ("heap_mb", "MB", "mean heap in use, all nodes together"),
    ("mode", "", "degradation: 0 optimal, 1 high load, 2 critical"),
    ("cost_usd_per_s", "USD/s", "dollars spent on tokens"),
    ("agents_ready", "", "agents that can take tasks, as the window ends; where any starts"),
    ("agents_starting", "", "agents that start, as the window ends; where any does"),
    ("degradation_level", "", "level by the health of components, 0 to 4, as the window ends"),
    ("failover/NAME/active", "", "the active member by place in its list, 0 the first, as the window ends"),
    (
        "limiter/NAME/level_share",
        "share",
        "what is left of the emptiest bucket of a limit, just before the window ends",
    ),
    ("tasks_touched_per_s", "1/s", "tasks that a failure touched in the window"),
    ("tasks_lost_per_s", "1/s", "of those touched, those that ended badly in the window"),
    ("tasks_retried_per_s", "1/s", "those that ended well after an attempt more"),
    ("tasks_resumed_per_s", "1/s", "those that ended well from a checkpoint"),
    (
        "touched_in_flight",
        "",
        "those that had not ended as the window ends: all touched so far less all lost, retried and resumed",
    ),
];

#[test]
fn the_list_of_metrics_is_complete() {
    let mut page = "# Every metric\n\nWritten from the program. A share is a number from 0 to 1 in files and a percentage on \
        a screen. An objective (`slo`) and a precision name a metric of the system; a precision and `--precision` may also \
        name one of a place, as `station/NAME/wait_mean_s`, `pool/NAME/queue_mean` or `nodes/NAME/heap_max_mb`, and likewise of a `failover` or an `index`. \
        [How they are estimated](statistics.md).\n\n## Of the system\n\n| metric | for people | unit | better | meaning |\n\
        |---|---|---|---|---|\n"
        .to_owned();
    for metric in Metric::ALL {
        let better = match metric.better() {
            Better::Lower => "lower",
            Better::Higher => "higher",
            Better::Neither => "",
        };
        let (name, label, unit, meaning) = (metric.name(), metric.label(), metric.unit(), metric.meaning());
        writeln!(page, "| `{name}` | {label} | {unit} | {better} | {meaning} |").unwrap();
    }
    let places: Vec<(String, &str)> =
        PlaceMetric::ALL.iter().map(|metric| (format!("{metric:?}"), metric.name())).collect();
    let nodes: Vec<(String, &str)> =
        NodeMetric::ALL.iter().map(|metric| (format!("{metric:?}"), metric.name())).collect();
    let failovers: Vec<(String, &str)> =
        FailoverMetric::ALL.iter().map(|metric| (format!("{metric:?}"), metric.name())).collect();
    let indexes: Vec<(String, &str)> =
        IndexMetric::ALL.iter().map(|metric| (format!("{metric:?}"), metric.name())).collect();
    let sources = [
        ("Of a station or a pool", "src/model/metric.rs", "pub enum PlaceMetric", places),
        ("Of a group of nodes", "src/model/metric/node.rs", "pub enum NodeMetric", nodes),
        ("Of a failover", "src/model/metric/failover.rs", "pub enum FailoverMetric", failovers),
        ("Of an index", "src/model/metric/index.rs", "pub enum IndexMetric", indexes),
    ];
    for (title, file, of, metrics) in sources {
        write!(page, "\n## {title}\n\n| metric | meaning |\n|---|---|\n").unwrap();
        let source = fs::read_to_string(file).unwrap();
        for (variant, name) in metrics {
            writeln!(page, "| `{name}` | {} |", meaning(&source, of, &variant)).unwrap();
        }
    }
    page.push_str("\n## Over time\n\nThe columns of `timeseries.csv`, of the report's time series and of the OpenMetrics text.\n\n");
    page.push_str("| column | unit | meaning |\n|---|---|---|\n");
    let source = fs::read_to_string("src/analysis/cell/series.rs").unwrap();
    for part in source.split("drawn.put(\"").skip(1) {
        let name = part.split('"').next().unwrap();
        assert!(COLUMNS.iter().any(|column| column.0 == name), "the column {name} is not explained");
    }
    for (name, unit, meaning) in COLUMNS {
        // A name with the name of something in it is put together where it is written.
        let written = name.rsplit("/NAME").next().unwrap();
        assert!(source.contains(&format!("{written}\"")), "there is no column {name}");
        writeln!(page, "| `{name}` | {unit} | {meaning} |").unwrap();
    }
    check("docs/metrics.md", &page);
}

/// What the source says of a variant of an enum.
fn meaning(source: &str, of: &str, variant: &str) -> String {
    let body = source.split_once(of).expect("the enum is there").1;
    let before =
        body.split_once(&format!(" {variant},")).unwrap_or_else(|| panic!("{variant} is not there")).0;
    let lines: Vec<&str> =
        before.trim_end().lines().rev().map_while(|line| line.trim().strip_prefix("///")).collect();
    lines.into_iter().rev().map(str::trim).collect::<Vec<_>>().join(" ")
}

#[test]
fn links_into_the_code_become_code() {
    assert_eq!(unlinked("A [`Queue`] of [`offer`](Q::offer)."), "A `Queue` of `offer`.");
    assert_eq!(unlinked("See [`x`](https://x.org)."), "See [`x`](https://x.org).");
}

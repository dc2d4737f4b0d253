use super::table::{Table, datetime};
use super::*;
use crate::experiment::schema::{TimeColumn, TimeUnit};
use std::io::Write;

#[test]
fn dates_become_exact_nanoseconds() {
    let at = |text| datetime(text).expect("a date");
    assert_eq!(at("2023-11-16 18:17:04.0319600") - at("2023-11-16 18:17:03.9799600"), 52_000_000);
    assert_eq!(at("2024-03-01 00:00:00") - at("2024-02-28 00:00:00"), 2 * 86_400 * 1_000_000_000);
    assert_eq!(at("1900-01-01 00:00:00"), 0);
    assert_eq!(datetime("16/11/2023 10:00:00"), None);
    assert_eq!(datetime("2023-11-16 18:17:99"), None);
}

#[test]
fn a_missing_file_is_said_to_be_missing() {
    let problem = store().read("nowhere.csv").expect_err("there is no such file");
    assert_eq!(problem.said(), "there is no such file");
}

#[test]
fn a_folder_is_not_a_trace() {
    let problem = store().read(".").expect_err("a folder");
    assert_eq!(problem.said(), "it is a folder");
}

#[test]
fn a_name_stays_in_the_folder_of_public_traces() {
    for name in ["data:../secret.csv", "data:/etc/passwd", "data:a/../../b.csv", "a\0b.csv"] {
        let problem = store().read(name).expect_err("a name that leads out");
        assert_eq!(problem.said(), "the name leads out of its folder", "{name:?}");
    }
}

#[test]
fn an_unknown_folder_of_public_traces_names_the_remedy() {
    let problem = TraceStore::new(FilePath::new("x.json"), None).read("data:a.csv").expect_err("no folder");
    assert_eq!(
        problem.said(),
        "the folder of public traces is not known (name it with `--data DIR` or TARS_SIM_DATA)"
    );
}

#[test]
fn empty_files_are_said_to_be_empty() {
    refuses(b"", "it is empty");
    refuses(b" \n\n", "it is empty");
    refuses(b"\xef\xbb\xbf", "it is empty");
    refuses(b"t,input\n", "it has a head and no rows");
}

#[test]
fn packings_that_are_not_gzip_are_named() {
    let hint = "(a trace is CSV or JSONL, gzipped or not)";
    refuses(b"PAR1\0\0", &format!("it is a Parquet file {hint}"));
    refuses(b"PK\x03\x04\0", &format!("it is a zip archive {hint}"));
    refuses(b"\x28\xb5\x2f\xfd\0", &format!("it is packed with zstd {hint}"));
    refuses(b"BZh91", &format!("it is packed with bzip2 {hint}"));
    refuses(b"\xfd7zXZ\0\0", &format!("it is packed with xz {hint}"));
    let pointer = b"version https://git-lfs.github.com/spec/v1\noid sha256:00\n";
    refuses(pointer, &format!("it is a pointer of Git LFS and not the file itself {hint}"));
}

#[test]
fn gzip_is_known_by_its_bytes_and_not_by_the_name() {
    let packed = gzip(b"t\n1\n");
    assert_eq!(Table::read(packed.as_slice()).expect("a trace").rows(), 1);
    assert_eq!(Table::read(b"t\n1\n".as_slice()).expect("a trace").rows(), 1);
}

#[test]
fn gzip_that_is_cut_off_or_damaged_is_not_read_in_part() {
    let packed = gzip(b"t\n1\n2\n3\n");
    refuses(&packed[..packed.len() - 6], "its gzip stream is cut off");
    let mut damaged = packed.clone();
    let at = damaged.len() - 5;
    damaged[at] ^= 0xff;
    refuses(&damaged, "its gzip stream is damaged: corrupt gzip stream does not have a matching checksum");
}

#[test]
fn text_in_another_encoding_is_refused() {
    let hint = "(a trace is CSV or JSONL, gzipped or not)";
    refuses(b"t,name\n1,a\n2,\xe4\n", &format!("it is not UTF-8 text: line 3 {hint}"));
    refuses(b"\xff\xfet\0\n\0", &format!("it is not UTF-8 text: line 1 {hint}"));
}

#[test]
fn a_list_of_json_is_not_json_lines() {
    refuses(b"[{\"t\": 1}]", "it is a JSON list (a trace is CSV, or JSON with one object a line)");
}

#[test]
fn a_broken_line_of_json_is_found() {
    refuses(b"{\"t\": 1}\n\n{\"t\": }\n", "line 3 is not a JSON object: expected value");
    refuses(b"{\"t\": 1}\n[2]\n", "line 2 is not a JSON object: invalid type: sequence, expected a map");
}

#[test]
fn a_short_line_is_found() {
    refuses(b"t,input\n1,2\n\n3\n", "line 4 has 1 field, the first line has 2");
}

#[test]
fn columns_of_one_name_are_refused() {
    refuses(b"t,x,t\n1,2,3\n", "two columns have the name `t`");
}

#[test]
fn a_wrong_column_names_the_columns_and_the_near_one() {
    let table = table("TIMESTAMP,ContextTokens,GeneratedTokens\n1,2,3\n");
    let has = "it has `TIMESTAMP`, `ContextTokens`, `GeneratedTokens`";
    let problem = table.column("ContextToken").expect_err("no such column");
    assert_eq!(
        problem.said(),
        format!("it has no column `ContextToken` (did you mean `ContextTokens`? {has})")
    );
    let problem = table.column("arrival").expect_err("no such column");
    assert_eq!(problem.said(), format!("it has no column `arrival` ({has})"));
    let problem = self::table("t;input\n1;2\n").column("t").expect_err("another separator");
    assert_eq!(problem.said(), "it has no column `t` (it has `t;input`)");
}

#[test]
fn a_byte_order_mark_is_no_part_of_a_name() {
    assert!(table("\u{feff}t\n1\n").column("t").is_ok());
    assert!(table("\u{feff}{\"t\": 1}\n").column("t").is_ok());
}

#[test]
fn times_are_exact_in_seconds_and_milliseconds() {
    let table = table("t\n1.000000001\n2e-3\n0\n");
    assert_eq!(table.times(&column(TimeUnit::S)).expect("seconds"), [1_000_000_001, 2_000_000, 0]);
    assert_eq!(table.times(&column(TimeUnit::Ms)).expect("milliseconds"), [1_000_000, 2_000, 0]);
}

#[test]
fn a_time_in_another_unit_is_refused_with_the_right_one() {
    no_time(
        "t\n2023-11-16 18:17:03.97\n",
        TimeUnit::S,
        "line 2 has `2023-11-16 18:17:03.97` in column `t`; expected seconds, 0 or more (set `\"unit\": \"datetime\"`)",
    );
    no_time(
        "t\n1700158623\n",
        TimeUnit::Datetime,
        "line 2 has `1700158623` in column `t`; expected a date and time of the years 1900 to 2400, as in \
         `2023-11-16 18:17:03.97` (set `\"unit\"` to `\"s\"` or `\"ms\"`)",
    );
}

#[test]
fn a_field_that_is_no_time_is_found_by_its_line() {
    let seconds = "expected seconds, 0 or more";
    no_time("t\n1\n-1\n", TimeUnit::S, &format!("line 3 has `-1` in column `t`; {seconds}"));
    no_time("t\n1\nNaN\n", TimeUnit::S, &format!("line 3 has `NaN` in column `t`; {seconds}"));
    no_time("t\n5m\n", TimeUnit::S, &format!("line 2 has `5m` in column `t`; {seconds}"));
    no_time("t\n\n\n1\r\n\nlater\n", TimeUnit::S, &format!("line 6 has `later` in column `t`; {seconds}"));
    no_time("t,x\n1,1\n,1\n", TimeUnit::S, &format!("line 3 has nothing in column `t`; {seconds}"));
    no_time(
        "{\"t\": 1}\n\n{\"x\": 1}\n",
        TimeUnit::S,
        &format!("line 3 has nothing in column `t`; {seconds}"),
    );
    no_time(
        "{\"t\": null}\n",
        TimeUnit::Ms,
        "line 1 has nothing in column `t`; expected milliseconds, 0 or more",
    );
    let long = "x".repeat(1_000);
    let shown = format!("line 2 has `{}…` in column `t`; {seconds}", "x".repeat(40));
    no_time(&format!("t\n{long}\n"), TimeUnit::S, &shown);
}

#[test]
fn tokens_are_whole_numbers_with_or_without_a_point() {
    let name = "n".to_owned();
    assert_eq!(table("n\n7\n 8 \n9.0\n").counts(Some(&name)).expect("counts"), Some(vec![7, 8, 9]));
    for text in ["7.5", "-1", "4294967296", "many"] {
        let problem = table(&format!("n\n{text}\n")).counts(Some(&name)).expect_err("no whole number");
        let expected =
            format!("line 2 has `{text}` in column `n`; expected a whole number from 0 to 4294967295");
        assert_eq!(problem.said(), expected);
    }
}

#[test]
fn rows_in_any_order_become_requests_in_order_and_equals_keep_theirs() {
    let (folder, store) = store_with(&[("x.csv", "t,n\n5,1\n2,2\n5,3\n3,4\n")]);
    let trace = store.read_trace(&load("x.csv", None)).expect("a trace");
    let got: Vec<_> = trace
        .requests
        .iter()
        .map(|request| (request.at.as_nanos() / 1_000_000_000, request.input_tokens))
        .collect();
    assert_eq!(got, [(0, 2), (1, 4), (3, 1), (3, 3)]);
    drop(folder);
}

#[test]
fn only_the_first_rows_are_taken_and_time_starts_with_them() {
    let (folder, store) = store_with(&[("x.csv", "t,n\n5,1\n7,2\n0,3\n")]);
    let trace = store.read_trace(&load("x.csv", Some(2))).expect("a trace");
    let got: Vec<_> = trace
        .requests
        .iter()
        .map(|request| (request.at.as_nanos() / 1_000_000_000, request.input_tokens))
        .collect();
    assert_eq!(got, [(0, 1), (2, 2)]);
    drop(folder);
}

#[test]
fn a_session_is_its_pauses_and_calls() {
    let (folder, store) = store_with(&[
        ("s.csv", "id,kind,ms\na,x,100\nb,y,10\n"),
        ("c.csv", "id,at,ms\na,50,20\na,10,30\nb,0,5\n"),
    ]);
    let trace = store.read_sessions(&sessions(&["id"], &[("kind", "x")])).expect("sessions");
    let millis = |span: Span| span.as_nanos() / 1_000_000;
    assert_eq!(
        trace.sessions.iter().map(|(first, count, tail)| (*first, *count, millis(*tail))).collect::<Vec<_>>(),
        [(0, 2, 30)]
    );
    assert_eq!(
        trace.calls.iter().map(|(gap, length)| (millis(*gap), millis(*length))).collect::<Vec<_>>(),
        [(10, 30), (10, 20)]
    );
    drop(folder);
}

#[test]
fn what_is_wrong_with_sessions_names_the_file_that_has_it() {
    let (s, c) = ("id,kind,ms\na,x,100\n", "id,at,ms\na,0,1\n");
    let both = |s, c, key: &[&str], only: &[(&str, &str)]| {
        let (_folder, store) = store_with(&[("s.csv", s), ("c.csv", c)]);
        let load = sessions(key, only);
        let (file, problem) = store.read_sessions(&load).expect_err("something is wrong");
        format!("{file}: {}", problem.said())
    };
    assert_eq!(both(s, c, &["kind"], &[]), "c.csv: it has no column `kind` (it has `id`, `at`, `ms`)");
    assert_eq!(both("kind,ms\nx,1\n", c, &["id"], &[]), "s.csv: it has no column `id` (it has `kind`, `ms`)");
    assert_eq!(
        both(s, c, &["id"], &[("group", "x")]),
        "c.csv: it has no column `group` (it has `id`, `at`, `ms`)"
    );
    assert_eq!(both(s, c, &["id"], &[("kind", "z")]), "s.csv: no session is left after `only`");
    let twice = "id,kind,ms\na,x,1\na,x,2\n";
    assert_eq!(both(twice, c, &["id"], &[]), "s.csv: line 3 is a second session of the key a");
    let strangers = "id,at,ms\nz,0,1\n";
    assert_eq!(
        both(s, strangers, &["id"], &[]),
        "c.csv: no call belongs to a session (`key` names columns that both files have)"
    );
    assert_eq!(
        both(s, "id,at,ms\na,soon,1\n", &["id"], &[]),
        "c.csv: line 2 has `soon` in column `at`; expected milliseconds, 0 or more"
    );
}

fn store() -> TraceStore {
    TraceStore::new(FilePath::new("x.json"), Some(PathBuf::from("data")))
}

fn store_with(files: &[(&str, &str)]) -> (tempfile::TempDir, TraceStore) {
    let folder = tempfile::tempdir().expect("a folder");
    for (name, text) in files {
        std::fs::write(folder.path().join(name), text).expect("a file");
    }
    let store = TraceStore::new(&folder.path().join("x.json"), None);
    (folder, store)
}

fn load(file: &str, rows_max: Option<u64>) -> TraceLoad {
    let json =
        serde_json::json!({ "file": file, "time": { "column": "t", "unit": "s" }, "input_tokens": "n" });
    TraceLoad { rows_max, ..serde_json::from_value(json).expect("a load") }
}

fn sessions(key: &[&str], only: &[(&str, &str)]) -> SessionLoad {
    let ms = |column: &str| TimeColumn { column: column.to_owned(), unit: TimeUnit::Ms };
    SessionLoad {
        calls: "c.csv".to_owned(),
        sessions: "s.csv".to_owned(),
        key: key.iter().map(|name| (*name).to_owned()).collect(),
        only: only.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect(),
        start: ms("at"),
        length: ms("ms"),
        session_length: ms("ms"),
    }
}

fn column(unit: TimeUnit) -> TimeColumn {
    TimeColumn { column: "t".to_owned(), unit }
}

fn table(text: &str) -> Table {
    Table::read(text.as_bytes()).expect("a table")
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut writer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    writer.write_all(bytes).expect("written to memory");
    writer.finish().expect("written to memory")
}

#[track_caller]
fn refuses(bytes: &[u8], expected: &str) {
    let problem = Table::read(bytes).expect_err("something is wrong");
    assert_eq!(problem.said(), expected);
}

#[track_caller]
fn no_time(text: &str, unit: TimeUnit, expected: &str) {
    let problem = table(text).times(&column(unit)).expect_err("not a time");
    assert_eq!(problem.said(), expected);
}

#[test]
fn recorded_service_times_must_have_a_taker() {
    let clients = r#"{ "trace": { "file": "x.csv", "time": { "column": "t", "unit": "s" }, "service": { "column": "n", "unit": "ms" } } }"#;
    let told = told(clients, r#"{ "servers": 1, "service": "1s" }"#, r#"{ "visit": { "station": "desk" } }"#);
    assert!(told.contains("error: no station takes the recorded service times"), "{told}");
    assert!(told.contains("(workload.clients.users.load.trace.service)"), "{told}");
    assert!(
        told.contains(
            "hint: set `service_from_trace` at the station that serves them, or leave the column out"
        ),
        "{told}"
    );
}

#[test]
fn a_station_does_not_wait_in_vain_for_recorded_service_times() {
    let clients = r#"{ "trace": { "file": "x.csv", "time": { "column": "t", "unit": "s" } } }"#;
    let told = told(
        clients,
        r#"{ "servers": 1, "service_from_trace": true }"#,
        r#"{ "visit": { "station": "desk" } }"#,
    );
    assert!(told.contains("error: no load has recorded service times"), "{told}");
    assert!(told.contains("(system.stations.desk.service_from_trace)"), "{told}");
}

#[test]
fn replayed_calls_take_time() {
    let clients = r#"{ "sessions": { "calls": "c.csv", "sessions": "s.csv", "key": ["id"],
        "start": { "column": "at", "unit": "ms" }, "length": { "column": "ms", "unit": "ms" },
        "session_length": { "column": "ms", "unit": "ms" } } }"#;
    let step = r#"{ "replay_calls": { "station": "desk" } }"#;
    let told = self::told(clients, r#"{ "servers": 1 }"#, step);
    assert!(told.contains("error: calls are replayed at `desk`, where they take no time"), "{told}");
    assert_eq!(self::told(clients, r#"{ "servers": 1, "service_from_trace": true }"#, step), "");
    assert_eq!(self::told(clients, r#"{ "servers": 1, "service": "1s" }"#, step), "");
}

#[test]
fn what_is_wrong_with_a_trace_is_told_where_it_is_named() {
    let clients = r#"{ "trace": { "file": "x.csv", "time": { "column": "when", "unit": "s" } } }"#;
    let told = told(clients, r#"{ "servers": 1 }"#, r#"{ "visit": { "station": "desk" } }"#);
    assert!(told.contains("error: cannot read the trace `x.csv`: it has no column `when`"), "{told}");
    assert!(told.contains("x.json:2:47 (workload.clients.users.load.trace)"), "{told}");
    assert!(told.contains("hint: it has `t`, `n`"), "{told}");
}

/// What is said of an experiment with this load, this station and this step.
fn told(load: &str, station: &str, step: &str) -> String {
    let (folder, _) = store_with(&[
        ("x.csv", "t,n\n0,1\n1,1\n"),
        ("s.csv", "id,ms\na,9\n"),
        ("c.csv", "id,at,ms\na,1,2\n"),
    ]);
    let file = folder.path().join("x.json");
    let text = format!(
        "{{ \"name\": \"x\", \"workload\": {{ \"classes\": {{ \"task\": {{}} }}, \"clients\": {{ \"users\":\n \
         {{ \"load\":                         {load} }} }} }},\n \"system\": {{ \"stations\": {{ \"desk\": {station} }}, \
         \"routes\": {{ \"through\": [ {step} ] }} }},\n \"measure\": {{ \"mode\": \"terminating\", \"duration\": \"9s\" }} }}"
    );
    std::fs::write(&file, text).expect("a file");
    let mut diagnostics = Diagnostics::new();
    let loaded = crate::experiment::load(&file, &[], &mut diagnostics).expect("an object");
    let tree = crate::experiment::cell_tree(&loaded, &loaded.cells[0]);
    crate::experiment::build(&tree, &mut TraceStore::new(&file, None), &mut diagnostics);
    diagnostics.to_string()
}

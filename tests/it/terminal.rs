//! What a person at a terminal meets: help with an example everywhere, manual pages, width, colour, quiet.

use crate::runner::QUEUE;
use clap::CommandFactory;
use std::fs;
use std::path::Path;
use std::process::{Command, Output};
use tars_sim::cli::Cli;

fn program() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_tars-sim"));
    command.env_remove("TARS_SIM_DATA").env_remove("COLUMNS").env_remove("NO_COLOR");
    command
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

fn commands() -> Vec<String> {
    Cli::command().get_subcommands().map(|command| command.get_name().to_owned()).collect()
}

#[test]
fn the_help_of_every_command_has_an_example_of_it() {
    for name in commands() {
        let output = program().args([&name, "--help"]).output().unwrap();
        let help = text(&output.stdout);
        assert!(output.status.success() && help.contains(&format!("Example: tars-sim {name}")), "{help}");
    }
}

#[test]
fn every_command_has_a_manual_page() {
    let page = |arguments: &[&str]| {
        let output = program().arg("man").args(arguments).output().unwrap();
        assert!(output.status.success(), "{arguments:?}: {}", text(&output.stderr));
        text(&output.stdout)
    };
    let whole = page(&[]);
    for name in commands() {
        assert!(whole.contains(&format!("tars\\-sim\\-{}", name.replace('-', "\\-"))), "{name} is not named");
        let page = page(&[&name]);
        assert!(page.contains(".TH") && page.contains(".SH SYNOPSIS") && page.contains("Example:"), "{page}");
    }
    let output = program().args(["man", "nowhere"]).output().unwrap();
    assert_eq!(output.status.code(), Some(2));
    assert!(text(&output.stderr).contains("there is no command `nowhere`"));
}

/// A finished result to draw again.
fn finished() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("x.json"), QUEUE).unwrap();
    let output = sweep(folder.path(), &["--quiet"]);
    assert!(output.status.success() && output.stderr.is_empty(), "{}", text(&output.stderr));
    folder
}

fn sweep(folder: &Path, more: &[&str]) -> Output {
    program().current_dir(folder).args(["sweep", "x.json", "--out", "out"]).args(more).output().unwrap()
}

#[test]
fn quiet_says_nothing_beside_the_data_and_otherwise_the_pace_is_told() {
    let folder = finished();
    let output = sweep(folder.path(), &[]);
    assert!(text(&output.stderr).contains("replications in"), "{}", text(&output.stderr));
}

#[test]
fn every_format_is_printed_and_nothing_else() {
    let folder = finished();
    let printed = |format: &str| {
        let output = program()
            .current_dir(folder.path())
            .args(["report", "out", "--format", format])
            .output()
            .unwrap();
        assert!(output.status.success());
        output.stdout
    };
    assert_eq!(printed("json"), fs::read(folder.path().join("out/result.json")).unwrap());
    assert_eq!(printed("csv"), fs::read(folder.path().join("out/results.csv")).unwrap());
    assert!(text(&printed("openmetrics")).ends_with("# EOF\n"));
    assert!(!text(&printed("table")).contains('\u{1b}'), "no colour goes into a pipe");
    let result: serde_json::Value = serde_json::from_slice(&printed("json")).unwrap();
    crate::schemas::check_result(&result);
}

#[test]
fn simulated_time_starts_where_it_is_told_to() {
    let folder = finished();
    let times = |start: &[&str]| -> Vec<f64> {
        let arguments = [&["report", "out", "--format", "openmetrics"], start].concat();
        let output = program().current_dir(folder.path()).args(arguments).output().unwrap();
        let lines = text(&output.stdout);
        let samples = lines.lines().filter(|line| !line.starts_with('#'));
        samples.map(|line| line.rsplit_once(' ').unwrap().1.parse().unwrap()).collect()
    };
    let (bare, moved) = (times(&[]), times(&["--start", "1700000000"]));
    assert!(bare.len() > 100 && bare.len() == moved.len());
    assert!(bare.iter().zip(&moved).all(|(bare, moved)| (moved - bare - 1.7e9).abs() < 1e-3));
}

/// Runs the program on a terminal of its own; nothing where `script` is not installed or cannot make one.
#[cfg(target_os = "linux")]
fn on_a_terminal(folder: &Path, settings: &str, columns: u32) -> Option<String> {
    let line =
        format!("stty rows 40 cols {columns}; {settings} '{}' report out", env!("CARGO_BIN_EXE_tars-sim"));
    let mut command = Command::new("script");
    command.env_remove("COLUMNS").env_remove("NO_COLOR").current_dir(folder);
    match command.args(["-qec", &line, "/dev/null"]).output() {
        Ok(output) if output.status.success() => Some(text(&output.stdout)),
        Ok(_) | Err(_) => {
            crate::skipped("`script` gives no terminal here");
            None
        }
    }
}

#[cfg(target_os = "linux")]
#[test]
fn a_terminal_gets_colour_and_lines_of_its_width_unless_it_wants_none() {
    let folder = finished();
    for columns in [60, 90] {
        let Some(bright) = on_a_terminal(folder.path(), "", columns) else { return };
        let plain = on_a_terminal(folder.path(), "NO_COLOR=1", columns).unwrap();
        assert!(bright.contains('\u{1b}') && !plain.contains('\u{1b}'), "{bright}");
        let wide = |line: &&str| {
            !line.contains("tars-sim sweep") && line.trim_end().chars().count() > columns as usize
        };
        assert_eq!(plain.lines().filter(wide).collect::<Vec<_>>(), Vec::<&str>::new(), "at {columns}");
        assert!(
            plain.lines().any(|line| line.trim_end().chars().count() > columns as usize * 2 / 3),
            "{plain}"
        );
    }
}

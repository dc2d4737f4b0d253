//! The command line: its shape, and no logic.

use clap::{Args, Parser, Subcommand, ValueEnum};
use clap_complete::Shell;
use std::path::PathBuf;

/// Simulates systems of LLM agents: which configuration carries a load, where it breaks, what it costs.
#[derive(Clone, Debug, Parser)]
#[command(name = "tars-sim", version, max_term_width = 100, disable_help_subcommand = true)]
#[command(
    after_help = "Exit codes: 0 done · 1 a cell or the program failed · 2 wrong usage or input · 3 a condition \
asked for does not hold · 4 a resumed result differs from its recomputation · 5 interrupted, to be resumed"
)]
pub struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// What to do.
#[derive(Clone, Debug, Subcommand)]
pub enum Command {
    /// Runs every configuration of an experiment's sweep and answers its question.
    #[command(
        after_help = "Example: tars-sim sweep experiments/tier3.json --quick --set /slo/latency_p99=5s"
    )]
    Sweep(RunArgs),
    /// Runs one configuration in depth: the experiment without its sweep.
    #[command(after_help = "Example: tars-sim run experiments/tier3.json --format json")]
    Run(SingleArgs),
    /// Checks an experiment and runs nothing.
    #[command(after_help = "Example: tars-sim check mine/starter.json")]
    Check(CheckArgs),
    /// Holds the simulator against queueing theory and exact replays; code 3 if anything is off.
    #[command(after_help = "Example: tars-sim validate --format csv")]
    Validate(ValidateArgs),
    /// Holds every published TARS figure against the simulator: a verdict each; code 3 if any is missed.
    #[command(after_help = "Example: tars-sim reproduce --quick --group tier3")]
    Reproduce(ReproduceArgs),
    /// Months ahead: what load comes, which limit binds first, what to order by when, what it costs, and how sure that is.
    #[command(after_help = "Example: tars-sim forecast experiments/forecast-18-months.json --quick")]
    Forecast(ForecastArgs),
    /// Prints the JSON schema of experiment files, of forecast files, or of `result.json`.
    #[command(after_help = "Example: tars-sim schema result > result.schema.json")]
    Schema {
        /// Which files the schema is of.
        #[arg(value_enum, value_name = "FILES", default_value_t = SchemaOf::Experiment)]
        of: SchemaOf,
    },
    /// Writes a small commented experiment to start from.
    #[command(after_help = "Example: tars-sim init mine")]
    Init {
        /// The folder that it goes to.
        #[arg(value_name = "DIR", default_value = ".")]
        folder: PathBuf,
    },
    /// Draws the tables, plots and page of a result again from its `result.json`.
    #[command(after_help = "Example: tars-sim report outputs/tier3 --format openmetrics > tier3.om")]
    Report {
        /// The folder of the result.
        #[arg(value_name = "DIR")]
        folder: PathBuf,
        /// What goes to standard output.
        #[arg(long, value_enum, default_value_t = ResultFormat::Table)]
        format: ResultFormat,
        /// Where simulated time 0 stands for `--format openmetrics`, in seconds of Unix time.
        #[arg(long, value_name = "SECONDS", default_value_t = 0, allow_negative_numbers = true)]
        #[arg(value_parser = clap::value_parser!(u64).range(..=253_402_300_799))]
        start: u64,
    },
    /// Prints a script that completes commands and options in a shell.
    #[command(
        after_help = "Example: tars-sim completions bash > ~/.local/share/bash-completion/completions/tars-sim"
    )]
    Completions {
        /// The shell.
        shell: Shell,
    },
    /// Prints a manual page: of the program, or of one of its commands.
    #[command(after_help = "Example: tars-sim man sweep | man -l -")]
    Man {
        /// The command.
        #[arg(value_name = "COMMAND")]
        command: Option<String>,
    },
}

/// An experiment and what is changed in it.
#[derive(Clone, Debug, Args)]
pub struct ExperimentArgs {
    /// The experiment file.
    #[arg(value_name = "FILE")]
    pub file: PathBuf,
    /// Sets a value of the experiment, by JSON pointer; may be repeated, a later one wins.
    #[arg(long = "set", value_name = "/PATH=VALUE")]
    pub sets: Vec<String>,
    /// The folder of public traces, for files named `data:…` [default: `TARS_SIM_DATA`, or ../shared/data].
    #[arg(long, value_name = "DIR")]
    pub data: Option<PathBuf>,
}

/// How `check` checks.
#[derive(Clone, Debug, Args)]
pub struct CheckArgs {
    /// What to check.
    #[command(flatten)]
    pub experiment: ExperimentArgs,
}

/// How the simulator is validated.
#[derive(Clone, Debug, Args)]
pub struct ValidateArgs {
    /// To 1 % instead of 5 %: twenty-five times the work.
    #[arg(long)]
    pub full: bool,
    /// Instead of the suite, how often intervals hold the truth: so many macro-replications of each of four queues by
    /// the usual stopping rule [default: 1000, which takes three quarters of an hour on one core].
    #[arg(long, value_name = "N", num_args = 0..=1, default_missing_value = "1000", conflicts_with = "full")]
    #[arg(allow_negative_numbers = true, value_parser = clap::value_parser!(u32).range(2..=100_000))]
    pub coverage: Option<u32>,
    /// The folder of public traces, for replays; else that of `TARS_SIM_DATA`.
    #[arg(long, value_name = "DIR")]
    pub data: Option<PathBuf>,
    /// Worker threads; 0 takes one for each core.
    #[arg(long, value_name = "N", default_value_t = 0, allow_negative_numbers = true)]
    #[arg(value_parser = clap::value_parser!(u16).range(..=1024))]
    pub threads: u16,
    /// What goes to standard output: a table or CSV.
    #[arg(long, value_enum, default_value_t = OutputFormat::Table)]
    pub format: OutputFormat,
    /// Tells no progress.
    #[arg(long, short)]
    pub quiet: bool,
}

/// How published figures are reproduced.
#[derive(Clone, Debug, Args)]
pub struct ReproduceArgs {
    /// Only the figures of one group, such as `s9` or `tier3`.
    #[arg(long, value_name = "GROUP")]
    pub group: Option<String>,
    /// The folder of results.
    #[arg(long, value_name = "DIR", default_value = "outputs/reproduce")]
    pub out: PathBuf,
    /// Fits the calibration again and prints parameters, residuals and how well they are identified; writes nothing.
    #[arg(long, conflicts_with_all = ["group", "out"])]
    pub fit: bool,
    /// A tenth of the replications: seconds instead of minutes. Intervals are wider.
    #[arg(long)]
    pub quick: bool,
    /// Worker threads; 0 takes one for each core. Results do not depend on it.
    #[arg(long, value_name = "N", default_value_t = 0, allow_negative_numbers = true)]
    #[arg(value_parser = clap::value_parser!(u16).range(..=1024))]
    pub threads: u16,
    /// What goes to standard output.
    #[arg(long, value_enum, default_value_t = OutputFormat::Table)]
    pub format: OutputFormat,
}

/// How a forecast is made.
#[derive(Clone, Debug, Args)]
pub struct ForecastArgs {
    /// The forecast file.
    #[arg(value_name = "FILE")]
    pub file: PathBuf,
    /// Sets a value of the forecast file, by JSON pointer; may be repeated, a later one wins.
    #[arg(long = "set", value_name = "/PATH=VALUE")]
    pub sets: Vec<String>,
    /// The folder of public traces, for experiments that replay them [default: `TARS_SIM_DATA`, or ../shared/data].
    #[arg(long, value_name = "DIR")]
    pub data: Option<PathBuf>,
    /// The folder of results [default: outputs/NAME, or outputs/NAME-quick].
    #[arg(long, value_name = "DIR")]
    pub out: Option<PathBuf>,
    /// A first look within seconds: two replications, and months of up to 5,000 agents. Not for decisions.
    #[arg(long, conflicts_with = "full")]
    pub quick: bool,
    /// Simulates every month, and holds the sizes of the months that the file names for a whole busy hour.
    #[arg(long)]
    pub full: bool,
    /// Worker threads; 0 takes one for each core. Results do not depend on it.
    #[arg(long, value_name = "N", default_value_t = 0, allow_negative_numbers = true)]
    #[arg(value_parser = clap::value_parser!(u16).range(..=1024))]
    pub threads: u16,
    /// What goes to standard output: a summary, `result.json`, or `forecast.csv`.
    #[arg(long, value_enum, default_value_t = OutputFormat::Table)]
    pub format: OutputFormat,
    /// Tells no progress.
    #[arg(long, short)]
    pub quiet: bool,
}

/// How experiments are run.
#[derive(Clone, Debug, Args)]
pub struct RunArgs {
    /// What to run.
    #[command(flatten)]
    pub experiment: ExperimentArgs,
    /// Worker threads; 0 takes one for each core. Results do not depend on it.
    #[arg(long, value_name = "N", default_value_t = 0, allow_negative_numbers = true)]
    #[arg(value_parser = clap::value_parser!(u16).range(..=1024))]
    pub threads: u16,
    /// The master seed, in place of the experiment's.
    #[arg(long, value_name = "N", allow_negative_numbers = true)]
    pub seed: Option<u64>,
    /// The folder of results [default: outputs/NAME, or outputs/NAME-quick].
    #[arg(long, value_name = "DIR")]
    pub out: Option<PathBuf>,
    /// A first look within seconds: at most 18 cells and 6 replications, and steady runs of more than 240 s cut short.
    /// Not for decisions.
    #[arg(long)]
    pub quick: bool,
    /// Goes on with replications until means are known to this share of themselves (`0.01`; the 99th percentile to 2.5
    /// times that, the error share to a quarter of it in absolute terms), or until one metric is
    /// (`latency_p99_s=0.05`); may be repeated. Takes the place of the experiment's goals; where it fixes the number of
    /// replications, up to 400 are made.
    #[arg(long, value_name = "SHARE|METRIC=SHARE")]
    pub precision: Vec<String>,
    /// Ends with code 3 unless some configuration meets the objective.
    #[arg(long)]
    pub require_slo: bool,
    /// What goes to standard output.
    #[arg(long, value_enum, default_value_t = ResultFormat::Table)]
    pub format: ResultFormat,
    /// Tells no progress.
    #[arg(long, short)]
    pub quiet: bool,
}

/// How one configuration is run.
#[derive(Clone, Debug, Args)]
pub struct SingleArgs {
    /// How it is run.
    #[command(flatten)]
    pub run: RunArgs,
    /// Shows theory beside the simulation where a closed form is known, and says why not where none is: a table below
    /// the summary, or CSV in place of `results.csv`.
    #[arg(long)]
    pub analytic: bool,
}

/// What goes to standard output.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum OutputFormat {
    /// A summary for people.
    Table,
    /// `result.json`.
    Json,
    /// `results.csv`.
    Csv,
}

/// What goes to standard output of a result.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum ResultFormat {
    /// A summary for people.
    Table,
    /// `result.json`.
    Json,
    /// `results.csv`.
    Csv,
    /// The time series as OpenMetrics text, for Prometheus and Grafana.
    #[value(name = "openmetrics")]
    OpenMetrics,
}

/// What a schema is of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum SchemaOf {
    /// Experiment files.
    Experiment,
    /// Forecast files.
    Forecast,
    /// `result.json`.
    Result,
}

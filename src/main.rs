//! The command line of tars-sim.

use std::io::{self, IsTerminal, Write};
use std::process::ExitCode;
use tars_sim::commands::{self, Surroundings};
use tars_sim::report::terminal::{Colour, Screen};
use terminal_size::{Width, terminal_size_of};

/// Columns of a file, and of a terminal that does not say how wide it is.
const WIDTH: usize = 110;

fn main() -> ExitCode {
    let cli = commands::parse().unwrap_or_else(|error| error.exit());
    let done = commands::execute(cli, &surroundings());
    // Whoever reads may have left; then there is nobody to tell.
    let _ = io::stdout().flush();
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            let _ = writeln!(io::stderr(), "{}", failure.message.trim_end());
            ExitCode::from(failure.code())
        }
    }
}

/// All that is read from the environment, and only here.
fn surroundings() -> Surroundings {
    let columns = std::env::var_os("COLUMNS").and_then(|text| text.to_str()?.parse().ok()).or_else(|| {
        terminal_size_of(io::stdout())
            .map(|(Width(columns), _)| usize::from(columns))
            .filter(|columns| *columns > 0)
    });
    let plain =
        std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty()) || !io::stdout().is_terminal();
    let colour = if plain { Colour::Plain } else { Colour::Ansi };
    Surroundings {
        screen: Screen { width: columns.unwrap_or(WIDTH), colour },
        bar: io::stderr().is_terminal(),
        data: std::env::var_os("TARS_SIM_DATA").map(Into::into),
    }
}

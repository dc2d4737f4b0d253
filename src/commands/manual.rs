//! `man`: the manual pages, made from what the command line says of itself.

use super::Failure;
use clap::Command;

/// The page of the program, or of one of its commands, for `man`.
pub(super) fn page(mut program: Command, command: Option<&str>) -> Result<Vec<u8>, Failure> {
    program.build();
    let chosen = match command {
        None => program,
        Some(name) => {
            let found = program.find_subcommand(name).cloned();
            let unknown = || {
                let hint = "tars-sim --help names the commands";
                Failure::usage(format!("error: there is no command `{name}`\n  hint: {hint}"))
            };
            found.ok_or_else(unknown)?
        }
    };
    let mut page = Vec::new();
    clap_mangen::Man::new(chosen)
        .render(&mut page)
        .map_err(|error| Failure::internal(format!("error: cannot write the page: {error}")))?;
    Ok(page)
}

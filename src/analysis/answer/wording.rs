//! What is said of the cell that is best at a load.

use super::{Whole, capital, headline_numbers, is_load, missed_words, words};
use crate::result::{Cell, Flag, SloTerm};

/// The cheapest cell that meets the objective at its load.
pub(super) fn carried_words(whole: &Whole, cell: &Cell) -> String {
    let load = words(&whole.axes, cell, is_load);
    let system = words(&whole.axes, cell, |axis| !is_load(axis));
    let numbers = headline_numbers(cell);
    match (load.is_empty(), system.is_empty()) {
        (true, _) => format!("{system} is the cheapest that meets it; {numbers}."),
        (false, true) => format!("At {load} it meets it; {numbers}."),
        (false, false) => format!("At {load}: {system} is the cheapest that meets it; {numbers}."),
    }
}

/// The cell that misses least at a load that none carries.
pub(super) fn uncarried_words(whole: &Whole, slo: &[SloTerm], cell: &Cell) -> String {
    let load = words(&whole.axes, cell, is_load);
    let system = words(&whole.axes, cell, |axis| !is_load(axis));
    let missed = missed_words(slo, cell);
    match (load.is_empty(), system.is_empty()) {
        (true, _) => format!("No configuration here meets it; the nearest, {system}: {missed}."),
        (false, true) => format!("At {load} it misses: {missed}."),
        (false, false) => {
            format!("At {load} no configuration here meets it; the nearest, {system}: {missed}.")
        }
    }
}

/// What is to be said of a cell, after its setting.
pub(super) fn in_words((setting, flag): (String, &Flag)) -> String {
    let with = if setting.is_empty() { String::new() } else { format!("with {setting}: ") };
    format!("{}.", capital(&format!("{with}{}", flag.text)))
}

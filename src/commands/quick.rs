//! `--quick`: what is left of an experiment for a first look.

use super::axes;
use crate::experiment::CellSpec;
use crate::experiment::sweep::Setting;
use crate::model::Measure;
use std::sync::Arc;
use tars_policy::units::Span;

/// Cells of a first look.
const CELLS_MAX: usize = 18;
/// Replications of each, at most: with three, intervals are so wide that configurations which meet the objective by a
/// tenth are said to miss it.
const REPLICATIONS: u32 = 6;
/// A run up to this is left whole, and no run is cut below it: what happens while a system starts up says little about
/// what it carries, and cells and replications are the cheaper thing to save on.
const WHOLE: Span = Span::from_secs(240);
/// A longer steady run keeps this part of its length: one in so many.
const DURATION_PART: u64 = 3;

/// Thins every axis of a grid to its first, last and middle value, then later axes to first and last, until few cells
/// are left. Of a sample the first cells are taken, which is a smaller sample.
pub(super) fn thin(cells: Vec<CellSpec>) -> Vec<CellSpec> {
    let values = axes::values(&cells);
    let mut kept = if axes::is_grid(&cells, &values) { grid(cells, &values) } else { cells };
    kept.truncate(CELLS_MAX);
    for (index, cell) in kept.iter_mut().enumerate() {
        cell.index = index;
    }
    kept
}

fn grid(cells: Vec<CellSpec>, values: &[Vec<Arc<Setting>>]) -> Vec<CellSpec> {
    let mut kept: Vec<Vec<Arc<Setting>>> = values.iter().map(|values| spread(values, 3)).collect();
    for axis in (0..kept.len()).rev() {
        if kept.iter().map(Vec::len).product::<usize>() > CELLS_MAX {
            kept[axis] = spread(&values[axis], 2);
        }
    }
    let is_kept =
        |cell: &CellSpec| cell.coordinates.iter().zip(&kept).all(|(at, kept)| kept.contains(&at.setting));
    cells.into_iter().filter(is_kept).collect()
}

/// So many of the values, the first and the last among them.
fn spread<T: Clone>(values: &[T], count: usize) -> Vec<T> {
    if values.len() <= count {
        return values.to_vec();
    }
    (0..count).map(|at| values[at * (values.len() - 1) / (count - 1)].clone()).collect()
}

/// Few replications, no goals, and a long run cut unless it must reach its own end.
pub(super) fn shorten(measure: &mut Measure) {
    let replications = REPLICATIONS.min(measure.replications_max);
    measure.replications_min = replications;
    measure.replications_max = replications;
    measure.precision.clear();
    if measure.terminating {
        return;
    }
    let whole = measure.duration;
    let short = Span::from_nanos(whole.as_nanos() / DURATION_PART).max(WHOLE).min(whole);
    let scaled = |span: Span| {
        let nanos =
            u128::from(span.as_nanos()) * u128::from(short.as_nanos()) / u128::from(whole.as_nanos().max(1));
        Span::from_nanos(u64::try_from(nanos).expect("a part of a span is shorter than the span"))
    };
    measure.warmup = measure.warmup.map(scaled);
    measure.drain = measure.drain.min(short);
    measure.duration = short;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_spread_from_first_to_last() {
        assert_eq!(spread(&[1, 2, 3, 4, 5], 3), [1, 3, 5]);
        assert_eq!(spread(&[1, 2, 3, 4], 2), [1, 4]);
        assert_eq!(spread(&[1, 2], 3), [1, 2]);
    }

    fn measure(duration: u64, terminating: bool) -> Measure {
        Measure {
            duration: Span::from_secs(duration),
            warmup: Some(Span::from_secs(duration / 10)),
            terminating,
            drain: Span::from_secs(duration),
            replications_min: 20,
            replications_max: 200,
            precision: Vec::new(),
            confidence: 0.95,
            seed: 1,
            windows: 60,
            recovery: None,
            impact: false,
            scaling: None,
            sustained: false,
        }
    }

    #[track_caller]
    fn check(whole: u64, terminating: bool, expected: u64) {
        let mut measure = measure(whole, terminating);
        shorten(&mut measure);
        assert_eq!((measure.duration, measure.replications_max), (Span::from_secs(expected), REPLICATIONS));
        assert!(measure.warmup < Some(measure.duration));
    }

    #[test]
    fn no_more_replications_are_made_than_the_whole_has() {
        let mut single = Measure { replications_min: 1, replications_max: 1, ..measure(240, true) };
        shorten(&mut single);
        assert_eq!((single.replications_min, single.replications_max), (1, 1));
    }

    #[test]
    fn a_long_steady_run_is_cut_and_no_other() {
        check(10, false, 10);
        check(240, false, 240);
        check(300, false, 240);
        check(2_400, false, 800);
        check(2_400, true, 2_400);
    }
}

//! Services that are never answered, and hours at which they take longer.

use crate::experiment::diagnostic::Diagnostics;
use crate::experiment::path::Path;
use crate::experiment::schema::{PeakSpec, TimeoutsSpec};
use crate::experiment::tree::Tree;
use tars_policy::units::Span;

/// The day.
const DAY: Span = Span::from_secs(86_400);

/// The share of services that are never answered.
pub(super) fn timeouts(
    tree: &Tree,
    path: &Path,
    spec: Option<&TimeoutsSpec>,
    diagnostics: &mut Diagnostics,
) -> Option<(f64, Span)> {
    let spec = spec?;
    let path = path.key("timeouts");
    if !(0.0..=1.0).contains(&spec.share) {
        diagnostics.out_of_range(tree, &path.key("share"), "a share", spec.share, "0 to 1");
    }
    if spec.after.is_zero() {
        let hint = "expected a positive one";
        diagnostics.senseless(tree, &path.key("after"), "this span is zero", hint);
    }
    Some((spec.share, spec.after))
}

/// Hours at which services take longer.
pub(super) fn peaks(
    tree: &Tree,
    path: &Path,
    specs: &[PeakSpec],
    diagnostics: &mut Diagnostics,
) -> Vec<(Span, Span, f64)> {
    for (place, peak) in specs.iter().enumerate() {
        let path = path.key("peaks").index(place);
        if peak.until > DAY || peak.until <= peak.from {
            let message = format!("the peak lasts from {} until {}", peak.from, peak.until);
            let hint = "expected hours of one day, the first before the last";
            diagnostics.senseless(tree, &path.key("until"), message, hint);
        }
        if !(peak.factor.is_finite() && peak.factor >= 1.0) {
            diagnostics.out_of_range(tree, &path.key("factor"), "the factor", peak.factor, "at least 1");
        }
    }
    specs.iter().map(|peak| (peak.from, peak.until, peak.factor)).collect()
}

//! Numbers and foreign text as people read them.

use crate::result::Figure;

/// Three significant digits, thousands set apart: `0.0123`, `4.56`, `78.9`, `1,234`.
pub(crate) fn short(value: f64) -> String {
    let size = value.abs();
    if !value.is_finite() {
        return "–".to_owned();
    }
    if size < 1e-12 {
        return "0".to_owned();
    }
    if !(1e-3..1e9).contains(&size) {
        return format!("{value:.2e}");
    }
    let decimals = match size {
        size if size >= 99.95 => 0,
        size if size >= 9.995 => 1,
        size if size >= 0.9995 => 2,
        size if size >= 0.09995 => 3,
        size if size >= 0.009_995 => 4,
        _ => 5,
    };
    signed(&thousands(&format!("{value:.decimals$}")))
}

/// A number without needless digits, for ticks and given values: `0.5`, `3`, `2,500`.
pub(crate) fn plain(value: f64) -> String {
    let text = short(value);
    let (digits, exponent) = text.find('e').map_or((text.as_str(), ""), |place| text.split_at(place));
    if !digits.contains('.') {
        return text;
    }
    format!("{}{exponent}", digits.trim_end_matches('0').trim_end_matches('.'))
}

/// A moment to a tenth: `150.2`, `3`, `12,000.5`.
pub(crate) fn tenths(value: f64) -> String {
    let text = format!("{value:.1}");
    thousands(text.strip_suffix(".0").unwrap_or(&text))
}

/// A tick among others of equal steps, with the decimals that tell them apart: `0.2341` beside `0.23415`.
pub(crate) fn step_text(tick: f64, ticks: &[f64]) -> String {
    let step = ticks.windows(2).map(|pair| pair[1] - pair[0]).fold(f64::INFINITY, f64::min);
    let tens = |decimals: usize| (0..decimals).fold(step, |scaled, _| scaled * 10.0);
    let is_whole =
        |decimals: &usize| (tens(*decimals) - libm::round(tens(*decimals))).abs() < 1e-6 * tens(*decimals);
    let decimals = (0..=5).find(is_whole).filter(|_| step >= 1e-6 && tick.abs() < 1e9);
    let Some(decimals) = decimals else { return plain(tick) };
    let text = signed(&thousands(&format!("{tick:.decimals$}")));
    if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.').to_owned() } else { text }
}

/// The number alone, scaled as [`unit_label`] says.
pub(crate) fn in_display_unit(value: f64, unit: &str) -> f64 {
    if unit == "share" { value * 100.0 } else { value }
}

/// The unit that people read: `%` for a share.
pub(crate) fn unit_label(unit: &str) -> &str {
    if unit == "share" { "%" } else { unit }
}

/// A label with its unit: `errors, %`.
pub(crate) fn label_with_unit(label: &str, unit: &str) -> String {
    match unit_label(unit) {
        "" => label.to_owned(),
        unit => format!("{label}, {unit}"),
    }
}

/// Half the width of an interval, where there is one.
pub(crate) fn half_width(figure: &Figure) -> Option<f64> {
    Some((figure.high? - figure.low?) / 2.0)
}

/// An estimate and its half width in display units: `2.72 ± 0.08`.
pub(crate) fn with_interval(figure: &Figure, unit: &str) -> String {
    let Some(value) = figure.value else { return "–".to_owned() };
    let shown = in_display_unit(value, unit);
    let text = short(shown);
    match half_width(figure).map(|half| in_display_unit(half, unit)) {
        Some(half) => format!("{text} ± {}", beside(half, &text)),
        None => text,
    }
}

/// An estimate alone, in display units.
pub(crate) fn estimate(figure: &Figure, unit: &str) -> String {
    figure.value.map_or_else(|| "–".to_owned(), |value| short(in_display_unit(value, unit)))
}

/// A half width with the decimals of its estimate, or one significant digit where that would round it to nothing.
fn beside(half: f64, estimate: &str) -> String {
    if estimate.contains('e') || !half.is_finite() || half.abs() >= 1e9 {
        return short(half);
    }
    let decimals = estimate.split_once('.').map_or(0, |(_, fraction)| fraction.len());
    let enough = (decimals..8).find(|decimals| {
        let rounded = format!("{half:.decimals$}");
        half == 0.0 || rounded.chars().any(|digit| matches!(digit, '1'..='9'))
    });
    enough.map_or_else(|| short(half), |decimals| signed(&thousands(&format!("{half:.decimals$}"))))
}

/// Text from an experiment, safe to show: control characters, which move cursors and break XML, become `�`.
pub(crate) fn clean(text: &str) -> String {
    text.chars().map(|sign| if is_harmful(sign) { '\u{fffd}' } else { sign }).collect()
}

/// Controls, the directional overrides that show text in another order, and what XML forbids.
fn is_harmful(sign: char) -> bool {
    sign.is_control()
        || matches!(sign, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{2028}' | '\u{2029}')
        || matches!(sign, '\u{fffe}' | '\u{ffff}')
}

/// A number as it was written, thousands set apart; any other text as it is.
pub(crate) fn grouped(text: &str) -> String {
    let digits = text.strip_prefix('-').unwrap_or(text);
    let is_plain = !digits.is_empty() && digits.chars().all(|sign| sign.is_ascii_digit() || sign == '.');
    if is_plain { thousands(text) } else { text.to_owned() }
}

/// A value with its unit: `28/s`, `600,000 req/h`.
pub(crate) fn beside_unit(value: &str, unit: &str) -> String {
    match unit.strip_prefix("1/") {
        Some(per) => format!("{value}/{per}"),
        None if unit.is_empty() => value.to_owned(),
        None => format!("{value} {unit}"),
    }
}

fn thousands(text: &str) -> String {
    let (sign, text) = text.strip_prefix('-').map_or(("", text), |rest| ("-", rest));
    let (whole, fraction) = text.split_once('.').map_or((text, ""), |(whole, fraction)| (whole, fraction));
    let mut grouped = String::new();
    for (place, digit) in whole.chars().enumerate() {
        if place > 0 && (whole.len() - place).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    let point = if fraction.is_empty() { "" } else { "." };
    format!("{sign}{grouped}{point}{fraction}")
}

fn signed(text: &str) -> String {
    text.replace('-', "−")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(value: f64, expected: &str) {
        assert_eq!(short(value), expected);
    }

    #[test]
    fn three_digits_are_shown_whatever_the_size() {
        check(0.0, "0");
        check(0.012_345, "0.0123");
        check(0.999_6, "1.00");
        check(4.555_6, "4.56");
        check(99.96, "100");
        check(1_234.6, "1,235");
        check(12_345_678.0, "12,345,678");
        check(-1_234.0, "−1,234");
        check(1e-7, "1.00e-7");
        check(f64::NAN, "–");
    }

    #[test]
    fn a_share_is_read_as_a_percentage() {
        assert_eq!(short(in_display_unit(0.02, "share")), "2.00");
        assert_eq!(label_with_unit("errors", "share"), "errors, %");
    }

    #[test]
    fn a_half_width_has_the_decimals_of_its_estimate() {
        let figure = |value: f64, half: f64| Figure {
            value: Some(value),
            low: Some(value - half),
            high: Some(value + half),
            method: String::new(),
            replications: 20,
            note: None,
        };
        assert_eq!(with_interval(&figure(24.9, 0.504), "1/s"), "24.9 ± 0.5");
        assert_eq!(with_interval(&figure(1234.0, 0.02), "1/s"), "1,234 ± 0.02");
        assert_eq!(with_interval(&figure(0.02, 0.001), "share"), "2.00 ± 0.10");
    }

    #[test]
    fn control_characters_cannot_reach_a_terminal() {
        assert_eq!(clean("a\u{1b}[31mb\u{202e}c\u{0}"), "a\u{fffd}[31mb\u{fffd}c\u{fffd}");
    }
}

//! Numbers as text: exact for programs, short for people.

/// All digits that matter to a program: the shortest text that reads back as the same number.
pub(super) fn exact(value: f64) -> String {
    format!("{value}")
}

/// The same, or nothing.
pub(super) fn or_nothing(value: Option<f64>) -> String {
    value.map_or_else(String::new, exact)
}

/// Three digits or the whole part, with separators.
pub(super) fn short(value: f64) -> String {
    let size = value.abs();
    if size >= 100.0 || (size - libm::round(size)).abs() < 1e-9 {
        return separated(&format!("{value:.0}"));
    }
    let text = if size >= 10.0 { format!("{value:.1}") } else { format!("{value:.2}") };
    if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.').to_owned() } else { text }
}

/// The same, or a dash.
pub(super) fn short_or_dash(value: Option<f64>) -> String {
    value.map_or_else(|| "–".to_owned(), short)
}

/// Dollars: thousands and millions from some size on.
pub(super) fn dollars(value: f64) -> String {
    let sign = if value < -0.005 { "−" } else { "" };
    let size = value.abs();
    match size {
        size if size >= 999_500.0 => format!("{sign}${:.2}M", size / 1e6),
        size if size >= 9_950.0 => format!("{sign}${:.0}K", size / 1e3),
        size if size >= 1_000.0 => format!("{sign}${:.1}K", size / 1e3),
        size if size >= 10.0 => format!("{sign}${size:.0}"),
        size if size >= 0.1 => format!("{sign}${size:.2}"),
        size if size < 5e-5 => "$0".to_owned(),
        size => format!("{sign}${size:.4}"),
    }
}

/// A month with one digit, or what is said of one beyond the horizon.
pub(super) fn month(value: Option<f64>) -> String {
    value.map_or_else(|| "–".to_owned(), |month| format!("M{month:.1}"))
}

/// A share as whole percent; a little less than nothing is nothing.
pub(super) fn percent(share: f64) -> String {
    let whole = libm::round(share * 100.0);
    if whole < 0.0 { format!("−{:.0} %", -whole) } else { format!("{:.0} %", whole.abs()) }
}

/// A deviation in whole percent with its sign, or nothing where there is none.
pub(super) fn deviation(share: Option<f64>) -> String {
    share.map_or_else(String::new, |share| {
        let percent = libm::round(share * 100.0);
        if percent.abs() < 0.5 {
            return String::new();
        }
        if percent < 0.0 { format!("−{:.0} %", -percent) } else { format!("+{percent:.0} %") }
    })
}

fn separated(digits: &str) -> String {
    let (sign, digits) = digits.strip_prefix('-').map_or(("", digits), |rest| ("−", rest));
    let mut text = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place) % 3 == 0 {
            text.push(',');
        }
        text.push(digit);
    }
    format!("{sign}{text}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_short() {
        assert_eq!(short(1_800_000.0), "1,800,000");
        assert_eq!(short(0.5), "0.5");
        assert_eq!(short(12.34), "12.3");
        assert_eq!(short(-1234.4), "−1,234");
        assert_eq!(short(20.0), "20");
    }

    #[test]
    fn dollars_have_a_size() {
        assert_eq!(dollars(3_008_123.0), "$3.01M");
        assert_eq!(dollars(25_000.0), "$25K");
        assert_eq!(dollars(7_000.0), "$7.0K");
        assert_eq!(dollars(0.000_438), "$0.0004");
        assert_eq!(dollars(-15.4), "−$15");
        assert_eq!(dollars(0.0), "$0");
    }

    #[test]
    fn a_little_less_than_nothing_is_nothing() {
        assert_eq!(percent(-0.004), "0 %");
        assert_eq!(percent(-0.006), "−1 %");
        assert_eq!(percent(0.126), "13 %");
    }

    #[test]
    fn what_is_as_published_has_no_deviation() {
        assert_eq!(deviation(Some(-0.001)), "");
        assert_eq!(deviation(Some(0.25)), "+25 %");
        assert_eq!(deviation(Some(-0.104)), "−10 %");
    }
}

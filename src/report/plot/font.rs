//! The embedded font: a subset of `DejaVu Sans` (Latin, Greek and the signs in use), so that no system font is
//! needed and a picture has the same bytes everywhere. Its licence stands beside it in `assets/`.

use std::sync::OnceLock;

use plotters::style::{FontDesc, FontFamily, FontStyle, register_font};

use crate::report::ReportError;

/// The family named in SVG, with fallbacks of like widths; the embedded font answers to the whole list.
pub(crate) const FAMILY: &str = "DejaVu Sans, Verdana, sans-serif";

/// An em is this share of what plotters calls a font's size.
pub(crate) const EM: f64 = 1.0 / 1.24;

static BYTES: &[u8] = include_bytes!("../assets/DejaVuSans-subset.ttf");
static REGISTERED: OnceLock<bool> = OnceLock::new();

/// Makes the font known to plotters, once a process.
pub(crate) fn register() -> Result<(), ReportError> {
    if *REGISTERED.get_or_init(|| register_font(FAMILY, FontStyle::Normal, BYTES).is_ok()) {
        Ok(())
    } else {
        Err(ReportError::Picture("the embedded font is not readable".to_owned()))
    }
}

/// The font at a size in pixels an em.
pub(crate) fn at(size: f64) -> FontDesc<'static> {
    FontDesc::new(FontFamily::Name(FAMILY), size / EM, FontStyle::Normal)
}

/// The width of a text in pixels. The font must be registered; otherwise an estimate.
pub(crate) fn width(text: &str, size: f64) -> f64 {
    // Measured large, as plotters rounds to whole pixels.
    let measured = at(100.0).box_size(text).map(|(width, _)| f64::from(width) / 100.0);
    let ems = measured.unwrap_or_else(|_| 0.65 * text.chars().count() as f64);
    // ab_glyph scales by the height of the font, 1.164 em, where plotters expects 1.24.
    ems * size
}

/// The text, or as much of it as fits with an ellipsis.
pub(crate) fn fitted(text: &str, size: f64, room: f64) -> String {
    if width(text, size) <= room {
        return text.to_owned();
    }
    let signs: Vec<char> = text.chars().collect();
    let fits = |count: &usize| width(&format!("{}…", prefix(&signs, *count)), size) <= room;
    let count = (0..signs.len().min(400)).rev().find(fits).unwrap_or(0);
    format!("{}…", prefix(&signs, count).trim_end())
}

/// Breaks a text at spaces into lines that fit; a longer word ends in an ellipsis.
pub(crate) fn wrapped(text: &str, size: f64, room: f64) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for word in text.split(' ') {
        let word = fitted(word, size, room);
        match lines.last_mut() {
            Some(line) if width(&format!("{line} {word}"), size) <= room => {
                line.push(' ');
                line.push_str(&word);
            }
            Some(_) | None => lines.push(word),
        }
    }
    lines
}

fn prefix(signs: &[char], count: usize) -> String {
    signs[..count].iter().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_that_does_not_fit_ends_in_an_ellipsis() {
        register().expect("the embedded font is a font");
        let text = fitted("provider limit in requests a minute", 12.0, 100.0);
        assert!(text.ends_with('…') && width(&text, 12.0) <= 100.0, "{text}");
        assert_eq!(fitted("p99", 12.0, 100.0), "p99");
    }

    #[test]
    fn every_sign_that_the_plots_use_is_in_the_font() {
        use ab_glyph_check::has_glyph;
        for sign in "aZ09 ±×≤≥–—…·µ→−✓✗äßéŁΩ%$/&<>\"'".chars() {
            assert!(has_glyph(BYTES, sign), "{sign} is missing");
        }
    }

    /// Reads the font's character map (table `cmap`, format 4 or 12) without a font library.
    mod ab_glyph_check {
        fn u16_at(bytes: &[u8], at: usize) -> usize {
            usize::from(bytes[at]) << 8 | usize::from(bytes[at + 1])
        }
        fn u32_at(bytes: &[u8], at: usize) -> usize {
            u16_at(bytes, at) << 16 | u16_at(bytes, at + 2)
        }
        pub(super) fn has_glyph(bytes: &[u8], sign: char) -> bool {
            let tables = u16_at(bytes, 4);
            let entry = (0..tables).map(|table| 12 + 16 * table).find(|at| &bytes[*at..*at + 4] == b"cmap");
            let cmap = u32_at(bytes, entry.expect("a font has a cmap") + 8);
            let subtables =
                (0..u16_at(bytes, cmap + 2)).map(|table| cmap + u32_at(bytes, cmap + 8 + 8 * table));
            subtables.filter(|at| u16_at(bytes, *at) == 4).any(|at| segment_holds(bytes, at, sign))
        }
        fn segment_holds(bytes: &[u8], at: usize, sign: char) -> bool {
            let code = sign as usize;
            let count = u16_at(bytes, at + 6);
            (0..count / 2).any(|segment| {
                let end = u16_at(bytes, at + 14 + 2 * segment);
                let start = u16_at(bytes, at + 16 + count + 2 * segment);
                start <= code && code <= end && code != 0xffff
            })
        }
    }
}

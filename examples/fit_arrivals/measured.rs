//! What a list of arrival times shows.

use std::error::Error;
use std::io::Read;
use std::path::Path;

/// A request of the trace: seconds since the first, prompt tokens, generated tokens.
pub(crate) type Request = (f64, u32, u32);

/// Reads `TIMESTAMP,ContextTokens,GeneratedTokens`, gzipped.
pub(crate) fn read(file: &Path) -> Result<Vec<Request>, Box<dyn Error>> {
    let mut text = String::new();
    flate2::read::MultiGzDecoder::new(std::fs::File::open(file)?).read_to_string(&mut text)?;
    let mut rows = Vec::new();
    for record in csv::Reader::from_reader(text.as_bytes()).records() {
        let record = record?;
        // All of it happened on one day.
        let (_, clock) = record[0].split_once(' ').ok_or("a time without a date")?;
        let parts: Vec<f64> = clock.split(':').map(str::parse).collect::<Result<_, _>>()?;
        let [hours, minutes, seconds] = parts[..] else { return Err("a time without seconds".into()) };
        rows.push(((hours * 60.0 + minutes) * 60.0 + seconds, record[1].parse()?, record[2].parse()?));
    }
    let first = rows.first().ok_or("the trace is empty")?.0;
    for row in &mut rows {
        row.0 -= first;
    }
    Ok(rows)
}

/// Standard deviation over mean of the intervals.
pub(crate) fn interval_cv(times: &[f64]) -> f64 {
    let intervals = intervals(times);
    let mean = intervals.iter().sum::<f64>() / intervals.len() as f64;
    let variance = intervals.iter().map(|interval| (interval - mean) * (interval - mean)).sum::<f64>();
    libm::sqrt(variance / intervals.len() as f64) / mean
}

/// The times between arrivals.
pub(crate) fn intervals(times: &[f64]) -> Vec<f64> {
    times.windows(2).map(|pair| pair[1] - pair[0]).collect()
}

/// Arrivals in windows of equal length.
pub(crate) struct Counts {
    /// Variance over mean.
    pub(crate) dispersion: f64,
    /// The fullest window over the mean.
    pub(crate) peak: f64,
    /// The share of empty windows.
    pub(crate) empty_share: f64,
}

/// Counts arrivals in the whole windows up to the last arrival.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "times are positive and short")]
pub(crate) fn counts(times: &[f64], window: f64) -> Counts {
    let windows = (times.last().expect("there are arrivals") / window) as usize;
    let mut counts = vec![0.0; windows];
    for time in times {
        if let Some(count) = counts.get_mut((time / window) as usize) {
            *count += 1.0;
        }
    }
    let mean = counts.iter().sum::<f64>() / windows as f64;
    let variance = counts.iter().map(|count| (count - mean) * (count - mean)).sum::<f64>() / windows as f64;
    let empty = counts.iter().filter(|count| **count < 0.5).count();
    Counts {
        dispersion: variance / mean,
        peak: counts.iter().fold(0.0, |most: f64, count| most.max(*count)) / mean,
        empty_share: empty as f64 / windows as f64,
    }
}

//! The degradation curve: published points beside what is simulated, and how much of it is the ruler.

use super::super::Reproduction;
use super::super::measured::Value;
use serde_json::{Value as Json, json};
use std::fmt::Write;

/// The numbers of users of the curve, and how many seconds each was measured.
pub(super) const LEVELS: [(u32, f64); 8] =
    [(1, 10.0), (5, 10.0), (10, 10.0), (25, 10.0), (50, 15.0), (75, 10.0), (100, 20.0), (150, 30.0)];

/// One curve: its name, its unit, its metric, and what is published at each level, where something is.
pub(super) struct Curve {
    pub(super) name: &'static str,
    pub(super) unit: &'static str,
    pub(super) metric: &'static str,
    pub(super) published: [Option<f64>; 8],
}

/// The curves, published points taken from the rows.
pub(super) fn curves(found: &Reproduction) -> Vec<Curve> {
    let names = [
        ("throughput, requests issued", "1/s", "issued_per_s", "throughput"),
        ("latency, mean", "ms", "mean_ms", "avg_response_time"),
        ("latency, 95th percentile", "ms", "p95_ms", "p95_response_time"),
        ("latency, 99th percentile", "ms", "p99_ms", "p99_response_time"),
        ("success", "%", "success_pct", "success_rate"),
    ];
    names
        .into_iter()
        .map(|(name, unit, metric, entry)| {
            let published = LEVELS.map(|(users, _)| published(found, entry, users));
            Curve { name, unit, metric, published }
        })
        .collect()
}

fn published(found: &Reproduction, metric: &str, users: u32) -> Option<f64> {
    let id = match (metric, users) {
        ("throughput", 150) => "horizontal.throughput.sub_agents_10.concurrency_150".to_owned(),
        _ => format!("s9.{metric}.concurrency_{users}"),
    };
    let row = found.rows.iter().find(|row| row.id == id)?;
    row.published.split(' ').next()?.parse().ok()
}

/// The metric of a level, if it was simulated.
pub(super) fn simulated(found: &Reproduction, users: u32, metric: &str) -> Option<Value> {
    found.measured.get(&format!("s9-{users}"))?.value(metric)
}

/// A row a level: every throughput, latencies, success, and Little's ratio.
pub(super) fn rows(found: &Reproduction) -> Vec<Json> {
    LEVELS
        .iter()
        .filter_map(|(users, seconds)| {
            let of = |metric: &str| simulated(found, *users, metric).map(|value| value.mean);
            let mean = of("mean_ms")?;
            let issued = of("issued_per_s")?;
            let number = f64::from(*users);
            Some(json!({
                "users": users,
                "seconds": seconds,
                "published_per_s": published(found, "throughput", *users),
                "issued_per_s": issued,
                "completed_per_s": of("completed_per_s"),
                "good_per_s": of("good_per_s"),
                "steady_per_s": number * 1000.0 / mean,
                "issued_times_latency_over_users": issued * mean / 1000.0 / number,
                "mean_ms": mean,
                "p95_ms": of("p95_ms"),
                "p99_ms": of("p99_ms"),
                "success_pct": of("success_pct"),
            }))
        })
        .collect()
}

/// The curve as a table.
pub(super) fn terminal(found: &Reproduction) -> String {
    if rows(found).is_empty() {
        return String::new();
    }
    let mut text = format!(
        "{:>5} {:>9} {:>9} {:>9} {:>9} {:>9} {:>13} {:>13} {:>13} {:>12}\n",
        "users",
        "published",
        "issued",
        "completed",
        "N/R",
        "good",
        "mean, ms",
        "p95, ms",
        "p99, ms",
        "success, %"
    );
    let curves = curves(found);
    for (index, (users, _)) in LEVELS.iter().enumerate() {
        let of = |metric: &str| simulated(found, *users, metric).map_or(f64::NAN, |value| value.mean);
        let point =
            |curve: &Curve| curve.published[index].map_or_else(|| "–".to_owned(), |value| value.to_string());
        let pair =
            |curve: &Curve, decimals: usize| format!("{} {:.decimals$}", point(curve), of(curve.metric));
        let steady = f64::from(*users) * 1000.0 / of("mean_ms");
        let _ = writeln!(
            text,
            "{users:>5} {:>9} {:>9.2} {:>9.2} {steady:>9.2} {:>9.2} {:>13} {:>13} {:>13} {:>12}",
            point(&curves[0]),
            of("issued_per_s"),
            of("completed_per_s"),
            of("good_per_s"),
            pair(&curves[1], 0),
            pair(&curves[2], 0),
            pair(&curves[3], 0),
            pair(&curves[4], 2),
        );
    }
    text.push_str("latencies and success: published, then simulated; N/R is users over mean latency\n");
    text
}

const WIDTH: f64 = 460.0;
const HEIGHT: f64 = 280.0;
const LEFT: f64 = 52.0;
const BOTTOM: f64 = 36.0;
const TOP: f64 = 30.0;
const RIGHT: f64 = 12.0;

/// One curve as a picture: the band of single runs, the simulated mean, the published points.
pub(super) fn picture(found: &Reproduction, curve: &Curve) -> String {
    let points: Vec<(f64, Value)> = LEVELS
        .iter()
        .filter_map(|(users, _)| Some((f64::from(*users), simulated(found, *users, curve.metric)?)))
        .collect();
    let published: Vec<(f64, f64)> = LEVELS
        .iter()
        .zip(curve.published)
        .filter_map(|((users, _), value)| Some((f64::from(*users), value?)))
        .collect();
    let all = || {
        points
            .iter()
            .flat_map(|(_, value)| [value.spread.0, value.spread.1])
            .chain(published.iter().map(|(_, y)| *y))
    };
    let highest = all().fold(0.0, f64::max);
    let lowest = if curve.unit == "%" { all().fold(highest, f64::min).min(90.0) } else { 0.0 };
    let x = |users: f64| LEFT + users / 150.0 * (WIDTH - LEFT - RIGHT);
    let y = |value: f64| {
        HEIGHT - BOTTOM - (value - lowest) / (highest - lowest).max(1e-9) * (HEIGHT - BOTTOM - TOP)
    };
    let mut svg = format!(
        "<svg viewBox=\"0 0 {WIDTH} {HEIGHT}\" role=\"img\" aria-label=\"{0} against users\"><text x=\"{LEFT}\" y=\"16\" \
         class=\"title\">{0}, {1}</text>",
        curve.name, curve.unit
    );
    for step in 0..=4 {
        let value = lowest + (highest - lowest) * f64::from(step) / 4.0;
        let at = y(value);
        let _ = write!(
            svg,
            "<line x1=\"{LEFT}\" x2=\"{}\" y1=\"{at:.1}\" y2=\"{at:.1}\" class=\"grid\"/><text x=\"{}\" y=\"{:.1}\" \
             class=\"tick\" text-anchor=\"end\">{value:.0}</text>",
            WIDTH - RIGHT,
            LEFT - 6.0,
            at + 4.0
        );
    }
    for users in [0.0, 25.0, 50.0, 75.0, 100.0, 150.0] {
        let _ = write!(
            svg,
            "<text x=\"{:.1}\" y=\"{}\" class=\"tick\" text-anchor=\"middle\">{users}</text>",
            x(users),
            HEIGHT - 16.0
        );
    }
    let _ = write!(
        svg,
        "<text x=\"{}\" y=\"{}\" class=\"tick\" text-anchor=\"end\">users</text>",
        WIDTH - RIGHT,
        HEIGHT - 3.0
    );
    let upper = points.iter().map(|(users, value)| format!("{:.1},{:.1}", x(*users), y(value.spread.1)));
    let lower =
        points.iter().rev().map(|(users, value)| format!("{:.1},{:.1}", x(*users), y(value.spread.0)));
    let _ = write!(
        svg,
        "<polygon class=\"band\" points=\"{}\"/>",
        upper.chain(lower).collect::<Vec<_>>().join(" ")
    );
    let line: Vec<String> =
        points.iter().map(|(users, value)| format!("{:.1},{:.1}", x(*users), y(value.mean))).collect();
    let _ = write!(svg, "<polyline class=\"mean\" points=\"{}\"/>", line.join(" "));
    for (users, value) in published {
        let _ =
            write!(svg, "<circle class=\"point\" cx=\"{:.1}\" cy=\"{:.1}\" r=\"4\"/>", x(users), y(value));
    }
    svg + "</svg>"
}

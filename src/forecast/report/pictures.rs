//! The fan charts: demand, each resource against its limits, and cost.

use super::number::short;
use crate::forecast::limits::Binding;
use crate::forecast::outcome::{Extent, Forecast, ResourceOutcome};
use crate::report::ReportError;
use crate::report::plot::Picture;
use crate::report::plot::fan::{FanChart, FanLine, FanPoint, picture};

type Points = Vec<FanPoint>;

/// Every picture, demand first.
pub(super) fn pictures(found: &Forecast) -> Result<Vec<Picture>, ReportError> {
    let mut charts = vec![demand(found)];
    charts.extend(found.resources.iter().map(|resource| resource_chart(found, resource)));
    charts.extend([monthly(found), cumulative(found)]);
    charts.iter_mut().for_each(scale);
    charts.iter().map(picture).collect()
}

/// Large amounts in thousands or millions, so that ticks leave room for what they are.
fn scale(chart: &mut FanChart) {
    let values = chart.lines.iter().flat_map(|line| &line.points);
    let most = values.map(|(_, y, band)| band.map_or(*y, |(_, high)| high.max(*y))).fold(0.0, f64::max);
    let (unit, words) = match most {
        most if most >= 2e6 => (1e6, "million"),
        most if most >= 5e4 => (1e3, "thousand"),
        _ => return,
    };
    chart.y_label = format!("{words} {}", chart.y_label);
    for (_, y, band) in chart.lines.iter_mut().flat_map(|line| &mut line.points) {
        *y /= unit;
        *band = band.map(|(low, high)| (low / unit, high / unit));
    }
    for (limit, _) in &mut chart.limits {
        *limit /= unit;
    }
}

fn subtitle(found: &Forecast, about: &str) -> String {
    let quick = match found.extent {
        Extent::Quick => "quick: not for decisions · ",
        Extent::Usual | Extent::Full => "",
    };
    format!("{quick}{about} · {} futures from {} · {}", short(found.paths as f64), found.start, found.name)
}

fn line(name: &str, points: Points) -> FanLine {
    FanLine { name: name.to_owned(), points }
}

fn demand(found: &Forecast) -> FanChart {
    let fan = |row: &crate::forecast::outcome::MonthDemand| {
        (f64::from(row.month), row.fan.p50, Some((row.fan.p10, row.fan.p90)))
    };
    let mut lines = vec![line("median of the futures", found.demand.iter().map(fan).collect())];
    let plan = found.demand.iter().map(|row| (f64::from(row.month), row.agents, None)).collect();
    lines.push(line("plan", plan));
    let other: Points =
        found.demand.iter().filter_map(|row| Some((f64::from(row.month), row.alternative?, None))).collect();
    if !other.is_empty() {
        lines.push(line("the other interpolation", other));
    }
    FanChart {
        name: "demand".to_owned(),
        title: "Agents in the busiest hour".to_owned(),
        subtitle: subtitle(found, "band: P10 to P90"),
        y_label: "agents".to_owned(),
        lines,
        ..FanChart::default()
    }
}

fn resource_chart(found: &Forecast, resource: &ResourceOutcome) -> FanChart {
    let points = |value: &dyn Fn(&crate::forecast::outcome::Need) -> Option<f64>| -> Points {
        resource.months.iter().filter_map(|need| Some((f64::from(need.month), value(need)?, None))).collect()
    };
    let rule = resource
        .months
        .iter()
        .map(|need| (f64::from(need.month), need.rule, Some((need.fan.p10, need.fan.p90))));
    let mut lines = vec![line("rule", rule.collect())];
    for (name, own) in
        [("simulated", points(&|need| need.simulated)), ("published", points(&|need| need.published))]
    {
        if !own.is_empty() {
            lines.push(line(name, own));
        }
    }
    let limits = found.limits.iter().filter(|limit| limit.resource == resource.name);
    let most = resource.months.iter().map(|need| need.fan.p90.max(need.rule)).fold(0.0, f64::max);
    FanChart {
        name: format!("resource-{}", resource.name),
        title: format!("{}: what is needed and what there is", resource.title),
        subtitle: subtitle(found, "band: P10 to P90 of the rule"),
        y_label: resource.unit.clone(),
        lines,
        // A limit far above everything would only press the lines down.
        limits: limits
            .filter(|limit| limit.value_by_rule <= 3.0 * most)
            .map(|limit| (limit.value_by_rule, named(limit)))
            .collect(),
        notes: Vec::new(),
    }
}

/// A limit by name and value; where its units carry more agents than those of the rule, with the place where it is drawn.
fn named(limit: &Binding) -> String {
    let drawn = if (limit.value_by_rule / limit.value - 1.0).abs() < 1e-9 {
        String::new()
    } else {
        format!(", {} by the rule", short(limit.value_by_rule))
    };
    format!("{}: {}{drawn}", limit.limit, short(limit.value))
}

fn monthly(found: &Forecast) -> FanChart {
    let computed = found
        .costs
        .iter()
        .map(|cost| (f64::from(cost.month), cost.computed.p50, Some((cost.computed.p10, cost.computed.p90))));
    let of = |value: &dyn Fn(&crate::forecast::cost::MonthCost) -> Option<f64>| -> Points {
        found.costs.iter().filter_map(|cost| Some((f64::from(cost.month), value(cost)?, None))).collect()
    };
    let mut lines = vec![
        line("computed, median", computed.collect()),
        line("published rule", of(&|cost| Some(cost.linear_llm + cost.linear_infrastructure))),
    ];
    let published = of(&|cost| Some(cost.published_llm? + cost.published_infrastructure?));
    if !published.is_empty() {
        lines.push(line("published", published));
    }
    FanChart {
        name: "cost-monthly".to_owned(),
        title: "Cost of each month".to_owned(),
        subtitle: subtitle(found, "band: P10 to P90"),
        y_label: "USD a month".to_owned(),
        lines,
        ..FanChart::default()
    }
}

fn cumulative(found: &Forecast) -> FanChart {
    let later = || found.costs.iter().skip(1);
    let computed = later().map(|cost| {
        (f64::from(cost.month), cost.cumulative.p50, Some((cost.cumulative.p10, cost.cumulative.p90)))
    });
    let mut sum = 0.0;
    let linear = later().map(|cost| {
        sum += cost.linear_llm + cost.linear_infrastructure;
        (f64::from(cost.month), sum, None)
    });
    FanChart {
        name: "cost-cumulative".to_owned(),
        title: "Cost since month 1".to_owned(),
        subtitle: subtitle(found, "band: P10 to P90"),
        y_label: "USD".to_owned(),
        lines: vec![line("computed, median", computed.collect()), line("published rule", linear.collect())],
        ..FanChart::default()
    }
}

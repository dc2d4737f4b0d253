//! A forecast → bytes: tables for programs, pictures and a page for people, a summary for the terminal.

mod html;
mod number;
mod pictures;
mod terminal;
mod words;

use super::outcome::{FORMAT, Forecast, How};
use crate::report::{Artifact, ReportError};
pub use terminal::summary;

/// Every file of a forecast; `result.json` comes first.
///
/// # Errors
/// When a table, a picture or the page cannot be made.
pub fn files(found: &Forecast) -> Result<Vec<Artifact>, ReportError> {
    let pictures = pictures::pictures(found)?;
    let json = json(found);
    // What could not be read back could not be drawn again.
    from_bytes(&json)?;
    let artifact = |path: &str, bytes: Vec<u8>| Artifact { path: path.to_owned(), bytes };
    let mut files = vec![
        artifact("result.json", json),
        artifact("forecast.csv", resources(found)?),
        artifact("costs.csv", costs(found)?),
        artifact("limits.csv", limits(found)?),
    ];
    for picture in &pictures {
        files.push(artifact(&format!("plots/{}.svg", picture.name()), picture.svg()?.into_bytes()));
        files.push(artifact(&format!("plots/{}.png", picture.name()), picture.png()?));
    }
    files.push(artifact("report.html", html::page(found, &pictures)?.into_bytes()));
    Ok(files)
}

/// The forecast as JSON.
pub fn json(found: &Forecast) -> Vec<u8> {
    let mut text = serde_json::to_vec_pretty(found).expect("plain numbers and text");
    text.push(b'\n');
    text
}

/// Reads what [`json`] wrote.
///
/// # Errors
/// When it is no forecast, or one of another format.
pub fn from_bytes(bytes: &[u8]) -> Result<Forecast, ReportError> {
    #[derive(serde::Deserialize)]
    struct Head {
        format: u32,
    }
    let unreadable = |error: serde_json::Error| ReportError::Unreadable(error.to_string());
    let Head { format } = serde_json::from_slice(bytes).map_err(unreadable)?;
    if format != FORMAT {
        let why = format!("it has format {format}, and this program reads {FORMAT}; make the forecast again");
        return Err(ReportError::Unreadable(why));
    }
    serde_json::from_slice(bytes).map_err(unreadable)
}

/// A row a month and resource.
///
/// # Errors
/// When the table cannot be written.
pub fn resources(found: &Forecast) -> Result<Vec<u8>, ReportError> {
    let head = [
        "month",
        "date",
        "agents",
        "agents_p10",
        "agents_p50",
        "agents_p90",
        "resource",
        "unit",
        "published",
        "rule",
        "rule_p10",
        "rule_p50",
        "rule_p90",
        "rule_deviation",
        "simulated",
        "simulated_deviation",
        "simulated_how",
    ];
    let mut rows = vec![head.map(str::to_owned).to_vec()];
    for (place, demand) in found.demand.iter().enumerate() {
        for resource in &found.resources {
            let need = &resource.months[place];
            let how = match need.how {
                How::Simulated => "simulated",
                How::Formula => "formula",
                How::Rule => "rule",
            };
            rows.push(vec![
                demand.month.to_string(),
                demand.date.clone(),
                number::exact(demand.agents),
                number::exact(demand.fan.p10),
                number::exact(demand.fan.p50),
                number::exact(demand.fan.p90),
                resource.name.clone(),
                resource.unit.clone(),
                number::or_nothing(need.published),
                number::exact(need.rule),
                number::exact(need.fan.p10),
                number::exact(need.fan.p50),
                number::exact(need.fan.p90),
                number::or_nothing(need.rule_deviation),
                number::or_nothing(need.simulated),
                number::or_nothing(need.simulated_deviation),
                how.to_owned(),
            ]);
        }
    }
    written(rows)
}

fn costs(found: &Forecast) -> Result<Vec<u8>, ReportError> {
    let head = [
        "month",
        "date",
        "agents",
        "published_llm_usd",
        "published_infrastructure_usd",
        "linear_llm_usd",
        "linear_infrastructure_usd",
        "computed_llm_usd",
        "computed_infrastructure_usd",
        "computed_p10_usd",
        "computed_p50_usd",
        "computed_p90_usd",
        "cumulative_p10_usd",
        "cumulative_p50_usd",
        "cumulative_p90_usd",
        "full_duty_llm_usd",
        "usd_per_agent",
        "usd_per_1000_turns",
    ];
    let mut rows = vec![head.map(str::to_owned).to_vec()];
    for (cost, demand) in found.costs.iter().zip(&found.demand) {
        let mut row = vec![cost.month.to_string(), demand.date.clone(), number::exact(cost.agents)];
        row.extend([cost.published_llm, cost.published_infrastructure].map(number::or_nothing));
        row.extend(
            [
                cost.linear_llm,
                cost.linear_infrastructure,
                cost.computed_llm,
                cost.computed_infrastructure,
                cost.computed.p10,
                cost.computed.p50,
                cost.computed.p90,
                cost.cumulative.p10,
                cost.cumulative.p50,
                cost.cumulative.p90,
                cost.full_duty_llm,
                cost.usd_per_agent,
                cost.usd_per_1000_turns,
            ]
            .map(number::exact),
        );
        rows.push(row);
    }
    written(rows)
}

fn limits(found: &Forecast) -> Result<Vec<u8>, ReportError> {
    let head = [
        "resource",
        "limit",
        "value",
        "unit",
        "rule_agents",
        "rule_month",
        "rule_p10",
        "rule_p50",
        "rule_p90",
        "simulated_agents_met",
        "simulated_agents_missed",
        "simulated_month",
        "simulated_p10",
        "simulated_p50",
        "simulated_p90",
        "binds_share",
        "lead_time_days",
    ];
    let mut rows = vec![head.map(str::to_owned).to_vec()];
    for limit in &found.limits {
        let simulated = limit.simulated;
        let mut row =
            vec![limit.resource.clone(), limit.limit.clone(), number::exact(limit.value), limit.unit.clone()];
        row.push(number::exact(limit.rule_agents));
        row.extend([limit.rule.plan, limit.rule.p10, limit.rule.p50, limit.rule.p90].map(number::or_nothing));
        row.push(number::or_nothing(limit.carried.and_then(|carried| carried.met)));
        row.push(number::or_nothing(limit.carried.and_then(|carried| carried.missed)));
        row.push(number::or_nothing(simulated.and_then(|when| when.plan)));
        row.push(number::or_nothing(simulated.and_then(|when| when.p10)));
        row.push(number::or_nothing(simulated.and_then(|when| when.p50)));
        row.push(number::or_nothing(simulated.and_then(|when| when.p90)));
        row.push(number::exact(limit.when().share));
        row.push(limit.lead_time_days.to_string());
        rows.push(row);
    }
    written(rows)
}

fn written(rows: Vec<Vec<String>>) -> Result<Vec<u8>, ReportError> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    for row in rows {
        writer.write_record(row).map_err(|error| ReportError::Table(error.to_string()))?;
    }
    writer.into_inner().map_err(|error| ReportError::Table(error.to_string()))
}

//! A forecast file as text → a forecast file that makes sense, or all that is wrong with it and where.

use super::calendar::YearMonth;
use super::schema::{ForecastFile, Growth, SetSpec, SimulatedSpec};
use crate::experiment::path::Path;
use crate::experiment::{At, Diagnostics, Loaded, Tree, decode, load};
use crate::model::distribution::Law;

/// The most months ahead.
const MONTHS_MAX: u32 = 120;
/// The most paths.
const PATHS_MAX: u32 = 100_000;

/// A forecast file without an error.
#[derive(Clone, Debug)]
pub struct Read {
    /// What it says.
    pub file: ForecastFile,
    /// The month that counts as 0.
    pub start: YearMonth,
    /// The tree it was made from, with its figures.
    pub loaded: Loaded,
}

/// Reads a forecast file with `sets` applied; nothing if anything is wrong, which goes to `diagnostics`.
pub fn read(path: &std::path::Path, sets: &[String], diagnostics: &mut Diagnostics) -> Option<Read> {
    let loaded = load(path, sets, diagnostics)?;
    let file: Option<ForecastFile> = decode(&loaded.base, &Path::root(), diagnostics);
    let file = file.filter(|_| !diagnostics.has_errors())?;
    let mut sense = Sense { tree: &loaded.base, diagnostics };
    sense.whole(&file);
    let start = YearMonth::parse(&file.start);
    if start.is_none() {
        sense.wrong(&["start"], format!("`{}` is no month such as 2026-02", file.start));
    }
    if diagnostics.has_errors() { None } else { Some(Read { file, start: start?, loaded }) }
}

/// What checks sense, and tells what has none.
struct Sense<'a> {
    tree: &'a Tree,
    diagnostics: &'a mut Diagnostics,
}

impl Sense<'_> {
    fn wrong(&mut self, keys: &[&str], message: String) {
        let path = keys.iter().fold(Path::root(), |path, key| match key.parse::<usize>() {
            Ok(index) => path.index(index),
            Err(_) => path.key(*key),
        });
        self.diagnostics.error(At::value(self.tree, &path), message, None);
    }

    fn positive(&mut self, value: f64, keys: &[&str]) {
        if !(value.is_finite() && value > 0.0) {
            self.wrong(keys, format!("it has to be above 0, and is {value}"));
        }
    }

    fn amount(&mut self, value: f64, keys: &[&str]) {
        if !(value.is_finite() && value >= 0.0) {
            self.wrong(keys, format!("it has to be 0 or more, and is {value}"));
        }
    }

    fn share(&mut self, value: f64, keys: &[&str]) {
        if !(0.0..=1.0).contains(&value) {
            self.wrong(keys, format!("a share lies between 0 and 1, and this is {value}"));
        }
    }

    fn whole(&mut self, file: &ForecastFile) {
        if !(1..=MONTHS_MAX).contains(&file.months) {
            self.wrong(&["months"], format!("1 to {MONTHS_MAX} months can be forecast, not {}", file.months));
        }
        self.growth(file);
        self.shape(file);
        self.uncertainty(file);
        self.turns(file);
        for name in file.resources.keys() {
            self.resource(file, name);
        }
        self.simulation(file);
        self.others(file);
    }

    fn growth(&mut self, file: &ForecastFile) {
        let at = ["demand", "growth"];
        match &file.demand.growth {
            Growth::Table { points, .. } => self.table(file, points),
            Growth::Exponential { agents, growth_per_month_share } => {
                self.positive(*agents, &[at[0], at[1], "exponential", "agents"]);
                self.positive(
                    1.0 + growth_per_month_share,
                    &[at[0], at[1], "exponential", "growth_per_month_share"],
                );
            }
            Growth::Linear { agents, agents_per_month } => {
                self.positive(*agents, &[at[0], at[1], "linear", "agents"]);
                let last = agents + agents_per_month * f64::from(file.months);
                if !(last.is_finite() && last > 0.0) {
                    self.wrong(
                        &[at[0], at[1], "linear", "agents_per_month"],
                        format!("in month {} there would be {last} agents", file.months),
                    );
                }
            }
            Growth::Logistic { agents, ceiling, growth_per_month_share } => {
                self.positive(*agents, &[at[0], at[1], "logistic", "agents"]);
                self.positive(*growth_per_month_share, &[at[0], at[1], "logistic", "growth_per_month_share"]);
                if ceiling <= agents || !ceiling.is_finite() {
                    self.wrong(
                        &[at[0], at[1], "logistic", "ceiling"],
                        format!(
                            "the ceiling lies above the {agents} agents of the start, and this is {ceiling}"
                        ),
                    );
                }
            }
            Growth::History(history) => {
                if history.season == Some(0) || history.season.is_some_and(|season| season > 1_000) {
                    self.wrong(
                        &[at[0], at[1], "history", "season"],
                        "a season has 1 to 1,000 rows".to_owned(),
                    );
                }
                if !(1..=200).contains(&history.backtest_horizon) {
                    self.wrong(
                        &[at[0], at[1], "history", "backtest_horizon"],
                        "a backtest looks 1 to 200 rows ahead".to_owned(),
                    );
                }
            }
        }
    }

    fn table(&mut self, file: &ForecastFile, points: &[super::schema::MonthAgents]) {
        let at = ["demand", "growth", "table", "points"];
        if points.first().is_none_or(|first| first.month != 0) {
            self.wrong(&at, "a table begins with month 0".to_owned());
        }
        if points.last().is_none_or(|last| last.month < file.months) {
            let message = format!("a table reaches month {}, the last that is asked for", file.months);
            self.wrong(&at, message);
        }
        for (index, pair) in points.windows(2).enumerate() {
            if pair[1].month <= pair[0].month {
                let later = (index + 1).to_string();
                self.wrong(
                    &[at[0], at[1], at[2], at[3], &later, "month"],
                    "months rise from point to point".to_owned(),
                );
            }
        }
        for (index, point) in points.iter().enumerate() {
            self.positive(point.agents, &[at[0], at[1], at[2], at[3], &index.to_string(), "agents"]);
        }
    }

    fn shape(&mut self, file: &ForecastFile) {
        let Some(shape) = &file.shape else { return };
        let good = |rates: &[f64]| {
            rates.iter().all(|rate| rate.is_finite() && *rate >= 0.0) && rates.iter().any(|rate| *rate > 0.0)
        };
        if shape.hours.len() != 24 || !good(&shape.hours) {
            self.wrong(
                &["shape", "hours"],
                "a day has 24 hours, whose rates are 0 or more and not all 0".to_owned(),
            );
        }
        if !shape.days.is_empty() && (shape.days.len() != 7 || !good(&shape.days)) {
            self.wrong(
                &["shape", "days"],
                "a week has seven days, whose rates are 0 or more and not all 0".to_owned(),
            );
        }
    }

    fn uncertainty(&mut self, file: &ForecastFile) {
        let spec = &file.uncertainty;
        if !(1..=PATHS_MAX).contains(&spec.paths) {
            self.wrong(&["uncertainty", "paths"], format!("1 to {PATHS_MAX} paths can be drawn"));
        }
        for (key, law) in [
            ("growth", &spec.growth),
            ("month", &spec.month),
            ("price_decline_per_year", &spec.price_decline_per_year),
        ] {
            self.law(law, key);
        }
        let decline = &spec.price_decline_per_year;
        let most =
            decline.validate().map(|()| crate::random::Sampler::of_counts(decline).sample(1.0 - 1e-12));
        if most.is_ok_and(|most| most >= 1.0) {
            self.wrong(
                &["uncertainty", "price_decline_per_year"],
                "a price falls by less than all of it in a year: cut the law with `truncated`".to_owned(),
            );
        }
    }

    fn law(&mut self, law: &Law<f64>, key: &str) {
        if let Err(problem) = law.validate() {
            self.wrong(&["uncertainty", key], format!("{}: {}", problem.field, problem.problem));
        }
    }

    fn turns(&mut self, file: &ForecastFile) {
        let turns = &file.turns;
        self.positive(turns.peak_per_agent_s, &["turns", "peak_per_agent_s"]);
        self.share(turns.duty_share, &["turns", "duty_share"]);
        self.positive(turns.duty_share, &["turns", "duty_share"]);
        self.share(turns.cached_share, &["turns", "cached_share"]);
        self.positive(turns.input_tokens, &["turns", "input_tokens"]);
        self.amount(turns.output_tokens, &["turns", "output_tokens"]);
        let sum: f64 = turns.models.values().map(|model| model.share).sum();
        if (sum - 1.0).abs() > 1e-6 {
            self.wrong(
                &["turns", "models"],
                format!("the shares of the models sum to one, and these to {sum}"),
            );
        }
        for (name, model) in &turns.models {
            self.share(model.share, &["turns", "models", name, "share"]);
            for (key, price) in [
                ("input_usd_per_million_tokens", model.input_usd_per_million_tokens),
                ("cached_usd_per_million_tokens", model.cached_usd_per_million_tokens),
                ("output_usd_per_million_tokens", model.output_usd_per_million_tokens),
            ] {
                self.amount(price, &["turns", "models", name, key]);
            }
        }
        if turns.models.values().all(|model| model.input_usd_per_million_tokens <= 0.0) {
            self.wrong(&["turns", "models"], "some model costs something".to_owned());
        }
        self.positive(
            file.cost.linear.llm_usd_per_agent_month,
            &["cost", "linear", "llm_usd_per_agent_month"],
        );
        self.amount(
            file.cost.linear.infrastructure_usd_per_agent_month,
            &["cost", "linear", "infrastructure_usd_per_agent_month"],
        );
        self.positive(file.cost.hours_per_month, &["cost", "hours_per_month"]);
        self.amount(file.unserved_usd_per_agent_month, &["unserved_usd_per_agent_month"]);
    }

    fn resource(&mut self, file: &ForecastFile, name: &str) {
        let spec = &file.resources[name];
        let at = ["resources", name];
        self.positive(spec.rule.per_agent, &[at[0], at[1], "rule", "per_agent"]);
        self.amount(spec.rule.minimum, &[at[0], at[1], "rule", "minimum"]);
        if let Some(step) = spec.rule.step {
            self.positive(step, &[at[0], at[1], "rule", "step"]);
        }
        self.amount(spec.usd_per_unit_month, &[at[0], at[1], "usd_per_unit_month"]);
        for (index, limit) in spec.limits.iter().enumerate() {
            let index = index.to_string();
            self.positive(limit.value, &[at[0], at[1], "limits", &index, "value"]);
            self.positive(limit.per_agent.unwrap_or(1.0), &[at[0], at[1], "limits", &index, "per_agent"]);
        }
        match &spec.simulated {
            Some(SimulatedSpec::Size { sets, .. }) => {
                let place = ["simulated", "size", "sets"];
                if sets.is_empty() {
                    self.wrong(
                        &[at[0], at[1], place[0], place[1], place[2]],
                        "a size sets something".to_owned(),
                    );
                }
                for (index, set) in sets.iter().enumerate() {
                    self.set(set, &[at[0], at[1], place[0], place[1], place[2], &index.to_string()]);
                }
            }
            Some(SimulatedSpec::Flow { per_unit, .. }) => {
                self.positive(*per_unit, &[at[0], at[1], "simulated", "flow", "per_unit"]);
            }
            None => {}
        }
        if spec.simulated.is_some() && file.simulation.is_none() {
            self.wrong(&[at[0], at[1], "simulated"], "the file has no `simulation` to find it by".to_owned());
        }
    }

    fn set(&mut self, set: &SetSpec, keys: &[&str]) {
        let mut at = keys.to_vec();
        if !set.pointer.starts_with('/') || set.pointer.contains('=') {
            at.push("pointer");
            return self.wrong(
                &at,
                "a pointer begins with `/`, such as /system/stations/runtime/servers".to_owned(),
            );
        }
        at.push("per_unit");
        self.positive(set.per_unit, &at);
    }

    fn simulation(&mut self, file: &ForecastFile) {
        let Some(spec) = &file.simulation else { return };
        for (index, set) in spec.population.iter().enumerate() {
            self.set(set, &["simulation", "population", &index.to_string()]);
        }
        if spec.population.is_empty() {
            self.wrong(
                &["simulation", "population"],
                "something has to follow the number of agents".to_owned(),
            );
        }
        if spec.months.is_empty() || spec.months.iter().any(|month| *month > file.months) {
            let message = format!("one month at least is simulated, none after month {}", file.months);
            self.wrong(&["simulation", "months"], message);
        }
        if spec.window.as_nanos() == 0 {
            self.wrong(&["simulation", "window"], "a window has some length".to_owned());
        }
        for (key, count) in
            [("replications", spec.replications), ("replications_of_others", spec.replications_of_others)]
        {
            if !(2..=1_000).contains(&count) {
                self.wrong(
                    &["simulation", key],
                    "two replications at least show how sure they are, 1,000 at most".to_owned(),
                );
            }
        }
        if !(0.001..=0.5).contains(&spec.step_share) {
            self.wrong(
                &["simulation", "step_share"],
                "a next size differs by a thousandth to a half".to_owned(),
            );
        }
    }

    fn others(&mut self, file: &ForecastFile) {
        for (name, spec) in &file.cost.commitments {
            let at = ["cost", "commitments", name.as_str()];
            self.share(spec.discount_share, &[at[0], at[1], at[2], "discount_share"]);
            if spec.discount_share >= 1.0 {
                self.wrong(&[at[0], at[1], at[2], "discount_share"], "nothing is free".to_owned());
            }
            if spec.term_months == 0 || spec.from_month > file.months {
                self.wrong(
                    &[at[0], at[1], at[2], "term_months"],
                    "a commitment has a month of the forecast".to_owned(),
                );
            }
        }
        for (index, multiplier) in file.multipliers.iter().enumerate() {
            for name in multiplier.resources.iter().filter(|name| !file.resources.contains_key(*name)) {
                self.wrong(
                    &["multipliers", &index.to_string(), "resources"],
                    format!("there is no resource `{name}`"),
                );
            }
        }
        for (index, tier) in file.tiers.iter().enumerate() {
            self.positive(tier.agents, &["tiers", &index.to_string(), "agents"]);
            for name in tier.resources.keys().filter(|name| !file.resources.contains_key(*name)) {
                self.wrong(
                    &["tiers", &index.to_string(), "resources", name],
                    format!("there is no resource `{name}`"),
                );
            }
        }
        for (scenario, spec) in &file.scenarios {
            for (name, change) in &spec.resources {
                let at = ["scenarios", scenario.as_str(), "resources", name.as_str()];
                if !file.resources.contains_key(name) {
                    self.wrong(&at, format!("there is no resource `{name}`"));
                }
                for (key, factor) in [
                    ("need_factor", change.need_factor),
                    ("limit_factor", change.limit_factor),
                    ("price_factor", change.price_factor),
                ] {
                    self.positive(factor, &[at[0], at[1], at[2], at[3], key]);
                }
            }
            self.amount(spec.llm_cost_factor.unwrap_or(1.0), &["scenarios", scenario, "llm_cost_factor"]);
        }
    }
}

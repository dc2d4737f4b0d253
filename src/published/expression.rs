//! Arithmetic over published figures and simulated metrics, as text: `[s9.throughput.concurrency_10] * {s9-10.mean_ms}`.
//!
//! ```text
//! condition  = comparison { "and" comparison }
//! comparison = sum ( "<" | "<=" | ">" | ">=" ) sum
//! sum        = product { ( "+" | "-" ) product }
//! product    = factor { ( "*" | "/" ) factor }
//! factor     = number | "published" [ ".low" | ".high" ] | "[" id [ "/low" | "/high" ] "]" | "{" cell "." metric "}"
//!            | name "(" sum { "," sum } ")" | "(" sum ")" | "-" factor
//! ```
//!
//! ```
//! use tars_sim::published::expression::{Expression, Operand};
//!
//! let lookup = |operand: &Operand| (*operand == Operand::Published(None)).then_some(3.0);
//! assert_eq!(Expression::parse("2 * (published + 1)").unwrap().value(&lookup), Ok(8.0));
//! ```

mod parse;

use std::fmt;

/// A number by name.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Operand {
    /// The entry that is judged, or an end of its range.
    Published(Option<End>),
    /// Another entry, by its id, or an end of its range.
    Entry(String, Option<End>),
    /// A metric of a simulated configuration.
    Metric(String, String),
}

/// An end of a range.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum End {
    /// The lower.
    Low,
    /// The upper.
    High,
}

/// A function of numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Function {
    /// The least.
    Min,
    /// The greatest.
    Max,
    /// The next whole number above.
    Ceil,
    /// The next whole number below.
    Floor,
    /// Without its sign.
    Abs,
    /// The first to the power of the second.
    Pow,
    /// The natural logarithm.
    Ln,
    /// The exponential function.
    Exp,
    /// The nearest whole number.
    Round,
}

/// A number from other numbers.
#[derive(Clone, Debug, PartialEq)]
pub enum Expression {
    /// A constant.
    Constant(f64),
    /// A number by name.
    Operand(Operand),
    /// Two numbers joined by `+`, `-`, `*` or `/`.
    Joined(Box<Self>, char, Box<Self>),
    /// A function of numbers.
    #[expect(private_interfaces, reason = "the list of functions is the parser's business")]
    Applied(Function, Vec<Self>),
}

/// An inequality.
#[derive(Clone, Debug, PartialEq)]
pub struct Comparison {
    /// Its left side.
    pub left: Expression,
    /// How the sides are compared.
    pub relation: Relation,
    /// Its right side.
    pub right: Expression,
}

/// How two numbers are compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Relation {
    /// `<`
    Less,
    /// `<=`
    AtMost,
    /// `>`
    Greater,
    /// `>=`
    AtLeast,
}

/// Inequalities that must all hold.
#[derive(Clone, Debug, PartialEq)]
pub struct Condition(pub Vec<Comparison>);

/// What a name stands for; nothing if it stands for no number.
pub type Lookup<'a> = dyn Fn(&Operand) -> Option<f64> + 'a;

impl Expression {
    /// Reads an expression.
    ///
    /// # Errors
    /// With what was expected where.
    pub fn parse(text: &str) -> Result<Self, String> {
        parse::expression(text)
    }

    /// Its value.
    ///
    /// # Errors
    /// With the operand that stands for no number, or when there is no finite value.
    pub fn value(&self, lookup: &Lookup<'_>) -> Result<f64, String> {
        let value = match self {
            Self::Constant(value) => *value,
            Self::Operand(operand) => lookup(operand).ok_or_else(|| format!("{operand} has no number"))?,
            Self::Joined(left, sign, right) => {
                let (left, right) = (left.value(lookup)?, right.value(lookup)?);
                match sign {
                    '+' => left + right,
                    '-' => left - right,
                    '*' => left * right,
                    _ => left / right,
                }
            }
            Self::Applied(function, arguments) => {
                let values: Vec<f64> =
                    arguments.iter().map(|one| one.value(lookup)).collect::<Result<_, _>>()?;
                function.of(&values)
            }
        };
        if value.is_finite() { Ok(value) } else { Err(format!("{self} is not finite")) }
    }

    /// The names in it, each once, in order.
    pub fn operands(&self) -> Vec<Operand> {
        let mut found = Vec::new();
        self.collect(&mut found);
        found.sort_unstable();
        found.dedup();
        found
    }

    fn collect(&self, found: &mut Vec<Operand>) {
        match self {
            Self::Constant(_) => {}
            Self::Operand(operand) => found.push(operand.clone()),
            Self::Joined(left, _, right) => {
                left.collect(found);
                right.collect(found);
            }
            Self::Applied(_, arguments) => arguments.iter().for_each(|one| one.collect(found)),
        }
    }

    /// As it is written, with the numbers that the names stand for.
    pub fn with_numbers(&self, lookup: &Lookup<'_>) -> String {
        match self {
            Self::Constant(value) => value.to_string(),
            Self::Operand(operand) => lookup(operand).map_or_else(|| operand.to_string(), shown),
            Self::Joined(left, sign, right) => {
                let side = |side: &Self| match side {
                    Self::Joined(_, inner, _) if matches!(sign, '*' | '/') && matches!(inner, '+' | '-') => {
                        format!("({})", side.with_numbers(lookup))
                    }
                    Self::Joined(..) | Self::Constant(_) | Self::Operand(_) | Self::Applied(..) => {
                        side.with_numbers(lookup)
                    }
                };
                let last = match &**right {
                    Self::Joined(_, '+' | '-', _) if *sign == '-' => {
                        format!("({})", right.with_numbers(lookup))
                    }
                    Self::Joined(_, '*' | '/', _) if *sign == '/' => {
                        format!("({})", right.with_numbers(lookup))
                    }
                    Self::Joined(..) | Self::Constant(_) | Self::Operand(_) | Self::Applied(..) => {
                        side(right)
                    }
                };
                format!("{} {} {last}", side(left), if *sign == '*' { '×' } else { *sign })
            }
            Self::Applied(function, arguments) => {
                let inner: Vec<String> = arguments.iter().map(|one| one.with_numbers(lookup)).collect();
                format!("{}({})", function.name(), inner.join(", "))
            }
        }
    }
}

impl Condition {
    /// Reads a condition.
    ///
    /// # Errors
    /// With what was expected where.
    pub fn parse(text: &str) -> Result<Self, String> {
        parse::condition(text)
    }

    /// Whether all of it holds.
    ///
    /// # Errors
    /// As [`Expression::value`].
    pub fn holds(&self, lookup: &Lookup<'_>) -> Result<bool, String> {
        let mut all = true;
        for comparison in &self.0 {
            let (left, right) = (comparison.left.value(lookup)?, comparison.right.value(lookup)?);
            all &= match comparison.relation {
                Relation::Less => left < right,
                Relation::AtMost => left <= right,
                Relation::Greater => left > right,
                Relation::AtLeast => left >= right,
            };
        }
        Ok(all)
    }

    /// The names in it.
    pub fn operands(&self) -> Vec<Operand> {
        self.0.iter().flat_map(|one| [one.left.operands(), one.right.operands()].concat()).collect()
    }

    /// As it is written, with numbers in place of names, and the value of each side.
    pub fn with_numbers(&self, lookup: &Lookup<'_>) -> String {
        let side = |side: &Expression| {
            let text = side.with_numbers(lookup);
            match side.value(lookup) {
                Ok(value) if matches!(side, Expression::Joined(..) | Expression::Applied(..)) => {
                    format!("{text} = {}", shown(value))
                }
                Ok(_) | Err(_) => text,
            }
        };
        let told = self.0.iter().map(|one| {
            let right = match &one.right {
                Expression::Joined(..) | Expression::Applied(..) => format!("({})", side(&one.right)),
                Expression::Constant(_) | Expression::Operand(_) => side(&one.right),
            };
            format!("{} {} {right}", side(&one.left), one.relation)
        });
        told.collect::<Vec<_>>().join(" and ")
    }
}

impl Function {
    const ALL: [Self; 9] = [
        Self::Min,
        Self::Max,
        Self::Ceil,
        Self::Floor,
        Self::Abs,
        Self::Pow,
        Self::Ln,
        Self::Exp,
        Self::Round,
    ];

    const fn name(self) -> &'static str {
        match self {
            Self::Min => "min",
            Self::Max => "max",
            Self::Ceil => "ceil",
            Self::Floor => "floor",
            Self::Abs => "abs",
            Self::Pow => "pow",
            Self::Ln => "ln",
            Self::Exp => "exp",
            Self::Round => "round",
        }
    }

    /// How many numbers it takes; `None` is any number of them, but one.
    const fn arity(self) -> Option<usize> {
        match self {
            Self::Min | Self::Max => None,
            Self::Ceil | Self::Floor | Self::Abs | Self::Ln | Self::Exp | Self::Round => Some(1),
            Self::Pow => Some(2),
        }
    }

    fn of(self, values: &[f64]) -> f64 {
        let first = values[0];
        match self {
            Self::Min => values.iter().copied().fold(first, f64::min),
            Self::Max => values.iter().copied().fold(first, f64::max),
            Self::Ceil => libm::ceil(first),
            Self::Floor => libm::floor(first),
            Self::Abs => libm::fabs(first),
            Self::Pow => libm::pow(first, values[1]),
            Self::Ln => libm::log(first),
            Self::Exp => libm::exp(first),
            Self::Round => libm::round(first),
        }
    }
}

/// Six significant digits, without needless zeros.
pub(super) fn shown(value: f64) -> String {
    let size = libm::fabs(value);
    if size >= 1e6 || size <= 0.0 || libm::trunc(value).to_bits() == value.to_bits() {
        return format!("{value}");
    }
    let decimals = if size >= 1000.0 {
        1
    } else if size >= 1.0 {
        3
    } else {
        6
    };
    let text = format!("{value:.decimals$}");
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

impl fmt::Display for Operand {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let end = |end: &Option<End>, before: &str| match end {
            None => String::new(),
            Some(End::Low) => format!("{before}low"),
            Some(End::High) => format!("{before}high"),
        };
        match self {
            Self::Published(which) => write!(f, "published{}", end(which, ".")),
            Self::Entry(id, which) => write!(f, "[{id}{}]", end(which, "/")),
            Self::Metric(cell, metric) => write!(f, "{{{cell}.{metric}}}"),
        }
    }
}

impl fmt::Display for Relation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Less => "<",
            Self::AtMost => "<=",
            Self::Greater => ">",
            Self::AtLeast => ">=",
        })
    }
}

impl fmt::Display for Expression {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.with_numbers(&|_| None))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn lookup(operand: &Operand) -> Option<f64> {
        match operand {
            Operand::Published(None) => Some(10.0),
            Operand::Published(Some(End::Low)) => Some(1.0),
            Operand::Published(Some(End::High)) => Some(2.0),
            Operand::Entry(id, None) if id == "a.b" => Some(4.0),
            Operand::Metric(cell, metric) if cell == "s9-10" && metric == "p95_ms" => Some(0.5),
            Operand::Entry(..) | Operand::Metric(..) => None,
        }
    }

    #[track_caller]
    fn check(text: &str, expected: f64) {
        assert_eq!(Expression::parse(text).and_then(|found| found.value(&lookup)), Ok(expected), "{text}");
    }

    #[test]
    fn products_bind_tighter_than_sums_and_both_go_from_the_left() {
        check("2 + 3 * 4", 14.0);
        check("(2 + 3) * 4", 20.0);
        check("10 - 3 - 2", 5.0);
        check("16 / 4 / 2", 2.0);
        check("-2 * 3", -6.0);
    }

    #[test]
    fn names_stand_for_figures_and_metrics() {
        check("published", 10.0);
        check("published.low + published.high", 3.0);
        check("[a.b] * {s9-10.p95_ms}", 2.0);
    }

    #[test]
    fn functions_take_what_they_take() {
        check("max(1, 2, 3) - min(4, 5)", -1.0);
        check("ceil(1.2) + floor(1.8) + abs(-1) + round(1.5)", 6.0);
        check("pow(2, 10)", 1024.0);
        check("exp(ln(1))", 1.0);
    }

    #[test]
    fn what_is_no_expression_is_told() {
        for text in
            ["", "1 +", "(1", "[a.b", "{x}", "1 2", "sin(1)", "pow(1)", "min()", "published.middle", "1 < 2"]
        {
            assert!(Expression::parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn a_name_without_a_number_is_an_error() {
        assert_eq!(Expression::parse("[c]").unwrap().value(&lookup), Err("[c] has no number".to_owned()));
        assert!(Expression::parse("1 / 0").unwrap().value(&lookup).is_err());
    }

    #[test]
    fn a_condition_holds_if_all_of_it_does() {
        let holds = |text: &str| Condition::parse(text).and_then(|found| found.holds(&lookup));
        assert_eq!(holds("1 < 2"), Ok(true));
        assert_eq!(holds("1 < 2 and 2 < 2"), Ok(false));
        assert_eq!(holds("2 <= 2 and 3 >= 3 and 4 > 3"), Ok(true));
        assert!(holds("1").is_err());
    }

    #[test]
    fn an_inequality_is_shown_with_its_numbers() {
        let text = Condition::parse("[a.b] * {s9-10.p95_ms} <= published.low").unwrap().with_numbers(&lookup);
        assert_eq!(text, "4 × 0.5 = 2 <= 1");
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 256, failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn no_text_makes_the_parser_panic(text in "[-+*/()0-9a-z<=>,. \\[\\]{}]{0,40}") {
            let _ = Expression::parse(&text);
            let _ = Condition::parse(&text);
        }

        #[test]
        fn an_expression_is_read_back_as_it_is_shown(a in 0_u32..100, b in 1_u32..100, c in 1_u32..100, sign in "[-+*/]", inner in "[-+*/]") {
            let text = format!("{a} {sign} ({b} {inner} {c})");
            let parsed = Expression::parse(&text).unwrap();
            let again = Expression::parse(&parsed.to_string().replace('×', "*")).unwrap();
            let (first, second) = (parsed.value(&lookup).ok(), again.value(&lookup).ok());
            // a × (b / c) is shown as a × b / c, whose last bit may be another.
            let near = first.zip(second).is_none_or(|(a, b)| (a - b).abs() <= 1e-12 * a.abs());
            prop_assert!(near && first.is_some() == second.is_some(), "{first:?} {second:?}");
        }
    }
}

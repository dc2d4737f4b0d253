//! Text → expressions: a scanner that knows one character ahead.

use super::{Comparison, Condition, End, Expression, Function, Operand, Relation};

/// Expressions in expressions; more is no arithmetic that anybody can follow.
const DEPTH_MAX: u32 = 50;

struct Scanner<'a> {
    rest: &'a str,
    depth: u32,
}

/// Reads a whole expression.
pub(super) fn expression(text: &str) -> Result<Expression, String> {
    let mut scanner = Scanner { rest: text, depth: 0 };
    let found = scanner.sum()?;
    scanner.end()?;
    Ok(found)
}

/// Reads a whole condition.
pub(super) fn condition(text: &str) -> Result<Condition, String> {
    let mut scanner = Scanner { rest: text, depth: 0 };
    let mut comparisons = vec![scanner.comparison()?];
    while scanner.takes("and") {
        comparisons.push(scanner.comparison()?);
    }
    scanner.end()?;
    Ok(Condition(comparisons))
}

impl<'a> Scanner<'a> {
    fn comparison(&mut self) -> Result<Comparison, String> {
        let left = self.sum()?;
        let relations = [
            ("<=", Relation::AtMost),
            (">=", Relation::AtLeast),
            ("<", Relation::Less),
            (">", Relation::Greater),
        ];
        let found = relations.into_iter().find(|(sign, _)| self.takes(sign));
        let (_, relation) = found.ok_or_else(|| self.expected("<, <=, > or >="))?;
        Ok(Comparison { left, relation, right: self.sum()? })
    }

    fn sum(&mut self) -> Result<Expression, String> {
        let mut left = self.product()?;
        while let Some(sign) = self.sign(['+', '-']) {
            left = Expression::Joined(Box::new(left), sign, Box::new(self.product()?));
        }
        Ok(left)
    }

    fn product(&mut self) -> Result<Expression, String> {
        let mut left = self.factor()?;
        while let Some(sign) = self.sign(['*', '/']) {
            left = Expression::Joined(Box::new(left), sign, Box::new(self.factor()?));
        }
        Ok(left)
    }

    fn factor(&mut self) -> Result<Expression, String> {
        self.depth += 1;
        if self.depth > DEPTH_MAX {
            return Err("it goes too deep".to_owned());
        }
        let found = self.factor_inside();
        self.depth -= 1;
        found
    }

    fn factor_inside(&mut self) -> Result<Expression, String> {
        self.space();
        match self.rest.chars().next() {
            Some('(') => {
                self.takes("(");
                let inner = self.sum()?;
                self.needs(")")?;
                Ok(inner)
            }
            Some('-') => {
                self.takes("-");
                let zero = Box::new(Expression::Constant(0.0));
                Ok(Expression::Joined(zero, '-', Box::new(self.factor()?)))
            }
            Some('[') => Ok(Expression::Operand(self.entry()?)),
            Some('{') => Ok(Expression::Operand(self.metric()?)),
            Some(digit) if digit.is_ascii_digit() => self.number(),
            Some(letter) if letter.is_ascii_alphabetic() => self.word(),
            Some(_) | None => Err(self.expected("a number or a name")),
        }
    }

    fn entry(&mut self) -> Result<Operand, String> {
        let inside = self.between('[', ']')?;
        Ok(match (inside.strip_suffix("/low"), inside.strip_suffix("/high")) {
            (Some(id), _) => Operand::Entry(id.to_owned(), Some(End::Low)),
            (_, Some(id)) => Operand::Entry(id.to_owned(), Some(End::High)),
            (None, None) => Operand::Entry(inside.to_owned(), None),
        })
    }

    fn metric(&mut self) -> Result<Operand, String> {
        let inside = self.between('{', '}')?;
        let (cell, metric) = inside.split_once('.').ok_or_else(|| self.expected("{cell.metric}"))?;
        Ok(Operand::Metric(cell.to_owned(), metric.to_owned()))
    }

    fn number(&mut self) -> Result<Expression, String> {
        let belongs = |(at, c): (usize, char)| {
            let before = self.rest[..at].chars().next_back();
            !(c.is_ascii_digit() || matches!(c, '.' | 'e') || (c == '-' && before == Some('e')))
        };
        let length = self.rest.char_indices().find(|&at| belongs(at)).map_or(self.rest.len(), |(at, _)| at);
        let (text, rest) = self.rest.split_at(length);
        let value = text.parse().map_err(|_| self.expected("a number"))?;
        self.rest = rest;
        Ok(Expression::Constant(value))
    }

    fn word(&mut self) -> Result<Expression, String> {
        let length =
            self.rest.find(|c: char| !(c.is_ascii_alphabetic() || c == '.')).unwrap_or(self.rest.len());
        let (word, rest) = self.rest.split_at(length);
        let published = match word {
            "published" => Some(None),
            "published.low" => Some(Some(End::Low)),
            "published.high" => Some(Some(End::High)),
            _ => None,
        };
        if let Some(end) = published {
            self.rest = rest;
            return Ok(Expression::Operand(Operand::Published(end)));
        }
        let known = Function::ALL.into_iter().find(|function| function.name() == word);
        let function = known.ok_or_else(|| self.expected("`published` or a function"))?;
        self.rest = rest;
        self.applied(function)
    }

    fn applied(&mut self, function: Function) -> Result<Expression, String> {
        self.needs("(")?;
        let mut arguments = vec![self.sum()?];
        while self.takes(",") {
            arguments.push(self.sum()?);
        }
        self.needs(")")?;
        if function.arity().is_some_and(|arity| arity != arguments.len()) {
            return Err(format!("{} takes another number of arguments", function.name()));
        }
        Ok(Expression::Applied(function, arguments))
    }

    fn between(&mut self, open: char, close: char) -> Result<&'a str, String> {
        let inside = self.rest.strip_prefix(open).unwrap_or(self.rest);
        let (name, rest) = inside.split_once(close).ok_or_else(|| self.expected("a closing bracket"))?;
        self.rest = rest;
        Ok(name)
    }

    fn space(&mut self) {
        self.rest = self.rest.trim_start();
    }

    fn sign(&mut self, signs: [char; 2]) -> Option<char> {
        self.space();
        let found = self.rest.chars().next().filter(|c| signs.contains(c))?;
        self.rest = &self.rest[1..];
        Some(found)
    }

    fn takes(&mut self, text: &str) -> bool {
        self.space();
        let Some(rest) = self.rest.strip_prefix(text) else { return false };
        self.rest = rest;
        true
    }

    fn needs(&mut self, text: &str) -> Result<(), String> {
        if self.takes(text) { Ok(()) } else { Err(self.expected(text)) }
    }

    fn end(&mut self) -> Result<(), String> {
        self.space();
        if self.rest.is_empty() { Ok(()) } else { Err(self.expected("the end")) }
    }

    fn expected(&self, what: &str) -> String {
        format!("expected {what} at `{}`", self.rest)
    }
}

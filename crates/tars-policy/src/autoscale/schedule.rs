//! Minima by the time of day, in UTC.

use alloc::format;
use alloc::vec::Vec;

use crate::spec::SpecError;
use crate::units::{Span, Time};

const DAY: Span = Span::from_secs(86_400);

/// Minima that hold at times of day, on days of the week.
///
/// ```
/// use tars_policy::autoscale::{DailySchedule, DailyWindow, Weekday};
/// use tars_policy::units::{Span, Time};
///
/// // Time starts on a Monday at 08:00 UTC; peak hours (document 003) are 09–11 UTC.
/// let peak = DailyWindow {
///     from: Span::from_secs(9 * 3_600),
///     until: Span::from_secs(11 * 3_600),
///     days: vec![],
///     agents: 8,
/// };
/// let schedule = DailySchedule {
///     start: Span::from_secs(8 * 3_600),
///     start_day: Weekday::Monday,
///     windows: vec![peak],
/// };
/// assert_eq!(schedule.floor(Time::START), 0);
/// assert_eq!(schedule.floor(Time::START + Span::from_secs(3_600)), 8);
/// assert_eq!(schedule.floor(Time::START + Span::from_secs(3 * 3_600)), 0);
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "serde", serde(deny_unknown_fields, default))]
pub struct DailySchedule {
    /// The time of day (UTC) at [`Time::START`], below 24 h.
    pub start: Span,
    /// The day of the week at [`Time::START`].
    pub start_day: Weekday,
    /// The minima; where several hold, the largest counts.
    pub windows: Vec<DailyWindow>,
}

/// A minimum that holds daily.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "serde", serde(deny_unknown_fields))]
pub struct DailyWindow {
    /// From this time of day, below 24 h.
    pub from: Span,
    /// Until this time of day, exclusive, at most 24 h; before `from` it is the next day's.
    pub until: Span,
    /// The days on which it begins; empty for every day.
    #[cfg_attr(feature = "serde", serde(default))]
    pub days: Vec<Weekday>,
    /// At least so many agents, up or starting.
    pub agents: u32,
}

/// A day of the week.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "serde", serde(rename_all = "snake_case"))]
#[expect(missing_docs, reason = "a day says all there is to say")]
pub enum Weekday {
    #[default]
    Monday,
    Tuesday,
    Wednesday,
    Thursday,
    Friday,
    Saturday,
    Sunday,
}

impl DailySchedule {
    /// The largest minimum that holds; 0 when none does.
    pub fn floor(&self, now: Time) -> u32 {
        let since_midnight = now.saturating_since(Time::START).saturating_add(self.start);
        let day = since_midnight.as_nanos() / DAY.as_nanos() + self.start_day as u64;
        let time = Span::from_nanos(since_midnight.as_nanos() % DAY.as_nanos());
        let holding = self.windows.iter().filter(|window| window.holds(day % 7, time));
        holding.map(|window| window.agents).max().unwrap_or(0)
    }

    /// When a window next begins, after `now`; on days on which none does, when it would. `None` without windows.
    pub fn next_begin(&self, now: Time) -> Option<Time> {
        let since_midnight = now.saturating_since(Time::START).saturating_add(self.start);
        let time = since_midnight.as_nanos() % DAY.as_nanos();
        let waits = self.windows.iter().map(|window| {
            let from = window.from.as_nanos();
            if from > time { from - time } else { from + DAY.as_nanos() - time }
        });
        waits.min().map(|wait| now.saturating_add(Span::from_nanos(wait)))
    }

    /// Says what is impossible in this schedule.
    pub fn validate(&self) -> Result<(), SpecError> {
        if self.start >= DAY {
            return Err(SpecError::new(
                "start",
                format!("{} is no time of day; expected below 24h", self.start),
            ));
        }
        for (index, window) in self.windows.iter().enumerate() {
            let error = |field, span| {
                let problem =
                    format!("{span} is impossible; expected a time of day other than that of `from`");
                Err(SpecError::new(format!("windows.{index}.{field}"), problem))
            };
            if window.from >= DAY {
                return error("from", window.from);
            }
            if window.until > DAY || window.until == window.from {
                return error("until", window.until);
            }
        }
        Ok(())
    }
}

impl DailyWindow {
    /// Whether it holds at this time of day of that day of the week.
    fn holds(&self, day: u64, time: Span) -> bool {
        let begins = |day: u64| self.days.is_empty() || self.days.iter().any(|&on| on as u64 == day);
        if self.from < self.until {
            return begins(day) && (self.from..self.until).contains(&time);
        }
        (begins(day) && time >= self.from) || (begins((day + 6) % 7) && time < self.until)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hours(hours: u64) -> Span {
        Span::from_secs(hours * 3_600)
    }

    fn schedule(from: u64, until: u64, days: &[Weekday]) -> DailySchedule {
        let window = DailyWindow { from: hours(from), until: hours(until), days: days.to_vec(), agents: 7 };
        let schedule =
            DailySchedule { start: hours(6), start_day: Weekday::Saturday, windows: alloc::vec![window] };
        schedule.validate().expect("a valid schedule");
        schedule
    }

    /// The minimum at an hour of the week that begins on the Saturday of the start, at midnight.
    fn floor(schedule: &DailySchedule, day: u64, hour: u64) -> u32 {
        schedule.floor(Time::START + hours(day * 24 + hour - 6))
    }

    #[test]
    fn a_window_begins_on_time_and_ends_before_its_end() {
        let peak = schedule(9, 11, &[]);
        assert_eq!([8, 9, 10, 11].map(|hour| floor(&peak, 0, hour)), [0, 7, 7, 0]);
        assert_eq!(floor(&peak, 10, 9), 7, "every day");
        let last = Time::from_nanos(hours(3).as_nanos() - 1);
        assert_eq!((peak.floor(last), peak.floor(last + Span::from_nanos(1))), (0, 7));
    }

    #[test]
    fn only_the_named_days_count() {
        let monday = schedule(9, 11, &[Weekday::Monday]);
        assert_eq!([0, 1, 2, 3, 9].map(|day| floor(&monday, day, 10)), [0, 0, 7, 0, 7]);
    }

    #[test]
    fn a_window_over_midnight_belongs_to_the_day_it_begins_on() {
        let night = schedule(22, 2, &[Weekday::Sunday]);
        assert_eq!(
            [(0, 23), (1, 1), (1, 22), (2, 1), (2, 2)].map(|(day, hour)| floor(&night, day, hour)),
            [0, 0, 7, 7, 0]
        );
    }

    #[test]
    fn the_next_window_begins_after_now() {
        // The start is at six.
        let peak = schedule(9, 11, &[]);
        let next = |hour: u64| peak.next_begin(Time::START + hours(hour)).map(Time::as_nanos);
        let begins = [3, 27].map(|hour| Some(hours(hour).as_nanos()));
        assert_eq!([next(0), next(2), next(3), next(4)], [begins[0], begins[0], begins[1], begins[1]]);
        assert_eq!(DailySchedule::default().next_begin(Time::START), None);
    }

    #[test]
    fn impossible_times_of_day_name_the_field() {
        let error = |change: fn(&mut DailySchedule)| {
            let mut schedule = schedule(9, 11, &[]);
            change(&mut schedule);
            schedule.validate().expect_err("it is impossible").field
        };
        assert_eq!(error(|schedule| schedule.start = hours(24)), "start");
        assert_eq!(error(|schedule| schedule.windows[0].from = hours(24)), "windows.0.from");
        assert_eq!(error(|schedule| schedule.windows[0].until = hours(25)), "windows.0.until");
        assert_eq!(error(|schedule| schedule.windows[0].until = hours(9)), "windows.0.until");
    }
}

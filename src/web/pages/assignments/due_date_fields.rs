//! Due date fields of a form.

use chrono::NaiveDate;

use crate::form_data::FormData;
use crate::layout::FieldError;
use rollcall_model::due_policy::{DEFAULT_LATE_DAYS, DuePolicy, MAX_DUE_DAYS};
use rollcall_model::format::count;

/// Due date fields as entered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::pages) struct DueDateFields {
    /// `none`, `on`, `joining` or `start`.
    pub kind: String,
    pub on: String,
    pub joining: String,
    pub start: String,
    pub late: String,
}

impl Default for DueDateFields {
    fn default() -> Self {
        Self {
            kind: "on".to_owned(),
            on: String::new(),
            joining: "30".to_owned(),
            start: "30".to_owned(),
            late: DEFAULT_LATE_DAYS.to_string(),
        }
    }
}

impl DueDateFields {
    pub(crate) fn of_form(form: &FormData) -> Self {
        let text = |name: &str| form.text(name).trim().to_owned();
        Self {
            kind: text("due"),
            on: text("on"),
            joining: text("joining"),
            start: text("start"),
            late: text("late"),
        }
    }

    /// Creates the fields of an existing due date.
    pub(crate) fn of(due: DuePolicy, late_days: u32) -> Self {
        let fields = Self { late: late_days.to_string(), ..Self::default() };
        match due {
            DuePolicy::Never => Self { kind: "none".to_owned(), ..fields },
            DuePolicy::On(day) => Self { kind: "on".to_owned(), on: day.to_string(), ..fields },
            DuePolicy::AfterJoining(days) => {
                Self { kind: "joining".to_owned(), joining: days.to_string(), ..fields }
            }
            DuePolicy::AfterStart(days) => {
                Self { kind: "start".to_owned(), start: days.to_string(), ..fields }
            }
        }
    }

    /// Returns an error if a field was changed from its first value and another kind of due date is chosen: one of the two
    /// is a mistake, and the form does not decide which.
    pub(crate) fn check_choice(&self, first: &Self) -> Result<(), FieldError> {
        let chosen = match self.kind.as_str() {
            "on" => "On a day",
            "joining" => "After joining",
            "start" => "After the start date",
            _ => "No due date",
        };
        for (field, typed, first) in [
            ("on", &self.on, &first.on),
            ("joining", &self.joining, &first.joining),
            ("start", &self.start, &first.start),
        ] {
            if self.kind != field && typed != first && !typed.is_empty() {
                let shown = match (field, typed.parse()) {
                    ("on", Ok(day)) => format_day(day),
                    ("on", Err(_)) => typed.clone(),
                    _ => format!("{typed} days"),
                };
                let text = format!(
                    "You typed {shown} but chose “{chosen}”. Choose the line of what you typed, or empty its field."
                );
                return Err(FieldError::new(field, text));
            }
        }
        Ok(())
    }

    /// Parses the due policy and the minimum number of days for late joiners.
    pub(crate) fn parse_due_date(&self) -> Result<(DuePolicy, u32), FieldError> {
        let late = parse_days(&self.late).unwrap_or(DEFAULT_LATE_DAYS);
        let due = match self.kind.as_str() {
            "on" => DuePolicy::On(self.on.parse().map_err(|_| {
                FieldError::new("on", "Enter a due date such as 2026-12-31, or choose “No due date”.")
            })?),
            "joining" => {
                DuePolicy::AfterJoining(parse_days(&self.joining).ok_or_else(|| invalid_days("joining"))?)
            }
            "start" => DuePolicy::AfterStart(parse_days(&self.start).ok_or_else(|| invalid_days("start"))?),
            _ => DuePolicy::Never,
        };
        if self.kind == "on" && parse_days(&self.late).is_none() {
            return Err(invalid_days("late"));
        }
        Ok((due, late))
    }

    /// Describes the effect for an example learner. `None` if the fields are invalid.
    pub(crate) fn example(&self, today: NaiveDate) -> Option<String> {
        let (due, late_days) = self.parse_due_date().ok()?;
        let until = due.date(late_days, today, Some(today));
        Some(match (due, until) {
            (DuePolicy::Never, _) | (_, None) => "Nobody has to be done by a certain day.".to_owned(),
            (DuePolicy::On(day), Some(until)) if until != day => {
                let why = if day < today { "has passed" } else { "is near" };
                format!(
                    "{} {why}: someone who joins today has {}, until {}.",
                    format_day(day),
                    count(u64::from(late_days), "day", "days"),
                    format_day(until)
                )
            }
            (DuePolicy::AfterStart(_), Some(until)) => {
                format!("Someone who joins and starts today has until {}.", format_day(until))
            }
            (DuePolicy::On(_) | DuePolicy::AfterJoining(_), Some(until)) => {
                format!("Someone who joins today has until {}.", format_day(until))
            }
        })
    }
}

fn format_day(day: NaiveDate) -> String {
    day.format("%-d %B %Y").to_string()
}

fn parse_days(text: &str) -> Option<u32> {
    text.parse().ok().filter(|days| *days <= MAX_DUE_DAYS)
}

fn invalid_days(field: &'static str) -> FieldError {
    FieldError::new(field, format!("Enter a whole number of days from 0 to {MAX_DUE_DAYS}."))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fields(text: &str) -> DueDateFields {
        DueDateFields::of_form(&FormData::read(text.as_bytes()))
    }

    fn today() -> NaiveDate {
        "2026-11-28".parse().expect("a day")
    }

    #[test]
    fn each_kind_of_due_date_has_an_example_in_words() {
        let example = |text: &str| fields(text).example(today()).unwrap_or_default();
        assert_eq!(example("due=none"), "Nobody has to be done by a certain day.");
        assert_eq!(example("due=joining&joining=25"), "Someone who joins today has until 23 December 2026.");
        assert_eq!(
            example("due=start&start=3"),
            "Someone who joins and starts today has until 1 December 2026."
        );
        assert_eq!(
            example("due=on&on=2026-12-31&late=14"),
            "Someone who joins today has until 31 December 2026."
        );
        assert_eq!(
            example("due=on&on=2026-10-31&late=14"),
            "31 October 2026 has passed: someone who joins today has 14 days, until 12 December 2026."
        );
    }

    #[test]
    fn what_cannot_be_a_due_date_names_its_field() {
        let field = |text: &str| fields(text).parse_due_date().map_err(|fault| fault.field);
        assert_eq!(field("due=on&on=31.12.2026&late=14"), Err("on"));
        assert_eq!(field("due=on&on=2026-12-31&late=x"), Err("late"));
        assert_eq!(field("due=joining&joining=-1"), Err("joining"));
        assert_eq!(field("due=start&start=4000"), Err("start"));
        assert_eq!(field("due=start&start=0"), Ok((DuePolicy::AfterStart(0), DEFAULT_LATE_DAYS)));
    }

    #[test]
    fn field_that_was_typed_and_not_chosen_is_an_error() {
        let fault = |text: &str, first: &DueDateFields| {
            fields(text).check_choice(first).map_err(|fault| (fault.field, fault.text))
        };
        let new = DueDateFields::default();
        let wrong = fault("due=none&on=2026-12-24&joining=30&start=30", &new).expect_err("contradictory");
        assert!(wrong.1.starts_with("You typed 24 December 2026 but chose “No due date”."), "{wrong:?}");
        let wrong = fault("due=on&on=2026-12-24&joining=25&start=30", &new).expect_err("contradictory");
        assert!(wrong.1.starts_with("You typed 25 days but chose “On a day”."), "{wrong:?}");
        assert_eq!(fault("due=on&on=2026-12-24&joining=30&start=30", &new), Ok(()));
        // What the form held before was not typed.
        let before = DueDateFields::of(DuePolicy::On("2026-12-24".parse().expect("a day")), 14);
        assert_eq!(fault("due=none&on=2026-12-24&joining=30&start=30", &before), Ok(()));
        assert_eq!(fault("due=joining&on=&joining=20&start=30", &before), Ok(()));
        assert!(fault("due=none&on=2027-01-31&joining=30&start=30", &before).is_err());
    }
}

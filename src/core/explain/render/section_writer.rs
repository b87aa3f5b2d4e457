//! The lines of an explanation, and the phrases that they share.

use chrono::{DateTime, NaiveDate, Utc};
use chrono_tz::Tz;

use crate::explain::Explanation;
use crate::explain::explanation::{ChangeDecision, ValueOrigin};
use rollcall_model::guard::{ChangeKind, HeldChangeState};
use rollcall_model::run_record::RunRecordKind;
use rollcall_store::explain::RunReference;

/// What is said of the learner, of one group, or of one course.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExplanationSection {
    /// The sentence that everything below it belongs to.
    pub title: String,
    /// Lines; spaces in front of one put it below the line before.
    pub lines: Vec<String>,
}

/// Sections in the making.
pub(super) struct SectionWriter {
    zone: Tz,
    /// Who it is about.
    pub(super) email: String,
    at: Option<NaiveDate>,
    done: Vec<ExplanationSection>,
}

impl SectionWriter {
    pub(super) fn new(zone: Tz, explained: &Explanation) -> Self {
        Self { zone, email: explained.learner.email.clone(), at: explained.at, done: Vec::new() }
    }

    /// A line that everything below it belongs to.
    pub(super) fn start_section(&mut self, title: String) {
        self.done.push(ExplanationSection { title, lines: Vec::new() });
    }

    /// A line below a title.
    pub(super) fn push_line(&mut self, text: impl AsRef<str>) {
        if let Some(section) = self.done.last_mut() {
            section.lines.push(text.as_ref().trim_end().to_owned());
        }
    }

    /// A word for today, or one for a past day.
    pub(super) fn select_by_tense<'w>(&self, now: &'w str, then: &'w str) -> &'w str {
        if self.at.is_none() { now } else { then }
    }

    /// ` on DAY`, of a past day.
    pub(super) fn format_day_suffix(&self) -> String {
        self.at.map_or_else(String::new, |day| format!(" on {day}"))
    }

    pub(super) fn format_local_time(&self, at: DateTime<Utc>) -> String {
        at.with_timezone(&self.zone).format("%Y-%m-%d %H:%M").to_string()
    }

    pub(super) fn format_day(&self, at: DateTime<Utc>) -> String {
        at.with_timezone(&self.zone).date_naive().to_string()
    }

    /// A run by its number, with who began it, when, and what it was.
    pub(super) fn format_run(&self, run: Option<&RunReference>) -> String {
        let Some(run) = run else { return "a run that is not known any longer".to_owned() };
        let what = match (run.kind, &run.connector) {
            (RunRecordKind::Sync, Some(connector)) => format!("sync of `{connector}`"),
            (RunRecordKind::Clock, Some(connector)) => format!("the dates of `{connector}`"),
            (RunRecordKind::Hand | RunRecordKind::Approval | RunRecordKind::Undo, _) | (_, None) => {
                run.what.clone()
            }
        };
        format!("run {} ({what}, {}, {})", run.run, run.actor, self.format_local_time(run.started_at))
    }

    /// A held, rejected or undone change.
    pub(super) fn format_decision(&self, decision: &ChangeDecision) -> String {
        let what = match decision.change {
            ChangeKind::Give => "the membership",
            ChangeKind::End => "the end of the membership",
            ChangeKind::Leave => "the learner's leaving",
            ChangeKind::Record => "a change of the record",
            ChangeKind::Rekey => "the learner under a new id",
            other @ (ChangeKind::Group | ChangeKind::Meet | ChangeKind::Assign | ChangeKind::Unassign) => {
                other.as_str()
            }
        };
        let by = decision.rule.as_ref().map_or_else(String::new, |rule| format!(" by rule `{rule}`"));
        let run = self.format_run(decision.first_run.as_ref());
        match decision.state {
            HeldChangeState::Rejected => format!("rejected: {what}{by}, shown by {run}"),
            HeldChangeState::Undone => {
                let of = decision.first_run.as_ref().and_then(|run| run.about);
                let of = of.map_or_else(String::new, |of| format!(" of run {of}"));
                format!("taken back: {what}{by}{of}, by {run}")
            }
            HeldChangeState::Held | HeldChangeState::Dropped => {
                format!("held: {what}{by}, limit `{}`, shown by {run}", decision.limit)
            }
        }
    }

    pub(super) fn take_sections(&mut self) -> Vec<ExplanationSection> {
        std::mem::take(&mut self.done)
    }
}

/// ` (CONNECTOR)`, where a connector gives the value.
pub(super) fn format_origin(origin: &ValueOrigin) -> String {
    origin.connector.as_ref().map_or_else(String::new, |connector| format!(" ({connector})"))
}

/// Values with commas, or that there is none.
pub(super) fn join_values(values: &[String]) -> String {
    if values.is_empty() { "(empty)".to_owned() } else { values.join(", ") }
}

/// Names in backticks.
pub(super) fn quote_names(names: &[String]) -> String {
    names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")
}

/// Pads a text to a width, in characters.
pub(super) fn pad_end(text: &str, width: usize) -> String {
    let missing = width.saturating_sub(text.chars().count());
    format!("{text}{}", " ".repeat(missing))
}

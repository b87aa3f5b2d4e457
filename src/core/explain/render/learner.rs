//! Renders the explanation of the learner.

use super::section_writer::{SectionWriter, format_origin, join_values, pad_end, quote_names};
use crate::explain::explanation::{ExplainedLearner, StatusReason};

/// Renders the learner and the reason of the state; with `all`, every record, attribute and address.
pub(super) fn render_learner(lines: &mut SectionWriter, learner: &ExplainedLearner, all: bool) {
    let status = learner.status.map_or("not known", |status| status.as_str());
    let name = if learner.name.is_empty() { String::new() } else { format!(" ({})", learner.name) };
    let (is, day, why) = (
        lines.select_by_tense("is", "was"),
        lines.format_day_suffix(),
        format_status_reason(lines, &learner.because),
    );
    lines.start_section(format!("`{}`{name} {is} {status}{day}: {why}", learner.email));
    if let Some(next) = learner.next_status {
        lines.push_line(format!("the next run makes that {}", next.as_str()));
    }
    if all {
        render_records(lines, learner);
    }
    if let Some(contested) = &learner.contested {
        let holder =
            contested.holder.as_ref().map_or_else(|| "another learner".to_owned(), |one| format!("`{one}`"));
        lines.push_line(format!("without the address `{}`: {holder} holds it", contested.address));
    }
    for decision in &learner.decisions {
        let text = lines.format_decision(decision);
        lines.push_line(text);
    }
}

fn render_records(lines: &mut SectionWriter, learner: &ExplainedLearner) {
    for person in &learner.persons {
        let state = if person.present { "held by" } else { "no longer held by" };
        let struck = if person.in_file { "" } else { ", which the file no longer names" };
        let run = match &person.run {
            Some(run) if person.present => format!(", last changed by {}", lines.format_run(Some(run))),
            Some(run) => format!(" since {}", lines.format_run(Some(run))),
            None => String::new(),
        };
        lines.push_line(format!("`{}` {state} `{}`{struck}{run}", person.external_id, person.connector));
    }
    let width = learner.attributes.iter().map(|one| one.name.chars().count()).max().unwrap_or(0);
    for one in &learner.attributes {
        let lost = one.lost.iter().map(|said| {
            let connector = said.origin.connector.as_deref().unwrap_or_default();
            format!("; `{connector}` says {}", join_values(&said.values))
        });
        let lost: String = lost.collect();
        lines.push_line(format!(
            "{}  {}{}{lost}",
            pad_end(&one.name, width),
            join_values(&one.values),
            format_origin(&one.origin)
        ));
    }
    if !learner.former_addresses.is_empty() {
        lines.push_line(format!("former addresses: {}", quote_names(&learner.former_addresses)));
    }
}

fn format_status_reason(lines: &SectionWriter, because: &StatusReason) -> String {
    match because {
        StatusReason::Unknown => "the learner was not known yet".to_owned(),
        StatusReason::AddedByHand => "added by hand".to_owned(),
        StatusReason::NoPerson => "no person is this learner any longer".to_owned(),
        StatusReason::Absent { connector, external_id, run } => {
            let since = run
                .as_ref()
                .map_or_else(String::new, |run| format!(" since {}", lines.format_run(Some(run))));
            format!("`{connector}` no longer holds `{external_id}`{since}")
        }
        StatusReason::Says { connector, status, .. } => {
            format!("`{connector}` says status {}", status.as_str())
        }
        StatusReason::Ended { connector, end_date } => {
            format!("`{connector}` says end_date {end_date}, which is over")
        }
        StatusReason::Starts { connector, start_date, prehire_days } => {
            format!(
                "`{connector}` says start_date {start_date}, and lets people in {prehire_days} days before"
            )
        }
        StatusReason::Suspended { run: Some(run) } => {
            let (day, number) = (lines.format_local_time(run.started_at), run.run);
            format!("suspended by hand on {day} by {}, run {number}", run.actor)
        }
        StatusReason::Suspended { run: None } => "suspended by hand".to_owned(),
        StatusReason::HeldBy { connectors } => format!("held by {}", quote_names(connectors)),
    }
}

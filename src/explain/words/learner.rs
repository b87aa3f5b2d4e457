//! What an explanation says of the learner.

use super::lines::{Lines, names, padded, source, values};
use crate::explain::answer::{Learner, WhyStatus};

/// Prints who the learner is, and why in that state; with `all`, every record, attribute and address.
pub(super) fn print(lines: &mut Lines, learner: &Learner, all: bool) {
    let status = learner.status.map_or("not known", |status| status.as_str());
    let name = if learner.name.is_empty() { String::new() } else { format!(" ({})", learner.name) };
    let (is, day, why) = (lines.tense("is", "was"), lines.on_the_day(), why(lines, &learner.because));
    lines.title(format!("`{}`{name} {is} {status}{day}: {why}", learner.email));
    if let Some(next) = learner.next_status {
        lines.line(format!("the next run makes that {}", next.as_str()));
    }
    if all {
        records(lines, learner);
    }
    if let Some(contested) = &learner.contested {
        let holder =
            contested.holder.as_ref().map_or_else(|| "another learner".to_owned(), |one| format!("`{one}`"));
        lines.line(format!("without the address `{}`: {holder} holds it", contested.address));
    }
    for decision in &learner.decisions {
        let text = lines.decision(decision);
        lines.line(text);
    }
}

fn records(lines: &mut Lines, learner: &Learner) {
    for person in &learner.persons {
        let state = if person.present { "held by" } else { "no longer held by" };
        let struck = if person.in_file { "" } else { ", which the file no longer names" };
        let run = match &person.run {
            Some(run) if person.present => format!(", last changed by {}", lines.run(Some(run))),
            Some(run) => format!(" since {}", lines.run(Some(run))),
            None => String::new(),
        };
        lines.line(format!("`{}` {state} `{}`{struck}{run}", person.external_id, person.connector));
    }
    let width = learner.attributes.iter().map(|one| one.name.chars().count()).max().unwrap_or(0);
    for one in &learner.attributes {
        let lost = one.lost.iter().map(|said| {
            let connector = said.origin.connector.as_deref().unwrap_or_default();
            format!("; `{connector}` says {}", values(&said.values))
        });
        let lost: String = lost.collect();
        lines.line(format!(
            "{}  {}{}{lost}",
            padded(&one.name, width),
            values(&one.values),
            source(&one.origin)
        ));
    }
    if !learner.former_addresses.is_empty() {
        lines.line(format!("former addresses: {}", names(&learner.former_addresses)));
    }
}

fn why(lines: &Lines, because: &WhyStatus) -> String {
    match because {
        WhyStatus::Unknown => "nobody had read or added this learner yet".to_owned(),
        WhyStatus::AddedByHand => "added by hand".to_owned(),
        WhyStatus::NoPerson => "no person is this learner any longer".to_owned(),
        WhyStatus::Absent { connector, external_id, run } => {
            let since =
                run.as_ref().map_or_else(String::new, |run| format!(" since {}", lines.run(Some(run))));
            format!("`{connector}` no longer holds `{external_id}`{since}")
        }
        WhyStatus::Says { connector, status, .. } => {
            format!("`{connector}` says status {}", status.as_str())
        }
        WhyStatus::Ended { connector, end_date } => {
            format!("`{connector}` says end_date {end_date}, which is over")
        }
        WhyStatus::Starts { connector, start_date, prehire_days } => {
            format!(
                "`{connector}` says start_date {start_date}, and lets people in {prehire_days} days before"
            )
        }
        WhyStatus::HeldBy { connectors } => format!("held by {}", names(connectors)),
    }
}

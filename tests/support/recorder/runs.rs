//! The text of a run: its counts, the limits that it reached and its warnings.

use serde_json::Value;

use super::facts::{TableRow, text};

/// The counts of a run that are written where they are not 0, by the column and the word for it.
const COUNTS: [(&str, &str); 17] = [
    ("people_read", "read"),
    ("people_new", "new"),
    ("people_changed", "changed"),
    ("people_left", "left"),
    ("people_set_aside", "set aside"),
    ("people_left_out", "not included"),
    ("groups_created", "groups created"),
    ("memberships_added", "added"),
    ("memberships_removed", "removed"),
    ("jobs_enqueued", "jobs"),
    ("people_held", "held people"),
    ("groups_held", "held groups"),
    ("memberships_held", "held memberships"),
    ("enrollments_held", "held enrollments"),
    ("charged_learners", "charged learners"),
    ("charged_memberships", "charged memberships"),
    ("charged_enrollments", "charged enrollments"),
];

/// A run: its kind, how it ended, what it counted, the limits that it reached and what it noticed.
pub(super) fn run_text(row: &TableRow) -> String {
    let mut line = format!("run {} {}", text(row, "run"), text(row, "kind"));
    for (column, word) in [("connector", ""), ("subject", "of run ")] {
        if row[column].is_some() {
            line.push_str(&format!(" {word}{}", text(row, column)));
        }
    }
    line.push_str(&format!(": {}", text(row, "status")));
    if row["error"].is_some() {
        line.push_str(&format!(" ({})", text(row, "error")));
    }
    for (column, word) in COUNTS {
        if text(row, column) != "0" {
            line.push_str(&format!(", {word} {}", text(row, column)));
        }
    }
    line.push('\n');
    let json = |column: &str| -> Value { serde_json::from_str(text(row, column)).unwrap_or_default() };
    line + &held_reasons_text(&json("guard")) + &warnings_text(&json("warnings"))
}

fn list(value: &Value) -> &[Value] {
    value.as_array().map_or(&[], Vec::as_slice)
}

fn word<'a>(value: &'a Value, key: &str) -> &'a str {
    value[key].as_str().unwrap_or_default()
}

/// The limits that were reached and what caused it; of each sentence its numbers, of a cause what it quotes, too.
pub(super) fn held_reasons_text(held: &Value) -> String {
    let reasons = list(&held["reasons"]).iter().map(|one| {
        let numbers = numbers_and_quotes(word(one, "message")).0;
        format!("  limit {}: {}\n", word(one, "limit"), numbers.join(" "))
    });
    let causes = list(&held["causes"]).iter().map(|one| {
        let (numbers, quoted) = numbers_and_quotes(one.as_str().unwrap_or_default());
        format!("  cause: {}\n", [quoted, numbers].concat().join(" "))
    });
    reasons.chain(causes).collect()
}

/// What a run noticed: the kind and whom it is about.
pub(super) fn warnings_text(warnings: &Value) -> String {
    let mut lines: Vec<String> = list(warnings)
        .iter()
        .map(|one| format!("  warning {}: {}\n", word(one, "kind"), word(one, "subject")))
        .collect();
    lines.sort();
    lines.concat()
}

/// The numbers of a sentence, in the order of their size, and what stands between backquotes in it.
fn numbers_and_quotes(sentence: &str) -> (Vec<String>, Vec<String>) {
    let mut quoted = Vec::new();
    let mut numbers: Vec<u64> = Vec::new();
    for (at, part) in sentence.split('`').enumerate() {
        if at % 2 == 1 {
            quoted.push(part.to_owned());
        } else {
            numbers
                .extend(part.split(|c: char| !c.is_ascii_digit()).filter_map(|one| one.parse::<u64>().ok()));
        }
    }
    numbers.sort_unstable();
    (numbers.iter().map(u64::to_string).collect(), quoted)
}

//! What an explanation says of one group.

use super::lines::{Lines, names, padded, source, values};
use crate::explain::answer::{Because, Clause, Group, Rule, Value};

/// Prints whether and why the learner is in a group.
pub(super) fn print(lines: &mut Lines, group: &Group) {
    let is = match (group.member, lines.tense("now", "then")) {
        (true, "now") => "is in",
        (false, "now") => "is not in",
        (true, _) => "was in",
        (false, _) => "was not in",
    };
    let since = group.joined_on.map_or_else(String::new, |day| format!(" since {day}"));
    let made = if group.exists { "" } else { lines.tense(", which is not there", ", which was not there") };
    let (who, day) = (lines.who.clone(), lines.on_the_day());
    lines.title(format!("`{who}` {is} `{}`{made}{day}{since}", group.group));
    for one in &group.because {
        if let Some(text) = because(lines, one) {
            lines.line(text);
        }
    }
    for one in &group.rules {
        rule(lines, one);
    }
    if let Some(run) = group.ended.as_ref().filter(|_| !group.member) {
        let text = format!("was in it until {}", lines.run(Some(run)));
        lines.line(text);
    }
}

/// One reason; nothing where the lines of the rule say it.
fn because(lines: &Lines, because: &Because) -> Option<String> {
    let run = |run| lines.run(run);
    Some(match because {
        Because::ByHand { run: by } => format!("added by hand: {}", run(by.as_ref())),
        Because::Rule { rule, run: by, in_file: true } => {
            format!("by rule `{rule}` since {}", run(by.as_ref()))
        }
        Because::Rule { rule, run: by, in_file: false } => {
            format!("by rule `{rule}`, which the file no longer has, since {}", run(by.as_ref()))
        }
        Because::EndsNext { rule } => {
            format!("rule `{rule}` no longer gives it: the next run of the connector ends it")
        }
        Because::Left => lines.tense("the learner has left", "the learner was not there").to_owned(),
        Because::Upcoming => {
            lines.tense("the learner has not started", "the learner had not started").to_owned()
        }
        Because::Waits { run: by } => {
            format!("added by hand, and waits for the learner: {}", run(by.as_ref()))
        }
        Because::Excluded { run: by, reason, until } => {
            let until = until.map_or_else(|| "lifted".to_owned(), |day| day.to_string());
            format!("kept out until {until}, {reason}: {}", run(by.as_ref()))
        }
        Because::DeletedGroup { run: by } => {
            format!("the group was deleted, and no rule makes it again: {}", run(by.as_ref()))
        }
        Because::HandMadeGroup { rule, run: Some(by) } => {
            format!(
                "the group was made by hand: rule `{rule}` feeds it once that is approved, shown by {}",
                run(Some(by))
            )
        }
        Because::HandMadeGroup { rule, run: None } => {
            format!("the group was made by hand: the next run asks whether rule `{rule}` may feed it")
        }
        Because::Held(decision) | Because::Rejected(decision) | Because::Undone(decision) => {
            lines.decision(decision)
        }
        Because::ClauseFalse { .. } => return None,
        Because::RuleFailed { rule, why } => {
            format!("rule `{rule}` could not be evaluated, what it gives stays as it is: {why}")
        }
        Because::OtherConnectors { rule, connectors } => {
            format!("rule `{rule}` is for people of {} alone", names(connectors))
        }
        Because::OtherGroups { rule, groups } => format!("rule `{rule}` names {} instead", names(groups)),
        Because::NoValue { rule, attributes } => {
            format!("rule `{rule}` names no group: {} is empty", names(attributes))
        }
        Because::NextRun { rule } => {
            let next = lines.tense("the next run of the connector gives it", "no run had acted on it then");
            format!("rule `{rule}` matches: {next}")
        }
        Because::Nothing => "nobody added the learner, and no rule of the file feeds the group".to_owned(),
    })
}

/// A clause in a table: its words, what came of it, and the values that it reads.
struct Row {
    text: String,
    outcome: &'static str,
    values: String,
}

fn rule(lines: &mut Lines, rule: &Rule) {
    let mut rows = Vec::new();
    rule.clauses.iter().for_each(|one| clause(&mut rows, one, 0));
    // What the name of the group reads besides.
    let shown = |one: &&Value| !rule.clauses.iter().any(|clause| reads(clause, &one.variable));
    let of_name = rule.values.iter().filter(shown).map(value).collect::<Vec<_>>().join(", ");
    if !of_name.is_empty() {
        rows.push(Row { text: format!("group {}", rule.group), outcome: "", values: of_name });
    }
    let width = rows.iter().map(|row| row.text.chars().count()).max().unwrap_or(0);
    let states = rows.iter().map(|row| row.outcome.len()).max().unwrap_or(0);
    let head = format!("rule `{}`: ", rule.rule);
    for (at, row) in rows.iter().enumerate() {
        let head = if at == 0 { head.clone() } else { " ".repeat(head.chars().count()) };
        let (text, outcome) = (padded(&row.text, width), padded(row.outcome, states));
        lines.line(format!("{head}{text}  {outcome}  {}", row.values));
    }
}

fn clause(rows: &mut Vec<Row>, one: &Clause, depth: usize) {
    let outcome = match one.outcome {
        "true" => "true",
        "false" => "FALSE",
        "no_date" => "FALSE, no date",
        _ => "FAILED",
    };
    let of_leaf = one.values.iter().filter(|_| one.parts.is_empty()).map(value);
    let text = format!("{}{}", "  ".repeat(depth), one.text);
    rows.push(Row { text, outcome, values: of_leaf.collect::<Vec<_>>().join(", ") });
    one.parts.iter().for_each(|part| clause(rows, part, depth + 1));
}

/// Whether a clause reads an attribute, by either of its names.
fn reads(one: &Clause, attribute: &str) -> bool {
    one.values.iter().any(|value| value.variable.strip_suffix("_all").unwrap_or(&value.variable) == attribute)
}

fn value(one: &Value) -> String {
    format!("{} = {}{}", one.variable, values(&one.values), source(&one.origin))
}

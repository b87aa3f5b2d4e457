//! Renders the explanation of one group.

use super::section_writer::{SectionWriter, format_origin, join_values, pad_end, quote_names};
use crate::explain::explanation::{
    ExplainedClause, ExplainedGroup, ExplainedRule, ExplainedVariable, MembershipCause,
};

/// Renders the membership in a group with its reasons.
pub(super) fn render_group(lines: &mut SectionWriter, group: &ExplainedGroup) {
    let is = match (group.member, lines.select_by_tense("now", "then")) {
        (true, "now") => "is in",
        (false, "now") => "is not in",
        (true, _) => "was in",
        (false, _) => "was not in",
    };
    let since = group.joined_on.map_or_else(String::new, |day| format!(" since {day}"));
    let made = if group.exists {
        ""
    } else {
        lines.select_by_tense(", which is not there", ", which was not there")
    };
    let (who, day) = (lines.email.clone(), lines.format_day_suffix());
    lines.start_section(format!("`{who}` {is} `{}`{made}{day}{since}", group.group));
    for one in &group.because {
        if let Some(text) = format_reason(lines, one) {
            lines.push_line(text);
        }
    }
    for one in &group.rules {
        render_rule(lines, one);
    }
    if let Some(run) = group.ended.as_ref().filter(|_| !group.member) {
        let text = format!("was in it until {}", lines.format_run(Some(run)));
        lines.push_line(text);
    }
}

/// Renders one reason; `None` if the lines of the rule contain it.
fn format_reason(lines: &SectionWriter, because: &MembershipCause) -> Option<String> {
    let run = |run| lines.format_run(run);
    Some(match because {
        MembershipCause::ByHand { run: by } => format!("added by hand: {}", run(by.as_ref())),
        MembershipCause::Rule { rule, run: by, in_file: true } => {
            format!("by rule `{rule}` since {}", run(by.as_ref()))
        }
        MembershipCause::Rule { rule, run: by, in_file: false } => {
            format!("by rule `{rule}`, which the file no longer has, since {}", run(by.as_ref()))
        }
        MembershipCause::EndsNext { rule } => {
            format!("rule `{rule}` no longer gives it: the next run of the connector ends it")
        }
        MembershipCause::Left => {
            lines.select_by_tense("the learner has left", "the learner was not there").to_owned()
        }
        MembershipCause::Upcoming => {
            lines.select_by_tense("the learner has not started", "the learner had not started").to_owned()
        }
        MembershipCause::Suspended => {
            lines.select_by_tense("the learner is suspended", "the learner was suspended").to_owned()
        }
        MembershipCause::Waits { run: by } => {
            format!("added by hand, and waits for the learner: {}", run(by.as_ref()))
        }
        MembershipCause::Excluded { run: by, reason, until } => {
            let until = until.map_or_else(|| "lifted".to_owned(), |day| day.to_string());
            format!("kept out until {until}, {reason}: {}", run(by.as_ref()))
        }
        MembershipCause::DeletedGroup { run: by } => {
            format!("the group was deleted, and no rule makes it again: {}", run(by.as_ref()))
        }
        MembershipCause::HandMadeGroup { rule, run: Some(by) } => {
            format!(
                "the group was made by hand: rule `{rule}` feeds it once that is approved, shown by {}",
                run(Some(by))
            )
        }
        MembershipCause::HandMadeGroup { rule, run: None } => {
            format!("the group was made by hand: the next run asks whether rule `{rule}` may feed it")
        }
        MembershipCause::Held(decision)
        | MembershipCause::Rejected(decision)
        | MembershipCause::Undone(decision) => lines.format_decision(decision),
        MembershipCause::ClauseFalse { .. } => return None,
        MembershipCause::RuleFailed { rule, why } => {
            format!("rule `{rule}` could not be evaluated, what it gives stays as it is: {why}")
        }
        MembershipCause::OtherConnectors { rule, connectors } => {
            format!("rule `{rule}` is for people of {} alone", quote_names(connectors))
        }
        MembershipCause::OtherGroups { rule, groups } => {
            format!("rule `{rule}` names {} instead", quote_names(groups))
        }
        MembershipCause::NoValue { rule, attributes } => {
            format!("rule `{rule}` names no group: {} is empty", quote_names(attributes))
        }
        MembershipCause::NextRun { rule } => {
            let next = lines
                .select_by_tense("the next run of the connector gives it", "no run had acted on it then");
            format!("rule `{rule}` matches: {next}")
        }
        MembershipCause::Nothing => {
            "the learner was not added, and no rule of the file adds members to the group".to_owned()
        }
    })
}

/// A clause in a table: its text, its result, and the values that it reads.
struct ClauseRow {
    text: String,
    outcome: &'static str,
    values: String,
}

fn render_rule(lines: &mut SectionWriter, rule: &ExplainedRule) {
    let mut rows = Vec::new();
    rule.clauses.iter().for_each(|one| collect_clause_rows(&mut rows, one, 0));
    // What the name of the group reads besides.
    let shown =
        |one: &&ExplainedVariable| !rule.clauses.iter().any(|clause| reads_attribute(clause, &one.variable));
    let of_name = rule.values.iter().filter(shown).map(format_variable).collect::<Vec<_>>().join(", ");
    if !of_name.is_empty() {
        rows.push(ClauseRow { text: format!("group {}", rule.group), outcome: "", values: of_name });
    }
    let width = rows.iter().map(|row| row.text.chars().count()).max().unwrap_or(0);
    let states = rows.iter().map(|row| row.outcome.len()).max().unwrap_or(0);
    let head = format!("rule `{}`: ", rule.rule);
    for (at, row) in rows.iter().enumerate() {
        let head = if at == 0 { head.clone() } else { " ".repeat(head.chars().count()) };
        let (text, outcome) = (pad_end(&row.text, width), pad_end(row.outcome, states));
        lines.push_line(format!("{head}{text}  {outcome}  {}", row.values));
    }
}

fn collect_clause_rows(rows: &mut Vec<ClauseRow>, one: &ExplainedClause, depth: usize) {
    let outcome = match one.outcome {
        "true" => "true",
        "false" => "FALSE",
        "no_date" => "FALSE, no date",
        _ => "FAILED",
    };
    let of_leaf = one.values.iter().filter(|_| one.parts.is_empty()).map(format_variable);
    let text = format!("{}{}", "  ".repeat(depth), one.text);
    rows.push(ClauseRow { text, outcome, values: of_leaf.collect::<Vec<_>>().join(", ") });
    one.parts.iter().for_each(|part| collect_clause_rows(rows, part, depth + 1));
}

/// Returns true if a clause reads an attribute, by either of its names.
fn reads_attribute(one: &ExplainedClause, attribute: &str) -> bool {
    one.values.iter().any(|value| value.variable.strip_suffix("_all").unwrap_or(&value.variable) == attribute)
}

fn format_variable(one: &ExplainedVariable) -> String {
    format!("{} = {}{}", one.variable, join_values(&one.values), format_origin(&one.origin))
}

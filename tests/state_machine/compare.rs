//! The tables of rollcall and the model, line by line.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Display;

use super::reference_model::{
    CONNECTORS, LearnerKey, MembershipKey, ModelAssignmentTarget, ModelChange, ModelDecision, ModelDueDate,
    ReferenceModel,
};
use crate::support::company::Company;

/// Everything that both know, a line each: what it is, then its parts.
const TABLES: &str = "
    SELECT 'learner|' || l.id || '|' || l.status || '|' || l.active_since AS line FROM learners l
    UNION ALL
    SELECT 'person|' || p.learner_id || '|' || c.name || ':' || p.external_id || '|'
        || CASE WHEN p.present THEN 'here' ELSE 'gone' END
    FROM persons p JOIN connectors c ON c.id = p.connector_id
    UNION ALL
    SELECT 'hand|' || l.id || '|' || l.name FROM learners l WHERE l.by_hand
    UNION ALL
    SELECT 'group|' || g.name || '|' || CASE WHEN g.by_hand THEN 'hand' ELSE 'rule' END
    FROM groups g WHERE g.deleted_run_id IS NULL
    UNION ALL
    SELECT 'member|' || m.learner_id || '|' || g.name || '|' || CASE WHEN m.rule_id = 0 THEN '' ELSE r.name END || '|' || m.joined_on
    FROM memberships m JOIN groups g ON g.id = m.group_id JOIN rules r ON r.id = m.rule_id
    UNION ALL
    SELECT 'rests|' || d.learner_id || '|' || g.name
    FROM dormant_memberships d JOIN groups g ON g.id = d.group_id WHERE g.deleted_run_id IS NULL AND d.ended_run_id IS NULL
    UNION ALL
    SELECT 'excluded|' || x.learner_id || '|' || g.name
    FROM exclusions x JOIN groups g ON g.id = x.group_id
    WHERE x.lifted_run_id IS NULL AND g.deleted_run_id IS NULL
    UNION ALL
    SELECT 'assigned|' || COALESCE(CAST(s.learner_id AS TEXT), '') || '|' || c.code || '|' || COALESCE(g.name, '') || '|'
        || s.pattern || '|' || s.due_kind || '|' || COALESCE(CAST(s.due_on AS TEXT), CAST(s.due_days AS TEXT), '') || '|' || s.assigned_on
    FROM assignments s JOIN courses c ON c.id = s.course_id LEFT JOIN groups g ON g.id = s.group_id
    WHERE s.ended_run_id IS NULL
    UNION ALL
    SELECT 'enrolled|' || e.learner_id || '|' || c.code || '|' || e.state || '|' || COALESCE(CAST(e.due AS TEXT), '') || '|'
        || CASE WHEN e.completed_at IS NULL THEN 'open' ELSE 'done' END
    FROM enrollments e JOIN courses c ON c.id = e.course_id
    UNION ALL
    SELECT DISTINCT 'kept|' || k.learner_id || '|' || c.code || '|' || k.lost_on || '|' || k.due
    FROM kept_dues k JOIN courses c ON c.id = k.course_id WHERE k.ended_run_id IS NULL
    UNION ALL
    SELECT 'holds|' || COALESCE(CAST(h.learner_id AS TEXT), '') || '|' || n.name || '|' || h.state || '|' || h.kind || '|'
        || COALESCE(g.name, a.name, h.group_name, '') || '|' || COALESCE(CASE WHEN h.rule_id = 0 THEN '' ELSE r.name END, '') || '|'
        || CASE WHEN h.kind = 'assign' THEN upper(substr(h.external_id, 1, 1)) || substr(h.external_id, 3)
           ELSE COALESCE(c.code || s.pattern, '') END
    FROM held_changes h JOIN connectors n ON n.id = h.connector_id LEFT JOIN groups g ON g.id = h.group_id
    LEFT JOIN rules r ON r.id = h.rule_id LEFT JOIN assignments s ON s.id = h.assignment_id
    LEFT JOIN courses c ON c.id = s.course_id LEFT JOIN groups a ON a.id = s.group_id";

/// The tables, with learners called as the model calls them.
fn found(model: &ReferenceModel, company: &Company) -> Result<BTreeSet<String>, String> {
    let rows = company.sql(TABLES);
    let lines: Vec<String> = rows.into_iter().filter_map(|mut row| row.remove("line").flatten()).collect();
    let mut names: BTreeMap<String, LearnerKey> = BTreeMap::new();
    for line in &lines {
        let parts: Vec<&str> = line.split('|').collect();
        let who = match parts[0] {
            "person" => {
                let (connector, word) = parts[2].split_once(':').expect("a connector and a word");
                let at = CONNECTORS.iter().position(|one| *one == connector).expect("a connector");
                let person = model.persons.get(&(at, word.to_owned()));
                person.map(|person| person.who.clone()).ok_or_else(|| format!("nobody knows {line}"))?
            }
            "hand" => format!("hand:{}", parts[2]),
            _ => continue,
        };
        let same = names.insert(parts[1].to_owned(), who.clone());
        if same.is_some_and(|same| same != who) || names.values().filter(|one| **one == who).count() > 1 {
            return Err(format!("{who} is not one learner: {names:?}"));
        }
    }
    let named = lines.iter().map(|line| {
        let mut parts: Vec<&str> = line.split('|').collect();
        let has_learner = !matches!(parts[0], "group");
        if let Some(who) = names.get(parts[1]).filter(|_| has_learner) {
            parts[1] = who;
        }
        parts.join("|")
    });
    Ok(named.collect())
}

fn due(due: ModelDueDate) -> (&'static str, String) {
    match due {
        ModelDueDate::Never => ("none", String::new()),
        ModelDueDate::On(day) => ("fixed", day.to_string()),
        ModelDueDate::AfterJoining(days) => ("after_joining", days.to_string()),
        ModelDueDate::AfterStart(days) => ("after_start", days.to_string()),
    }
}

fn line(parts: &[&dyn Display]) -> String {
    parts.iter().map(ToString::to_string).collect::<Vec<_>>().join("|")
}

/// What the model says that the tables hold.
fn expected(model: &ReferenceModel) -> BTreeSet<String> {
    let mut lines = BTreeSet::new();
    let mut say = |parts: &[&dyn Display]| {
        lines.insert(line(parts));
    };
    let is_live = |group: usize| model.groups[group].deleted.is_none();
    let name = |group: usize| model.groups[group].name.as_str();
    for (who, learner) in &model.learners {
        say(&[&"learner", who, &learner.status.as_str(), &learner.active_since]);
        if learner.by_hand {
            say(&[&"hand", who, &who.trim_start_matches("hand:")]);
        }
    }
    for ((connector, word), person) in &model.persons {
        let id = format!("{}:{word}", CONNECTORS[*connector]);
        say(&[&"person", &person.who, &id, &if person.present { "here" } else { "gone" }]);
    }
    for group in model.groups.iter().filter(|group| group.deleted.is_none()) {
        say(&[&"group", &group.name, &if group.by_hand { "hand" } else { "rule" }]);
    }
    for (MembershipKey { group, rule, who }, given) in &model.members {
        say(&[&"member", who, &name(*group), rule, &given.joined]);
    }
    let resting = model.resting.iter().filter(|((group, _), one)| is_live(*group) && one.ended.is_none());
    for ((group, who), _) in resting {
        say(&[&"rests", who, &name(*group)]);
    }
    for ((group, who), exclusion) in &model.exclusions {
        if is_live(*group) && exclusion.lifted.is_none() {
            say(&[&"excluded", who, &name(*group)]);
        }
    }
    for one in model.assignments.iter().filter(|one| one.ended.is_none()) {
        let (kind, when) = due(one.due);
        let (who, group) = match &one.whom {
            ModelAssignmentTarget::Group(group) => ("", name(*group)),
            ModelAssignmentTarget::Learner(who) => (who.as_str(), ""),
        };
        say(&[
            &"assigned",
            &who,
            &one.course,
            &group,
            &one.pattern.unwrap_or(""),
            &kind,
            &when,
            &one.assigned,
        ]);
    }
    for ((who, course), one) in &model.enrollments {
        let due = one.due.map_or_else(String::new, |due| due.to_string());
        let state = if one.active { "active" } else { "revoked" };
        say(&[
            &"enrolled",
            who,
            course,
            &state,
            &due,
            &if one.completed.is_some() { "done" } else { "open" },
        ]);
    }
    for ((who, course), kept) in &model.kept {
        for one in kept.iter().filter(|one| one.ended.is_none()) {
            say(&[&"kept", who, course, &one.lost, &one.due]);
        }
    }
    for (guarded, connector) in model.guarded.iter().zip(CONNECTORS) {
        for (change, hold) in &guarded.holds {
            let state = match hold.decision {
                ModelDecision::Held => "held",
                ModelDecision::Rejected(_) => "rejected",
                ModelDecision::Undone(_) => "undone",
                ModelDecision::Dropped => "dropped",
            };
            let none = String::new();
            let (kind, who, group, rule, rest) = match change {
                ModelChange::Leave(who) => ("leave", who, "", "", String::new()),
                ModelChange::Record(connector, word) => {
                    let who = &model.persons[&(*connector, word.clone())].who;
                    ("record", who, "", "", String::new())
                }
                ModelChange::Give(one) => ("give", &one.who, name(one.group), one.rule, String::new()),
                ModelChange::End(one) => ("end", &one.who, name(one.group), one.rule, String::new()),
                ModelChange::Make(group) => ("group", &none, group.as_str(), "", String::new()),
                ModelChange::GiveNew(group, rule, who) => ("give", who, group.as_str(), *rule, String::new()),
                ModelChange::Assign(group, course, pattern) => {
                    ("assign", &none, name(*group), "", format!("{course}{pattern}"))
                }
                ModelChange::Unassign(at) => {
                    let one = &model.assignments[*at];
                    let group = match &one.whom {
                        ModelAssignmentTarget::Group(group) => name(*group),
                        ModelAssignmentTarget::Learner(_) => "",
                    };
                    ("unassign", &none, group, "", format!("{}{}", one.course, one.pattern.unwrap_or("")))
                }
            };
            say(&[&"holds", who, &connector, &state, &kind, &group, &rule, &rest]);
        }
    }
    lines
}

/// What the tables and the model do not agree on.
pub(super) fn differences(model: &ReferenceModel, company: &Company) -> Result<(), String> {
    let outside = model.members.keys().find(|reason| !model.learners[&reason.who].status.has_access());
    if let Some(reason) = outside {
        return Err(format!("who has left, or has not started, is a member of nothing: {reason:?}"));
    }
    let (found, expected) = (found(model, company)?, expected(model));
    let missing = expected.difference(&found).map(|line| format!("  the model has  {line}\n"));
    let more = found.difference(&expected).map(|line| format!("  rollcall has   {line}\n"));
    let all: String = missing.chain(more).collect();
    if all.is_empty() { Ok(()) } else { Err(all) }
}

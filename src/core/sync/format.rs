//! Plans, counts and held changes as text, the same for the command line and for pages.

use rustc_hash::{FxHashMap, FxHashSet};

use rollcall_model::attributes::{Attribute, STANDARD};
use rollcall_model::format::{count, thousands};
use rollcall_model::guard::ChangeKind;
use rollcall_model::ids::LearnerId;
use rollcall_model::names::ConnectorName;
use rollcall_model::status::{EmploymentStatus, LearnerStatus};
use rollcall_planner::ChangeSet;
use rollcall_planner::email_assignment::EmailOutcome;
use rollcall_planner::membership_plan::MembershipEntry;
use rollcall_planner::population::{LearnerIndex, PersonChange};
use rollcall_store::holds::HeldChangeRecord;
use rollcall_store::runs::RunCounts;
use rollcall_store::{Result, Store, learners};

/// The maximum number of lines of a plan or of held changes; the others are counted.
pub const MAX_LINES: usize = 40;

/// Display names of learners who have no address in the plan: `CONNECTOR:ID`, or as the database names them.
#[derive(Debug, Default)]
pub struct LearnerLabels {
    connector: String,
    stored: FxHashMap<LearnerId, String>,
    /// Learners whose address in the source belongs to another learner.
    without_address: FxHashSet<LearnerIndex>,
}

/// Returns the display names of the learners of a connector's plan who have no address; empty if the plan is summarized by
/// group.
///
/// # Errors
/// If the database fails.
pub async fn load_labels(
    store: &Store,
    connector: &ConnectorName,
    change_set: &ChangeSet,
) -> Result<LearnerLabels> {
    if !is_short(change_set) {
        return Ok(LearnerLabels::default());
    }
    let population = &change_set.population;
    let written: FxHashMap<LearnerIndex, bool> =
        change_set.learners.iter().map(|one| (one.who, one.address == EmailOutcome::Taken)).collect();
    let is_taken =
        |who: LearnerIndex| written.get(&who).copied().unwrap_or_else(|| population.learner(who).contested);
    let shown = change_set.plan.add.iter().chain(&change_set.plan.remove).map(|entry| entry.who);
    let shown: FxHashSet<LearnerIndex> = shown.collect();
    let without_address: FxHashSet<LearnerIndex> =
        shown.iter().copied().filter(|&who| is_taken(who)).collect();
    let nameless =
        shown.iter().filter(|who| without_address.contains(who) || population.cells(**who).is_none());
    let ids = nameless.filter_map(|&who| population.learner(who).id).map(|id| id.0).collect();
    let mut tx = store.begin_read().await?;
    let stored = learners::list_labels(&mut tx, ids).await?.into_iter().collect();
    Ok(LearnerLabels { connector: connector.to_string(), stored, without_address })
}

/// Returns true if a plan is shown with one line for each membership.
fn is_short(change_set: &ChangeSet) -> bool {
    change_set.plan.add.len() + change_set.plan.remove.len() <= MAX_LINES
}

/// Formats the counts of people and memberships of a run.
#[must_use]
pub fn summary(counts: &RunCounts) -> String {
    let changed = counts.people_new + counts.people_changed + counts.people_left;
    let unchanged = counts.people_read.saturating_sub(counts.people_new + counts.people_changed);
    let people = if changed == 0 {
        "no person changed".to_owned()
    } else {
        format!(
            "{} new, {} changed, {} left, {} unchanged",
            thousands(counts.people_new),
            thousands(counts.people_changed),
            thousands(counts.people_left),
            thousands(unchanged)
        )
    };
    let memberships = format!(
        "{} added, {} removed",
        count(counts.memberships_added, "membership", "memberships"),
        thousands(counts.memberships_removed)
    );
    format!("{people}; {memberships}")
}

/// Formats the counts of held changes of a run.
#[must_use]
pub fn held(counts: &RunCounts) -> String {
    let mut what = Vec::new();
    if counts.memberships_held > 0 {
        what.push(count(counts.memberships_held, "membership", "memberships"));
    }
    if counts.groups_held > 0 {
        what.push(count(counts.groups_held, "group", "groups"));
    }
    if counts.enrollments_held > 0 {
        what.push(count(counts.enrollments_held, "enrollment", "enrollments"));
    }
    let people = count(counts.people_held, "person", "people");
    match what.as_slice() {
        [] if counts.people_held > 0 => people,
        [] => "an assignment of the file".to_owned(),
        _ if counts.people_held > 0 => format!("{} of {people}", what.join(", ")),
        _ => what.join(", "),
    }
}

/// Formats a held change as a line.
#[must_use]
pub fn change(change: &HeldChangeRecord) -> String {
    let text = |value: &Option<String>| value.clone().unwrap_or_default();
    let (who, group) = (text(&change.email), text(&change.group));
    let by = change.rule.as_ref().map_or_else(String::new, |rule| format!(" (rule `{rule}`)"));
    match change.kind {
        ChangeKind::Leave => format!(" - {who} leaves"),
        ChangeKind::Record => format!(" ~ {who} changes"),
        ChangeKind::Rekey => format!(" ~ {who} has a new id"),
        ChangeKind::Group => format!(" + group {group}"),
        ChangeKind::Meet => format!(" + group {group} gets members{by}"),
        ChangeKind::Give => format!(" + {who}  {group}{by}"),
        ChangeKind::Unassign => format!(" - course {} for {group}", text(&change.course)),
        ChangeKind::Assign => format!(" + course {} for {group}", text(&change.course)),
        ChangeKind::End => format!(" - {who}  {group}{by}"),
    }
}

/// Formats a plan: one line for each membership, with its reason; a large plan is summarized by group.
#[must_use]
pub fn lines(change_set: &ChangeSet, names: &LearnerLabels) -> Vec<String> {
    let plan = &change_set.plan;
    if !is_short(change_set) {
        return by_group(change_set);
    }
    let removals = plan.removals();
    let changes = plan.add.iter().map(|entry| ('+', entry)).chain(removals.iter().map(|entry| ('-', entry)));
    let rows: Vec<(char, String, &str, String)> = changes
        .map(|(sign, entry)| {
            let group = plan.groups[entry.group as usize].name.shown();
            (sign, label(change_set, names, entry.who), group, why(change_set, sign, entry))
        })
        .collect();
    let who = width(rows.iter().map(|row| row.1.as_str()));
    let group = width(rows.iter().map(|row| row.2));
    rows.iter()
        .map(|(sign, label, name, why)| {
            format!(" {sign} {label:who$}  {name:group$}  {why}").trim_end().to_owned()
        })
        .collect()
}

fn width<'a>(texts: impl Iterator<Item = &'a str>) -> usize {
    texts.map(|text| text.chars().count()).max().unwrap_or(0)
}

/// Formats the number of members who join and leave each group, largest changes first.
fn by_group(change_set: &ChangeSet) -> Vec<String> {
    let plan = &change_set.plan;
    let mut changes = vec![(0_u64, 0_u64); plan.groups.len()];
    plan.add.iter().for_each(|entry| changes[entry.group as usize].0 += 1);
    plan.removals().iter().for_each(|entry| changes[entry.group as usize].1 += 1);
    let mut rows: Vec<(&str, u64, u64)> = plan
        .groups
        .iter()
        .zip(changes)
        .filter(|(_, (added, removed))| added + removed > 0)
        .map(|(group, (added, removed))| (group.name.shown(), added, removed))
        .collect();
    rows.sort_by_key(|(_, added, removed)| std::cmp::Reverse(added + removed));
    let name = width(rows.iter().take(MAX_LINES).map(|row| row.0));
    let mut lines: Vec<String> = rows
        .iter()
        .take(MAX_LINES)
        .map(|(group, added, removed)| {
            let removed = if *removed == 0 { String::new() } else { format!("  -{}", thousands(*removed)) };
            format!("   {group:name$}  +{}{removed}", thousands(*added))
        })
        .collect();
    if rows.len() > MAX_LINES {
        lines.push(format!("   … and {} more groups", thousands((rows.len() - MAX_LINES) as u64)));
    }
    lines
}

fn label(change_set: &ChangeSet, names: &LearnerLabels, who: LearnerIndex) -> String {
    let population = &change_set.population;
    let learner = population.learner(who);
    let is_taken = names.without_address.contains(&who);
    let email = population.first(who, Attribute::EMAIL);
    let id = population.first(who, Attribute::ID);
    // The database knows the person by the address until this plan is committed.
    let stored = learner.id.and_then(|id| names.stored.get(&id)).filter(|_| !is_taken || id.is_empty());
    if let Some(name) = stored {
        return name.clone();
    }
    if !email.is_empty() && !is_taken {
        return email.to_owned();
    }
    if let Some(row) = learner.row.filter(|_| !names.connector.is_empty()) {
        return format!("{}:{}", names.connector, population.people.id(row));
    }
    match (learner.id, population.name(who)) {
        (None, _) => id.to_owned(),
        (Some(id), name) if name.is_empty() => format!("learner {id}"),
        (Some(_), name) => name,
    }
}

/// Describes the last day of a learner who left by it, while the source's status is another one.
fn over(change_set: &ChangeSet, who: LearnerIndex) -> Option<String> {
    let population = &change_set.population;
    let value = |attribute: Attribute| {
        population.cells(who).map_or("", |cells| population.people.values.first(cells[attribute.index()]))
    };
    let says_left = EmploymentStatus::read(value(Attribute::STATUS)) == EmploymentStatus::Left;
    let end = value(Attribute::END_DATE);
    let is_over = population.learner(who).status == LearnerStatus::Left && !says_left && !end.is_empty();
    is_over.then(|| format!("end_date {end} is over"))
}

fn why(change_set: &ChangeSet, sign: char, entry: &MembershipEntry) -> String {
    let rule = &change_set.plan.rules[entry.rule as usize].name;
    let learner = change_set.population.learner(entry.who);
    if sign == '-' && !learner.status.has_access() {
        return match learner.change {
            PersonChange::Absent => "is no longer in the directory".to_owned(),
            PersonChange::Same | PersonChange::Changed | PersonChange::New | PersonChange::None => {
                over(change_set, entry.who)
                    .unwrap_or_else(|| format!("status is {}", learner.status.as_str()))
            }
        };
    }
    if entry.rule == 0 {
        return "by hand".to_owned();
    }
    let facts =
        [Attribute::DEPARTMENT, Attribute::LOCATION, Attribute::ROLE].into_iter().filter_map(|attribute| {
            let value = change_set.population.first(entry.who, attribute);
            let name = STANDARD[attribute.index()];
            (!value.is_empty()).then(|| format!("{name} = {value}"))
        });
    let facts = facts.collect::<Vec<_>>().join(", ");
    let verb = if sign == '+' { "rule" } else { "no longer by rule" };
    if facts.is_empty() { format!("{verb} `{rule}`") } else { format!("{facts} ({verb} `{rule}`)") }
}

/// Formats the number of held changes of a kind.
#[must_use]
pub fn kind(kind: ChangeKind, number: u64) -> String {
    match kind {
        ChangeKind::Leave => count(number, "learner leaves", "learners leave"),
        ChangeKind::Record => count(number, "learner changes", "learners change"),
        ChangeKind::Rekey => count(number, "learner has a new id", "learners have new ids"),
        ChangeKind::Group => count(number, "group is created", "groups are created"),
        ChangeKind::Meet => count(
            number,
            "group made by hand gets members by a rule",
            "groups made by hand get members by rules",
        ),
        ChangeKind::Give => count(number, "membership is added", "memberships are added"),
        ChangeKind::End => count(number, "membership is removed", "memberships are removed"),
        ChangeKind::Assign => count(number, "assignment of the file begins", "assignments of the file begin"),
        ChangeKind::Unassign => count(number, "assignment of the file ends", "assignments of the file end"),
    }
}

/// Formats a held change as a sentence.
#[must_use]
pub fn sentence(change: &HeldChangeRecord) -> String {
    let text = |value: &Option<String>| value.clone().unwrap_or_default();
    let (who, group) = (text(&change.email), text(&change.group));
    let by = change.rule.as_ref().map_or_else(String::new, |rule| format!(" by rule {rule}"));
    match change.kind {
        ChangeKind::Leave => format!("{who} leaves"),
        ChangeKind::Record => format!("{who} changes"),
        ChangeKind::Rekey => format!("{who} has a new id"),
        ChangeKind::Group => format!("group {group} is created"),
        ChangeKind::Meet => format!("group {group}, made by hand, gets members{by}"),
        ChangeKind::Give => format!("{who} is added to {group}{by}"),
        ChangeKind::Assign => format!("course {} is assigned to {group}", text(&change.course)),
        ChangeKind::Unassign => format!("course {} is no longer assigned to {group}", text(&change.course)),
        ChangeKind::End if by.is_empty() => format!("{who} is removed from {group}"),
        ChangeKind::End => format!("{who} is removed from {group}, no longer{by}"),
    }
}

//! Views of groups and their members.

use std::collections::BTreeMap;

use chrono::NaiveDate;
use serde::Serialize;
use utoipa::ToSchema;

use rollcall_core::groups::{MemberEffect, MembersUpdate};
use rollcall_model::ids::{GroupId, RuleId};
use rollcall_store::groups::{self as table, GroupSummary};
use rollcall_store::{Result, Tx};

/// A group.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = Group)]
pub struct GroupView {
    /// The number.
    pub id: i64,
    /// The name.
    pub name: String,
    /// The number of members.
    pub members: i64,
    /// The rules that add members.
    pub rules: Vec<String>,
    /// The number of assigned courses.
    pub assignments: i64,
}

impl GroupView {
    fn from_summary(one: GroupSummary, rules: Vec<String>) -> Self {
        Self { id: one.id, name: one.name, members: one.members, rules, assignments: one.assignments }
    }
}

/// Loads all groups, or one.
pub async fn list_groups(tx: &mut Tx, only: Option<GroupId>) -> Result<Vec<GroupView>> {
    let mut rules: BTreeMap<i64, Vec<String>> = BTreeMap::new();
    for (group, rule) in table::list_feeding_rules(tx).await? {
        rules.entry(group).or_default().push(rule);
    }
    let groups = table::list_summaries(tx, only).await?;
    Ok(groups
        .into_iter()
        .map(|one| {
            let of = rules.remove(&one.id).unwrap_or_default();
            GroupView::from_summary(one, of)
        })
        .collect())
}

/// A member of a group.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = Member)]
pub struct MemberView {
    /// The e-mail address, or `CONNECTOR:ID`.
    pub email: String,
    /// The name.
    pub name: String,
    /// `manual`, or `rule:NAME`.
    pub reasons: Vec<String>,
    /// The day of joining.
    pub joined_on: NaiveDate,
}

/// Formats a reason for a membership.
#[must_use]
pub fn format_reason(rule: RuleId, name: &str) -> String {
    if rule == RuleId::BY_HAND { "manual".to_owned() } else { format!("rule:{name}") }
}

/// Loads the members of a group.
pub async fn list_members(tx: &mut Tx, group: GroupId) -> Result<Vec<MemberView>> {
    let mut members: Vec<(i64, MemberView)> = Vec::new();
    for (learner, email, name, rule, rule_name, joined_on) in table::list_members(tx, group).await? {
        let reason = format_reason(rule, &rule_name);
        match members.last_mut().filter(|(last, _)| *last == learner) {
            Some((_, member)) => member.reasons.push(reason),
            None => members.push((learner, MemberView { email, name, reasons: vec![reason], joined_on })),
        }
    }
    Ok(members.into_iter().map(|(_, member)| member).collect())
}

/// A change of a group's members.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = Changed)]
pub struct MembersChange {
    /// The number of the change; null if nothing changed.
    pub run: Option<i64>,
    /// The group's name.
    pub group: String,
    /// The result for each learner.
    pub members: Vec<MemberResult>,
}

/// The result for one learner.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = Touched)]
pub struct MemberResult {
    /// The e-mail address, or `CONNECTOR:ID`.
    pub email: String,
    /// `added`, `alreadythere`, `waits`, `removed`, `excluded` or `notthere`.
    pub effect: &'static str,
}

fn effect_name(effect: MemberEffect) -> &'static str {
    match effect {
        MemberEffect::Added => "added",
        MemberEffect::AlreadyThere => "alreadythere",
        MemberEffect::Waits => "waits",
        MemberEffect::Removed => "removed",
        MemberEffect::Excluded => "excluded",
        MemberEffect::NotThere => "notthere",
    }
}

impl From<&MembersUpdate> for MembersChange {
    fn from(members: &MembersUpdate) -> Self {
        let touched = members
            .effects
            .iter()
            .map(|(learner, one)| MemberResult { email: learner.email.clone(), effect: effect_name(*one) });
        Self {
            run: members.done.map(|done| done.run.0),
            group: members.group.clone(),
            members: touched.collect(),
        }
    }
}

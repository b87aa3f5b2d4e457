//! Groups and their members.

use std::collections::BTreeMap;

use chrono::NaiveDate;
use serde::Serialize;
use utoipa::ToSchema;

use crate::groups::{Effect, Members};
use crate::model::ids::{GroupId, RuleId};
use crate::store::groups::{self as table, Summary};
use crate::store::{Result, Tx};

/// A group.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct Group {
    /// The number.
    pub id: i64,
    /// The name.
    pub name: String,
    /// How many learners are in it.
    pub members: i64,
    /// The rules that feed it.
    pub rules: Vec<String>,
    /// How many courses are assigned to it.
    pub assignments: i64,
}

impl Group {
    fn of(one: Summary, rules: Vec<String>) -> Self {
        Self { id: one.id, name: one.name, members: one.members, rules, assignments: one.assignments }
    }
}

/// Every group, or one.
///
/// # Errors
/// When the database refuses.
pub async fn summaries(tx: &mut Tx, only: Option<GroupId>) -> Result<Vec<Group>> {
    let mut rules: BTreeMap<i64, Vec<String>> = BTreeMap::new();
    for (group, rule) in table::feeding(tx).await? {
        rules.entry(group).or_default().push(rule);
    }
    let groups = table::summaries(tx, only).await?;
    Ok(groups
        .into_iter()
        .map(|one| {
            let of = rules.remove(&one.id).unwrap_or_default();
            Group::of(one, of)
        })
        .collect())
}

/// A member of a group.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct Member {
    /// The address, or what stands for it.
    pub email: String,
    /// The name.
    pub name: String,
    /// `manual`, or `rule:NAME`.
    pub reasons: Vec<String>,
    /// The day of joining.
    pub joined_on: NaiveDate,
}

/// A reason for a membership.
#[must_use]
pub fn reason(rule: RuleId, name: &str) -> String {
    if rule == RuleId::BY_HAND { "manual".to_owned() } else { format!("rule:{name}") }
}

/// Every member of a group.
///
/// # Errors
/// When the database refuses.
pub async fn members_of(tx: &mut Tx, group: GroupId) -> Result<Vec<Member>> {
    let mut members: Vec<(i64, Member)> = Vec::new();
    for (learner, email, name, rule, rule_name, joined_on) in table::members(tx, group).await? {
        let reason = reason(rule, &rule_name);
        match members.last_mut().filter(|(last, _)| *last == learner) {
            Some((_, member)) => member.reasons.push(reason),
            None => members.push((learner, Member { email, name, reasons: vec![reason], joined_on })),
        }
    }
    Ok(members.into_iter().map(|(_, member)| member).collect())
}

/// A change of a group's members.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct Changed {
    /// The number of the change; none when nothing changed.
    pub run: Option<i64>,
    /// The group's name.
    pub group: String,
    /// What became of whom.
    pub members: Vec<Touched>,
}

/// What became of one learner.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct Touched {
    /// The address, or what stands for it.
    pub email: String,
    /// `added`, `alreadythere`, `waits`, `removed`, `excluded` or `notthere`.
    pub effect: &'static str,
}

fn effect(effect: Effect) -> &'static str {
    match effect {
        Effect::Added => "added",
        Effect::AlreadyThere => "alreadythere",
        Effect::Waits => "waits",
        Effect::Removed => "removed",
        Effect::Excluded => "excluded",
        Effect::NotThere => "notthere",
    }
}

impl From<&Members> for Changed {
    fn from(members: &Members) -> Self {
        let touched = members
            .effects
            .iter()
            .map(|(learner, one)| Touched { email: learner.email.clone(), effect: effect(*one) });
        Self {
            run: members.done.map(|done| done.run.0),
            group: members.group.clone(),
            members: touched.collect(),
        }
    }
}

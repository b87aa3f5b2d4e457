//! Making, renaming, deleting and restoring groups.

use chrono::TimeDelta;
use serde_json::{Value, json};

use crate::enrollment::assign;
use crate::enrollment::change::{Change, Done, When};
use crate::groups::members::give_by_hand;
use crate::groups::{Error, Result, Which, Who, find};
use crate::model::guard::Limits;
use crate::model::ids::{GroupId, RunId};
use crate::model::names::{GroupName, fold};
use crate::model::words::count;
use crate::store::assignments::{self, Whom};
use crate::store::groups::Group;
use crate::store::runs::About;
use crate::store::{Store, Tx, groups, learners, memberships};

/// How long a deleted group can be restored.
pub const RESTORABLE: TimeDelta = TimeDelta::days(30);

/// Makes a group with these members; answers its number too.
///
/// # Errors
/// When the name cannot be one or is taken, or a member is unknown.
pub async fn create(
    store: &Store,
    about: &About,
    when: When,
    name: &str,
    members: impl Into<Who<'_>>,
) -> Result<(GroupId, Done)> {
    let name = GroupName::parse(name)?;
    let mut change = Change::begin(store, about, when).await?;
    if let Some(there) = groups::by_name(&mut change.tx, &name).await? {
        return Err(Error::GroupExists { name: there.name });
    }
    let members = members.into().find(&mut change.tx).await?;
    let group = groups::make(&mut change.tx, &name, true, change.run).await?;
    give_by_hand(&mut change, group, &members, &[]).await?;
    let made = json!({"group": group, "name": name.shown(), "members": members.len()});
    change.note(&Value::Null, &made).await?;
    Ok((group, change.commit().await?))
}

/// Gives a group another name, and changes nothing else.
///
/// # Errors
/// When there is no such group, or the new name cannot be one or is taken.
pub async fn rename(
    store: &Store,
    about: &About,
    when: When,
    group: impl Into<Which<'_>>,
    new: &str,
) -> Result<Done> {
    let new = GroupName::parse(new)?;
    let mut change = Change::begin(store, about, when).await?;
    let group = find(&mut change.tx, group).await?;
    let taken = groups::by_name(&mut change.tx, &new).await?.filter(|there| there.id != group.id);
    if let Some(there) = taken {
        return Err(Error::GroupExists { name: there.name });
    }
    groups::rename(&mut change.tx, group.id, &new, change.run).await?;
    let found = json!({"group": group.id, "name": group.name});
    change.note(&found, &json!({"group": group.id, "name": new.shown()})).await?;
    Ok(change.commit().await?)
}

/// What goes with a group.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Going {
    /// Members.
    pub members: i64,
    /// Assignments.
    pub assignments: i64,
    /// Members who lose a course that nothing else gives them.
    pub learners: i64,
    /// Enrollments that end.
    pub enrollments: i64,
    /// Learners with access on the platform.
    pub of_learners: i64,
}

impl Going {
    /// What goes, in words.
    #[must_use]
    pub fn in_words(&self) -> String {
        let memberships = count(self.members.unsigned_abs(), "membership", "memberships");
        let assignments = count(self.assignments.unsigned_abs(), "assignment", "assignments");
        format!("{memberships} and {assignments}")
    }

    /// Whether more goes than a sync may take away unasked: then the name of the group is asked for.
    #[must_use]
    pub fn is_large(&self, limits: &Limits) -> bool {
        let going = self.members.unsigned_abs();
        going > limits.max_removals_total || going > limits.removals_of(self.of_learners.unsigned_abs())
    }
}

/// What would go if a group were deleted.
///
/// # Errors
/// When there is no such group.
pub async fn going(store: &Store, group: impl Into<Which<'_>>) -> Result<Going> {
    let mut tx = store.read().await?;
    let group = find(&mut tx, group).await?;
    with(&mut tx, group.id).await
}

async fn with(tx: &mut Tx, group: GroupId) -> Result<Going> {
    let summary = groups::summaries(tx, Some(group)).await?;
    let (members, assignments) = summary.first().map_or((0, 0), |one| (one.members, one.assignments));
    let (learners, enrollments) = groups::losing(tx, group).await?;
    let of_learners = learners::with_access(tx).await?;
    Ok(Going { members, assignments, learners, enrollments, of_learners })
}

/// How whoever deletes a group has said that they mean it.
#[derive(Debug, Clone, Copy)]
pub enum Meant<'a> {
    /// They were asked otherwise, or nobody is there to be asked.
    Surely,
    /// By its name: it must be right where it was given, and given where more goes than these limits.
    Named(Option<&'a str>, &'a Limits),
}

impl Meant<'_> {
    async fn check(self, tx: &mut Tx, group: &Group) -> Result<()> {
        match self {
            Self::Surely => Ok(()),
            Self::Named(Some(name), _) if fold(name) == group.name_folded => Ok(()),
            Self::Named(Some(name), _) => {
                Err(Error::OtherName { name: group.name.clone(), given: name.to_owned() })
            }
            Self::Named(None, limits) => {
                let going = with(tx, group.id).await?;
                if going.is_large(limits) {
                    return Err(Error::NameNeeded { name: group.name.clone(), going });
                }
                Ok(())
            }
        }
    }
}

/// Deletes a group: its memberships and its assignments end. It can be restored for 30 days.
///
/// # Errors
/// When there is no such group, or its name is needed and is not given.
pub async fn delete(
    store: &Store,
    about: &About,
    when: When,
    group: impl Into<Which<'_>>,
    meant: Meant<'_>,
) -> Result<Done> {
    let mut change = Change::begin(store, about, when).await?;
    let group = find(&mut change.tx, group).await?;
    meant.check(&mut change.tx, &group).await?;
    let assigned = assignments::in_force(&mut change.tx, Some(Whom::Group(group.id)), None).await?;
    let assigned: Vec<_> = assigned.iter().map(|one| one.id).collect();
    assign::end(&mut change, &assigned).await?;
    let members = memberships::of_group(&mut change.tx, group.id).await?;
    change.only_members([], members).await?;
    let run = change.run;
    groups::delete(&mut change.tx, group.id, run, when.now).await?;
    change.note(&json!({"group": group.id, "name": group.name}), &Value::Null).await?;
    Ok(change.commit().await?)
}

/// Restores a deleted group with its members, assignments and due dates. Who left meanwhile comes back with the next
/// return.
///
/// # Errors
/// When no group of that name was deleted in the last 30 days, or its name is taken by now.
pub async fn restore(store: &Store, about: &About, when: When, name: &str) -> Result<Done> {
    let parsed = GroupName::parse(name)?;
    let mut change = Change::begin(store, about, when).await?;
    if let Some(there) = groups::by_name(&mut change.tx, &parsed).await? {
        return Err(Error::GroupExists { name: there.name });
    }
    let deleted = groups::deleted(&mut change.tx, &parsed).await?;
    let recent = deleted.filter(|group| group.deleted_at.is_some_and(|at| when.now - at <= RESTORABLE));
    let Some((group, ended)) = recent.and_then(|group| Some((group.id, RunId(group.deleted_run_id?)))) else {
        return Err(Error::NotDeleted { name: name.to_owned() });
    };
    groups::undelete(&mut change.tx, group).await?;
    let members = memberships::ended_by(&mut change.tx, ended, group).await?;
    change.only_members(members, []).await?;
    memberships::rejoin(&mut change.tx, ended, group).await?;
    let assigned = assignments::unend(&mut change.tx, group, ended).await?;
    change.assignments(&assigned).await?;
    change.note(&Value::Null, &json!({"group": group, "name": parsed.shown()})).await?;
    Ok(change.commit().await?)
}

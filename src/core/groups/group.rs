//! Creation, renaming, deletion and restoration of groups.

use chrono::TimeDelta;
use serde_json::{Value, json};

use crate::enrollment::assign;
use crate::enrollment::change::{ChangeTime, ChangeTransaction, CommittedChange};
use crate::groups::members::add_manual_memberships;
use crate::groups::{GroupError, GroupRef, LearnerRef, Result, find_group};
use rollcall_model::format::count;
use rollcall_model::guard::SafetyLimits;
use rollcall_model::ids::{GroupId, RunId};
use rollcall_model::names::{GroupName, fold};
use rollcall_store::assignments::{self, AssignmentTarget};
use rollcall_store::groups::Group;
use rollcall_store::runs::NewRun;
use rollcall_store::{Store, Tx, groups, learners, memberships};

/// Time in which a deleted group can be restored.
pub const RESTORE_PERIOD: TimeDelta = TimeDelta::days(30);

/// Makes a group with these members; answers its number too.
///
/// # Errors
/// If the name is not valid or is taken, or a member is unknown.
pub async fn create_group(
    store: &Store,
    about: &NewRun,
    when: ChangeTime,
    name: &str,
    members: impl Into<LearnerRef<'_>>,
) -> Result<(GroupId, CommittedChange)> {
    let name = GroupName::parse(name)?;
    let mut change = ChangeTransaction::begin(store, about, when).await?;
    if let Some(there) = groups::get_by_name(&mut change.tx, &name).await? {
        return Err(GroupError::GroupExists { name: there.name });
    }
    let members = members.into().resolve(&mut change.tx).await?;
    let group = groups::create(&mut change.tx, &name, true, change.run).await?;
    add_manual_memberships(&mut change, group, &members, &[]).await?;
    let made = json!({"group": group, "name": name.shown(), "members": members.len()});
    change.record_before_after(&Value::Null, &made).await?;
    Ok((group, change.commit().await?))
}

/// Gives a group another name, and changes nothing else.
///
/// # Errors
/// If there is no such group, or the new name is not valid or is taken.
pub async fn rename_group(
    store: &Store,
    about: &NewRun,
    when: ChangeTime,
    group: impl Into<GroupRef<'_>>,
    new: &str,
) -> Result<CommittedChange> {
    let new = GroupName::parse(new)?;
    let mut change = ChangeTransaction::begin(store, about, when).await?;
    let group = find_group(&mut change.tx, group).await?;
    let taken = groups::get_by_name(&mut change.tx, &new).await?.filter(|there| there.id != group.id);
    if let Some(there) = taken {
        return Err(GroupError::GroupExists { name: there.name });
    }
    groups::rename(&mut change.tx, group.id, &new, change.run).await?;
    let found = json!({"group": group.id, "name": group.name});
    change.record_before_after(&found, &json!({"group": group.id, "name": new.shown()})).await?;
    Ok(change.commit().await?)
}

/// Counts of what the deletion of a group removes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DeletionImpact {
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

impl DeletionImpact {
    /// Formats the counts of what is deleted.
    #[must_use]
    pub fn in_words(&self) -> String {
        let memberships = count(self.members.unsigned_abs(), "membership", "memberships");
        let assignments = count(self.assignments.unsigned_abs(), "assignment", "assignments");
        format!("{memberships} and {assignments}")
    }

    /// Returns true if the deletion exceeds the safety limits. The name of the group must then confirm it.
    #[must_use]
    pub fn is_large(&self, limits: &SafetyLimits) -> bool {
        limits.is_large_removal(self.members.unsigned_abs(), self.of_learners.unsigned_abs())
    }
}

/// Loads the impact of the deletion of a group.
///
/// # Errors
/// When there is no such group.
pub async fn load_deletion_impact(store: &Store, group: impl Into<GroupRef<'_>>) -> Result<DeletionImpact> {
    let mut tx = store.begin_read().await?;
    let group = find_group(&mut tx, group).await?;
    count_deletion_impact(&mut tx, group.id).await
}

async fn count_deletion_impact(tx: &mut Tx, group: GroupId) -> Result<DeletionImpact> {
    let summary = groups::list_summaries(tx, Some(group)).await?;
    let (members, assignments) = summary.first().map_or((0, 0), |one| (one.members, one.assignments));
    let (learners, enrollments) = groups::count_lost_access(tx, group).await?;
    let of_learners = learners::count_with_access(tx).await?;
    Ok(DeletionImpact { members, assignments, learners, enrollments, of_learners })
}

/// Confirmation of a deletion.
#[derive(Debug, Clone, Copy)]
pub enum DeletionConfirmation<'a> {
    /// Confirmed by other means, or no user is present.
    Confirmed,
    /// By its name: it must be right where it was given, and given where more goes than these limits.
    ByName(Option<&'a str>, &'a SafetyLimits),
}

impl DeletionConfirmation<'_> {
    async fn check(self, tx: &mut Tx, group: &Group) -> Result<()> {
        match self {
            Self::Confirmed => Ok(()),
            Self::ByName(Some(name), _) if fold(name) == group.name_folded => Ok(()),
            Self::ByName(Some(name), _) => {
                Err(GroupError::OtherName { name: group.name.clone(), given: name.to_owned() })
            }
            Self::ByName(None, limits) => {
                let going = count_deletion_impact(tx, group.id).await?;
                if going.is_large(limits) {
                    return Err(GroupError::NameNeeded { name: group.name.clone(), going });
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
pub async fn delete_group(
    store: &Store,
    about: &NewRun,
    when: ChangeTime,
    group: impl Into<GroupRef<'_>>,
    meant: DeletionConfirmation<'_>,
) -> Result<CommittedChange> {
    let mut change = ChangeTransaction::begin(store, about, when).await?;
    let group = find_group(&mut change.tx, group).await?;
    meant.check(&mut change.tx, &group).await?;
    let assigned =
        assignments::list_active(&mut change.tx, Some(AssignmentTarget::Group(group.id)), None).await?;
    let assigned: Vec<_> = assigned.iter().map(|one| one.id).collect();
    assign::end_assignments(&mut change, &assigned).await?;
    let members = memberships::list_by_group(&mut change.tx, group.id).await?;
    change.change_memberships([], members).await?;
    let run = change.run;
    groups::delete(&mut change.tx, group.id, run, when.now).await?;
    change.record_before_after(&json!({"group": group.id, "name": group.name}), &Value::Null).await?;
    Ok(change.commit().await?)
}

/// Restores a deleted group with its members, assignments and due dates. Who left meanwhile comes back with the next
/// return.
///
/// # Errors
/// When no group of that name was deleted in the last 30 days, or its name is taken by now.
pub async fn restore_group(
    store: &Store,
    about: &NewRun,
    when: ChangeTime,
    name: &str,
) -> Result<CommittedChange> {
    let parsed = GroupName::parse(name)?;
    let mut change = ChangeTransaction::begin(store, about, when).await?;
    if let Some(there) = groups::get_by_name(&mut change.tx, &parsed).await? {
        return Err(GroupError::GroupExists { name: there.name });
    }
    let deleted = groups::get_deleted(&mut change.tx, &parsed).await?;
    let recent = deleted.filter(|group| group.deleted_at.is_some_and(|at| when.now - at <= RESTORE_PERIOD));
    let Some((group, ended)) = recent.and_then(|group| Some((group.id, RunId(group.deleted_run_id?)))) else {
        return Err(GroupError::NotDeleted { name: name.to_owned() });
    };
    let run = change.run;
    groups::restore(&mut change.tx, group, run).await?;
    let members = memberships::list_ended_by(&mut change.tx, ended, group).await?;
    change.change_memberships(members, []).await?;
    memberships::restore_join_dates(&mut change.tx, ended, group).await?;
    let assigned = assignments::restore_ended(&mut change.tx, group, ended, run).await?;
    change.enqueue_assignments(&assigned).await?;
    change.record_before_after(&Value::Null, &json!({"group": group, "name": parsed.shown()})).await?;
    Ok(change.commit().await?)
}

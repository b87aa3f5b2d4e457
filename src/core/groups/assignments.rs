//! Manual assignment of courses to groups and learners.

use serde_json::{Value, json};

use crate::enrollment::assign::{self as assigning, AssignmentOutcome};
use crate::enrollment::change::{ChangeTime, ChangeTransaction, CommittedChange};
use crate::groups::{
    DeletionConfirmation, GroupError, GroupRef, Result, find_course, find_group, find_learner,
};
use rollcall_model::definition_source::DefinitionSource;
use rollcall_model::due_policy::DuePolicy;
use rollcall_model::format::count;
use rollcall_model::guard::SafetyLimits;
use rollcall_model::ids::{AssignmentId, CourseId};
use rollcall_model::names::fold;
use rollcall_store::assignments::{self, Assignment, AssignmentTarget, DueDateUpdate};
use rollcall_store::runs::NewRun;
use rollcall_store::{Store, Tx, groups, learners};

/// Target of an assignment request.
#[derive(Debug, Clone, Copy)]
pub enum AssignmentTargetRef<'a> {
    /// Every member of a group.
    Group(GroupRef<'a>),
    /// One learner, by what the learner is called.
    Learner(&'a str),
}

/// Course and due date to assign.
#[derive(Debug, Clone, Copy)]
pub struct AssignRequest<'a> {
    /// The course's code.
    pub course: &'a str,
    /// Due date policy.
    pub due: DuePolicy,
    /// Minimum number of days for late joiners of a fixed due date.
    pub late_days: u32,
}

/// Result of an assignment request.
#[derive(Debug)]
pub struct AssignResult {
    /// The change; none when everything was just so.
    pub done: Option<CommittedChange>,
    /// For each target, in order: its name, and what became of it.
    pub outcomes: Vec<(String, AssignmentOutcome)>,
}

async fn resolve_target(tx: &mut Tx, target: AssignmentTargetRef<'_>) -> Result<(AssignmentTarget, String)> {
    Ok(match target {
        AssignmentTargetRef::Group(which) => {
            let group = find_group(tx, which).await?;
            (AssignmentTarget::Group(group.id), group.name)
        }
        AssignmentTargetRef::Learner(text) => {
            let learner = find_learner(tx, text).await?;
            (AssignmentTarget::Learner(learner.id), learner.email)
        }
    })
}

fn due_to_json(due: DuePolicy, late_days: u32) -> Value {
    json!({"kind": due.kind(), "on": due.fixed(), "days": due.days(), "late_days": late_days})
}

/// Assigns a course by hand to groups or learners, or gives the assignments by hand that are there another due date.
///
/// # Errors
/// When the course, a group or a learner is unknown; nothing is changed then.
pub async fn assign_course(
    store: &Store,
    about: &NewRun,
    when: ChangeTime,
    asked: AssignRequest<'_>,
    targets: &[AssignmentTargetRef<'_>],
) -> Result<AssignResult> {
    let mut change = ChangeTransaction::begin(store, about, when).await?;
    let course = find_course(&mut change.tx, asked.course).await?;
    let mut names = Vec::new();
    let mut whom = Vec::new();
    for target in targets {
        let (one, name) = resolve_target(&mut change.tx, *target).await?;
        if !whom.contains(&one) {
            whom.push(one);
            names.push(name);
        }
    }
    let (due, late) = (asked.due, asked.late_days);
    let outcomes = assigning::assign_all(&mut change, CourseId(course.id), &whom, due, late).await?;
    let done = if outcomes.iter().all(|one| *one == AssignmentOutcome::Unchanged) {
        change.tx.rollback().await?;
        None
    } else {
        let made = json!({"course": course.code, "to": names, "due": due_to_json(due, late)});
        change.record_before_after(&Value::Null, &made).await?;
        Some(change.commit().await?)
    };
    Ok(AssignResult { done, outcomes: names.into_iter().zip(outcomes).collect() })
}

async fn find_assignment(tx: &mut Tx, id: AssignmentId) -> Result<Assignment> {
    assignments::get_active(tx, id).await?.ok_or(GroupError::NoAssignment { id: id.0 })
}

/// Checks that an assignment is manual and still has the due date that the user saw.
fn check_editable(there: &Assignment, seen: Option<(DuePolicy, u32)>) -> Result<()> {
    if there.source == DefinitionSource::File {
        return Err(GroupError::AssignmentFromFile { code: there.code.clone() });
    }
    if seen.is_some_and(|seen| seen != (there.due, there.late_days)) {
        return Err(GroupError::DueChangedSince { code: there.code.clone() });
    }
    Ok(())
}

/// Changes the due date of a manual assignment; none if it has this date already. `seen` is the date that was shown to
/// the user.
///
/// # Errors
/// When it has ended, comes from the file, or was given another date since it was seen.
pub async fn change_due_date(
    store: &Store,
    about: &NewRun,
    when: ChangeTime,
    id: AssignmentId,
    seen: Option<(DuePolicy, u32)>,
    new: (DuePolicy, u32),
) -> Result<Option<CommittedChange>> {
    let mut change = ChangeTransaction::begin(store, about, when).await?;
    let there = find_assignment(&mut change.tx, id).await?;
    check_editable(&there, seen)?;
    let now = (there.due, there.late_days);
    if now == new {
        change.tx.rollback().await?;
        return Ok(None);
    }
    let (due, late_days) = new;
    assigning::change_due_dates(&mut change, &[DueDateUpdate { assignment: id, due, late_days }]).await?;
    let found = json!({"course": there.code, "due": due_to_json(now.0, now.1)});
    change
        .record_before_after(&found, &json!({"course": there.code, "due": due_to_json(due, late_days)}))
        .await?;
    Ok(Some(change.commit().await?))
}

/// Counts of what the end of an assignment takes away.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct UnassignImpact {
    /// Learners who have the course through it.
    pub reached: i64,
    /// Those of them whom nothing else gives the course.
    pub losing: i64,
    /// Learners with access on the platform.
    pub of_learners: i64,
}

impl UnassignImpact {
    /// Names the people who lose the course.
    #[must_use]
    pub fn in_words(&self) -> String {
        count(self.losing.unsigned_abs(), "learner", "learners")
    }

    /// Returns true if the end exceeds the safety limits. A page then asks for the name of the group or the address of the
    /// learner.
    #[must_use]
    pub fn is_large(&self, limits: &SafetyLimits) -> bool {
        limits.is_large_removal(self.losing.unsigned_abs(), self.of_learners.unsigned_abs())
    }

    /// Returns true if a command or a request must confirm the end.
    fn needs_confirmation(&self, limits: &SafetyLimits) -> bool {
        limits.needs_confirmation(self.losing.unsigned_abs(), self.of_learners.unsigned_abs())
    }
}

/// Loads the impact of the end of an assignment.
pub async fn load_unassign_impact(store: &Store, id: AssignmentId) -> Result<UnassignImpact> {
    count_unassign_impact(&mut store.begin_read().await?, id).await
}

async fn count_unassign_impact(tx: &mut Tx, id: AssignmentId) -> Result<UnassignImpact> {
    let (reached, losing) = assignments::count_lost_access(tx, id).await?;
    let of_learners = learners::count_with_access(tx).await?;
    Ok(UnassignImpact { reached, losing, of_learners })
}

async fn check_confirmation(tx: &mut Tx, there: &Assignment, meant: DeletionConfirmation<'_>) -> Result<()> {
    let DeletionConfirmation::ByName(given, limits) = meant else { return Ok(()) };
    let name = target_name(tx, there.target).await?.unwrap_or_default();
    match given {
        Some(given) if fold(given) == fold(&name) => Ok(()),
        Some(given) => Err(GroupError::OtherTarget { name, given: given.to_owned() }),
        None => {
            let impact = count_unassign_impact(tx, there.id).await?;
            if impact.needs_confirmation(limits) {
                return Err(GroupError::UnassignmentUnconfirmed { code: there.code.clone(), name, impact });
            }
            Ok(())
        }
    }
}

/// Ends a manual assignment by id. `seen` is the due date that was shown to the user.
///
/// # Errors
/// When it has ended, comes from the file, or was given another date since it was seen; if the name of the group or the
/// address of the learner is needed and is not given.
pub async fn end_assignment(
    store: &Store,
    about: &NewRun,
    when: ChangeTime,
    id: AssignmentId,
    seen: Option<(DuePolicy, u32)>,
    meant: DeletionConfirmation<'_>,
) -> Result<CommittedChange> {
    let mut change = ChangeTransaction::begin(store, about, when).await?;
    let there = find_assignment(&mut change.tx, id).await?;
    check_editable(&there, seen)?;
    check_confirmation(&mut change.tx, &there, meant).await?;
    end_and_record(change, &there).await
}

/// Returns the name of the group or the address of the learner.
async fn target_name(tx: &mut Tx, whom: AssignmentTarget) -> Result<Option<String>> {
    Ok(match whom {
        AssignmentTarget::Group(group) => groups::get(tx, group).await?.map(|group| group.name),
        AssignmentTarget::Learner(learner) => learners::get(tx, learner).await?.map(|learner| learner.email),
    })
}

/// Ends an assignment by hand, and notes what it was.
async fn end_and_record(mut change: ChangeTransaction, there: &Assignment) -> Result<CommittedChange> {
    let to: Vec<String> = target_name(&mut change.tx, there.target).await?.into_iter().collect();
    assigning::end_assignments(&mut change, &[there.id]).await?;
    let due = due_to_json(there.due, there.late_days);
    let found = json!({"course": there.code, "to": to, "due": due});
    change.record_before_after(&found, &Value::Null).await?;
    Ok(change.commit().await?)
}

/// Result of an unassignment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum UnassignResult {
    /// It has ended.
    Ended(CommittedChange),
    /// There is none by hand, but the file has one.
    FromFile,
    /// There is none.
    NotAssigned,
}

/// Ends an assignment by hand.
///
/// # Errors
/// When the course, the group or the learner is unknown, or a confirmation is missing.
pub async fn unassign_course(
    store: &Store,
    about: &NewRun,
    when: ChangeTime,
    code: &str,
    target: AssignmentTargetRef<'_>,
    meant: DeletionConfirmation<'_>,
) -> Result<UnassignResult> {
    let mut change = ChangeTransaction::begin(store, about, when).await?;
    let course = find_course(&mut change.tx, code).await?;
    let (whom, _) = resolve_target(&mut change.tx, target).await?;
    let there = assignments::list_active(&mut change.tx, Some(whom), Some(CourseId(course.id))).await?;
    let Some(one) = there.iter().find(|one| one.source == DefinitionSource::Hand) else {
        change.tx.rollback().await?;
        return Ok(if there.is_empty() { UnassignResult::NotAssigned } else { UnassignResult::FromFile });
    };
    check_confirmation(&mut change.tx, one, meant).await?;
    Ok(UnassignResult::Ended(end_and_record(change, one).await?))
}

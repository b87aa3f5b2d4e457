//! Restores a suspended learner, and evaluates the rules from the data as last read.
//!
//! The end of the suspension is a change by hand. If a connector of the file holds the learner, a second run evaluates
//! status and rules. If that run fails, the next sync evaluates them. Other learners get back at once what the suspension
//! took: no connector of the file would do that.

use rollcall_model::status::LearnerStatus;
use rollcall_planner::population::from_json;
use rollcall_planner::{ConnectorRecord, SuspensionState, status_on};
use serde_json::json;

use crate::enrollment::ChangeTransaction;
use crate::enrollment::change::{ChangeTime, CommittedChange};
use crate::groups::{GroupError, find_learner};
use crate::sync::File;
use crate::sync::link_learners::{LinkError, evaluate_rules};
use crate::sync::resync_learner::ResyncContext;
use rollcall_model::ids::{LearnerId, RuleId};
use rollcall_model::interner::Interner;
use rollcall_store::memberships::{self, MembershipReason};
use rollcall_store::runs::NewRun;
use rollcall_store::suspensions::Suspension;
use rollcall_store::{Result, Tx, explain, learner_links, persons, suspensions, undo};

/// Result of a restoration.
#[derive(Debug)]
pub struct RestorationResult {
    /// The end of the suspension.
    pub done: CommittedChange,
    /// The status that follows from the data as last read.
    pub status: LearnerStatus,
}

/// Ends the suspension of a learner, and gives the memberships that follow from the data as last read.
///
/// # Errors
/// [`LinkError::Refused`] if the learner is unknown or not suspended; [`LinkError::Undecided`] if the rules could not be
/// evaluated afterwards.
pub async fn restore_learner(
    anew: ResyncContext<'_>,
    about: &NewRun,
    when: ChangeTime,
    email: &str,
) -> std::result::Result<RestorationResult, LinkError> {
    let (done, learner) = end_suspension(anew, about, when, email).await?;
    evaluate_rules(anew, about, done.run, &[learner]).await?;
    let mut tx = anew.store.begin_read().await.map_err(GroupError::from)?;
    let status = rollcall_store::learners::get_status(&mut tx, learner).await.map_err(GroupError::from)?;
    Ok(RestorationResult { done, status })
}

async fn end_suspension(
    anew: ResyncContext<'_>,
    about: &NewRun,
    when: ChangeTime,
    email: &str,
) -> std::result::Result<(CommittedChange, LearnerId), GroupError> {
    let mut change = ChangeTransaction::begin(anew.store, about, when).await?;
    let learner = find_learner(&mut change.tx, email).await?;
    let Some(suspension) = suspensions::find_in_force(&mut change.tx, learner.id).await? else {
        return Err(GroupError::NotSuspended { email: learner.email });
    };
    let run = change.run;
    suspensions::lift(&mut change.tx, learner.id, run).await?;
    let holders = learner_links::list_connectors(&mut change.tx, learner.id).await?;
    let is_evaluated =
        anew.file.connectors.iter().any(|one| holders.iter().any(|name| one.name.as_str() == name));
    if !is_evaluated {
        let status = find_status(&mut change.tx, anew.file, when, learner.id).await?;
        let give = find_memberships(&mut change.tx, &suspension, learner.id).await?;
        let give = give.into_iter().filter(|_| status.has_access());
        change.stage_memberships(give, [], [learner.id]).await?;
        suspensions::change_status(&mut change.tx, learner.id, status, when.today, run).await?;
        change.apply_memberships().await?;
    }
    let state =
        |suspended: bool| json!({"learner": learner.id, "email": learner.email, "suspended": suspended});
    change.record_before_after(&state(true), &state(false)).await?;
    Ok((change.commit().await?, learner.id))
}

/// Returns the status of a learner whom no connector of the file holds.
async fn find_status(
    tx: &mut Tx,
    file: File<'_>,
    when: ChangeTime,
    learner: LearnerId,
) -> Result<LearnerStatus> {
    if explain::get_learner(tx, learner).await?.by_hand {
        return Ok(LearnerStatus::Active);
    }
    let mut values = Interner::default();
    let stored = persons::list_by_learners(tx, vec![learner.0]).await?;
    let cells: Vec<_> = stored
        .iter()
        .filter(|record| record.present)
        .map(|record| from_json(file.attributes, &mut values, &record.attributes))
        .collect();
    let records: Vec<_> = cells.iter().map(|cells| ConnectorRecord { place: usize::MAX, cells }).collect();
    let suspension = SuspensionState::NotSuspended;
    Ok(status_on(when.today, &file.profiles(), &values, &records, suspension).status)
}

/// Returns the memberships that a suspension took, in groups that still exist.
async fn find_memberships(
    tx: &mut Tx,
    suspension: &Suspension,
    learner: LearnerId,
) -> Result<Vec<MembershipReason>> {
    let by_hand = memberships::list_dormant_of(tx, vec![learner.0]).await?.into_iter();
    let mut give: Vec<MembershipReason> =
        by_hand.map(|(group, learner)| MembershipReason { group, rule: RuleId::BY_HAND, learner }).collect();
    let by_rule = undo::list_ended(tx, suspension.run_id).await?.into_iter();
    give.extend(
        by_rule
            .filter(|one| one.rule_id != RuleId::BY_HAND && !one.group_deleted)
            .map(|one| MembershipReason { group: one.group_id, rule: one.rule_id, learner: one.learner_id }),
    );
    Ok(give)
}

//! Suspension of a learner by hand: all access ends now, and no source gives it back.
//!
//! A suspension is a change by hand. It ends the memberships of the learner as leaving does: memberships by hand are
//! dormant, progress is kept. [`rollcall_planner::status_on`] puts the suspension before all records, so that no run gives
//! memberships to the learner. [`crate::sync::restore_learner`] ends a suspension.

use chrono::{DateTime, Utc};
use serde_json::json;

use crate::enrollment::ChangeTransaction;
use crate::enrollment::change::{ChangeTime, CommittedChange};
use crate::groups::{GroupError, Result, find_learner};
use rollcall_model::status::LearnerStatus;
use rollcall_store::learners::Learner;
use rollcall_store::memberships::MembershipReason;
use rollcall_store::runs::NewRun;
use rollcall_store::suspensions::Suspension;
use rollcall_store::{Store, Tx, learner_links, suspensions};

/// Result of a suspension.
#[derive(Debug)]
pub enum SuspensionResult {
    /// The learner was suspended.
    Suspended(CommittedChange),
    /// The learner was suspended before.
    Before {
        /// The actor who suspended the learner.
        actor: String,
        /// The time of the suspension.
        at: DateTime<Utc>,
    },
}

/// Suspends a learner: access to all groups' courses ends, progress is kept.
///
/// # Errors
/// If the learner is unknown, or the database fails. Nothing is changed then.
pub async fn suspend_learner(
    store: &Store,
    about: &NewRun,
    when: ChangeTime,
    email: &str,
) -> Result<SuspensionResult> {
    let mut change = ChangeTransaction::begin(store, about, when).await?;
    let learner = find_learner(&mut change.tx, email).await?;
    if let Some(Suspension { actor, started_at, .. }) =
        suspensions::find_in_force(&mut change.tx, learner.id).await?
    {
        change.tx.rollback().await?;
        return Ok(SuspensionResult::Before { actor, at: started_at });
    }
    let reasons = learner_links::list_memberships(&mut change.tx, learner.id).await?.into_iter();
    let end: Vec<MembershipReason> =
        reasons.map(|(group, rule)| MembershipReason { group, rule, learner: learner.id }).collect();
    change.stage_memberships([], end, [learner.id]).await?;
    let run = change.run;
    let status = LearnerStatus::Suspended;
    suspensions::create(&mut change.tx, learner.id, run).await?;
    suspensions::change_status(&mut change.tx, learner.id, status, when.today, run).await?;
    change.apply_memberships().await?;
    let state =
        |status: LearnerStatus| json!({"learner": learner.id, "email": learner.email, "status": status});
    change.record_before_after(&state(learner.status), &state(status)).await?;
    Ok(SuspensionResult::Suspended(change.commit().await?))
}

/// Refuses a change of a learner who is suspended.
pub(super) async fn refuse_if_suspended(tx: &mut Tx, learner: &Learner) -> Result<()> {
    match suspensions::find_in_force(tx, learner.id).await? {
        Some(_) => Err(GroupError::Suspended { email: learner.email.clone() }),
        None => Ok(()),
    }
}

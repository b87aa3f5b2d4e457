//! Links two learners or removes a link, and evaluates the rules for them again.
//!
//! The link is a manual change ([`crate::groups::learner_links`]). The rules are evaluated for the merged attributes in a
//! second run. If that run fails, the link remains and the next sync evaluates the rules.

use crate::enrollment::change::ChangeTime;
use crate::groups;
use crate::groups::learner_links::{self, LinkResult};
use crate::sync::resync_learner::{ResyncContext, resync_learner};
use rollcall_model::ids::{LearnerId, RunId};
use rollcall_store::runs::NewRun;

/// The reason why a link or a restoration was not made or not completed.
#[derive(Debug, thiserror::Error)]
pub enum LinkError {
    /// The link was refused. Nothing was changed.
    #[error(transparent)]
    Refused(#[from] groups::GroupError),
    /// The link was made, but the rules could not be evaluated.
    #[error("the change is saved (run {run}), but the rules could not be re-evaluated")]
    Undecided {
        /// The number of the change.
        run: RunId,
        /// The reason.
        #[source]
        cause: Box<super::SyncError>,
    },
}

impl LinkError {
    /// The hint for [`LinkError::Undecided`].
    pub const HINT: &'static str = "the next sync re-evaluates the rules; do not repeat the change";
}

/// Links two learners: `first` stays.
///
/// # Errors
/// [`LinkError::Refused`] if a learner is unknown, they are linked already, or one connector holds both;
/// [`LinkError::Undecided`] if the rules could not be evaluated afterwards.
pub async fn link(
    anew: ResyncContext<'_>,
    about: &NewRun,
    when: ChangeTime,
    [first, second]: [&str; 2],
) -> Result<LinkResult, LinkError> {
    let linked = learner_links::link_learners(anew.store, about, when, first, second).await?;
    evaluate_rules(anew, about, linked.done.run, &[linked.learner.id]).await?;
    Ok(linked)
}

/// Removes the link of two learners that [`link`] made.
///
/// # Errors
/// [`LinkError::Refused`] if a learner is unknown or they are not linked; [`LinkError::Undecided`] if the rules could not
/// be evaluated afterwards.
pub async fn unlink(
    anew: ResyncContext<'_>,
    about: &NewRun,
    when: ChangeTime,
    [first, second]: [&str; 2],
) -> Result<LinkResult, LinkError> {
    let parted = learner_links::unlink_learners(anew.store, about, when, first, second).await?;
    evaluate_rules(anew, about, parted.done.run, &[parted.learner.id, parted.other]).await?;
    Ok(parted)
}

/// Evaluates the rules for some learners after the change `run`.
pub(super) async fn evaluate_rules(
    anew: ResyncContext<'_>,
    about: &NewRun,
    run: RunId,
    learners: &[LearnerId],
) -> Result<(), LinkError> {
    let about = NewRun { description: format!("rules, after: {}", about.description), ..about.clone() };
    for learner in learners {
        resync_learner(anew, *learner, &about)
            .await
            .map_err(|cause| LinkError::Undecided { run, cause: Box::new(cause) })?;
    }
    Ok(())
}

//! Making two learners one, or two again, and letting the rules decide anew for whoever is concerned.
//!
//! The link is a change by hand of its own ([`crate::groups::learner_links`]); what the rules make of the merged attributes is
//! the run after it. When that run fails the link stands, and the next sync decides.

use crate::enrollment::change::ChangeTime;
use crate::groups;
use crate::groups::learner_links::{self, LinkResult};
use crate::sync::resync_learner::{ResyncContext, resync_learner};
use rollcall_model::ids::{LearnerId, RunId};
use rollcall_store::runs::NewRun;

/// Why two learners are not what was asked, or not quite.
#[derive(Debug, thiserror::Error)]
pub enum LinkError {
    /// It was refused. Nothing was changed.
    #[error(transparent)]
    Refused(#[from] groups::GroupError),
    /// It is done, but the rules have not decided.
    #[error("it is done (run {run}), but the rules could not decide anew")]
    Undecided {
        /// The change that is done.
        run: RunId,
        /// Why the rules could not.
        #[source]
        cause: Box<super::SyncError>,
    },
}

impl LinkError {
    /// What to do when the rules have not decided.
    pub const HINT: &'static str = "the next sync decides; nothing needs to be done again";
}

/// Makes two learners one: `first` stays.
///
/// # Errors
/// [`LinkError::Refused`] when one is unknown, both are one already, or a connector holds both at once;
/// [`LinkError::Undecided`] when the rules could not decide afterwards.
pub async fn link(
    anew: ResyncContext<'_>,
    about: &NewRun,
    when: ChangeTime,
    [first, second]: [&str; 2],
) -> Result<LinkResult, LinkError> {
    let linked = learner_links::link_learners(anew.store, about, when, first, second).await?;
    decide(anew, about, linked.done.run, &[linked.learner.id]).await?;
    Ok(linked)
}

/// Parts two learners whom [`link`] made one.
///
/// # Errors
/// [`LinkError::Refused`] when one is unknown, or they are not linked; [`LinkError::Undecided`] when the rules could not
/// decide afterwards.
pub async fn unlink(
    anew: ResyncContext<'_>,
    about: &NewRun,
    when: ChangeTime,
    [first, second]: [&str; 2],
) -> Result<LinkResult, LinkError> {
    let parted = learner_links::unlink_learners(anew.store, about, when, first, second).await?;
    decide(anew, about, parted.done.run, &[parted.learner.id, parted.other]).await?;
    Ok(parted)
}

async fn decide(
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

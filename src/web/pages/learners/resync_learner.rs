//! Sync of one learner with the directories.

use axum::Extension;
use axum::extract::{Path, State};

use super::learner_detail;
use crate::WebContext;
use crate::actions::resync_learner;
use crate::error::{PageError, format_sentence};
use crate::form_data::FormData;
use crate::layout::FieldError;
use crate::pages::PageResult;
use rollcall_core::accounts::Principal;
use rollcall_core::sync::{RunOutcome, RunReport};
use rollcall_model::format::count;
use rollcall_model::ids::LearnerId;
use rollcall_store::learners;

pub(in crate::pages) async fn submit_resync(
    State(web): State<WebContext>,
    Path(id): Path<i64>,
    Extension(who): Extension<Principal>,
) -> PageResult {
    let learner = {
        let mut tx = web.store.begin_read().await?;
        learners::get(&mut tx, LearnerId(id)).await?
    };
    let learner = learner.ok_or_else(|| PageError::Missing { what: "the learner".to_owned() })?;
    if !rollcall_model::names::is_address(&learner.email) {
        let fault =
            FieldError::new("", "This learner has no e-mail address to search for in the directories.");
        return learner_detail::render_learner(&web, &who, id, &FormData::default(), Vec::new(), vec![fault])
            .await;
    }
    let (mut outcome, mut faults) = (Vec::new(), Vec::new());
    for report in resync_learner(&web, &who, &learner.email).await? {
        match format_report(&report) {
            Ok(text) => outcome.push(text),
            Err(text) => faults.push(FieldError::new("", text)),
        }
    }
    learner_detail::render_learner(&web, &who, id, &FormData::default(), outcome, faults).await
}

fn format_report(report: &RunReport) -> Result<String, String> {
    let name = &report.connector;
    let number = |number, one, many| count(number, one, many);
    Ok(match &report.outcome {
        RunOutcome::Failed(error) => return Err(format_sentence(&error.to_string())),
        RunOutcome::Unchanged => format!("{name}: nothing has changed."),
        RunOutcome::Applied | RunOutcome::Held | RunOutcome::Planned => format!(
            "{name}: {} read, {} added, {} removed.",
            number(report.counts.people_read, "person", "people"),
            number(report.counts.memberships_added, "membership", "memberships"),
            number(report.counts.memberships_removed, "membership", "memberships"),
        ),
    })
}

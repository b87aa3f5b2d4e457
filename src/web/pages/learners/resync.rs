//! Asking the directories for one learner again.

use axum::extract::{Path, State};

use super::one;
use crate::accounts::Principal;
use crate::model::ids::LearnerId;
use crate::model::words::count;
use crate::store::learners;
use crate::sync::{RunOutcome, RunReport};
use crate::web::WebContext;
use crate::web::asking::resync_learner;
use crate::web::form::FormData;
use crate::web::frame::FieldError;
use crate::web::pages::PageResult;
use crate::web::trouble::{PageError, format_sentence};

pub(in crate::web::pages) async fn submit_resync(State(web): State<WebContext>, Path(id): Path<i64>, who: Principal) -> PageResult {
    let learner = {
        let mut tx = web.store.begin_read().await?;
        learners::get(&mut tx, LearnerId(id)).await?
    };
    let learner = learner.ok_or_else(|| PageError::Missing { what: "the learner".to_owned() })?;
    if !crate::model::names::is_address(&learner.email) {
        let fault = FieldError::new("", "This learner has no address to ask the directories for.");
        return one::render_learner(&web, &who, id, &FormData::default(), Vec::new(), vec![fault]).await;
    }
    let (mut outcome, mut faults) = (Vec::new(), Vec::new());
    for report in resync_learner(&web, &who, &learner.email).await? {
        match format_report(&report) {
            Ok(text) => outcome.push(text),
            Err(text) => faults.push(FieldError::new("", text)),
        }
    }
    one::render_learner(&web, &who, id, &FormData::default(), outcome, faults).await
}

fn format_report(report: &RunReport) -> Result<String, String> {
    let name = &report.connector;
    let number = |number, one, many| count(number, one, many);
    Ok(match &report.outcome {
        RunOutcome::Failed(error) => return Err(format_sentence(&error.to_string())),
        RunOutcome::Unchanged => format!("{name}: nothing has changed."),
        RunOutcome::Applied | RunOutcome::Held | RunOutcome::Planned => format!(
            "{name}: {} read, {} given, {} ended.",
            number(report.counts.people_read, "person", "people"),
            number(report.counts.memberships_added, "membership", "memberships"),
            number(report.counts.memberships_removed, "membership", "memberships"),
        ),
    })
}

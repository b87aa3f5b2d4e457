//! Asking the directories for one learner again.

use axum::extract::{Path, State};

use super::one;
use crate::accounts::Principal;
use crate::model::ids::LearnerId;
use crate::model::words::count;
use crate::store::learners;
use crate::sync::{Outcome, Report};
use crate::web::Web;
use crate::web::asking::resync;
use crate::web::form::Form;
use crate::web::frame::Fault;
use crate::web::pages::Answer;
use crate::web::trouble::{Trouble, sentence};

pub(in crate::web::pages) async fn go(State(web): State<Web>, Path(id): Path<i64>, who: Principal) -> Answer {
    let learner = {
        let mut tx = web.store.read().await?;
        learners::by_number(&mut tx, LearnerId(id)).await?
    };
    let learner = learner.ok_or_else(|| Trouble::Missing { what: "the learner".to_owned() })?;
    if !crate::model::names::is_address(&learner.email) {
        let fault = Fault::new("", "This learner has no address to ask the directories for.");
        return one::shown(&web, &who, id, &Form::default(), Vec::new(), vec![fault]).await;
    }
    let (mut outcome, mut faults) = (Vec::new(), Vec::new());
    for report in resync(&web, &who, &learner.email).await? {
        match in_words(&report) {
            Ok(text) => outcome.push(text),
            Err(text) => faults.push(Fault::new("", text)),
        }
    }
    one::shown(&web, &who, id, &Form::default(), outcome, faults).await
}

fn in_words(report: &Report) -> Result<String, String> {
    let name = &report.connector;
    let number = |number, one, many| count(number, one, many);
    Ok(match &report.outcome {
        Outcome::Failed(error) => return Err(sentence(&error.to_string())),
        Outcome::Unchanged => format!("{name}: nothing has changed."),
        Outcome::Applied | Outcome::Held | Outcome::Planned => format!(
            "{name}: {} read, {} given, {} ended.",
            number(report.counts.people_read, "person", "people"),
            number(report.counts.memberships_added, "membership", "memberships"),
            number(report.counts.memberships_removed, "membership", "memberships"),
        ),
    })
}

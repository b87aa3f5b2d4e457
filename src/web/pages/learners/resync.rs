//! Asking the directories for one learner again.

use std::time::Duration;

use axum::extract::{Path, State};

use super::one;
use crate::accounts::Principal;
use crate::connectors::{Context, Progress, retry};
use crate::model::words::count;
use crate::store::learners;
use crate::sync::{self, Asked, Outcome, Report};
use crate::web::form::Form;
use crate::web::frame::Fault;
use crate::web::pages::Answer;
use crate::web::trouble::{Trouble, sentence};
use crate::web::{Web, aside};

/// How long somebody waits for a run that is under way.
const PATIENCE: Duration = Duration::from_secs(10);

pub(in crate::web::pages) async fn go(State(web): State<Web>, Path(id): Path<i64>, who: Principal) -> Answer {
    let learner = {
        let mut tx = web.store.read().await?;
        learners::by_numbers(&mut tx, vec![id]).await?.into_iter().next()
    };
    let learner = learner.ok_or_else(|| Trouble::Missing { what: "the learner".to_owned() })?;
    if !crate::model::names::is_address(&learner.email) {
        let fault = Fault::new("", "This learner has no address to ask the directories for.");
        return one::shown(&web, &who, id, &Form::default(), Vec::new(), vec![fault]).await;
    }
    let (mut outcome, mut faults) = (Vec::new(), Vec::new());
    let (asking, actor, email) = (web.clone(), who.actor.clone(), learner.email);
    for said in aside(move || async move { ask(&asking, actor, email).await }).await? {
        match said {
            Ok(text) => outcome.push(text),
            Err(text) => faults.push(Fault::new("", text)),
        }
    }
    one::shown(&web, &who, id, &Form::default(), outcome, faults).await
}

/// Asks every connector for one address; answers what each came to, in words.
async fn ask(web: &Web, actor: String, email: String) -> Vec<Result<String, String>> {
    let config = web.config();
    let reading =
        Context { cancel: web.stop.clone(), progress: Progress::default(), retry: retry::Policy::TYPED };
    let asked = Asked {
        actor,
        what: format!("resync `{email}`"),
        dry_run: false,
        only: Some(email),
        allow_removals: false,
        patience: PATIENCE,
        reading,
    };
    let mut said = Vec::new();
    for place in 0..config.connectors.len() {
        said.push(in_words(&sync::run(&web.store, config.for_sync(), place, &asked).await));
    }
    said
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

//! What a run would do now: a dry run behind the page, kept for whoever asked.

use askama::Template;
use axum::Json;
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Redirect};
use chrono::Utc;
use serde::{Deserialize, Serialize};
use serde_json::json;
use tracing::warn;

use super::start::{asked, find};
use crate::accounts::Principal;
use crate::connectors::Progress;
use crate::model::ids::DraftId;
use crate::model::problem::Problem;
use crate::model::words::count;
use crate::store::{Tx, drafts};
use crate::sync::{self, Outcome, Report, words};
use crate::web::Web;
use crate::web::frame::{Frame, Here};
use crate::web::pages::{Answer, page};
use crate::web::trouble::{Trouble, sentence};

/// The kind of draft.
const KIND: &str = "preview";

/// Problems that a preview keeps.
const PROBLEMS: usize = 50;

/// A preview, as it is kept.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
struct Preview {
    connector: String,
    done: bool,
    /// Why there is no plan.
    error: Option<String>,
    read: String,
    summary: String,
    lines: Vec<String>,
    held: Option<String>,
    because: Vec<String>,
    problems: Vec<Problem>,
    more_problems: usize,
}

#[derive(Template)]
#[template(path = "sync/preview.html")]
struct Page {
    frame: Frame,
    id: i64,
    preview: Preview,
}

pub(super) async fn begin(State(web): State<Web>, Path(name): Path<String>, who: Principal) -> Answer {
    let place = find(&web, &name)?;
    let Some(account) = who.account() else {
        return Err(Trouble::Bad { what: "a preview is for people".to_owned() });
    };
    let preview = Preview { connector: name.clone(), ..Preview::default() };
    let mut tx = web.store.write().await?;
    let id = drafts::begin(&mut tx, account, KIND, &write(&preview), Utc::now()).await?;
    tx.commit().await?;
    let asked = asked(&web, &who, format!("preview connector `{name}`"), true, Progress::default());
    let config = web.config();
    let behind = web.behind.clone();
    behind.begin(move || async move {
        let report = sync::run(&web.store, config.for_sync(), place, &asked).await;
        let kept = async {
            let preview = read(&web, preview, report).await?;
            let mut tx = web.store.write().await?;
            drafts::keep(&mut tx, id, &write(&preview), Utc::now()).await?;
            tx.commit().await
        };
        if let Err(error) = kept.await {
            warn!(%error, "a preview could not be kept");
        }
    });
    Ok(Redirect::to(&format!("/sync/previews/{id}")).into_response())
}

fn write(preview: &Preview) -> String {
    json!(preview).to_string()
}

/// The report of a dry run as its page shows it.
async fn read(web: &Web, preview: Preview, report: Report) -> crate::store::Result<Preview> {
    let done = Preview { done: true, ..preview };
    if let Outcome::Failed(error) = &report.outcome {
        return Ok(Preview { error: Some(sentence(&error.to_string())), ..done });
    }
    let Some(change_set) = &report.change_set else { return Ok(done) };
    let names = words::names(&web.store, change_set).await?;
    let people = count(report.counts.people_read, "person", "people");
    let mut because = change_set.held.causes.clone();
    because.extend(change_set.held.reasons.iter().map(|reason| reason.message.clone()));
    let mut problems = report.problems.clone();
    problems.truncate(PROBLEMS);
    Ok(Preview {
        read: format!("Read {people} in {:.1} s", report.took.as_secs_f64()),
        summary: words::summary(&report.counts),
        lines: words::lines(change_set, &names),
        held: report.is_held().then(|| words::held(&report.counts)),
        because: if report.is_held() { because } else { Vec::new() },
        more_problems: report.problems.len() - problems.len(),
        problems,
        ..done
    })
}

async fn find_kept(tx: &mut Tx, who: &Principal, id: i64) -> Result<Preview, Trouble> {
    let missing = || Trouble::Missing { what: "the preview".to_owned() };
    let account = who.account().ok_or_else(missing)?;
    let draft = drafts::find(tx, DraftId(id), account, KIND).await?.ok_or_else(missing)?;
    serde_json::from_str(&draft.answers).map_err(|_| missing())
}

pub(super) async fn show(State(web): State<Web>, Path(id): Path<i64>, who: Principal) -> Answer {
    let mut tx = web.store.read().await?;
    let preview = find_kept(&mut tx, &who, id).await?;
    let frame = Frame::new(&who, Here::Sync, format!("Preview of {}", preview.connector));
    page(&Page { frame, id, preview })
}

pub(super) async fn progress(State(web): State<Web>, Path(id): Path<i64>, who: Principal) -> Answer {
    let mut tx = web.store.read().await?;
    let preview = find_kept(&mut tx, &who, id).await?;
    Ok(Json(json!({"left": i32::from(!preview.done), "text": "Reading the directory"})).into_response())
}

//! What may take longer than somebody waits: approvals, undos, retirements. They go on behind a page of their own.
//!
//! A quick one is answered as if nobody had waited. Else the page says that it is being done, and afterwards what it
//! came to. Each is one transaction: where a service ended in the middle, the page asks the record of runs whether that
//! was before or after the commit, and says so.

use std::time::Duration;

use askama::Template;
use axum::Json;
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Redirect, Response};
use chrono::Utc;
use serde::{Deserialize, Serialize};
use serde_json::json;
use tokio::sync::oneshot;
use tracing::warn;

use crate::accounts::Principal;
use crate::model::ids::DraftId;
use crate::store::{Tx, drafts, nodes, runs};
use crate::sync::lease::holder;
use crate::web::Web;
use crate::web::frame::{Fault, Frame, Here};
use crate::web::pages::{Answer, page};
use crate::web::trouble::Trouble;

/// The kind of draft.
const KIND: &str = "deed";

/// How long somebody waits for the answer itself.
const QUICK: Duration = Duration::from_secs(2);

/// What is to be done.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(super) struct Order {
    /// What it is, as a title.
    pub title: String,
    /// What the record of changes will say of it.
    pub what: String,
    /// The page that it was asked for on.
    pub back: String,
}

/// How it ended.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) enum Ended {
    Came(Came),
    /// The page of this run says it.
    Run(i64),
    Refused {
        text: String,
        touched: Vec<String>,
    },
}

/// What came of it.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(super) struct Came {
    pub title: String,
    /// The run that it is about.
    pub run: i64,
    /// Its own number.
    pub number: i64,
    pub summary: String,
    pub lists: Vec<List>,
    /// The run that shows what still waits.
    pub newer: Option<i64>,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct List {
    pub title: String,
    pub lines: Vec<String>,
    pub more: usize,
}

/// An order as it is kept.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Kept {
    order: Order,
    actor: String,
    /// The newest run when it began.
    after: i64,
    /// The service that does it.
    holder: String,
    ended: Option<Ended>,
}

fn write(kept: &Kept) -> String {
    json!(kept).to_string()
}

/// Begins, and waits a moment: how it ended, or the answer that leads to the page of what is under way.
pub(super) async fn begin<F>(
    web: &Web,
    who: &Principal,
    order: Order,
    work: impl FnOnce() -> F + Send + 'static,
) -> Result<Result<Ended, Response>, Trouble>
where
    F: Future<Output = Result<Ended, Trouble>>,
{
    let Some(account) = who.account() else {
        return Err(Trouble::Bad { what: "this page is for people".to_owned() });
    };
    let mut tx = web.store.write().await?;
    let after = runs::newest(&mut tx).await?;
    let kept = Kept { order, actor: who.actor.clone(), after, holder: holder(), ended: None };
    let id = drafts::begin(&mut tx, account, KIND, &write(&kept), Utc::now()).await?;
    tx.commit().await?;
    let (tell, mut told) = oneshot::channel();
    let doing = web.behind.doing(id);
    let behind = web.clone();
    web.behind.begin(move || async move {
        let ended = work().await;
        // Nobody waits any longer: it is kept for whoever looks.
        if let Err(ended) = tell.send(ended) {
            keep(&behind, id, kept, ended).await;
        }
        drop(doing);
    });
    let waited = tokio::time::timeout(QUICK, &mut told).await;
    told.close();
    let ended = match waited {
        Ok(ended) => ended.map_err(|_| Trouble::Broken { what: "a deed came to no end".to_owned() })?,
        // It may have ended in this very moment.
        Err(_) => match told.try_recv() {
            Ok(ended) => ended,
            Err(_) => return Ok(Err(Redirect::to(&format!("/sync/deeds/{id}")).into_response())),
        },
    };
    let mut tx = web.store.write().await?;
    drafts::drop(&mut tx, id).await?;
    tx.commit().await?;
    ended.map(Ok)
}

async fn keep(web: &Web, id: DraftId, kept: Kept, ended: Result<Ended, Trouble>) {
    let ended = ended.unwrap_or_else(|trouble| Ended::Refused { text: trouble.text(), touched: Vec::new() });
    let kept = Kept { ended: Some(ended), ..kept };
    let written = async {
        let mut tx = web.store.write().await?;
        drafts::keep(&mut tx, id, &write(&kept), Utc::now()).await?;
        tx.commit().await
    };
    if let Err(error) = written.await {
        warn!(%error, "what something came to could not be kept, its page asks the record of runs");
    }
}

/// How far an order is.
enum Now {
    Doing,
    Ended(Ended),
    /// It is done; its run says what it came to.
    Done(i64),
    /// The service ended before it was done.
    Lost,
}

async fn look(web: &Web, who: &Principal, id: i64) -> Result<(Order, Now), Trouble> {
    let missing = || Trouble::Missing { what: "what was under way".to_owned() };
    let account = who.account().ok_or_else(missing)?;
    // Asked first: what ends between this and the reading has been kept by then.
    let is_here = web.behind.is_doing(DraftId(id));
    let mut tx = web.store.read().await?;
    let draft = drafts::find(&mut tx, DraftId(id), account, KIND).await?.ok_or_else(missing)?;
    let kept: Kept = serde_json::from_str(&draft.answers).map_err(|_| missing())?;
    let now = match kept.ended {
        Some(ended) => Now::Ended(ended),
        None if is_here || is_elsewhere(&mut tx, &kept.holder).await? => Now::Doing,
        None => match runs::said(&mut tx, kept.after, &kept.actor, &kept.order.what).await? {
            Some(run) => Now::Done(run),
            None => Now::Lost,
        },
    };
    Ok((kept.order, now))
}

/// Whether another service, which lives, is at it.
async fn is_elsewhere(tx: &mut Tx, service: &str) -> Result<bool, Trouble> {
    Ok(service != holder() && nodes::is_living(tx, service).await?)
}

#[derive(Template)]
#[template(path = "sync/deed.html")]
struct Page {
    frame: Frame,
    id: i64,
    order: Order,
    is_doing: bool,
    done: Option<i64>,
    touched: Vec<String>,
}

#[derive(Template)]
#[template(path = "sync/decided.html")]
struct CamePage {
    frame: Frame,
    came: Came,
}

/// The page of what came of it.
pub(super) fn came(who: &Principal, came: Came) -> Answer {
    page(&CamePage { frame: Frame::new(who, Here::Sync, came.title.clone()), came })
}

pub(super) async fn show(State(web): State<Web>, Path(id): Path<i64>, who: Principal) -> Answer {
    let (order, now) = look(&web, &who, id).await?;
    let mut faults = Vec::new();
    let mut shown = (false, None, Vec::new());
    match now {
        Now::Ended(Ended::Came(end)) => return came(&who, end),
        Now::Ended(Ended::Run(run)) => {
            return Ok(Redirect::to(&format!("/sync/runs/{run}")).into_response());
        }
        Now::Ended(Ended::Refused { text, touched }) => {
            faults.push(Fault::new("", text));
            shown.2 = touched;
        }
        Now::Doing => shown.0 = true,
        Now::Done(run) => shown.1 = Some(run),
        Now::Lost => {
            let text = "The service ended before this was done. Nothing of it was changed: do it again.";
            faults.push(Fault::new("", text));
        }
    }
    let (is_doing, done, touched) = shown;
    let frame = Frame::new(&who, Here::Sync, order.title.clone()).faults(faults);
    page(&Page { frame, id, order, is_doing, done, touched })
}

/// The same for the script of the page.
pub(super) async fn progress(State(web): State<Web>, Path(id): Path<i64>, who: Principal) -> Answer {
    let (_, now) = look(&web, &who, id).await?;
    let left = i32::from(matches!(now, Now::Doing));
    Ok(Json(json!({"left": left, "text": "This is being done"})).into_response())
}

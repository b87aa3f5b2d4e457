//! Every connector at a glance, and what waits.

use askama::Template;
use axum::extract::State;
use chrono::Utc;

use crate::accounts::Principal;
use crate::store::listing::runs;
use crate::sync::overview::{Glance, overview};
use crate::web::Web;
use crate::web::filters;
use crate::web::frame::{Fault, Frame, Here};
use crate::web::pages::groups::local;
use crate::web::pages::{Answer, answer};

#[derive(Template)]
#[template(path = "sync/overview.html")]
struct Page {
    frame: Frame,
    tab: &'static str,
    rows: Vec<Line>,
    waiting: Vec<(String, i64, i64)>,
    struck: Vec<String>,
}

struct Line {
    glance: Glance,
    last: String,
    state: String,
    next: String,
}

pub(super) async fn show(State(web): State<Web>, who: Principal) -> Answer {
    shown(&web, &who, Vec::new()).await
}

/// The page, with what was wrong with a button of it.
pub(super) async fn shown(web: &Web, who: &Principal, faults: Vec<Fault>) -> Answer {
    let config = web.config();
    let zone = config.timezone;
    let mut tx = web.store.read().await?;
    let all = overview(&mut tx, &config.connectors, Utc::now()).await?;
    let waiting = runs::waiting(&mut tx).await?;
    let line = |glance: Glance| Line {
        last: glance.last_started_at.map_or_else(String::new, |at| local(at, zone)),
        state: match (&glance.holder, glance.last_status.as_deref()) {
            (Some(_), _) => "running now".to_owned(),
            (None, Some("running")) => "interrupted".to_owned(),
            (None, status) => status.unwrap_or("never run").to_owned(),
        },
        next: glance.next_run_at.map_or_else(|| "by hand only".to_owned(), |at| local(at, zone)),
        glance,
    };
    let page = Page {
        frame: Frame::new(who, Here::Sync, "Sync").faults(faults),
        tab: "overview",
        rows: all.connectors.into_iter().map(line).collect(),
        waiting,
        struck: all.struck,
    };
    answer(page.frame.status(), &page)
}

//! The queue: how long it is, what it was lately, and what failed for good.

use askama::Template;
use axum::extract::{RawQuery, State};
use axum::http::StatusCode;
use axum::response::{Html, IntoResponse, Redirect};
use chrono::{TimeDelta, Utc};

use super::sync::{Plot, by_day};
use crate::accounts::Principal;
use crate::enrollment::parked;
use crate::model::words::count;
use crate::store::jobs::{self, Length};
use crate::store::listing::jobs::{self as listed, Failed};
use crate::store::listing::runs;
use crate::web::Web;
use crate::web::csv;
use crate::web::cursor::{Cursor, Place, cut};
use crate::web::form::Form;
use crate::web::frame::{Fault, Frame, Here};
use crate::web::pages::groups::local;
use crate::web::pages::{Answer, OPERATE, notice};
use crate::web::routes::Routes;

/// Days that are shown.
const DAYS: i64 = 30;

pub(super) fn routes(routes: Routes) -> Routes {
    routes.get("/jobs", OPERATE, show).get("/jobs.csv", OPERATE, csv).post("/jobs", OPERATE, go)
}

#[derive(Template)]
#[template(path = "jobs.html")]
struct Page {
    frame: Frame,
    length: Length,
    oldest: Option<String>,
    next_try: Option<String>,
    plot: Option<Plot>,
    rows: Vec<Failed>,
    chosen: Vec<i64>,
    next: Option<String>,
    is_first: bool,
}

async fn show(State(web): State<Web>, RawQuery(query): RawQuery, who: Principal) -> Answer {
    let query = Form::read(query.unwrap_or_default().as_bytes());
    shown(&web, &who, &query, Vec::new(), Vec::new()).await
}

async fn shown(web: &Web, who: &Principal, query: &Form, chosen: Vec<i64>, faults: Vec<Fault>) -> Answer {
    let (config, when) = (web.config(), web.when());
    let place = Place::of(query);
    let from = place.from();
    let mut tx = web.store.read().await?;
    let length = jobs::length(&mut tx, Utc::now()).await?;
    let oldest = listed::oldest(&mut tx).await?.map(|at| local(at, config.timezone));
    let points = runs::with_jobs(&mut tx, when.now - TimeDelta::days(DAYS)).await?;
    let days = by_day(
        &points,
        (when.today, DAYS, config.timezone),
        |one| one.started_at,
        |all| all.iter().map(|one| one.jobs).sum(),
    );
    let mut rows = listed::failed(&mut tx, from.id, from.limit).await?;
    let next = cut(&mut rows, |one| Cursor { text: String::new(), id: one.id });
    let status = if faults.is_empty() { StatusCode::OK } else { StatusCode::UNPROCESSABLE_ENTITY };
    let page = Page {
        frame: Frame::new(who, Here::Jobs, "Jobs").notice(notice(&mut tx, query).await?).faults(faults),
        next_try: length.next.map(|at| local(at, config.timezone)),
        length,
        oldest,
        plot: (!points.is_empty()).then(|| Plot::new("Jobs enqueued", &days)),
        rows,
        chosen,
        next,
        is_first: place.is_first(),
    };
    Ok((status, Html(page.render()?)).into_response())
}

async fn csv(State(web): State<Web>, _: Principal) -> Answer {
    let mut sheet = csv::Sheet::new(["job", "learner", "course", "tries", "cause", "run"]);
    let mut tx = web.store.read().await?;
    let mut after = 0;
    loop {
        let rows = listed::failed(&mut tx, after, csv::ROWS).await?;
        let Some(last) = rows.last() else { break };
        after = last.id;
        for one in &rows {
            let (id, tries, run) = (one.id.to_string(), one.attempts.to_string(), one.run_id.to_string());
            sheet.row([&id, &one.email, &one.course, &tries, &one.error, &run]);
        }
    }
    Ok(sheet.answer("failed-jobs.csv"))
}

/// Retries all or some, or drops some.
async fn go(State(web): State<Web>, who: Principal, form: Form) -> Answer {
    let chosen = form.numbers("job");
    let deed = form.text("do");
    if chosen.is_empty() && deed != "retry-all" {
        let fault = Fault::new("failed", "No job is chosen: tick those that are meant.");
        return shown(&web, &who, &Form::default(), Vec::new(), vec![fault]).await;
    }
    let jobs = count(chosen.len() as u64, "failed job", "failed jobs");
    let settled = match deed {
        "drop" => {
            let about = web.about(&who, format!("drop {jobs}"));
            parked::drop(&web.store, &about, web.when(), &chosen).await?
        }
        "retry" => {
            let about = web.about(&who, format!("retry {jobs}"));
            parked::retry(&web.store, &about, web.when(), &chosen).await?
        }
        _ => {
            let about = web.about(&who, "retry all failed jobs");
            parked::retry(&web.store, &about, web.when(), &[]).await?
        }
    };
    match settled {
        Some(settled) => Ok(Redirect::to(&format!("/jobs?run={}", settled.done.run)).into_response()),
        None => {
            let fault = Fault::new("", "None of these jobs has failed any longer.");
            shown(&web, &who, &Form::default(), Vec::new(), vec![fault]).await
        }
    }
}

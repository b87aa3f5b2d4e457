//! The queue: how long it is, how long it was lately, and what failed for good.

use askama::Template;
use axum::extract::State;
use axum::response::{IntoResponse, Redirect};
use chrono::{DateTime, Utc};
use chrono_tz::Tz;

use super::sync::Plot;
use crate::accounts::Principal;
use crate::enrollment::parked;
use crate::model::words::{count, thousands};
use crate::store::listing::jobs::{self as listed, COUNTED, Failed, Now};
use crate::store::queue::{self, Sample};
use crate::web::Web;
use crate::web::csv;
use crate::web::cursor::{Cursor, Place, cut};
use crate::web::filters;
use crate::web::form::{Form, Query};
use crate::web::frame::{Fault, Frame, Here};
use crate::web::pages::groups::local;
use crate::web::pages::{Answer, OPERATE, answer, notice};
use crate::web::routes::Routes;

/// The length of the queue in words, as far as it was counted.
pub(super) struct Said {
    pub ready: String,
    pub later: String,
    pub failed: String,
}

impl Said {
    pub fn of(queue: &Now) -> Self {
        let text = |number: i64, is_more| {
            let counted = number.min(COUNTED).unsigned_abs();
            if is_more { format!("more than {}", thousands(counted)) } else { thousands(counted) }
        };
        Self {
            ready: text(queue.ready, queue.ready + queue.later > COUNTED),
            later: text(queue.later, false),
            failed: text(queue.failed, queue.failed > COUNTED),
        }
    }
}

/// How far back the plots go, and the minutes of each bar.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Over {
    /// What stands in the address.
    name: &'static str,
    label: &'static str,
    minutes: i64,
    step: i64,
}

/// A quarter of an hour each has a sample wherever a service ran; six hours make the month as wide as the day.
const OVERS: [Over; 2] = [
    Over { name: "day", label: "Last 24 hours", minutes: 24 * 60, step: 15 },
    Over { name: "month", label: "Last 30 days", minutes: 30 * 24 * 60, step: 6 * 60 },
];

impl Over {
    fn of(query: &Form) -> Self {
        let wanted = query.text("over");
        OVERS.into_iter().find(|one| one.name == wanted).unwrap_or(OVERS[0])
    }

    /// The first minute, so that the last bar is the one that is now.
    fn from(self, now: DateTime<Utc>) -> i64 {
        (now.timestamp().div_euclid(60) - self.minutes).div_euclid(self.step) * self.step + self.step
    }
}

pub(super) fn routes(routes: Routes) -> Routes {
    routes.get("/jobs", OPERATE, show).get("/jobs.csv", OPERATE, csv).post("/jobs", OPERATE, go)
}

#[derive(Template)]
#[template(path = "jobs.html")]
struct Page {
    frame: Frame,
    said: Said,
    oldest: Option<String>,
    next_try: Option<String>,
    overs: [Over; 2],
    over: Over,
    plots: Vec<Plot>,
    rows: Vec<Failed>,
    chosen: Vec<i64>,
    next: Option<String>,
    is_first: bool,
}

async fn show(State(web): State<Web>, Query(query): Query, who: Principal) -> Answer {
    shown(&web, &who, &query, Vec::new(), Vec::new()).await
}

async fn shown(web: &Web, who: &Principal, query: &Form, chosen: Vec<i64>, faults: Vec<Fault>) -> Answer {
    let (zone, now) = (web.config().timezone, Utc::now());
    let place = Place::of(query);
    let from = place.from();
    let over = Over::of(query);
    let mut tx = web.store.read().await?;
    let queue = listed::now(&mut tx, now).await?;
    let samples = queue::steps(&mut tx, over.from(now), over.step).await?;
    let mut rows = listed::failed(&mut tx, from.id, from.limit).await?;
    let next = cut(&mut rows, |one| Cursor { text: String::new(), id: one.id });
    let page = Page {
        frame: Frame::new(who, Here::Jobs, "Jobs").notice(notice(&mut tx, query).await?).faults(faults),
        oldest: queue.oldest.map(|at| local(at, zone)),
        next_try: queue.next.map(|at| local(at, zone)),
        said: Said::of(&queue),
        overs: OVERS,
        over,
        plots: if samples.is_empty() { Vec::new() } else { plots(&samples, over, now, zone) },
        rows,
        chosen,
        next,
        is_first: place.is_first(),
    };
    answer(page.frame.status(), &page)
}

/// The whiles up to now, each with the most that was in it.
fn plots(samples: &[Sample], over: Over, now: DateTime<Utc>, zone: Tz) -> Vec<Plot> {
    let from = over.from(now);
    let starts = (0..over.minutes / over.step).map(|at| from + at * over.step);
    let whiles: Vec<(String, Option<&Sample>)> = starts
        .map(|start| {
            let at = DateTime::from_timestamp(start * 60, 0).unwrap_or_default();
            (local(at, zone), samples.iter().find(|one| one.minute == start))
        })
        .collect();
    let plot = |title, number: fn(&Sample) -> i64| {
        let numbers: Vec<(&str, Option<i64>)> =
            whiles.iter().map(|(name, sample)| (name.as_str(), sample.map(number))).collect();
        Plot::new(title, ("From", "from"), &numbers)
    };
    vec![
        plot("Jobs that wait", |one| one.waiting),
        plot("Minutes that the oldest has waited", |one| one.oldest_seconds / 60),
        plot("Jobs that failed for good", |one| one.failed),
    ]
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

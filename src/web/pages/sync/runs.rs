//! The list of runs.

use askama::Template;
use axum::extract::State;

use crate::accounts::Principal;
use crate::store::connectors;
use crate::store::listing::record::{self, Find, Record};
use crate::web::Web;
use crate::web::csv;
use crate::web::cursor::{Cursor, Place, cut};
use crate::web::filters;
use crate::web::form::{Form, Query};
use crate::web::frame::{Frame, Here};
use crate::web::pages::groups::local;
use crate::web::pages::{Answer, page};

/// How runs end.
const STATES: [&str; 5] = ["applied", "unchanged", "held", "failed", "running"];

#[derive(Template)]
#[template(path = "sync/runs.html")]
struct Page<'a> {
    frame: Frame,
    tab: &'static str,
    /// Each with whether it is chosen.
    connectors: Vec<(String, bool)>,
    states: [(&'static str, bool); 5],
    connector: &'a str,
    status: &'a str,
    rows: Vec<Line>,
    next: Option<String>,
    is_first: bool,
}

struct Line {
    record: Record,
    started: String,
    connector: String,
    seconds: String,
}

/// How long a run took, in seconds; empty while it runs.
pub(super) fn seconds(run: &crate::store::runs::Run) -> String {
    let took = run.finished_at.map(|end| (end - run.started_at).num_milliseconds());
    took.map_or_else(String::new, |took| {
        let tenths = (took.max(0) + 50) / 100;
        format!("{}.{}", tenths / 10, tenths % 10)
    })
}

fn place(one: &Record) -> Cursor {
    Cursor { text: String::new(), id: one.run.run }
}

fn find(query: &Form) -> Find<'_> {
    let connector = query.text("connector");
    Find { connector, status: query.text("status"), of_connectors: true, ..Find::default() }
}

pub(super) async fn show(State(web): State<Web>, Query(query): Query, who: Principal) -> Answer {
    let find = find(&query);
    let here = Place::of(&query);
    let from = here.from();
    let zone = web.config().timezone;
    let mut tx = web.store.read().await?;
    let mut rows = record::page(&mut tx, find, from.id, from.limit).await?;
    let next = cut(&mut rows, place);
    let line = |record: Record| Line {
        started: local(record.run.started_at, zone),
        connector: record.run.connector.clone().unwrap_or_default(),
        seconds: seconds(&record.run),
        record,
    };
    let page_of = Page {
        frame: Frame::new(&who, Here::Sync, "Runs"),
        tab: "runs",
        connectors: connectors::list(&mut tx)
            .await?
            .into_iter()
            .map(|row| (row.name.clone(), row.name == find.connector))
            .collect(),
        states: STATES.map(|one| (one, one == find.status)),
        connector: find.connector,
        status: find.status,
        rows: rows.into_iter().map(line).collect(),
        next,
        is_first: here.is_first(),
    };
    page(&page_of)
}

pub(super) async fn csv(State(web): State<Web>, Query(query): Query, _: Principal) -> Answer {
    let find = find(&query);
    let header = [
        "run",
        "connector",
        "kind",
        "status",
        "started",
        "seconds",
        "people read",
        "new",
        "changed",
        "left",
        "set aside",
        "memberships added",
        "removed",
        "held",
        "jobs",
        "who",
        "what",
        "error",
    ];
    let mut sheet = csv::Sheet::new(header);
    let mut tx = web.store.read().await?;
    let mut before = 0;
    loop {
        let rows = record::page(&mut tx, find, before, csv::ROWS).await?;
        let Some(last) = rows.last() else { break };
        before = last.run.run;
        for Record { run, .. } in &rows {
            sheet.row([
                &run.run.to_string(),
                run.connector.as_deref().unwrap_or_default(),
                &run.kind,
                &run.status,
                &run.started_at.to_rfc3339_opts(chrono::SecondsFormat::Secs, true),
                &seconds(run),
                &run.people_read.to_string(),
                &run.people_new.to_string(),
                &run.people_changed.to_string(),
                &run.people_left.to_string(),
                &run.people_set_aside.to_string(),
                &run.memberships_added.to_string(),
                &run.memberships_removed.to_string(),
                &run.memberships_held.to_string(),
                &run.jobs_enqueued.to_string(),
                &run.actor,
                &run.what,
                run.error.as_deref().unwrap_or_default(),
            ]);
        }
    }
    Ok(sheet.answer("runs.csv"))
}

//! The record of changes: who did what when, what there was before, and what there is since.

use askama::Template;
use axum::extract::State;

use crate::accounts::Principal;
use crate::store::listing::record::{self, Find, Record};
use crate::web::Web;
use crate::web::csv;
use crate::web::cursor::{Cursor, Place, cut};
use crate::web::filters;
use crate::web::form::{Form, Query};
use crate::web::frame::{Frame, Here};
use crate::web::pages::groups::local;
use crate::web::pages::{Answer, page};

/// The kinds of runs, and how people call them.
const KINDS: [(&str, &str); 5] = [
    ("hand", "by hand"),
    ("sync", "syncs"),
    ("approval", "approvals"),
    ("undo", "undos"),
    ("clock", "by the clock"),
];

#[derive(Template)]
#[template(path = "settings/changes.html")]
struct Page<'a> {
    frame: Frame,
    tab: &'static str,
    kinds: [(&'static str, &'static str); 5],
    kind: &'a str,
    rows: Vec<Line>,
    next: Option<String>,
    is_first: bool,
}

struct Line {
    run: i64,
    at: String,
    actor: String,
    what: String,
    status: String,
    before: String,
    after: String,
    given: i64,
    ended: i64,
}

fn kind(query: &Form) -> &str {
    let wanted = query.text("kind");
    if KINDS.iter().any(|(kind, _)| *kind == wanted) { wanted } else { "" }
}

fn place(one: &Record) -> Cursor {
    Cursor { text: String::new(), id: one.run.run }
}

fn line(web: &Web, one: &Record) -> Line {
    Line {
        run: one.run.run,
        at: local(one.run.started_at, web.config().timezone),
        actor: one.run.actor.clone(),
        what: one.run.what.clone(),
        status: one.run.status.clone(),
        before: one.before(),
        after: one.after(),
        given: one.run.memberships_added,
        ended: one.run.memberships_removed,
    }
}

pub(super) async fn show(State(web): State<Web>, Query(query): Query, who: Principal) -> Answer {
    let kind = kind(&query);
    let here = Place::of(&query);
    let from = here.from();
    let mut tx = web.store.read().await?;
    let mut rows = record::page(&mut tx, Find { kind, ..Find::default() }, from.id, from.limit).await?;
    let next = cut(&mut rows, place);
    let rows = rows.iter().map(|one| line(&web, one)).collect();
    let frame = Frame::new(&who, Here::Settings, "Changes");
    page(&Page { frame, tab: "changes", kinds: KINDS, kind, rows, next, is_first: here.is_first() })
}

pub(super) async fn csv(State(web): State<Web>, Query(query): Query, _: Principal) -> Answer {
    let find = Find { kind: kind(&query), ..Find::default() };
    let header = ["run", "when", "who", "what", "status", "memberships added", "removed", "before", "after"];
    let mut sheet = csv::Sheet::new(header);
    let mut tx = web.store.read().await?;
    let mut before = 0;
    loop {
        let rows = record::page(&mut tx, find, before, csv::ROWS).await?;
        let Some(last) = rows.last() else { break };
        before = last.run.run;
        for one in &rows {
            let run = &one.run;
            let json = |json: &Option<String>| json.clone().unwrap_or_default();
            sheet.row([
                &run.run.to_string(),
                &run.started_at.to_rfc3339_opts(chrono::SecondsFormat::Secs, true),
                &run.actor,
                &run.what,
                &run.status,
                &run.memberships_added.to_string(),
                &run.memberships_removed.to_string(),
                &json(&one.found),
                &json(&one.made),
            ]);
        }
    }
    Ok(sheet.answer("changes.csv"))
}

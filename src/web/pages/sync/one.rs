//! One run: what it counted, what it changed, what it noticed, what it held.

use askama::Template;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{Html, IntoResponse};
use serde_json::Value;

use super::problems::{self, Few};
use super::runs::seconds;
use super::start;
use crate::accounts::Principal;
use crate::model::ids::{ConnectorId, RunId};
use crate::store::Tx;
use crate::store::listing::From;
use crate::store::listing::record::{self, Record};
use crate::store::listing::runs::{self as listed, OfGroup, Person, Step};
use crate::store::runs;
use crate::sync::words;
use crate::web::Web;
use crate::web::csv;
use crate::web::cursor::{Cursor, Place, cut};
use crate::web::filters;
use crate::web::form::Query;
use crate::web::frame::{Frame, Here};
use crate::web::pages::groups::local;
use crate::web::pages::{Answer, notice};
use crate::web::trouble::Trouble;

#[derive(Template)]
#[template(path = "sync/one.html")]
struct Page {
    frame: Frame,
    record: Record,
    started: String,
    seconds: String,
    running: Option<String>,
    counts: Vec<(&'static str, i64)>,
    because: Vec<String>,
    held_counts: Vec<String>,
    waits: bool,
    /// What an approval would commit, in words.
    named: Vec<String>,
    can_undo: bool,
    decided: Vec<(i64, String)>,
    set_aside: Few,
    problems: Few,
    by: &'static str,
    groups: Vec<OfGroup>,
    people: Vec<Line>,
    held: Vec<Waiting>,
    next: Option<String>,
    is_first: bool,
}

struct Line {
    person: Person,
    steps: Vec<Step>,
}

struct Waiting {
    text: String,
    limit: String,
    state: String,
}

/// A run, or trouble where there is none.
pub(super) async fn find(tx: &mut Tx, id: i64) -> Result<Record, Trouble> {
    let found = record::one(tx, id).await?;
    found.ok_or_else(|| Trouble::Missing { what: "the run".to_owned() })
}

/// What a run held, in words, and whether any of it waits.
pub(super) async fn held_in_words(
    tx: &mut Tx,
    connector: Option<ConnectorId>,
    run: i64,
) -> Result<(Vec<String>, bool), Trouble> {
    let Some(connector) = connector else { return Ok((Vec::new(), false)) };
    let counts = listed::held_counts(tx, connector, RunId(run)).await?;
    let waits = counts.iter().any(|one| one.state == "held");
    let lines = counts.iter().map(|one| {
        let text = words::kind(&one.kind, one.changes.unsigned_abs());
        match one.state.as_str() {
            "held" => text,
            "undone" => format!("{text} (taken back, not to be done again)"),
            "dropped" => format!("{text} (no longer wanted)"),
            other => format!("{text} ({other})"),
        }
    });
    Ok((lines.collect(), waits))
}

/// What an approval of a run commits, in words: what waits, and with `decided` what it rejected or took back.
pub(super) async fn named_in_words(
    tx: &mut Tx,
    connector: Option<ConnectorId>,
    run: i64,
    decided: bool,
) -> Result<Vec<String>, Trouble> {
    let Some(connector) = connector else { return Ok(Vec::new()) };
    let counts = listed::named_counts(tx, connector, RunId(run)).await?;
    let named = counts.iter().filter(|one| decided || one.state == "held");
    Ok(named.map(|one| words::kind(&one.kind, one.changes.unsigned_abs())).collect())
}

fn counts(record: &Record) -> Vec<(&'static str, i64)> {
    let run = &record.run;
    let all = [
        ("People read", run.people_read),
        ("New", run.people_new),
        ("Changed", run.people_changed),
        ("Left", run.people_left),
        ("Set aside", run.people_set_aside),
        ("Left out", run.people_left_out),
        ("Groups made", run.groups_created),
        ("Memberships added", run.memberships_added),
        ("Memberships removed", run.memberships_removed),
        ("Memberships held", run.memberships_held),
        ("Enrollments held", run.enrollments_held),
        ("Groups held", run.groups_held),
        ("Jobs", run.jobs_enqueued),
    ];
    let always = |name: &str| run.kind == "sync" && matches!(name, "People read");
    all.into_iter().filter(|(name, number)| *number > 0 || always(name)).collect()
}

/// Why the guard held something, in its words.
pub(super) async fn because(tx: &mut Tx, run: i64) -> Result<(Vec<String>, Option<ConnectorId>), Trouble> {
    let (guard, connector) = runs::guard(tx, RunId(run)).await?;
    let guard: Value = serde_json::from_str(&guard).unwrap_or_default();
    let of = |name: &str| guard[name].as_array().cloned().unwrap_or_default();
    let causes = of("causes").into_iter().filter_map(|one| one.as_str().map(str::to_owned));
    let reasons = of("reasons");
    let reasons = reasons.iter().filter_map(|one| {
        Some(format!("{} ({})", one["message"].as_str()?, one["limit"].as_str().unwrap_or_default()))
    });
    Ok((causes.chain(reasons).collect(), connector))
}

async fn lines(tx: &mut Tx, run: i64, people: Vec<Person>) -> Result<Vec<Line>, Trouble> {
    let steps = listed::steps(tx, RunId(run), people.iter().map(|one| one.id).collect()).await?;
    let of = |person: &Person| steps.iter().filter(|step| step.learner_id == person.id).cloned().collect();
    Ok(people.into_iter().map(|person| Line { steps: of(&person), person }).collect())
}

pub(super) async fn show(
    State(web): State<Web>,
    Path(id): Path<i64>,
    Query(query): Query,
    who: Principal,
) -> Answer {
    let mut tx = web.store.read().await?;
    let record = find(&mut tx, id).await?;
    let (because, connector) = because(&mut tx, id).await?;
    let (held_counts, waits) = held_in_words(&mut tx, connector, id).await?;
    let named = named_in_words(&mut tx, connector, id, true).await?;
    let by = match query.text("by") {
        "person" => "person",
        "group" => "group",
        "held" => "held",
        _ if waits => "held",
        _ => "group",
    };
    let place = Place::of(&query);
    let from = place.from();
    let (mut groups, mut people, mut held) = (Vec::new(), Vec::new(), Vec::new());
    let next = match (by, connector) {
        ("person", _) => {
            let mut found = listed::people(&mut tx, RunId(id), from).await?;
            let next = cut(&mut found, |one| Cursor { text: one.name_folded.clone(), id: one.id });
            people = lines(&mut tx, id, found).await?;
            next
        }
        ("held", Some(connector)) => {
            let mut found = listed::held(&mut tx, connector, RunId(id), from.id, from.limit).await?;
            let next = cut(&mut found, |one| Cursor { text: String::new(), id: one.id });
            let waiting = |one: &listed::HeldRow| Waiting {
                text: words::sentence(&one.change),
                limit: one.change.reason.clone(),
                state: one.change.state.clone(),
            };
            held = found.iter().map(waiting).collect();
            next
        }
        _ => {
            groups = listed::by_group(&mut tx, RunId(id), from).await?;
            cut(&mut groups, |one| Cursor { text: one.name_folded.clone(), id: one.id })
        }
    };
    let (set_aside, problems) = problems::few(&mut tx, id).await?;
    let ended = matches!(record.run.status.as_str(), "applied" | "held");
    let page = Page {
        frame: Frame::new(&who, Here::Sync, format!("Run {id}")).notice(notice(&mut tx, &query).await?),
        started: local(record.run.started_at, web.config().timezone),
        seconds: seconds(&record.run),
        running: start::state(&web, &mut tx, &record.run).await?,
        counts: counts(&record),
        because,
        held_counts,
        waits,
        named,
        can_undo: ended,
        decided: runs::about(&mut tx, RunId(id)).await?,
        set_aside,
        problems,
        by,
        groups,
        people,
        held,
        next,
        is_first: place.is_first(),
        record,
    };
    Ok((StatusCode::OK, Html(page.render()?)).into_response())
}

pub(super) async fn csv(State(web): State<Web>, Path(id): Path<i64>, _: Principal) -> Answer {
    let mut tx = web.store.read().await?;
    find(&mut tx, id).await?;
    let mut sheet = csv::Sheet::new(["name", "e-mail", "change", "group", "rule"]);
    let mut after = Cursor { text: String::new(), id: 0 };
    loop {
        let from = From { text: &after.text, id: after.id, limit: csv::ROWS };
        let people = listed::people(&mut tx, RunId(id), from).await?;
        let Some(last) = people.last() else { break };
        after = Cursor { text: last.name_folded.clone(), id: last.id };
        for Line { person, steps } in lines(&mut tx, id, people).await? {
            for step in steps {
                let change = if step.sign == "+" { "added" } else { "removed" };
                sheet.row([&person.name, &person.email, change, &step.group, &step.rule]);
            }
        }
    }
    Ok(sheet.answer(&format!("run-{id}.csv")))
}

pub(super) async fn held_csv(State(web): State<Web>, Path(id): Path<i64>, _: Principal) -> Answer {
    let mut tx = web.store.read().await?;
    find(&mut tx, id).await?;
    let (_, connector) = because(&mut tx, id).await?;
    let mut sheet = csv::Sheet::new(["change", "limit", "state"]);
    let (mut after, connector) = (0, connector.unwrap_or(ConnectorId(0)));
    loop {
        let rows = listed::held(&mut tx, connector, RunId(id), after, csv::ROWS).await?;
        let Some(last) = rows.last() else { break };
        after = last.id;
        for one in &rows {
            sheet.row([&words::sentence(&one.change), &one.change.reason, &one.change.state]);
        }
    }
    Ok(sheet.answer(&format!("run-{id}-held.csv")))
}

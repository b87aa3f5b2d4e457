//! Run page: counts, changes, warnings and held changes.

use askama::Template;
use axum::Extension;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{Html, IntoResponse};
use serde_json::Value;

use super::run_list::format_duration;
use super::run_lookup::find_run;
use super::run_warnings::{self, WarningSummary};
use super::start_run;
use crate::WebContext;
use crate::csv_export;
use crate::error::PageError;
use crate::filters;
use crate::form_data::UrlQuery;
use crate::layout::{Layout, MenuItem};
use crate::list_cursor::{ListCursor, ListPageRequest, split_next_page};
use crate::pages::groups::format_local_time;
use crate::pages::{PageResult, load_notice};
use rollcall_core::accounts::Principal;
use rollcall_core::sync::format;
use rollcall_model::guard::HeldChangeState;
use rollcall_model::ids::{ConnectorId, RunId};
use rollcall_model::run_record::{RunRecordKind, RunStatus};
use rollcall_store::Tx;
use rollcall_store::listing::PageRequest;
use rollcall_store::listing::audit_log::AuditLogEntry;
use rollcall_store::listing::runs::{self as listed, AffectedLearner, MembershipStep, RunGroupChange};
use rollcall_store::runs;
use rollcall_views::find_superseding_run;

#[derive(Template)]
#[template(path = "sync/run_detail.html")]
struct RunDetailPage {
    frame: Layout,
    record: AuditLogEntry,
    started: String,
    seconds: String,
    running: Option<String>,
    counts: Vec<(&'static str, i64)>,
    because: Vec<String>,
    held_counts: Vec<String>,
    /// The newer run that shows what waits now.
    newer: Option<i64>,
    waits: bool,
    /// Changes that an approval would commit.
    named: Vec<String>,
    can_undo: bool,
    decided: Vec<(i64, String)>,
    set_aside: WarningSummary,
    problems: WarningSummary,
    by: &'static str,
    groups: Vec<RunGroupChange>,
    people: Vec<ChangedLearnerLine>,
    held: Vec<HeldChangeLine>,
    next: Option<String>,
    is_first: bool,
}

struct ChangedLearnerLine {
    person: AffectedLearner,
    steps: Vec<MembershipStep>,
}

struct HeldChangeLine {
    text: String,
    limit: String,
    state: String,
}

/// Describes the held changes of a run and whether any are pending.
pub(super) async fn format_held(
    tx: &mut Tx,
    connector: Option<ConnectorId>,
    run: i64,
) -> Result<(Vec<String>, bool), PageError> {
    let Some(connector) = connector else { return Ok((Vec::new(), false)) };
    let counts = listed::held_counts(tx, connector, RunId(run)).await?;
    let waits = counts.iter().any(|one| one.state == HeldChangeState::Held);
    let lines = counts.iter().map(|one| {
        let text = format::kind(one.kind, one.changes.unsigned_abs());
        match one.state {
            HeldChangeState::Held => text,
            HeldChangeState::Rejected => format!("{text} (rejected)"),
            HeldChangeState::Undone => format!("{text} (taken back, not to be done again)"),
            HeldChangeState::Dropped => format!("{text} (no longer wanted)"),
        }
    });
    Ok((lines.collect(), waits))
}

/// Describes the changes that an approval commits: the pending ones, and with `decided` the rejected and undone ones.
pub(super) async fn named_in_words(
    tx: &mut Tx,
    connector: Option<ConnectorId>,
    run: i64,
    decided: bool,
) -> Result<Vec<String>, PageError> {
    let Some(connector) = connector else { return Ok(Vec::new()) };
    let counts = listed::named_counts(tx, connector, RunId(run)).await?;
    let named = counts.iter().filter(|one| decided || one.state == HeldChangeState::Held);
    Ok(named.map(|one| format::kind(one.kind, one.changes.unsigned_abs())).collect())
}

fn counts(record: &AuditLogEntry) -> Vec<(&'static str, i64)> {
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
    let always = |name: &str| run.kind == RunRecordKind::Sync && matches!(name, "People read");
    all.into_iter().filter(|(name, number)| *number > 0 || always(name)).collect()
}

/// Describes the limit that caused a hold.
pub(super) async fn because(tx: &mut Tx, run: i64) -> Result<(Vec<String>, Option<ConnectorId>), PageError> {
    let (guard, connector) = runs::get_guard_report(tx, RunId(run)).await?;
    let guard: Value = serde_json::from_str(&guard).unwrap_or_default();
    let of = |name: &str| guard[name].as_array().cloned().unwrap_or_default();
    let causes = of("causes").into_iter().filter_map(|one| one.as_str().map(str::to_owned));
    let reasons = of("reasons");
    let reasons = reasons.iter().filter_map(|one| {
        Some(format!("{} ({})", one["message"].as_str()?, one["limit"].as_str().unwrap_or_default()))
    });
    Ok((causes.chain(reasons).collect(), connector))
}

async fn lines(
    tx: &mut Tx,
    run: i64,
    people: Vec<AffectedLearner>,
) -> Result<Vec<ChangedLearnerLine>, PageError> {
    let steps =
        listed::list_membership_steps(tx, RunId(run), people.iter().map(|one| one.id).collect()).await?;
    let of = |person: &AffectedLearner| {
        steps.iter().filter(|step| step.learner_id == person.id).cloned().collect()
    };
    Ok(people.into_iter().map(|person| ChangedLearnerLine { steps: of(&person), person }).collect())
}

pub(super) async fn show(
    State(web): State<WebContext>,
    Path(id): Path<i64>,
    UrlQuery(query): UrlQuery,
    Extension(who): Extension<Principal>,
) -> PageResult {
    let mut tx = web.store.begin_read().await?;
    let record = find_run(&mut tx, id).await?;
    let (because, connector) = because(&mut tx, id).await?;
    let (held_counts, waits) = format_held(&mut tx, connector, id).await?;
    let named = named_in_words(&mut tx, connector, id, true).await?;
    let by = match query.text("by") {
        "person" => "person",
        "group" => "group",
        "held" => "held",
        _ if waits => "held",
        _ => "group",
    };
    let place = ListPageRequest::from_query(&query);
    let from = place.to_store_page();
    let (mut groups, mut people, mut held) = (Vec::new(), Vec::new(), Vec::new());
    let next = match (by, connector) {
        ("person", _) => {
            let mut found = listed::list_affected_learners(&mut tx, RunId(id), from).await?;
            let next =
                split_next_page(&mut found, |one| ListCursor { text: one.name_folded.clone(), id: one.id });
            people = lines(&mut tx, id, found).await?;
            next
        }
        ("held", Some(connector)) => {
            let mut found = listed::held(&mut tx, connector, RunId(id), from.id, from.limit).await?;
            let next = split_next_page(&mut found, |one| ListCursor { text: String::new(), id: one.id });
            let waiting = |one: &listed::HeldChangeRow| HeldChangeLine {
                text: format::sentence(&one.change),
                limit: one.change.reason.clone(),
                state: one.change.state.to_string(),
            };
            held = found.iter().map(waiting).collect();
            next
        }
        _ => {
            groups = listed::list_by_group(&mut tx, RunId(id), from).await?;
            split_next_page(&mut groups, |one| ListCursor { text: one.name_folded.clone(), id: one.id })
        }
    };
    let (set_aside, problems) = run_warnings::load_summaries(&mut tx, id).await?;
    let ended = matches!(record.run.status, RunStatus::Applied | RunStatus::Held);
    let page = RunDetailPage {
        frame: Layout::new(&who, MenuItem::Sync, format!("Run {id}"))
            .notice(load_notice(&mut tx, &query).await?),
        started: format_local_time(record.run.started_at, web.config().timezone),
        seconds: format_duration(&record.run),
        running: start_run::run_progress_text(&web, &mut tx, &record.run).await?,
        counts: counts(&record),
        because,
        newer: find_superseding_run(&mut tx, connector, &record.run).await?,
        held_counts,
        waits,
        named,
        can_undo: ended,
        decided: runs::list_related(&mut tx, RunId(id)).await?,
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

pub(super) async fn csv(
    State(web): State<WebContext>,
    Path(id): Path<i64>,
    _: Extension<Principal>,
) -> PageResult {
    let mut tx = web.store.begin_read().await?;
    find_run(&mut tx, id).await?;
    let mut sheet = csv_export::CsvWriter::new(["name", "e-mail", "change", "group", "rule"]);
    let mut after = ListCursor { text: String::new(), id: 0 };
    loop {
        let from = PageRequest { text: &after.text, id: after.id, limit: csv_export::BATCH_ROWS };
        let people = listed::list_affected_learners(&mut tx, RunId(id), from).await?;
        let Some(last) = people.last() else { break };
        after = ListCursor { text: last.name_folded.clone(), id: last.id };
        for ChangedLearnerLine { person, steps } in lines(&mut tx, id, people).await? {
            for step in steps {
                let change = if step.sign == "+" { "added" } else { "removed" };
                sheet.write_row([&person.name, &person.email, change, &step.group, &step.rule]);
            }
        }
    }
    Ok(sheet.into_download(&format!("run-{id}.csv")))
}

pub(super) async fn held_csv(
    State(web): State<WebContext>,
    Path(id): Path<i64>,
    _: Extension<Principal>,
) -> PageResult {
    let mut tx = web.store.begin_read().await?;
    find_run(&mut tx, id).await?;
    let (_, connector) = because(&mut tx, id).await?;
    let mut sheet = csv_export::CsvWriter::new(["change", "limit", "state"]);
    let (mut after, connector) = (0, connector.unwrap_or(ConnectorId(0)));
    loop {
        let rows = listed::held(&mut tx, connector, RunId(id), after, csv_export::BATCH_ROWS).await?;
        let Some(last) = rows.last() else { break };
        after = last.id;
        for one in &rows {
            sheet.write_row([&format::sentence(&one.change), &one.change.reason, one.change.state.as_str()]);
        }
    }
    Ok(sheet.into_download(&format!("run-{id}-held.csv")))
}

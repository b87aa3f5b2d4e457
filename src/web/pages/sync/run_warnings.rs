//! Warnings of a run: skipped records and other problems.
//!
//! The order of a run's warnings never changes, so the position serves as the page cursor.

use askama::Template;
use axum::Extension;
use axum::extract::{Path, State};
use rustc_hash::FxHashMap;

use super::run_lookup::find_run;
use crate::WebContext;
use crate::csv_export;
use crate::error::PageError;
use crate::form_data::{FormData, UrlQuery};
use crate::layout::{Layout, MenuItem};
use crate::list_cursor::{ListCursor, ListPageRequest, split_next_page};
use crate::pages::{PageResult, render_page};
use rollcall_core::accounts::Principal;
use rollcall_model::ids::RunId;
use rollcall_model::run_warning::{RunWarning, RunWarningKind};
use rollcall_store::{Tx, runs};

/// Number of warnings of a kind that the run page shows.
const SUMMARY_LENGTH: usize = 10;

/// Warnings of a run with their positions.
struct WarningLine {
    place: i64,
    problem: RunWarning,
}

/// First warnings of a run, and their total number.
#[derive(Debug, Default)]
pub(super) struct WarningSummary {
    pub first: Vec<RunWarning>,
    pub count: usize,
}

/// Loads the skipped records and other problems that the run page shows.
pub(super) async fn load_summaries(
    tx: &mut Tx,
    run: i64,
) -> Result<(WarningSummary, WarningSummary), PageError> {
    let all = runs::list_warnings(tx, RunId(run)).await?;
    let (set_aside, problems) = all.into_iter().partition(is_rejected_record);
    Ok((WarningSummary::of(set_aside), WarningSummary::of(problems)))
}

impl WarningSummary {
    /// The first warnings of each kind, so that no kind hides another.
    fn of(warnings: Vec<RunWarning>) -> Self {
        let count = warnings.len();
        let mut shown: FxHashMap<RunWarningKind, usize> = FxHashMap::default();
        let is_shown = |warning: &RunWarning| {
            let of_kind = shown.entry(warning.kind).or_default();
            *of_kind += 1;
            *of_kind <= SUMMARY_LENGTH
        };
        Self { first: warnings.into_iter().filter(is_shown).collect(), count }
    }
}

fn is_rejected_record(problem: &RunWarning) -> bool {
    matches!(
        problem.kind,
        RunWarningKind::NoId
            | RunWarningKind::NoName
            | RunWarningKind::RepeatedId
            | RunWarningKind::SecondHeader
    )
}

/// Kind of warnings selected by the query string.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum WarningFilter {
    All,
    SetAside,
    Others,
}

impl WarningFilter {
    fn of(query: &FormData) -> Self {
        match query.text("which") {
            "aside" => Self::SetAside,
            "other" => Self::Others,
            _ => Self::All,
        }
    }

    fn as_str(self) -> &'static str {
        match self {
            Self::All => "all",
            Self::SetAside => "aside",
            Self::Others => "other",
        }
    }
}

/// Loads a page of warnings that follow a position.
async fn load_warnings(
    tx: &mut Tx,
    run: i64,
    which: WarningFilter,
    after: i64,
) -> Result<Vec<WarningLine>, PageError> {
    let all = runs::list_warnings(tx, RunId(run)).await?.into_iter();
    let lines = all.zip(1..).map(|(problem, place)| WarningLine { place, problem });
    let of = |line: &WarningLine| match which {
        WarningFilter::All => true,
        WarningFilter::SetAside => is_rejected_record(&line.problem),
        WarningFilter::Others => !is_rejected_record(&line.problem),
    };
    Ok(lines.filter(|line| line.place > after && of(line)).collect())
}

#[derive(Template)]
#[template(path = "sync/run_warnings.html")]
struct RunWarningsPage {
    frame: Layout,
    run: i64,
    which: &'static str,
    rows: Vec<WarningLine>,
    /// Number of skipped records that are not stored individually.
    more: i64,
    next: Option<String>,
    is_first: bool,
}

pub(super) async fn show(
    State(web): State<WebContext>,
    Path(id): Path<i64>,
    UrlQuery(query): UrlQuery,
    Extension(who): Extension<Principal>,
) -> PageResult {
    let (which, place) = (WarningFilter::of(&query), ListPageRequest::from_query(&query));
    let mut tx = web.store.begin_read().await?;
    let record = find_run(&mut tx, id).await?;
    let (set_aside, _) = load_summaries(&mut tx, id).await?;
    let more = record.run.people_set_aside - i64::try_from(set_aside.count).unwrap_or(i64::MAX);
    let mut rows = load_warnings(&mut tx, id, which, place.to_store_page().id).await?;
    let next = split_next_page(&mut rows, |line| ListCursor { text: String::new(), id: line.place });
    let frame = Layout::new(&who, MenuItem::Sync, format!("Problems of run {id}"));
    let (which, is_first) = (which.as_str(), place.is_first());
    render_page(&RunWarningsPage { frame, run: id, which, rows, more: more.max(0), next, is_first })
}

pub(super) async fn export_csv(
    State(web): State<WebContext>,
    Path(id): Path<i64>,
    UrlQuery(query): UrlQuery,
    _: Extension<Principal>,
) -> PageResult {
    let mut tx = web.store.begin_read().await?;
    find_run(&mut tx, id).await?;
    let mut sheet = csv_export::CsvWriter::new(["about", "kind", "what"]);
    for WarningLine { problem, .. } in load_warnings(&mut tx, id, WarningFilter::of(&query), 0).await? {
        sheet.write_row([&problem.subject, problem.kind.as_str(), &problem.message]);
    }
    Ok(sheet.into_download(&format!("run-{id}-problems.csv")))
}

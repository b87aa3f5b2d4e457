//! Job queue page: current length, history of the length, failed jobs.

use askama::Template;
use axum::Extension;
use axum::extract::State;
use axum::response::{IntoResponse, Redirect};
use chrono::{DateTime, Utc};
use chrono_tz::Tz;

use super::sync::BarChart;
use crate::WebContext;
use crate::csv_export;
use crate::filters;
use crate::form_data::{FormData, UrlQuery};
use crate::layout::{FieldError, Layout, MenuItem};
use crate::list_cursor::{ListCursor, ListPageRequest, split_next_page};
use crate::pages::groups::format_local_time;
use crate::pages::{OPERATE, PageResult, load_notice, render_page_with_status};
use crate::routes::RouteTable;
use rollcall_core::accounts::Principal;
use rollcall_core::enrollment::failed_jobs;
use rollcall_model::format::{count, thousands};
use rollcall_store::listing::jobs::{self as listed, FailedJob, MAX_COUNTED_JOBS, QueueStatus};
use rollcall_store::queue_samples::{self, QueueSample};

/// Formats the length of the queue. The count has an upper limit.
pub(super) struct QueueSummary {
    pub ready: String,
    pub later: String,
    pub failed: String,
}

impl QueueSummary {
    pub(super) fn of(queue: &QueueStatus) -> Self {
        let text = |number: i64, is_more| {
            let counted = number.min(MAX_COUNTED_JOBS).unsigned_abs();
            if is_more { format!("more than {}", thousands(counted)) } else { thousands(counted) }
        };
        Self {
            ready: text(queue.ready, queue.ready + queue.later > MAX_COUNTED_JOBS),
            later: text(queue.later, false),
            failed: text(queue.failed, queue.failed > MAX_COUNTED_JOBS),
        }
    }
}

/// Time range of the charts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct ChartRange {
    /// Value of the query parameter.
    name: &'static str,
    label: &'static str,
    minutes: i64,
    step: i64,
}

/// Samples are taken at least every 15 minutes. Bars of six hours make the month as wide as the day.
const CHART_RANGES: [ChartRange; 2] = [
    ChartRange { name: "day", label: "Last 24 hours", minutes: 24 * 60, step: 15 },
    ChartRange { name: "month", label: "Last 30 days", minutes: 30 * 24 * 60, step: 6 * 60 },
];

impl ChartRange {
    fn of(query: &FormData) -> Self {
        let wanted = query.text("over");
        CHART_RANGES.into_iter().find(|one| one.name == wanted).unwrap_or(CHART_RANGES[0])
    }

    /// Returns the start of the chart. The last bar contains the current time.
    fn from(self, now: DateTime<Utc>) -> i64 {
        (now.timestamp().div_euclid(60) - self.minutes).div_euclid(self.step) * self.step + self.step
    }
}

pub(super) fn routes(routes: RouteTable) -> RouteTable {
    routes.get("/jobs", OPERATE, show_jobs).get("/jobs.csv", OPERATE, export_csv).post(
        "/jobs",
        OPERATE,
        submit_jobs,
    )
}

#[derive(Template)]
#[template(path = "job_queue.html")]
struct JobQueuePage {
    frame: Layout,
    said: QueueSummary,
    oldest: Option<String>,
    next_try: Option<String>,
    overs: [ChartRange; 2],
    over: ChartRange,
    plots: Vec<BarChart>,
    rows: Vec<FailedJob>,
    chosen: Vec<i64>,
    next: Option<String>,
    is_first: bool,
}

async fn show_jobs(
    State(web): State<WebContext>,
    UrlQuery(query): UrlQuery,
    Extension(who): Extension<Principal>,
) -> PageResult {
    render_jobs(&web, &who, &query, Vec::new(), Vec::new()).await
}

async fn render_jobs(
    web: &WebContext,
    who: &Principal,
    query: &FormData,
    chosen: Vec<i64>,
    faults: Vec<FieldError>,
) -> PageResult {
    let (zone, now) = (web.config().timezone, Utc::now());
    let place = ListPageRequest::from_query(query);
    let from = place.to_store_page();
    let over = ChartRange::of(query);
    let mut tx = web.store.begin_read().await?;
    let queue = listed::get_queue_status(&mut tx, now).await?;
    let samples = queue_samples::list_steps(&mut tx, over.from(now), over.step).await?;
    let mut rows = listed::list_failed(&mut tx, from.id, from.limit).await?;
    let next = split_next_page(&mut rows, |one| ListCursor { text: String::new(), id: one.id });
    let page = JobQueuePage {
        frame: Layout::new(who, MenuItem::Jobs, "Jobs")
            .notice(load_notice(&mut tx, query).await?)
            .faults(faults),
        oldest: queue.oldest.map(|at| format_local_time(at, zone)),
        next_try: queue.next.map(|at| format_local_time(at, zone)),
        said: QueueSummary::of(&queue),
        overs: CHART_RANGES,
        over,
        plots: if samples.is_empty() { Vec::new() } else { queue_charts(&samples, over, now, zone) },
        rows,
        chosen,
        next,
        is_first: place.is_first(),
    };
    render_page_with_status(page.frame.status(), &page)
}

/// Returns the intervals up to now, each with its maximum.
fn queue_charts(samples: &[QueueSample], over: ChartRange, now: DateTime<Utc>, zone: Tz) -> Vec<BarChart> {
    let from = over.from(now);
    let starts = (0..over.minutes / over.step).map(|at| from + at * over.step);
    let whiles: Vec<(String, Option<&QueueSample>)> = starts
        .map(|start| {
            let at = DateTime::from_timestamp(start * 60, 0).unwrap_or_default();
            (format_local_time(at, zone), samples.iter().find(|one| one.minute == start))
        })
        .collect();
    let plot = |title, number: fn(&QueueSample) -> i64| {
        let numbers: Vec<(&str, Option<i64>)> =
            whiles.iter().map(|(name, sample)| (name.as_str(), sample.map(number))).collect();
        BarChart::new(title, ("From", "from"), &numbers)
    };
    vec![
        plot("Jobs that wait", |one| one.waiting),
        plot("Minutes that the oldest has waited", |one| one.oldest_seconds / 60),
        plot("Jobs that failed for good", |one| one.failed),
    ]
}

async fn export_csv(State(web): State<WebContext>, _: Extension<Principal>) -> PageResult {
    let mut sheet = csv_export::CsvWriter::new(["job", "learner", "course", "tries", "cause", "run"]);
    let mut tx = web.store.begin_read().await?;
    let mut after = 0;
    loop {
        let rows = listed::list_failed(&mut tx, after, csv_export::BATCH_ROWS).await?;
        let Some(last) = rows.last() else { break };
        after = last.id;
        for one in &rows {
            let (id, tries, run) = (one.id.to_string(), one.attempts.to_string(), one.run_id.to_string());
            sheet.write_row([&id, &one.email, &one.course, &tries, &one.error, &run]);
        }
    }
    Ok(sheet.into_download("failed-jobs.csv"))
}

/// Retries all or selected jobs, or discards selected ones.
async fn submit_jobs(
    State(web): State<WebContext>,
    Extension(who): Extension<Principal>,
    form: FormData,
) -> PageResult {
    let chosen = form.numbers("job");
    let deed = form.text("do");
    if chosen.is_empty() && deed != "retry-all" {
        let fault = FieldError::new("failed", "No job is selected. Select at least one job.");
        return render_jobs(&web, &who, &FormData::default(), Vec::new(), vec![fault]).await;
    }
    let jobs = count(chosen.len() as u64, "failed job", "failed jobs");
    let settled = match deed {
        "drop" => {
            let about = web.new_manual_run(&who, format!("drop {jobs}"));
            failed_jobs::drop_jobs(&web.store, &about, web.change_time(), &chosen).await?
        }
        "retry" => {
            let about = web.new_manual_run(&who, format!("retry {jobs}"));
            failed_jobs::retry_jobs(&web.store, &about, web.change_time(), &chosen).await?
        }
        _ => {
            let about = web.new_manual_run(&who, "retry all failed jobs");
            failed_jobs::retry_jobs(&web.store, &about, web.change_time(), &[]).await?
        }
    };
    match settled {
        Some(settled) => Ok(Redirect::to(&format!("/jobs?run={}", settled.done.run)).into_response()),
        None => {
            let fault = FieldError::new("", "The jobs are no longer failed. Nothing was changed.");
            render_jobs(&web, &who, &FormData::default(), Vec::new(), vec![fault]).await
        }
    }
}

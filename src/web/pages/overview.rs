//! First page: what needs attention today.

use askama::Template;
use axum::Extension;
use axum::extract::State;
use chrono::{NaiveDate, TimeDelta, Utc};

use crate::WebContext;
use crate::error::PageError;
use crate::filters;
use crate::layout::{Layout, MenuItem};
use crate::pages::sync::connector_overview::ConnectorLine;
use crate::pages::{PageResult, render_page_with_status};
use rollcall_core::accounts::Principal;
use rollcall_core::sync::connector_status::overview;
use rollcall_store::Tx;
use rollcall_store::jobs::{self, QueueLength};
use rollcall_store::listing::completion::{self, CompletionRow};
use rollcall_store::listing::runs;

/// Days within which a due date is soon.
const SOON: TimeDelta = TimeDelta::days(14);

/// Days for which a learner is new.
const NEW: TimeDelta = TimeDelta::days(7);

/// Courses and groups in each list.
const LISTED: u8 = 10;

#[derive(Template)]
#[template(path = "overview.html")]
struct OverviewPage {
    frame: Layout,
    completion: CompletionTotals,
    newcomers: i64,
    courses: Vec<CompletionRow>,
    groups: Vec<CompletionRow>,
    unassigned: Vec<String>,
    sync: Option<SyncState>,
}

/// Sums over all courses.
struct CompletionTotals {
    enrolled: i64,
    completed: i64,
    overdue: i64,
    due_soon: i64,
}

impl CompletionTotals {
    fn of(courses: &[CompletionRow]) -> Self {
        let sum = |number: fn(&CompletionRow) -> i64| courses.iter().map(number).sum();
        Self {
            enrolled: sum(|one| one.enrolled),
            completed: sum(|one| one.completed),
            overdue: sum(|one| one.overdue),
            due_soon: sum(|one| one.due_soon),
        }
    }
}

/// What operators see.
struct SyncState {
    waiting: Vec<(String, i64, i64)>,
    connectors: Vec<ConnectorLine>,
    queue: QueueLength,
}

async fn load_sync(tx: &mut Tx, web: &WebContext) -> Result<SyncState, PageError> {
    let config = web.config();
    let now = Utc::now();
    let all = overview(tx, &config.connectors, now).await?;
    Ok(SyncState {
        waiting: runs::list_pending(tx).await?,
        connectors: all.connectors.into_iter().map(|one| ConnectorLine::new(one, config.timezone)).collect(),
        queue: jobs::count_queue(tx, now).await?,
    })
}

pub(super) async fn show(State(web): State<WebContext>, Extension(who): Extension<Principal>) -> PageResult {
    let today: NaiveDate = web.change_time().today;
    let frame = Layout::new(&who, MenuItem::Overview, "Overview");
    let mut tx = web.store.begin_read().await?;
    let mut courses = completion::count_by_course(&mut tx, today, today + SOON).await?;
    let totals = CompletionTotals::of(&courses);
    courses.truncate(usize::from(LISTED));
    let page = OverviewPage {
        completion: totals,
        courses,
        groups: completion::count_by_group(&mut tx, today, today + SOON, i64::from(LISTED)).await?,
        newcomers: completion::count_newcomers(&mut tx, today - NEW).await?,
        unassigned: completion::list_unassigned(&mut tx, i64::from(LISTED)).await?,
        sync: if frame.operates() { Some(load_sync(&mut tx, &web).await?) } else { None },
        frame,
    };
    render_page_with_status(page.frame.status(), &page)
}

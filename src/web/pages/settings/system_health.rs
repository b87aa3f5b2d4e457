//! System health page: database, services, configuration files and job queue.

use askama::Template;
use axum::Extension;
use axum::extract::State;
use chrono::Utc;

use crate::WebContext;
use crate::filters;
use crate::layout::{Layout, MenuItem};
use crate::pages::groups::format_local_time;
use crate::pages::job_queue::QueueSummary;
use crate::pages::{PageResult, render_page};
use rollcall_core::accounts::Principal;
use rollcall_store::listing::database_info::{self, DatabaseInfo};
use rollcall_store::listing::jobs;
use rollcall_store::nodes;

#[derive(Template)]
#[template(path = "settings/system_health.html")]
struct SystemHealthPage {
    frame: Layout,
    tab: &'static str,
    version: &'static str,
    file: String,
    connectors: usize,
    rules: usize,
    database: DatabaseInfo,
    mebibytes: i64,
    services: Vec<ServiceLine>,
    differ: bool,
    queue: QueueSummary,
}

struct ServiceLine {
    host: String,
    version: String,
    since: String,
    seen: String,
    is_same_file: bool,
}

pub(super) async fn show(State(web): State<WebContext>, Extension(who): Extension<Principal>) -> PageResult {
    let config = web.config();
    let zone = config.timezone;
    let mut tx = web.store.begin_read().await?;
    let database = database_info::get_database_info(&mut tx).await?;
    let living = nodes::list_alive(&mut tx).await?;
    let queue = jobs::get_queue_status(&mut tx, Utc::now()).await?;
    let services: Vec<ServiceLine> = living
        .into_iter()
        .map(|node| ServiceLine {
            is_same_file: node.file_digest == config.digest,
            host: node.host,
            version: node.version,
            since: format_local_time(node.started_at, zone),
            seen: format_local_time(node.seen_at, zone),
        })
        .collect();
    let page_of = SystemHealthPage {
        frame: Layout::new(&who, MenuItem::Settings, "Health"),
        tab: "health",
        version: env!("CARGO_PKG_VERSION"),
        file: config.path.display().to_string(),
        connectors: config.connectors.len(),
        rules: config.rules.len(),
        mebibytes: database.bytes.div_euclid(1 << 20),
        database,
        differ: services.iter().any(|service| !service.is_same_file),
        services,
        queue: QueueSummary::of(&queue),
    };
    render_page(&page_of)
}

//! Whether all is well: database, services, files, queue.

use askama::Template;
use axum::extract::State;
use chrono::Utc;

use crate::accounts::Principal;
use crate::store::listing::health::{self, Database};
use crate::store::listing::jobs;
use crate::store::nodes;
use crate::web::Web;
use crate::web::filters;
use crate::web::frame::{Frame, Here};
use crate::web::pages::groups::local;
use crate::web::pages::jobs::Said;
use crate::web::pages::{Answer, page};

#[derive(Template)]
#[template(path = "settings/health.html")]
struct Page {
    frame: Frame,
    tab: &'static str,
    version: &'static str,
    file: String,
    connectors: usize,
    rules: usize,
    database: Database,
    mebibytes: i64,
    services: Vec<Service>,
    differ: bool,
    queue: Said,
}

struct Service {
    host: String,
    version: String,
    since: String,
    seen: String,
    is_same_file: bool,
}

pub(super) async fn show(State(web): State<Web>, who: Principal) -> Answer {
    let config = web.config();
    let zone = config.timezone;
    let mut tx = web.store.read().await?;
    let database = health::database(&mut tx).await?;
    let living = nodes::living(&mut tx).await?;
    let queue = jobs::now(&mut tx, Utc::now()).await?;
    let services: Vec<Service> = living
        .into_iter()
        .map(|node| Service {
            is_same_file: node.file_digest == config.digest,
            host: node.host,
            version: node.version,
            since: local(node.started_at, zone),
            seen: local(node.seen_at, zone),
        })
        .collect();
    let page_of = Page {
        frame: Frame::new(&who, Here::Settings, "Health"),
        tab: "health",
        version: env!("CARGO_PKG_VERSION"),
        file: config.path.display().to_string(),
        connectors: config.connectors.len(),
        rules: config.rules.len(),
        mebibytes: database.bytes.div_euclid(1 << 20),
        database,
        differ: services.iter().any(|service| !service.is_same_file),
        services,
        queue: Said::of(&queue),
    };
    page(&page_of)
}

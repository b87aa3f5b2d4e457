//! Pages and API: who asks from outside, in HTML or JSON.
//!
//! A request goes through [`routes`], where every route has declared what it needs, past [`auth`], which knows who asks,
//! to a handler in [`pages`] or [`api`] that reads what was sent, calls the rooms below
//! ([`rollcall_core::groups`], [`rollcall_core::sync`], …) and answers. No rule of the business stands here:
//! what a page may do, the command does by the same function.
//!
//! Pages are made on the server and work without scripts. What several pages ask for is kept as a draft in the
//! database, so that going back, signing in again, or another machine loses nothing.

mod actions;
mod api;
mod assets;
mod auth;
mod background;
mod body_limit;
mod client_addr;
mod csv_export;
mod error;
mod filters;
mod form_data;
mod health;
mod layout;
mod list_cursor;
mod oidc;
mod pages;
mod routes;
mod server;
mod tls;

use std::sync::Arc;

use chrono::Utc;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use rollcall_config::Config;
use rollcall_core::accounts::Principal;
use rollcall_core::enrollment::change::ChangeTime;
use rollcall_model::heartbeat::Heartbeat;
use rollcall_store::Store;
use rollcall_store::runs::{NewRun, RunRecordKind};

pub use background::BackgroundTasks;
pub use routes::{RouteAccess, RouteDeclaration};
pub use server::{WebListener, listen};

/// What every handler stands on.
#[derive(Debug, Clone)]
pub struct WebContext {
    /// The database.
    pub store: Store,
    /// The file, as it was last read.
    pub file: watch::Receiver<Arc<Config>>,
    /// Ends what is under way with the service.
    pub stop: CancellationToken,
    /// Beats while the scheduler looks at schedules.
    pub heartbeat: Heartbeat,
    /// What goes on behind the pages.
    pub background: BackgroundTasks,
}

impl WebContext {
    /// The file now.
    #[must_use]
    pub fn config(&self) -> Arc<Config> {
        Arc::clone(&self.file.borrow())
    }

    /// Now, in the file's zone.
    #[must_use]
    pub fn change_time(&self) -> ChangeTime {
        ChangeTime::at(Utc::now(), self.config().timezone)
    }

    /// A change by hand, as it is written down.
    #[must_use]
    pub fn new_manual_run(&self, who: &Principal, what: impl Into<String>) -> NewRun {
        NewRun {
            kind: RunRecordKind::Hand,
            connector: None,
            actor: who.actor.clone(),
            description: what.into(),
            file_digest: Some(self.config().digest.clone()),
            subject: None,
        }
    }
}

/// Does what plans on a thread of its own: planning is work for a processor, and nobody else waits for it.
async fn run_blocking<T, F>(plan: impl FnOnce() -> F + Send + 'static) -> Result<T, error::PageError>
where
    T: Send + 'static,
    F: Future<Output = T>,
{
    let here = tokio::runtime::Handle::current();
    let done = tokio::task::spawn_blocking(move || here.block_on(plan())).await;
    done.map_err(|panic| error::PageError::Broken { what: panic.to_string() })
}

/// Every route with what it needs, for whoever wants to prove that none is open by mistake.
#[must_use]
pub fn list_routes(web: &WebContext) -> Vec<RouteDeclaration> {
    build_routes(web).into_declarations()
}

fn build_routes(web: &WebContext) -> routes::RouteTable {
    api::routes(pages::routes(web))
}

//! Web server: HTML pages and the JSON API.
//!
//! Every route is declared in [`routes`] with the access that it requires. [`auth`] authenticates the request and checks
//! the permission. A handler in [`pages`] or [`api`] parses the request, calls the lower crates
//! ([`rollcall_core::groups`], [`rollcall_core::sync`], …) and builds the response. This crate contains no business
//! rules: a page and the corresponding command call the same function.
//!
//! Pages are rendered on the server and work without scripts. Input that spans several pages is stored as a draft in the
//! database. It is kept when the user goes back, signs in again or changes to another machine.

mod actions;
mod api;
mod assets;
mod auth;
mod background;
mod body_limit;
pub mod certificate_check;
mod client_addr;
mod connections;
mod csv_export;
mod error;
mod filters;
mod form_data;
#[cfg(fuzzing)]
pub mod fuzz;
mod health;
mod layout;
mod list_cursor;
mod metrics;
mod oidc;
mod pages;
mod plain_http;
mod provider_metadata;
mod request_slots;
mod return_path;
mod routes;
mod serve_asset;
mod server;
mod session_cookie;
mod sign_in_events;
mod tls;

use std::sync::Arc;

use chrono::Utc;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use rollcall_config::Config;
use rollcall_core::accounts::{Principal, SignInJournal};
use rollcall_core::enrollment::change::ChangeTime;
use rollcall_model::heartbeat::ServiceVitals;
use rollcall_store::Store;
use rollcall_store::runs::{NewRun, RunRecordKind};

pub use background::BackgroundTasks;
pub use routes::{RouteAccess, RouteDeclaration};
pub use server::{WebListener, listen};

/// State shared by all handlers.
#[derive(Debug, Clone)]
pub struct WebContext {
    /// The database.
    pub store: Store,
    /// The configuration that was loaded last.
    pub file: watch::Receiver<Arc<Config>>,
    /// Cancels running work when the service stops.
    pub stop: CancellationToken,
    /// Signs of life of the scheduler and the workers.
    pub vitals: ServiceVitals,
    /// Tasks that outlive their request.
    pub background: BackgroundTasks,
    /// Record of sign-ins.
    pub sign_ins: SignInJournal,
}

impl WebContext {
    /// Returns the current configuration.
    #[must_use]
    pub fn config(&self) -> Arc<Config> {
        Arc::clone(&self.file.borrow())
    }

    /// Returns the current time in the configured time zone.
    #[must_use]
    pub fn change_time(&self) -> ChangeTime {
        ChangeTime::at(Utc::now(), self.config().timezone)
    }

    /// Creates the run record of a manual change.
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

/// Runs planning work on a blocking thread: planning uses the CPU and would delay other requests.
async fn run_blocking<T, F>(plan: impl FnOnce() -> F + Send + 'static) -> Result<T, error::PageError>
where
    T: Send + 'static,
    F: Future<Output = T>,
{
    let here = tokio::runtime::Handle::current();
    let done = tokio::task::spawn_blocking(move || here.block_on(plan())).await;
    done.map_err(|panic| error::PageError::Broken { what: panic.to_string() })
}

/// Lists all routes with the access that they require. Tests use it to check that no route is open by mistake.
#[must_use]
pub fn list_routes(web: &WebContext) -> Vec<RouteDeclaration> {
    build_routes(web).into_declarations()
}

fn build_routes(web: &WebContext) -> routes::RouteTable {
    api::routes(pages::routes(web))
}

//! `[web]` in `rollcall check`: the port and the certificate.

use std::io::ErrorKind;
use std::net::TcpListener;

use chrono::{TimeDelta, Utc};
use rollcall_config::Config;
use rollcall_service::heartbeat::is_service_alive;
use rollcall_store::Store;
use rollcall_web::certificate_check::check_certificate;

use super::command_context::database_options;

/// A certificate that ends sooner is warned of.
const EXPIRY_WARNING: TimeDelta = TimeDelta::days(14);

/// The result of one step.
#[derive(Debug)]
pub(crate) struct WebCheckStep {
    /// The key of `[web]`.
    pub name: &'static str,
    /// What was found, or why the service could not use it.
    pub outcome: Result<String, String>,
    /// What will be wrong later.
    pub warnings: Vec<String>,
}

/// Checks the port, and the certificate if there is one. The service on this machine may hold the port.
pub(crate) async fn check_web(config: &Config) -> Vec<WebCheckStep> {
    let mut steps =
        vec![WebCheckStep { name: "listen", outcome: check_port(config).await, warnings: Vec::new() }];
    steps.extend(check_files(config));
    steps
}

async fn check_port(config: &Config) -> Result<String, String> {
    let address = config.web.listen;
    let Err(error) = TcpListener::bind(address) else { return Ok(format!("`{address}` is free")) };
    let why = match error.kind() {
        ErrorKind::AddrInUse if has_service(config).await => {
            return Ok(format!("`{address}` is used by the service on this machine"));
        }
        ErrorKind::AddrInUse => "is used by another program".to_owned(),
        ErrorKind::AddrNotAvailable => "is not an address of this machine".to_owned(),
        ErrorKind::PermissionDenied => "needs a right to listen there that this account lacks".to_owned(),
        _ => format!("cannot be used: {error}"),
    };
    Err(format!("`{address}` {why} ({})", place("listen", config.web_lines.listen)))
}

/// Returns true if the service of this machine is alive. A database that is not complete is not opened, as that would
/// change it.
async fn has_service(config: &Config) -> bool {
    let options = database_options(config);
    let migrations = Store::read_migrations(&options).await.unwrap_or_default();
    if migrations.is_empty() || migrations.iter().any(|one| one.applied_at.is_none()) {
        return false;
    }
    let Ok(store) = Store::open(&options).await else { return false };
    let alive = is_service_alive(&store).await.unwrap_or(false);
    store.close().await;
    alive
}

fn check_files(config: &Config) -> Option<WebCheckStep> {
    let files = config.web.tls.as_ref()?;
    let now = Utc::now();
    Some(match check_certificate(files, now) {
        Ok(end) => {
            let day = end.with_timezone(&config.timezone).date_naive();
            let text = format!("the certificate `{}` ends on {day}", files.cert.display());
            let is_soon = end <= now + EXPIRY_WARNING;
            let warnings = is_soon.then(|| format!("{text} ({})", place("cert", config.web_lines.cert)));
            let outcome = Ok(format!("{text}, and the key belongs to it"));
            WebCheckStep { name: "cert", outcome, warnings: warnings.into_iter().collect() }
        }
        Err(error) => {
            let (name, line) = match error.key() {
                "cert" => ("cert", config.web_lines.cert),
                name => (name, config.web_lines.key),
            };
            let outcome = Err(format!("{error} ({})", place(name, line)));
            WebCheckStep { name, outcome, warnings: Vec::new() }
        }
    })
}

/// Names a key of `[web]` and its line.
fn place(name: &str, line: Option<usize>) -> String {
    match line {
        Some(line) => format!("`web.{name}`, line {line}"),
        None => format!("`web.{name}`, not in the file"),
    }
}

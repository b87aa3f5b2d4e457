//! Every kind of source behind HTTP, against a server with its manners; two of them against servers that others wrote.

mod certificates;
mod corrupted_replies;
mod datasette;
mod detail_requests;
mod files_and_queries;
mod http_faults;
mod include_filter;
mod json_file_messages;
mod limits;
mod paging;
mod person_lookup;
mod scim_server;
mod secrets;
mod vendor_equivalence;

use std::path::Path;

use rollcall_config::Config;
use rollcall_connectors::{Connector, ConnectorError, DirectoryReading};
use tokio::runtime::Runtime;

use crate::support::single_attempt;
use crate::support::vendors::{ReceivedRequest, VendorProfile, VendorServer, make_employees};

/// A file that reads a system, for tests that need no database.
pub(crate) fn config(system: &VendorServer, more: &str) -> Config {
    let section = system.section("hr");
    let (keys, tables) = section
        .split_once("\n[connector.")
        .map_or((section.as_str(), String::new()), |(keys, rest)| (keys, format!("\n[connector.{rest}")));
    let text = format!("{keys}\n{more}{tables}");
    Config::parse(&text, Path::new("rollcall.toml"), &|_| None)
        .unwrap_or_else(|wrong| panic!("{wrong}\n{text}"))
}

/// A connector, its attributes and a runtime.
pub(crate) struct VendorReader {
    pub config: Config,
    pub runtime: Runtime,
}

impl VendorReader {
    pub(crate) fn new(system: &VendorServer, more: &str) -> Self {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
        Self { config: config(system, more), runtime }
    }

    pub(crate) fn connector(&self) -> &Connector {
        &self.config.connectors[0]
    }

    pub(crate) fn read(&self) -> Result<DirectoryReading, ConnectorError> {
        self.runtime.block_on(self.connector().read(&self.config.attributes, &single_attempt()))
    }
}

/// A system with so many people.
pub(crate) fn start_vendor(manner: VendorProfile, count: usize) -> VendorServer {
    VendorServer::start(manner, &make_employees(count))
}

/// The word of an error, or `read` and how many came.
pub(crate) fn result_kind(read: &Result<DirectoryReading, ConnectorError>) -> String {
    match read {
        Ok(reading) => format!("read {}", reading.people().len()),
        Err(error) => error.kind().to_owned(),
    }
}

/// Whether a request is for people, and not for a token.
pub(crate) fn is_people_request(request: &ReceivedRequest) -> bool {
    !(request.path.ends_with("/token") || request.path.ends_with("/auth"))
}

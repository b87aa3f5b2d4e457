//! People in: one file for each kind of source, one contract for all of them.
//!
//! A connector hands over a *complete* [`DirectoryReading`], or an [`ConnectorError`]. A `DirectoryReading` can only be made from a
//! [`proof::CompletenessProof`], and each kind of source has one way of earning that: LDAP by a final result code of 0 on the
//! last page, a file by its last line break and by being the same before and after. So no code above can take half
//! a directory for a whole one.
//!
//! Adding a kind of API takes five steps; nothing else knows how many there are:
//! 1. a file in [`api::vendors`] with a [`api::vendors::Vendor`]: address, access, default mapping, and what is asked for;
//! 2. its line in [`api::vendors::VENDORS`];
//! 3. its word beside the keys that it takes, in `config/table.rs`, and its example in `config/connectors/`;
//! 4. its server in `tests/support/vendors/`, which every test of `tests/vendors/` then goes through;
//! 5. its rights, limits and proof of the end in `docs/sources.md`.
//!
//! Only what a source says crosses this room: whoever is absent, new or changed is found out by
//! `rollcall_core::sync`.

pub mod active_directory;
pub mod api;
pub mod csv;
mod diagnostics;
mod directory_reading;
mod error;
pub mod file;
#[cfg(fuzzing)]
pub mod fuzz;
pub mod http;
pub mod json;
pub mod json_file;
pub mod ldap;
mod mapper;
pub mod mapping;
pub mod proof;
pub mod retry;
pub mod sql;
mod tls;

use tokio_util::sync::CancellationToken;

use rollcall_model::attributes::{Attribute, AttributeSet};
use rollcall_model::names::ConnectorName;
use rollcall_model::people::PeopleTable;
use rollcall_model::schedule::CronSchedule;

pub use directory_reading::DirectoryReading;
pub use error::{BoxedCause, CertificateProblem, ConnectorError};
pub use mapping::AttributeMapping;

pub use rollcall_model::progress::ReadProgress;

/// One configured directory.
#[derive(Debug, Clone)]
pub struct Connector {
    /// The name, unique in the file.
    pub name: ConnectorName,
    /// When the service reads it; never by itself where there is none.
    pub schedule: Option<CronSchedule>,
    /// How many days before `start_date` a person is let in.
    pub prehire_days: u32,
    /// The attribute that tells a person who came back under a new id from a stranger with the same address.
    pub match_attribute: Option<Attribute>,
    /// Which attribute of rollcall is which of the source.
    pub mapping: AttributeMapping,
    /// Where and how to read.
    pub source: SourceSettings,
}

/// What a kind of source maps where the file says nothing; nothing for most.
#[must_use]
pub fn default_mapping(kind: &str) -> Option<mapping::DefaultMapping> {
    match kind {
        "active_directory" => Some(active_directory::DEFAULT_MAPPING),
        _ => api::vendors::find_vendor(kind).map(api::vendors::Vendor::default_mapping),
    }
}

/// The kinds of source, each with its own settings.
#[derive(Debug, Clone)]
pub enum SourceSettings {
    /// Any server that speaks RFC 4511.
    Ldap(ldap::LdapSettings),
    /// Domain controllers of Active Directory.
    ActiveDirectory(active_directory::ActiveDirectorySettings),
    /// A file with a header line.
    Csv(csv::CsvSettings),
    /// A file of JSON.
    JsonFile(json_file::JsonFileSettings),
    /// A query against another database.
    Sql(sql::SqlSettings),
    /// Pages of JSON behind HTTP.
    Api(Box<api::ApiSettings>),
}

/// What a reading needs besides the settings.
#[derive(Debug, Clone)]
pub struct ReadContext {
    /// Ends the reading with [`ConnectorError::Cancelled`].
    pub cancel: CancellationToken,
    /// How many people have come so far, for whoever shows progress.
    pub progress: ReadProgress,
    /// How long what is transient is tried again.
    pub retry: retry::RetryPolicy,
}

/// One step of `rollcall check`, in the order in which a connection is made.
#[derive(Debug)]
pub struct CheckStep {
    /// What was tried: `resolve`, `connect`, `TLS`, `bind`, `read`, `attributes`, …
    pub name: &'static str,
    /// What came of it, in words, or why the walk ended here.
    pub outcome: Result<String, ConnectorError>,
    /// What is worth a second look though it works, such as a mapped attribute that nobody has.
    pub warnings: Vec<String>,
}

impl Connector {
    /// The word for the kind in the file.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match &self.source {
            SourceSettings::Ldap(_) => "ldap",
            SourceSettings::ActiveDirectory(_) => "active_directory",
            SourceSettings::Csv(_) => "csv",
            SourceSettings::JsonFile(_) => "json_file",
            SourceSettings::Sql(_) => "sql",
            SourceSettings::Api(settings) => settings.kind,
        }
    }

    /// Reads everybody, trying again what is transient as `context.retry` says.
    ///
    /// # Errors
    /// Whenever the source did not prove that it said everything; nobody may be removed then.
    pub async fn read(
        &self,
        attributes: &AttributeSet,
        context: &ReadContext,
    ) -> Result<DirectoryReading, ConnectorError> {
        match &self.source {
            SourceSettings::Ldap(settings) => ldap::read(self, settings, attributes, context).await,
            SourceSettings::ActiveDirectory(settings) => {
                active_directory::read(self, settings, attributes, context).await
            }
            SourceSettings::Csv(settings) => csv::read(self, settings, attributes, context).await,
            SourceSettings::JsonFile(settings) => json_file::read(self, settings, attributes, context).await,
            SourceSettings::Sql(settings) => sql::read(self, settings, attributes, context).await,
            SourceSettings::Api(settings) => api::read(self, settings, attributes, context).await,
        }
    }

    /// Finds the people with this address. Says nothing about anybody else.
    ///
    /// # Errors
    /// When the source could not be asked.
    pub async fn find(
        &self,
        email: &str,
        attributes: &AttributeSet,
        context: &ReadContext,
    ) -> Result<PeopleTable, ConnectorError> {
        match &self.source {
            SourceSettings::Ldap(settings) => ldap::find(self, settings, email, attributes, context).await,
            SourceSettings::ActiveDirectory(settings) => {
                active_directory::find(self, settings, email, attributes, context).await
            }
            SourceSettings::Csv(settings) => csv::find(self, settings, email, attributes, context).await,
            SourceSettings::JsonFile(settings) => {
                json_file::find(self, settings, email, attributes, context).await
            }
            SourceSettings::Sql(settings) => sql::find(self, settings, email, attributes, context).await,
            SourceSettings::Api(settings) => api::find(self, settings, email, attributes, context).await,
        }
    }

    /// Asks once more for people whom a reading did not hold: a source that is read page by page without a snapshot can
    /// miss somebody who moves meanwhile. A file is a snapshot, and is not asked.
    ///
    /// # Errors
    /// When the source could not be asked.
    pub async fn look_up(
        &self,
        ids: &[String],
        attributes: &AttributeSet,
        context: &ReadContext,
    ) -> Result<Vec<PeopleTable>, ConnectorError> {
        match &self.source {
            SourceSettings::Ldap(settings) => ldap::look_up(self, settings, ids, attributes, context).await,
            SourceSettings::ActiveDirectory(settings) => {
                active_directory::look_up(self, settings, ids, attributes, context).await
            }
            SourceSettings::Csv(_) | SourceSettings::JsonFile(_) | SourceSettings::Sql(_) => Ok(Vec::new()),
            SourceSettings::Api(settings) => api::look_up(self, settings, ids, attributes, context).await,
        }
    }

    /// Walks towards the source step by step, for `rollcall check`; the first step that fails is the last.
    pub async fn check(&self, attributes: &AttributeSet, context: &ReadContext) -> Vec<CheckStep> {
        match &self.source {
            SourceSettings::Ldap(settings) => ldap::check(self, settings, attributes, context).await,
            SourceSettings::ActiveDirectory(settings) => {
                active_directory::check(self, settings, attributes, context).await
            }
            SourceSettings::Csv(settings) => csv::check(self, settings, attributes, context).await,
            SourceSettings::JsonFile(settings) => json_file::check(self, settings, attributes, context).await,
            SourceSettings::Sql(settings) => sql::check(self, settings, attributes, context).await,
            SourceSettings::Api(settings) => api::check(self, settings, attributes, context).await,
        }
    }
}

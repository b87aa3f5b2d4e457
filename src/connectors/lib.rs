//! Connectors: one module for each kind of source, with one contract for all of them.
//!
//! A connector returns a *complete* [`DirectoryReading`] or a [`ConnectorError`]. A `DirectoryReading` can only be
//! created from a [`proof::CompletenessProof`], and each kind of source has one way to obtain it: LDAP by result code 0
//! on the last page, a file by its last line break and by not changing while it is read. Code outside this crate
//! therefore cannot treat a part of a directory as complete.
//!
//! To add a kind of API:
//! 1. add a file in [`api::vendors`] with an [`api::vendors::Vendor`]: URL, authentication, default mapping, requests;
//! 2. add it to [`api::vendors::VENDORS`];
//! 3. add its kind and keys to `config/schema_keys/`, and an example to `config/connectors/`;
//! 4. add a server to `tests/support/vendors/`; every test of `tests/vendors/` then includes it;
//! 5. document permissions, limits and the proof of the end in `docs/sources.md`.
//!
//! This crate only reports what a source contains; `rollcall_core::sync` determines who is absent, new or changed.

pub mod active_directory;
pub mod api;
mod attempt;
pub mod csv;
mod diagnostics;
mod directory_reading;
mod error;
mod exceeded_limit;
pub mod file;
#[cfg(fuzzing)]
pub mod fuzz;
pub mod http;
pub mod json;
pub mod json_file;
pub mod ldap;
mod mapper;
pub mod mapping;
#[cfg(test)]
mod message_snapshot;
mod network_error;
mod person_answer;
pub mod proof;
mod protocol_error;
mod reading_deadline;
mod reading_error;
pub mod retry;
mod secret_file;
pub mod sql;
pub mod tls;

use tokio_util::sync::CancellationToken;

use rollcall_model::attributes::{Attribute, AttributeSet};
use rollcall_model::names::ConnectorName;
use rollcall_model::people::PeopleTable;
use rollcall_model::resource_limits::ResourceLimits;
use rollcall_model::schedule::CronSchedule;
use rollcall_model::source_file::SourceFile;

pub use attempt::ConnectorAttempt;
pub use directory_reading::DirectoryReading;
pub use error::{ConnectorCause, ConnectorError};
pub use exceeded_limit::ExceededLimit;
pub use mapping::AttributeMapping;
pub use network_error::NetworkError;
pub use person_answer::{PersonAnswer, PersonQuery};
pub use protocol_error::BoxedCause;
pub use reading_error::ReadingError;
pub use secret_file::{SecretFileError, read_secret_file};

pub use rollcall_model::progress::ReadProgress;

use reading_deadline::ReadingDeadline;

/// One configured directory.
#[derive(Debug, Clone)]
pub struct Connector {
    /// The name, unique in the file.
    pub name: ConnectorName,
    /// The schedule of the service; without one, only commands read the directory.
    pub schedule: Option<CronSchedule>,
    /// Number of days before `start_date` from which a person is active.
    pub prehire_days: u32,
    /// The attribute that identifies a person who returns with a new id, as opposed to another person with the
    /// same address.
    pub match_attribute: Option<Attribute>,
    /// The mapping from attributes of the source to attributes of rollcall.
    pub mapping: AttributeMapping,
    /// The kind of source and its settings.
    pub source: SourceSettings,
}

/// The default mapping of the kind of source; `None` for most kinds.
#[must_use]
pub fn default_mapping(kind: &str) -> Option<mapping::DefaultMapping> {
    match kind {
        "active_directory" => Some(active_directory::DEFAULT_MAPPING),
        _ => api::vendors::find_vendor(kind).map(api::vendors::Vendor::default_mapping),
    }
}

/// The kinds of source with their settings.
#[derive(Debug, Clone)]
pub enum SourceSettings {
    /// Any server that speaks RFC 4511.
    Ldap(ldap::LdapSettings),
    /// Domain controllers of Active Directory.
    ActiveDirectory(active_directory::ActiveDirectorySettings),
    /// A file with a header line.
    Csv(csv::CsvSettings),
    /// A JSON file.
    JsonFile(json_file::JsonFileSettings),
    /// A query against another database.
    Sql(sql::SqlSettings),
    /// A paged JSON API over HTTP.
    Api(Box<api::ApiSettings>),
}

/// Inputs of a reading besides the settings.
#[derive(Debug, Clone)]
pub struct ReadContext {
    /// Ends the reading with [`ReadingError::Cancelled`].
    pub cancel: CancellationToken,
    /// The number of people read so far, for progress reports.
    pub progress: ReadProgress,
    /// The retry policy for transient errors.
    pub retry: retry::RetryPolicy,
    /// The bounds on what a source may send.
    pub limits: ResourceLimits,
    /// The file that the connector read last, if it reads the newest file of a folder.
    pub last_file: Option<SourceFile>,
}

/// One step of `rollcall check`, in the order in which a connection is made.
#[derive(Debug)]
pub struct CheckStep {
    /// The name of the step: `resolve`, `connect`, `TLS`, `bind`, `read`, `attributes`, …
    pub name: &'static str,
    /// A description of the result, or the error that ended the check.
    pub outcome: Result<String, ConnectorError>,
    /// Warnings of a step that succeeded, such as a mapped attribute for which no person has a value.
    pub warnings: Vec<String>,
}

impl Connector {
    /// The kind of the connector in the configuration file.
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

    /// Whether the connector reads the newest file of a folder.
    #[must_use]
    pub fn reads_newest_file(&self) -> bool {
        match &self.source {
            SourceSettings::Csv(settings) => settings.file.newest.is_some(),
            SourceSettings::JsonFile(settings) => settings.file.newest.is_some(),
            SourceSettings::Ldap(_)
            | SourceSettings::ActiveDirectory(_)
            | SourceSettings::Sql(_)
            | SourceSettings::Api(_) => false,
        }
    }

    /// Reads all people and retries transient errors according to `context.retry`.
    ///
    /// # Errors
    ///
    /// If the source did not prove that its list is complete; no person may be removed then.
    pub async fn read(
        &self,
        attributes: &AttributeSet,
        context: &ReadContext,
    ) -> Result<DirectoryReading, ConnectorError> {
        let deadline = ReadingDeadline::new(context);
        let changed = self.with_changed_secrets()?;
        let connector = changed.as_ref().unwrap_or(self);
        deadline.wait_for(&self.name, Box::pin(connector.read_source(attributes, deadline.context()))).await
    }

    async fn read_source(
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

    /// Finds the people with this address. The result proves nothing about other people.
    ///
    /// # Errors
    ///
    /// If the request failed.
    pub async fn find(
        &self,
        email: &str,
        attributes: &AttributeSet,
        context: &ReadContext,
    ) -> Result<PeopleTable, ConnectorError> {
        let deadline = ReadingDeadline::new(context);
        let changed = self.with_changed_secrets()?;
        let connector = changed.as_ref().unwrap_or(self);
        deadline
            .wait_for(&self.name, Box::pin(connector.find_in_source(email, attributes, deadline.context())))
            .await
    }

    async fn find_in_source(
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

    /// Asks the source for one person: by address, and by the ids that are known.
    ///
    /// # Errors
    ///
    /// If a request failed.
    pub async fn find_person(
        &self,
        query: PersonQuery<'_>,
        attributes: &AttributeSet,
        context: &ReadContext,
    ) -> Result<PersonAnswer, ConnectorError> {
        match &self.source {
            SourceSettings::Csv(_) | SourceSettings::JsonFile(_) | SourceSettings::Sql(_) => {
                let reading = self.read(attributes, context).await?;
                Ok(PersonAnswer::of_reading(reading, query, attributes))
            }
            SourceSettings::Ldap(_) | SourceSettings::ActiveDirectory(_) | SourceSettings::Api(_) => {
                let people = self.find(query.text, attributes, context).await?;
                let (mut answer, ids) = PersonAnswer::of_address(people, query);
                if !ids.is_empty() {
                    let found = self.look_up(&ids, attributes, context).await?;
                    answer.add_ids(ids, &found);
                }
                Ok(answer)
            }
        }
    }

    /// Requests people who were absent from a reading again: a source that is paged without a snapshot can omit a
    /// person whose position changes during the reading. A file is a snapshot and is not requested again.
    ///
    /// # Errors
    ///
    /// If the request failed.
    pub async fn look_up(
        &self,
        ids: &[String],
        attributes: &AttributeSet,
        context: &ReadContext,
    ) -> Result<Vec<PeopleTable>, ConnectorError> {
        let deadline = ReadingDeadline::new(context);
        let changed = self.with_changed_secrets()?;
        let connector = changed.as_ref().unwrap_or(self);
        deadline
            .wait_for(&self.name, Box::pin(connector.look_up_in_source(ids, attributes, deadline.context())))
            .await
    }

    async fn look_up_in_source(
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

    /// Runs the steps of `rollcall check`; stops at the first step that fails, and at the end of the time of a reading.
    pub async fn check(&self, attributes: &AttributeSet, context: &ReadContext) -> Vec<CheckStep> {
        let deadline = ReadingDeadline::new(context);
        let steps = async {
            let changed = self.with_changed_secrets()?;
            Ok(changed.as_ref().unwrap_or(self).check_source(attributes, deadline.context()).await)
        };
        let checked = deadline.wait_for(&self.name, Box::pin(steps)).await;
        checked.unwrap_or_else(|error| {
            let name = if error.is_unusable_secret() { "secret" } else { "time" };
            vec![CheckStep { name, outcome: Err(error), warnings: Vec::new() }]
        })
    }

    async fn check_source(&self, attributes: &AttributeSet, context: &ReadContext) -> Vec<CheckStep> {
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

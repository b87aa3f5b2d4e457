//! The file as one typed value, or the list of everything that is wrong with it.
//!
//! [`Config::load`] walks the spanned TOML against one table of keys and builds the types of the rooms below:
//! connectors, rules, limits. It stops at nothing: every [`Diagnostic`] is found at once, each with its line, its column
//! and a hint. What works and is worth a second look stands in [`Config::warnings`].
//!
//! No secret leaves this room but as a [`SecretText`]: where a line of the file is quoted, what is secret in it is `***`.
//! Secret files and the existence of CA files are read here; the sources themselves are not touched.

mod api;
mod auth;
mod config_digest;
mod connector;
mod course;
mod csv;
mod diagnostic;
mod discover;
mod document;
mod glob_overlap;
mod key_spec;
mod ldap;
mod mapping;
mod redact;
mod rule;
mod schema;
mod schema_keys;
mod secret;
mod section;
mod settings;
mod sql;
mod toml_errors;
mod units;
mod value_type;

use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use chrono_tz::Tz;
use ipnet::IpNet;

use crate::document::ConfigDocument;
use crate::section::{ConfigSection, DiagnosticCollector};
use rollcall_connectors::Connector;
use rollcall_model::attributes::AttributeSet;
use rollcall_model::catalogue::{FileAssignment, FileCourse};
use rollcall_model::guard::SafetyLimits;
use rollcall_model::role::Role;
use rollcall_model::secret::SecretText;
use rollcall_rules::rule::Rule;

pub use diagnostic::{Diagnostic, Diagnostics};
pub use discover::{ConfigNotFound, find_config};
pub use schema::build_json_schema;

/// A complete, commented file: what `rollcall config example` prints.
pub const EXAMPLE: &str = include_str!("../../config/rollcall.example.toml");

/// The same for the connectors of each other kind: what `rollcall config example KIND` prints.
pub const KIND_EXAMPLES: &[(&str, &str)] = &[
    ("active_directory", include_str!("../../config/connectors/active_directory.toml")),
    ("json_file", include_str!("../../config/connectors/json_file.toml")),
    ("sql", include_str!("../../config/connectors/sql.toml")),
    ("scim", include_str!("../../config/connectors/scim.toml")),
    ("entra", include_str!("../../config/connectors/entra.toml")),
    ("okta", include_str!("../../config/connectors/okta.toml")),
    ("google", include_str!("../../config/connectors/google.toml")),
    ("bamboohr", include_str!("../../config/connectors/bamboohr.toml")),
    ("personio", include_str!("../../config/connectors/personio.toml")),
    ("personio_v2", include_str!("../../config/connectors/personio_v2.toml")),
    ("workday", include_str!("../../config/connectors/workday.toml")),
    ("successfactors", include_str!("../../config/connectors/successfactors.toml")),
    ("hibob", include_str!("../../config/connectors/hibob.toml")),
    ("http_json", include_str!("../../config/connectors/http_json.toml")),
];

/// Everything that the file says.
#[derive(Debug)]
pub struct Config {
    /// The file.
    pub path: PathBuf,
    /// The folder of the file, from which relative paths start.
    pub folder: PathBuf,
    /// A digest of what decides a plan, 32 hexadecimal digits: nodes whose digests are equal plan alike. The database,
    /// the pages, the workers and the secrets do not count.
    pub digest: String,
    /// Where dates live.
    pub timezone: Tz,
    /// Where rollcall keeps what it knows.
    pub database: DatabaseSettings,
    /// The pages and the API.
    pub web: WebSettings,
    /// The workers.
    pub worker: WorkerSettings,
    /// The limits of the guard.
    pub safety: SafetyLimits,
    /// The standard attributes, and every further one that a mapping names.
    pub attributes: AttributeSet,
    /// The connectors, in the order of the file: the first that has a value wins.
    pub connectors: Vec<Connector>,
    /// The rules, in the order of the file.
    pub rules: Vec<Rule>,
    /// The courses that the file holds.
    pub courses: Vec<FileCourse>,
    /// The assignments that the file holds.
    pub assignments: Vec<FileAssignment>,
    /// What works and is worth a second look, in the order of the lines.
    pub warnings: Vec<Diagnostic>,
}

/// `[database]`.
#[derive(Debug, Clone)]
pub struct DatabaseSettings {
    /// `sqlite://` with an absolute path, or `postgres://` or `postgresql://` as it was written.
    pub url: SecretText,
    /// The largest size of an SQLite file, in bytes.
    pub max_size: Option<u64>,
}

/// `[web]`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WebSettings {
    /// The address and port for pages and API.
    pub listen: SocketAddr,
    /// Certificate and key, where pages and API are encrypted by rollcall itself.
    pub tls: Option<TlsSettings>,
    /// Who may say for whom it asks.
    pub trusted_proxies: Vec<IpNet>,
    /// The company's sign-in provider.
    pub sign_in: Option<SignInSettings>,
}

/// `[web.sign_in]`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignInSettings {
    /// The provider's issuer URL (OpenID Connect Discovery 1.0).
    pub issuer: String,
    /// The URL of the pages, to which the provider answers.
    pub pages_url: String,
    /// What the provider calls rollcall.
    pub client_id: String,
    /// How rollcall proves that; none where PKCE alone does.
    pub client_secret: Option<SecretText>,
    /// What is asked for besides `openid`.
    pub scopes: Vec<String>,
    /// The claim that has the groups.
    pub groups_claim: String,
    /// Groups that give each role, from the one that allows most.
    pub roles: Vec<(Role, Vec<String>)>,
}

/// The files of a certificate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TlsSettings {
    /// The certificate and those between it and its CA, in PEM.
    pub cert: PathBuf,
    /// Its key, in PEM.
    pub key: PathBuf,
}

/// `[worker]`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct WorkerSettings {
    /// How many workers drain jobs at once, 1 to 64.
    pub concurrency: u32,
}

/// What the file leans on besides itself.
pub(crate) struct Environment<'a> {
    folder: &'a Path,
    env: &'a dyn Fn(&str) -> Option<String>,
}

impl Config {
    /// What a sync needs of the file.
    #[must_use]
    pub fn for_sync(&self) -> rollcall_core::sync::File<'_> {
        rollcall_core::sync::File {
            zone: self.timezone,
            attributes: &self.attributes,
            connectors: &self.connectors,
            rules: &self.rules,
            courses: &self.courses,
            assignments: &self.assignments,
            limits: self.safety,
            digest: &self.digest,
        }
    }

    /// What an explanation needs.
    #[must_use]
    pub fn for_explain(&self) -> rollcall_core::explain::ExplainConfig<'_> {
        rollcall_core::explain::ExplainConfig {
            zone: self.timezone,
            attributes: &self.attributes,
            connectors: &self.connectors,
            rules: &self.rules,
        }
    }

    /// Reads the file, and the secrets that it names.
    ///
    /// # Errors
    /// Everything that is wrong with the file, or why it cannot be read.
    pub fn load(path: &Path, env: &dyn Fn(&str) -> Option<String>) -> Result<Self, Diagnostics> {
        let bytes = std::fs::read(path).map_err(|error| diagnostic::unreadable_file(path, &error))?;
        let text =
            std::str::from_utf8(&bytes).map_err(|error| diagnostic::invalid_utf8(path, &bytes, error))?;
        Self::parse(text, path, env)
    }

    /// Reads a text as if it stood in the file `path`, and the secrets that it names.
    ///
    /// # Errors
    /// Everything that is wrong with it.
    pub fn parse(text: &str, path: &Path, env: &dyn Fn(&str) -> Option<String>) -> Result<Self, Diagnostics> {
        let absolute = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
        let folder = absolute.parent().unwrap_or(Path::new("/"));
        let document = ConfigDocument::read(path, text);
        let report = DiagnosticCollector::new(&document);
        let config = assemble(&ConfigSection::root(&report), &Environment { folder, env });
        let digest = config_digest::add_mappings(
            &config_digest::compute_digest(&document.root),
            &config.connectors,
            &config.attributes,
        );
        let warnings = report.into_result()?;
        Ok(Self { path: path.to_owned(), folder: folder.to_owned(), digest, warnings, ..config })
    }
}

/// Builds what the file says; where something is wrong it is said to the section's report, and left out.
fn assemble(root: &ConfigSection<'_>, around: &Environment<'_>) -> Config {
    let timezone = root.parsed("timezone").map_or(Tz::UTC, |zone| zone.value);
    let mut attributes = AttributeSet::default();
    let sections = root.list("connector");
    let names = connector::names(&sections);
    let connectors = connector::read(&sections, timezone, around, &mut attributes);
    let rule_sections = root.list("rule");
    let known = rule::NameScope { attributes: &attributes, connectors: &names };
    let rules = rule::read(&rule_sections, known);
    if rules.len() == rule_sections.len() {
        rule::warn_unmapped_attributes(&rule_sections, &rules, &connectors, &attributes);
    }
    let courses = course::courses(&root.list("course"));
    let assignment_sections = root.list("assignment");
    let assignments = course::assignments(&assignment_sections);
    course::warn_unmatched_assignments(&assignment_sections, &courses, &rules);
    Config {
        path: PathBuf::new(),
        folder: PathBuf::new(),
        digest: String::new(),
        timezone,
        database: settings::database(root, around),
        web: settings::web(root, around),
        worker: settings::worker(root),
        safety: settings::safety(root),
        attributes,
        connectors,
        rules,
        courses,
        assignments,
        warnings: Vec::new(),
    }
}

//! Reads the configuration file into one typed value, or returns every error in it.
//!
//! [`Config::load`] walks the spanned TOML against one table of keys and builds the types of the rooms below:
//! connectors, rules, limits. It does not stop at the first error: every [`Diagnostic`] is reported at once, with its
//! line, its column and a hint. Settings that are valid but suspicious are listed in [`Config::warnings`].
//!
//! Secrets leave this crate only as [`SecretText`]: in a quoted line of the file, a secret is shown as `***`.
//! Secret files are read and CA files are checked for existence here; sources are not contacted.

mod api;
mod auth;
mod config_digest;
mod connector;
mod connector_kinds;
mod course;
mod csv;
mod diagnostic;
mod diagnostic_collector;
mod discover;
mod document;
mod glob_overlap;
mod http_url;
mod key_spec;
mod ldap;
#[cfg(test)]
mod limit_tests;
mod mapping;
#[cfg(test)]
mod message_snapshot;
mod redact;
mod rule;
mod rule_dependencies;
mod schema;
mod schema_keys;
mod secret;
mod section;
mod section_checks;
mod settings;
mod source_file;
mod sql;
mod toml_errors;
mod units;
mod value_type;

use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use chrono_tz::Tz;
use ipnet::IpNet;

use crate::diagnostic_collector::DiagnosticCollector;
use crate::document::ConfigDocument;
use crate::section::ConfigSection;
use rollcall_connectors::Connector;
use rollcall_connectors::file::read_regular_file;
use rollcall_model::attributes::AttributeSet;
use rollcall_model::catalogue::{FileAssignment, FileCourse};
use rollcall_model::guard::SafetyLimits;
use rollcall_model::resource_limits::{ResourceLimit, ResourceLimits};
use rollcall_model::role::Role;
use rollcall_model::secret::SecretText;
use rollcall_rules::rule::Rule;

pub use diagnostic::{Diagnostic, Diagnostics};
pub use discover::{ConfigNotFound, find_config};
pub use schema::build_json_schema;

/// A complete configuration file with comments. `rollcall config example` prints it.
pub const EXAMPLE: &str = include_str!("../../config/rollcall.example.toml");

/// Examples for the other connector kinds. `rollcall config example KIND` prints one.
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

/// The content of the configuration file.
#[derive(Debug)]
pub struct Config {
    /// The path of the file.
    pub path: PathBuf,
    /// The folder of the file; relative paths are resolved against it.
    pub folder: PathBuf,
    /// A digest of the settings that affect a plan, 32 hexadecimal digits. Nodes with equal digests compute equal plans.
    /// The database, the pages, the workers and the secrets are not part of it.
    pub digest: String,
    /// The time zone in which a day begins and ends.
    pub timezone: Tz,
    /// The database settings.
    pub database: DatabaseSettings,
    /// The settings of the pages and the API.
    pub web: WebSettings,
    /// The lines of the keys of `[web]`.
    pub web_lines: WebKeyLines,
    /// The settings of the workers.
    pub worker: WorkerSettings,
    /// The safety limits.
    pub safety: SafetyLimits,
    /// The bounds on what comes from outside.
    pub limits: ResourceLimits,
    /// The standard attributes and the additional attributes that mappings name.
    pub attributes: AttributeSet,
    /// The connectors in the order of the file. If several have a value, the first one is used.
    pub connectors: Vec<Connector>,
    /// The rules, in the order of the file.
    pub rules: Vec<Rule>,
    /// The courses defined in the file.
    pub courses: Vec<FileCourse>,
    /// The assignments defined in the file.
    pub assignments: Vec<FileAssignment>,
    /// Warnings about valid but suspicious settings, in the order of their lines.
    pub warnings: Vec<Diagnostic>,
}

/// `[database]`.
#[derive(Debug, Clone)]
pub struct DatabaseSettings {
    /// `sqlite://` with an absolute path, or `postgres://` or `postgresql://` as written.
    pub url: SecretText,
    /// The largest size of an SQLite file, in bytes.
    pub max_size: Option<u64>,
}

/// `[web]`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WebSettings {
    /// The address and port for pages and API.
    pub listen: SocketAddr,
    /// Certificate and key if rollcall itself serves HTTPS.
    pub tls: Option<TlsSettings>,
    /// Reverse proxies whose forwarding headers are trusted.
    pub trusted_proxies: Vec<IpNet>,
    /// Whether accounts may sign in with a password.
    pub passwords: bool,
    /// Roles whose accounts must have a second factor when they sign in with a password.
    pub second_factor: Vec<Role>,
    /// The company's sign-in provider.
    pub sign_in: Option<SignInSettings>,
}

/// The lines of keys of `[web]`, counted from 1; `None` if the file does not have the key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct WebKeyLines {
    /// `listen`.
    pub listen: Option<usize>,
    /// `cert`.
    pub cert: Option<usize>,
    /// `key`.
    pub key: Option<usize>,
}

/// `[web.sign_in]`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignInSettings {
    /// The provider's issuer URL (OpenID Connect Discovery 1.0).
    pub issuer: String,
    /// The URL of the pages, to which the provider redirects.
    pub pages_url: String,
    /// The client ID that the provider assigned to rollcall.
    pub client_id: String,
    /// The client secret; none if PKCE is sufficient.
    pub client_secret: Option<SecretText>,
    /// The scopes requested in addition to `openid`.
    pub scopes: Vec<String>,
    /// The claim that contains the groups.
    pub groups_claim: String,
    /// The groups that grant each role, the most powerful role first.
    pub roles: Vec<(Role, Vec<String>)>,
}

/// The files of a certificate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TlsSettings {
    /// The certificate and its intermediate certificates, in PEM.
    pub cert: PathBuf,
    /// The private key, in PEM.
    pub key: PathBuf,
}

/// `[worker]`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct WorkerSettings {
    /// The number of concurrent workers, 1 to 64.
    pub concurrency: u32,
}

/// Inputs of the parser besides the file: its folder and the environment.
pub(crate) struct Environment<'a> {
    folder: &'a Path,
    env: &'a dyn Fn(&str) -> Option<String>,
}

impl Config {
    /// The part of the configuration that a sync uses.
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
            bounds: &self.limits,
            digest: &self.digest,
        }
    }

    /// The part of the configuration that an explanation uses.
    #[must_use]
    pub fn for_explain(&self) -> rollcall_core::explain::ExplainConfig<'_> {
        rollcall_core::explain::ExplainConfig {
            zone: self.timezone,
            attributes: &self.attributes,
            connectors: &self.connectors,
            rules: &self.rules,
        }
    }

    /// Reads the file and the secrets that it refers to.
    ///
    /// # Errors
    /// All errors in the file, or the reason why it cannot be read.
    pub fn load(path: &Path, env: &dyn Fn(&str) -> Option<String>) -> Result<Self, Diagnostics> {
        let bytes = read_regular_file(path, ResourceLimit::ConfigBytes)
            .map_err(|error| diagnostic::unreadable_file(path, &error))?;
        let text =
            std::str::from_utf8(&bytes).map_err(|error| diagnostic::invalid_utf8(path, &bytes, error))?;
        diagnostic::refuse_long_lines(text, path)?;
        Self::parse(text, path, env)
    }

    /// Parses `text` as the content of the file `path`, and reads the secrets that it refers to.
    ///
    /// # Errors
    /// All errors in the text.
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

/// Builds the configuration. Invalid parts are reported to the section's collector and left out.
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
        rule_dependencies::report_circles(&rule_sections, &rules);
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
        web_lines: settings::web_lines(root),
        worker: settings::worker(root),
        safety: settings::safety(root),
        limits: settings::limits(root),
        attributes,
        connectors,
        rules,
        courses,
        assignments,
        warnings: Vec::new(),
    }
}

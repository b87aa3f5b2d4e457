//! Bounds on what comes from outside, of all parts of the program.
//!
//! A bound has a name, a default and a unit. Those that an administrator may have to change are keys of `[limits]`; the
//! others are fixed, because a larger value is never needed or would not be safe. Whoever refuses something because of a
//! bound calls [`ResourceLimit::record_reached`], which the metric `rollcall_limit_reached_total` shows.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use crate::format::shorten;

/// What is known of a bound.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LimitSpec {
    /// The name, in `[limits]` and as the label of the metric.
    pub name: &'static str,
    /// The value where the file sets none.
    pub default: u64,
    /// The smallest and the largest value that the file may set; `None` if the bound is fixed.
    pub range: Option<(u64, u64)>,
    /// The unit of the value.
    pub unit: &'static str,
    /// What is bounded, and what happens beyond.
    pub about: &'static str,
}

macro_rules! limits {
    ($($variant:ident = $name:literal, $default:expr, $range:expr, $unit:literal, $about:literal;)*) => {
        /// A bound on something that comes from outside.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub enum ResourceLimit {
            $(#[doc = $about] $variant,)*
        }

        const SPECS: &[LimitSpec] = &[
            $(LimitSpec { name: $name, default: $default, range: $range, unit: $unit, about: $about },)*
        ];

        /// How often each bound was reached since the start of the process.
        static REACHED: [AtomicU64; SPECS.len()] = [const { AtomicU64::new(0) }; SPECS.len()];

        impl ResourceLimit {
            /// Every bound, in the order of the documentation.
            pub const ALL: [Self; SPECS.len()] = [$(Self::$variant,)*];
        }
    };
}

const MIB: u64 = 1 << 20;

limits! {
    Connections = "connections", 512, Some((16, 100_000)), "connections",
        "Connections of the web server at the same time. A further one ends the one that has waited longest for its client. If all are in requests, it is answered with status 503.";
    SurplusConnections = "surplus_connections", 32, None, "connections",
        "Connections beyond `connections` that are answered at the same time: `/healthz` and `/readyz` as usual, other paths with status 503. The oldest one makes way.";
    ConnectionsPerAddress = "connections_per_address", 64, Some((4, 100_000)), "connections",
        "Connections of one client address, or IPv6 network of 64 bits, at the same time. Further ones are closed. A trusted proxy has no bound of its own.";
    HeaderSeconds = "header_seconds", 10, None, "seconds",
        "Time in which the header of a request, or a TLS handshake, must be complete. Then the connection is closed.";
    HeaderBytes = "header_bytes", 64 << 10, None, "bytes",
        "Size of the header of a request. A larger one is answered with status 431.";
    IdleSeconds = "idle_seconds", 60, None, "seconds",
        "Time that a connection may be open between two requests, or may take no byte of a response. Then it is closed.";
    BodySeconds = "body_seconds", 60, Some((10, 3_600)), "seconds",
        "Time in which the body of a request must be complete. Then the request is answered with status 408.";
    ReservedFiles = "reserved_files", 256, None, "open files",
        "Open files that are kept back from connections for database, connectors and log.";
    FormFields = "form_fields", 1_000, None, "fields",
        "Fields of a form and of the query of an address. More are refused.";
    KeptFormBytes = "kept_form_bytes", 16 << 10, None, "bytes",
        "Size of a form that is kept while its user signs in or confirms the password. A larger one must be sent again.";
    SignInFormBytes = "sign_in_form_bytes", 64 << 10, None, "bytes",
        "Size of a form of sign-in, which anyone can send. A larger one is refused.";
    RequestsPerPrincipal = "requests_per_principal", 8, None, "requests",
        "Requests of one account or token that are worked on at the same time. Further ones wait.";
    WaitingRequests = "waiting_requests", 16, None, "requests",
        "Requests of one account or token that wait. Further ones are answered with status 429.";
    ExportSeconds = "export_seconds", 120, None, "seconds",
        "Time in which a CSV file must be received. Then its connection is closed.";
    WaitingProviderVisits = "waiting_provider_visits", 16, None, "requests",
        "Sign-ins that wait for the metadata of the identity provider. Further ones are refused.";
    SearchCharacters = "search_characters", 200, None, "characters",
        "Length of the text of a search. A longer one is refused.";
    SearchWords = "search_words", 20, None, "words",
        "Words of the text of a search. More are refused.";
    DraftsPerAccount = "drafts_per_account", 50, None, "drafts",
        "Unfinished forms that are kept for one account. The oldest one makes way.";
    DraftChoices = "draft_choices", 1_000_000, None, "choices",
        "Learners or groups that one unfinished form may hold. More are refused.";
    ExportsAtOnce = "exports_at_once", 2, None, "exports",
        "CSV files that are written at the same time. Further ones wait.";
    SignInAddressBytes = "sign_in_address_bytes", 254, None, "bytes",
        "Length of an address that is typed at sign-in. A longer one is refused before anything is read or written.";
    PasswordThreads = "password_threads", 2, None, "threads",
        "Passwords that are checked at the same time, each with 19 MiB of memory.";
    WaitingPasswords = "waiting_passwords", 64, None, "sign-ins",
        "Sign-ins that wait for the check of their password. Further ones are answered with status 503.";
    SignInCounters = "sign_in_counters", 100_000, None, "rows",
        "Counters of failed sign-ins. The oldest ones make way.";
    SignInRecords = "sign_in_records", 50_000, None, "rows",
        "Sign-ins and sign-outs, and as many refusals, that are kept in the record of sign-ins. The oldest ones make way.";
    SessionsPerAccount = "sessions_per_account", 20, None, "sessions",
        "Sessions of one account. The oldest one ends.";
    ProviderAnswerBytes = "provider_answer_bytes", MIB, None, "bytes",
        "Size of an answer of the identity provider. A larger one is an error.";
    ProviderMetadataSeconds = "provider_metadata_seconds", 600, None, "seconds",
        "Time for which the metadata and keys of the identity provider are kept.";
    ConfigBytes = "config_bytes", 4 * MIB, None, "bytes",
        "Size of the configuration file. A larger one is refused.";
    ConfigLineBytes = "config_line_bytes", 64 << 10, None, "bytes",
        "Length of a line of the configuration file. A file with a longer one is refused.";
    ConfigErrors = "config_errors", 100, None, "errors",
        "Errors, and as many warnings, of the configuration file that are reported. Further ones are left out.";
    ReloadSeconds = "reload_seconds", 10, None, "seconds",
        "Time to read the configuration file anew. Then the log says so, and the previous configuration stays until the file has been read.";
    SecretBytes = "secret_bytes", 64 << 10, None, "bytes",
        "Size of the file of a secret. A larger one is refused.";
    CertificateBytes = "certificate_bytes", 4 * MIB, None, "bytes",
        "Size of a file with certificates or a key. A larger one is refused.";
    ImportBytes = "import_bytes", 16 * MIB, None, "bytes",
        "Size of a file that a command imports. A larger one is refused.";
    ReadingBytes = "reading_bytes", 8 << 30, Some((MIB, 1 << 44)), "bytes",
        "Data of one reading of a source. Then the run fails and removes nothing.";
    ReadingRecords = "reading_records", 5_000_000, Some((1_000, 1_000_000_000)), "records",
        "Records of one reading of a source. Then the run fails and removes nothing.";
    ReadingPages = "reading_pages", 200_000, Some((100, 100_000_000)), "pages",
        "Pages of one list or search of a reading, and parts of the values of one attribute. Then the run fails and removes nothing.";
    ReadingMinutes = "reading_minutes", 300, Some((1, 10_080)), "minutes",
        "Time of one reading of a source. Then the run fails and removes nothing.";
    FolderEntries = "folder_entries", 100_000, Some((100, 10_000_000)), "entries",
        "Files and folders in the folder of a path with wildcards. Then the run fails and removes nothing.";
    RecordBytes = "record_bytes", 16 << 20, None, "bytes",
        "Size of a row of a CSV file, a record of a JSON file, a row of a query, the details of a record of an API, or a message of an LDAP server.";
    AttributeValues = "attribute_values", 100_000, None, "values",
        "Values of one attribute of a record. Then the run fails and removes nothing.";
    RecordParts = "record_parts", 300_000, None, "parts",
        "Values of all attributes of a record, fields of a row of a CSV file, and values and members of a record in JSON that is not read as a stream. Then the run fails and removes nothing.";
    SourceValueBytes = "source_value_bytes", MIB, None, "bytes",
        "Size of one value of an attribute in a CSV file, a JSON file, an API or a query. Then the run fails and removes nothing.";
    PageParts = "page_parts", 2_000_000, None, "parts",
        "Values and members of a page of an API whose records have details. Then the run fails and removes nothing.";
    LdapElements = "ldap_elements", 500_000, None, "elements",
        "Elements of a message of an LDAP server: values, attributes, controls and their parts. Then the run fails and removes nothing.";
    LdapNestingLevels = "ldap_nesting_levels", 16, None, "levels",
        "Elements inside each other in a message of an LDAP server.";
    LdapValueBytes = "ldap_value_bytes", MIB, None, "bytes",
        "Size of one value of a mapped attribute of an LDAP entry.";
    LdapOtherMessages = "ldap_other_messages", 100_000, None, "messages",
        "Messages of an LDAP server in one connection that are neither entries nor results: references, intermediate messages and messages of other requests.";
    PagingCookieBytes = "paging_cookie_bytes", 64 << 10, None, "bytes",
        "Size of the cookie by which an LDAP server continues a search.";
    TokenResponseBytes = "token_response_bytes", MIB, None, "bytes",
        "Size of the response of the token endpoint of an API.";
    ServerWaitSeconds = "server_wait_seconds", 86_400, None, "seconds",
        "Wait that a server can ask for, and lifetime of a token. A longer one counts as this long. A run fails instead of waiting longer than its retries may take.";
    StatementSeconds = "statement_seconds", 300, Some((10, 86_400)), "seconds",
        "Time of one statement on a PostgreSQL server. Then its connection is closed, and the run or request fails and changes nothing.";
    RunMinutes = "run_minutes", 360, Some((1, 10_080)), "minutes",
        "Time of a run from its start to its commit. Then the run fails and changes nothing.";
    Problems = "problems", 1_000, None, "problems",
        "Problems that a run keeps. Further ones are left out.";
    ProblemCharacters = "problem_characters", 500, None, "characters",
        "Length of the text of a problem of a run. The rest is left out.";
    RunErrorCharacters = "run_error_characters", 4_000, None, "characters",
        "Length of the error that a failed run keeps. The rest is left out.";
    ExpressionBytes = "expression_bytes", 4_000, None, "bytes",
        "Length of an expression, in the file and on the page *Rules*. A longer one is refused.";
    ExpressionDepth = "expression_depth", 96, None, "levels",
        "Depth of the tree of an expression: `1 + 1 + 1` is three levels deep. A deeper one is refused.";
    ExpressionParts = "expression_parts", 2_000, None, "parts",
        "Operators, calls, names and constants of an expression. One with more is refused.";
    ComprehensionDepth = "comprehension_depth", 2, None, "levels",
        "Calls of `exists`, `all`, `filter` and `map` inside each other. Deeper ones are refused.";
    GlobBytes = "glob_bytes", 500, None, "bytes",
        "Length of the pattern of `glob`. A longer one is refused.";
    GlobDepth = "glob_depth", 8, None, "levels",
        "Braces inside each other in the pattern of `glob`. Deeper ones are refused.";
    RegexBytes = "regex_bytes", 500, None, "bytes",
        "Length of the pattern of `matches`. A longer one is refused.";
    CompiledRegexBytes = "compiled_regex_bytes", 256 << 10, None, "bytes",
        "Compiled size of the pattern of `matches`. A larger one is refused.";
    EvaluationSteps = "evaluation_steps", 1_000_000, None, "steps",
        "Work on one expression for one person. A step is about one operator, call, name or constant. Beyond, the expression fails for the person.";
    ValueBytes = "value_bytes", MIB, None, "bytes",
        "Size of an attribute and of a value that an expression makes. Beyond, the expression fails for the person.";
    MatchedTextBytes = "matched_text_bytes", 16 << 10, None, "bytes",
        "Length of the text that `glob` and `matches` compare. Beyond, the expression fails for the person.";
    ReasonCharacters = "reason_characters", 300, None, "characters",
        "Length of the reason that an evaluation failed. The rest is left out.";
    PreviewSeconds = "preview_seconds", 5, None, "seconds",
        "Time to try out an expression for all people. Then the attempt ends.";
    PreviewsPerAccount = "previews_per_account", 1, None, "attempts",
        "Expressions that one account tries out at the same time. Further ones are refused.";
}

/// Shortens a text to a bound of characters, and counts that.
#[must_use]
pub fn shorten_to(limit: ResourceLimit, text: String) -> String {
    let most = limit.default_size();
    // A text has at most as many characters as bytes.
    if text.len() > most && text.chars().nth(most).is_some() {
        limit.record_reached();
        return shorten(text, most);
    }
    text
}

impl ResourceLimit {
    /// What is known of the bound.
    #[must_use]
    pub fn spec(self) -> &'static LimitSpec {
        &SPECS[self as usize]
    }

    /// The value where the file sets none.
    #[must_use]
    pub const fn default_value(self) -> u64 {
        SPECS[self as usize].default
    }

    /// The value where the file sets none, as a number of things in memory.
    #[must_use]
    #[expect(clippy::cast_possible_truncation, reason = "no such bound is near 4 GiB")]
    pub const fn default_size(self) -> usize {
        self.default_value() as usize
    }

    /// Counts that something was refused or cut because of the bound.
    pub fn record_reached(self) {
        REACHED[self as usize].fetch_add(1, Ordering::Relaxed);
    }

    /// How often the bound was reached since the start of the process.
    #[must_use]
    pub fn times_reached(self) -> u64 {
        REACHED[self as usize].load(Ordering::Relaxed)
    }
}

/// The values of all bounds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ResourceLimits {
    values: [u64; SPECS.len()],
}

impl Default for ResourceLimits {
    fn default() -> Self {
        Self { values: std::array::from_fn(|at| SPECS[at].default) }
    }
}

impl ResourceLimits {
    /// The value of a bound.
    #[must_use]
    pub fn get(&self, limit: ResourceLimit) -> u64 {
        self.values[limit as usize]
    }

    /// The value of a bound as a number of things in memory.
    #[must_use]
    pub fn size(&self, limit: ResourceLimit) -> usize {
        usize::try_from(self.get(limit)).unwrap_or(usize::MAX)
    }

    /// The value of a bound in seconds.
    #[must_use]
    pub fn seconds(&self, limit: ResourceLimit) -> Duration {
        Duration::from_secs(self.get(limit))
    }

    /// The value of a bound in minutes.
    #[must_use]
    pub fn minutes(&self, limit: ResourceLimit) -> Duration {
        Duration::from_secs(self.get(limit).saturating_mul(60))
    }

    /// These values with another one for a bound.
    #[must_use]
    pub fn with(mut self, limit: ResourceLimit, value: u64) -> Self {
        self.values[limit as usize] = value;
        self
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_limit_has_its_own_name_and_a_default_within_its_range() {
        let mut names = BTreeSet::new();
        for limit in ResourceLimit::ALL {
            let spec = limit.spec();
            assert!(names.insert(spec.name), "{} is used twice", spec.name);
            assert_eq!(ResourceLimits::default().get(limit), spec.default);
            if let Some((least, most)) = spec.range {
                assert!((least..=most).contains(&spec.default), "{}", spec.name);
            }
        }
        let limits = ResourceLimits::default().with(ResourceLimit::RunMinutes, 2);
        assert_eq!(limits.minutes(ResourceLimit::RunMinutes), Duration::from_mins(2));
    }

    #[test]
    fn reached_limits_are_counted() {
        let before = ResourceLimit::RunMinutes.times_reached();
        ResourceLimit::RunMinutes.record_reached();
        assert_eq!(ResourceLimit::RunMinutes.times_reached(), before + 1);
    }
}

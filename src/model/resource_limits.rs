//! Bounds on what comes from outside, of all parts but expressions, whose bounds are in the crate of the rules.
//!
//! A bound has a name, a default and a unit. Those that an administrator may have to change are keys of `[limits]`; the
//! others are fixed, because a larger value is never needed or would not be safe. Whoever refuses something because of a
//! bound calls [`ResourceLimit::record_reached`], which the metric `rollcall_limit_reached_total` shows.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

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
        "Connections of the web server at the same time. Further ones wait until one is free.";
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
    RunMinutes = "run_minutes", 360, Some((1, 10_080)), "minutes",
        "Time of a run from its start to its commit. Then the run fails and changes nothing.";
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

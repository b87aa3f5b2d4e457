//! Database access. One module per table; only [`engine`], [`transaction`] and [`param`] depend on the database in use.
//!
//! The store makes no decisions. Its functions read and write sets of rows inside a [`Tx`] that the caller begins and
//! commits. All statements run in a transaction, because behind a pooler in transaction mode nothing else keeps two
//! statements on one connection.

pub mod accounts;
pub mod assignments;
pub mod connectors;
pub mod courses;
pub mod database_place;
pub mod engine;
pub mod enrollments;
mod error;
pub mod explain;
mod fault_injection;
pub mod form_drafts;
pub mod groups;
pub mod holds;
pub mod jobs;
pub mod learner_assignments;
pub mod learner_links;
pub mod learners;
pub mod leases;
pub mod listing;
pub mod memberships;
pub mod metrics;
mod migrate;
pub mod nodes;
mod open_store;
pub mod param;
pub mod persons;
mod postgres_transaction;
pub mod queue_samples;
pub mod reopened_completions;
pub mod reporting_lines;
pub mod retention;
pub mod runs;
pub mod second_factors;
pub mod sessions;
pub mod sign_in_attempts;
pub mod sign_in_devices;
pub mod sign_in_events;
pub mod sql;
pub mod staging;
pub mod statements;
pub mod suspensions;
pub mod tokens;
pub mod transaction;
pub mod undo;
pub mod verification;

pub use engine::{Store, StoreOptions};
pub use error::StoreError;
pub use migrate::MigrationStatus;
pub use param::Param;
pub use sql::Sql;
pub use transaction::Tx;

/// Result of store functions.
pub type Result<T> = std::result::Result<T, StoreError>;

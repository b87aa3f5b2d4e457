//! Memory: one file a table, and [`engine`], the one file that knows which database there is.
//!
//! Nothing is decided here. Functions answer the questions that the rooms above ask, and write the sets that they
//! decided on, inside a [`Tx`] that the caller began and will commit. Everything happens in a transaction, because
//! behind a pooler in transaction mode nothing else keeps two statements on one connection.

pub mod accounts;
pub mod assignments;
pub mod connectors;
pub mod courses;
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
pub mod param;
pub mod persons;
pub mod queue_samples;
pub mod retention;
pub mod runs;
pub mod sessions;
pub mod staging;
pub mod tokens;
pub mod undo;

pub use engine::{Sql, Store, StoreOptions, Tx};
pub use error::StoreError;
pub use param::Param;

/// What store functions answer with.
pub type Result<T> = std::result::Result<T, StoreError>;

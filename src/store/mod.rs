//! Memory: one file a table, and [`engine`], the one file that knows which database there is.
//!
//! Nothing is decided here. Functions answer the questions that the rooms above ask, and write the sets that they
//! decided on, inside a [`Tx`] that the caller began and will commit. Everything happens in a transaction, because
//! behind a pooler in transaction mode nothing else keeps two statements on one connection.

pub mod accounts;
pub mod arg;
pub mod assigned;
pub mod assignments;
pub mod connectors;
pub mod courses;
pub mod drafts;
pub mod engine;
pub mod enrollments;
mod error;
pub mod explain;
pub mod groups;
pub mod history;
pub mod holds;
pub mod jobs;
pub mod learners;
pub mod leases;
pub mod links;
pub mod listing;
pub mod memberships;
pub mod metrics;
mod migrate;
pub mod nodes;
pub mod persons;
pub mod queue;
pub mod runs;
pub mod sessions;
pub mod stage;
mod strike;
pub mod tokens;
pub mod undo;

pub use arg::Param;
pub use engine::{StoreOptions, Sql, Store, Tx};
pub use error::StoreError;

/// What store functions answer with.
pub type Result<T> = std::result::Result<T, StoreError>;

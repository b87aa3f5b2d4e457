//! From memberships to enrollments.
//!
//! The law of the house stands in [`change`]: a membership change and its jobs are one transaction. [`assign`] gives
//! courses to groups and learners under the same law, [`drain`] settles the jobs, and [`verify`] proves that what came
//! out is what memberships and assignments say.

pub mod assign;
pub mod change;
pub mod drain;
pub mod failed_jobs;
pub mod verify;

pub use change::ChangeTransaction;

//! Enrollments, derived from memberships and assignments.
//!
//! [`change`] commits a membership change and its jobs in one transaction. [`assign`] does the same for assignments of
//! courses. [`drain`] processes the jobs, and [`verify`] compares the enrollments with memberships and assignments.

pub mod assign;
pub mod change;
pub mod drain;
pub mod failed_jobs;
pub mod verify;

pub use change::ChangeTransaction;

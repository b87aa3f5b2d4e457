//! What rollcall does: runs, memberships, enrollments, groups, accounts and explanations.
//!
//! [`sync`] turns what a connector read into memberships, [`groups`] changes them by hand, and [`enrollment`] turns
//! memberships into jobs and jobs into enrollments. [`explain`] says why a learner is, or is not, in a group or course;
//! [`accounts`] says who may sign in. Both reach people and database only through `rollcall-connectors` and
//! `rollcall-store`.

pub mod accounts;
pub mod enrollment;
pub mod explain;
pub mod groups;
#[cfg(test)]
mod message_snapshot;
pub mod sync;

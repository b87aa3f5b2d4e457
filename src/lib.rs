//! rollcall keeps User Groups and course enrollments true to the company's directory.
//!
//! Every folder here is a crate. A crate depends only on crates of the floors below it:
//!
//! ```text
//! 8  main.rs                 parse, run, exit
//! 7  cli/                    the command; the one place that wires things together
//! 6  web/      service/      pages and API  |  schedules, worker loops, signals
//!    views/                  what command, pages and API say in JSON
//! 5  config/                 the file as one typed value, or all its mistakes
//! 4  core/                   sync/ directory -> memberships, groups/ changes by hand -> memberships,
//!                            enrollment/ memberships -> jobs -> enrollments, explain/ why, accounts/ who may sign in
//! 3  connectors/  store/     people in, one file a kind  |  the database, one file a table
//! 2  planner/                what has to change: pure
//!    rules/                  expressions, templates, evaluation of one learner: pure
//! 1  model/                  people, names, ids, due dates, schedules, status: no I/O, no async, no clock
//! ```
//!
//! The life of an enrollment:
//!
//! 1. [`rollcall_connectors::Connector::read`] brings a *complete* [`rollcall_connectors::DirectoryReading`],
//!    or an error.
//! 2. [`rollcall_planner::plan`] says who belongs in which group, and by which rule.
//! 3. [`rollcall_planner::membership_plan`] compares that with the memberships of today.
//! 4. [`rollcall_planner`] splits the plan by the limits of the file ([`rollcall_model::guard`]): what is
//!    beyond them is held.
//! 5. [`rollcall_core::sync::commit`], through [`rollcall_core::enrollment::ChangeTransaction`], writes
//!    people, run, memberships and jobs in one transaction.
//! 6. [`rollcall_core::enrollment::drain::QueueWorker`] claims a batch of jobs and writes the enrollments
//!    that are true now.
//!
//! Three laws, and where each stands: a membership change and its jobs are one transaction
//! ([`rollcall_core::enrollment::change`]); nobody is absent without the source's proof that it said
//! everything ([`rollcall_connectors::proof`]); the choice of database is made in one file
//! ([`rollcall_store::engine`]).

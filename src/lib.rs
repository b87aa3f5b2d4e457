//! rollcall keeps User Groups and course enrollments consistent with a company's directory.
//!
//! Every folder here is a crate. A crate depends only on crates of lower levels:
//!
//! ```text
//! 8  main.rs                 starts the command
//! 7  cli/                    the command; creates all components and connects them
//! 6  web/      service/      pages and API  |  schedules, workers, signals
//!    views/                  the JSON of command, pages and API
//! 5  config/                 the file as one typed value, or all its errors
//! 4  core/                   sync/ directory to memberships, groups/ manual changes to memberships,
//!                            enrollment/ memberships to jobs to enrollments, explain/, accounts/
//! 3  connectors/  store/     reading of people from each kind of source  |  the database, one file for each table
//! 2  planner/                the changes that a reading requires: pure
//!    rules/                  expressions, templates, evaluation of one learner: pure
//! 1  model/                  people, names, ids, due dates, schedules, status: no I/O, no async, no clock
//! ```
//!
//! The steps of a run:
//!
//! 1. [`rollcall_connectors::Connector::read`] returns a *complete* [`rollcall_connectors::DirectoryReading`], or an
//!    error.
//! 2. [`rollcall_planner::plan()`] matches people to learners, evaluates the rules, compares the result with the current
//!    memberships, and holds what exceeds the limits ([`rollcall_model::guard`]).
//! 3. [`rollcall_core::sync::commit`], through [`rollcall_core::enrollment::ChangeTransaction`], writes people, run,
//!    memberships and jobs in one transaction.
//! 4. [`rollcall_core::enrollment::drain::QueueWorker`] claims a batch of jobs and writes the enrollments that are
//!    correct at that time.
//!
//! Three rules hold everywhere: a membership change and its jobs are one transaction
//! ([`rollcall_core::enrollment::change`]); no person is absent without the source's proof that its list is complete
//! ([`rollcall_connectors::proof`]); the database engine is chosen in one file ([`rollcall_store::engine`]).
//!
//! `docs/architecture.md` follows a nightly run and an approval through the functions.

//! rollcall keeps User Groups and course enrollments true to the company's directory.
//!
//! The house, from the ground up; every arrow points down:
//!
//! ```text
//! 7  main.rs             parse, run, exit
//! 6  cli/    web/        words in, words out  |  pages and API, past the gate that knows who may
//!    report/             what both say in JSON
//! 5  config/  service/   the file as one typed value  |  schedules, worker loops, signals
//! 4  sync/    groups/    directory -> memberships     |  what people change by hand -> memberships
//!    explain/ accounts/  why somebody is, or is not, in a group or course  |  who may sign in, and as what
//! 3  enrollment/         memberships -> jobs -> enrollments: change, assign, drain, verify
//! 2  connectors/ store/  people in, one file a kind   |  memory: one file a table, engine.rs knows the database
//! 1  model/              pure: people, rules, rolls, plans, due dates, schedules. No I/O, no async, no clock
//! ```
//!
//! The life of an enrollment:
//!
//! 1. [`connectors::Connector::read`] brings a *complete* [`connectors::DirectoryReading`], or an error.
//! 2. [`planner::plan`] says who belongs in which group, and by which rule.
//! 3. [`model::membership_plan`] compares that with the memberships of today.
//! 4. [`planner`] splits the plan by the limits of the file ([`model::guard`]): what is beyond them is held.
//! 5. [`sync::commit`], through [`enrollment::ChangeTransaction`], writes people, run, memberships and jobs in one transaction.
//! 6. [`enrollment::drain::QueueWorker`] claims a batch of jobs and writes the enrollments that are true now.
//!
//! Three laws, and where each stands: a membership change and its jobs are one transaction ([`enrollment::change`]);
//! nobody is absent without the source's proof that it said everything ([`connectors::proof`]); the choice of database
//! is made in one file ([`store::engine`]).

pub mod accounts;
pub mod cli;
pub mod config;
pub mod connectors;
pub mod enrollment;
pub mod explain;
pub mod groups;
pub mod model;
pub mod planner;
pub mod service;
pub mod store;
pub mod sync;
pub mod views;
pub mod web;

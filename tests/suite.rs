//! Everything that is tested from outside, one subject a file, against real servers on loopback.

mod bad_days;
mod commands;
mod config;
mod csv_file;
mod due_dates;
mod enrollments;
mod explain;
mod fire;
mod guard;
mod histories;
mod history;
mod hold_commands;
mod holds;
mod identity;
mod incidents;
mod jobs;
mod kinds;
mod ldap;
mod links;
mod memberships;
mod model;
mod service;
mod store;
mod support;
mod undo;
mod upgrade;

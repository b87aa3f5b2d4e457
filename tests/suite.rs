//! Everything that is tested from outside, one subject a file, against real servers on loopback.

mod config;
mod csv_file;
mod due_dates;
mod enrollments;
mod identity;
mod jobs;
mod ldap;
mod memberships;
mod support;

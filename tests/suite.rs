//! Everything that is tested from outside, one subject a file, against real servers on loopback.

mod config;
mod csv_file;
mod ldap;
mod support;

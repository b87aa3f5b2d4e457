//! Domain types: people, groups, names, ids, due dates, schedules and limits.
//!
//! All code in this crate is pure: no I/O, no async, no clock. Time and data are arguments, decisions are return values.
//! The crates above read directories and databases and pass the data in.

pub mod attributes;
pub mod catalogue;
mod column;
pub mod date_suggestion;
pub mod definition_source;
pub mod due_policy;
pub mod enrollment_state;
pub mod format;
pub mod guard;
pub mod heartbeat;
pub mod ids;
pub mod interner;
pub mod json;
pub mod names;
pub mod other_config;
pub mod panic;
pub mod people;
pub mod progress;
mod rejected_records;
pub mod resource_limits;
pub mod role;
pub mod run_record;
pub mod run_warning;
pub mod schedule;
pub mod search_text;
pub mod secret;
pub mod session_method;
pub mod source_date;
pub mod source_file;
pub mod status;
pub mod terminal_text;
mod text_enum;
pub mod timestamp;

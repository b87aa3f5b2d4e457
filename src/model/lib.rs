//! The ground floor: what rollcall knows about people, groups, rules and dates.
//!
//! Everything here is pure. No I/O, no async, no clock: time and data come in as arguments, decisions
//! come out as values. The rooms above read directories and databases; what they find is judged here.

pub mod attributes;
pub mod catalogue;
mod column;
pub mod due_policy;
pub mod format;
pub mod guard;
pub mod heartbeat;
pub mod ids;
pub mod interner;
pub mod json;
pub mod names;
pub mod people;
pub mod progress;
pub mod role;
pub mod run_warning;
pub mod schedule;
pub mod secret;
pub mod status;
pub mod timestamp;

//! The ground floor: what rollcall knows about people, groups, rules and dates.
//!
//! Everything here is pure. No I/O, no async, no clock: time and data come in as arguments, decisions
//! come out as values. The rooms above read directories and databases; what they find is judged here.

pub mod attributes;
pub mod catalogue;
pub mod due;
pub mod guard;
pub mod identity;
pub mod ids;
pub mod instant;
pub mod names;
pub mod people;
pub mod plan;
pub mod population;
pub mod problem;
pub mod progress;
pub mod pulse;
pub mod role;
pub mod roll;
pub mod rule;
pub mod schedule;
pub mod secret;
pub mod status;
pub mod template;
pub mod values;
pub mod words;

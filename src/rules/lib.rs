//! Rules that assign learners to groups.
//!
//! A rule is an expression over the attributes of one learner and the template of a group's name. Everything here is
//! pure: no I/O, no async, no clock. What an expression may cost is bounded in [`limits`].

mod budget;
pub mod capturing_pattern;
#[cfg(fuzzing)]
pub mod fuzz;
mod limits;
#[cfg(test)]
mod message_snapshot;
pub mod name_template;
mod patterns;
pub mod rule;
pub mod rule_order;

//! What people change by hand: User Groups, their members, learners and courses.
//!
//! Each function is one numbered change: it happens as a whole, with the jobs that follow from it, or not at all.
//! Nothing here is undone by the next sync: what a person gave stays until a person takes it, and whom a person
//! removed is kept out of what the rules would give. Commands, pages and API call the same functions: a group is
//! meant by name or by number ([`Which`]), learners by what they are called or by numbers ([`Who`]).

pub mod aftermath;
mod assigned;
mod courses;
mod error;
mod group;
mod learners;
pub mod links;
mod members;
mod sheet;
mod which;

pub use assigned::{Answer, Asked, Target, Unassigned, assign, change_due, end, unassign};
pub use courses::{Completion, Imported, add_course, complete, find_course, import_courses};
pub use error::Error;
pub use group::{Going, Meant, RESTORABLE, create, delete, going, rename, restore};
pub use learners::{add_learner, find_learner};
pub use members::{Effect, Members, add, lift, remove};
pub use sheet::Mistake;
pub use which::{Which, Who, find};

pub use crate::store::memberships::Keep;

/// What changes by hand answer with.
pub type Result<T> = std::result::Result<T, Error>;

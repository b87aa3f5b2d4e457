//! The limits of `[safety]`: which removals and which additions of a plan wait for approval.

mod addition_limits;
mod course_grants;
mod removal_limits;
mod renamed_groups;

pub(crate) use addition_limits::{HeldAdditions, check_additions};
pub(crate) use course_grants::{count_lost_by_others, course_grants};
pub(crate) use removal_limits::{HoldScope, check_removals};

//! Learners: the list, one learner with everything that is known and why, and those added by hand.

pub(super) mod list;
pub(super) mod new;
pub(super) mod one;
pub(super) mod resync;

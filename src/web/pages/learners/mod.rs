//! Learners: the list, one learner with everything that is known and why, and those added by hand.

pub(super) mod add_learner;
pub(super) mod learner_detail;
pub(super) mod learner_list;
pub(super) mod resync_learner;

//! Learner pages: list, detail with explanation, manual creation, resync.

pub(super) mod add_learner;
pub(super) mod learner_detail;
pub(super) mod learner_list;
pub(super) mod resync_learner;

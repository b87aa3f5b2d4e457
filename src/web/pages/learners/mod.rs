//! Learner pages: list, detail with explanation, manual creation, resync, suspension.

pub(super) mod add_learner;
pub(super) mod learner_detail;
pub(super) mod learner_list;
pub(super) mod reopen_course;
pub(super) mod resync_learner;
pub(super) mod suspend_learner;

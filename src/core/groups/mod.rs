//! Manual changes of User Groups, their members, learners and courses.
//!
//! Each function is one numbered change. It is committed with the jobs that follow from it, or not at all. A sync does
//! not undo manual changes: a manual membership stays until it is removed manually, and a learner who was removed
//! manually is excluded from the group. Commands, pages and API call the same functions. They refer to a group by name
//! or id ([`GroupRef`]), and to learners by label or id ([`LearnerRef`]).

mod assignments;
pub mod change_summary;
mod completions;
mod courses;
mod csv_import;
mod error;
mod group;
pub mod learner_links;
mod learners;
mod members;
mod reference;
mod suspension;

pub use assignments::{
    AssignRequest, AssignResult, AssignmentTargetRef, UnassignImpact, UnassignResult, assign_course,
    change_due_date, end_assignment, load_unassign_impact, unassign_course,
};
pub use completions::{CompletionResult, ReopenResult, complete_course, reopen_course};
pub use courses::{CourseImportResult, add_course, find_course, import_courses};
pub use csv_import::ImportError;
pub use error::GroupError;
pub use group::{
    DeletionConfirmation, DeletionImpact, RESTORE_PERIOD, create_group, delete_group, load_deletion_impact,
    rename_group, restore_group,
};
pub use learners::{add_learner, find_learner, find_shown_learner};
pub use members::{MemberEffect, MembersUpdate, add_members, lift_exclusion, remove_members};
pub use reference::{GroupRef, LearnerRef, find_group};
pub use suspension::{SuspensionResult, suspend_learner};

pub use rollcall_store::memberships::NewExclusion;

/// Result of manual changes.
pub type Result<T> = std::result::Result<T, GroupError>;

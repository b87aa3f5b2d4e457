//! What people change by hand: User Groups, their members, learners and courses.
//!
//! Each function is one numbered change: it happens as a whole, with the jobs that follow from it, or not at all.
//! Nothing here is undone by the next sync: what a person gave stays until a person takes it, and whom a person
//! removed is kept out of what the rules would give. Commands, pages and API call the same functions: a group is
//! meant by name or by number ([`GroupRef`]), learners by what they are called or by numbers ([`LearnerRef`]).

mod assignments;
pub mod change_summary;
mod courses;
mod csv_import;
mod error;
mod group;
pub mod learner_links;
mod learners;
mod members;
mod reference;

pub use assignments::{
    AssignRequest, AssignResult, AssignmentTargetRef, UnassignResult, assign_course, change_due_date,
    end_assignment, unassign_course,
};
pub use courses::{
    CompletionResult, CourseImportResult, add_course, complete_course, find_course, import_courses,
};
pub use csv_import::ImportError;
pub use error::GroupError;
pub use group::{
    DeletionConfirmation, DeletionImpact, RESTORE_PERIOD, create_group, delete_group, load_deletion_impact,
    rename_group, restore_group,
};
pub use learners::{add_learner, find_learner};
pub use members::{MemberEffect, MembersUpdate, add_members, lift_exclusion, remove_members};
pub use reference::{GroupRef, LearnerRef, find_group};

pub use rollcall_store::memberships::NewExclusion;

/// What changes by hand answer with.
pub type Result<T> = std::result::Result<T, GroupError>;

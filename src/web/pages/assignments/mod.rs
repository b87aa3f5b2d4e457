//! Assignment pages: list, wizard, detail and course catalogue.

pub(super) mod assign_wizard;
pub(super) mod assignment_detail;
pub(super) mod assignment_list;
pub(super) mod course_catalogue;
pub(super) mod due_date_fields;
pub(super) mod unassign_course;

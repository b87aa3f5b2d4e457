//! Assigned courses: the overview, the way to a new assignment, one assignment, and the catalogue.

pub(super) mod catalogue;
pub(super) mod due;
pub(super) mod list;
pub(super) mod one;
pub(super) mod wizard;

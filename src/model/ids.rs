//! Row ids, one type for each kind of row, so that they cannot be confused.

use serde::{Deserialize, Serialize};

use crate::column::column;

macro_rules! id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(
            Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
        )]
        #[serde(transparent)]
        pub struct $name(pub i64);

        column!($name, i64, |value| Ok(Self(value)));

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                self.0.fmt(f)
            }
        }
    };
}

id!(
    /// One human on the platform.
    LearnerId
);
id!(
    /// A User Group.
    GroupId
);
id!(
    /// A rule of the file, or [`RuleId::BY_HAND`].
    RuleId
);
id!(
    /// A connector of the file, present or retired.
    ConnectorId
);
id!(
    /// A course of the catalogue.
    CourseId
);
id!(
    /// A course assigned to a group or to one learner.
    AssignmentId
);
id!(
    /// A run or a change by hand; both are numbered in one sequence without gaps.
    RunId
);
id!(
    /// A job for a worker.
    JobId
);

id!(
    /// An account that may sign in.
    AccountId
);
id!(
    /// A key of a program that uses the API.
    TokenId
);
id!(
    /// An unsaved form with several pages.
    DraftId
);

impl RuleId {
    /// The id that stands for a manual membership.
    pub const BY_HAND: RuleId = RuleId(0);
}

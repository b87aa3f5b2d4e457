//! Errors of manual changes.

use crate::groups::csv_import::{self, ImportError};
use crate::groups::{DeletionImpact, UnassignImpact};
use rollcall_model::ids::RunId;
use rollcall_model::names::BadGroupName;
use rollcall_store as store;

/// An error of a manual change. The request that reports it changes nothing.
#[derive(Debug, thiserror::Error)]
#[expect(missing_docs, reason = "the messages say what the fields are")]
pub enum GroupError {
    #[error(transparent)]
    Store(#[from] store::StoreError),
    #[error("{0}")]
    BadName(#[from] BadGroupName),
    #[error("group `{name}` already exists")]
    GroupExists { name: String },
    #[error("group `{name}` does not exist")]
    NoGroup { name: String, nearest: Option<String> },
    #[error("group {id} no longer exists")]
    GroupGone { id: i64 },
    #[error("group `{name}` was changed in the meantime: {what} (run {run}, by {actor})")]
    ChangedSince { name: String, run: RunId, actor: String, what: String },
    #[error("deleting `{name}` removes {}, which exceeds the safety limit; confirm by repeating the group's name", going.in_words())]
    NameNeeded { name: String, going: DeletionImpact },
    #[error("`{given}` is not the name of the group `{name}`")]
    OtherName { name: String, given: String },
    #[error("unassigning `{code}` from `{name}` takes the course from {}, which exceeds the safety limit", impact.in_words())]
    UnassignmentUnconfirmed { code: String, name: String, impact: UnassignImpact },
    #[error("`{given}` is not `{name}`, to which the course is assigned")]
    OtherTarget { name: String, given: String },
    #[error("assignment {id} no longer exists")]
    NoAssignment { id: i64 },
    #[error("course `{code}` is assigned in the configuration file and must be changed there")]
    AssignmentFromFile { code: String },
    #[error("the due date of `{code}` was changed in the meantime")]
    DueChangedSince { code: String },
    #[error("no group `{name}` was deleted in the last 30 days")]
    NotDeleted { name: String },
    #[error("learner `{text}` does not exist")]
    NoLearner { text: String },
    #[error("several learners have the id or the name `{text}`: {}", learners.join(", "))]
    SeveralLearners { text: String, learners: Vec<String> },
    #[error("course `{code}` does not exist")]
    NoCourse { code: String, nearest: Option<String> },
    #[error("`{text}` is not a valid e-mail address")]
    BadAddress { text: String },
    #[error("learner `{email}` must have a name")]
    NoName { email: String },
    #[error("address `{email}` is already used by {name}")]
    AddressTaken { email: String, name: String },
    #[error("a course must have a code and a title (code `{code}`)")]
    BadCourse { code: String },
    #[error("{}", csv_import::format_errors(mistakes))]
    BadSheet { mistakes: Vec<ImportError> },
    #[error("course `{code}` is defined in the configuration file and must be changed there")]
    CourseFromFile { code: String },
    #[error("`{email}` is not excluded from `{name}`")]
    NotExcluded { email: String, name: String },
    #[error("`{one}` and `{other}` are already the same learner")]
    SameLearner { one: String, other: String },
    #[error("`{one}` and `{other}` are different people in connector `{connector}`")]
    SameConnector { one: String, other: String, connector: String },
    #[error("`{one}` and `{other}` are not linked")]
    NotLinked { one: String, other: String },
    #[error("`{email}` was never enrolled in `{code}`")]
    NeverEnrolled { email: String, code: String },
    #[error("`{email}` is suspended")]
    Suspended { email: String },
    #[error("`{email}` is not suspended")]
    NotSuspended { email: String },
}

impl GroupError {
    /// Suggested next step.
    #[must_use]
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::NoGroup { nearest: Some(near), .. } => Some(format!("did you mean `{near}`?")),
            Self::NoGroup { nearest: None, .. } => {
                Some("`rollcall groups list` shows every group".to_owned())
            }
            Self::NoCourse { nearest: Some(near), .. } => Some(format!("did you mean `{near}`?")),
            Self::NoCourse { nearest: None, .. } => Some(
                "add it with `rollcall courses add CODE TITLE`, or see `rollcall courses list`".to_owned(),
            ),
            Self::NoLearner { .. } => Some(
                "use an e-mail address, a former address, or CONNECTOR:ID; `rollcall learners list` shows all"
                    .to_owned(),
            ),
            Self::SeveralLearners { .. } => Some("use one of the addresses".to_owned()),
            Self::NeverEnrolled { .. } => {
                Some("assign the course first: `rollcall assign COURSE --learner EMAIL`".to_owned())
            }
            Self::NotExcluded { .. } => {
                Some("`rollcall exclusions list` shows all exclusions".to_owned())
            }
            Self::Suspended { .. } => {
                Some("restore the learner first: `rollcall learners restore EMAIL`".to_owned())
            }
            Self::NotSuspended { .. } => {
                Some("`rollcall learners list --status suspended` shows who is".to_owned())
            }
            Self::ChangedSince { .. } | Self::DueChangedSince { .. } => {
                Some("check the current state, then repeat the change".to_owned())
            }
            Self::Store(_)
            | Self::GroupGone { .. }
            | Self::NameNeeded { .. }
            | Self::OtherName { .. }
            | Self::UnassignmentUnconfirmed { .. }
            | Self::OtherTarget { .. }
            | Self::NoAssignment { .. }
            | Self::AssignmentFromFile { .. }
            | Self::BadName(_)
            | Self::GroupExists { .. }
            | Self::NotDeleted { .. }
            | Self::BadAddress { .. }
            | Self::NoName { .. }
            | Self::AddressTaken { .. }
            | Self::SameLearner { .. }
            | Self::SameConnector { .. }
            | Self::NotLinked { .. }
            | Self::BadCourse { .. }
            | Self::BadSheet { .. }
            | Self::CourseFromFile { .. } => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::message_snapshot::list_messages;

    fn every_error() -> Vec<GroupError> {
        use GroupError as E;
        let email = || "ada@corp.example".to_owned();
        let (name, code) = (|| "Sales Berlin".to_owned(), || "GDPR-101".to_owned());
        let going =
            DeletionImpact { members: 6, assignments: 1, learners: 5, enrollments: 5, of_learners: 40 };
        vec![
            E::Store(store::StoreError::MigrationMismatch(3)),
            E::BadName(rollcall_model::names::GroupName::parse("").expect_err("an empty name")),
            E::GroupExists { name: name() },
            E::NoGroup { name: name(), nearest: Some("Sales Bern".to_owned()) },
            E::GroupGone { id: 7 },
            E::ChangedSince {
                name: name(),
                run: RunId(18),
                actor: email(),
                what: "rollcall groups rename".to_owned(),
            },
            E::NameNeeded { name: name(), going },
            E::OtherName { name: name(), given: "Sales".to_owned() },
            E::UnassignmentUnconfirmed {
                code: code(),
                name: name(),
                impact: UnassignImpact { reached: 900, losing: 750, of_learners: 3000 },
            },
            E::OtherTarget { name: name(), given: "Sales".to_owned() },
            E::NoAssignment { id: 7 },
            E::AssignmentFromFile { code: code() },
            E::DueChangedSince { code: code() },
            E::NotDeleted { name: name() },
            E::NoLearner { text: email() },
            E::SeveralLearners { text: "4711".to_owned(), learners: vec![email(), "hr:4711".to_owned()] },
            E::NoCourse { code: code(), nearest: None },
            E::BadAddress { text: "ada".to_owned() },
            E::NoName { email: email() },
            E::AddressTaken { email: email(), name: "Ada Byron".to_owned() },
            E::BadCourse { code: code() },
            E::BadSheet {
                mistakes: vec![ImportError {
                    line: 3,
                    why: "a course must have a code and a title".to_owned(),
                }],
            },
            E::CourseFromFile { code: code() },
            E::NotExcluded { email: email(), name: name() },
            E::SameLearner { one: email(), other: "hr:17".to_owned() },
            E::SameConnector {
                one: email(),
                other: "bob@corp.example".to_owned(),
                connector: "hr".to_owned(),
            },
            E::NotLinked { one: email(), other: "bob@corp.example".to_owned() },
            E::NeverEnrolled { email: email(), code: code() },
            E::Suspended { email: email() },
            E::NotSuspended { email: email() },
        ]
    }

    /// Every message and hint of this room.
    #[test]
    fn messages() {
        let errors = every_error().into_iter();
        let messages = errors.map(|error| (error.to_string(), error.hint())).collect();
        insta::assert_snapshot!(list_messages(include_str!("error.rs"), messages));
    }
}

//! Why a change by hand was refused. Nothing was changed.

use crate::groups::DeletionImpact;
use crate::groups::csv_import::{self, ImportError};
use rollcall_model::ids::RunId;
use rollcall_model::names::BadGroupName;
use rollcall_store as store;

/// Why a change by hand was refused.
#[derive(Debug, thiserror::Error)]
#[expect(missing_docs, reason = "the messages say what the fields are")]
pub enum GroupError {
    #[error(transparent)]
    Store(#[from] store::StoreError),
    #[error("{0}")]
    BadName(#[from] BadGroupName),
    #[error("there is already a group `{name}`")]
    GroupExists { name: String },
    #[error("there is no group `{name}`")]
    NoGroup { name: String, nearest: Option<String> },
    #[error("the group is no longer there (number {id})")]
    GroupGone { id: i64 },
    #[error("group `{name}` was changed meanwhile: {what} (run {run}, by {actor})")]
    ChangedSince { name: String, run: RunId, actor: String, what: String },
    #[error("{} would go with group `{name}`, which is more than a sync may take away unasked: its name is needed", going.in_words())]
    NameNeeded { name: String, going: DeletionImpact },
    #[error("`{given}` is not the name of the group `{name}`")]
    OtherName { name: String, given: String },
    #[error("the assignment is no longer there (number {id})")]
    NoAssignment { id: i64 },
    #[error("course `{code}` is assigned by the file and is edited there")]
    AssignmentFromFile { code: String },
    #[error("the due date of `{code}` was changed meanwhile")]
    DueChangedSince { code: String },
    #[error("no group `{name}` was deleted in the last 30 days")]
    NotDeleted { name: String },
    #[error("nobody is known as `{text}`")]
    NoLearner { text: String },
    #[error("there is no course `{code}`")]
    NoCourse { code: String, nearest: Option<String> },
    #[error("`{text}` is no e-mail address")]
    BadAddress { text: String },
    #[error("the learner `{email}` needs a name")]
    NoName { email: String },
    #[error("`{email}` is the address of {name}")]
    AddressTaken { email: String, name: String },
    #[error("a course needs a code and a title (code `{code}`)")]
    BadCourse { code: String },
    #[error("{}", csv_import::format_errors(mistakes))]
    BadSheet { mistakes: Vec<ImportError> },
    #[error("course `{code}` comes from the file and is edited there")]
    CourseFromFile { code: String },
    #[error("nothing keeps `{email}` out of `{name}`")]
    NotExcluded { email: String, name: String },
    #[error("`{one}` and `{other}` are one learner already")]
    SameLearner { one: String, other: String },
    #[error("`{one}` and `{other}` are two people of connector `{connector}`")]
    SameConnector { one: String, other: String, connector: String },
    #[error("`{one}` and `{other}` are not linked")]
    NotLinked { one: String, other: String },
    #[error("`{email}` was never enrolled in `{code}`")]
    NeverEnrolled { email: String, code: String },
}

impl GroupError {
    /// What to do next, where there is something.
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
                "give an address, a former address, or CONNECTOR:ID; `rollcall learners list` shows all"
                    .to_owned(),
            ),
            Self::NeverEnrolled { .. } => {
                Some("assign the course first: `rollcall assign COURSE --learner EMAIL`".to_owned())
            }
            Self::NotExcluded { .. } => {
                Some("`rollcall exclusions list` shows who is kept out of what".to_owned())
            }
            Self::ChangedSince { .. } | Self::DueChangedSince { .. } => {
                Some("look at it as it is now, then do it again".to_owned())
            }
            Self::Store(_)
            | Self::GroupGone { .. }
            | Self::NameNeeded { .. }
            | Self::OtherName { .. }
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

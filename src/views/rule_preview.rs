//! The view of an expression that is tried out.

use serde::Serialize;

use rollcall_core::sync::rule_preview::{MatchSample, RulePreview};

/// The result of an expression: whom it matches, and what it would change as the rule of a group.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RulePreviewView {
    /// The expression.
    pub when: String,
    /// The people whom it matches.
    pub matching: PeopleSampleView,
    /// The people for whom it could not be evaluated.
    pub undecided: PeopleSampleView,
    /// The reason of the first of them.
    pub undecided_reason: Option<String>,
    /// The changes of the group, if one was given.
    pub group: Option<GroupPreviewView>,
}

/// What an expression would change as the rule of a group.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct GroupPreviewView {
    /// The name.
    pub name: String,
    /// False if the group would be created.
    pub exists: bool,
    /// The people who would be added.
    pub add: PeopleSampleView,
    /// The people who would be removed: rules gave them the group.
    pub remove: PeopleSampleView,
    /// Members by hand whom the expression does not match; they stay.
    pub kept: PeopleSampleView,
    /// The people whom the expression matches, and who are excluded from the group.
    pub excluded: PeopleSampleView,
}

/// The number of some people, and the first of them by name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PeopleSampleView {
    /// The number.
    pub count: usize,
    /// The first of them.
    pub people: Vec<PreviewedPersonView>,
}

/// A person.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PreviewedPersonView {
    /// The address, or the id if there is no address.
    pub email: String,
    /// The name.
    pub name: String,
}

impl RulePreviewView {
    /// Describes a preview; `group` is the name of the group that was given, with true if it exists.
    #[must_use]
    pub fn new(when: &str, found: &RulePreview, group: Option<(&str, bool)>) -> Self {
        Self {
            when: when.to_owned(),
            matching: describe_sample(&found.matching),
            undecided: describe_sample(&found.undecided),
            undecided_reason: found.why.clone(),
            group: group.map(|(name, exists)| GroupPreviewView {
                name: name.to_owned(),
                exists,
                add: describe_sample(&found.joining),
                remove: describe_sample(&found.leaving),
                kept: describe_sample(&found.kept_by_hand),
                excluded: describe_sample(&found.excluded),
            }),
        }
    }
}

fn describe_sample(sample: &MatchSample) -> PeopleSampleView {
    let person = |one: &rollcall_core::sync::rule_preview::LearnerName| PreviewedPersonView {
        email: one.email.clone(),
        name: one.name.clone(),
    };
    PeopleSampleView { count: sample.count, people: sample.first.iter().map(person).collect() }
}

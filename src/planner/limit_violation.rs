//! Limits that a plan exceeds, and the text that describes each of them.

use std::fmt;

use rollcall_model::format::{count, thousands};
use rollcall_model::guard::{HoldCause, LimitExceeded, Percent};
use rollcall_model::other_config::{OtherConfigService, describe_services, reload_command};

/// A limit that a plan exceeds, with the numbers of its text.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum LimitViolation {
    /// Services that share the database use another configuration.
    FilesDiffer { services: Vec<OtherConfigService> },
    /// The reading has `read` of the `known` people of the last good reading.
    ReadingTooSmall { read: u64, known: u64, least: Percent },
    /// Memberships, learners or enrollments of `people` would be removed; `earlier` were in the last 24 hours.
    Removals { what: RemovedItem, lost: u64, people: u64, limit: u64, earlier: u64 },
    /// So many people would lose a membership or an enrollment; `earlier` did so in the last 24 hours.
    PeopleAffected { people: u64, limit: u64, earlier: u64 },
    /// A group would lose `lost` of its `size` members.
    GroupShrinks { group: String, lost: u64, size: u64, most: Percent },
    /// Nearly all members of a group with courses would leave it for one other group.
    GroupRenamed { from: String, to: String, people: u64 },
    /// So many groups would be created.
    NewGroups { groups: u64, limit: u64 },
    /// A rule matches a group that was created by hand.
    ManualGroup { rule: String, group: String },
    /// A group would grow after an edit of the file.
    GroupGrows { group: String, before: u64, after: u64, most: Percent },
    /// Known addresses have new ids, which differ `only_zeros` at their beginning from the former ones.
    ChangedIds { addresses: u64, limit: u64, example: Option<IdChange>, only_zeros: bool },
    /// Known people have the addresses of other known people.
    MovedAddresses { addresses: u64, limit: u64 },
    /// An attribute is empty for `blank` of the `had` people who had a value.
    BlankedAttribute { attribute: String, blank: u64, had: u64, most: Percent },
    /// `shared` of the `had` people with an address have one that other people have, too.
    SharedAddresses { shared: u64, had: u64, most: Percent },
}

/// The former id and the new id of a person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct IdChange {
    pub(crate) former: String,
    pub(crate) new: String,
}

/// The items that removals are counted in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum RemovedItem {
    Memberships,
    Learners,
    Enrollments,
}

impl LimitViolation {
    /// The limit of the file.
    pub(crate) fn limit(&self) -> HoldCause {
        match self {
            Self::FilesDiffer { .. } => HoldCause::FilesDiffer,
            Self::ReadingTooSmall { .. } => HoldCause::MinRead,
            Self::Removals { .. } => HoldCause::MaxRemovals,
            Self::PeopleAffected { .. } => HoldCause::MaxRemovalsTotal,
            Self::GroupShrinks { .. } | Self::GroupRenamed { .. } => HoldCause::MaxGroupRemovals,
            Self::NewGroups { .. } => HoldCause::MaxNewGroups,
            Self::ManualGroup { .. } => HoldCause::HandMadeGroup,
            Self::GroupGrows { .. } => HoldCause::MaxGrowth,
            Self::ChangedIds { .. } | Self::MovedAddresses { .. } => HoldCause::MaxRekeyed,
            Self::BlankedAttribute { .. } | Self::SharedAddresses { .. } => HoldCause::MaxBlanked,
        }
    }

    /// The change of the source behind the violation, if it names one.
    pub(crate) fn source_change(&self) -> Option<String> {
        match self {
            Self::BlankedAttribute { attribute, blank, had, .. } => {
                Some(describe_blanked(attribute, *blank, *had))
            }
            Self::SharedAddresses { shared, had, .. } => Some(describe_shared(*shared, *had)),
            Self::FilesDiffer { .. }
            | Self::ReadingTooSmall { .. }
            | Self::Removals { .. }
            | Self::PeopleAffected { .. }
            | Self::GroupShrinks { .. }
            | Self::GroupRenamed { .. }
            | Self::NewGroups { .. }
            | Self::ManualGroup { .. }
            | Self::GroupGrows { .. }
            | Self::ChangedIds { .. }
            | Self::MovedAddresses { .. } => None,
        }
    }
}

impl RemovedItem {
    fn count(self, number: u64, people: u64) -> String {
        let people = count(people, "person", "people");
        match self {
            Self::Memberships => format!("{} of {people}", count(number, "membership", "memberships")),
            Self::Learners => count(number, "learner", "learners"),
            Self::Enrollments => format!("{} of {people}", count(number, "enrollment", "enrollments")),
        }
    }

    fn loss(self) -> &'static str {
        match self {
            Self::Memberships | Self::Enrollments => "be removed",
            Self::Learners => "lose access",
        }
    }
}

fn describe_blanked(attribute: &str, blank: u64, had: u64) -> String {
    let share = blank * 100 / had.max(1);
    format!(
        "`{attribute}` is empty for {} of the {} people who had a value ({share} %)",
        thousands(blank),
        thousands(had)
    )
}

fn describe_shared(shared: u64, had: u64) -> String {
    let share = shared * 100 / had.max(1);
    format!(
        "{} of the {} people with an address have a new one that several people share ({share} %)",
        thousands(shared),
        thousands(had)
    )
}

impl fmt::Display for LimitViolation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::FilesDiffer { services } => {
                let differ = describe_services(services);
                write!(f, "{differ}: removals wait until all services use the same one")?;
                match reload_command(services) {
                    Some(command) => write!(f, "; `{command}` makes the service here read the file again"),
                    None => Ok(()),
                }
            }
            Self::ReadingTooSmall { read, known, least } => {
                let (read, known) = (thousands(*read), count(*known, "person", "people"));
                write!(
                    f,
                    "the directory holds {read} of the {known} of the last good reading, the limit is {least}"
                )
            }
            Self::Removals { what, lost, people, limit, earlier } => {
                let (items, limit) = (what.count(*lost, *people), thousands(*limit));
                write!(f, "{items} would {}, the limit is {limit}", what.loss())?;
                if *earlier > 0 {
                    write!(f, ", and {} went in the last 24 hours", thousands(*earlier))?;
                }
                Ok(())
            }
            Self::PeopleAffected { people, limit, earlier } => {
                let (people, limit) = (count(*people, "person", "people"), thousands(*limit));
                write!(f, "{people} would lose a membership or an enrollment, the limit is {limit}")?;
                if *earlier > 0 {
                    write!(f, ", and {} did so in the last 24 hours", thousands(*earlier))?;
                }
                Ok(())
            }
            Self::GroupShrinks { group, lost, size, most } => {
                let size = count(*size, "member", "members");
                write!(f, "`{group}` would lose {} of its {size}, the limit is {most}", thousands(*lost))
            }
            Self::GroupRenamed { from, to, people } => {
                let people = count(*people, "person", "people");
                write!(
                    f,
                    "{people} would leave `{from}` for `{to}` and lose its courses: if it was only renamed, assign the courses \
                     of `{from}` to `{to}`, then approve"
                )
            }
            Self::NewGroups { groups, limit } => {
                let groups = count(*groups, "group", "groups");
                write!(f, "{groups} would be created, the limit is {}", thousands(*limit))
            }
            Self::ManualGroup { rule, group } => {
                write!(f, "the rule `{rule}` matches the group `{group}`, which was created by hand")
            }
            Self::GroupGrows { group, before, after, most } => {
                let (before, after) = (thousands(*before), thousands(*after));
                write!(
                    f,
                    "`{group}` would grow from {before} to {after} members because the file was edited, the limit is {most}"
                )
            }
            Self::ChangedIds { addresses, limit, example, only_zeros } => {
                let (addresses, limit) = (thousands(*addresses), thousands(*limit));
                write!(f, "{addresses} known people have new ids")?;
                if let Some(IdChange { former, new }) = example {
                    write!(f, ", such as `{new}` instead of `{former}`")?;
                }
                if *only_zeros {
                    f.write_str(", which differ only in leading zeros")?;
                }
                write!(f, "; the limit is {limit}: an approval links them to their learners")
            }
            Self::MovedAddresses { addresses, limit } => {
                let (addresses, limit) = (thousands(*addresses), thousands(*limit));
                write!(
                    f,
                    "{addresses} known people have the addresses of other known people, the limit is {limit}: they stay \
                     as last read"
                )
            }
            Self::SharedAddresses { shared, had, most } => {
                let what = describe_shared(*shared, *had);
                write!(f, "{what}, the limit is {most}: they keep the former address")
            }
            Self::BlankedAttribute { attribute, blank, had, most } => {
                let what = describe_blanked(attribute, *blank, *had);
                write!(f, "{what}, the limit is {most}: they keep the former value")
            }
        }
    }
}

impl From<&LimitViolation> for LimitExceeded {
    fn from(violation: &LimitViolation) -> Self {
        Self { limit: violation.limit(), message: violation.to_string() }
    }
}

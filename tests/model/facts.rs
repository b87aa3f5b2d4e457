//! What the model knows: plain maps, no SQL, and nothing of rollcall's own planning.

use std::collections::{BTreeMap, BTreeSet};

use chrono::NaiveDate;

/// A learner, by the person who made one: `hr:p01`; `hand:guest` for one added by hand.
pub type Who = String;
/// The number of a run or a change.
pub type Run = i64;
/// What a connector says of a person: attributes with their values, sorted; none without a value.
pub type Record = BTreeMap<&'static str, Vec<String>>;

/// The connectors, in the order of the file.
pub const CONNECTORS: [&str; 2] = ["hr", "it"];

/// Why somebody is a member: the rule's name, or nothing for by hand.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Reason {
    pub group: usize,
    pub rule: &'static str,
    pub who: Who,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Status {
    Upcoming,
    Active,
    Leave,
    Left,
}

impl Status {
    pub fn has_access(self) -> bool {
        matches!(self, Self::Active | Self::Leave)
    }

    pub fn word(self) -> &'static str {
        match self {
            Self::Upcoming => "upcoming",
            Self::Active => "active",
            Self::Leave => "leave",
            Self::Left => "left",
        }
    }
}

#[derive(Debug, Clone)]
pub struct Learner {
    pub status: Status,
    pub active_since: NaiveDate,
    /// The run that last changed the state.
    pub run: Run,
    /// The attributes as they were last merged.
    pub record: Record,
    pub by_hand: bool,
}

#[derive(Debug, Clone)]
pub struct Person {
    pub who: Who,
    pub present: bool,
    pub record: Record,
    /// The first run that read the person, and the last one in which the person was there again.
    pub came: Run,
}

#[derive(Debug, Clone)]
pub struct Group {
    pub name: String,
    pub by_hand: bool,
    pub made: Run,
    pub deleted: Option<(Run, NaiveDate)>,
}

#[derive(Debug, Clone, Copy)]
pub struct Given {
    pub joined: NaiveDate,
    pub run: Run,
}

#[derive(Debug, Clone)]
pub struct Ended {
    pub run: Run,
    pub reason: Reason,
    pub given: Given,
}

#[derive(Debug, Clone, Copy)]
pub struct Exclusion {
    pub run: Run,
    pub lifted: Option<Run>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Due {
    Never,
    On(NaiveDate),
    AfterJoining(u32),
    AfterStart(u32),
}

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Whom {
    Group(usize),
    Alone(Who),
}

#[derive(Debug, Clone)]
pub struct Assignment {
    pub course: &'static str,
    pub whom: Whom,
    pub due: Due,
    pub assigned: NaiveDate,
    /// What the file says of the groups; none for an assignment by hand.
    pub pattern: Option<&'static str>,
    pub run: Run,
    pub ended: Option<Run>,
    /// What it was due before a change by hand gave it another date.
    pub changed: Vec<(Run, Due)>,
}

#[derive(Debug, Clone)]
pub struct Enrollment {
    pub active: bool,
    pub due: Option<NaiveDate>,
    /// The change that noted the completion.
    pub completed: Option<Run>,
}

/// A change that a run can hold.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Change {
    Leave(Who),
    Give(Reason),
    End(Reason),
    /// A group that is not there yet is made.
    Make(String),
    /// Somebody is given a group that is not there yet.
    GiveNew(String, &'static str, Who),
    Assign(usize, &'static str, &'static str),
    Unassign(usize),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Decision {
    Held,
    /// By the rejection of this number.
    Rejected(Run),
    /// By the undo of this number.
    Undone(Run),
    Dropped,
}

/// What a decision is about: it stands while the person's attributes and the rule are the same.
pub type Print = (Option<Record>, String);

#[derive(Debug, Clone)]
pub struct Hold {
    pub decision: Decision,
    pub print: Print,
    pub first: Run,
    pub last: Run,
}

/// How much may be lost, or was.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Amount {
    pub memberships: usize,
    pub learners: usize,
    pub enrollments: usize,
}

/// What there was before the first run of which something waits.
#[derive(Debug, Clone)]
pub struct Before {
    pub run: Run,
    pub had: Amount,
    pub groups: BTreeMap<usize, usize>,
}

/// Rules, by name.
pub type Rules = BTreeMap<&'static str, String>;

/// What the guard knows of one connector.
#[derive(Debug, Clone, Default)]
pub struct Guarded {
    pub holds: BTreeMap<Change, Hold>,
    /// What the last complete reading says of people who stay as they were; nothing where it does not have them.
    pub kept_out: BTreeMap<String, Option<Record>>,
    /// The rules by which the last good run went; none before there was one.
    pub baseline: Option<Rules>,
    /// The same of the last run of which something waits.
    pub held_baseline: Option<Rules>,
    pub before: Option<Before>,
    /// What runs of the last 24 hours took away.
    pub charged: BTreeMap<Run, Amount>,
}

/// A run that is written down.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A run, or an approval, of a connector.
    Of(usize),
    /// An undo of something of a connector.
    Undo(usize),
    /// An undo of a change by hand.
    UndoByHand,
    /// A rejection of what a connector's run held.
    Rejection(usize),
    ByHand,
    Failed,
}

/// Everything.
#[derive(Debug, Clone, Default)]
pub struct Model {
    pub learners: BTreeMap<Who, Learner>,
    pub persons: BTreeMap<(usize, String), Person>,
    pub groups: Vec<Group>,
    /// Which group a rule feeds for which value, and what the template called it.
    pub links: BTreeMap<(&'static str, String), (usize, String)>,
    pub members: BTreeMap<Reason, Given>,
    pub ended: Vec<Ended>,
    /// Memberships by hand that wait for their learner.
    pub resting: BTreeMap<(usize, Who), Run>,
    pub exclusions: BTreeMap<(usize, Who), Exclusion>,
    pub assignments: Vec<Assignment>,
    /// Dates that were given up, and on which day.
    pub kept: BTreeMap<(Who, &'static str, NaiveDate), NaiveDate>,
    pub enrollments: BTreeMap<(Who, &'static str), Enrollment>,
    pub guarded: [Guarded; 2],
    /// What connectors said of people who were there before a run changed it.
    pub records_before: BTreeMap<(Run, usize, String), Record>,
    pub runs: BTreeMap<Run, Kind>,
}

impl Model {
    /// The group of this name that is not deleted.
    pub fn live(&self, name: &str) -> Option<usize> {
        self.groups.iter().position(|group| group.deleted.is_none() && group.name == name)
    }

    /// The rules for which somebody is in a group.
    pub fn reasons(&self, group: usize, who: &str) -> Vec<Reason> {
        let of = self.members.keys().filter(|reason| reason.group == group && reason.who == who);
        of.cloned().collect()
    }

    /// The groups that somebody is in.
    pub fn groups_of(&self, who: &str) -> BTreeSet<usize> {
        self.members.keys().filter(|reason| reason.who == who).map(|reason| reason.group).collect()
    }

    /// Everybody in a group.
    pub fn members_of(&self, group: usize) -> BTreeSet<Who> {
        self.members.keys().filter(|reason| reason.group == group).map(|reason| reason.who.clone()).collect()
    }

    pub fn is_excluded(&self, group: usize, who: &str) -> bool {
        self.exclusions.get(&(group, who.to_owned())).is_some_and(|one| one.lifted.is_none())
    }
}

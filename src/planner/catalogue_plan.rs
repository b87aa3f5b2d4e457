//! The differences between the file's courses and assignments and those of the database.
//!
//! The file manages only the courses and assignments that it contains. An assignment of the file that matched a group
//! stays with that group, even if the group is renamed.

use globset::{GlobBuilder, GlobMatcher};
use rustc_hash::FxHashMap;

use crate::membership_plan::{GroupIndex, MembershipPlan};
use crate::plan_warning::PlanWarning;
use crate::rule_set::RuleSet;
use crate::snapshot::{AssignmentScope, Snapshot, SnapshotExtent, StoredAssignment, StoredCourse};
use rollcall_model::due_policy::DuePolicy;
use rollcall_model::ids::{AssignmentId, GroupId};
use rollcall_model::names::fold;
use rollcall_model::run_warning::RunWarning;

/// The changes of courses and assignments.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CataloguePlan {
    /// Courses that are new or have a different title.
    pub courses: Vec<(String, String)>,
    /// Assignments that match a group for the first time.
    pub new: Vec<MatchedAssignment>,
    /// Assignments with a different due date.
    pub changed: Vec<DueChange>,
    /// Assignments that the file no longer contains.
    pub ended: Vec<AssignmentId>,
    /// The warnings.
    pub problems: Vec<RunWarning>,
}

/// An assignment of the file with a new due date.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DueChange {
    /// The assignment.
    pub assignment: AssignmentId,
    /// When it is due.
    pub due: DuePolicy,
    /// The time given to latecomers, in days.
    pub late_days: u32,
}

/// An assignment of the file that matches a group.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MatchedAssignment {
    /// The course, folded.
    pub course: String,
    /// The group, in the plan's list.
    pub group: GroupIndex,
    /// The pattern of the file for the groups.
    pub pattern: String,
    /// When it is due.
    pub due: DuePolicy,
    /// The time given to latecomers, in days.
    pub late_days: u32,
}

impl CataloguePlan {
    /// Returns true if the database has all courses and assignments of the file.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.courses.is_empty() && self.new.is_empty() && self.changed.is_empty() && self.ended.is_empty()
    }
}

/// Returns a pattern as it is stored with its assignments.
type AssignmentKey = (String, String);

/// Compares the file with the database; the groups of `plan` include those that it creates.
#[must_use]
pub fn plan(rules: RuleSet<'_>, snapshot: &Snapshot, plan: &MembershipPlan) -> CataloguePlan {
    let mut todo = CataloguePlan::default();
    let known: FxHashMap<String, &StoredCourse> =
        snapshot.courses.iter().map(|course| (fold(&course.code), course)).collect();
    for course in rules.courses {
        let same = |known: &&StoredCourse| known.title == course.title && known.of_file;
        if !known.get(&fold(&course.code)).is_some_and(same) {
            todo.courses.push((course.code.clone(), course.title.clone()));
        }
    }
    let group_at: FxHashMap<GroupId, GroupIndex> =
        (0..).zip(&plan.groups).filter_map(|(at, group)| Some((group.id?, at))).collect();
    let mut there: FxHashMap<AssignmentKey, Vec<&StoredAssignment>> = FxHashMap::default();
    for one in snapshot.assignments.iter().filter(|one| one.of_file) {
        there.entry((fold(&one.code), one.pattern.clone())).or_default().push(one);
    }
    for wanted in rules.assignments {
        let course = fold(&wanted.course);
        let is_known =
            known.contains_key(&course) || rules.courses.iter().any(|one| fold(&one.code) == course);
        if !is_known {
            todo.problems.push(PlanWarning::UnknownCourse { code: &wanted.course }.into());
            continue;
        }
        for pattern in &wanted.groups {
            let held = there.remove(&(course.clone(), pattern.clone())).unwrap_or_default();
            let differs =
                held.iter().filter(|one| one.due != wanted.due || one.late_days != wanted.late_days);
            todo.changed.extend(differs.map(|one| DueChange {
                assignment: one.id,
                due: wanted.due,
                late_days: wanted.late_days,
            }));
            let met: Vec<GroupIndex> = held
                .iter()
                .filter_map(|one| match one.scope {
                    AssignmentScope::Group(group) => group_at.get(&group).copied(),
                    AssignmentScope::Learner(_) => None,
                })
                .collect();
            let matcher = GroupMatcher::new(pattern);
            let matching = (0..).zip(&plan.groups).filter(|(_, group)| matcher.matches(group.name.folded()));
            todo.new.extend(matching.filter(|(at, _)| !met.contains(at)).map(|(group, _)| {
                MatchedAssignment {
                    course: course.clone(),
                    group,
                    pattern: pattern.clone(),
                    due: wanted.due,
                    late_days: wanted.late_days,
                }
            }));
        }
    }
    todo.ended = there.into_values().flatten().map(|one| one.id).collect();
    todo.ended.sort_unstable();
    if snapshot.extent == SnapshotExtent::Touched {
        // A run for some people only adds assignments for their groups. The next full reading ends and changes others.
        todo.ended.clear();
        todo.changed.clear();
    }
    todo
}

/// A name of the file, or a glob over names.
enum GroupMatcher {
    Name(String),
    Glob(GlobMatcher),
}

impl GroupMatcher {
    fn new(pattern: &str) -> Self {
        let folded = fold(pattern);
        let is_glob = pattern.contains(['*', '?']);
        // A text that is not a valid glob is a name; the configuration has refused invalid globs.
        match GlobBuilder::new(&folded).literal_separator(false).build() {
            Ok(glob) if is_glob => Self::Glob(glob.compile_matcher()),
            Ok(_) | Err(_) => Self::Name(folded),
        }
    }

    fn matches(&self, folded: &str) -> bool {
        match self {
            Self::Name(name) => name == folded,
            Self::Glob(glob) => glob.is_match(folded),
        }
    }
}

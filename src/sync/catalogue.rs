//! The file's courses and assignments, held against those of the database.
//!
//! The file owns what it names and nothing else. An assignment of the file that has met a group holds on to the group
//! itself: renaming the group does not end it.

use globset::{GlobBuilder, GlobMatcher};
use rustc_hash::FxHashMap;

use crate::enrollment::{Change, assign};
use crate::model::due::Due;
use crate::model::ids::{AssignmentId, CourseId, GroupId};
use crate::model::names::fold;
use crate::model::plan::{GroupAt, Plan};
use crate::model::problem::{Problem, ProblemKind};
use crate::store::assignments::{Assignment, NewAssignment, NewDue, Whom};
use crate::store::courses;
use crate::store::{Result, Tx};
use crate::sync::File;
use crate::sync::gather::Gathered;

/// What the file asks for that is not so yet.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CataloguePlan {
    /// Courses that are new, or have another title.
    pub courses: Vec<(String, String)>,
    /// Assignments that have met a group.
    pub new: Vec<Met>,
    /// Assignments with another due date.
    pub changed: Vec<NewDue>,
    /// Assignments that the file no longer has.
    pub ended: Vec<AssignmentId>,
    /// What was noticed.
    pub problems: Vec<Problem>,
}

/// An assignment of the file that meets a group.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Met {
    /// The course, folded.
    pub course: String,
    /// The group, in the plan's list.
    pub group: GroupAt,
    /// What the file says of the groups.
    pub pattern: String,
    /// When it is due.
    pub due: Due,
    /// The time given to latecomers, in days.
    pub late_days: u32,
}

impl CataloguePlan {
    /// Whether everything is as the file has it.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.courses.is_empty() && self.new.is_empty() && self.changed.is_empty() && self.ended.is_empty()
    }
}

/// A pattern as the database keeps it with the assignments that it made.
type Key = (String, String);

/// Compares the file with the database; the groups of `plan` include those that it makes.
#[must_use]
pub fn plan(file: File<'_>, gathered: &Gathered, plan: &Plan) -> CataloguePlan {
    let mut todo = CataloguePlan::default();
    let known: FxHashMap<String, &courses::Course> =
        gathered.courses.iter().map(|course| (fold(&course.code), course)).collect();
    for course in file.courses {
        let same = |known: &&courses::Course| known.title == course.title && known.source == "file";
        if !known.get(&fold(&course.code)).is_some_and(same) {
            todo.courses.push((course.code.clone(), course.title.clone()));
        }
    }
    let group_at: FxHashMap<GroupId, GroupAt> =
        (0..).zip(&plan.groups).filter_map(|(at, group)| Some((group.id?, at))).collect();
    let mut there: FxHashMap<Key, Vec<&Assignment>> = FxHashMap::default();
    for one in gathered.assignments.iter().filter(|one| one.source == "file") {
        there.entry((fold(&one.code), one.pattern.clone())).or_default().push(one);
    }
    for wanted in file.assignments {
        let course = fold(&wanted.course);
        let is_known =
            known.contains_key(&course) || file.courses.iter().any(|one| fold(&one.code) == course);
        if !is_known {
            let message = "no course has this code: the assignment waits for `rollcall courses add`";
            todo.problems.push(Problem::new(ProblemKind::AssignmentUnmet, wanted.course.as_str(), message));
            continue;
        }
        for pattern in &wanted.groups {
            let held = there.remove(&(course.clone(), pattern.clone())).unwrap_or_default();
            let differs =
                held.iter().filter(|one| one.due != wanted.due || one.late_days != wanted.late_days);
            todo.changed.extend(differs.map(|one| NewDue {
                assignment: one.id,
                due: wanted.due,
                late_days: wanted.late_days,
            }));
            let met: Vec<GroupAt> = held
                .iter()
                .filter_map(|one| match one.whom {
                    Whom::Group(group) => group_at.get(&group).copied(),
                    Whom::Learner(_) => None,
                })
                .collect();
            let matcher = Matcher::new(pattern);
            let matching = (0..).zip(&plan.groups).filter(|(_, group)| matcher.matches(group.name.folded()));
            todo.new.extend(matching.filter(|(at, _)| !met.contains(at)).map(|(group, _)| Met {
                course: course.clone(),
                group,
                pattern: pattern.clone(),
                due: wanted.due,
                late_days: wanted.late_days,
            }));
        }
    }
    todo.ended = there.into_values().flatten().map(|one| one.id).collect();
    todo.ended.sort_unstable();
    todo
}

/// A name of the file, or a glob over names.
enum Matcher {
    Name(String),
    Glob(GlobMatcher),
}

impl Matcher {
    fn new(pattern: &str) -> Self {
        let folded = fold(pattern);
        let is_glob = pattern.contains(['*', '?']);
        // What is no glob is a name; the file's reader has refused globs that cannot be read.
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

/// Writes the plan within a run; `groups` are the numbers of the plan's groups.
///
/// # Errors
/// When the database refuses.
pub async fn commit(change: &mut Change, todo: &CataloguePlan, groups: &[GroupId]) -> Result<()> {
    for (code, title) in &todo.courses {
        know(&mut change.tx, code, title).await?;
    }
    let by_code: FxHashMap<String, CourseId> = courses::list(&mut change.tx)
        .await?
        .into_iter()
        .map(|course| (fold(&course.code), CourseId(course.id)))
        .collect();
    let new: Vec<NewAssignment> = todo
        .new
        .iter()
        .filter_map(|met| {
            Some(NewAssignment {
                course: *by_code.get(&met.course)?,
                whom: Whom::Group(groups[met.group as usize]),
                due: met.due,
                late_days: met.late_days,
                source: "file",
                pattern: met.pattern.clone(),
            })
        })
        .collect();
    assign::make(change, &new).await?;
    assign::change_dues(change, &todo.changed).await?;
    assign::end(change, &todo.ended).await
}

async fn know(tx: &mut Tx, code: &str, title: &str) -> Result<()> {
    match courses::by_code(tx, code).await? {
        Some(course) => courses::retitle(tx, CourseId(course.id), title, "file").await.map(|_| ()),
        None => courses::add(tx, code, title, "file").await.map(|_| ()),
    }
}

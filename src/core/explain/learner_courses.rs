//! Reasons why the learner has or does not have access to each course, and the origin of the due date.

use chrono::NaiveDate;
use rustc_hash::{FxHashMap, FxHashSet};

use crate::explain::explanation::{ExplainedCourse as Answer, GrantingAssignment, LostGrant};
use crate::explain::learner_groups;
use crate::explain::learner_state::LearnerState;
use crate::explain::{AsOf, ExplainError, ExplainRequest, RunIndex};
use rollcall_model::due_policy::{self, DuePolicy};
use rollcall_model::enrollment_state::EnrollmentState;
use rollcall_model::ids::{CourseId, GroupId};
use rollcall_store::Tx;
use rollcall_store::explain::MembershipPeriod;
use rollcall_store::learner_assignments::{
    self, LearnerAssignment, LearnerEnrollment, LearnerJob, RetainedDueDate,
};

/// The stored data of the learner's courses.
pub(super) struct LearnerCourses {
    courses: Vec<(CourseId, String, String)>,
    /// The assignments in force for the learner.
    reaching: Vec<LearnerAssignment>,
    /// Everything that gives or gave the courses to which the learner has no access, or that are asked for.
    giving: Vec<LearnerAssignment>,
    enrollments: FxHashMap<CourseId, LearnerEnrollment>,
    kept: Vec<RetainedDueDate>,
    jobs: Vec<LearnerJob>,
    memberships: Vec<MembershipPeriod>,
    ended: Vec<MembershipPeriod>,
}

/// Reads the stored data of the learner's courses.
pub(super) async fn load_courses(
    tx: &mut Tx,
    asked: ExplainRequest<'_>,
    view: AsOf,
    somebody: &LearnerState,
    groups: &learner_groups::LearnerGroups,
) -> Result<LearnerCourses, ExplainError> {
    let id = somebody.row.id;
    let mut gathered = LearnerCourses {
        courses: Vec::new(),
        reaching: Vec::new(),
        giving: Vec::new(),
        enrollments: FxHashMap::default(),
        kept: Vec::new(),
        jobs: Vec::new(),
        memberships: groups.memberships.clone(),
        ended: groups.ended.clone(),
    };
    if asked.group.is_some() && asked.course.is_none() {
        return Ok(gathered);
    }
    gathered.reaching = learner_assignments::list_reaching(tx, id, groups.group_ids()).await?;
    if let Some(run) = view.until {
        gathered
            .reaching
            .extend(learner_assignments::list_ended_since(tx, id, groups.group_ids(), run).await?);
        gathered.reaching.retain(|one| view.is_in_force(one.run_id, one.ended_run_id));
        let ids = gathered.reaching.iter().map(|one| one.id.0).collect();
        // Newest first: the oldest change after the day says what stood before it.
        for before in learner_assignments::list_previous_due_dates(tx, ids, run).await? {
            for one in gathered.reaching.iter_mut().filter(|one| one.id == before.assignment_id) {
                one.due_kind.clone_from(&before.due_kind);
                (one.due_on, one.due_days, one.late_days) =
                    (before.due_on, before.due_days, before.late_days);
            }
        }
    }
    gathered.reaching.retain(|one| one.group_id.is_some() || somebody.has_access());
    gathered.reaching.sort_by_key(|one| one.id);
    let enrollments = learner_assignments::list_enrollments(tx, id).await?.into_iter();
    let known = enrollments.filter(|one| view.end.is_none_or(|end| one.enrolled_at < end));
    gathered.enrollments = known.map(|one| (one.course_id, one)).collect();
    gathered.kept = learner_assignments::list_retained_due_dates(tx, id).await?;
    gathered.kept.retain(|one| one.lost_on <= view.day);
    if view.until.is_none() {
        gathered.jobs = learner_assignments::list_jobs(tx, id).await?;
    }
    let mut ids: FxHashSet<CourseId> = gathered.reaching.iter().map(|one| one.course_id).collect();
    ids.extend(gathered.enrollments.keys());
    ids.extend(gathered.jobs.iter().map(|one| one.course_id));
    if let Some(course) = asked.course {
        ids = FxHashSet::from_iter([course]);
    }
    gathered.courses = learner_assignments::list_courses(tx, ids.iter().map(|id| id.0).collect()).await?;
    let closed = ids.into_iter().filter(|id| asked.course.is_some() || !gathered.has_access(view, *id));
    gathered.giving = learner_assignments::list_by_courses(tx, id, closed.map(|id| id.0).collect()).await?;
    Ok(gathered)
}

impl LearnerCourses {
    /// The runs that the explanation mentions.
    pub(super) fn list_runs(&self) -> impl Iterator<Item = i64> {
        let assigned = self.reaching.iter().chain(&self.giving);
        assigned.flat_map(|one| [Some(one.run_id), one.ended_run_id].into_iter().flatten())
    }

    /// Access is what the enrollment says; of a past day nothing but what must have followed is known.
    fn has_access(&self, view: AsOf, course: CourseId) -> bool {
        match view.until {
            None => self.enrollments.get(&course).is_some_and(|one| one.state == EnrollmentState::Active),
            Some(_) => self.reaching.iter().any(|one| one.course_id == course),
        }
    }

    /// Explains each course.
    pub(super) fn explain_courses(
        &self,
        view: AsOf,
        somebody: &LearnerState,
        runs: &RunIndex,
    ) -> Vec<Answer> {
        self.courses.iter().map(|course| self.explain_course(view, somebody, runs, course)).collect()
    }

    fn explain_course(
        &self,
        view: AsOf,
        somebody: &LearnerState,
        runs: &RunIndex,
        (id, code, title): &(CourseId, String, String),
    ) -> Answer {
        let reaching = self.reaching.iter().filter(|one| one.course_id == *id);
        let through: Vec<GrantingAssignment> =
            reaching.map(|one| self.explain_assignment(view, somebody, runs, one)).collect();
        let earliest = through.iter().filter_map(|one| one.due).min();
        let enrollment = self.enrollments.get(id);
        let access = self.has_access(view, *id);
        let by_then = |at: &chrono::DateTime<chrono::Utc>| view.end.is_none_or(|end| *at < end);
        let due = match enrollment.filter(|_| view.until.is_none()) {
            Some(enrollment) => enrollment.due,
            None => earliest,
        }
        .filter(|_| access);
        Answer {
            course: code.clone(),
            title: title.clone(),
            access,
            due,
            due_from: through.iter().position(|one| one.due.is_some() && one.due == due),
            through,
            enrolled_at: enrollment.map(|one| one.enrolled_at),
            revoked_at: enrollment.and_then(|one| one.revoked_at).filter(by_then).filter(|_| !access),
            completed_at: enrollment.and_then(|one| one.completed_at).filter(by_then),
            progress: enrollment.filter(|_| view.until.is_none()).map(|one| one.progress),
            lost: if access { Vec::new() } else { self.list_lost_grants(view, runs, *id) },
            job: self.jobs.iter().find(|job| job.course_id == *id).cloned(),
            other_groups: self.list_other_groups(view, *id),
        }
    }

    fn explain_assignment(
        &self,
        view: AsOf,
        somebody: &LearnerState,
        runs: &RunIndex,
        one: &LearnerAssignment,
    ) -> GrantingAssignment {
        let joined = self.memberships.iter().filter(|membership| Some(membership.group_id) == one.group());
        let joined_on = joined.map(|membership| membership.joined_on).min();
        let since = joined_on.unwrap_or_else(|| somebody.row.active_since.min(view.day));
        let counts_from = since.max(one.assigned_on);
        let start = if view.until.is_none() { somebody.row.start_date } else { somebody.start_date() };
        let late_days = one.late_days.unsigned_abs();
        let plain = one.due().date(late_days, counts_from, start);
        let (due, kept) = self.apply_retained_due_date(one.course_id, counts_from, plain);
        GrantingAssignment {
            assignment: one.id.0,
            group: one.group_name.clone(),
            source: one.source,
            run: runs.get(one.run_id),
            assigned_on: one.assigned_on,
            joined_on,
            counts_from,
            due_kind: one.due().kind(),
            due_on: one.due_on,
            due_days: one.due().days(),
            start_date: start.filter(|_| matches!(one.due(), DuePolicy::AfterStart(_))),
            late_days,
            due,
            kept,
        }
    }

    /// The date that stands, and the one given up earlier that it comes from.
    fn apply_retained_due_date(
        &self,
        course: CourseId,
        counts_from: NaiveDate,
        plain: Option<NaiveDate>,
    ) -> (Option<NaiveDate>, Option<RetainedDueDate>) {
        let mut stands = (plain, None);
        for kept in self.kept.iter().filter(|kept| kept.course_id == course) {
            let due = due_policy::retained_due_date(stands.0, counts_from, kept.due, kept.lost_on);
            if due != stands.0 {
                stands = (due, Some(*kept));
            }
        }
        stands
    }

    /// What gave a course and no longer does: assignments that have ended, groups that the learner has left.
    fn list_lost_grants(&self, view: AsOf, runs: &RunIndex, course: CourseId) -> Vec<LostGrant> {
        let is_in = |group: GroupId| self.memberships.iter().any(|one| one.group_id == group);
        let last = |group: GroupId| {
            let ended = self.ended.iter().filter(|one| one.group_id == group);
            ended.filter_map(|one| one.ended_run_id).max()
        };
        let mut lost = Vec::new();
        for one in self.giving.iter().filter(|one| one.course_id == course && view.includes_run(one.run_id)) {
            let left = one.group().filter(|group| !is_in(*group)).map(last);
            let ended = one.ended_run_id.filter(|run| view.includes_run(*run));
            match (left, ended) {
                // Never in the group.
                (Some(None), _) => {}
                // Left before the assignment, or when it had ended.
                (Some(Some(run)), _) if run < one.run_id => {}
                (Some(Some(run)), ended) if ended.is_none_or(|ended| run <= ended) => {
                    let group = one.group_name.clone().unwrap_or_default();
                    lost.push(LostGrant::Membership { group, run: runs.get(run) });
                }
                (_, Some(run)) => {
                    lost.push(LostGrant::Assignment { group: one.group_name.clone(), run: runs.get(run) });
                }
                (_, None) => {}
            }
        }
        lost
    }

    /// Groups that have the course and that the learner is not in.
    fn list_other_groups(&self, view: AsOf, course: CourseId) -> Vec<String> {
        let is_in = |group: GroupId| self.memberships.iter().any(|one| one.group_id == group);
        let giving = self
            .giving
            .iter()
            .filter(|one| one.course_id == course && view.is_in_force(one.run_id, one.ended_run_id));
        let others = giving.filter(|one| one.group().is_some_and(|group| !is_in(group)));
        let mut names: Vec<String> = others.filter_map(|one| one.group_name.clone()).collect();
        names.sort_unstable();
        names.dedup();
        names
    }
}

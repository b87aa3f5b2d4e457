//! Why the learner may, or may not, open each course, and where the due date comes from.

use chrono::NaiveDate;
use rustc_hash::{FxHashMap, FxHashSet};

use crate::explain::answer::{Course as Answer, Lost, Through};
use crate::explain::groups;
use crate::explain::person::Somebody;
use crate::explain::{Asked, Error, Runs, View};
use crate::model::due::{self, Due};
use crate::model::ids::{CourseId, GroupId};
use crate::store::Tx;
use crate::store::assigned::{self, Assigned, Enrollment, Job, Kept};
use crate::store::explain::Membership;

/// What is known of the learner's courses.
pub(super) struct Gathered {
    courses: Vec<(CourseId, String, String)>,
    /// What was in force and reached the learner.
    reaching: Vec<Assigned>,
    /// Everything that gives or gave the courses to which the learner has no access, or that are asked for.
    giving: Vec<Assigned>,
    enrollments: FxHashMap<CourseId, Enrollment>,
    kept: Vec<Kept>,
    jobs: Vec<Job>,
    memberships: Vec<Membership>,
    ended: Vec<Membership>,
}

/// Reads what is known of the learner's courses.
pub(super) async fn gather(
    tx: &mut Tx,
    asked: Asked<'_>,
    view: View,
    somebody: &Somebody,
    groups: &groups::Gathered,
) -> Result<Gathered, Error> {
    let id = somebody.row.id;
    let mut gathered = Gathered {
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
    gathered.reaching = assigned::reaching(tx, id, groups.group_ids()).await?;
    if let Some(run) = view.until {
        gathered.reaching.extend(assigned::ended_since(tx, id, groups.group_ids(), run).await?);
        gathered.reaching.retain(|one| view.is_in_force(one.run_id, one.ended_run_id));
        let ids = gathered.reaching.iter().map(|one| one.id.0).collect();
        // Newest first: the oldest change after the day says what stood before it.
        for before in assigned::dues_before(tx, ids, run).await? {
            for one in gathered.reaching.iter_mut().filter(|one| one.id == before.assignment_id) {
                one.due_kind.clone_from(&before.due_kind);
                (one.due_on, one.due_days, one.late_days) =
                    (before.due_on, before.due_days, before.late_days);
            }
        }
    }
    gathered.reaching.retain(|one| one.group_id.is_some() || somebody.has_access());
    gathered.reaching.sort_by_key(|one| one.id);
    let enrollments = assigned::enrollments(tx, id).await?.into_iter();
    let known = enrollments.filter(|one| view.end.is_none_or(|end| one.enrolled_at < end));
    gathered.enrollments = known.map(|one| (one.course_id, one)).collect();
    gathered.kept = assigned::kept(tx, id).await?;
    gathered.kept.retain(|one| one.lost_on <= view.day);
    if view.until.is_none() {
        gathered.jobs = assigned::jobs(tx, id).await?;
    }
    let mut ids: FxHashSet<CourseId> = gathered.reaching.iter().map(|one| one.course_id).collect();
    ids.extend(gathered.enrollments.keys());
    ids.extend(gathered.jobs.iter().map(|one| one.course_id));
    if let Some(course) = asked.course {
        ids = FxHashSet::from_iter([course]);
    }
    gathered.courses = assigned::courses(tx, ids.iter().map(|id| id.0).collect()).await?;
    let closed = ids.into_iter().filter(|id| asked.course.is_some() || !gathered.has_access(view, *id));
    gathered.giving = assigned::of_courses(tx, id, closed.map(|id| id.0).collect()).await?;
    Ok(gathered)
}

impl Gathered {
    /// The runs that the answers speak of.
    pub(super) fn runs(&self) -> impl Iterator<Item = i64> {
        let assigned = self.reaching.iter().chain(&self.giving);
        assigned.flat_map(|one| [Some(one.run_id), one.ended_run_id].into_iter().flatten())
    }

    /// Access is what the enrollment says; of a past day nothing but what must have followed is known.
    fn has_access(&self, view: View, course: CourseId) -> bool {
        match view.until {
            None => self.enrollments.get(&course).is_some_and(|one| one.state == "active"),
            Some(_) => self.reaching.iter().any(|one| one.course_id == course),
        }
    }

    /// An answer for each course.
    pub(super) fn answers(&self, view: View, somebody: &Somebody, runs: &Runs) -> Vec<Answer> {
        self.courses.iter().map(|course| self.answer(view, somebody, runs, course)).collect()
    }

    fn answer(
        &self,
        view: View,
        somebody: &Somebody,
        runs: &Runs,
        (id, code, title): &(CourseId, String, String),
    ) -> Answer {
        let reaching = self.reaching.iter().filter(|one| one.course_id == *id);
        let through: Vec<Through> = reaching.map(|one| self.through(view, somebody, runs, one)).collect();
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
            lost: if access { Vec::new() } else { self.lost(view, runs, *id) },
            job: self.jobs.iter().find(|job| job.course_id == *id).cloned(),
            other_groups: self.other_groups(view, *id),
        }
    }

    fn through(&self, view: View, somebody: &Somebody, runs: &Runs, one: &Assigned) -> Through {
        let joined = self.memberships.iter().filter(|membership| Some(membership.group_id) == one.group());
        let joined_on = joined.map(|membership| membership.joined_on).min();
        let since = joined_on.unwrap_or_else(|| somebody.row.active_since.min(view.day));
        let counts_from = since.max(one.assigned_on);
        let start = if view.until.is_none() { somebody.row.start_date } else { somebody.start() };
        let late_days = one.late_days.unsigned_abs();
        let plain = one.due().date(late_days, counts_from, start);
        let (due, kept) = self.keep(one.course_id, counts_from, plain);
        Through {
            assignment: one.id.0,
            group: one.group_name.clone(),
            source: one.source.clone(),
            run: runs.get(one.run_id),
            assigned_on: one.assigned_on,
            joined_on,
            counts_from,
            due_kind: one.due().kind(),
            due_on: one.due_on,
            due_days: one.due().days(),
            start_date: start.filter(|_| matches!(one.due(), Due::AfterStart(_))),
            late_days,
            due,
            kept,
        }
    }

    /// The date that stands, and the one given up earlier that it comes from.
    fn keep(
        &self,
        course: CourseId,
        counts_from: NaiveDate,
        plain: Option<NaiveDate>,
    ) -> (Option<NaiveDate>, Option<Kept>) {
        let mut stands = (plain, None);
        for kept in self.kept.iter().filter(|kept| kept.course_id == course) {
            let due = due::kept(stands.0, counts_from, kept.due, kept.lost_on);
            if due != stands.0 {
                stands = (due, Some(*kept));
            }
        }
        stands
    }

    /// What gave a course and no longer does: assignments that have ended, groups that the learner has left.
    fn lost(&self, view: View, runs: &Runs, course: CourseId) -> Vec<Lost> {
        let is_in = |group: GroupId| self.memberships.iter().any(|one| one.group_id == group);
        let last = |group: GroupId| {
            let ended = self.ended.iter().filter(|one| one.group_id == group);
            ended.filter_map(|one| one.ended_run_id).max()
        };
        let mut lost = Vec::new();
        for one in self.giving.iter().filter(|one| one.course_id == course && view.has_seen(one.run_id)) {
            let left = one.group().filter(|group| !is_in(*group)).map(last);
            let ended = one.ended_run_id.filter(|run| view.has_seen(*run));
            match (left, ended) {
                // Never in the group.
                (Some(None), _) => {}
                // Left before the assignment, or when it had ended.
                (Some(Some(run)), _) if run < one.run_id => {}
                (Some(Some(run)), ended) if ended.is_none_or(|ended| run <= ended) => {
                    let group = one.group_name.clone().unwrap_or_default();
                    lost.push(Lost::Membership { group, run: runs.get(run) });
                }
                (_, Some(run)) => {
                    lost.push(Lost::Assignment { group: one.group_name.clone(), run: runs.get(run) });
                }
                (_, None) => {}
            }
        }
        lost
    }

    /// Groups that have the course and that the learner is not in.
    fn other_groups(&self, view: View, course: CourseId) -> Vec<String> {
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

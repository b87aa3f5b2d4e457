//! Verification of enrollments against memberships and assignments, and the repair of differences.
//!
//! The verification shares no statement with the workers. It joins memberships and assignments in memory, computes each
//! due date with [`DuePolicy::date`], and compares the result with the enrollments in the order of their keys.

use std::collections::{BTreeMap, BTreeSet};

use chrono::NaiveDate;
use rustc_hash::{FxHashMap, FxHashSet};
use serde::Serialize;
use serde_json::{Value, json};

use crate::enrollment::change::{ChangeTime, ChangeTransaction, CommittedChange};
use rollcall_model::due_policy::{DuePolicy, retained_due_date};
use rollcall_model::ids::{CourseId, LearnerId};
use rollcall_store::assignments::{self, Assignment, AssignmentTarget};
use rollcall_store::runs::NewRun;
use rollcall_store::{Result, Store, Tx, enrollments, verification};

/// Result of a verification.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, utoipa::ToSchema)]
#[schema(as = Verdict)]
pub struct VerifyResult {
    /// Distinct pairs of learner and group.
    pub memberships: u64,
    /// Enrollments with access.
    pub enrollments: u64,
    /// Pairs whose job is still in the queue, and so may differ.
    pub pending: u64,
    /// Differences.
    pub differences: Vec<Discrepancy>,
}

/// A difference between an enrollment and the memberships and assignments.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, utoipa::ToSchema)]
#[schema(as = Difference)]
pub struct Discrepancy {
    /// The learner's number.
    #[serde(skip)]
    pub learner: i64,
    /// The course's number.
    #[serde(skip)]
    pub course_id: i64,
    /// The learner.
    pub email: String,
    /// The course's code.
    pub course: String,
    /// Kind of the discrepancy.
    pub what: DiscrepancyKind,
    /// The due date that memberships and assignments give.
    pub expected_due: Option<NaiveDate>,
    /// The due date of the enrollment.
    pub found_due: Option<NaiveDate>,
}

/// The kinds of [`Discrepancy`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = DifferenceKind)]
pub enum DiscrepancyKind {
    /// Access is expected and missing.
    Missing,
    /// Access exists without a membership or assignment.
    Extra,
    /// The due date differs.
    Due,
}

type EnrollmentKey = (i64, i64);

/// Maximum number of differences that the audit log names; the rest is counted.
const MAX_LISTED_PAIRS: usize = 100;

/// Verifies all enrollments in one snapshot of the database.
pub async fn verify_enrollments(store: &Store) -> Result<VerifyResult> {
    let mut tx = store.begin_read().await?;
    let mut verdict = VerifyResult::default();
    let expected = load_expected(&mut tx, &mut verdict).await?;
    let pending: FxHashSet<EnrollmentKey> = verification::list_pending_pairs(&mut tx)
        .await?
        .into_iter()
        .map(|(learner, course)| (learner.0, course.0))
        .collect();
    verdict.pending = pending.len() as u64;
    let mut found: Vec<(EnrollmentKey, Option<NaiveDate>, bool)> = Vec::new();
    enrollments::for_each_active(&mut tx, |one| {
        found.push(((one.learner_id, one.course_id), one.due, one.completed));
    })
    .await?;
    verdict.enrollments = found.len() as u64;
    compare_enrollments(&expected, &found, |pair| pending.contains(pair), &mut verdict.differences);
    add_names(&mut tx, &mut verdict.differences).await?;
    Ok(verdict)
}

/// Result of a repair.
#[derive(Debug)]
pub struct RepairResult {
    /// Result of the verification before the repair.
    pub found: VerifyResult,
    /// The change; none where there was nothing to settle.
    pub done: Option<CommittedChange>,
}

/// Enqueues a job for each difference. If there is none, no change is made.
pub async fn repair_enrollments(store: &Store, about: &NewRun, when: ChangeTime) -> Result<RepairResult> {
    let found = verify_enrollments(store).await?;
    if found.differences.is_empty() {
        return Ok(RepairResult { found, done: None });
    }
    let mut change = ChangeTransaction::begin(store, about, when).await?;
    let pairs: Vec<EnrollmentKey> =
        found.differences.iter().map(|one| (one.learner, one.course_id)).collect();
    change.enqueue_pairs(&pairs).await?;
    let named =
        found.differences.iter().take(MAX_LISTED_PAIRS).map(|one| format!("{} {}", one.email, one.course));
    let note = json!({"differences": pairs.len(), "pairs": named.collect::<Vec<_>>()});
    change.record_before_after(&note, &Value::Null).await?;
    Ok(RepairResult { found, done: Some(change.commit().await?) })
}

/// Loads the expected enrollments, with the earliest due date of each.
async fn load_expected(
    tx: &mut Tx,
    verdict: &mut VerifyResult,
) -> Result<BTreeMap<EnrollmentKey, Option<NaiveDate>>> {
    let assignments = assignments::list_active(tx, None, None).await?;
    let mut of_group: FxHashMap<i64, Vec<&Assignment>> = FxHashMap::default();
    for one in &assignments {
        if let AssignmentTarget::Group(group) = one.target {
            of_group.entry(group.0).or_default().push(one);
        }
    }
    let mut given_up: FxHashMap<EnrollmentKey, Vec<(NaiveDate, NaiveDate)>> = FxHashMap::default();
    for one in verification::list_retained_due_dates(tx).await? {
        given_up.entry((one.learner_id.0, one.course_id.0)).or_default().push((one.lost_on, one.due));
    }
    let mut expected: BTreeMap<EnrollmentKey, Option<NaiveDate>> = BTreeMap::new();
    let mut hold = |learner: i64, one: &Assignment, joined: NaiveDate, start: Option<NaiveDate>| {
        let pair = (learner, one.course.0);
        let due =
            expected_due(one.due, one.late_days, joined.max(one.assigned_on), start, given_up.get(&pair));
        expected.entry(pair).and_modify(|known| *known = earliest(*known, due)).or_insert(due);
    };
    let mut count = 0;
    verification::for_each_membership(tx, |one| {
        count += 1;
        if one.status.has_access() {
            for assignment in of_group.get(&one.group_id.0).map_or(&[][..], Vec::as_slice) {
                hold(one.learner_id.0, assignment, one.joined_on, one.start_date);
            }
        }
    })
    .await?;
    verdict.memberships = count;
    let alone: FxHashMap<LearnerId, (NaiveDate, Option<NaiveDate>)> =
        verification::list_directly_assigned(tx)
            .await?
            .into_iter()
            .map(|(id, since, start)| (id, (since, start)))
            .collect();
    for one in &assignments {
        if let AssignmentTarget::Learner(id) = one.target
            && let Some((since, start)) = alone.get(&id)
        {
            hold(id.0, one, *since, *start);
        }
    }
    Ok(expected)
}

fn expected_due(
    due: DuePolicy,
    late_days: u32,
    counts_from: NaiveDate,
    start: Option<NaiveDate>,
    given_up: Option<&Vec<(NaiveDate, NaiveDate)>>,
) -> Option<NaiveDate> {
    let own = due.date(late_days, counts_from, start);
    given_up
        .into_iter()
        .flatten()
        .fold(own, |due, (lost_on, lost_due)| retained_due_date(due, counts_from, *lost_due, *lost_on))
}

/// Returns the earlier date. An assignment without a due date does not remove the due date of another.
fn earliest(one: Option<NaiveDate>, other: Option<NaiveDate>) -> Option<NaiveDate> {
    match (one, other) {
        (Some(one), Some(other)) => Some(one.min(other)),
        (one, other) => one.or(other),
    }
}

fn compare_enrollments(
    expected: &BTreeMap<EnrollmentKey, Option<NaiveDate>>,
    found: &[(EnrollmentKey, Option<NaiveDate>, bool)],
    is_pending: impl Fn(&EnrollmentKey) -> bool,
    differences: &mut Vec<Discrepancy>,
) {
    let mut differ = |pair: &EnrollmentKey,
                      what: DiscrepancyKind,
                      expected_due: Option<NaiveDate>,
                      found_due: Option<NaiveDate>| {
        if !is_pending(pair) {
            differences.push(Discrepancy {
                learner: pair.0,
                course_id: pair.1,
                email: String::new(),
                course: String::new(),
                what,
                expected_due,
                found_due,
            });
        }
    };
    let mut wanted = expected.iter().peekable();
    for (pair, due, completed) in found {
        while let Some((missing, due)) = wanted.next_if(|(wanted, _)| *wanted < pair) {
            differ(missing, DiscrepancyKind::Missing, *due, None);
        }
        match wanted.next_if(|(wanted, _)| *wanted == pair) {
            None => differ(pair, DiscrepancyKind::Extra, None, *due),
            Some((_, expected)) if expected != due && !completed => {
                differ(pair, DiscrepancyKind::Due, *expected, *due);
            }
            Some(_) => {}
        }
    }
    for (missing, due) in wanted {
        differ(missing, DiscrepancyKind::Missing, *due, None);
    }
}

async fn add_names(tx: &mut Tx, differences: &mut [Discrepancy]) -> Result<()> {
    if differences.is_empty() {
        return Ok(());
    }
    let learners: BTreeSet<i64> = differences.iter().map(|one| one.learner).collect();
    let courses: BTreeSet<i64> = differences.iter().map(|one| one.course_id).collect();
    let emails: FxHashMap<LearnerId, String> =
        verification::list_learner_names(tx, learners.into_iter().collect()).await?.into_iter().collect();
    let codes: FxHashMap<CourseId, String> =
        verification::list_course_codes(tx, courses.into_iter().collect()).await?.into_iter().collect();
    for one in differences {
        one.email = emails.get(&LearnerId(one.learner)).cloned().unwrap_or_default();
        one.course = codes.get(&CourseId(one.course_id)).cloned().unwrap_or_default();
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_of_difference_is_found() {
        let day = |text: &str| Some(text.parse::<NaiveDate>().expect("a date"));
        let expected =
            BTreeMap::from([((1, 1), None), ((1, 2), day("2026-01-01")), ((3, 1), day("2026-01-01"))]);
        let found = [((1, 2), day("2026-02-01"), false), ((2, 1), None, false), ((3, 1), None, true)];
        let mut differences = Vec::new();
        compare_enrollments(&expected, &found, |_| false, &mut differences);
        let kinds: Vec<_> = differences.iter().map(|one| ((one.learner, one.course_id), one.what)).collect();
        assert_eq!(
            kinds,
            [
                ((1, 1), DiscrepancyKind::Missing),
                ((1, 2), DiscrepancyKind::Due),
                ((2, 1), DiscrepancyKind::Extra)
            ]
        );
        differences.clear();
        compare_enrollments(&expected, &found, |_| true, &mut differences);
        assert_eq!(differences, []);
    }
}

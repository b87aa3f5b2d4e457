//! The proof that enrollments are what memberships and assignments say, and the repair where they are not.
//!
//! Shares no statement with the worker: memberships and assignments are read as they stand, joined here, and each due
//! date is worked out by [`DuePolicy::date`]; the result is compared with the enrollments, both in the order of their keys.

use std::collections::BTreeMap;

use chrono::NaiveDate;
use rustc_hash::FxHashMap;
use serde::Serialize;
use serde_json::{Value, json};

use crate::enrollment::change::{ChangeTime, ChangeTransaction, CommittedChange};
use rollcall_model::due_policy::{DuePolicy, retained_due_date};
use rollcall_store::assignments::{self, Assignment, AssignmentTarget};
use rollcall_store::params;
use rollcall_store::runs::NewRun;
use rollcall_store::{Result, Store, Tx, enrollments};

/// What was proved.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, utoipa::ToSchema)]
#[schema(as = Verdict)]
pub struct VerifyResult {
    /// Distinct pairs of learner and group.
    pub memberships: u64,
    /// Enrollments with access.
    pub enrollments: u64,
    /// Pairs whose job is still in the queue, and so may differ.
    pub pending: u64,
    /// Everything that is not as it should be.
    pub differences: Vec<Discrepancy>,
}

/// One thing that is not as it should be.
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
    /// What is wrong.
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
    /// Should have access, and has none.
    Missing,
    /// Has access that nothing holds up.
    Extra,
    /// Has another due date than follows.
    Due,
}

type EnrollmentKey = (i64, i64);

/// Differences that the note of a repair names; the rest is counted.
const MAX_LISTED_PAIRS: usize = 100;

const MEMBERSHIPS: &str = "
    SELECT DISTINCT m.learner_id, m.group_id, m.joined_on, l.start_date, l.status
    FROM memberships m JOIN learners l ON l.id = m.learner_id
    ORDER BY m.learner_id, m.group_id";

const PENDING: &str = "SELECT learner_id, course_id FROM jobs WHERE state = 'ready'";

const LEARNERS_ALONE: &str = "
    SELECT l.id, l.active_since, l.start_date FROM learners l
    WHERE l.status IN ('active', 'leave')
      AND l.id IN (SELECT a.learner_id FROM assignments a WHERE a.learner_id IS NOT NULL AND a.ended_run_id IS NULL)";

const KEPT: &str = "SELECT learner_id, course_id, lost_on, due FROM kept_dues";

/// Compares, in one snapshot of the database.
///
/// # Errors
/// When the database does not answer.
pub async fn verify_enrollments(store: &Store) -> Result<VerifyResult> {
    let mut tx = store.begin_read().await?;
    let mut verdict = VerifyResult::default();
    let expected = load_expected(&mut tx, &mut verdict).await?;
    let mut pending: rustc_hash::FxHashSet<EnrollmentKey> = rustc_hash::FxHashSet::default();
    tx.fetch_each("read the queue", PENDING, params![], |pair: EnrollmentKey| {
        pending.insert(pair);
    })
    .await?;
    verdict.pending = pending.len() as u64;
    let mut found: Vec<(EnrollmentKey, Option<NaiveDate>, bool)> = Vec::new();
    enrollments::for_each_active(&mut tx, |one| {
        found.push(((one.learner_id, one.course_id), one.due, one.completed))
    })
    .await?;
    verdict.enrollments = found.len() as u64;
    compare_enrollments(&expected, &found, |pair| pending.contains(pair), &mut verdict.differences);
    add_names(&mut tx, &mut verdict.differences).await?;
    Ok(verdict)
}

/// What a repair came to.
#[derive(Debug)]
pub struct RepairResult {
    /// What it found.
    pub found: VerifyResult,
    /// The change; none where there was nothing to settle.
    pub done: Option<CommittedChange>,
}

/// Enqueues everything that is not as it should be, to be settled again. Nothing happens, and no change is numbered,
/// where all is as it should be.
///
/// # Errors
/// When the database refuses; nothing is changed then.
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

/// Every learner and course that memberships and assignments hold up, with the earliest due date.
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
    tx.fetch_each(
        "read kept due dates",
        KEPT,
        params![],
        |(learner, course, on, due): (i64, i64, NaiveDate, NaiveDate)| {
            given_up.entry((learner, course)).or_default().push((on, due));
        },
    )
    .await?;
    let mut expected: BTreeMap<EnrollmentKey, Option<NaiveDate>> = BTreeMap::new();
    let mut hold = |learner: i64, one: &Assignment, joined: NaiveDate, start: Option<NaiveDate>| {
        let pair = (learner, one.course.0);
        let due =
            expected_due(one.due, one.late_days, joined.max(one.assigned_on), start, given_up.get(&pair));
        expected.entry(pair).and_modify(|known| *known = earliest(*known, due)).or_insert(due);
    };
    let mut count = 0;
    tx.fetch_each(
        "read memberships",
        MEMBERSHIPS,
        params![],
        |(learner, group, joined, start, status): (i64, i64, NaiveDate, Option<NaiveDate>, String)| {
            count += 1;
            if status == "active" || status == "leave" {
                for one in of_group.get(&group).map_or(&[][..], Vec::as_slice) {
                    hold(learner, one, joined, start);
                }
            }
        },
    )
    .await?;
    verdict.memberships = count;
    let mut alone: FxHashMap<i64, (NaiveDate, Option<NaiveDate>)> = FxHashMap::default();
    tx.fetch_each(
        "read learners",
        LEARNERS_ALONE,
        params![],
        |(id, since, start): (i64, NaiveDate, Option<NaiveDate>)| {
            alone.insert(id, (since, start));
        },
    )
    .await?;
    for one in &assignments {
        if let AssignmentTarget::Learner(id) = one.target
            && let Some((since, start)) = alone.get(&id.0)
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

/// An assignment without a due date asks for none; it does not take one away.
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
                differ(pair, DiscrepancyKind::Due, *expected, *due)
            }
            Some(_) => {}
        }
    }
    for (missing, due) in wanted {
        differ(missing, DiscrepancyKind::Missing, *due, None);
    }
}

const NAMES: &str = "
    SELECT COALESCE(l.email, l.name), c.code FROM learners l, courses c WHERE l.id = $1 AND c.id = $2";

async fn add_names(tx: &mut Tx, differences: &mut [Discrepancy]) -> Result<()> {
    for one in differences {
        let names: Option<(String, String)> =
            tx.fetch_optional("name a difference", NAMES, params![one.learner, one.course_id]).await?;
        if let Some((email, course)) = names {
            one.email = email;
            one.course = course;
        }
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

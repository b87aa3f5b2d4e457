//! Deletion of history that is older than the retention period.

use chrono::{DateTime, Days, NaiveDate, Utc};

use super::Result;
use super::param::params;
use super::sql::{Sql, list_statements};
use super::transaction::Tx;
use rollcall_model::due_policy::RETENTION_DAYS;

/// The last run before an instant.
const LAST: &str = "SELECT COALESCE(max(id), 0) FROM runs WHERE started_at < $1";

const FORGET_PERSONS: &str = "DELETE FROM person_changes WHERE run_id <= $1";

const FORGET_MEMBERSHIPS: &str = "DELETE FROM ended_memberships WHERE ended_run_id <= $1";

const FORGET_LEARNERS: &str = "DELETE FROM learner_changes WHERE run_id <= $1";

const FORGET_ENDED_DUES: &str = "DELETE FROM kept_dues WHERE ended_run_id <= $1";

const FORGET_DORMANT: &str = "DELETE FROM dormant_memberships WHERE ended_run_id <= $1";

const FORGET_DUES: &str = "DELETE FROM assignment_changes WHERE run_id <= $1";

const FORGET_REOPENED: &str = "DELETE FROM reopened_completions WHERE run_id <= $1";

/// The problems of a run; its counts and its error stay.
const FORGET_PROBLEMS: Sql = Sql::per_engine(
    "UPDATE runs SET problems = '[]' WHERE id <= $1 AND problems <> '[]'",
    "UPDATE runs SET problems = '[]' WHERE id <= $1 AND problems <> '[]'::jsonb",
);

/// A retained due date is needed while the learner can return in time, and while an enrollment with this date lasts.
const FORGET_KEPT: &str = "
    DELETE FROM kept_dues
    WHERE lost_on < $1
      AND NOT EXISTS (SELECT 1 FROM enrollments e WHERE e.learner_id = kept_dues.learner_id
                      AND e.course_id = kept_dues.course_id AND e.state = 'active')
      AND NOT EXISTS (SELECT 1 FROM jobs j WHERE j.learner_id = kept_dues.learner_id
                      AND j.course_id = kept_dues.course_id)";

/// Deletes the previous state of rows, and the problems, for runs that started earlier than `before`, and retained due dates that are no
/// longer needed. Returns the number of deleted rows.
pub async fn delete_before(tx: &mut Tx, before: DateTime<Utc>, today: NaiveDate) -> Result<u64> {
    let (last,): (i64,) = tx.fetch_one("find the last run before a day", LAST, params![before]).await?;
    let mut forgotten = 0;
    forgotten += tx.execute("delete old records", FORGET_PERSONS, params![last]).await?;
    forgotten += tx.execute("delete old memberships", FORGET_MEMBERSHIPS, params![last]).await?;
    forgotten += tx.execute("delete old states", FORGET_LEARNERS, params![last]).await?;
    forgotten += tx.execute("delete due dates out of force", FORGET_ENDED_DUES, params![last]).await?;
    forgotten += tx.execute("delete old waiting memberships", FORGET_DORMANT, params![last]).await?;
    forgotten += tx.execute("delete old due dates", FORGET_DUES, params![last]).await?;
    forgotten += tx.execute("delete old completions", FORGET_REOPENED, params![last]).await?;
    forgotten += tx.execute("delete old problems", FORGET_PROBLEMS, params![last]).await?;
    let lost_before = today - Days::new(RETENTION_DAYS + 1);
    Ok(forgotten + tx.execute("forget kept due dates", FORGET_KEPT, params![lost_before]).await?)
}

list_statements!(
    LAST,
    FORGET_PERSONS,
    FORGET_MEMBERSHIPS,
    FORGET_LEARNERS,
    FORGET_ENDED_DUES,
    FORGET_DORMANT,
    FORGET_DUES,
    FORGET_REOPENED,
    FORGET_PROBLEMS,
    FORGET_KEPT
);

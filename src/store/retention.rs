//! History that has grown too old to be asked for.

use chrono::{DateTime, Days, NaiveDate, Utc};

use super::Result;
use super::engine::Tx;
use super::param::params;
use rollcall_model::due_policy::RETENTION_DAYS;

/// The last run before an instant.
const LAST: &str = "SELECT COALESCE(max(id), 0) FROM runs WHERE started_at < $1";

const FORGET: [(&str, &str); 3] = [
    ("forget old records", "DELETE FROM person_changes WHERE run_id <= $1"),
    ("forget old memberships", "DELETE FROM ended_memberships WHERE ended_run_id <= $1"),
    ("forget old due dates", "DELETE FROM assignment_changes WHERE run_id <= $1"),
];

/// A date that was given up is of use for whoever comes back in time, and for as long as the enrollment lasts that it
/// stands for then.
const FORGET_KEPT: &str = "
    DELETE FROM kept_dues
    WHERE lost_on < $1
      AND NOT EXISTS (SELECT 1 FROM enrollments e WHERE e.learner_id = kept_dues.learner_id
                      AND e.course_id = kept_dues.course_id AND e.state = 'active')
      AND NOT EXISTS (SELECT 1 FROM jobs j WHERE j.learner_id = kept_dues.learner_id
                      AND j.course_id = kept_dues.course_id)";

/// Forgets what rows were before runs that began earlier than `before`, and due dates that nobody can come back to;
/// answers how many rows that were.
///
/// # Errors
/// When the database refuses.
pub async fn delete_before(tx: &mut Tx, before: DateTime<Utc>, today: NaiveDate) -> Result<u64> {
    let (last,): (i64,) = tx.fetch_one("find the last run before a day", LAST, params![before]).await?;
    let mut forgotten = 0;
    for (doing, sql) in FORGET {
        forgotten += tx.execute(doing, sql, params![last]).await?;
    }
    let lost_before = today - Days::new(RETENTION_DAYS + 1);
    Ok(forgotten + tx.execute("forget kept due dates", FORGET_KEPT, params![lost_before]).await?)
}

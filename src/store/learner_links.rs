//! Links between learners that were merged manually, and the data to separate them again.

use super::Result;
use super::param::params;
use super::sql::list_statements;
use super::transaction::Tx;
use rollcall_model::ids::{LearnerId, RunId};

const BOTH_PRESENT: &str = "
    SELECT c.name FROM persons a JOIN persons b ON b.connector_id = a.connector_id
    JOIN connectors c ON c.id = a.connector_id
    WHERE a.learner_id = $1 AND b.learner_id = $2 AND a.present AND b.present ORDER BY c.name";

/// Connectors that hold both learners at once.
pub async fn list_shared_connectors(tx: &mut Tx, one: LearnerId, other: LearnerId) -> Result<Vec<String>> {
    let rows: Vec<(String,)> = tx.fetch_all("look for colleagues", BOTH_PRESENT, params![one, other]).await?;
    Ok(rows.into_iter().map(|(name,)| name).collect())
}

const LINK: &str = "
    INSERT INTO learner_links (run_id, learner_id, merged_id, email, email_folded, by_hand)
    SELECT $1, $2, id, email, email_folded, by_hand FROM learners WHERE id = $3";

const NOTE_PERSONS: &str = "
    INSERT INTO linked_persons (run_id, connector_id, external_id)
    SELECT $1, connector_id, external_id FROM persons WHERE learner_id = $2";

const MOVE_PERSONS: &str = "UPDATE persons SET learner_id = $1, run_id = $3 WHERE learner_id = $2";

/// The other one's addresses find the learner from now on.
const MOVE_ADDRESSES: &str = "
    INSERT INTO former_addresses (email_folded, learner_id, run_id)
    SELECT email_folded, CAST($1 AS BIGINT), CAST($3 AS BIGINT) FROM learners WHERE id = $2 AND email_folded IS NOT NULL
    UNION
    SELECT email_folded, CAST($1 AS BIGINT), CAST($3 AS BIGINT) FROM former_addresses WHERE learner_id = $2
    ON CONFLICT (email_folded, learner_id) DO NOTHING";

const LEAVE: &str = "
    UPDATE learners SET status = 'left', email = NULL, email_folded = NULL, email_contested = NULL, by_hand = FALSE,
        run_id = $2
    WHERE id = $1";

/// Alone assignments of the other one, for the learner too.
const COPY_ASSIGNMENTS: &str = "
    INSERT INTO assignments (course_id, learner_id, due_kind, due_on, due_days, late_days, assigned_on, source, pattern,
        run_id)
    SELECT s.course_id, CAST($1 AS BIGINT), s.due_kind, s.due_on, s.due_days, s.late_days, s.assigned_on, s.source,
        s.pattern, CAST($3 AS BIGINT)
    FROM assignments s
    WHERE s.learner_id = $2 AND s.ended_run_id IS NULL
      AND NOT EXISTS (SELECT 1 FROM assignments o WHERE o.learner_id = $1 AND o.course_id = s.course_id
                      AND o.ended_run_id IS NULL)";

const NOTE_ENROLLMENTS: &str = "
    INSERT INTO linked_enrollments (run_id, course_id, progress, completed_at)
    SELECT CAST($3 AS BIGINT), b.course_id, a.progress, a.completed_at
    FROM enrollments b LEFT JOIN enrollments a ON a.learner_id = $1 AND a.course_id = b.course_id
    WHERE b.learner_id = $2";

/// Combines the progress of both learners.
const JOIN_PROGRESS: &str = "
    INSERT INTO enrollments (learner_id, course_id, state, due, enrolled_at, revoked_at, completed_at, progress)
    SELECT CAST($1 AS BIGINT), b.course_id, 'revoked', b.due, b.enrolled_at, COALESCE(b.revoked_at, b.enrolled_at),
        b.completed_at, b.progress
    FROM enrollments b WHERE b.learner_id = $2
    ON CONFLICT (learner_id, course_id) DO UPDATE
    SET progress = CASE WHEN excluded.progress > enrollments.progress THEN excluded.progress
                        ELSE enrollments.progress END,
        completed_at = CASE WHEN enrollments.completed_at IS NULL OR excluded.completed_at < enrollments.completed_at
                        THEN COALESCE(excluded.completed_at, enrollments.completed_at)
                        ELSE enrollments.completed_at END";

/// Makes `merged` a part of `learner`: persons, addresses, courses assigned to the learner alone, and progress. Call it
/// when the memberships of `merged` have been given to `learner`.
pub async fn link_learners(tx: &mut Tx, learner: LearnerId, merged: LearnerId, run: RunId) -> Result<()> {
    tx.execute("link learners", LINK, params![run, learner, merged]).await?;
    tx.execute("note persons", NOTE_PERSONS, params![run, merged]).await?;
    tx.execute("move persons", MOVE_PERSONS, params![learner, merged, run]).await?;
    tx.execute("move addresses", MOVE_ADDRESSES, params![learner, merged, run]).await?;
    tx.execute("let a learner go", LEAVE, params![merged, run]).await?;
    tx.execute("copy assignments", COPY_ASSIGNMENTS, params![learner, merged, run]).await?;
    tx.execute("note enrollments", NOTE_ENROLLMENTS, params![learner, merged, run]).await?;
    tx.execute("join progress", JOIN_PROGRESS, params![learner, merged]).await.map(|_| ())
}

const IN_FORCE: &str = "
    SELECT run_id, learner_id, merged_id FROM learner_links
    WHERE ended_run_id IS NULL AND learner_id IN ($1, $2) AND (merged_id IN ($1, $2) OR $1 = $2)
    ORDER BY run_id DESC";

/// A link in force.
#[derive(Debug, Clone, Copy, PartialEq, Eq, sqlx_macros::FromRow)]
pub struct LearnerLink {
    /// The change that made it.
    pub run_id: i64,
    /// Who is both.
    pub learner_id: LearnerId,
    /// Learner that was merged.
    pub merged_id: LearnerId,
}

/// Returns the newest active link between two learners.
pub async fn find_active_link(tx: &mut Tx, one: LearnerId, other: LearnerId) -> Result<Option<LearnerLink>> {
    tx.fetch_optional("find a link", IN_FORCE, params![one, other]).await
}

const PERSONS_BACK: &str = "
    UPDATE persons SET learner_id = $2, run_id = $3
    WHERE EXISTS (SELECT 1 FROM linked_persons k WHERE k.run_id = $1 AND k.connector_id = persons.connector_id
                  AND k.external_id = persons.external_id)";

/// An address that another learner holds by now is not returned.
const LEARNER_BACK: &str = "
    UPDATE learners
    SET status = CASE WHEN k.by_hand THEN 'active' ELSE learners.status END, by_hand = k.by_hand, run_id = $2,
        email = CASE WHEN k.is_free THEN k.email ELSE NULL END,
        email_folded = CASE WHEN k.is_free THEN k.email_folded ELSE NULL END
    FROM (SELECT s.merged_id, s.email, s.email_folded, s.by_hand,
              NOT EXISTS (SELECT 1 FROM learners o WHERE o.email_folded = s.email_folded AND o.status <> 'left')
                  AS is_free
          FROM learner_links s WHERE s.run_id = $1) k
    WHERE learners.id = k.merged_id";

const ADDRESSES_BACK: &str = "DELETE FROM former_addresses WHERE learner_id = $2 AND run_id = $1";

const END_ASSIGNMENTS: &str = "
    UPDATE assignments SET ended_run_id = $3 WHERE run_id = $1 AND learner_id = $2 AND ended_run_id IS NULL";

/// Progress that has not moved since is as it was before the link.
const PROGRESS_BACK: &str = "
    UPDATE enrollments
    SET progress = COALESCE(k.progress, 0), completed_at = k.completed_at
    FROM linked_enrollments k, enrollments b
    WHERE k.run_id = $1 AND enrollments.learner_id = $2 AND enrollments.course_id = k.course_id
      AND b.learner_id = $3 AND b.course_id = k.course_id
      AND (enrollments.progress = b.progress OR enrollments.progress = k.progress)
      AND (enrollments.completed_at IS NOT DISTINCT FROM b.completed_at
           OR enrollments.completed_at IS NOT DISTINCT FROM k.completed_at)";

const END: &str = "UPDATE learner_links SET ended_run_id = $2 WHERE run_id = $1";

/// Ends a link, except for memberships.
pub async fn unlink_learners(tx: &mut Tx, link: LearnerLink, run: RunId) -> Result<()> {
    let LearnerLink { run_id: linked, learner_id: learner, merged_id: merged } = link;
    tx.execute("move persons back", PERSONS_BACK, params![linked, merged, run]).await?;
    tx.execute("take addresses back", ADDRESSES_BACK, params![linked, learner]).await?;
    tx.execute("bring a learner back", LEARNER_BACK, params![linked, run]).await?;
    tx.execute("end copied assignments", END_ASSIGNMENTS, params![linked, learner, run]).await?;
    tx.execute("part progress", PROGRESS_BACK, params![linked, learner, merged]).await?;
    tx.execute("end a link", END, params![linked, run]).await.map(|_| ())
}

const COURSES: &str = "
    SELECT DISTINCT learner_id, course_id FROM enrollments WHERE learner_id IN ($1, $2)
    UNION
    SELECT learner_id, course_id FROM assignments WHERE learner_id IN ($1, $2)
    UNION
    SELECT m.learner_id, s.course_id FROM memberships m JOIN assignments s ON s.group_id = m.group_id
    WHERE m.learner_id IN ($1, $2) AND s.ended_run_id IS NULL";

/// Every course that either of two learners may have anything to do with.
pub async fn list_course_pairs(tx: &mut Tx, one: LearnerId, other: LearnerId) -> Result<Vec<(i64, i64)>> {
    tx.fetch_all("read the courses of learners", COURSES, params![one, other]).await
}

const MEMBERSHIPS: &str = "
    SELECT group_id, rule_id FROM memberships WHERE learner_id = $1 ORDER BY group_id, rule_id";

/// The groups and rules of a learner's memberships.
pub async fn list_memberships(
    tx: &mut Tx,
    learner: LearnerId,
) -> Result<Vec<(rollcall_model::ids::GroupId, rollcall_model::ids::RuleId)>> {
    tx.fetch_all("read a learner's memberships", MEMBERSHIPS, params![learner]).await
}

const EARLIER: &str = "
    UPDATE memberships
    SET joined_on = (SELECT min(m.joined_on) FROM memberships m
                     WHERE m.learner_id IN ($1, $2) AND m.group_id = memberships.group_id)
    WHERE learner_id = $1
      AND EXISTS (SELECT 1 FROM memberships m WHERE m.learner_id = $2 AND m.group_id = memberships.group_id)";

/// In groups that both are in, the learner joined when the first of them did.
pub async fn keep_earliest_join_dates(tx: &mut Tx, learner: LearnerId, other: LearnerId) -> Result<()> {
    tx.execute("join days of joining", EARLIER, params![learner, other]).await.map(|_| ())
}

const MOVE_EXCLUSIONS: &str = "
    INSERT INTO exclusions (group_id, learner_id, run_id, reason, until)
    SELECT group_id, CAST($1 AS BIGINT), CAST($3 AS BIGINT), reason, until FROM exclusions
    WHERE learner_id = $2 AND lifted_run_id IS NULL
    ON CONFLICT (group_id, learner_id) DO NOTHING";

const DROP_EXCLUSIONS: &str = "
    UPDATE exclusions SET lifted_run_id = $3 WHERE learner_id = $1 AND run_id = $2 AND lifted_run_id IS NULL";

/// Keeps the learner out of what the other one is kept out of.
pub async fn copy_exclusions(tx: &mut Tx, learner: LearnerId, other: LearnerId, run: RunId) -> Result<()> {
    tx.execute("copy exclusions", MOVE_EXCLUSIONS, params![learner, other, run]).await.map(|_| ())
}

/// Lifts the exclusions that came with a link.
pub async fn lift_copied_exclusions(
    tx: &mut Tx,
    learner: LearnerId,
    linked: RunId,
    run: RunId,
) -> Result<()> {
    tx.execute("lift copied exclusions", DROP_EXCLUSIONS, params![learner, linked, run]).await.map(|_| ())
}

const PLACE: &str = "
    SELECT c.name FROM persons p JOIN connectors c ON c.id = p.connector_id
    WHERE p.learner_id = $1 AND p.present ORDER BY c.id";

/// The connectors that hold a learner.
pub async fn list_connectors(tx: &mut Tx, learner: LearnerId) -> Result<Vec<String>> {
    let rows: Vec<(String,)> = tx.fetch_all("read who holds a learner", PLACE, params![learner]).await?;
    Ok(rows.into_iter().map(|(name,)| name).collect())
}

list_statements!(
    BOTH_PRESENT,
    LINK,
    NOTE_PERSONS,
    MOVE_PERSONS,
    MOVE_ADDRESSES,
    LEAVE,
    COPY_ASSIGNMENTS,
    NOTE_ENROLLMENTS,
    JOIN_PROGRESS,
    IN_FORCE,
    PERSONS_BACK,
    LEARNER_BACK,
    ADDRESSES_BACK,
    END_ASSIGNMENTS,
    PROGRESS_BACK,
    END,
    COURSES,
    MEMBERSHIPS,
    EARLIER,
    MOVE_EXCLUSIONS,
    DROP_EXCLUSIONS,
    PLACE
);

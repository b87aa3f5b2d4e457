//! What matters of a database, without the numbers and instants that differ between two that came to the same.

use crate::support::database::TestDatabase;

/// Everybody and everything by name, a line each.
const STATE: &str = "
    SELECT 'person ' || c.name || ' ' || p.external_id || ' is ' || l.name
        || CASE WHEN p.present THEN ' present ' ELSE ' absent ' END || CAST(p.digest AS TEXT) || CAST(p.attributes AS TEXT) AS line
    FROM persons p JOIN connectors c ON c.id = p.connector_id JOIN learners l ON l.id = p.learner_id
    UNION ALL
    SELECT 'changed ' || c.name || ' ' || p.external_id || CASE WHEN p.present THEN ' present' ELSE ' absent' END
        || CAST(p.attributes AS TEXT)
    FROM person_changes p JOIN connectors c ON c.id = p.connector_id
    UNION ALL
    SELECT 'learner ' || l.name || ' ' || COALESCE(l.email, '-') || ' ' || COALESCE(l.email_folded, '-') || ' '
        || COALESCE(l.email_contested, '-') || ' ' || l.department || ' ' || COALESCE(CAST(l.start_date AS TEXT), '-')
        || ' ' || COALESCE(CAST(l.end_date AS TEXT), '-') || ' ' || l.status || ' ' || CAST(l.active_since AS TEXT)
        || CASE WHEN l.by_hand THEN ' by hand' ELSE ' ' END || CAST(l.attributes AS TEXT)
    FROM learners l
    UNION ALL
    SELECT 'former address ' || f.email_folded || ' of ' || l.name
    FROM former_addresses f JOIN learners l ON l.id = f.learner_id
    UNION ALL
    SELECT 'group ' || g.name || CASE WHEN g.by_hand THEN ' by hand' ELSE '' END
        || CASE WHEN g.deleted_run_id IS NULL THEN '' ELSE ' deleted' END || CASE WHEN g.deleted_at IS NULL THEN '' ELSE ' once' END
    FROM groups g
    UNION ALL
    SELECT 'rule ' || r.name || ' feeds ' || g.name || ' for ' || x.key || ' as ' || x.name
    FROM rule_groups x JOIN rules r ON r.id = x.rule_id JOIN groups g ON g.id = x.group_id
    UNION ALL
    SELECT 'member ' || l.name || ' in ' || g.name || ' by ' || r.name || ' since ' || CAST(m.joined_on AS TEXT)
    FROM memberships m JOIN learners l ON l.id = m.learner_id JOIN groups g ON g.id = m.group_id
    JOIN rules r ON r.id = m.rule_id
    UNION ALL
    SELECT 'was member ' || l.name || ' in ' || g.name || ' by ' || r.name || ' since ' || CAST(m.joined_on AS TEXT)
    FROM ended_memberships m JOIN learners l ON l.id = m.learner_id JOIN groups g ON g.id = m.group_id
    JOIN rules r ON r.id = m.rule_id
    UNION ALL
    SELECT 'rests ' || l.name || ' in ' || g.name
    FROM dormant_memberships m JOIN learners l ON l.id = m.learner_id JOIN groups g ON g.id = m.group_id
    WHERE m.ended_run_id IS NULL
    UNION ALL
    SELECT 'excluded ' || l.name || ' from ' || g.name || ' ' || x.reason || ' ' || COALESCE(CAST(x.until AS TEXT), '-')
    FROM exclusions x JOIN learners l ON l.id = x.learner_id JOIN groups g ON g.id = x.group_id
    UNION ALL
    SELECT 'course ' || code || ' ' || title || ' ' || source FROM courses
    UNION ALL
    SELECT 'assignment ' || c.code || ' to ' || COALESCE(g.name, l.name) || ' ' || a.due_kind || ' '
        || COALESCE(CAST(a.due_on AS TEXT), '-') || ' ' || COALESCE(CAST(a.due_days AS TEXT), '-') || ' '
        || CAST(a.late_days AS TEXT) || ' ' || CAST(a.assigned_on AS TEXT) || ' ' || a.source || ' ' || a.pattern
        || CASE WHEN a.ended_run_id IS NULL THEN '' ELSE ' ended' END
    FROM assignments a JOIN courses c ON c.id = a.course_id LEFT JOIN groups g ON g.id = a.group_id
    LEFT JOIN learners l ON l.id = a.learner_id
    UNION ALL
    SELECT 'enrollment ' || l.name || ' in ' || c.code || ' ' || e.state || ' due ' || COALESCE(CAST(e.due AS TEXT), '-')
        || CASE WHEN e.completed_at IS NULL THEN ' ' ELSE ' completed ' END || CAST(e.progress AS TEXT)
    FROM enrollments e JOIN learners l ON l.id = e.learner_id JOIN courses c ON c.id = e.course_id
    UNION ALL
    SELECT 'kept due ' || l.name || ' in ' || c.code || ' ' || CAST(k.lost_on AS TEXT) || ' ' || CAST(k.due AS TEXT)
    FROM kept_dues k JOIN learners l ON l.id = k.learner_id JOIN courses c ON c.id = k.course_id
    WHERE k.ended_run_id IS NULL
    UNION ALL
    SELECT 'job ' || l.name || ' in ' || c.code || ' ' || j.state || ' ' || CAST(j.attempts AS TEXT)
    FROM jobs j JOIN learners l ON l.id = j.learner_id JOIN courses c ON c.id = j.course_id";

/// What matters of a database, sorted.
pub(super) async fn load_state(db: &TestDatabase) -> Vec<String> {
    let rows = db.sql(STATE).await.into_iter();
    let mut lines: Vec<String> = rows.filter_map(|row| row["line"].clone()).collect();
    lines.sort();
    lines
}

/// Compares what matters of two databases; shows only what differs.
pub(super) fn assert_same_state(found: &[String], expected: &[String], what: &str) {
    let only = |one: &[String], other: &[String]| -> Vec<String> {
        one.iter().filter(|line| !other.contains(line)).cloned().collect()
    };
    let (extra, missing) = (only(found, expected), only(expected, found));
    assert!(found == expected, "{what}: {extra:#?} should be {missing:#?}");
}

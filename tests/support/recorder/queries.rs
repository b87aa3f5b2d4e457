//! The queries of a recording. The names of tables and columns stand in this file alone.

/// Every run, in the order of their numbers.
pub(super) const RUNS: &str = "
    SELECT r.id AS run, r.kind, c.name AS connector, r.status, r.subject_run_id AS subject, r.error_kind AS error,
        r.people_read, r.people_new, r.people_changed, r.people_left, r.people_set_aside, r.people_left_out,
        r.groups_created, r.memberships_added, r.memberships_removed, r.jobs_enqueued, r.people_held,
        r.groups_held, r.memberships_held, r.enrollments_held, r.charged_learners, r.charged_memberships,
        r.charged_enrollments, r.guard, r.problems AS warnings
    FROM runs r LEFT JOIN connectors c ON c.id = r.connector_id ORDER BY r.id";

/// What has a name. Every other query answers with numbers of these.
pub(super) const LEARNERS: &str =
    "SELECT id, name, email, email_contested AS contested, status, active_since AS since,
    by_hand, attributes FROM learners ORDER BY id";
pub(super) const GROUPS: &str = "SELECT id, name, by_hand, deleted_run_id AS deleted FROM groups ORDER BY id";
pub(super) const RULES: &str = "SELECT id, name FROM rules ORDER BY id";
pub(super) const COURSES: &str = "SELECT id, code AS name, source FROM courses ORDER BY id";
pub(super) const CONNECTORS: &str =
    "SELECT id, name, good_run_id AS good, retired_at AS retired FROM connectors ORDER BY id";
pub(super) const ASSIGNMENTS: &str = "
    SELECT id, course_id AS course, group_id AS grp, learner_id AS learner, due_kind, due_on, due_days, late_days,
        assigned_on, source, pattern, ended_run_id AS ended
    FROM assignments ORDER BY id";

pub(super) const PERSONS: &str =
    "SELECT connector_id AS connector, external_id AS person, learner_id AS learner, present,
    attributes FROM persons";
pub(super) const ADDRESSES: &str =
    "SELECT learner_id AS learner, email_folded AS address FROM former_addresses";
pub(super) const LINKS: &str =
    "SELECT learner_id AS learner, merged_id AS merged FROM learner_links WHERE ended_run_id IS NULL";
pub(super) const FEEDS: &str = "SELECT rule_id AS rule, key, group_id AS grp, name FROM rule_groups";
pub(super) const MEMBERSHIPS: &str =
    "SELECT group_id AS grp, rule_id AS rule, learner_id AS learner, joined_on AS joined FROM memberships";
pub(super) const DORMANT: &str = "SELECT group_id AS grp, learner_id AS learner FROM dormant_memberships
    WHERE ended_run_id IS NULL";
pub(super) const EXCLUSIONS: &str = "SELECT group_id AS grp, learner_id AS learner, until FROM exclusions
    WHERE lifted_run_id IS NULL";
pub(super) const ENROLLMENTS: &str =
    "SELECT learner_id AS learner, course_id AS course, state, due, completed_at AS completed,
    progress FROM enrollments";
pub(super) const KEPT_DUES: &str =
    "SELECT learner_id AS learner, course_id AS course, lost_on AS lost, min(due) AS due FROM kept_dues
    WHERE ended_run_id IS NULL GROUP BY learner_id, course_id, lost_on";
pub(super) const JOBS: &str = "SELECT kind, learner_id AS learner, course_id AS course, state FROM jobs";
pub(super) const HELD: &str = "
    SELECT connector_id AS connector, kind, learner_id AS learner, external_id AS person, group_id AS grp, group_name,
        rule_id AS rule, assignment_id AS assignment, state, reason, first_run_id AS first
    FROM held_changes";
pub(super) const PINNED: &str =
    "SELECT connector_id AS connector, external_id AS person, present, attributes FROM held_records";

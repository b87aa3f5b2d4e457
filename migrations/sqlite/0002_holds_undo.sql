-- Holds, rejections and undo; who is linked to whom.

-- The last complete reading whose run was applied, unchanged or approved, as the guard measures later ones against it:
-- {"people": n, "mapping": digest, "rules": {name: digest}}.
ALTER TABLE connectors ADD COLUMN baseline TEXT;
-- The same of the last complete reading that was held: it becomes the baseline when all that it held is approved.
ALTER TABLE connectors ADD COLUMN held_baseline TEXT;
ALTER TABLE connectors ADD COLUMN held_run_id BIGINT;
-- What there was before the first of the runs of which something waits: while it waits, limits are measured against no
-- more than {"run": n, "people": n, "had": {"learners": n, "memberships": n, "enrollments": n}, "groups": {number: members}}.
ALTER TABLE connectors ADD COLUMN before_hold TEXT;

-- What a run took away that counts against max_removals for 24 hours. What somebody approved, took back, or let through
-- with --allow-removals, counts for nothing.
ALTER TABLE runs ADD COLUMN charged_learners BIGINT NOT NULL DEFAULT 0;
ALTER TABLE runs ADD COLUMN charged_memberships BIGINT NOT NULL DEFAULT 0;
ALTER TABLE runs ADD COLUMN charged_enrollments BIGINT NOT NULL DEFAULT 0;
-- What changed (the source, the file, an attribute), and the limits that were reached: {"causes": [...], "reasons": [...]}.
ALTER TABLE runs ADD COLUMN guard TEXT NOT NULL DEFAULT '{"causes":[],"reasons":[]}';
-- The run that an approval, a rejection or an undo is about.
ALTER TABLE runs ADD COLUMN subject_run_id BIGINT;
CREATE INDEX runs_by_subject ON runs (subject_run_id) WHERE subject_run_id IS NOT NULL;

-- Changes that the last complete reading of a connector wants and that were not made.
CREATE TABLE held_changes (
    id            INTEGER PRIMARY KEY,
    connector_id  BIGINT NOT NULL REFERENCES connectors (id),
    -- Tells one change from another: its kind and the numbers that it is about.
    change_key    TEXT NOT NULL,
    kind          TEXT NOT NULL CHECK (kind IN ('leave', 'record', 'rekey', 'group', 'meet', 'give', 'end', 'assign', 'unassign')),
    learner_id    BIGINT,
    external_id   TEXT,
    group_id      BIGINT,
    -- The name of a group that is not made yet.
    group_name    TEXT,
    rule_id       BIGINT,
    assignment_id BIGINT,
    -- held: waits for approval. rejected: discarded. undone: taken back by `undo`. dropped: no longer wanted.
    state         TEXT NOT NULL CHECK (state IN ('held', 'rejected', 'undone', 'dropped')),
    -- The limit that held it.
    reason        TEXT NOT NULL,
    -- Of the person's attributes and the rule: a rejected or undone change stays so while this is the same.
    fingerprint   BIGINT NOT NULL,
    -- The first and the last run that showed it.
    first_run_id  BIGINT NOT NULL,
    last_run_id   BIGINT NOT NULL,
    UNIQUE (connector_id, change_key)
);
CREATE INDEX held_changes_by_connector ON held_changes (connector_id, state);
CREATE INDEX held_changes_by_learner ON held_changes (learner_id) WHERE learner_id IS NOT NULL;

-- What the last complete reading says of people whose record stays as it was read before: approvals read it here.
CREATE TABLE held_records (
    connector_id BIGINT NOT NULL REFERENCES connectors (id),
    external_id  TEXT NOT NULL,
    -- FALSE: the reading no longer held the person.
    present      BOOLEAN NOT NULL,
    attributes   TEXT NOT NULL,
    run_id       BIGINT NOT NULL,
    PRIMARY KEY (connector_id, external_id)
) WITHOUT ROWID;

-- The run that lifted the exclusion; NULL while it is in force.
ALTER TABLE exclusions ADD COLUMN lifted_run_id BIGINT;

-- The change by hand that noted the completion; NULL where the platform did.
ALTER TABLE enrollments ADD COLUMN completed_run_id BIGINT;
CREATE INDEX enrollments_completed ON enrollments (completed_run_id) WHERE completed_run_id IS NOT NULL;

-- What an assignment's due date was before a run changed it.
CREATE TABLE assignment_changes (
    run_id        BIGINT NOT NULL,
    assignment_id BIGINT NOT NULL,
    due_kind      TEXT NOT NULL,
    due_on        DATE,
    due_days      INTEGER,
    late_days     INTEGER NOT NULL,
    PRIMARY KEY (run_id, assignment_id)
) WITHOUT ROWID;

-- What a run did, by its number: for `runs show` and `undo`.
CREATE INDEX memberships_by_run ON memberships (run_id);
CREATE INDEX ended_memberships_by_giver ON ended_memberships (run_id);
CREATE INDEX assignments_by_run ON assignments (run_id);
CREATE INDEX assignments_by_end ON assignments (ended_run_id) WHERE ended_run_id IS NOT NULL;
CREATE INDEX person_changes_by_run ON person_changes (run_id);

-- Learners whom somebody made one by hand.
CREATE TABLE learner_links (
    run_id       BIGINT PRIMARY KEY,
    -- The learner who is both now.
    learner_id   BIGINT NOT NULL REFERENCES learners (id),
    -- The learner who was the other one, with the address and whether added by hand.
    merged_id    BIGINT NOT NULL REFERENCES learners (id),
    email        TEXT,
    email_folded TEXT,
    by_hand      BOOLEAN NOT NULL,
    ended_run_id BIGINT
);
CREATE UNIQUE INDEX learner_links_in_force ON learner_links (merged_id) WHERE ended_run_id IS NULL;

-- The persons that moved with a link.
CREATE TABLE linked_persons (
    run_id       BIGINT NOT NULL,
    connector_id BIGINT NOT NULL,
    external_id  TEXT NOT NULL,
    PRIMARY KEY (run_id, connector_id, external_id)
) WITHOUT ROWID;

-- Progress of the learner before a link brought in the other one's; NULL progress where there was no enrollment.
CREATE TABLE linked_enrollments (
    run_id       BIGINT NOT NULL,
    course_id    BIGINT NOT NULL,
    progress     INTEGER,
    completed_at DATETIME,
    PRIMARY KEY (run_id, course_id)
) WITHOUT ROWID;

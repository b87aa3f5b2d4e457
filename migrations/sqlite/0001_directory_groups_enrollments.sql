-- The whole of rollcall: people, learners, groups, rules, courses, enrollments, jobs and runs.
--
-- Days (DATE) are days in the file's `timezone`; instants (DATETIME, RFC 3339 text) are written by the program in UTC. "Folded"
-- text is trimmed, in normal form C and case-folded by the program: compare folded with folded.

-- One row. Whoever changes who belongs where locks it first, so that such changes come one after the other.
CREATE TABLE head (
    id      BIGINT PRIMARY KEY CHECK (id = 1),
    -- Moves with every such change: a plan made against another version is made again.
    version BIGINT NOT NULL,
    -- The number of the last run.
    runs    BIGINT NOT NULL
);
INSERT INTO head (id, version, runs) VALUES (1, 0, 0);

-- Every connector that a file has ever named.
CREATE TABLE connectors (
    id              INTEGER PRIMARY KEY,
    name            TEXT NOT NULL UNIQUE,
    kind            TEXT NOT NULL,
    -- The schedule that scheduled_until belongs to: an edited one owes nothing.
    schedule        TEXT,
    -- Every scheduled instant up to here is served.
    scheduled_until DATETIME NOT NULL,
    -- The last run that was applied or found nothing to do: what later readings are measured against.
    good_run_id     BIGINT,
    retired_at      DATETIME
);

-- Passages through a directory and changes by hand, numbered in one sequence without gaps.
CREATE TABLE runs (
    id                  BIGINT PRIMARY KEY,
    kind                TEXT NOT NULL CHECK (kind IN ('sync', 'hand', 'clock', 'approval', 'undo')),
    connector_id        BIGINT REFERENCES connectors (id),
    -- Who: a person of the operating system, a schedule, an account.
    actor               TEXT NOT NULL,
    -- The command, or why the run began.
    what                TEXT NOT NULL,
    status              TEXT NOT NULL CHECK (status IN ('running', 'applied', 'unchanged', 'held', 'failed')),
    started_at          DATETIME NOT NULL,
    finished_at         DATETIME,
    file_digest         TEXT,
    people_read         BIGINT NOT NULL DEFAULT 0,
    people_new          BIGINT NOT NULL DEFAULT 0,
    people_changed      BIGINT NOT NULL DEFAULT 0,
    people_left         BIGINT NOT NULL DEFAULT 0,
    people_set_aside    BIGINT NOT NULL DEFAULT 0,
    people_held         BIGINT NOT NULL DEFAULT 0,
    groups_created      BIGINT NOT NULL DEFAULT 0,
    groups_held         BIGINT NOT NULL DEFAULT 0,
    memberships_added   BIGINT NOT NULL DEFAULT 0,
    memberships_removed BIGINT NOT NULL DEFAULT 0,
    memberships_held    BIGINT NOT NULL DEFAULT 0,
    enrollments_held    BIGINT NOT NULL DEFAULT 0,
    jobs_enqueued       BIGINT NOT NULL DEFAULT 0,
    problems            TEXT NOT NULL DEFAULT '[]',
    error_kind          TEXT,
    error               TEXT
);
CREATE INDEX runs_by_connector ON runs (connector_id, id);

-- Who runs a connector now. A lease that is not renewed ends by the clock of the database.
CREATE TABLE leases (
    name       TEXT PRIMARY KEY,
    holder     TEXT NOT NULL,
    -- Grows with each holder: a commit under an older number is refused.
    fence      BIGINT NOT NULL,
    expires_at DATETIME NOT NULL
);

-- The services that share this database, and the file that each of them has read.
CREATE TABLE nodes (
    id          TEXT PRIMARY KEY,
    host        TEXT NOT NULL,
    version     TEXT NOT NULL,
    file_digest TEXT NOT NULL,
    started_at  DATETIME NOT NULL,
    seen_at     DATETIME NOT NULL
);

-- One row a human. The columns are the merged attributes of the persons who are this learner.
CREATE TABLE learners (
    id              INTEGER PRIMARY KEY,
    -- Unique among learners who have not left; NULL without an address, or when somebody else holds it.
    email           TEXT,
    email_folded    TEXT,
    -- The folded address that the directory gives, while somebody else holds it.
    email_contested TEXT,
    name            TEXT NOT NULL,
    given_name      TEXT NOT NULL DEFAULT '',
    family_name     TEXT NOT NULL DEFAULT '',
    department      TEXT NOT NULL DEFAULT '',
    location        TEXT NOT NULL DEFAULT '',
    role            TEXT NOT NULL DEFAULT '',
    manager         TEXT NOT NULL DEFAULT '',
    employee_type   TEXT NOT NULL DEFAULT '',
    start_date      DATE,
    end_date        DATE,
    status          TEXT NOT NULL CHECK (status IN ('upcoming', 'active', 'leave', 'left')),
    -- The day of the last coming; due dates of courses assigned to the learner alone count from no earlier day.
    active_since    DATE NOT NULL,
    -- Added by hand: no person of a directory keeps this learner.
    by_hand         BOOLEAN NOT NULL DEFAULT FALSE,
    -- Every attribute with a value: a string, or a list of strings where the directory gives several.
    attributes      TEXT NOT NULL DEFAULT '{}',
    -- The run that last changed this row.
    run_id          BIGINT NOT NULL
);
CREATE UNIQUE INDEX learners_by_address ON learners (email_folded) WHERE status <> 'left' AND email_folded IS NOT NULL;
CREATE INDEX learners_by_any_address ON learners (email_folded);
CREATE INDEX learners_by_hand ON learners (id) WHERE by_hand;
CREATE INDEX learners_contested ON learners (email_contested) WHERE email_contested IS NOT NULL;

-- Addresses that a learner once had: they still find the learner.
CREATE TABLE former_addresses (
    email_folded TEXT NOT NULL,
    learner_id   BIGINT NOT NULL REFERENCES learners (id),
    run_id       BIGINT NOT NULL,
    PRIMARY KEY (email_folded, learner_id)
) WITHOUT ROWID;

-- Records as connectors last read them, by the source's own immutable id.
CREATE TABLE persons (
    connector_id BIGINT NOT NULL REFERENCES connectors (id),
    external_id  TEXT NOT NULL,
    learner_id   BIGINT NOT NULL REFERENCES learners (id),
    -- Whether the last good reading holds this person.
    present      BOOLEAN NOT NULL,
    -- XXH3 of the attributes: tells a changed record from an unchanged one.
    digest       BIGINT NOT NULL,
    attributes   TEXT NOT NULL,
    -- The run that last changed this row.
    run_id       BIGINT NOT NULL,
    PRIMARY KEY (connector_id, external_id)
) WITHOUT ROWID;
CREATE INDEX persons_by_learner ON persons (learner_id);

-- What a person's row said before a run changed it.
CREATE TABLE person_changes (
    run_id       BIGINT NOT NULL,
    connector_id BIGINT NOT NULL,
    external_id  TEXT NOT NULL,
    present      BOOLEAN NOT NULL,
    attributes   TEXT NOT NULL,
    PRIMARY KEY (connector_id, external_id, run_id)
) WITHOUT ROWID;

-- User Groups. A deleted one can be restored for 30 days.
CREATE TABLE groups (
    id             INTEGER PRIMARY KEY,
    name           TEXT NOT NULL,
    name_folded    TEXT NOT NULL,
    -- Made by a person; false where a rule made it.
    by_hand        BOOLEAN NOT NULL,
    -- The run that made it.
    run_id         BIGINT NOT NULL,
    deleted_run_id BIGINT,
    deleted_at     DATETIME
);
CREATE UNIQUE INDEX groups_by_name ON groups (name_folded) WHERE deleted_run_id IS NULL;

-- Reasons for memberships: every rule that a file has ever named, and row 0 for memberships by hand.
CREATE TABLE rules (
    id   INTEGER PRIMARY KEY,
    name TEXT NOT NULL UNIQUE
);
INSERT INTO rules (id, name) VALUES (0, '(by hand)');

-- Which group a rule feeds for which value; holds on when the group is renamed or deleted by hand.
CREATE TABLE rule_groups (
    rule_id  BIGINT NOT NULL REFERENCES rules (id),
    -- The folded values that the template read; empty for a plain name.
    key      TEXT NOT NULL,
    group_id BIGINT NOT NULL REFERENCES groups (id),
    -- The name that the template gave when rule and group met.
    name     TEXT NOT NULL,
    PRIMARY KEY (rule_id, key)
) WITHOUT ROWID;
CREATE INDEX rule_groups_by_group ON rule_groups (group_id);

-- Who is in which group, a row for each reason: DISTINCT (group_id, learner_id) are the members.
CREATE TABLE memberships (
    group_id   BIGINT NOT NULL REFERENCES groups (id),
    -- The rule that gives the membership; 0 is by hand.
    rule_id    BIGINT NOT NULL REFERENCES rules (id),
    learner_id BIGINT NOT NULL REFERENCES learners (id),
    -- The day the learner joined the group; the same for all reasons.
    joined_on  DATE NOT NULL,
    -- The run that gave this reason.
    run_id     BIGINT NOT NULL,
    PRIMARY KEY (group_id, rule_id, learner_id)
) WITHOUT ROWID;
CREATE INDEX memberships_by_learner ON memberships (learner_id, group_id);

-- Memberships that were, and the run that ended each.
CREATE TABLE ended_memberships (
    ended_run_id BIGINT NOT NULL,
    group_id     BIGINT NOT NULL,
    rule_id      BIGINT NOT NULL,
    learner_id   BIGINT NOT NULL,
    joined_on    DATE NOT NULL,
    run_id       BIGINT NOT NULL,
    PRIMARY KEY (ended_run_id, group_id, rule_id, learner_id)
) WITHOUT ROWID;
CREATE INDEX ended_memberships_by_learner ON ended_memberships (learner_id, group_id);

-- Memberships by hand of learners who have left or have not started: they take effect when the learner comes.
CREATE TABLE dormant_memberships (
    learner_id BIGINT NOT NULL REFERENCES learners (id),
    group_id   BIGINT NOT NULL REFERENCES groups (id),
    run_id     BIGINT NOT NULL,
    PRIMARY KEY (learner_id, group_id)
) WITHOUT ROWID;

-- Who is kept out of a group by hand, whatever the rules say.
CREATE TABLE exclusions (
    group_id   BIGINT NOT NULL REFERENCES groups (id),
    learner_id BIGINT NOT NULL REFERENCES learners (id),
    run_id     BIGINT NOT NULL,
    reason     TEXT NOT NULL DEFAULT '',
    -- The last day; NULL for as long as nobody lifts it.
    until      DATE,
    PRIMARY KEY (group_id, learner_id)
) WITHOUT ROWID;
CREATE INDEX exclusions_by_learner ON exclusions (learner_id);

-- The catalogue.
CREATE TABLE courses (
    id          INTEGER PRIMARY KEY,
    code        TEXT NOT NULL,
    code_folded TEXT NOT NULL UNIQUE,
    title       TEXT NOT NULL,
    source      TEXT NOT NULL CHECK (source IN ('hand', 'file'))
);

-- A course assigned to a group, or to one learner. In force while ended_run_id is NULL.
CREATE TABLE assignments (
    id           INTEGER PRIMARY KEY,
    course_id    BIGINT NOT NULL REFERENCES courses (id),
    group_id     BIGINT REFERENCES groups (id),
    learner_id   BIGINT REFERENCES learners (id),
    due_kind     TEXT NOT NULL CHECK (due_kind IN ('none', 'fixed', 'after_joining', 'after_start')),
    -- For fixed: the day, where it leaves at least late_days.
    due_on       DATE,
    -- Days after joining the group, or after start_date.
    due_days     INTEGER CHECK (due_days >= 0),
    late_days    INTEGER NOT NULL CHECK (late_days >= 0),
    assigned_on  DATE NOT NULL,
    source       TEXT NOT NULL CHECK (source IN ('hand', 'file')),
    -- What the file says of the groups: a name, or a glob over names. Empty for assignments by hand.
    pattern      TEXT NOT NULL DEFAULT '',
    run_id       BIGINT NOT NULL,
    ended_run_id BIGINT,
    CHECK ((group_id IS NULL) <> (learner_id IS NULL)),
    CHECK ((due_kind = 'fixed') = (due_on IS NOT NULL)),
    CHECK ((due_kind IN ('after_joining', 'after_start')) = (due_days IS NOT NULL))
);
CREATE UNIQUE INDEX assignments_to_groups ON assignments (group_id, course_id, source, pattern)
    WHERE ended_run_id IS NULL AND group_id IS NOT NULL;
CREATE UNIQUE INDEX assignments_to_learners ON assignments (learner_id, course_id)
    WHERE ended_run_id IS NULL AND learner_id IS NOT NULL;
CREATE INDEX assignments_by_course ON assignments (course_id);

-- A learner's access to a course, and the progress in it. Rows are never deleted.
CREATE TABLE enrollments (
    learner_id   BIGINT NOT NULL REFERENCES learners (id),
    course_id    BIGINT NOT NULL REFERENCES courses (id),
    -- active while an assignment holds it up: the learner may open the course.
    state        TEXT NOT NULL CHECK (state IN ('active', 'revoked')),
    due          DATE,
    -- When access was first given.
    enrolled_at  DATETIME NOT NULL,
    revoked_at   DATETIME,
    completed_at DATETIME,
    -- Percent, written by the platform alone.
    progress     INTEGER NOT NULL DEFAULT 0 CHECK (progress BETWEEN 0 AND 100),
    PRIMARY KEY (learner_id, course_id),
    CHECK ((state = 'revoked') = (revoked_at IS NOT NULL))
) WITHOUT ROWID;
CREATE INDEX enrollments_by_course ON enrollments (course_id, learner_id);

-- Due dates that ended with a membership: they stand for whoever moves, or comes back within 30 days.
CREATE TABLE kept_dues (
    learner_id BIGINT NOT NULL,
    course_id  BIGINT NOT NULL,
    lost_on    DATE NOT NULL,
    due        DATE NOT NULL,
    PRIMARY KEY (learner_id, course_id, lost_on)
) WITHOUT ROWID;

-- No foreign keys here: a job is an order that lives for seconds, and one without its learner does nothing.
-- Orders for workers: settle one learner's enrollment in one course. Settling looks at what is true then.
CREATE TABLE jobs (
    id         INTEGER PRIMARY KEY,
    -- What was expected when the job was enqueued.
    kind       TEXT NOT NULL CHECK (kind IN ('enroll', 'unenroll')),
    learner_id BIGINT NOT NULL,
    course_id  BIGINT NOT NULL,
    -- ready: a worker will take it from run_at on. failed: waits for `rollcall jobs retry`.
    state      TEXT NOT NULL DEFAULT 'ready' CHECK (state IN ('ready', 'failed')),
    attempts   INTEGER NOT NULL DEFAULT 0,
    run_at     DATETIME NOT NULL,
    error      TEXT,
    run_id     BIGINT NOT NULL,
    UNIQUE (learner_id, course_id)
);

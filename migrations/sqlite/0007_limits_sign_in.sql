-- Who asked the holder of a lease to stop; such a lease is not renewed, so its run cannot commit.
ALTER TABLE leases ADD COLUMN cancelled_by TEXT;

-- The oldest counters of attempts to sign in make way.
CREATE INDEX sign_in_failures_by_time ON sign_in_failures (last_at);

-- Browsers that have signed in to an account: their attempts are counted apart. Only a SHA-256 of the cookie is kept.
CREATE TABLE sign_in_devices (
    digest     TEXT PRIMARY KEY,
    account_id BIGINT NOT NULL REFERENCES accounts (id),
    seen_at    DATETIME NOT NULL
) WITHOUT ROWID;
CREATE INDEX sign_in_devices_by_account ON sign_in_devices (account_id, seen_at);

-- Sign-ins, sign-outs and refusals. Refusals that are alike within an hour are one row.
CREATE TABLE sign_in_events (
    id         INTEGER PRIMARY KEY,
    event      TEXT NOT NULL,
    -- NULL where no account has the address.
    account_id BIGINT REFERENCES accounts (id),
    -- Beginning of the SHA-256 of the address, or `token NUMBER`. An address without an account is not kept.
    who        TEXT NOT NULL,
    client     TEXT NOT NULL,
    method     TEXT NOT NULL,
    -- What refusals of one row have in common; NULL for other events.
    refusal    TEXT UNIQUE,
    times      BIGINT NOT NULL,
    first_at   DATETIME NOT NULL,
    last_at    DATETIME NOT NULL
);
CREATE INDEX sign_in_events_refused ON sign_in_events (id) WHERE refusal IS NOT NULL;
CREATE INDEX sign_in_events_done ON sign_in_events (id) WHERE refusal IS NULL;

-- Tokens belong to the account that made them, may be bound to networks, and may have the role `metrics`.
CREATE TABLE new_api_tokens (
    id             INTEGER PRIMARY KEY,
    name           TEXT NOT NULL,
    name_folded    TEXT NOT NULL,
    digest         TEXT NOT NULL UNIQUE,
    role           TEXT NOT NULL CHECK (role IN ('license_holder', 'operator', 'manager', 'viewer', 'metrics')),
    created_at     DATETIME NOT NULL,
    expires_at     DATETIME,
    seen_at        DATETIME,
    run_id         BIGINT NOT NULL,
    revoked_run_id BIGINT,
    account_id     BIGINT REFERENCES accounts (id), -- none: made on the command line
    networks       TEXT NOT NULL DEFAULT ''         -- separated by spaces; empty: all
);
INSERT INTO new_api_tokens (id, name, name_folded, digest, role, created_at, expires_at, seen_at, run_id,
        revoked_run_id, account_id)
    SELECT t.id, t.name, t.name_folded, t.digest, t.role, t.created_at, t.expires_at, t.seen_at, t.run_id,
        t.revoked_run_id, (SELECT a.id FROM runs r JOIN accounts a ON a.email = r.actor WHERE r.id = t.run_id)
    FROM api_tokens t;
DROP TABLE api_tokens;
ALTER TABLE new_api_tokens RENAME TO api_tokens;
CREATE UNIQUE INDEX api_tokens_by_name ON api_tokens (name_folded) WHERE revoked_run_id IS NULL;

-- A session knows how and where it was started, and when its user last proved who they are.
CREATE TABLE new_sessions (
    digest      TEXT PRIMARY KEY,
    account_id  BIGINT NOT NULL REFERENCES accounts (id),
    started_at  DATETIME NOT NULL,
    seen_at     DATETIME NOT NULL,
    method      TEXT NOT NULL CHECK (method IN ('password', 'provider', 'link')),
    client      TEXT NOT NULL,              -- network address at sign-in
    browser     TEXT NOT NULL,              -- beginning of the `User-Agent` at sign-in
    -- The password was right; the session counts only after a code of the second factor.
    awaits_code BOOLEAN NOT NULL,
    -- Time of the last sign-in or confirmation of the password.
    proved_at   DATETIME NOT NULL
) WITHOUT ROWID;
INSERT INTO new_sessions (digest, account_id, started_at, seen_at, method, client, browser, awaits_code, proved_at)
    SELECT digest, account_id, started_at, seen_at, 'password', '', '', FALSE, started_at FROM sessions;
DROP TABLE sessions;
ALTER TABLE new_sessions RENAME TO sessions;
CREATE INDEX sessions_by_account ON sessions (account_id);

-- Second factors of local accounts: codes by time (RFC 6238), and codes for the day when the device is lost.
CREATE TABLE second_factors (
    account_id BIGINT PRIMARY KEY REFERENCES accounts (id),
    secret     TEXT NOT NULL,               -- shared secret in Base32
    used_step  BIGINT NOT NULL,             -- step of the last code that was accepted: each code counts once
    run_id     BIGINT NOT NULL
) WITHOUT ROWID;

-- SHA-256 of each code that was not used yet.
CREATE TABLE recovery_codes (
    digest     TEXT PRIMARY KEY,
    account_id BIGINT NOT NULL REFERENCES accounts (id)
) WITHOUT ROWID;
CREATE INDEX recovery_codes_by_account ON recovery_codes (account_id);

-- Status of learners before a run changed their access or their first day: an undo restores them.
CREATE TABLE learner_changes (
    run_id     BIGINT NOT NULL,
    learner_id BIGINT NOT NULL,
    status     TEXT NOT NULL,
    PRIMARY KEY (run_id, learner_id)
) WITHOUT ROWID;

-- A retained due date belongs to the run and the group that gave it up, and is out of force while that is undone.
CREATE TABLE new_kept_dues (
    learner_id   BIGINT NOT NULL,
    course_id    BIGINT NOT NULL,
    lost_on      DATE NOT NULL,
    run_id       BIGINT NOT NULL,           -- 0: an older version did not write it down
    group_id     BIGINT NOT NULL,           -- 0: the course was assigned to the learner
    due          DATE NOT NULL,
    -- The undo, or the change of a due date, since which it is not in force.
    ended_run_id BIGINT,
    PRIMARY KEY (learner_id, course_id, lost_on, run_id, group_id)
) WITHOUT ROWID;
INSERT INTO new_kept_dues (learner_id, course_id, lost_on, run_id, group_id, due)
    SELECT learner_id, course_id, lost_on, 0, 0, due FROM kept_dues;
DROP TABLE kept_dues;
ALTER TABLE new_kept_dues RENAME TO kept_dues;
CREATE INDEX kept_dues_by_run ON kept_dues (run_id);
CREATE INDEX kept_dues_by_end ON kept_dues (ended_run_id) WHERE ended_run_id IS NOT NULL;

-- A membership by hand that waited keeps its row when it takes effect, or is removed: `ended_run_id` is that run.
ALTER TABLE dormant_memberships ADD COLUMN ended_run_id BIGINT;
CREATE INDEX dormant_memberships_by_run ON dormant_memberships (run_id);
CREATE INDEX dormant_memberships_by_end ON dormant_memberships (ended_run_id) WHERE ended_run_id IS NOT NULL;

-- The last run that restored the row, so that it can be undone.
ALTER TABLE groups ADD COLUMN restored_run_id BIGINT;
ALTER TABLE assignments ADD COLUMN restored_run_id BIGINT;
ALTER TABLE exclusions ADD COLUMN restored_run_id BIGINT;
CREATE INDEX assignments_by_restore ON assignments (restored_run_id) WHERE restored_run_id IS NOT NULL;

-- Suspensions by hand: the learner has no access until a restoration, whatever the sources say.
CREATE TABLE suspensions (
    learner_id    BIGINT NOT NULL REFERENCES learners (id),
    -- The run that suspended the learner.
    run_id        BIGINT NOT NULL,
    -- The run that restored the learner; NULL as long as the suspension is in force.
    lifted_run_id BIGINT,
    PRIMARY KEY (learner_id, run_id)
) WITHOUT ROWID;
CREATE UNIQUE INDEX suspensions_in_force ON suspensions (learner_id) WHERE lifted_run_id IS NULL;

-- The status may be `suspended`. SQLite cannot change a constraint, so the column is made anew.
DROP INDEX learners_by_address;
ALTER TABLE learners RENAME COLUMN status TO former_status;
ALTER TABLE learners ADD COLUMN status TEXT NOT NULL DEFAULT 'active'
    CHECK (status IN ('upcoming', 'active', 'leave', 'left', 'suspended'));
UPDATE learners SET status = former_status WHERE former_status <> 'active';
ALTER TABLE learners DROP COLUMN former_status;
CREATE UNIQUE INDEX learners_by_address ON learners (email_folded) WHERE status <> 'left' AND email_folded IS NOT NULL;

-- Completions that were taken back by hand, to undo that.
CREATE TABLE reopened_completions (
    -- The run that took the completion back.
    run_id           BIGINT NOT NULL,
    learner_id       BIGINT NOT NULL,
    course_id        BIGINT NOT NULL,
    completed_at     DATETIME NOT NULL,
    completed_run_id BIGINT,
    PRIMARY KEY (run_id, learner_id, course_id)
) WITHOUT ROWID;

-- For the history of a group: what each run gave.
CREATE INDEX ended_memberships_by_group_and_giver ON ended_memberships (group_id, run_id);

-- The manager of each learner as the last complete run found it. Only written if a rule reads managers.
CREATE TABLE reporting_lines (
    learner_id INTEGER PRIMARY KEY REFERENCES learners (id) ON DELETE CASCADE,
    manager_id BIGINT,                      -- learner; the last one that was known if there is a problem; none: at the top
    written    TEXT NOT NULL,               -- attribute `manager` as the source wrote it
    problem    TEXT NOT NULL,               -- reason why the manager is not known; empty: it is known
    reports    BIGINT NOT NULL              -- number of people below, directly and indirectly
);

-- The file that a run read, and when it was written; NULL for other sources and for failed runs.
ALTER TABLE runs ADD COLUMN source_file TEXT;
ALTER TABLE runs ADD COLUMN source_modified_at DATETIME;
CREATE INDEX runs_by_source_file ON runs (connector_id, id) WHERE source_file IS NOT NULL;

-- The number of people who lost something that counts against max_removals_total for 24 hours.
ALTER TABLE runs ADD COLUMN charged_people BIGINT NOT NULL DEFAULT 0;

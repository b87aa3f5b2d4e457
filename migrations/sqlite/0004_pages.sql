-- Pages and API: who may use them, what is under way in them, and what they look up.

-- Who may sign in.
CREATE TABLE accounts (
    id                 INTEGER PRIMARY KEY,
    email              TEXT NOT NULL,
    email_folded       TEXT NOT NULL UNIQUE,
    name               TEXT NOT NULL,
    role               TEXT NOT NULL CHECK (role IN ('license_holder', 'operator', 'manager', 'viewer')),
    -- Argon2id as a PHC string; NULL where no password was set.
    password           TEXT,
    -- Issuer and subject at the sign-in provider; NULL where the account never came from there.
    subject            TEXT UNIQUE,
    run_id             BIGINT NOT NULL,
    -- The change that took the right to sign in away; NULL while it is there.
    deactivated_run_id BIGINT
);

-- Who is signed in. Only a SHA-256 of the cookie is kept.
CREATE TABLE sessions (
    digest     TEXT PRIMARY KEY,
    account_id BIGINT NOT NULL REFERENCES accounts (id),
    started_at DATETIME NOT NULL,
    seen_at    DATETIME NOT NULL
) WITHOUT ROWID;
CREATE INDEX sessions_by_account ON sessions (account_id);

-- Keys of programs that use the API. Only a SHA-256 of the key is kept.
CREATE TABLE api_tokens (
    id             INTEGER PRIMARY KEY,
    name           TEXT NOT NULL,
    name_folded    TEXT NOT NULL,
    digest         TEXT NOT NULL UNIQUE,
    role           TEXT NOT NULL CHECK (role IN ('license_holder', 'operator', 'manager', 'viewer')),
    created_at     DATETIME NOT NULL,
    expires_at     DATETIME,
    seen_at        DATETIME,
    run_id         BIGINT NOT NULL,
    revoked_run_id BIGINT
);
CREATE UNIQUE INDEX api_tokens_by_name ON api_tokens (name_folded) WHERE revoked_run_id IS NULL;

-- Links that let somebody set a password, once. Only a SHA-256 of the link is kept.
CREATE TABLE invitations (
    digest     TEXT PRIMARY KEY,
    -- NULL: for the first account of all, which the link makes.
    account_id BIGINT REFERENCES accounts (id),
    expires_at DATETIME NOT NULL
) WITHOUT ROWID;

-- Failed tries to sign in, by account and by address of the network.
CREATE TABLE sign_in_failures (
    place    TEXT PRIMARY KEY,
    failures BIGINT NOT NULL,
    last_at  DATETIME NOT NULL
) WITHOUT ROWID;

-- Forms of several pages that are not saved yet.
CREATE TABLE drafts (
    id         INTEGER PRIMARY KEY,
    account_id BIGINT NOT NULL REFERENCES accounts (id),
    kind       TEXT NOT NULL,
    -- The answers so far, as a JSON object.
    answers    TEXT NOT NULL,
    touched_at DATETIME NOT NULL
);
CREATE INDEX drafts_by_account ON drafts (account_id);

-- Learners or groups that were chosen in a draft.
CREATE TABLE draft_choices (
    draft_id BIGINT NOT NULL REFERENCES drafts (id) ON DELETE CASCADE,
    chosen   BIGINT NOT NULL,
    PRIMARY KEY (draft_id, chosen)
) WITHOUT ROWID;

-- What a change by hand found and what it left, as JSON; NULL where the run's own rows say it.
ALTER TABLE runs ADD COLUMN found TEXT;
ALTER TABLE runs ADD COLUMN made TEXT;
-- The group that a change by hand is about.
ALTER TABLE runs ADD COLUMN group_id BIGINT;
CREATE INDEX runs_by_group ON runs (group_id, id) WHERE group_id IS NOT NULL;
CREATE INDEX runs_by_start ON runs (started_at);
CREATE INDEX exclusions_by_run ON exclusions (run_id);
CREATE INDEX ended_memberships_by_group ON ended_memberships (group_id, ended_run_id);

-- How many learners are in a group, and the last run that changed its name, members or assignments.
ALTER TABLE groups ADD COLUMN members BIGINT NOT NULL DEFAULT 0;
ALTER TABLE groups ADD COLUMN changed_run_id BIGINT NOT NULL DEFAULT 0;
UPDATE groups SET changed_run_id = run_id,
    members = (SELECT count(DISTINCT m.learner_id) FROM memberships m WHERE m.group_id = groups.id);

-- How learners are sorted, and by which words they are found; NULL until the program has written them.
ALTER TABLE learners ADD COLUMN name_folded TEXT;
ALTER TABLE learners ADD COLUMN terms TEXT;
CREATE INDEX learners_by_name ON learners (name_folded, id);
CREATE VIRTUAL TABLE learner_terms USING fts5 (terms, content = 'learners', content_rowid = 'id', tokenize = 'ascii',
    detail = 'none', columnsize = 0);
CREATE TRIGGER learner_terms_added AFTER INSERT ON learners WHEN new.terms IS NOT NULL BEGIN
    INSERT INTO learner_terms (rowid, terms) VALUES (new.id, new.terms);
END;
CREATE TRIGGER learner_terms_changed AFTER UPDATE OF terms ON learners WHEN old.terms IS NOT new.terms BEGIN
    INSERT INTO learner_terms (learner_terms, rowid, terms)
    SELECT 'delete', old.id, old.terms WHERE old.terms IS NOT NULL;
    INSERT INTO learner_terms (rowid, terms) SELECT new.id, new.terms WHERE new.terms IS NOT NULL;
END;

-- The title as it is looked for; NULL until the program has written it.
ALTER TABLE courses ADD COLUMN title_folded TEXT;

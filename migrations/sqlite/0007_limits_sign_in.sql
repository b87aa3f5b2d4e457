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

-- The manager of each learner as the last complete run found it. Only written if a rule reads managers.
CREATE TABLE reporting_lines (
    learner_id INTEGER PRIMARY KEY REFERENCES learners (id) ON DELETE CASCADE,
    manager_id BIGINT,                      -- learner; the last one that was known if there is a problem; none: at the top
    written    TEXT NOT NULL,               -- attribute `manager` as the source wrote it
    problem    TEXT NOT NULL,               -- reason why the manager is not known; empty: it is known
    reports    BIGINT NOT NULL              -- number of people below, directly and indirectly
);

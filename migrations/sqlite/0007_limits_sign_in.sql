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

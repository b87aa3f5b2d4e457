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

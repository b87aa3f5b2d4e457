ALTER TABLE leases ADD COLUMN cancelled_by TEXT;
COMMENT ON COLUMN leases.cancelled_by IS 'Who asked the holder to stop. Such a lease is not renewed, so its run cannot commit.';

-- The oldest counters of attempts to sign in make way.
CREATE INDEX sign_in_failures_by_time ON sign_in_failures (last_at);

CREATE TABLE sign_in_devices (
    digest     TEXT PRIMARY KEY,
    account_id BIGINT NOT NULL REFERENCES accounts,
    seen_at    TIMESTAMPTZ NOT NULL
);
COMMENT ON TABLE sign_in_devices IS 'Browsers that have signed in to an account: their attempts are counted apart.';
COMMENT ON COLUMN sign_in_devices.digest IS 'SHA-256 of the cookie of the browser.';
CREATE INDEX sign_in_devices_by_account ON sign_in_devices (account_id, seen_at);

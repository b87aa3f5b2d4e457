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

-- Tokens belong to the account that made them, may be bound to networks, and may have the role `metrics`.
ALTER TABLE api_tokens
    ADD COLUMN account_id BIGINT REFERENCES accounts (id), -- none: made on the command line
    ADD COLUMN networks TEXT NOT NULL DEFAULT '',          -- separated by spaces; empty: all
    DROP CONSTRAINT api_tokens_role_check,
    ADD CONSTRAINT api_tokens_role_check
        CHECK (role IN ('license_holder', 'operator', 'manager', 'viewer', 'metrics'));
UPDATE api_tokens SET account_id =
    (SELECT a.id FROM runs r JOIN accounts a ON a.email = r.actor WHERE r.id = api_tokens.run_id);

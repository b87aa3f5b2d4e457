ALTER TABLE leases ADD COLUMN cancelled_by TEXT;
COMMENT ON COLUMN leases.cancelled_by IS 'Who asked the holder to stop. Such a lease is not renewed, so its run cannot commit.';

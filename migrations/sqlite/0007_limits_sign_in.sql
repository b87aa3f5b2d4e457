-- Who asked the holder of a lease to stop; such a lease is not renewed, so its run cannot commit.
ALTER TABLE leases ADD COLUMN cancelled_by TEXT;

-- For `explain`: which addresses a learner had, and when a source's person was first read.

CREATE INDEX former_addresses_by_learner ON former_addresses (learner_id);

-- The run that first read the person; NULL where that was before it was noted.
ALTER TABLE persons ADD COLUMN first_run_id BIGINT;

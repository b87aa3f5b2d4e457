-- For `explain`: which addresses a learner had, and when a source's person was first read.

CREATE INDEX former_addresses_by_learner ON former_addresses (learner_id);

-- The run that first read the person; NULL where that was before it was noted.
ALTER TABLE persons ADD COLUMN first_run_id BIGINT;

-- People whom the source held and who did not count, by `include`.
ALTER TABLE runs ADD COLUMN people_left_out BIGINT NOT NULL DEFAULT 0;

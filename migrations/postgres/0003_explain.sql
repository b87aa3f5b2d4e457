-- For `explain`: which addresses a learner had, and when a source's person was first read.

CREATE INDEX former_addresses_by_learner ON former_addresses (learner_id);

ALTER TABLE persons ADD COLUMN first_run_id BIGINT;
COMMENT ON COLUMN persons.first_run_id IS 'The run that first read the person; NULL where that was before it was noted.';

-- People whom the source held and who did not count, by `include`.
ALTER TABLE runs ADD COLUMN people_left_out BIGINT NOT NULL DEFAULT 0;
COMMENT ON COLUMN runs.people_left_out IS 'People whom the source held and who did not count, by the connector''s include.';

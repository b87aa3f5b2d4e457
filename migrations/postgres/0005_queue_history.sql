-- How long the queue was, looked at each minute.

CREATE TABLE queue_samples (
    minute         BIGINT PRIMARY KEY,
    waiting        BIGINT NOT NULL,
    failed         BIGINT NOT NULL,
    oldest_seconds BIGINT NOT NULL
);
COMMENT ON TABLE queue_samples IS 'How long the queue was. A minute''s row stands for the minutes after it until the next row; a quarter of an hour has a row wherever a service was there. What is older than two days is one row an hour, the most of each number in it.';
COMMENT ON COLUMN queue_samples.minute IS 'Minutes since 1970, by the database''s clock.';
COMMENT ON COLUMN queue_samples.waiting IS 'Jobs that are ready, in a worker''s hands, or to be tried again.';
COMMENT ON COLUMN queue_samples.failed IS 'Jobs that failed for good.';
COMMENT ON COLUMN queue_samples.oldest_seconds IS 'Seconds since the run began that caused the oldest job that waits.';

CREATE INDEX jobs_failed ON jobs (id) WHERE state = 'failed';

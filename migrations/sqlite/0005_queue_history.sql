-- How long the queue was, looked at each minute.

-- A minute's row stands for the minutes after it until the next row; a quarter of an hour has a row wherever a service
-- was there. What is older than two days is one row an hour, the most of each number in it.
CREATE TABLE queue_samples (
    -- Minutes since 1970, by the database's clock.
    minute         INTEGER PRIMARY KEY,
    -- Jobs that are ready, in a worker's hands, or to be tried again.
    waiting        BIGINT NOT NULL,
    -- Jobs that failed for good.
    failed         BIGINT NOT NULL,
    -- Seconds since the run began that caused the oldest job that waits.
    oldest_seconds BIGINT NOT NULL
);

CREATE INDEX jobs_failed ON jobs (id) WHERE state = 'failed';

-- Jobs that were posted under a key of the poster's own: the same key gives the same job.

CREATE TABLE coordinator_jobs (
    key     TEXT PRIMARY KEY NOT NULL,
    content BLOB NOT NULL,
    session BLOB NOT NULL
);

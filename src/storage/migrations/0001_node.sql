-- What one node keeps. Documents that were signed are kept as JSON, digests and keys as bytes,
-- times as milliseconds since 1970. Envelopes hold only what is sealed or masked.

CREATE TABLE rosters (
    digest BLOB PRIMARY KEY NOT NULL,
    roster TEXT NOT NULL
);

CREATE TABLE node_sessions (
    session      BLOB   PRIMARY KEY NOT NULL,
    announcement TEXT   NOT NULL,
    digest       BLOB   NOT NULL,
    bids_until   BIGINT NOT NULL,
    opened       BIGINT NOT NULL,
    phase        TEXT   NOT NULL,
    reason       TEXT,
    frozen       BIGINT,
    bundle       BLOB,
    manifest     TEXT,
    attempt      BIGINT NOT NULL DEFAULT 0,
    own_outcome  TEXT,
    outcome      TEXT
);

-- received and receipt are absent where the envelope was fetched from another node at closing.
CREATE TABLE node_envelopes (
    session    BLOB   NOT NULL REFERENCES node_sessions (session),
    digest     BLOB   NOT NULL,
    bidder     TEXT   NOT NULL,
    bidder_key BLOB   NOT NULL,
    revision   BIGINT NOT NULL,
    received   BIGINT,
    receipt    TEXT,
    envelope   BLOB   NOT NULL,
    PRIMARY KEY (session, digest)
);

-- Also the guard of a promise: a node never gives two receipts for one revision.
CREATE UNIQUE INDEX node_envelopes_receipts
    ON node_envelopes (session, bidder, revision) WHERE received IS NOT NULL;

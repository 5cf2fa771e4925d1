-- What the coordinator keeps: never an envelope, never an amount.

CREATE TABLE coordinator_sessions (
    session      BLOB   PRIMARY KEY NOT NULL,
    title        TEXT   NOT NULL,
    file         TEXT   NOT NULL,
    announcement TEXT,
    phase        TEXT   NOT NULL,
    reason       TEXT,
    created      BIGINT NOT NULL,
    opened       BIGINT,
    closed       BIGINT,
    ended        BIGINT,
    bundle       TEXT,
    manifest     TEXT,
    outcome      TEXT
);

CREATE TABLE coordinator_admissions (
    session    BLOB   NOT NULL REFERENCES coordinator_sessions (session),
    bidder     TEXT   NOT NULL,
    bidder_key BLOB   NOT NULL,
    admitted   BIGINT NOT NULL,
    PRIMARY KEY (session, bidder)
);

CREATE TABLE coordinator_acknowledgements (
    session      BLOB   NOT NULL REFERENCES coordinator_sessions (session),
    node         BIGINT NOT NULL,
    acknowledged BIGINT NOT NULL,
    PRIMARY KEY (session, node)
);

-- Nodes that have heard how a session ended.
CREATE TABLE coordinator_deliveries (
    session   BLOB   NOT NULL REFERENCES coordinator_sessions (session),
    node      BIGINT NOT NULL,
    delivered BIGINT NOT NULL,
    PRIMARY KEY (session, node)
);

CREATE TABLE coordinator_attempts (
    session      BLOB   NOT NULL REFERENCES coordinator_sessions (session),
    attempt      BIGINT NOT NULL,
    participants BIGINT NOT NULL,
    started      BIGINT NOT NULL,
    ended        BIGINT,
    result       TEXT,
    stats        TEXT,
    PRIMARY KEY (session, attempt)
);

CREATE TABLE coordinator_timeline (
    session  BLOB   NOT NULL REFERENCES coordinator_sessions (session),
    position BIGINT NOT NULL,
    entered  BIGINT NOT NULL,
    phase    TEXT   NOT NULL,
    reason   TEXT,
    PRIMARY KEY (session, position)
);

-- Variables that stay at the nodes after their job. A node keeps its share encrypted under its own key;
-- none where it did not take part, or where what was known is forgotten (then `variable` is absent too).

CREATE TABLE node_variables (
    name      TEXT PRIMARY KEY NOT NULL,
    variable  TEXT,
    session   BLOB NOT NULL,
    step      TEXT NOT NULL,
    roster    BLOB NOT NULL,
    made      BIGINT NOT NULL,
    refreshed BIGINT NOT NULL,
    share     BLOB
);

-- Shares of an attempt whose outcome this node has signed, until one with enough signatures is here.

CREATE TABLE node_staged (
    session BLOB NOT NULL REFERENCES node_sessions (session),
    name    TEXT NOT NULL,
    share   BLOB NOT NULL,
    PRIMARY KEY (session, name)
);

-- What the coordinator knows of them, from the outcomes. It has no shares.

CREATE TABLE coordinator_variables (
    name      TEXT PRIMARY KEY NOT NULL,
    variable  TEXT,
    session   BLOB NOT NULL,
    step      TEXT NOT NULL,
    roster    BLOB NOT NULL,
    made      BIGINT NOT NULL,
    refreshed BIGINT NOT NULL
);

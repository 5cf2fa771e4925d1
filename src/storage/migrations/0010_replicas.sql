-- Where the other replicas of a node find the one that computes: one row at most.

CREATE TABLE node_computing (
    place   BIGINT PRIMARY KEY NOT NULL,
    address TEXT   NOT NULL,
    since   BIGINT NOT NULL
);

-- Whose store this is, so that two nodes cannot share one by mistake: one row at most.
CREATE TABLE node_owner (
    place    BIGINT PRIMARY KEY NOT NULL,
    node_key BLOB   NOT NULL
);

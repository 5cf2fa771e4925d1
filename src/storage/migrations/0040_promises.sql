-- How many commits have changed this store, and a name for the last of them and the one before. The
-- mark beside the store says how far it must have come. One row.
CREATE TABLE commits (
    place    BIGINT PRIMARY KEY NOT NULL,
    store    BLOB   NOT NULL,
    count    BIGINT NOT NULL,
    last     BLOB   NOT NULL,
    previous BLOB   NOT NULL,
    -- When the store was last found behind its mark, and taken all the same.
    lost     BIGINT
);

-- Who has a role on a server, until when by the server's clock. Whoever has it later has a higher
-- fence.
CREATE TABLE leases (
    role   TEXT   PRIMARY KEY NOT NULL,
    holder BLOB   NOT NULL,
    name   TEXT   NOT NULL,
    fence  BIGINT NOT NULL,
    until  BIGINT NOT NULL
);

-- The whole bundle that a node is bound to, for whoever has lost it.
ALTER TABLE node_sessions ADD COLUMN papers BLOB;

-- Attempts begun as the nodes say, where the coordinator knows of fewer.
ALTER TABLE coordinator_sessions ADD COLUMN attempts_begun BIGINT NOT NULL DEFAULT 0;

-- Whether it was taken up from the nodes: then who was admitted is not known in full.
ALTER TABLE coordinator_sessions ADD COLUMN taken_up BIGINT NOT NULL DEFAULT 0;

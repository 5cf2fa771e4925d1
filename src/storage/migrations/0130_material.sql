-- Material for two parties that this node has made with others as a dealer. The node's shares and the
-- seed of the client's half are encrypted under its own key; they are absent once both halves are given
-- out or the batch is withdrawn. `promise` is what the batch is promised to; `client` and `owner` say
-- when their halves left.

CREATE TABLE node_material (
    batch   BLOB PRIMARY KEY NOT NULL,
    model   TEXT NOT NULL,
    shape   TEXT NOT NULL,
    roster  BLOB NOT NULL,
    makers  TEXT NOT NULL,
    made    BIGINT NOT NULL,
    state   TEXT NOT NULL,
    promise BLOB,
    client  BIGINT,
    owner   BIGINT,
    shares  BLOB,
    seed    BLOB
);

CREATE INDEX node_material_of_model ON node_material (model, state, made, batch);

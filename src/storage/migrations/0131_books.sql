-- The coordinator's books of material for two parties: which models there are, as their owners signed
-- them, with how many batches are to be in stock; and of every batch how far it has come. `asked` is the
-- digest of the request that it was promised to, `promise` the coordinator's signed word, `until` when
-- that ends. `holders` are the makers that still have their part. Nothing of the material is here.

CREATE TABLE coordinator_models (
    model     BLOB PRIMARY KEY NOT NULL,
    terms     TEXT NOT NULL,
    stock     BIGINT NOT NULL,
    ordered   BIGINT NOT NULL,
    announced BIGINT NOT NULL
);

CREATE TABLE coordinator_batches (
    batch    BLOB PRIMARY KEY NOT NULL,
    model    BLOB NOT NULL,
    roster   BLOB NOT NULL,
    makers   TEXT NOT NULL,
    holders  TEXT NOT NULL,
    state    TEXT NOT NULL,
    begun    BIGINT NOT NULL,
    asked    BLOB,
    client   BLOB,
    until    BIGINT,
    promise  TEXT,
    reason   TEXT
);

CREATE INDEX coordinator_batches_of_model ON coordinator_batches (model, state, begun, batch);
CREATE UNIQUE INDEX coordinator_batches_asked ON coordinator_batches (asked);

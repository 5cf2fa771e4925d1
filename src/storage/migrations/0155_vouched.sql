-- What the makers of a batch have signed of its portions (`vouched`), when a batch was given out or
-- withdrawn (`ended`), and what is remembered of dealers who lied (`coordinator_doubts`: how making a batch
-- failed, with 0 for the dealer, or what a dealer's own signatures show). Batches that were made before have no signatures, and no
-- seeds; they are not used any more.

ALTER TABLE node_material ADD COLUMN ended BIGINT;
UPDATE node_material SET state = 'withdrawn', shares = NULL, seed = NULL
    WHERE state IN ('made', 'promised');
UPDATE node_material SET ended = made;
CREATE INDEX node_material_ended ON node_material (ended);

ALTER TABLE coordinator_batches ADD COLUMN vouched TEXT;
ALTER TABLE coordinator_batches ADD COLUMN ended BIGINT;
UPDATE coordinator_batches SET state = 'withdrawn', reason = 'it was made before makers signed for portions'
    WHERE state IN ('making', 'ready', 'promised');
UPDATE coordinator_batches SET ended = begun, asked = NULL, promise = NULL;
CREATE INDEX coordinator_batches_ended ON coordinator_batches (ended);

CREATE TABLE coordinator_doubts (
    batch   BLOB NOT NULL,
    dealer  BIGINT NOT NULL,
    noted   BIGINT NOT NULL,
    trouble TEXT NOT NULL,
    PRIMARY KEY (batch, dealer)
);

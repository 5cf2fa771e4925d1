-- Who bids is the key; a name is its label. Two keys under one name are two bidders, each with the
-- receipts of its own. contents is what an inventory tells of an envelope beside key, name and
-- revision; absent where the envelope was taken before this.

ALTER TABLE node_envelopes ADD COLUMN contents BLOB;

DROP INDEX node_envelopes_receipts;

-- Also the guard of a promise: a node never gives a key two receipts for one revision.
CREATE UNIQUE INDEX node_envelopes_receipts
    ON node_envelopes (session, bidder_key, revision) WHERE received IS NOT NULL;

-- Whether a name has another key.
CREATE INDEX node_envelopes_names ON node_envelopes (session, bidder, bidder_key);

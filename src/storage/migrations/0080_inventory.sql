-- An inventory is read from the index alone. Without it every envelope's pages are read as well,
-- which for a million envelopes takes minutes.
CREATE INDEX node_envelopes_inventory
    ON node_envelopes (session, bidder_key, revision, bidder, contents, received)
    WHERE received IS NOT NULL;

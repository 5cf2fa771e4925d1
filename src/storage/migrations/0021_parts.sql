-- What stands in for this node's part of an envelope where the bidder's does not fit: its seeds as
-- other nodes passed them on, sealed to this node's own key. Gone once the session is settled.

CREATE TABLE node_parts (
    session  BLOB NOT NULL REFERENCES node_sessions (session),
    envelope BLOB NOT NULL,
    part     BLOB NOT NULL,
    PRIMARY KEY (session, envelope)
);

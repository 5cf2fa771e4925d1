-- What nodes have sealed to those of the next roster, kept by the coordinator until these are there: the
-- nodes that sealed it need not be there any more by then.

CREATE TABLE coordinator_letters (
    session BLOB NOT NULL REFERENCES coordinator_sessions (session),
    node    BIGINT NOT NULL,
    letters BLOB NOT NULL,
    PRIMARY KEY (session, node)
);

-- What a node was brought of it for a session that deals it anew, until that is settled.

ALTER TABLE node_sessions ADD COLUMN parcel TEXT;

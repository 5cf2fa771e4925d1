-- How much a session takes, counted where it comes in, and what a bidder's name looks like: of two
-- names that can be taken for one another only one is admitted.

ALTER TABLE node_sessions ADD COLUMN max_bids BIGINT NOT NULL DEFAULT 10000;
ALTER TABLE node_sessions ADD COLUMN bidders BIGINT NOT NULL DEFAULT 0;
UPDATE node_sessions SET bidders =
    (SELECT COUNT(DISTINCT e.bidder_key) FROM node_envelopes e
     WHERE e.session = node_sessions.session AND e.received IS NOT NULL);

ALTER TABLE coordinator_sessions ADD COLUMN max_bids BIGINT NOT NULL DEFAULT 10000;
ALTER TABLE coordinator_sessions ADD COLUMN bidders BIGINT NOT NULL DEFAULT 0;
UPDATE coordinator_sessions SET bidders =
    (SELECT COUNT(*) FROM coordinator_admissions a
     WHERE a.session = coordinator_sessions.session);

ALTER TABLE coordinator_admissions ADD COLUMN look TEXT;
CREATE UNIQUE INDEX coordinator_admissions_looks ON coordinator_admissions (session, look);

-- Papers that grow with a session's entries, in binary; in JSON they take several times the room.
ALTER TABLE node_sessions ADD COLUMN manifest_paper BLOB;
ALTER TABLE coordinator_sessions ADD COLUMN bundle_paper BLOB;
ALTER TABLE coordinator_sessions ADD COLUMN manifest_paper BLOB;

-- What a node discloses of a settled session to its operator, sealed and signed, where the terms say so.
-- It is made once, from parts of envelopes that need not be at hand later.

ALTER TABLE node_sessions ADD COLUMN disclosure BLOB;

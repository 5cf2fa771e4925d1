-- The session that dealt a variable's shares last, where that is another one than its job: its outcome
-- has the digests of the components, and `refreshed` is when it was opened.

ALTER TABLE node_variables ADD COLUMN dealt BLOB;
ALTER TABLE coordinator_variables ADD COLUMN dealt BLOB;

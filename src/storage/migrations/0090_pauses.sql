-- The coordinator's last order that a session takes no entries for a while, or takes them again, as
-- signed, and its time: of two orders the later one holds.

ALTER TABLE node_sessions ADD COLUMN pause TEXT;
ALTER TABLE node_sessions ADD COLUMN ordered BIGINT;

ALTER TABLE coordinator_sessions ADD COLUMN pause TEXT;
ALTER TABLE coordinator_sessions ADD COLUMN ordered BIGINT;

-- The time of the last order that each node has heard.
ALTER TABLE coordinator_acknowledgements ADD COLUMN heard BIGINT;

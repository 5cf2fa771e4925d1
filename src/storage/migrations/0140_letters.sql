-- What a node has sealed to those whom its own outcome tells something alone. It goes away where another
-- attempt's outcome settles the session: its components are others.

ALTER TABLE node_sessions ADD COLUMN letters BLOB;

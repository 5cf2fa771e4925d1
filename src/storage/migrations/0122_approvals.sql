-- When this node's operator let a job run, where the node asks for that.

ALTER TABLE node_sessions ADD COLUMN approved BIGINT;

-- The account that has announced a model; none where the coordinator's operator did it by its key.

ALTER TABLE coordinator_models ADD COLUMN account BLOB;

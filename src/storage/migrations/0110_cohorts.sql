-- The cohort, by name, that the operator assigns to an admitted bidder, where the terms have him do so.

ALTER TABLE coordinator_admissions ADD COLUMN cohort TEXT;

-- Who an invitation is for, beside a name: the group that somebody belongs to, and the key that must
-- redeem it, where the operator knows it.

ALTER TABLE coordinator_invitations ADD COLUMN cohort TEXT;
ALTER TABLE coordinator_invitations ADD COLUMN bidder_key BLOB;

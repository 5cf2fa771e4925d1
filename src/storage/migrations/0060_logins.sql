-- Logins that the coordinator has ended: of each account, the time before which access tokens count
-- no more. Gone once no token is that old.

CREATE TABLE node_logins (
    account BLOB NOT NULL PRIMARY KEY,
    ended   BIGINT NOT NULL
);

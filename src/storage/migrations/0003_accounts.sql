-- Who may use the coordinator. Passwords are kept as Argon2id hashes; codes and refresh tokens,
-- which are random, as SHA-256.

CREATE TABLE coordinator_accounts (
    account    BLOB   PRIMARY KEY NOT NULL,
    name       TEXT   NOT NULL,
    folded     TEXT   NOT NULL UNIQUE,
    role       TEXT   NOT NULL,
    password   TEXT   NOT NULL,
    bidder_key BLOB   UNIQUE,
    created    BIGINT NOT NULL,
    disabled   BIGINT,
    -- Access tokens made before this time are refused by the coordinator.
    valid_from BIGINT NOT NULL
);

CREATE TABLE coordinator_invitations (
    code     BLOB   PRIMARY KEY NOT NULL,
    label    TEXT,
    created  BIGINT NOT NULL,
    expires  BIGINT NOT NULL,
    redeemed BIGINT,
    account  BLOB   REFERENCES coordinator_accounts (account)
);

-- One row for every refresh token given out; a family is one login.
CREATE TABLE coordinator_refresh_tokens (
    token   BLOB   PRIMARY KEY NOT NULL,
    family  BLOB   NOT NULL,
    account BLOB   NOT NULL REFERENCES coordinator_accounts (account),
    expires BIGINT NOT NULL,
    used    BIGINT
);

CREATE INDEX coordinator_refresh_families ON coordinator_refresh_tokens (family);
CREATE INDEX coordinator_refresh_accounts ON coordinator_refresh_tokens (account);

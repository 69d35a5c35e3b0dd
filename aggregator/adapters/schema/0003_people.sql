-- Accounts, sessions, API tokens, and the audit log as a chain. Times are seconds since the Unix epoch where they are REAL.

-- Who may log in. Accounts are disabled and never deleted: the audit log names them, and an empty table would open the API.
CREATE TABLE users (
    name        TEXT PRIMARY KEY CHECK (length(name) BETWEEN 1 AND 64),
    role        TEXT NOT NULL CHECK (role IN ('viewer', 'operator', 'supervisor', 'engineer', 'administrator', 'auditor')),
    districts   TEXT NOT NULL,                                                  -- JSON list of names; []: the whole city
    password    TEXT,                                                           -- Argon2id (PHC string); NULL: OpenID Connect only
    subject     TEXT UNIQUE,                                                    -- OpenID Connect: issuer, space, subject
    disabled    INTEGER NOT NULL CHECK (disabled IN (0, 1)),
    created     REAL NOT NULL
) WITHOUT ROWID;
CREATE TRIGGER users_stay BEFORE DELETE ON users BEGIN SELECT RAISE(ABORT, 'accounts are disabled, not deleted'); END;

CREATE TABLE sessions (
    id          TEXT PRIMARY KEY CHECK (length(id) = 64),                       -- SHA-256 of the cookie's value
    user        TEXT NOT NULL REFERENCES users (name),
    created     REAL NOT NULL,
    seen        REAL NOT NULL,                                                  -- latest use, to a minute
    address     TEXT NOT NULL
) WITHOUT ROWID;
CREATE INDEX sessions_user ON sessions (user);

CREATE TABLE tokens (
    id          TEXT PRIMARY KEY,
    hash        TEXT NOT NULL UNIQUE CHECK (length(hash) = 64),                 -- SHA-256 of the token
    user        TEXT NOT NULL REFERENCES users (name),
    label       TEXT NOT NULL,
    scopes      TEXT NOT NULL,                                                  -- JSON list of permissions
    created     REAL NOT NULL,
    expires     REAL NOT NULL,
    revoked     REAL
) WITHOUT ROWID;

-- Who did or looked at what; see aggregator.core.audit. Rows are added at the end, and nothing else.
ALTER TABLE audit RENAME TO audit_unchained;
CREATE TABLE audit (
    seq         INTEGER PRIMARY KEY CHECK (seq > 0),
    time        INTEGER NOT NULL,                                               -- milliseconds since the epoch
    actor       TEXT NOT NULL,
    action      TEXT NOT NULL CHECK (action GLOB '[a-z]*.[a-z]*'),              -- what.done, e.g. evidence.read
    object      TEXT NOT NULL,                                                  -- hash of the picture, id of the incident
    detail      TEXT NOT NULL,
    prev        TEXT NOT NULL CHECK (length(prev) = 64),                        -- hash of the record before
    hash        TEXT NOT NULL CHECK (length(hash) = 64)
);
-- floor: the last record that is past its time and was deleted; head: the newest. Neither goes back.
CREATE TABLE audit_ends (
    place       TEXT PRIMARY KEY CHECK (place IN ('floor', 'head')),
    seq         INTEGER NOT NULL CHECK (seq >= 0),
    hash        TEXT NOT NULL CHECK (length(hash) = 64)
) WITHOUT ROWID;
INSERT INTO audit_ends VALUES ('floor', 0, printf('%064d', 0)), ('head', 0, printf('%064d', 0));
CREATE TRIGGER audit_no_update BEFORE UPDATE ON audit BEGIN SELECT RAISE(ABORT, 'the audit log is append-only'); END;
CREATE TRIGGER audit_no_delete BEFORE DELETE ON audit WHEN old.seq > (SELECT seq FROM audit_ends WHERE place = 'floor') BEGIN SELECT RAISE(ABORT, 'the audit log is append-only'); END;
CREATE TRIGGER audit_at_the_end BEFORE INSERT ON audit WHEN new.seq != (SELECT seq FROM audit_ends WHERE place = 'head') + 1 BEGIN SELECT RAISE(ABORT, 'the audit log is append-only'); END;
CREATE TRIGGER audit_goes_on AFTER INSERT ON audit BEGIN UPDATE audit_ends SET seq = new.seq, hash = new.hash WHERE place = 'head'; END;
CREATE TRIGGER audit_ends_forward BEFORE UPDATE ON audit_ends WHEN new.place != old.place OR new.seq < old.seq BEGIN SELECT RAISE(ABORT, 'the audit log is append-only'); END;
CREATE TRIGGER audit_ends_stay BEFORE DELETE ON audit_ends BEGIN SELECT RAISE(ABORT, 'the audit log is append-only'); END;
CREATE TRIGGER audit_ends_two BEFORE INSERT ON audit_ends WHEN EXISTS (SELECT 1 FROM audit_ends WHERE place = new.place) BEGIN SELECT RAISE(ABORT, 'the audit log is append-only'); END;

-- What raised no alarm and why, what operators silenced, and what they judged. Times are seconds since the Unix epoch, UTC.

-- Every event that raised no fresh alarm, with its typed reason. A duplicate that comes again is counted.
CREATE TABLE suppressed (
    id          INTEGER PRIMARY KEY,
    event       TEXT NOT NULL,                                                  -- CloudEvents id; the event is in `events`
    reason      TEXT NOT NULL CHECK (reason IN ('duplicate', 'silence', 'inhibited', 'flapping', 'cooldown')),
    by          TEXT NOT NULL,                                                  -- silence, incident, or episode of the cause
    detail      TEXT NOT NULL,                                                  -- the cause's kind; how many begins flap
    episode     TEXT NOT NULL,
    site        TEXT NOT NULL,
    camera      TEXT NOT NULL,
    kind        TEXT NOT NULL,
    severity    TEXT NOT NULL,
    phase       TEXT NOT NULL,
    time        REAL NOT NULL,                                                  -- when it happened on camera
    received    REAL NOT NULL,                                                  -- the latest time it came
    count       INTEGER NOT NULL DEFAULT 1 CHECK (count > 0),
    UNIQUE (event, reason)
);
CREATE INDEX suppressed_time ON suppressed (time, id);
CREATE INDEX suppressed_reason ON suppressed (reason, time, id);
CREATE INDEX suppressed_kind ON suppressed (kind, time, id);
CREATE INDEX suppressed_camera ON suppressed (site, camera, time, id);
CREATE INDEX suppressed_by ON suppressed (by, reason);

-- Silences, those that are over included.
CREATE TABLE silences (
    id          TEXT PRIMARY KEY CHECK (length(id) = 36),
    expires     REAL NOT NULL,
    body        TEXT NOT NULL                                                   -- JSON of aggregator.core.silences.Silence
) WITHOUT ROWID;
CREATE INDEX silences_expires ON silences (expires);

-- What operators said of an incident, for each camera and kind that told of it: the precision is rebuilt from this.
CREATE TABLE verdicts (
    seq         INTEGER PRIMARY KEY,
    incident    TEXT NOT NULL,
    time        REAL NOT NULL,                                                  -- when it was said
    heard       REAL NOT NULL,                                                  -- when the camera began to tell of it
    site        TEXT NOT NULL,
    camera      TEXT NOT NULL,
    kind        TEXT NOT NULL,
    true        INTEGER NOT NULL CHECK (true IN (0, 1)),                        -- 0: false alarm
    told        REAL NOT NULL CHECK (told BETWEEN 0 AND 1),                     -- the camera's own confidence
    sources     INTEGER NOT NULL CHECK (sources >= 0),                          -- how many told of the incident
    UNIQUE (incident, site, camera, kind)
);
CREATE INDEX verdicts_time ON verdicts (time);

-- A CHECK cannot be changed in place: the audit log is written anew, with the actions on silences.
ALTER TABLE audit RENAME TO audit_before;
CREATE TABLE audit (
    id          INTEGER PRIMARY KEY AUTOINCREMENT,
    time        REAL NOT NULL,
    actor       TEXT NOT NULL,
    action      TEXT NOT NULL CHECK (action IN ('evidence.read', 'incident.transition', 'silence.create', 'silence.end')),
    object      TEXT NOT NULL,                                                  -- picture's hash, id of incident or silence
    detail      TEXT NOT NULL DEFAULT ''
);
INSERT INTO audit (id, time, actor, action, object, detail) SELECT id, time, actor, action, object, detail FROM audit_before;
DROP TABLE audit_before;

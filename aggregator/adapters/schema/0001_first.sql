-- The aggregator's store. Times are seconds since the Unix epoch, UTC (REAL); JSON columns hold UTF-8 text.
-- Statements end with a semicolon at the end of a line; the migration runs them one by one.

-- Every event that was accepted, once. `raw` is the wire's object exactly as it came.
CREATE TABLE events (
    id          TEXT PRIMARY KEY CHECK (length(id) = 36),                       -- CloudEvents id, UUIDv7
    episode     TEXT NOT NULL CHECK (length(episode) = 36),                     -- same from begin to end
    site        TEXT NOT NULL,
    agent       TEXT NOT NULL,
    camera      TEXT NOT NULL,
    kind        TEXT NOT NULL,                                                  -- contract.kinds.Kind
    phase       TEXT NOT NULL CHECK (phase IN ('begin', 'update', 'end')),
    time        REAL NOT NULL CHECK (time > 0),                                 -- when it happened on camera
    received    REAL NOT NULL CHECK (received > 0),                             -- when the aggregator took it
    sequence    INTEGER NOT NULL CHECK (sequence >= 0),                         -- the agent's own count
    delayed     INTEGER NOT NULL CHECK (delayed IN (0, 1)),                     -- 1: not fresh on arrival
    raw         BLOB NOT NULL
) WITHOUT ROWID;
CREATE INDEX events_time ON events (time);

-- One row per incident; `view` is what the API shows, `body` what the correlation needs to go on after a restart.
CREATE TABLE incidents (
    id          TEXT PRIMARY KEY CHECK (length(id) = 36),                       -- UUIDv7 of its beginning: sorts by age
    kind        TEXT NOT NULL,
    state       TEXT NOT NULL CHECK (state IN ('suspected', 'open', 'acknowledged', 'dispatched', 'resolved', 'false_alarm')),
    severity    TEXT NOT NULL CHECK (severity IN ('info', 'minor', 'major', 'critical')),
    confidence  REAL NOT NULL CHECK (confidence BETWEEN 0 AND 1),
    started     REAL NOT NULL,                                                  -- earliest start of an episode
    last_event  REAL NOT NULL,                                                  -- latest event time
    updated     REAL NOT NULL,                                                  -- last change, aggregator's clock
    merged_into TEXT,                                                           -- the incident that absorbed this one
    revision    INTEGER NOT NULL CHECK (revision >= 0),                         -- counts changes
    view        BLOB NOT NULL,                                                  -- JSON
    body        BLOB NOT NULL                                                   -- JSON
) WITHOUT ROWID;
CREATE INDEX incidents_shown ON incidents (state, id DESC) WHERE merged_into IS NULL;
CREATE INDEX incidents_kind ON incidents (kind, id DESC) WHERE merged_into IS NULL;
CREATE INDEX incidents_updated ON incidents (updated);

-- Which event belongs to which incident, and why. A merge moves the rows.
CREATE TABLE incident_events (
    incident    TEXT NOT NULL,
    event       TEXT NOT NULL,
    score       REAL NOT NULL CHECK (score BETWEEN 0 AND 1),                    -- aggregator.core.linking.Link.score
    reasons     TEXT NOT NULL,                                                  -- JSON: kind, place, time_s, distance_m, other; '': it goes on with its episode
    refused     TEXT NOT NULL DEFAULT '[]',                                     -- JSON: incidents it did not join, and why
    PRIMARY KEY (event)
) WITHOUT ROWID;
CREATE INDEX incident_events_incident ON incident_events (incident);

-- Where each episode belongs, so that its later events go to the same incident after a restart.
CREATE TABLE episodes (
    id          TEXT PRIMARY KEY,
    incident    TEXT NOT NULL,
    last        REAL NOT NULL,                                                  -- latest time heard of it
    ended       INTEGER NOT NULL CHECK (ended IN (0, 1))
) WITHOUT ROWID;
CREATE INDEX episodes_incident ON episodes (incident);

-- History of states: who, when, why.
CREATE TABLE changes (
    seq         INTEGER PRIMARY KEY,
    incident    TEXT NOT NULL,
    time        REAL NOT NULL,
    actor       TEXT NOT NULL,                                                  -- 'system' or an operator
    before      TEXT,                                                           -- NULL: the incident came to be
    after       TEXT NOT NULL,
    reason      TEXT NOT NULL                                                   -- a code from the system, words from people
);
CREATE INDEX changes_incident ON changes (incident);

-- Agents and cameras as last seen.
CREATE TABLE agents (
    site        TEXT NOT NULL,
    id          TEXT NOT NULL,
    body        TEXT NOT NULL,                                                  -- JSON of aggregator.core.liveness.Agent
    sequence    TEXT,                                                           -- JSON of aggregator.core.sequence.Sequence
    PRIMARY KEY (site, id)
) WITHOUT ROWID;
CREATE TABLE cameras (
    site        TEXT NOT NULL,
    id          TEXT NOT NULL,
    body        TEXT NOT NULL,                                                  -- JSON of aggregator.core.liveness.Camera
    PRIMARY KEY (site, id)
) WITHOUT ROWID;

-- Pictures, by the hash of their bytes. The oldest are deleted first (retention.evidence_days, retention.evidence_mb).
CREATE TABLE evidence (
    sha256      TEXT PRIMARY KEY CHECK (length(sha256) = 64),
    event       TEXT NOT NULL,                                                  -- the event whose topic it came on
    site        TEXT NOT NULL,
    camera      TEXT NOT NULL,
    received    REAL NOT NULL,
    size        INTEGER NOT NULL CHECK (size = length(jpeg)),                   -- bytes
    jpeg        BLOB NOT NULL
);
CREATE INDEX evidence_received ON evidence (received, size);

-- What was refused, why, and what it was. Bounded (retention.quarantine_rows).
CREATE TABLE quarantine (
    id          INTEGER PRIMARY KEY AUTOINCREMENT,
    received    REAL NOT NULL,
    topic       TEXT NOT NULL,
    error       TEXT NOT NULL,                                                  -- class of the error, e.g. UnknownKind
    field       TEXT NOT NULL,                                                  -- JSON path of what was wrong
    detail      TEXT NOT NULL,                                                  -- the sentence, in English
    payload     BLOB NOT NULL                                                   -- its first 64 KiB
);

-- Who did or looked at what.
CREATE TABLE audit (
    id          INTEGER PRIMARY KEY AUTOINCREMENT,
    time        REAL NOT NULL,
    actor       TEXT NOT NULL,
    action      TEXT NOT NULL CHECK (action IN ('evidence.read', 'incident.transition')),
    object      TEXT NOT NULL,                                                  -- hash of the picture, id of the incident
    detail      TEXT NOT NULL DEFAULT ''
);

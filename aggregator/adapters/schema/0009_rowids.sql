-- A row of a table WITHOUT ROWID that is longer than a quarter of a page has the rest of it in a page of its own: an event
-- took 4.1 KB, of which 3 were empty, on the disk and in each commit. In a table with rowids it takes what it is long.
-- A table cannot be changed so: both are written anew.

ALTER TABLE events RENAME TO events_before;
CREATE TABLE events (
    id          TEXT NOT NULL PRIMARY KEY CHECK (length(id) = 36),              -- CloudEvents id, UUIDv7
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
);
INSERT INTO events SELECT * FROM events_before;
DROP TABLE events_before;
CREATE INDEX events_time ON events (time);

ALTER TABLE incidents RENAME TO incidents_before;
CREATE TABLE incidents (
    id          TEXT NOT NULL PRIMARY KEY CHECK (length(id) = 36),              -- UUIDv7 of its beginning: sorts by age
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
    body        BLOB NOT NULL,                                                  -- JSON
    previous    TEXT,                                                           -- the closed one that it follows
    split_from  TEXT,                                                           -- the one that an operator took it out of
    opened      REAL                                                            -- first more than suspected; NULL: never
);
INSERT INTO incidents SELECT * FROM incidents_before;
DROP TABLE incidents_before;
CREATE INDEX incidents_shown ON incidents (state, id DESC) WHERE merged_into IS NULL;
CREATE INDEX incidents_kind ON incidents (kind, id DESC) WHERE merged_into IS NULL;
CREATE INDEX incidents_updated ON incidents (updated);
CREATE INDEX incidents_merged ON incidents (merged_into) WHERE merged_into IS NOT NULL;
CREATE INDEX incidents_previous ON incidents (previous) WHERE previous IS NOT NULL;
CREATE INDEX incidents_split ON incidents (split_from) WHERE split_from IS NOT NULL;
CREATE INDEX incidents_opened ON incidents (opened) WHERE merged_into IS NULL AND opened IS NOT NULL;

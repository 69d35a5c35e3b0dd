-- What reports are made of: when incidents were opened, what state cameras were in, when an aggregator ran. Times are seconds since the Unix epoch, UTC.

ALTER TABLE incidents ADD COLUMN opened REAL;                                   -- first more than suspected; NULL: never
UPDATE incidents SET opened = json_extract(CAST(body AS TEXT), '$.incident.opened');
CREATE INDEX incidents_opened ON incidents (opened) WHERE merged_into IS NULL AND opened IS NOT NULL;

-- Each change of a camera's state, in order; rows are only added, and go when they are past their time.
CREATE TABLE camera_states (
    site        TEXT NOT NULL,
    camera      TEXT NOT NULL,
    time        REAL NOT NULL,                                                  -- aggregator's clock
    state       TEXT NOT NULL,                                                  -- aggregator.core.liveness.ShownState
    reason      TEXT NOT NULL,
    PRIMARY KEY (site, camera, time)
) WITHOUT ROWID;
CREATE INDEX camera_states_time ON camera_states (time);
INSERT INTO camera_states SELECT site, id, json_extract(body, '$.shown'), json_extract(body, '$.state'), json_extract(body, '$.reason') FROM cameras;

-- One row for each run of an aggregator; `last` is noted about once a minute.
CREATE TABLE runs (
    began       REAL PRIMARY KEY,
    last        REAL NOT NULL CHECK (last >= began)
) WITHOUT ROWID;

-- The audit log is read by who, by what and by whom it is about, the latest first.
CREATE INDEX audit_time ON audit (time);
CREATE INDEX audit_actor ON audit (actor, time);
CREATE INDEX audit_action ON audit (action, time);
CREATE INDEX audit_object ON audit (object, time);

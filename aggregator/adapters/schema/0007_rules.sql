-- Verdicts are on each rule of a camera that told of the incident. A UNIQUE cannot be changed in place: the table is written anew.
-- Those of before get the rules that their events name, as far as the events are still there.

ALTER TABLE verdicts RENAME TO verdicts_before;
CREATE TABLE verdicts (
    seq         INTEGER PRIMARY KEY,
    incident    TEXT NOT NULL,
    time        REAL NOT NULL,                                                  -- when it was said
    heard       REAL NOT NULL,                                                  -- when the camera began to tell of it
    site        TEXT NOT NULL,
    camera      TEXT NOT NULL,
    kind        TEXT NOT NULL,
    rule        TEXT NOT NULL DEFAULT '',                                       -- the camera's; '': not known any more
    true        INTEGER NOT NULL CHECK (true IN (0, 1)),                        -- 0: false alarm
    told        REAL NOT NULL CHECK (told BETWEEN 0 AND 1),                     -- the rule's own confidence
    sources     INTEGER NOT NULL CHECK (sources >= 0),                          -- how many told of the incident
    reason      TEXT NOT NULL DEFAULT '',                                       -- why it was false: CODE of web.reason.CODE, or words; '': it was not, or nobody said
    UNIQUE (incident, site, camera, kind, rule)
);
INSERT INTO verdicts (incident, time, heard, site, camera, kind, rule, true, told, sources)
    SELECT v.incident, v.time, v.heard, v.site, v.camera, v.kind, coalesce(told.rule, ''), v.true, v.told, v.sources
    FROM verdicts_before v LEFT JOIN (
        SELECT DISTINCT l.incident, e.site, e.camera, e.kind, json_extract(CAST(e.raw AS TEXT), '$.data.why.rule') AS rule
        FROM incident_events l JOIN events e ON e.id = l.event WHERE l.incident IN (SELECT incident FROM verdicts_before)
    ) told ON told.incident = v.incident AND told.site = v.site AND told.camera = v.camera AND told.kind = v.kind
    ORDER BY v.seq, told.rule;
DROP TABLE verdicts_before;
CREATE INDEX verdicts_time ON verdicts (time);

-- What each camera tells although nothing confirms it, as it is counted now: it fades, so it cannot be added up anew. Without
-- it, what is doubted and what belongs together would be judged otherwise for hours after a restart.
CREATE TABLE counted (
    site   TEXT NOT NULL,
    camera TEXT NOT NULL,
    family TEXT NOT NULL,                           -- contract.kinds: of kinds
    many   INTEGER NOT NULL CHECK (many IN (0, 1)), -- 1: of those of many people alone
    since  REAL NOT NULL,                           -- when anything was first counted, of whatever camera
    time   REAL NOT NULL,                           -- that the rest is as of
    slow   REAL NOT NULL CHECK (slow >= 0),
    fast   REAL NOT NULL CHECK (fast >= 0),
    alone  REAL NOT NULL CHECK (alone >= 0),
    PRIMARY KEY (site, camera, family, many)
) WITHOUT ROWID;

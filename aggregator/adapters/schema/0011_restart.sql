-- What a restart needs and does not look through two hours of events for.

-- What cameras told of their own faults: aggregator.core.inhibition.EXPLAINS. The query has to name the same kinds in the same order.
CREATE INDEX events_faults ON events (time) WHERE kind IN ('camera_covered', 'camera_defocused', 'camera_frozen', 'camera_lost', 'camera_moved');

-- Before when nothing is closed or forgotten, since nobody had been heard for long when the aggregator began; one row at most.
CREATE TABLE hold (
    one    INTEGER PRIMARY KEY CHECK (one = 1),
    until  REAL NOT NULL
);

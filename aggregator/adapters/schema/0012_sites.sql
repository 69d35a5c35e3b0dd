-- Where incidents lie, for who sees a part of the city: whoever's sites have few incidents would look through all that there
-- are. A site that an incident lies at no longer may still stand here: its view says.
CREATE TABLE incident_sites (
    site        TEXT NOT NULL,
    incident    TEXT NOT NULL,
    PRIMARY KEY (site, incident)
) WITHOUT ROWID;
INSERT OR IGNORE INTO incident_sites SELECT value, incidents.id FROM incidents, json_each(CAST(view AS TEXT), '$.sites') ORDER BY 1, 2;

-- What people do with incidents beside moving them from state to state.

-- History: what was done. detail: a name, a severity, a kind, another incident.
ALTER TABLE changes ADD COLUMN action TEXT NOT NULL DEFAULT 'state';
ALTER TABLE changes ADD COLUMN detail TEXT NOT NULL DEFAULT '';
ALTER TABLE changes ADD COLUMN number INTEGER NOT NULL DEFAULT 0 CHECK (number >= 0);
ALTER TABLE changes ADD COLUMN undone INTEGER NOT NULL DEFAULT 0 CHECK (undone IN (0, 1));

-- Where an incident comes from, so that what came of another one is found.
ALTER TABLE incidents ADD COLUMN previous TEXT;
ALTER TABLE incidents ADD COLUMN split_from TEXT;
UPDATE incidents SET previous = json_extract(CAST(view AS TEXT), '$.previous');
CREATE INDEX incidents_merged ON incidents (merged_into) WHERE merged_into IS NOT NULL;
CREATE INDEX incidents_previous ON incidents (previous) WHERE previous IS NOT NULL;
CREATE INDEX incidents_split ON incidents (split_from) WHERE split_from IS NOT NULL;

-- What the API shows of every incident.
UPDATE incidents SET view = CAST(json_set(CAST(view AS TEXT), '$.owner', NULL, '$.handed_by', NULL, '$.acted', 0, '$.last_act', NULL, '$.split_from', NULL, '$.told_kind', NULL, '$.told_severity', NULL) AS BLOB);

-- The latest picture of a camera.
CREATE INDEX evidence_camera ON evidence (site, camera, received);

-- A clip is evidence like a picture; it is asked for by its event.
ALTER TABLE evidence ADD COLUMN media TEXT NOT NULL DEFAULT 'image/jpeg' CHECK (media IN ('image/jpeg', 'video/mp4'));
CREATE INDEX evidence_clips ON evidence (event) WHERE media = 'video/mp4';

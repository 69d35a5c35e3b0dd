-- Why a camera is in a state, in words of the catalogue. A body of a camera without it is read as before.

ALTER TABLE camera_states ADD COLUMN why TEXT NOT NULL DEFAULT '';              -- JSON of contract.sentence.Sentence; '': words alone, in `reason`

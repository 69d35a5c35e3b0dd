-- Why an alarm was false: a code of those that the page offers (web.reason.CODE), or words. Empty: it was none, or nobody said.
ALTER TABLE verdicts ADD COLUMN reason TEXT NOT NULL DEFAULT '';

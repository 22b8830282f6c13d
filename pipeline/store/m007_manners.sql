-- Polls begin at current_url, and what gave the validators is another thing: redirects may lie between.
ALTER TABLE feeds ADD COLUMN answered_url TEXT NOT NULL DEFAULT '';
ALTER TABLE feeds ADD COLUMN asked_as TEXT NOT NULL DEFAULT '';
ALTER TABLE feeds ADD COLUMN moved_to TEXT NOT NULL DEFAULT '';
ALTER TABLE feeds ADD COLUMN moved_since TEXT;
ALTER TABLE feeds ADD COLUMN moved_polls INTEGER NOT NULL DEFAULT 0 CHECK (moved_polls >= 0);
ALTER TABLE feeds ADD COLUMN squeeze REAL NOT NULL DEFAULT 1 CHECK (squeeze > 0 AND squeeze <= 1);
ALTER TABLE feeds ADD COLUMN last_gap_at TEXT;
UPDATE feeds SET answered_url = current_url, current_url = '';

ALTER TABLE fetches ADD COLUMN gap INTEGER NOT NULL DEFAULT 0 CHECK (gap IN (0, 1));
ALTER TABLE fetches ADD COLUMN conditional INTEGER CHECK (conditional IN (0, 1));

CREATE TABLE hosts (
    host TEXT PRIMARY KEY CHECK (host <> ''),
    asked_at TEXT NOT NULL,
    rests_until TEXT NOT NULL
) STRICT, WITHOUT ROWID;

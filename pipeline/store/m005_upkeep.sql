-- One row: what pruning must remember from one time to the next. `seen_since`: before that, `last_seen_at` was not kept
-- up, so older marks prove nothing.
CREATE TABLE upkeep (
    id INTEGER PRIMARY KEY CHECK (id = 1),
    done_at TEXT,
    seen_since TEXT NOT NULL DEFAULT '',
    sweep_from TEXT NOT NULL DEFAULT '',
    sweeps INTEGER NOT NULL DEFAULT 0 CHECK (sweeps BETWEEN 0 AND 2)
) STRICT;
INSERT INTO upkeep (id, seen_since) SELECT 1, coalesce(max(last_full_at), '') FROM feeds;

-- Entries in a story are never pruned, and so cost nothing here.
CREATE INDEX entries_by_last_seen ON entries (last_seen_at) WHERE story_id IS NULL;
CREATE INDEX alerts_by_entry ON alerts (entry_id);

-- The step that made the full-text index did not fill it with the entries that were there already.
INSERT INTO entries_fts (entries_fts)
SELECT 'rebuild' WHERE EXISTS (SELECT 1 FROM entries WHERE seq NOT IN (SELECT id FROM entries_fts_docsize));

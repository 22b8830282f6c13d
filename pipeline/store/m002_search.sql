CREATE VIRTUAL TABLE entries_fts USING fts5 (
    title, text, cjk, content="entries", content_rowid="seq", tokenize="unicode61 remove_diacritics 2"
);

-- Triggers, and not the program, keep the index in step: whoever edits or deletes an entry, with whichever client.
CREATE TRIGGER entries_search_insert AFTER INSERT ON entries BEGIN
    INSERT INTO entries_fts (rowid, title, text, cjk) VALUES (new.seq, new.title, new.text, new.cjk);
END;
CREATE TRIGGER entries_search_delete AFTER DELETE ON entries BEGIN
    INSERT INTO entries_fts (entries_fts, rowid, title, text, cjk)
    VALUES ('delete', old.seq, old.title, old.text, old.cjk);
END;
CREATE TRIGGER entries_search_update AFTER UPDATE OF title, text, cjk ON entries BEGIN
    INSERT INTO entries_fts (entries_fts, rowid, title, text, cjk)
    VALUES ('delete', old.seq, old.title, old.text, old.cjk);
    INSERT INTO entries_fts (rowid, title, text, cjk) VALUES (new.seq, new.title, new.text, new.cjk);
END;

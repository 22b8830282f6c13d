-- The terms of a story in one row: they are read and written together, and looked for in the live stories of a company
-- alone. How rare terms are is counted by whoever writes them, once for all entries of a turn.
DROP TRIGGER term_added;
DROP INDEX story_terms_by_term;
ALTER TABLE story_terms RENAME TO story_terms_before;
CREATE TABLE story_terms (
    story INTEGER PRIMARY KEY REFERENCES stories (seq) ON DELETE CASCADE,
    terms TEXT NOT NULL CHECK (json_valid(terms))
) STRICT;
INSERT INTO story_terms SELECT story, json_group_object(term, entries) FROM story_terms_before GROUP BY story;
DROP TABLE story_terms_before;

-- A story of many entries is known by what most of them tell: of each of its terms, in how many entries it stands.
ALTER TABLE story_terms ADD COLUMN entries INTEGER NOT NULL DEFAULT 1;
-- Where the entry was before its story and another one turned out to be one; '' = always here.
ALTER TABLE placements ADD COLUMN merged_from TEXT NOT NULL DEFAULT '';
-- Postings go with their window; how rare a term is must not go with them.
DROP TRIGGER term_removed;
-- To forget the sketch of an old entry without reading all of them.
CREATE INDEX sketches_by_entry ON sketches (entry);
-- Up to when the indexes of stories and of copies were pruned.
ALTER TABLE upkeep ADD COLUMN terms_to TEXT NOT NULL DEFAULT '';
ALTER TABLE upkeep ADD COLUMN sketches_to TEXT NOT NULL DEFAULT '';

-- The hashes of an entry fall all over their index, and each takes a page of it along: they wait here, an entry a row,
-- until there are many, and are then posted at once in the order in which they lie there.
CREATE TABLE sketches_fresh (
    entry INTEGER NOT NULL,
    hashes TEXT NOT NULL CHECK (json_valid(hashes)),
    PRIMARY KEY (entry, hashes)
) STRICT, WITHOUT ROWID;

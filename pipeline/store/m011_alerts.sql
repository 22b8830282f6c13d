-- The rhythm of the digest that an alert waits for ('' = it goes out by itself), and the digest that it went into.
ALTER TABLE alerts ADD COLUMN digest TEXT NOT NULL DEFAULT '';
ALTER TABLE alerts ADD COLUMN folded_into TEXT;

-- Each channel is asked for by itself: what waits for another one, or for later, is never walked.
DROP INDEX alerts_due;
CREATE INDEX alerts_due ON alerts (channel, next_attempt_at) WHERE state = 'pending';
CREATE INDEX alerts_digests ON alerts (channel, digest, next_attempt_at) WHERE state = 'pending' AND digest <> '';
CREATE INDEX alerts_folded ON alerts (folded_into) WHERE folded_into IS NOT NULL;
CREATE INDEX alerts_sent ON alerts (channel, sent_at) WHERE sent_at IS NOT NULL AND folded_into IS NULL;

-- Channels that have failed since they last took something. `open_until` NULL = closed, alerts go out; in the future =
-- open, none does; in the past = one goes out, and what becomes of it decides.
CREATE TABLE circuits (
    channel TEXT PRIMARY KEY CHECK (channel <> ''),
    failures INTEGER NOT NULL CHECK (failures >= 0),
    openings INTEGER NOT NULL CHECK (openings >= 0),
    opened_at TEXT,
    open_until TEXT,
    reason TEXT NOT NULL DEFAULT ''
) STRICT, WITHOUT ROWID;

-- Which stories a person took out of this one: what one of them told, all have told.
CREATE INDEX placements_split ON placements (partner) WHERE rule = 'split_by_hand';

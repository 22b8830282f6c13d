-- One row: a daemon that finds nothing to do must not fill `runs`, and yet be told from a dead one.
CREATE TABLE heartbeat (
    id INTEGER PRIMARY KEY CHECK (id = 1),
    beat_at TEXT NOT NULL
) STRICT;
INSERT INTO heartbeat (id, beat_at) SELECT 1, ended_at FROM runs WHERE ended_at IS NOT NULL ORDER BY id DESC LIMIT 1;

CREATE INDEX alerts_dead ON alerts (seq) WHERE state = 'dead';

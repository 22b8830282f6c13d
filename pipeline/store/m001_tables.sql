-- Big text columns stand last: SQLite reads a row from its start, and most questions need only the start.

CREATE TABLE companies (
    id TEXT PRIMARY KEY CHECK (id <> ''),
    name TEXT NOT NULL,
    aliases TEXT NOT NULL DEFAULT '[]' CHECK (json_valid(aliases)),
    tickers TEXT NOT NULL DEFAULT '[]' CHECK (json_valid(tickers)),
    domains TEXT NOT NULL DEFAULT '[]' CHECK (json_valid(domains)),
    context TEXT NOT NULL DEFAULT '[]' CHECK (json_valid(context)),
    exclude TEXT NOT NULL DEFAULT '[]' CHECK (json_valid(exclude)),
    tags TEXT NOT NULL DEFAULT '[]' CHECK (json_valid(tags)),
    tracked INTEGER NOT NULL DEFAULT 1 CHECK (tracked IN (0, 1)),
    added_at TEXT NOT NULL,
    changed_at TEXT NOT NULL
) STRICT;

CREATE TABLE feeds (
    url TEXT PRIMARY KEY CHECK (url <> ''),
    title TEXT NOT NULL DEFAULT '',
    publisher TEXT NOT NULL DEFAULT '',
    language TEXT NOT NULL DEFAULT '',
    tier INTEGER NOT NULL DEFAULT 3,
    tags TEXT NOT NULL DEFAULT '[]' CHECK (json_valid(tags)),
    source TEXT NOT NULL DEFAULT 'config',
    configured INTEGER NOT NULL DEFAULT 1 CHECK (configured IN (0, 1)),
    added_at TEXT NOT NULL,
    site_url TEXT NOT NULL DEFAULT '',
    format TEXT NOT NULL DEFAULT '',
    current_url TEXT NOT NULL DEFAULT '',
    etag TEXT NOT NULL DEFAULT '',
    last_modified TEXT NOT NULL DEFAULT '',
    body_hash TEXT NOT NULL DEFAULT '',
    status INTEGER,
    failures INTEGER NOT NULL DEFAULT 0 CHECK (failures >= 0),
    failing_since TEXT,
    error_kind TEXT,
    error TEXT NOT NULL DEFAULT '',
    last_polled_at TEXT,
    last_ok_at TEXT,
    last_full_at TEXT,
    interval_s REAL,
    next_poll_at TEXT,
    disabled TEXT NOT NULL DEFAULT '',
    hints TEXT NOT NULL DEFAULT '{}' CHECK (json_valid(hints))
) STRICT;
CREATE INDEX feeds_by_turn ON feeds (next_poll_at, url);

CREATE TABLE stories (
    seq INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE CHECK (id <> ''),
    title TEXT NOT NULL,
    first_at TEXT NOT NULL,
    last_at TEXT NOT NULL,
    entries INTEGER NOT NULL DEFAULT 0 CHECK (entries >= 0)
) STRICT;
CREATE INDEX stories_by_last ON stories (last_at);

CREATE TABLE entries (
    seq INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE CHECK (id <> ''),
    feed_url TEXT NOT NULL REFERENCES feeds (url),
    published_at TEXT NOT NULL,
    date_kind TEXT NOT NULL CHECK (date_kind IN ('given', 'guessed', 'seen')),
    updated_at TEXT,
    first_seen_at TEXT NOT NULL,
    last_seen_at TEXT NOT NULL,
    story_id TEXT REFERENCES stories (id),
    article_id TEXT,
    relation TEXT CHECK (relation IN ('new', 'seen', 'copy', 'same_story', 'update')),
    content_hash TEXT NOT NULL,
    language TEXT NOT NULL DEFAULT '',
    publisher TEXT NOT NULL DEFAULT '',
    author TEXT NOT NULL DEFAULT '',
    guid TEXT NOT NULL DEFAULT '',
    url TEXT NOT NULL DEFAULT '',
    canonical_url TEXT NOT NULL DEFAULT '',
    title TEXT NOT NULL,
    text TEXT NOT NULL DEFAULT '',
    html TEXT NOT NULL DEFAULT '',
    cjk TEXT NOT NULL DEFAULT ''
) STRICT;
CREATE INDEX entries_by_feed ON entries (feed_url);
CREATE INDEX entries_by_time ON entries (published_at);
CREATE INDEX entries_by_story ON entries (story_id, published_at) WHERE story_id IS NOT NULL;

-- No foreign key: it would need a second index over the busiest table. A key whose entry is gone is never answered.
CREATE TABLE entry_keys (
    key TEXT PRIMARY KEY,
    entry_id TEXT NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE revisions (
    entry_id TEXT NOT NULL REFERENCES entries (id) ON DELETE CASCADE,
    replaced_at TEXT NOT NULL,
    content_hash TEXT NOT NULL,
    title TEXT NOT NULL,
    text TEXT NOT NULL,
    PRIMARY KEY (entry_id, replaced_at, content_hash)
) STRICT;

CREATE TABLE sightings (
    entry_id TEXT NOT NULL REFERENCES entries (id) ON DELETE CASCADE,
    feed_url TEXT NOT NULL REFERENCES feeds (url),
    guid TEXT NOT NULL DEFAULT '',
    url TEXT NOT NULL DEFAULT '',
    seen_at TEXT NOT NULL,
    PRIMARY KEY (entry_id, feed_url)
) STRICT, WITHOUT ROWID;
CREATE INDEX sightings_by_feed ON sightings (feed_url);

CREATE TABLE hits (
    entry_id TEXT NOT NULL REFERENCES entries (id),
    company_id TEXT NOT NULL REFERENCES companies (id),
    published_at TEXT NOT NULL,
    score REAL NOT NULL CHECK (score BETWEEN 0 AND 100),
    salience REAL NOT NULL CHECK (salience BETWEEN 0 AND 100),
    method TEXT NOT NULL CHECK (method IN ('exact', 'variant', 'fuzzy', 'ticker', 'domain')),
    name TEXT NOT NULL,
    found TEXT NOT NULL,
    field TEXT NOT NULL CHECK (field IN ('title', 'text', 'url')),
    start INTEGER NOT NULL CHECK (start >= 0),
    "end" INTEGER NOT NULL CHECK ("end" >= start),
    state TEXT NOT NULL DEFAULT 'accepted' CHECK (state IN ('accepted', 'rejected')),
    story_id TEXT REFERENCES stories (id),
    relation TEXT CHECK (relation IN ('new', 'seen', 'copy', 'same_story', 'update')),
    rule_version TEXT NOT NULL DEFAULT '',
    created_at TEXT NOT NULL,
    evidence TEXT NOT NULL,
    mentions TEXT NOT NULL CHECK (json_valid(mentions)),
    PRIMARY KEY (entry_id, company_id)
) STRICT;
CREATE INDEX hits_by_time ON hits (published_at, entry_id, company_id) WHERE state = 'accepted';
CREATE INDEX hits_by_company ON hits (company_id, published_at, entry_id);
CREATE INDEX hits_by_story ON hits (story_id) WHERE story_id IS NOT NULL;

CREATE TABLE story_companies (
    story_id TEXT NOT NULL REFERENCES stories (id) ON DELETE CASCADE,
    company_id TEXT NOT NULL REFERENCES companies (id),
    last_at TEXT NOT NULL,
    PRIMARY KEY (story_id, company_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX story_companies_by_time ON story_companies (company_id, last_at);

CREATE TABLE placements (
    entry_id TEXT PRIMARY KEY REFERENCES entries (id) ON DELETE CASCADE,
    article_id TEXT NOT NULL,
    story_id TEXT NOT NULL REFERENCES stories (id),
    relation TEXT NOT NULL CHECK (relation IN ('new', 'seen', 'copy', 'same_story', 'update')),
    rule TEXT NOT NULL,
    partner TEXT NOT NULL DEFAULT '',
    score REAL NOT NULL,
    features TEXT NOT NULL CHECK (json_valid(features)),
    companies TEXT NOT NULL CHECK (json_valid(companies)),
    placed_at TEXT NOT NULL
) STRICT;
CREATE INDEX placements_by_story ON placements (story_id);

CREATE TABLE sketches (
    hash INTEGER NOT NULL,
    entry INTEGER NOT NULL,
    PRIMARY KEY (hash, entry)
) STRICT, WITHOUT ROWID;

CREATE TABLE story_terms (
    story INTEGER NOT NULL REFERENCES stories (seq) ON DELETE CASCADE,
    term TEXT NOT NULL CHECK (term <> ''),
    PRIMARY KEY (story, term)
) STRICT, WITHOUT ROWID;
CREATE INDEX story_terms_by_term ON story_terms (term, story);

-- How rare a term is must be known at once, however many stories there are: the counts are kept, not counted.
CREATE TABLE terms (
    term TEXT PRIMARY KEY,
    stories INTEGER NOT NULL CHECK (stories >= 0)
) STRICT, WITHOUT ROWID;
INSERT INTO terms VALUES ('', 0);
CREATE TRIGGER story_opened AFTER INSERT ON stories BEGIN
    UPDATE terms SET stories = stories + 1 WHERE term = '';
END;
CREATE TRIGGER story_closed AFTER DELETE ON stories BEGIN
    UPDATE terms SET stories = stories - 1 WHERE term = '';
END;
CREATE TRIGGER term_added AFTER INSERT ON story_terms BEGIN
    INSERT INTO terms VALUES (new.term, 1) ON CONFLICT (term) DO UPDATE SET stories = stories + 1;
END;
CREATE TRIGGER term_removed AFTER DELETE ON story_terms BEGIN
    UPDATE terms SET stories = stories - 1 WHERE term = old.term;
END;

CREATE TABLE alerts (
    seq INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE CHECK (id <> ''),
    channel TEXT NOT NULL,
    rule TEXT NOT NULL,
    kind TEXT NOT NULL,
    story_id TEXT NOT NULL,
    entry_id TEXT NOT NULL,
    severity TEXT NOT NULL,
    state TEXT NOT NULL DEFAULT 'pending' CHECK (state IN ('pending', 'sent', 'dead')),
    attempts INTEGER NOT NULL DEFAULT 0 CHECK (attempts >= 0),
    created_at TEXT NOT NULL,
    not_before TEXT NOT NULL,
    next_attempt_at TEXT,
    leased_until TEXT,
    sent_at TEXT,
    error TEXT NOT NULL DEFAULT '',
    is_fixed INTEGER NOT NULL DEFAULT 0 CHECK (is_fixed IN (0, 1)),
    payload TEXT NOT NULL CHECK (json_valid(payload))
) STRICT;
CREATE INDEX alerts_owed ON alerts (created_at, seq) WHERE state = 'pending';
CREATE INDEX alerts_due ON alerts (next_attempt_at) WHERE state = 'pending';
CREATE INDEX alerts_by_story ON alerts (story_id, channel);

CREATE TABLE deliveries (
    alert_id TEXT NOT NULL REFERENCES alerts (id) ON DELETE CASCADE,
    attempt INTEGER NOT NULL CHECK (attempt >= 1),
    attempted_at TEXT NOT NULL,
    channel TEXT NOT NULL,
    outcome TEXT NOT NULL CHECK (outcome IN ('sent', 'failed')),
    detail TEXT NOT NULL DEFAULT '',
    PRIMARY KEY (alert_id, attempt, attempted_at)
) STRICT, WITHOUT ROWID;

CREATE TABLE runs (
    id INTEGER PRIMARY KEY,
    started_at TEXT NOT NULL,
    ended_at TEXT,
    took_s REAL,
    feeds INTEGER NOT NULL DEFAULT 0,
    due INTEGER NOT NULL DEFAULT 0,
    fetched INTEGER NOT NULL DEFAULT 0,
    not_modified INTEGER NOT NULL DEFAULT 0,
    failed INTEGER NOT NULL DEFAULT 0,
    new INTEGER NOT NULL DEFAULT 0,
    edited INTEGER NOT NULL DEFAULT 0,
    sightings INTEGER NOT NULL DEFAULT 0,
    hits INTEGER NOT NULL DEFAULT 0,
    stories INTEGER NOT NULL DEFAULT 0,
    alerts INTEGER NOT NULL DEFAULT 0,
    sent INTEGER NOT NULL DEFAULT 0,
    undelivered INTEGER NOT NULL DEFAULT 0,
    dead INTEGER NOT NULL DEFAULT 0
) STRICT;

CREATE TABLE fetches (
    feed_url TEXT NOT NULL REFERENCES feeds (url),
    fetched_at TEXT NOT NULL,
    run_id INTEGER REFERENCES runs (id) ON DELETE SET NULL,
    outcome TEXT NOT NULL CHECK (outcome IN ('fetched', 'not_modified', 'failed')),
    status INTEGER,
    error_kind TEXT,
    error TEXT NOT NULL DEFAULT '',
    entries INTEGER NOT NULL DEFAULT 0,
    new INTEGER NOT NULL DEFAULT 0,
    edited INTEGER NOT NULL DEFAULT 0,
    bytes INTEGER NOT NULL DEFAULT 0,
    elapsed_s REAL NOT NULL DEFAULT 0,
    damage TEXT NOT NULL DEFAULT '',
    PRIMARY KEY (feed_url, fetched_at)
) STRICT, WITHOUT ROWID;
CREATE INDEX fetches_by_time ON fetches (fetched_at);
CREATE INDEX fetches_by_run ON fetches (run_id) WHERE run_id IS NOT NULL;

-- A list of feeds, a site and a sitemap are polled like a feed: `kind` says how they are read. What a list brings knows it.
ALTER TABLE feeds ADD COLUMN kind TEXT NOT NULL DEFAULT 'feed' CHECK (kind IN ('feed', 'opml', 'site', 'sitemap'));
ALTER TABLE feeds ADD COLUMN listed_by TEXT NOT NULL DEFAULT '';
ALTER TABLE feeds ADD COLUMN fulltext INTEGER NOT NULL DEFAULT 0 CHECK (fulltext IN (0, 1));
CREATE INDEX feeds_by_list ON feeds (listed_by) WHERE listed_by <> '';

-- Which list names which feed; `feeds.listed_by` is the one of them that a feed is in turn for.
CREATE TABLE listings (
    list TEXT NOT NULL,
    feed TEXT NOT NULL,
    PRIMARY KEY (list, feed)
) STRICT, WITHOUT ROWID;
CREATE INDEX listings_by_feed ON listings (feed, list);

-- Pages that are to be read, and what came of it; the text of a page stands with its entry.
CREATE TABLE articles (
    entry_id TEXT PRIMARY KEY REFERENCES entries (id) ON DELETE CASCADE,
    owed_at TEXT NOT NULL,
    next_attempt_at TEXT,
    attempts INTEGER NOT NULL DEFAULT 0 CHECK (attempts >= 0),
    outcome TEXT NOT NULL DEFAULT '' CHECK (outcome IN ('', 'read', 'empty', 'refused', 'failed', 'late')),
    reason TEXT NOT NULL DEFAULT '',
    characters INTEGER NOT NULL DEFAULT 0 CHECK (characters >= 0),
    read_at TEXT
) STRICT;
CREATE INDEX articles_owed ON articles (next_attempt_at) WHERE next_attempt_at IS NOT NULL;

-- What a site's robots.txt says, and when it may be asked for a further page.
CREATE TABLE robots (
    origin TEXT PRIMARY KEY CHECK (origin <> ''),
    read_at TEXT NOT NULL,
    expires_at TEXT NOT NULL,
    next_page_at TEXT,
    allows TEXT NOT NULL CHECK (allows IN ('as it says', 'everything', 'nothing')),
    rules TEXT NOT NULL DEFAULT ''
) STRICT, WITHOUT ROWID;

-- Lines that several pages of a site have in common belong to the site and not to an article.
CREATE TABLE page_lines (
    site TEXT NOT NULL,
    line TEXT NOT NULL,
    pages INTEGER NOT NULL CHECK (pages >= 1),
    last_at TEXT NOT NULL,
    PRIMARY KEY (site, line)
) STRICT, WITHOUT ROWID;
CREATE INDEX page_lines_by_time ON page_lines (last_at);

DROP VIEW coverage;
DROP VIEW feed_health;

-- A feed can fail while every poll succeeds: a document that breaks off, a page that nobody feeds any more. Silence is
-- measured up to the last good answer, so that a watch that was switched off blames no feed.
CREATE VIEW feed_health AS
WITH facts AS MATERIALIZED (
    SELECT
        f.*,
        f.paused <> '' AND coalesce(f.paused_until > strftime('%Y-%m-%dT%H:%M:%SZ', 'now'), 1) AS is_paused,
        -- A turn that came during a pause is late from its end.
        max(coalesce(f.next_poll_at, f.added_at), coalesce(f.paused_until, ''))
        < strftime('%Y-%m-%dT%H:%M:%SZ', 'now', '-1 day') AS is_overdue,
        (SELECT e.first_seen_at FROM entries AS e WHERE e.feed_url = f.url ORDER BY e.seq DESC LIMIT 1) AS last_new_at,
        coalesce(
            (SELECT p.damage FROM fetches AS p WHERE p.feed_url = f.url AND p.fetched_at = f.last_full_at), ''
        ) AS damage
    FROM feeds AS f
),
judged AS MATERIALIZED (
    SELECT
        *,
        CASE
            WHEN configured = 0 THEN ''
            WHEN is_paused THEN 'paused'
            WHEN disabled <> '' THEN 'disabled'
            WHEN failures > 0 THEN 'failing'
            WHEN is_overdue THEN 'overdue'
            WHEN last_gap_at >= strftime('%Y-%m-%dT%H:%M:%SZ', last_ok_at, '-7 days') THEN 'gap'
            WHEN damage LIKE '%cut off: %' OR damage LIKE '%not well-formed: %' OR damage LIKE '%entries beyond%'
                OR damage LIKE '%items are no objects%' THEN 'damaged'
            WHEN kind NOT IN ('opml', 'site') AND format <> 'sitemap index'
                AND coalesce(last_new_at, added_at) < strftime('%Y-%m-%dT%H:%M:%SZ', last_ok_at, '-30 days')
                AND NOT EXISTS (
                    SELECT 1 FROM sightings AS s
                    WHERE s.feed_url = facts.url
                    AND s.seen_at >= strftime('%Y-%m-%dT%H:%M:%SZ', facts.last_ok_at, '-30 days')
                ) THEN 'silent'
            ELSE ''
        END AS problem
    FROM facts
)
SELECT
    CASE
        WHEN configured = 0 THEN 'not configured'
        WHEN problem IN ('paused', 'disabled', 'failing') THEN problem
        WHEN last_polled_at IS NULL THEN 'not polled yet'
        WHEN problem = 'overdue' THEN problem
        ELSE 'ok'
    END AS status,
    failures,
    coalesce(last_ok_at, '') AS last_ok_at,
    coalesce(next_poll_at, '') AS next_poll_at,
    title,
    url,
    coalesce(error_kind, '') AS error_kind,
    error,
    CASE WHEN is_paused THEN paused ELSE disabled END AS disabled,
    problem,
    CASE problem
        WHEN '' THEN ''
        WHEN 'gap' THEN last_gap_at
        WHEN 'damaged' THEN last_full_at
        WHEN 'silent' THEN coalesce(last_new_at, added_at)
        ELSE coalesce(last_ok_at, added_at)
    END AS since,
    CASE problem
        WHEN 'paused' THEN paused || CASE WHEN disabled = '' THEN '' ELSE '; ' || disabled END
        WHEN 'disabled' THEN disabled
        WHEN 'failing' THEN
            CASE WHEN last_ok_at IS NULL THEN 'has never answered well: ' ELSE '' END || error
        WHEN 'overdue' THEN
            CASE
                WHEN last_polled_at IS NULL THEN 'no run has polled it since it was added'
                ELSE 'its turn came at ' || coalesce(next_poll_at, added_at) || ', and no run has taken it'
            END
        WHEN 'gap' THEN 'published more between two polls than its document holds: entries are probably lost'
        WHEN 'damaged' THEN 'its last document is not whole: ' || damage
        WHEN 'silent' THEN 'answers, but has brought nothing new for over 30 days'
        ELSE CASE WHEN damage = '' THEN '' ELSE 'nothing is lost, but its last document was odd: ' || damage END
    END AS reason,
    coalesce(failing_since, '') AS failing_since,
    coalesce(last_polled_at, '') AS last_polled_at,
    coalesce(last_new_at, '') AS last_new_at,
    publisher,
    tier,
    CASE WHEN is_paused THEN coalesce(paused_until, '') ELSE '' END AS paused_until,
    source,
    kind,
    listed_by
FROM judged
ORDER BY
    CASE WHEN configured = 0 THEN 3 WHEN problem IN ('disabled', 'failing') THEN 0 WHEN problem <> '' THEN 1 ELSE 2 END,
    failures DESC,
    url;

CREATE VIEW coverage AS
SELECT
    problem,
    since,
    failures,
    title,
    url,
    reason,
    last_ok_at,
    failing_since,
    last_new_at,
    publisher,
    tier
FROM feed_health
WHERE problem <> ''
ORDER BY since, url;

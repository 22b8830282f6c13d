-- What people ask by time: the alerts of a day, what was edited last.
CREATE INDEX alerts_by_time ON alerts (created_at);
CREATE INDEX revisions_by_time ON revisions (replaced_at);

DROP VIEW coverage;
DROP VIEW feed_health;
DROP VIEW company_pairs;
DROP VIEW story_list;
DROP VIEW hit_list;

-- The plan is forced: left to itself, SQLite may begin at the companies and sort every hit to show twenty.
CREATE VIEW hit_list AS
SELECT
    h.published_at,
    c.name AS company,
    CAST(round(h.score) AS INTEGER) AS score,
    CAST(round(h.salience) AS INTEGER) AS salience,
    coalesce(h.relation, '') AS relation,
    coalesce(nullif(e.publisher, ''), nullif(f.publisher, ''), f.title) AS publisher,
    e.title,
    h.evidence,
    coalesce(h.story_id, '') AS story,
    e.url,
    h.company_id,
    h.entry_id,
    h.method,
    h.created_at AS found_at,
    e.date_kind,
    coalesce(nullif(e.language, ''), f.language) AS language,
    f.tier,
    e.feed_url,
    h.story_id
FROM hits AS h
CROSS JOIN entries AS e ON e.id = h.entry_id
CROSS JOIN companies AS c ON c.id = h.company_id
CROSS JOIN feeds AS f ON f.url = e.feed_url
WHERE h.state = 'accepted'
ORDER BY h.published_at DESC, h.entry_id DESC, h.company_id DESC;

CREATE VIEW story_list AS
SELECT
    s.last_at,
    s.first_at,
    s.entries,
    (
        SELECT count(DISTINCT coalesce(nullif(e.publisher, ''), nullif(f.publisher, ''), f.url))
        FROM entries AS e CROSS JOIN feeds AS f ON f.url = e.feed_url
        WHERE e.story_id = s.id
    ) AS outlets,
    coalesce(
        (SELECT min(a.sent_at) FROM alerts AS a WHERE a.story_id = s.id),
        (SELECT min(a.state) FROM alerts AS a WHERE a.story_id = s.id),
        ''
    ) AS alerted,
    coalesce(
        (
            SELECT group_concat(name, ', ')
            FROM (
                SELECT c.name FROM story_companies AS sc CROSS JOIN companies AS c ON c.id = sc.company_id
                WHERE sc.story_id = s.id ORDER BY c.name
            )
        ),
        ''
    ) AS companies,
    s.title,
    coalesce(
        (
            SELECT group_concat(publisher, ', ')
            FROM (
                SELECT DISTINCT coalesce(nullif(e.publisher, ''), nullif(f.publisher, ''), f.title) AS publisher
                FROM entries AS e CROSS JOIN feeds AS f ON f.url = e.feed_url
                WHERE e.story_id = s.id ORDER BY publisher
            )
        ),
        ''
    ) AS publishers,
    s.id AS story,
    coalesce(
        (
            SELECT coalesce(nullif(e.publisher, ''), nullif(f.publisher, ''), f.title)
            FROM entries AS e CROSS JOIN feeds AS f ON f.url = e.feed_url
            WHERE e.story_id = s.id ORDER BY e.published_at, e.seq LIMIT 1
        ),
        ''
    ) AS first_outlet,
    coalesce(
        (SELECT e.url FROM entries AS e WHERE e.story_id = s.id ORDER BY e.published_at, e.seq LIMIT 1), ''
    ) AS url
FROM stories AS s
ORDER BY s.last_at DESC, s.seq DESC;

CREATE VIEW company_pairs AS
SELECT
    s.last_at,
    a.name AS company,
    b.name AS with_company,
    s.entries,
    s.title,
    s.id AS story,
    x.company_id AS company_id,
    y.company_id AS with_company_id,
    s.first_at
FROM stories AS s
CROSS JOIN story_companies AS x ON x.story_id = s.id
CROSS JOIN story_companies AS y ON y.story_id = s.id AND y.company_id > x.company_id
CROSS JOIN companies AS a ON a.id = x.company_id
CROSS JOIN companies AS b ON b.id = y.company_id
ORDER BY s.last_at DESC, s.seq DESC, x.company_id, y.company_id;

-- A feed can fail while every poll succeeds: a document that breaks off, a page that nobody feeds any more. Silence is
-- measured up to the last good answer, so that a watch that was switched off blames no feed.
CREATE VIEW feed_health AS
WITH facts AS MATERIALIZED (
    SELECT
        f.*,
        coalesce(f.next_poll_at, f.added_at) < strftime('%Y-%m-%dT%H:%M:%SZ', 'now', '-1 day') AS is_overdue,
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
            WHEN disabled <> '' THEN 'disabled'
            WHEN failures > 0 THEN 'failing'
            WHEN is_overdue THEN 'overdue'
            WHEN damage LIKE '%cut off: %' OR damage LIKE '%not well-formed: %' OR damage LIKE '%entries beyond%'
                OR damage LIKE '%items are no objects%' THEN 'damaged'
            WHEN coalesce(last_new_at, added_at) < strftime('%Y-%m-%dT%H:%M:%SZ', last_ok_at, '-30 days')
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
        WHEN problem IN ('disabled', 'failing') THEN problem
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
    disabled,
    problem,
    CASE problem
        WHEN '' THEN ''
        WHEN 'damaged' THEN last_full_at
        WHEN 'silent' THEN coalesce(last_new_at, added_at)
        ELSE coalesce(last_ok_at, added_at)
    END AS since,
    CASE problem
        WHEN 'disabled' THEN disabled
        WHEN 'failing' THEN
            CASE WHEN last_ok_at IS NULL THEN 'has never answered well: ' ELSE '' END || error
        WHEN 'overdue' THEN
            CASE
                WHEN last_polled_at IS NULL THEN 'no run has polled it since it was added'
                ELSE 'its turn came at ' || coalesce(next_poll_at, added_at) || ', and no run has taken it'
            END
        WHEN 'damaged' THEN 'its last document is not whole: ' || damage
        WHEN 'silent' THEN 'answers, but has brought nothing new for over 30 days'
        ELSE CASE WHEN damage = '' THEN '' ELSE 'nothing is lost, but its last document was odd: ' || damage END
    END AS reason,
    coalesce(failing_since, '') AS failing_since,
    coalesce(last_polled_at, '') AS last_polled_at,
    coalesce(last_new_at, '') AS last_new_at,
    publisher,
    tier
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

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
    h.entry_id
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
        FROM entries AS e JOIN feeds AS f ON f.url = e.feed_url
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
                SELECT c.name FROM story_companies AS sc JOIN companies AS c ON c.id = sc.company_id
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
                FROM entries AS e JOIN feeds AS f ON f.url = e.feed_url
                WHERE e.story_id = s.id ORDER BY publisher
            )
        ),
        ''
    ) AS publishers,
    s.id AS story
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
    y.company_id AS with_company_id
FROM stories AS s
JOIN story_companies AS x ON x.story_id = s.id
JOIN story_companies AS y ON y.story_id = s.id AND y.company_id > x.company_id
JOIN companies AS a ON a.id = x.company_id
JOIN companies AS b ON b.id = y.company_id
ORDER BY s.last_at DESC, s.seq DESC, x.company_id, y.company_id;

CREATE VIEW feed_health AS
SELECT
    CASE
        WHEN configured = 0 THEN 'not configured'
        WHEN disabled <> '' THEN 'disabled'
        WHEN failures > 0 THEN 'failing'
        WHEN last_polled_at IS NULL THEN 'not polled yet'
        WHEN next_poll_at < strftime('%Y-%m-%dT%H:%M:%SZ', 'now', '-1 day') THEN 'overdue'
        ELSE 'ok'
    END AS status,
    failures,
    coalesce(last_ok_at, '') AS last_ok_at,
    coalesce(next_poll_at, '') AS next_poll_at,
    title,
    url,
    coalesce(error_kind, '') AS error_kind,
    error,
    disabled
FROM feeds
ORDER BY
    CASE WHEN configured = 0 THEN 2 WHEN disabled <> '' OR failures > 0 THEN 0 ELSE 1 END,
    failures DESC,
    url;

CREATE VIEW coverage AS
SELECT
    CASE
        WHEN disabled <> '' THEN 'disabled'
        WHEN failures > 0 THEN 'failing'
        ELSE 'overdue'
    END AS problem,
    coalesce(last_ok_at, added_at) AS since,
    failures,
    title,
    url,
    CASE WHEN disabled <> '' THEN disabled ELSE error END AS reason
FROM feeds
WHERE configured = 1
AND (
    disabled <> ''
    OR failures > 0
    OR coalesce(next_poll_at, added_at) < strftime('%Y-%m-%dT%H:%M:%SZ', 'now', '-1 day')
)
ORDER BY since, url;

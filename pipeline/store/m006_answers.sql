-- What people ask by time: the alerts of a day, what was edited last.
CREATE INDEX alerts_by_time ON alerts (created_at);
CREATE INDEX revisions_by_time ON revisions (replaced_at);

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

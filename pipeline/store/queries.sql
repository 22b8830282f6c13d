-- Named blocks, read by queries.py. `texts` and `hashes` are JSON lists; values are always bound.

-- name: company_upsert
INSERT INTO companies (id, name, aliases, tickers, domains, context, exclude, tags, added_at, changed_at)
VALUES (:id, :name, :aliases, :tickers, :domains, :context, :exclude, :tags, :now, :now)
ON CONFLICT (id) DO UPDATE SET
    name = excluded.name, aliases = excluded.aliases, tickers = excluded.tickers, domains = excluded.domains,
    context = excluded.context, exclude = excluded.exclude, tags = excluded.tags, tracked = 1,
    changed_at = excluded.changed_at
WHERE (name, aliases, tickers, domains, context, exclude, tags, tracked) IS NOT (
    excluded.name, excluded.aliases, excluded.tickers, excluded.domains,
    excluded.context, excluded.exclude, excluded.tags, 1
);

-- name: companies_dropped
UPDATE companies SET tracked = 0, changed_at = :now
WHERE tracked = 1 AND id NOT IN (SELECT value FROM json_each(:texts));

-- name: feed_upsert
-- A title or language that the configuration leaves open stays as the feed told it.
INSERT INTO feeds (url, title, publisher, language, tier, tags, source, kind, listed_by, fulltext, added_at)
VALUES (:url, :title, :publisher, :language, :tier, :tags, :source, :kind, :listed_by, :fulltext, :now)
ON CONFLICT (url) DO UPDATE SET
    title = coalesce(nullif(excluded.title, ''), title), publisher = excluded.publisher,
    language = coalesce(nullif(excluded.language, ''), language), tier = excluded.tier, tags = excluded.tags,
    source = excluded.source, kind = excluded.kind, listed_by = '', fulltext = excluded.fulltext, configured = 1
WHERE (title, publisher, language, tier, tags, source, kind, listed_by, fulltext, configured) IS NOT (
    coalesce(nullif(excluded.title, ''), title), excluded.publisher,
    coalesce(nullif(excluded.language, ''), language), excluded.tier, excluded.tags, excluded.source, excluded.kind,
    '', excluded.fulltext, 1
);

-- name: feed_add
INSERT INTO feeds (url, title, publisher, language, tier, tags, source, kind, listed_by, fulltext, added_at)
VALUES (:url, :title, :publisher, :language, :tier, :tags, :source, :kind, :listed_by, :fulltext, :now)
ON CONFLICT (url) DO UPDATE SET configured = 1, source = excluded.source WHERE configured = 0;

-- name: feeds_dropped
-- What a list brought goes with the list.
UPDATE feeds SET configured = 0
WHERE configured = 1 AND source <> 'cli' AND url NOT IN (SELECT value FROM json_each(:texts))
AND listed_by NOT IN (SELECT value FROM json_each(:texts));

-- name: feeds_of_list
SELECT url FROM feeds
WHERE listed_by = :list AND configured = 1 AND substr(disabled, 1, length(:left)) <> :left ORDER BY url;

-- name: feed_listed
-- Only what nobody else wants in turn is taken over. A feed that had left this list comes back as it was.
INSERT INTO feeds (url, title, publisher, language, tier, tags, source, kind, listed_by, fulltext, added_at)
VALUES (:url, :title, :publisher, :language, :tier, :tags, :source, :kind, :listed_by, :fulltext, :now)
ON CONFLICT (url) DO UPDATE SET
    title = coalesce(nullif(excluded.title, ''), title), publisher = excluded.publisher,
    language = coalesce(nullif(excluded.language, ''), language), tier = excluded.tier, tags = excluded.tags,
    source = excluded.source, kind = excluded.kind, listed_by = excluded.listed_by, fulltext = excluded.fulltext,
    configured = 1, disabled = iif(substr(disabled, 1, length(:left)) = :left, '', disabled),
    next_poll_at = iif(substr(disabled, 1, length(:left)) = :left, NULL, next_poll_at)
WHERE configured = 0 OR listed_by = excluded.listed_by OR substr(disabled, 1, length(:left)) = :left;

-- name: listings_note
INSERT INTO listings (list, feed) VALUES (:listed_by, :url) ON CONFLICT DO NOTHING;

-- name: listings_forget
DELETE FROM listings WHERE list = :list AND feed IN (SELECT value FROM json_each(:texts));

-- name: listings_drop
DELETE FROM listings WHERE list NOT IN (SELECT value FROM json_each(:texts));

-- name: feeds_change_lists
-- What a list has that is gone, or that names it no more, is in turn for another list that does.
UPDATE feeds SET listed_by = (SELECT list FROM listings WHERE feed = feeds.url ORDER BY list LIMIT 1)
WHERE listed_by <> '' AND NOT EXISTS (SELECT 1 FROM listings WHERE feed = feeds.url AND list = feeds.listed_by)
AND EXISTS (SELECT 1 FROM listings WHERE feed = feeds.url);

-- name: feeds_unlist
UPDATE feeds SET
    disabled = iif(:words = '', disabled, :words), next_poll_at = iif(:words = '', next_poll_at, NULL),
    configured = iif(:words = '', 0, configured)
WHERE listed_by = :list AND url IN (SELECT value FROM json_each(:texts));

-- name: feed_known
INSERT INTO feeds (url, title, publisher, language, tier, tags, source, kind, listed_by, fulltext, added_at)
VALUES (:url, :title, :publisher, :language, :tier, :tags, :source, :kind, :listed_by, :fulltext, :now) ON CONFLICT (url) DO NOTHING;

-- name: feed_state
UPDATE feeds SET
    title = coalesce(nullif(title, ''), :title), language = coalesce(nullif(language, ''), :language),
    site_url = coalesce(nullif(:site_url, ''), site_url), format = coalesce(nullif(:format, ''), format),
    current_url = :current_url, etag = :etag, last_modified = :last_modified, body_hash = :body_hash,
    status = :status, failures = :failures, failing_since = :failing_since, error_kind = :error_kind, error = :error,
    last_polled_at = :last_polled_at, last_ok_at = :last_ok_at, last_full_at = :last_full_at,
    interval_s = :interval_s, next_poll_at = :next_poll_at, disabled = :disabled, hints = :hints,
    answered_url = :answered_url, asked_as = :asked_as, moved_to = :moved_to, moved_since = :moved_since,
    moved_polls = :moved_polls, squeeze = :squeeze, last_gap_at = :last_gap_at
WHERE url = :url;

-- name: feeds_due
SELECT * FROM feeds
WHERE configured = 1 AND (paused = '' OR paused_until <= :now)
AND (:texts IS NULL OR url IN (SELECT value FROM json_each(:texts)))
AND (
    disabled = '' AND (next_poll_at IS NULL OR next_poll_at <= :now OR next_poll_at > :absurd)
    OR disabled = :gone AND next_poll_at <= :now
)
ORDER BY next_poll_at, url LIMIT :limit;

-- name: feeds_polled
SELECT * FROM feeds
WHERE configured = 1 AND disabled = '' AND (paused = '' OR paused_until <= :now) ORDER BY next_poll_at, url;

-- name: feeds_named
SELECT * FROM feeds WHERE url IN (SELECT value FROM json_each(:texts));

-- name: feeds_forget_moves
UPDATE feeds SET moved_to = '', moved_since = NULL, moved_polls = 0
WHERE url IN (SELECT value FROM json_each(:texts));

-- name: host_rest
INSERT INTO hosts (host, asked_at, rests_until) VALUES (:host, :now, :until)
ON CONFLICT (host) DO UPDATE SET asked_at = excluded.asked_at, rests_until = excluded.rests_until;

-- name: hosts_rested
DELETE FROM hosts WHERE rests_until <= :now OR rests_until > :absurd;

-- name: hosts_resting
SELECT host, rests_until FROM hosts WHERE rests_until > :now AND rests_until <= :absurd;

-- name: feed_postpone
UPDATE feeds SET next_poll_at = :next_poll_at WHERE url = :url;

-- name: feeds_configured
SELECT url FROM feeds WHERE configured = 1 AND url IN (SELECT value FROM json_each(:texts));

-- name: feeds_paused
SELECT url, paused_until FROM feeds
WHERE paused <> '' AND coalesce(paused_until > :now, 1) AND url IN (SELECT value FROM json_each(:texts));

-- name: feeds_pause
UPDATE feeds SET paused = :words, paused_until = :until WHERE url IN (SELECT value FROM json_each(:texts));

-- name: feeds_enable
-- What it was retired for is forgotten too: the next run asks the server anew. A feed that left its list is wanted by
-- itself from now on.
UPDATE feeds SET
    source = iif(substr(disabled, 1, length(:left)) = :left, 'cli', source),
    listed_by = iif(substr(disabled, 1, length(:left)) = :left, '', listed_by),
    paused = '', paused_until = NULL, disabled = '', next_poll_at = :now
WHERE configured = 1 AND url IN (SELECT value FROM json_each(:texts));

-- name: feeds_remove
UPDATE feeds SET configured = 0, paused = '', paused_until = NULL
WHERE url IN (SELECT value FROM json_each(:texts));

-- name: feed_names
SELECT
    url, title, source, kind, listed_by, tags, language, configured, disabled, coalesce(nullif(current_url, ''), url) AS current_url,
    CASE WHEN coalesce(paused_until > :now, 1) THEN paused ELSE '' END AS paused
FROM feeds ORDER BY configured DESC, url;

-- name: feed_entry_counts
SELECT
    value AS url,
    (SELECT count(*) FROM entries WHERE feed_url = value)
    + (SELECT count(*) FROM sightings WHERE feed_url = value) AS entries
FROM json_each(:texts);

-- name: fetch_insert
INSERT INTO fetches (
    feed_url, fetched_at, run_id, outcome, status, error_kind, error, entries, new, edited, bytes, elapsed_s, damage,
    gap, conditional
) VALUES (
    :feed_url, :fetched_at, :run_id, :outcome, :status, :error_kind, :error, :entries, :new, :edited, :bytes,
    :elapsed_s, :damage, :gap, :conditional
) ON CONFLICT DO NOTHING;

-- name: entry_insert
-- Of no other statement are there so many: values are bound by their place, which takes half the time.
INSERT INTO entries (
    id, feed_url, published_at, date_kind, updated_at, first_seen_at, last_seen_at, content_hash,
    language, publisher, author, guid, url, canonical_url, title, text, html, cjk
) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (id) DO NOTHING;

-- name: entry_key_insert
-- A key belongs to the entry that had it first, and falls to the next one when that entry was forgotten.
INSERT INTO entry_keys (key, entry_id) VALUES (?, ?) ON CONFLICT (key) DO UPDATE SET entry_id = excluded.entry_id
WHERE NOT EXISTS (SELECT 1 FROM entries WHERE id = entry_keys.entry_id);

-- name: revision_insert
INSERT INTO revisions (entry_id, replaced_at, content_hash, title, text)
SELECT id, :now, content_hash, title, text FROM entries WHERE id = :id AND content_hash <> :content_hash
ON CONFLICT DO NOTHING;

-- name: entry_edit
-- The date stays: hits, stories and the no-flood rule were decided by it.
UPDATE entries SET
    title = :title, text = :text, html = :html, cjk = :cjk, content_hash = :content_hash, author = :author,
    url = :url, canonical_url = :canonical_url, updated_at = coalesce(:updated_at, updated_at), last_seen_at = :now
WHERE id = :id AND content_hash <> :content_hash;

-- name: revisions_trim
DELETE FROM revisions WHERE entry_id = :id AND rowid NOT IN (
    SELECT rowid FROM revisions WHERE entry_id = :id ORDER BY replaced_at DESC, rowid DESC LIMIT :kept
);

-- name: sighting_insert
INSERT INTO sightings (entry_id, feed_url, guid, url, seen_at)
SELECT :entry_id, :feed_url, :guid, :url, :now
WHERE NOT EXISTS (SELECT 1 FROM entries WHERE id = :entry_id AND feed_url = :feed_url)
ON CONFLICT DO NOTHING;

-- name: entries_seen
UPDATE entries SET last_seen_at = :now
WHERE id IN (SELECT value FROM json_each(:texts)) AND (last_seen_at < :day_ago OR last_seen_at > :day_ahead);

-- name: story_insert
INSERT INTO stories (id, title, first_at, last_at)
SELECT :story_id, coalesce(nullif(title, ''), substr(text, 1, 80)), published_at, published_at
FROM entries WHERE id IN (:story_id, :entry_id) ORDER BY id = :story_id DESC LIMIT 1
ON CONFLICT (id) DO NOTHING;

-- name: placement_upsert
INSERT INTO placements (
    entry_id, article_id, story_id, relation, rule, partner, score, features, companies, placed_at
) VALUES (
    :entry_id, :article_id, :story_id, :relation, :rule, :partner, :score, :features, :companies, :now
) ON CONFLICT (entry_id) DO UPDATE SET
    article_id = excluded.article_id, story_id = excluded.story_id, relation = excluded.relation,
    rule = excluded.rule, partner = excluded.partner, score = excluded.score, features = excluded.features,
    companies = excluded.companies, placed_at = excluded.placed_at
WHERE (article_id, story_id, relation, rule, partner, score, features, companies) IS NOT (
    excluded.article_id, excluded.story_id, excluded.relation, excluded.rule, excluded.partner, excluded.score,
    excluded.features, excluded.companies
);

-- name: entry_place
UPDATE entries SET article_id = :article_id, story_id = :story_id, relation = :relation WHERE id = :entry_id;

-- name: hits_place
UPDATE hits SET story_id = :story_id, relation = :relation WHERE entry_id = :entry_id;

-- name: story_refresh
UPDATE stories SET (entries, first_at, last_at) = (
    SELECT count(*), coalesce(min(published_at), first_at), coalesce(max(published_at), last_at)
    FROM entries WHERE story_id = stories.id
) WHERE id = ?;

-- name: story_company_insert
INSERT INTO story_companies (story_id, company_id, last_at)
SELECT id, :company_id, last_at FROM stories WHERE id = :story_id ON CONFLICT DO NOTHING;

-- name: story_companies_refresh
UPDATE story_companies SET last_at = (SELECT last_at FROM stories WHERE id = story_id) WHERE story_id = ?;

-- name: story_terms_of
SELECT s.id, s.seq, coalesce(t.terms, '{}') AS terms
FROM json_each(:texts) AS asked
CROSS JOIN stories AS s ON s.id = asked.value
LEFT JOIN story_terms AS t ON t.story = s.seq;

-- name: story_terms_write
INSERT INTO story_terms (story, terms) VALUES (?, ?) ON CONFLICT DO UPDATE SET terms = excluded.terms;

-- name: terms_count
-- By how many stories more a term is told, or fewer.
INSERT INTO terms VALUES (?1, max(0, ?2)) ON CONFLICT DO UPDATE SET stories = max(0, stories + ?2);

-- name: stories_by_id
SELECT id FROM stories WHERE id IN (SELECT value FROM json_each(:texts)) ORDER BY first_at, id;

-- name: merge_companies
INSERT INTO story_companies (story_id, company_id, last_at)
SELECT :story_id, company_id, last_at FROM story_companies WHERE story_id = :other_id ON CONFLICT DO NOTHING;

-- name: merge_opener
UPDATE placements SET relation = 'same_story', rule = :rule, partner = :story_id, score = :score, features = '[]'
WHERE entry_id = :other_id AND relation = 'new';

-- name: merge_placements
UPDATE placements SET merged_from = CASE merged_from WHEN '' THEN :other_id ELSE merged_from END, story_id = :story_id
WHERE story_id = :other_id;

-- name: merge_relations
UPDATE entries SET relation = 'same_story' WHERE story_id = :other_id AND id = :other_id AND relation = 'new';

-- name: merge_alerts_bring
-- What one of the two owes sooner takes along what the other one owes later: they are one story's alerts from now on.
UPDATE alerts INDEXED BY alerts_by_story SET
    digest = o.digest, not_before = o.not_before, next_attempt_at = o.next_attempt_at,
    severity = iif(o.severity = 'urgent', 'urgent', alerts.severity),
    payload = iif(o.severity = 'urgent', json_set(alerts.payload, '$.severity', 'urgent'), alerts.payload)
FROM alerts AS o INDEXED BY alerts_by_story
WHERE alerts.story_id IN (:story_id, :other_id) AND alerts.state = 'pending'
AND alerts.digest <> '' AND alerts.folded_into IS NULL
AND o.story_id IN (:story_id, :other_id) AND o.story_id <> alerts.story_id AND o.channel = alerts.channel
AND o.state = 'pending' AND o.attempts = 0 AND o.folded_into IS NULL AND o.next_attempt_at < alerts.next_attempt_at;

-- name: merge_alerts_owed
-- The older alert counts: what the other story owes a channel that knows of this one is not sent any more.
UPDATE alerts SET state = 'dead', error = 'its story was made one with another that this channel knows'
WHERE story_id = :other_id AND kind = 'story' AND state = 'pending' AND attempts = 0 AND folded_into IS NULL
AND channel IN (SELECT channel FROM alerts WHERE story_id = :story_id AND state <> 'dead');

-- name: split_placements
UPDATE placements SET story_id = :story_id, merged_from = '' WHERE entry_id IN (SELECT value FROM json_each(:texts));

-- name: split_opener
-- Its partner is the story that it was taken out of.
UPDATE placements SET
    relation = 'new', rule = :rule, partner = :from_id, score = 0, features = '[]', placed_at = :now
WHERE entry_id = :story_id;

-- name: split_entries
UPDATE entries SET story_id = :story_id WHERE id IN (SELECT value FROM json_each(:texts));

-- name: split_hits
UPDATE hits SET story_id = :story_id WHERE entry_id IN (SELECT value FROM json_each(:texts));

-- name: split_alerts
UPDATE alerts SET story_id = :story_id
WHERE story_id = :from_id AND entry_id IN (SELECT value FROM json_each(:texts));

-- name: split_companies
INSERT INTO story_companies (story_id, company_id, last_at)
SELECT DISTINCT :story_id, c.value, s.last_at
FROM placements AS p CROSS JOIN json_each(p.companies) AS c CROSS JOIN stories AS s ON s.id = :story_id
WHERE p.story_id = :story_id AND c.value IN (SELECT id FROM companies) ON CONFLICT DO NOTHING;

-- name: story_entries
SELECT e.id, p.article_id, e.published_at, p.merged_from
FROM entries AS e CROSS JOIN placements AS p ON p.entry_id = e.id
WHERE e.story_id = :story_id ORDER BY e.published_at, e.seq;

-- name: placed_entries
SELECT
    e.seq, e.id, e.article_id, e.story_id, e.title, e.text, e.published_at, e.publisher, e.language, p.companies
FROM entries AS e CROSS JOIN placements AS p ON p.entry_id = e.id
WHERE e.story_id IS NOT NULL AND e.seq > :after ORDER BY e.seq LIMIT :limit;

-- name: indexed_stories_old
SELECT seq, last_at AS at FROM stories WHERE last_at > :after AND last_at < :cutoff ORDER BY last_at LIMIT :limit;

-- name: story_terms_forget
DELETE FROM story_terms WHERE story IN (
    SELECT seq FROM stories WHERE last_at > :after AND last_at <= :until
);

-- name: sketches_forget
DELETE FROM sketches WHERE entry IN (
    SELECT seq FROM entries WHERE published_at > :after AND published_at <= :until AND story_id IS NOT NULL
);

-- name: sketches_forget_fresh
DELETE FROM sketches_fresh WHERE entry IN (
    SELECT seq FROM entries WHERE published_at > :after AND published_at <= :until AND story_id IS NOT NULL
);

-- name: indexed_entries_old
SELECT seq, published_at AS at FROM entries
WHERE published_at > :after AND published_at < :cutoff ORDER BY published_at LIMIT :limit;

-- name: sketch_insert
INSERT INTO sketches (hash, entry) VALUES (?, ?) ON CONFLICT DO NOTHING;

-- name: sketch_write
INSERT INTO sketches_fresh (entry, hashes) VALUES (?, ?) ON CONFLICT DO NOTHING;

-- name: sketches_post
INSERT INTO sketches (hash, entry)
SELECT told.value AS hash, fresh.entry FROM sketches_fresh AS fresh CROSS JOIN json_each(fresh.hashes) AS told
WHERE true ORDER BY hash, fresh.entry ON CONFLICT DO NOTHING;

-- name: hit_insert
INSERT INTO hits (
    entry_id, company_id, published_at, score, salience, method, name, found, field, start, "end",
    story_id, relation, rule_version, created_at, evidence, mentions, runner_up
)
SELECT
    asked.id, :company_id, e.published_at, :score, :salience, :method, :name, :found, :field, :start, :end,
    e.story_id, e.relation, :rule_version, :now, :evidence, :mentions, :runner_up
FROM (SELECT :entry_id AS id) AS asked LEFT JOIN entries AS e ON e.id = asked.id WHERE true
ON CONFLICT (entry_id, company_id) DO NOTHING;

-- name: hit_update
-- The state stays: what a person rejected is not accepted again by a new rule.
UPDATE hits SET
    score = :score, salience = :salience, method = :method, name = :name, found = :found, field = :field,
    start = :start, "end" = :end, rule_version = :rule_version, evidence = :evidence, mentions = :mentions,
    runner_up = :runner_up
WHERE entry_id = :entry_id AND company_id = :company_id
AND (score, salience, rule_version, mentions, runner_up)
IS NOT (:score, :salience, :rule_version, :mentions, :runner_up);

-- name: hits_withdraw
-- Of a company that is no longer tracked nothing was looked for, so nothing can be missing.
DELETE FROM hits
WHERE entry_id = :entry_id AND state <> 'rejected' AND company_id NOT IN (SELECT value FROM json_each(:texts))
AND company_id IN (SELECT id FROM companies WHERE tracked = 1);

-- name: story_companies_extend
INSERT INTO story_companies (story_id, company_id, last_at)
SELECT s.id, h.company_id, s.last_at FROM hits AS h CROSS JOIN stories AS s ON s.id = h.story_id
WHERE h.entry_id = ? AND h.state = 'accepted' ON CONFLICT DO NOTHING;

-- name: placement_companies_extend
-- A company that an edit took out stays: it was one of those that the place was decided by.
UPDATE placements SET companies = (
    SELECT json_group_array(company) FROM (
        SELECT value AS company FROM json_each(placements.companies)
        UNION SELECT company_id FROM hits WHERE entry_id = placements.entry_id ORDER BY company
    )
) WHERE entry_id = ?;

-- name: alert_insert
-- A story that took in another one is known where that one was told: the alert came with it, under its own id.
INSERT INTO alerts (
    id, channel, rule, kind, story_id, entry_id, severity, created_at, not_before, next_attempt_at, digest, payload
) SELECT
    :id, :channel, :rule, :kind, :story_id, :entry_id, :severity, :created_at, :not_before, :not_before, :digest,
    :payload
WHERE NOT EXISTS (
    SELECT 1 FROM alerts AS a JOIN placements AS p ON p.entry_id = a.entry_id
    WHERE a.story_id = :story_id AND a.channel = :channel AND a.kind = 'story' AND :kind = 'story'
    AND p.merged_from <> ''
) AND NOT EXISTS (
    -- A story that a person took out of another one was told with it.
    SELECT 1 FROM placements AS o JOIN alerts AS a ON a.story_id IN (o.partner, o.entry_id)
    WHERE o.entry_id = :story_id AND o.rule = 'split_by_hand' AND a.channel = :channel AND a.created_at <= o.placed_at
    AND a.kind = 'story' AND :kind = 'story'
) ON CONFLICT (id) DO NOTHING;

-- name: alerts_bring
-- What is told sooner than what its story owed before takes that along: a story's alerts go out in their order.
UPDATE alerts INDEXED BY alerts_by_story SET
    digest = :digest, not_before = :not_before, next_attempt_at = :not_before
WHERE story_id = :story_id AND channel = :channel AND state = 'pending' AND id <> :id
AND digest <> '' AND folded_into IS NULL AND next_attempt_at > :not_before;

-- name: fixed_insert
INSERT INTO alerts (
    id, channel, rule, kind, story_id, entry_id, severity, created_at, not_before, next_attempt_at, is_fixed, payload
) VALUES (
    :id, :channel, :rule, :kind, :story_id, :entry_id, :severity, :created_at, :not_before, :next_attempt_at, 1,
    :payload
) ON CONFLICT (id) DO NOTHING;

-- name: warning_insert
-- One warning about a channel and day; until it is sent it counts what it is about.
INSERT INTO alerts (
    id, channel, rule, kind, story_id, entry_id, severity, created_at, not_before, next_attempt_at, payload
) VALUES (
    :id, :channel, :rule, :kind, :story_id, :entry_id, :severity, :created_at, :not_before, :not_before, :payload
) ON CONFLICT (id) DO UPDATE SET payload = json_set(payload, '$.count', json_extract(payload, '$.count') + 1)
WHERE is_fixed = 0;

-- name: known
SELECT k.key, e.id, e.feed_url, e.canonical_url, e.title, e.content_hash, e.published_at, e.story_id
FROM json_each(:texts) AS asked
CROSS JOIN entry_keys AS k ON k.key = asked.value
CROSS JOIN entries AS e ON e.id = k.entry_id;

-- name: parameters_decided
-- Of one host: of a list of them SQLite would read the whole view.
SELECT name, verdict = 'tracking' AS is_tracking FROM parameter_list WHERE host = :host AND verdict <> 'undecided';

-- name: parameter_clue
-- One pair against it is enough, and stays. Of pairs for it so many are kept as are needed, one of each article.
INSERT INTO parameters (host, name, address, is_same, one, other, noted_at)
SELECT :host, :name, :address, :is_same, :one, :other, :now
WHERE NOT EXISTS (
    SELECT 1 FROM parameters WHERE host = :host AND name = :name AND address <> '' AND is_same = 0
) AND (
    :is_same = 0 OR (SELECT count(*) FROM parameters WHERE host = :host AND name = :name AND address <> '') < :enough
) AND (
    EXISTS (SELECT 1 FROM parameters WHERE host = :host AND name = :name)
    OR (SELECT count(DISTINCT name) FROM parameters WHERE host = :host) < :names
)
ON CONFLICT (host, name, address) DO UPDATE SET
    is_same = excluded.is_same, one = excluded.one, other = excluded.other, noted_at = excluded.noted_at
WHERE excluded.is_same = 0;

-- name: parameter_judge
INSERT INTO parameters (host, name, address, is_same, one, other, noted_at)
VALUES (:host, :name, '', :is_same, '', '', :now)
ON CONFLICT (host, name, address) DO UPDATE SET is_same = excluded.is_same, noted_at = excluded.noted_at;

-- name: parameters_shown
SELECT * FROM parameter_list WHERE :host = '' OR host = :host ORDER BY host, name;

-- name: parameter_pairs
SELECT is_same, one, other, noted_at FROM parameters
WHERE host = :host AND name = :name AND address <> '' ORDER BY is_same, noted_at, address;

-- name: parameters_old
SELECT 1 FROM parameter_list WHERE verdict = 'undecided' AND noted_at < :cutoff LIMIT 1;

-- name: parameters_forget
-- What was decided stays; a pair or two that never became enough are no longer waited for.
DELETE FROM parameters WHERE (host, name) IN (
    SELECT host, name FROM parameter_list WHERE verdict = 'undecided' AND noted_at < :cutoff
);

-- name: twins_by_date
SELECT e.id, e.feed_url, e.canonical_url, e.title, e.content_hash, e.published_at, e.story_id
FROM json_each(:texts) AS asked
CROSS JOIN entries AS e INDEXED BY entries_by_time ON e.published_at = asked.value
WHERE e.feed_url = :feed_url ORDER BY e.seq;

-- name: twins_by_content
SELECT id, feed_url, canonical_url, title, content_hash, published_at, story_id
FROM entries INDEXED BY entries_by_feed
WHERE feed_url = :feed_url AND content_hash IN (SELECT value FROM json_each(:texts)) ORDER BY seq;

-- name: sharers
-- Asked for each hit, so without a JSON list, which takes half as long again.
WITH asked (hash) AS (VALUES (?))
SELECT s.hash, s.entry FROM asked CROSS JOIN sketches AS s ON s.hash = asked.hash LIMIT ?;

-- name: sharers_of
-- Where ``sharers`` are very many: those of one hash, but of boilerplate only as many as show that it is.
SELECT hash, entry FROM sketches WHERE hash = ? LIMIT ?;

-- name: sketches_unposted
SELECT entry, hashes FROM sketches_fresh ORDER BY entry, hashes;

-- name: entries_since
SELECT e.id, e.seq FROM json_each(:numbers) AS asked CROSS JOIN entries AS e ON e.seq = asked.value
WHERE e.published_at >= :since ORDER BY e.seq;

-- name: members
SELECT
    e.id, e.article_id, e.story_id, e.title, e.text, e.published_at, e.publisher, e.language, p.companies
FROM json_each(:texts) AS asked
CROSS JOIN entries AS e ON e.id = asked.value
CROSS JOIN placements AS p ON p.entry_id = e.id;

-- name: stories_of_company
SELECT s.id, s.last_at, coalesce(t.terms, '{}') AS terms, (
    SELECT json_group_array(company_id) FROM story_companies WHERE story_id = s.id
) AS companies
FROM story_companies AS c
CROSS JOIN stories AS s ON s.id = c.story_id
LEFT JOIN story_terms AS t ON t.story = s.seq
WHERE c.company_id = :company AND c.last_at >= :since AND c.last_at < :until
ORDER BY c.last_at DESC, c.story_id LIMIT :stories;

-- name: stories_of
SELECT DISTINCT story_id FROM entries
WHERE story_id IS NOT NULL AND id IN (SELECT value FROM json_each(:texts));

-- name: stories_at_hand
SELECT s.id, s.first_at, s.last_at, s.entries, (
    SELECT json_group_array(company_id) FROM story_companies WHERE story_id = s.id
) AS companies
FROM json_each(:texts) AS asked
CROSS JOIN stories AS s ON s.id = asked.value;

-- name: candidates_of_any
-- Of each term only the stories opened last count: stories are numbered in the order in which they were opened. Nothing
-- leads from a term to its stories, so all are read: no run asks this, whose entries are about companies.
WITH asked (term, weight) AS MATERIALIZED (
    SELECT json_extract(value, '$[0]'), json_extract(value, '$[1]') FROM json_each(:weights)
),
postings AS MATERIALIZED (
    SELECT t.story, asked.term, asked.weight, row_number() OVER (PARTITION BY asked.term ORDER BY t.story DESC) AS place
    FROM story_terms AS t CROSS JOIN json_each(t.terms) AS told CROSS JOIN asked ON asked.term = told.key
),
scored AS MATERIALIZED (
    SELECT s.id, s.last_at, round(sum(p.weight), 6) AS score, max(p.term GLOB '[0-9]*' OR p.term GLOB 'd[0-9]*') AS has_number
    FROM postings AS p
    CROSS JOIN stories AS s ON s.seq = p.story
    WHERE p.place <= :postings AND s.last_at >= :since
    GROUP BY s.seq
)
SELECT id FROM scored
WHERE score >= :share * (SELECT max(score) FROM scored) AND (score >= :least OR has_number)
ORDER BY score DESC, last_at DESC, id LIMIT :limit;

-- name: story_heads
SELECT s.id, s.first_at, s.last_at, s.entries, c.company_id
FROM json_each(:texts) AS asked
CROSS JOIN stories AS s ON s.id = asked.value
LEFT JOIN story_companies AS c ON c.story_id = s.id;

-- name: story_members
-- The newest are chosen in the index alone: a story of ten thousand entries must not be read to show sixteen. The entry
-- that opened a story has the story's id.
WITH ranked AS MATERIALIZED (
    SELECT e.seq, row_number() OVER (PARTITION BY e.story_id ORDER BY e.published_at DESC, e.seq DESC) AS place
    FROM entries AS e WHERE e.story_id IN (SELECT value FROM json_each(:texts))
),
shown AS MATERIALIZED (
    SELECT seq FROM ranked WHERE place <= :newest
    UNION
    SELECT e.seq FROM json_each(:texts) AS asked CROSS JOIN entries AS e ON e.id = asked.value AND e.story_id = e.id
)
SELECT
    e.id, e.article_id, e.story_id, e.title, e.text, e.published_at, e.publisher, e.language, p.companies
FROM shown
CROSS JOIN entries AS e ON e.seq = shown.seq
CROSS JOIN placements AS p ON p.entry_id = e.id
ORDER BY e.story_id, e.published_at, e.seq;

-- name: frequencies
SELECT term, stories FROM terms WHERE term = '' OR term IN (SELECT value FROM json_each(:texts));

-- name: told
-- A story is told by the alerts about it and by those that one of its entries leads; the parts of one that a person took
-- apart are told by what was sent before of any. What was dropped untried, since its story became part of another, has
-- told nobody of its rules.
WITH RECURSIVE parts (story_id, part, until) AS (
    SELECT value, value, '9999' FROM json_each(:texts)
    UNION
    SELECT parts.story_id, o.partner, min(parts.until, o.placed_at)
    FROM parts CROSS JOIN placements AS o ON o.entry_id = parts.part AND o.rule = 'split_by_hand'
    UNION
    SELECT parts.story_id, o.entry_id, min(parts.until, o.placed_at)
    FROM parts CROSS JOIN placements AS o ON o.partner = parts.part AND o.rule = 'split_by_hand'
),
about AS (
    SELECT parts.story_id, a.seq
    FROM parts CROSS JOIN alerts AS a ON a.story_id = parts.part AND a.created_at <= parts.until
    UNION
    SELECT p.story_id, a.seq
    FROM json_each(:texts) AS asked
    CROSS JOIN placements AS p ON p.story_id = asked.value
    CROSS JOIN alerts AS a ON a.entry_id = p.entry_id
)
SELECT
    about.story_id, a.channel, a.kind,
    iif(a.state = 'dead' AND a.attempts = 0, NULL, json_extract(a.payload, '$.rules')) AS rules
FROM about CROSS JOIN alerts AS a ON a.seq = about.seq
WHERE a.kind IN ('story', 'update');

-- name: heard_of
SELECT DISTINCT h.company_id
FROM json_each(:companies) AS asked CROSS JOIN hits AS h
    ON h.company_id = asked.value AND h.published_at >= :since
WHERE h.state = 'accepted' AND h.entry_id NOT IN (SELECT value FROM json_each(:entries));

-- name: story_firsts
SELECT
    asked.value AS story_id, coalesce(nullif(e.publisher, ''), nullif(f.publisher, ''), f.title) AS publisher,
    e.title, e.url, e.published_at
FROM json_each(:texts) AS asked
CROSS JOIN entries AS e
    ON e.seq = (SELECT seq FROM entries WHERE story_id = asked.value ORDER BY published_at, seq LIMIT 1)
CROSS JOIN feeds AS f ON f.url = e.feed_url;

-- name: story_outlets
SELECT DISTINCT e.story_id, coalesce(nullif(e.publisher, ''), nullif(f.publisher, ''), f.url) AS outlet
FROM entries AS e CROSS JOIN feeds AS f ON f.url = e.feed_url
WHERE e.story_id IN (SELECT value FROM json_each(:texts));

-- name: story_hits
SELECT story_id, entry_id, company_id, score, salience FROM hits
WHERE story_id IN (SELECT value FROM json_each(:texts)) AND state = 'accepted'
ORDER BY salience DESC, score DESC, entry_id;

-- name: hits_by_key
SELECT h.story_id, h.entry_id, h.company_id, h.score, h.salience, h.mentions, h.rule_version
FROM json_each(:keys) AS asked
CROSS JOIN hits AS h ON h.entry_id = json_extract(asked.value, '$[0]')
    AND h.company_id = json_extract(asked.value, '$[1]')
ORDER BY asked.key;

-- name: owed_channels
-- Channels with an alert that can be sent, and not left alone; only what is due is walked, not all that waits.
WITH RECURSIVE pending (channel) AS (
    SELECT min(channel) FROM alerts WHERE state = 'pending'
    UNION ALL
    SELECT (SELECT min(a.channel) FROM alerts AS a WHERE a.state = 'pending' AND a.channel > pending.channel)
    FROM pending WHERE channel IS NOT NULL
)
SELECT channel FROM pending AS p
WHERE channel IS NOT NULL
AND NOT EXISTS (SELECT 1 FROM circuits WHERE channel = p.channel AND open_until > :now AND open_until <= :absurd)
AND (
    EXISTS (
        SELECT 1 FROM alerts AS a
        WHERE channel = p.channel AND state = 'pending' AND next_attempt_at <= :now
        AND (leased_until IS NULL OR leased_until <= :now OR leased_until > :absurd_lease)
        AND NOT EXISTS (
            SELECT 1 FROM alerts AS b
            WHERE b.story_id = a.story_id AND b.channel = a.channel AND a.story_id <> '' AND b.state = 'pending'
            AND (b.created_at, b.seq) < (a.created_at, a.seq)
        )
    )
    OR EXISTS (SELECT 1 FROM alerts WHERE channel = p.channel AND state = 'pending' AND next_attempt_at > :absurd)
);

-- name: alerts_claimable
-- A story's alerts go out in their order, each only when the one before it on that channel is settled.
SELECT * FROM (
    SELECT * FROM alerts AS a
    WHERE channel = :channel AND state = 'pending' AND next_attempt_at <= :now AND digest = ''
    AND (leased_until IS NULL OR leased_until <= :now OR leased_until > :absurd_lease)
    AND NOT EXISTS (
        SELECT 1 FROM alerts AS b
        WHERE b.story_id = a.story_id AND b.channel = a.channel AND a.story_id <> '' AND b.state = 'pending'
        AND (b.created_at, b.seq) < (a.created_at, a.seq)
    )
    ORDER BY next_attempt_at LIMIT :page
) ORDER BY created_at, seq LIMIT :limit;

-- name: alerts_believe
-- What only a wrong clock can have put off so far is due.
UPDATE alerts SET next_attempt_at = :now, not_before = min(not_before, :now)
WHERE channel = :channel AND state = 'pending' AND next_attempt_at > :absurd;

-- name: alerts_hold
-- What is due goes out later: by itself when it was tried before, else with the others that are held. What is urgent
-- takes along what its story owes before it.
UPDATE alerts SET
    next_attempt_at = :until, not_before = max(not_before, :until),
    digest = iif(digest = '' AND is_fixed = 0 AND kind IN ('story', 'update'), :digest, digest)
WHERE channel = :channel AND state = 'pending' AND next_attempt_at <= :now
AND (leased_until IS NULL OR leased_until <= :now OR leased_until > :absurd_lease)
AND NOT (:urgent_passes AND severity = 'urgent') AND kind <> :spared
AND NOT (:urgent_passes AND story_id <> '' AND EXISTS (
    SELECT 1 FROM alerts AS b INDEXED BY alerts_by_story
    WHERE b.story_id = alerts.story_id AND b.channel = alerts.channel AND b.state = 'pending'
    AND b.severity = 'urgent' AND b.next_attempt_at <= :now
));

-- name: alerts_passed
-- Messages that a channel took since then, or may be taking at this moment; and when the first of them was taken. What
-- was taken later than now was noted while the clock was wrong.
SELECT
    count(*) + (
        SELECT count(*) FROM alerts
        WHERE channel = :channel AND state = 'pending' AND next_attempt_at <= :now
        AND leased_until > :now AND leased_until <= :absurd_lease
    ) AS messages,
    min(sent_at) AS first_at
FROM alerts WHERE channel = :channel AND sent_at > :since AND sent_at <= :at AND folded_into IS NULL;

-- name: digests_due
SELECT DISTINCT digest FROM alerts
WHERE channel = :channel AND state = 'pending' AND digest <> '' AND next_attempt_at <= :now ORDER BY digest;

-- name: digest_members
-- A story's alerts share a digest, in their order; what is behind one that must go out by itself waits for it.
SELECT * FROM alerts AS a
WHERE channel = :channel AND state = 'pending' AND digest = :digest AND next_attempt_at <= :now
AND (leased_until IS NULL OR leased_until <= :now OR leased_until > :absurd_lease)
AND NOT EXISTS (
    SELECT 1 FROM alerts AS b
    WHERE b.story_id = a.story_id AND b.channel = a.channel AND a.story_id <> '' AND b.state = 'pending'
    AND (b.created_at, b.seq) < (a.created_at, a.seq)
    AND (b.digest <> a.digest OR b.next_attempt_at IS NULL OR b.next_attempt_at > :now)
)
ORDER BY created_at, seq LIMIT :limit;

-- name: alert_unfold
UPDATE alerts SET digest = '' WHERE id = :alert_id;

-- name: alerts_fold
UPDATE alerts SET folded_into = :folded_into, next_attempt_at = NULL, leased_until = NULL
WHERE id IN (SELECT value FROM json_each(:texts));

-- name: tellings
-- The most authoritative first.
SELECT coalesce(nullif(e.publisher, ''), nullif(f.publisher, ''), f.title), e.title, e.url
FROM entries AS e CROSS JOIN feeds AS f ON f.url = e.feed_url
WHERE e.story_id = :story_id AND e.id <> :entry_id ORDER BY f.tier, e.published_at, e.seq LIMIT :limit;

-- name: alert_fix
UPDATE alerts SET payload = :payload, is_fixed = 1 WHERE id = :alert_id AND is_fixed = 0;

-- name: alerts_lease
UPDATE alerts SET leased_until = :until WHERE id IN (SELECT value FROM json_each(:texts));

-- name: alerts_release
-- What nobody can have seen may say more when it is tried: more outlets may tell its story by then.
-- One that another sender had in hand before may have been received: it must say the same again.
UPDATE alerts SET leased_until = NULL, is_fixed = is_fixed AND NOT :fresh
WHERE id = :id AND state = 'pending' AND (:lease IS NULL OR leased_until IS :lease);

-- name: delivery_insert
INSERT INTO deliveries (alert_id, attempt, attempted_at, channel, outcome, detail)
VALUES (:alert_id, :attempt, :attempted_at, :channel, :outcome, :detail) ON CONFLICT DO NOTHING;

-- name: alert_settle
-- What was sent stays sent, whatever a late second attempt says. A lease that another sender has by now stays.
UPDATE alerts SET
    attempts = max(attempts, :attempt),
    leased_until = iif(:lease IS NULL OR leased_until IS :lease, NULL, leased_until), error = :error,
    state = :state, sent_at = :sent_at, next_attempt_at = :next_attempt_at
WHERE id = :alert_id AND state <> 'sent';

-- name: members_settle
UPDATE alerts SET
    attempts = max(attempts, :attempt), error = :error, state = :state, sent_at = :sent_at
WHERE folded_into = :alert_id AND state <> 'sent' AND :state <> 'pending';

-- name: circuits
SELECT * FROM circuits;

-- name: circuit_of
SELECT * FROM circuits WHERE channel = :channel AND open_until IS NOT NULL;

-- name: circuit_try
UPDATE circuits SET open_until = :until WHERE channel = :channel;

-- name: circuit_close
DELETE FROM circuits WHERE channel = :channel;

-- name: circuit_note
INSERT INTO circuits (channel, failures, openings, opened_at, open_until, reason)
VALUES (:channel, :failures, :openings, :opened_at, :open_until, :reason)
ON CONFLICT (channel) DO UPDATE SET
    failures = excluded.failures, openings = excluded.openings, opened_at = excluded.opened_at,
    open_until = excluded.open_until, reason = excluded.reason;

-- name: leases_wake
-- Taken while the clock was ahead, a lease would last for as long as the clock was set back. A sender that is still at it
-- sends under the same ids.
UPDATE alerts SET leased_until = NULL WHERE state = 'pending' AND leased_until > :ahead;

-- name: circuits_wake
UPDATE circuits SET open_until = :now WHERE open_until > :now AND opened_at > :ahead;

-- name: alerts_undelivered
-- What went into a digest is not counted beside it.
SELECT count(*) FROM alerts
WHERE state = 'pending' AND folded_into IS NULL AND (not_before <= :now OR not_before > :absurd)
AND (:texts IS NULL OR channel IN (SELECT value FROM json_each(:texts)));

-- name: run_open
INSERT INTO runs (started_at) VALUES (:now) RETURNING id;

-- name: run_close
UPDATE runs SET
    ended_at = :ended_at, took_s = :took_s, feeds = :feeds, due = :due, fetched = :fetched,
    not_modified = :not_modified, failed = :failed, new = :new, edited = :edited, sightings = :sightings, hits = :hits,
    stories = :stories, alerts = :alerts, sent = :sent, undelivered = :undelivered, dead = :dead
WHERE id = :id;

-- name: beat
INSERT INTO heartbeat (id, beat_at) VALUES (1, :now) ON CONFLICT (id) DO UPDATE SET beat_at = excluded.beat_at;

-- name: health_facts
SELECT
    (SELECT beat_at FROM heartbeat) AS beat_at,
    (SELECT started_at FROM runs ORDER BY id LIMIT 1) AS first_run_at,
    count(*) FILTER (WHERE is_polled) AS feeds,
    count(*) FILTER (WHERE is_polled AND failures > 0) AS failing,
    max(last_ok_at) FILTER (WHERE is_polled) AS answered_at,
    coalesce((
        SELECT iif(fetched + not_modified = 0, failed, 0) FROM runs
        WHERE ended_at IS NOT NULL AND due > 0 ORDER BY id DESC LIMIT 1
    ), 0) AS unreached,
    (
        SELECT count(*) FROM alerts
        WHERE state = 'pending' AND folded_into IS NULL AND not_before <= :overdue_since
    ) AS overdue,
    (
        SELECT json_group_array(channel) FROM circuits AS c
        WHERE opened_at <= :overdue_since AND EXISTS (
            SELECT 1 FROM alerts
            WHERE channel = c.channel AND state = 'pending' AND next_attempt_at <= :now AND not_before <= :overdue_since
        )
    ) AS stuck,
    (
        SELECT count(*) FROM alerts AS a
        WHERE a.state = 'dead'
        AND EXISTS (SELECT 1 FROM deliveries AS d WHERE d.alert_id = a.id AND d.attempted_at >= :dead_since)
    ) AS dead
FROM (
    SELECT failures, last_ok_at, configured = 1 AND disabled = '' AND (paused = '' OR paused_until <= :now) AS is_polled FROM feeds
);

-- name: beat_ahead
SELECT beat_at FROM heartbeat WHERE beat_at > ?;

-- name: feeds_wake
UPDATE feeds SET next_poll_at = :now WHERE last_polled_at > :ahead AND next_poll_at > :now;

-- name: alerts_wake
UPDATE alerts SET next_attempt_at = :now
WHERE state = 'pending' AND next_attempt_at > :now AND (
    created_at > :ahead
    OR EXISTS (SELECT 1 FROM deliveries AS d WHERE d.alert_id = alerts.id AND d.attempted_at > :ahead)
);

-- name: feed_states
-- Asked at every scrape: from the feeds alone, and not by the view, which looks into entries and fetches too.
SELECT
    CASE
        WHEN configured = 0 THEN 'not_configured'
        WHEN disabled <> '' OR paused <> '' AND coalesce(paused_until > :now, 1) THEN 'disabled'
        WHEN failures > 0 THEN 'failing'
        WHEN coalesce(next_poll_at, added_at) < :overdue_since THEN 'overdue'
        WHEN last_polled_at IS NULL THEN 'not_polled_yet'
        ELSE 'ok'
    END AS state,
    count(*) AS feeds
FROM feeds GROUP BY 1;

-- name: figures
SELECT
    (
        SELECT count(*) FROM alerts WHERE state = 'pending' AND folded_into IS NULL AND not_before <= :now
    ) AS waiting,
    (SELECT count(*) FROM alerts WHERE state = 'pending' AND folded_into IS NULL AND not_before > :now) AS held,
    (SELECT count(*) FROM alerts WHERE state = 'dead') AS dead,
    (SELECT count(*) FROM circuits WHERE open_until IS NOT NULL) AS circuits,
    (SELECT ended_at FROM runs WHERE ended_at IS NOT NULL ORDER BY id DESC LIMIT 1) AS last_run_at;

-- name: feed_list
SELECT * FROM feed_health;

-- name: company_ids
SELECT id, name FROM companies ORDER BY id;

-- name: hit_list
SELECT * FROM hit_list LIMIT :limit;

-- name: hit_list_of_company
SELECT * FROM hit_list WHERE company_id = :company LIMIT :limit;

-- name: search
SELECT
    e.published_at, coalesce(nullif(e.publisher, ''), nullif(f.publisher, ''), f.title) AS publisher,
    coalesce((
        SELECT group_concat(c.name, ', ') FROM hits AS h CROSS JOIN companies AS c ON c.id = h.company_id
        WHERE h.entry_id = e.id AND h.state = 'accepted'
    ), '') AS companies,
    e.title, e.url, e.id AS entry_id
FROM entries_fts
CROSS JOIN entries AS e ON e.seq = entries_fts.rowid
CROSS JOIN feeds AS f ON f.url = e.feed_url
WHERE entries_fts MATCH :query
ORDER BY e.published_at DESC, e.seq DESC LIMIT :limit;

-- name: entry_pair
SELECT
    e.id, e.title, e.text, e.url, e.guid, e.feed_url AS feed, e.publisher, e.published_at AS published, e.language AS lang,
    p.companies
FROM entries AS e CROSS JOIN placements AS p ON p.entry_id = e.id
WHERE e.id IN (:one, :other) ORDER BY e.published_at, e.seq;

-- name: story_list
SELECT * FROM story_list LIMIT :limit;

-- name: story_explain
SELECT
    e.published_at, coalesce(nullif(e.publisher, ''), nullif(f.publisher, ''), f.title) AS publisher, p.relation, p.rule,
    p.score, e.title, coalesce(o.title, '') AS compared_with, p.features, e.url, e.id AS entry_id, p.article_id, p.partner
FROM entries AS e
CROSS JOIN placements AS p ON p.entry_id = e.id
CROSS JOIN feeds AS f ON f.url = e.feed_url
LEFT JOIN entries AS o ON o.id = p.partner
WHERE e.story_id = :story
ORDER BY e.published_at, e.seq;

-- name: alerts_retry
-- Those of these ids that are not sent, and what is asked for by channel and state. Alerts that were never tried wait
-- for no further attempt; those that were given up untried were not to be sent.
SELECT DISTINCT coalesce(folded_into, id) AS id FROM alerts
WHERE state <> 'sent' AND (
    id IN (SELECT value FROM json_each(:texts))
    OR (:state <> '' AND state = :state AND attempts > 0 AND (:channel = '' OR channel = :channel))
);

-- name: alerts_revive
UPDATE alerts SET
    attempts = iif(state = 'dead', 0, attempts), state = 'pending', digest = '',
    next_attempt_at = :now, not_before = max(not_before, :now)
WHERE state <> 'sent' AND id IN (SELECT value FROM json_each(:texts))
RETURNING id, channel;

-- name: members_revive
UPDATE alerts SET state = 'pending' WHERE state = 'dead' AND folded_into IN (SELECT value FROM json_each(:texts));

-- name: circuit_end
UPDATE circuits SET open_until = min(open_until, :now) WHERE channel = :channel;

-- name: alert_states
SELECT id, state, state = 'pending' AND not_before > :now AS is_held
FROM alerts WHERE id IN (SELECT value FROM json_each(:texts));

-- name: alerts_replayable
-- What was sent, the oldest first; neither what went with a digest, nor what was itself sent again.
SELECT * FROM alerts
WHERE state = 'sent' AND sent_at >= :since AND kind IN ('story', 'update', 'digest') AND folded_into IS NULL
AND (:channel = '' OR channel = :channel) AND json_extract(payload, '$.replay') IS NULL
ORDER BY sent_at, seq;

-- name: replayable_counts
SELECT channel, count(*) AS alerts, min(sent_at) AS first_at, max(sent_at) AS last_at FROM alerts
WHERE state = 'sent' AND sent_at >= :since AND kind IN ('story', 'update', 'digest') AND folded_into IS NULL
AND (:channel = '' OR channel = :channel) AND json_extract(payload, '$.replay') IS NULL
GROUP BY channel ORDER BY channel;

-- name: alert_list
SELECT
    a.created_at, a.state, a.channel, a.attempts, a.rule,
    coalesce(json_extract(a.payload, '$.title'), json_extract(a.payload, '$.count') || ' alerts', '') AS title,
    a.error, a.kind, a.severity, a.sent_at, a.next_attempt_at, a.story_id, a.entry_id, a.id, a.digest, a.folded_into
FROM alerts AS a
WHERE (:channel = '' OR a.channel = :channel) AND (:state = '' OR a.state = :state)
ORDER BY a.seq DESC LIMIT :limit;

-- name: run_before
SELECT started_at FROM runs WHERE started_at <= :until ORDER BY id DESC LIMIT 1;

-- name: entries_old_count
SELECT count(*) FROM entries WHERE story_id IS NULL AND last_seen_at < :cutoff;

-- name: entries_old
-- A stretch of what was last seen before the cutoff, each with whether it may go: about nobody, named by nothing, and
-- out of the documents of all feeds that are polled.
SELECT
    e.seq, e.id, e.last_seen_at,
    length(CAST(e.title || e.text || e.html || e.cjk AS BLOB)) AS bytes,
    NOT EXISTS (SELECT 1 FROM hits WHERE entry_id = e.id)
    AND NOT EXISTS (SELECT 1 FROM placements WHERE entry_id = e.id)
    AND NOT EXISTS (SELECT 1 FROM alerts WHERE entry_id = e.id)
    AND NOT EXISTS (
        SELECT 1 FROM feeds AS f
        WHERE f.url IN (SELECT e.feed_url UNION ALL SELECT feed_url FROM sightings WHERE entry_id = e.id)
        AND f.configured = 1 AND f.disabled = '' AND (f.paused = '' OR f.paused_until IS NOT NULL)
        AND (
            f.last_full_at IS NULL
            OR f.last_full_at <= strftime(
                '%Y-%m-%dT%H:%M:%SZ', max(e.last_seen_at, (SELECT seen_since FROM upkeep)), :gone_after
            )
            -- One document may be cut off, or served from an old copy: another one a day before must say the same.
            OR NOT EXISTS (
                SELECT 1 FROM fetches AS p
                WHERE p.feed_url = f.url AND p.outcome = 'fetched'
                AND p.fetched_at <= strftime('%Y-%m-%dT%H:%M:%SZ', f.last_full_at, '-1 day')
                AND p.fetched_at > strftime(
                    '%Y-%m-%dT%H:%M:%SZ', max(e.last_seen_at, (SELECT seen_since FROM upkeep)), :seen_step
                )
            )
        )
    ) AS is_idle
FROM entries AS e
WHERE e.story_id IS NULL AND e.last_seen_at < :cutoff AND (e.last_seen_at, e.seq) > (:seen_at, :seq)
ORDER BY e.last_seen_at, e.seq LIMIT :limit;

-- name: sightings_count
SELECT count(*) FROM sightings WHERE entry_id IN (SELECT value FROM json_each(:texts));

-- name: feeds_forget
UPDATE feeds SET last_full_at = NULL
WHERE (configured = 0 OR disabled <> '' OR (paused <> '' AND paused_until IS NULL))
AND last_full_at IS NOT NULL AND url IN (
    SELECT feed_url FROM entries WHERE id IN (SELECT value FROM json_each(:texts))
    UNION SELECT feed_url FROM sightings WHERE entry_id IN (SELECT value FROM json_each(:texts))
);

-- name: sightings_forget
DELETE FROM sightings WHERE entry_id IN (SELECT value FROM json_each(:texts));

-- name: entries_forget
DELETE FROM entries WHERE story_id IS NULL AND id IN (SELECT value FROM json_each(:texts));

-- name: sweep_ask
-- A walk that is under way has passed some of the keys that have just lost their entry: one more must follow.
UPDATE upkeep SET sweeps = iif(sweep_from = '', 1, 2);

-- name: keys_last
SELECT max(key) FROM (SELECT key FROM entry_keys WHERE key > :start ORDER BY key LIMIT :limit);

-- name: keys_forget
DELETE FROM entry_keys
WHERE key > :start AND key <= :last AND NOT EXISTS (SELECT 1 FROM entries WHERE id = entry_keys.entry_id);

-- name: fetches_forget
DELETE FROM fetches WHERE (feed_url, fetched_at) IN (
    SELECT feed_url, fetched_at FROM fetches WHERE fetched_at < :cutoff ORDER BY fetched_at LIMIT :limit
);

-- name: runs_forget
-- Runs are numbered in their order, so only the oldest are looked at.
DELETE FROM runs WHERE id IN (
    SELECT id FROM (SELECT id, started_at FROM runs ORDER BY id LIMIT :limit) WHERE started_at < :cutoff
);

-- name: history_count
SELECT
    (SELECT count(*) FROM fetches WHERE fetched_at < :cutoff),
    (SELECT count(*) FROM runs WHERE started_at < :cutoff);

-- name: table_counts
SELECT
    (SELECT count(*) FROM entries) AS entries,
    (SELECT count(*) FROM sightings) AS sightings,
    (SELECT count(*) FROM fetches) AS fetches,
    (SELECT count(*) FROM runs) AS runs,
    (SELECT count(*) FROM hits) AS hits,
    (SELECT count(*) FROM stories) AS stories,
    (SELECT count(*) FROM alerts) AS alerts,
    (SELECT count(*) FROM alerts WHERE state = 'sent') AS sent,
    (SELECT count(*) FROM deliveries) AS deliveries;

-- name: companies_carry
INSERT INTO companies (id, name, aliases, tickers, domains, context, exclude, tags, tracked, added_at, changed_at)
VALUES (
    :id, :name, :aliases, :tickers, :domains, :context, :exclude, :tags, :tracked, :added_at, :changed_at
) ON CONFLICT (id) DO UPDATE SET
    name = excluded.name, aliases = excluded.aliases, tickers = excluded.tickers, domains = excluded.domains,
    context = excluded.context, exclude = excluded.exclude, tags = excluded.tags, tracked = excluded.tracked,
    changed_at = excluded.changed_at;

-- name: feeds_carry
-- What is configured, and not what was remembered of its polls: that belongs to the entries.
INSERT INTO feeds (
    url, title, publisher, language, tier, tags, source, kind, listed_by, fulltext, configured, added_at
) VALUES (
    :url, :title, :publisher, :language, :tier, :tags, :source, :kind, :listed_by, :fulltext, :configured, :added_at
) ON CONFLICT (url) DO UPDATE SET
    publisher = excluded.publisher, tier = excluded.tier, tags = excluded.tags, source = excluded.source,
    kind = excluded.kind, listed_by = excluded.listed_by, fulltext = excluded.fulltext,
    configured = excluded.configured;

-- name: search_is_on
SELECT 1 FROM sqlite_master WHERE type = 'trigger' AND name = 'entries_search_insert';

-- name: entries_search_insert
CREATE TRIGGER entries_search_insert AFTER INSERT ON entries BEGIN
    INSERT INTO entries_fts (rowid, title, text, cjk) VALUES (new.seq, new.title, new.text, new.cjk);
END;

-- name: entries_search_delete
CREATE TRIGGER entries_search_delete AFTER DELETE ON entries BEGIN
    INSERT INTO entries_fts (entries_fts, rowid, title, text, cjk)
    VALUES ('delete', old.seq, old.title, old.text, old.cjk);
END;

-- name: entries_search_update
CREATE TRIGGER entries_search_update AFTER UPDATE OF title, text, cjk ON entries BEGIN
    INSERT INTO entries_fts (entries_fts, rowid, title, text, cjk)
    VALUES ('delete', old.seq, old.title, old.text, old.cjk);
    INSERT INTO entries_fts (rowid, title, text, cjk) VALUES (new.seq, new.title, new.text, new.cjk);
END;

-- name: index_in_step
-- The index keeps a row for each entry in a table of its own.
SELECT
    (SELECT count(*) FROM entries WHERE seq NOT IN (SELECT id FROM entries_fts_docsize)),
    (SELECT count(*) FROM entries_fts_docsize WHERE id NOT IN (SELECT seq FROM entries));

-- name: article_owe
-- A headline that swings between two wordings has its page read once an hour at most.
INSERT INTO articles (entry_id, owed_at, next_attempt_at) VALUES (:entry_id, :now, :now)
ON CONFLICT (entry_id) DO UPDATE SET
    owed_at = excluded.owed_at, attempts = 0, outcome = '', reason = '',
    next_attempt_at = max(
        excluded.next_attempt_at, coalesce(strftime('%Y-%m-%dT%H:%M:%SZ', articles.read_at, '+1 hour'), '')
    );

-- name: articles_put_off
UPDATE articles SET next_attempt_at = :until
WHERE next_attempt_at IS NOT NULL AND entry_id IN (SELECT value FROM json_each(:texts));

-- name: articles_owed
SELECT e.*, a.owed_at, a.attempts, a.read_at IS NOT NULL AS is_again
FROM articles AS a CROSS JOIN entries AS e ON e.id = a.entry_id
WHERE a.next_attempt_at <= :now OR a.next_attempt_at > :absurd
ORDER BY a.next_attempt_at, e.seq LIMIT :limit;

-- name: article_settle
UPDATE articles SET
    attempts = :attempts, next_attempt_at = :next_attempt_at, outcome = :outcome, reason = :reason,
    characters = :characters, read_at = iif(:next_attempt_at IS NULL, :now, read_at)
WHERE entry_id = :entry_id;

-- name: entry_read
UPDATE entries SET text = :text, cjk = :cjk WHERE id = :id AND text <> :text;

-- name: page_line_seen
INSERT INTO page_lines (site, line, pages, last_at) VALUES (:site, :line, 1, :now)
ON CONFLICT (site, line) DO UPDATE SET pages = pages + 1, last_at = excluded.last_at;

-- name: page_lines
SELECT line, pages FROM page_lines WHERE site = :site AND line IN (SELECT value FROM json_each(:texts));

-- name: page_lines_forget
DELETE FROM page_lines WHERE last_at < :cutoff;

-- name: robots_known
SELECT origin, allows, rules, expires_at, next_page_at FROM robots
WHERE expires_at > :now AND origin IN (SELECT value FROM json_each(:texts));

-- name: robots_learn
INSERT INTO robots (origin, read_at, expires_at, next_page_at, allows, rules)
VALUES (:origin, :now, :expires_at, :next_page_at, :allows, :rules)
ON CONFLICT (origin) DO UPDATE SET
    read_at = excluded.read_at, expires_at = excluded.expires_at, next_page_at = excluded.next_page_at,
    allows = excluded.allows, rules = excluded.rules;

-- name: robots_forget
DELETE FROM robots WHERE expires_at < :cutoff;

-- name: report_turns
SELECT count(*) AS feeds FROM feeds WHERE configured = 1;

-- name: report_troubles
SELECT problem, since, failing_since, title, url, reason, publisher, tier, next_poll_at, paused_until FROM feed_health
WHERE problem <> '';

-- name: report_gaps
SELECT url, title, publisher, tier, last_gap_at, last_ok_at FROM feeds
WHERE configured = 1 AND last_gap_at >= :since AND last_gap_at <= :now ORDER BY last_gap_at, url;

-- name: report_polls
-- Of a feed that failed, the row of its last failure tells how (the bare columns go with the maximum).
SELECT
    f.url, f.title, f.publisher, f.tier, f.failures, f.last_ok_at, count(*) AS polls,
    count(*) FILTER (WHERE p.outcome = 'failed') AS failed,
    count(*) FILTER (WHERE p.outcome = 'not_modified') AS unchanged,
    total(p.conditional) AS conditional,
    max(iif(p.outcome = 'failed', p.fetched_at, NULL)) AS failed_at, p.error_kind, p.error
FROM feeds AS f CROSS JOIN fetches AS p ON p.feed_url = f.url AND p.fetched_at >= :since AND p.fetched_at <= :now
WHERE f.configured = 1
GROUP BY f.url ORDER BY f.url;

-- name: report_rhythms
-- Of feeds that answer: when their polls brought something new, as far as the history goes back.
SELECT
    f.url, f.title, f.publisher, f.tier, f.last_ok_at, min(p.fetched_at) AS known_since,
    group_concat(iif(p.new > 0, p.fetched_at, NULL)) AS moments
FROM feeds AS f CROSS JOIN fetches AS p ON p.feed_url = f.url AND p.fetched_at <= f.last_ok_at
WHERE f.configured = 1 AND f.disabled = '' AND f.failures = 0 AND f.last_ok_at >= :since
AND (f.paused = '' OR f.paused_until <= :now)
AND f.kind NOT IN ('opml', 'site') AND f.format <> 'sitemap index'
GROUP BY f.url
HAVING max(iif(p.new > 0, p.fetched_at, '')) < strftime('%Y-%m-%dT%H:%M:%SZ', f.last_ok_at, :soon)
ORDER BY f.url;

-- name: report_published
-- The dates of feeds that publish seldom: their entries go further back than the history of polls.
SELECT
    asked.value AS url,
    (
        SELECT group_concat(published_at) FROM (
            SELECT published_at FROM entries
            WHERE feed_url = asked.value AND date_kind = 'given' ORDER BY seq DESC LIMIT :limit
        )
    ) AS moments
FROM json_each(:texts) AS asked;

-- name: report_sighted
SELECT feed_url AS url, group_concat(seen_at) AS moments FROM sightings
WHERE feed_url IN (SELECT value FROM json_each(:texts)) AND seen_at >= :since GROUP BY feed_url;

-- name: report_companies
-- The new stories of each company in the window, and in the same one of the periods before (0 = the one that ends now).
WITH told AS (
    SELECT c.company_id, :now_s - CAST(strftime('%s', s.first_at) AS INTEGER) AS age
    FROM stories AS s CROSS JOIN story_companies AS c ON c.story_id = s.id
    WHERE s.last_at >= :horizon
)
SELECT company_id, age / :period AS back, count(*) AS stories FROM told
WHERE age >= 0 AND age < :period * :periods AND age % :period < :window
GROUP BY company_id, back;

-- name: report_tracked
SELECT id, name, added_at FROM companies WHERE tracked = 1 ORDER BY id;

-- name: report_runs
WITH ages AS (
    SELECT :now_s - CAST(strftime('%s', started_at) AS INTEGER) AS age FROM runs
    WHERE started_at >= :horizon AND started_at <= :now AND ended_at IS NOT NULL
)
SELECT age / :period AS back, count(*) AS runs FROM ages WHERE age % :period < :window GROUP BY back ORDER BY back;

-- name: report_run_bounds
SELECT
    (SELECT started_at FROM runs ORDER BY id LIMIT 1) AS first_at,
    (SELECT max(ended_at) FROM runs WHERE ended_at IS NOT NULL) AS last_at,
    (SELECT beat_at FROM heartbeat) AS beat_at;

-- name: report_usual_feeds
-- Which feeds brought the company's hits.
SELECT e.feed_url AS url, count(*) AS hits
FROM hits AS h CROSS JOIN entries AS e ON e.id = h.entry_id
WHERE h.company_id = :company AND h.published_at >= :since
GROUP BY e.feed_url ORDER BY hits DESC, url;

-- name: report_channels
-- A member of a digest has no attempt of its own to come: the digest stands for it. What came due a moment ago is no
-- more late than the run that is about to send it.
WITH owing AS (
    SELECT
        id, channel, state, not_before, created_at, attempts, error,
        attempts > 0 AND not_before <= :now OR not_before <= :late AS is_late
    FROM alerts WHERE state = 'pending' AND next_attempt_at IS NOT NULL
    UNION ALL SELECT id, channel, state, not_before, created_at, attempts, error, 0 FROM alerts WHERE state = 'dead'
)
SELECT
    channel,
    count(*) FILTER (WHERE is_late) AS waiting,
    count(*) FILTER (WHERE is_late AND attempts > 0) AS tried,
    min(iif(is_late, created_at, NULL)) AS oldest_at,
    count(*) FILTER (WHERE state = 'pending' AND NOT is_late) AS later,
    count(*) FILTER (WHERE state = 'dead') AS dead,
    count(*) FILTER (
        WHERE state = 'dead'
        AND EXISTS (SELECT 1 FROM deliveries AS d WHERE d.alert_id = owing.id AND d.attempted_at >= :since)
    ) AS dead_lately,
    max(error) AS error
FROM owing
GROUP BY channel ORDER BY channel;

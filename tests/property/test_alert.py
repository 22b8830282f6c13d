import unicodedata
from dataclasses import replace
from datetime import timedelta
from urllib.parse import urlsplit

from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.alert import AlertOptions, Rule, backoff, deliver, plain, render, web_link
from pipeline.alert.payload import cut
from pipeline.model import Relation, SendFailed, Sent, StorySoFar, Telling, Told
from tests.builders_alert import (
    NOW,
    Outbox,
    Recalled,
    ScriptedChannel,
    alert,
    candidate,
    hit,
    route,
    still,
    violations,
)

TEXT = st.text(st.characters(exclude_categories=()), max_size=80)
LINKS = st.one_of(
    TEXT, TEXT.map("https://news.example/{}".format), TEXT.map("http://{}".format), TEXT.map("java{}:x".format)
)


@given(TEXT)
def test_plain_text_is_one_visible_line_and_plain_again_the_same(text):
    shown = plain(text)

    assert plain(shown) == shown
    assert len(shown.splitlines()) <= 1
    hidden = {char for char in shown if unicodedata.category(char) in {"Cc", "Cf", "Cs", "Zl", "Zp"}}
    assert hidden <= {"\u200c", "\u200d"}
    shown.encode()


@given(LINKS)
def test_a_link_is_empty_or_http_without_markup_and_a_link_again_the_same(text):
    link = web_link(text)

    assert web_link(link) == link
    assert not link or urlsplit(link).scheme in ("http", "https")
    assert not set(link) & set(' \t\r\n<>"`|\\')
    link.encode()


@given(TEXT, st.integers(1, 30))
def test_a_cut_text_has_at_most_its_length_and_is_cut_again_the_same(text, limit):
    short = cut(text, limit)

    assert len(short) <= limit
    assert cut(short, limit) == short
    short.encode()


RULES = st.lists(
    st.builds(
        Rule,
        name=st.sampled_from(["a", "b", "c"]),
        channels=st.lists(st.sampled_from(["desk", "log"]), min_size=1, max_size=2).map(tuple),
        min_score=st.sampled_from([0, 90, 95]),
        severity=st.sampled_from(["low", "normal", "high"]),
        on=st.sampled_from([("new",), ("updates",), ("new", "updates")]),
        together=st.sampled_from([(), ("xiaomi", "northwind")]),
        words=st.sampled_from([(), ("plant",)]),
        companies=st.lists(st.sampled_from(["xiaomi", "northwind"]), max_size=1).map(tuple),
    ),
    max_size=4,
)
CANDIDATES = st.lists(
    st.builds(
        lambda number, story, companies, relation, hours, title, url: candidate(
            f"e{number}",
            story=story,
            companies=companies,
            relation=relation,
            published_at=NOW - timedelta(hours=hours),
            title=title,
            url=url,
        ),
        st.integers(0, 9),
        st.sampled_from(["s1", "s2"]),
        st.lists(st.sampled_from(["xiaomi", "northwind", "other"]), max_size=2, unique=True),
        st.sampled_from(Relation),
        st.integers(0, 48),
        TEXT,
        LINKS,
    ),
    max_size=6,
    unique_by=lambda one: one.entry.id,
)


@given(CANDIDATES, RULES)
def test_a_channel_and_story_have_one_alert_that_fits_the_schema_and_can_be_read(candidates, rules):
    alerts = route(candidates, rules)

    pairs = [(one.channel, one.story_id) for one in alerts]
    assert len(set(pairs)) == len(pairs) == len({one.id for one in alerts})
    for one in alerts:
        assert violations(one.payload) == []
        assert len(render(one.payload).splitlines()) <= 5 + 20 + 10
    fresh = {one.entry.id for one in candidates if one.entry.published_at >= NOW - timedelta(hours=24)}
    assert {one.entry_id for one in alerts} <= fresh


MEMORIES = st.builds(
    lambda told, companies, outlets: Recalled(
        {story: channels for story, channels in told.items() if channels},
        {
            story: StorySoFar(
                story,
                Telling("Example News", "A plan", "https://news.example/e", NOW),
                tuple(hit("e", company) for company in companies),
                frozenset(f"outlet of e{number}" for number in range(outlets)),
            )
            for story in told
        },
    ),
    st.dictionaries(
        st.sampled_from(["s1", "s2"]),
        st.dictionaries(st.sampled_from(["desk", "log"]), st.builds(Told, st.integers(0, 6)), max_size=2),
    ),
    st.lists(st.sampled_from(["xiaomi", "northwind"]), max_size=2, unique=True),
    st.integers(0, 6),
)


def later(candidates):
    """The same candidates in stories that were opened before."""
    return [
        replace(one, placement=replace(one.placement, relation=Relation.SAME_STORY))
        if one.placement.relation is Relation.NEW
        else one
        for one in candidates
    ]


@given(CANDIDATES, RULES, MEMORIES, st.integers(0, 4))
def test_a_channel_that_knows_a_story_gets_updates_and_any_other_the_story(candidates, rules, memory, outlets):
    alerts = route(later(candidates), rules, memory, outlets=outlets)

    assert len({one.id for one in alerts}) == len({(one.channel, one.story_id) for one in alerts}) == len(alerts)
    for one in alerts:
        known = memory.channels.get(one.story_id, {}).get(one.channel)
        assert one.kind == one.payload["type"] == ("story" if known is None else "update")
        assert violations(one.payload) == []
        assert known is None or (one.payload["news"] and known.updates < 5)


@given(CANDIDATES, RULES)
def test_repeats_of_what_was_told_owe_nothing(candidates, rules):
    placed = [one for one in candidates if one.placement.relation is not Relation.SEEN]
    channels, stories = {}, {}
    for one in route(placed, rules):
        channels.setdefault(one.story_id, {})[one.channel] = Told(0, frozenset(one.payload["rules"]))
    for story in channels:
        hits = tuple(hit for one in placed if one.placement.story_id == story for hit in one.hits)
        stories[story] = StorySoFar(story, Telling("Example News", "A plan", ""), hits)

    repeats = [replace(one, placement=replace(one.placement, relation=Relation.COPY)) for one in placed]
    again = {(one.story_id, one.channel) for one in route(repeats, rules, Recalled(channels, stories))}

    assert again.isdisjoint((story, channel) for story, told in channels.items() for channel in told)


@given(CANDIDATES, RULES.map(lambda rules: [rule for rule in rules if not rule.together]), st.integers(0, 6))
def test_a_batch_cut_in_two_owes_the_same_alerts(candidates, rules, cut_at):
    whole = {one.id for one in route(candidates, rules)}
    halves = {one.id for part in (candidates[:cut_at], candidates[cut_at:]) for one in route(part, rules)}

    assert halves == whole


@given(st.text(max_size=20), st.integers(1, 10_000))
def test_a_wait_is_positive_within_the_cap_and_always_the_same(alert_id, attempt):
    options = AlertOptions()

    assert timedelta() < backoff(alert_id, attempt, options) <= options.backoff_cap
    assert backoff(alert_id, attempt, options) == backoff(alert_id, attempt, options)


ANSWERS = st.sampled_from(
    [
        Sent(),
        SendFailed("down"),
        SendFailed("wait", timedelta(minutes=3)),
        SendFailed("never", permanent=True),
    ]
)


@settings(max_examples=30)  # each with a database of its own
@given(
    st.lists(st.sampled_from(["desk", "log", "gone"]), max_size=12),
    st.lists(ANSWERS, max_size=40),
    st.lists(ANSWERS, max_size=40),
    st.integers(1, 5),
)
def test_whatever_channels_answer_each_alert_is_sent_once_or_given_up_with_a_reason(owners, desk, log, size):
    outbox = Outbox.of(*(alert(f"a{number}", channel) for number, channel in enumerate(owners)))
    channels = {"desk": ScriptedChannel(list(desk)), "log": ScriptedChannel(list(log))}
    options = AlertOptions(batch_size=size, max_attempts=4)
    now, sent, dead = NOW, 0, 0

    for _ in range(200):
        outcome = deliver(outbox, channels, now=now, options=options, clock=still(now))
        assert set(outbox.column("leased_until").values()) <= {None}
        sent, dead, now = sent + outcome.sent, dead + outcome.dead, now + timedelta(minutes=20)
        if not outcome.waiting:
            break

    warned = outbox.column("state", "warning")
    ends = [one for one in outbox.deliveries if isinstance(one.result, Sent) or one.dead]
    assert sorted(one.alert_id for one in ends) == sorted([*outbox.states(), *warned])
    assert sent == sum(isinstance(one.result, Sent) for one in ends)
    assert sent + dead == len(owners) + len(warned)
    assert len(warned) <= 3  # one a day and channel
    for one in outbox.deliveries:
        follows = [isinstance(one.result, Sent), one.dead, one.next_attempt_at is not None]
        assert follows.count(True) == 1
        assert one.next_attempt_at is None or one.next_attempt_at > one.attempted_at

"""What is decided of a feed's turn and of a page: entries, hits, stories and alerts, as they are to be written."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any, Protocol

import structlog

from pipeline.alert import (
    OWN_FEED,
    AlertOptions,
    Candidate,
    Channel,
    Coverage,
    Rhythm,
    Routing,
    StoryMemory,
    owed,
    timed,
)
from pipeline.article import FulltextOptions
from pipeline.dedup import (
    Arrival,
    Lookups,
    ParameterMemory,
    Remembered,
    Sorted,
    StoryIndex,
    changed_addresses,
    find_twins,
    is_round_up,
    read_parameters,
    recall,
    recognise,
    sort_entries,
    untold,
)
from pipeline.engine import EngineOptions
from pipeline.errors import NewswardError
from pipeline.fetch import FetchOptions, Judged, PollingOptions, excused, next_state, overlap_of, public_url
from pipeline.match import MatchEngine
from pipeline.model import (
    Alert,
    Answer,
    Batch,
    DateKind,
    Document,
    Entry,
    EntryField,
    ErrorKind,
    Feed,
    FeedKind,
    FetchFailed,
    FetchRecord,
    Hit,
    Known,
    Mention,
    Merge,
    Method,
    NotModified,
    PageBatch,
    Placement,
    Polled,
    Reason,
    Relation,
)
from pipeline.pages import Judgement, page_url
from pipeline.parse import settle
from pipeline.store import Store
from pipeline.urls import feed_spellings

log = structlog.get_logger()

_DOWNGRADED = "came by plain HTTP, to which a redirect led from HTTPS"


@dataclass(frozen=True, slots=True)
class Stages:
    """All that a run works with, put together by ``app.py``."""

    store: Store
    engine: Executor
    matching: MatchEngine
    stories: StoryIndex
    routing: Routing = field(default_factory=Routing)
    channels: Mapping[str, Channel] = field(default_factory=dict)
    rhythms: Mapping[str, Rhythm] = field(default_factory=dict)  # by channel
    coverage: Coverage = lambda now, window: None  # what a digest says of what may have been missed
    company_names: Mapping[str, str] = field(default_factory=dict)
    feeds: Mapping[str, Feed] = field(default_factory=dict)  # as configured, with what the database must not hold
    fetch: FetchOptions = field(default_factory=FetchOptions)
    polling: PollingOptions = field(default_factory=PollingOptions)
    alert: AlertOptions = field(default_factory=AlertOptions)
    engine_options: EngineOptions = field(default_factory=EngineOptions)
    fulltext: FulltextOptions = field(default_factory=FulltextOptions)
    monotonic: Callable[[], float] = time.monotonic


class Memory(Remembered, ParameterMemory, StoryMemory, Protocol):
    """What deciding asks of the memory: the look-ups of deduplication and of alerts, and the feeds of a list."""

    def listed(self, url: str) -> Sequence[str]:
        """The addresses of the feeds that are polled since the list at this address names them."""


def make_batch(polled: Polled, stages: Stages, lookups: Memory, now: datetime) -> Batch:
    """What one feed's turn wants written. Reads through ``lookups``, writes nothing."""
    due, result, document = polled.due, polled.result, polled.document
    if document is None:
        state = next_state(due, result, None, now=now, new=0, options=stages.polling)
        return Batch(due.feed, state, _record(polled, now))
    first_poll = due.state.last_full_at is None
    entries = [settle(entry, now=now, first_poll=first_poll) for entry in document.entries]
    known = recall(entries, lookups)
    found = sort_entries(entries, due.feed, known)
    read = read_parameters(found, due.feed, lookups, tuple(changed_addresses(entries, known)))
    twins = () if first_poll else find_twins(read.found, due.feed, lookups)
    found = recognise(read.found, twins)
    stored = [*known.values(), *read.met, *twins]
    overlap = None if first_poll else _overlap(found, stored, due.feed)
    hits = [hit for entry in (*found.new, *found.edited) for hit in _hits(entry, due.feed, stages)]
    placed = {entry.entry_id for entry in stored if entry.story_id}
    unplaced = [entry for entry in (*found.new, *found.edited) if entry.id not in placed]
    placements = _place(unplaced, hits, stages, lookups)
    candidates = (
        *_arrived(unplaced, hits, placements, due.feed, lookups),
        *_enlarged([entry for entry in found.edited if entry.id in placed], hits, due.feed, lookups, Relation.UPDATE),
    )
    return Batch(
        due.feed,
        next_state(due, result, document, now=now, new=len(found.new), options=stages.polling, overlap=overlap),
        replace(_record(polled, now, document, found), gap=overlap == 0),
        info=document.info,
        new=found.new,
        edited=found.edited,
        sightings=found.sightings,
        seen=found.seen,
        hits=tuple(hits),
        placements=placements,
        alerts=_alerts(candidates, stages, lookups, now, first_poll=first_poll),
        clues=read.clues,
        pages=_pages((*found.new, *found.edited), hits, due.feed, stages, now, first_poll=first_poll),
        **_listed(document, due.feed, stages, lookups),
    )


def decide(judged: Judged, stages: Stages, now: datetime) -> Batch:
    """What is written of a turn; of one that the feed is not to blame for, only its history."""
    return _excused(judged, now) if judged.excuse else _make_batch(judged.polled, stages, now)


def _make_batch(polled: Polled, stages: Stages, now: datetime) -> Batch:
    """``make_batch``; a fault of ours costs this feed its turn, is told with its traceback, and stops nobody else."""
    try:
        return make_batch(polled, stages, stages.store, now)
    except NewswardError:
        raise
    except Exception as error:
        log.exception("feed_failed_unexpectedly", feed=public_url(polled.due.feed.url))
        reason = f"a fault in newsward: {type(error).__name__}: {error}; please report it with the log"
        return lost_turn(polled, reason, stages, now)


def lost_turn(polled: Polled, reason: str, stages: Stages, now: datetime) -> Batch:
    """What is written of a feed when its turn came to nothing by a fault."""
    failed = Polled(polled.due, FetchFailed(ErrorKind.UNEXPECTED, reason, polled.result.answer))
    return make_batch(failed, stages, stages.store, now)


def _excused(judged: Judged, now: datetime) -> Batch:
    """What is written of a feed that failed for no fault of its own: the history tells, and nothing counts."""
    due, record = judged.polled.due, _record(judged.polled, now)
    return Batch(
        due.feed, excused(due, now), replace(record, error=f"{record.error} ({judged.excuse})"), is_excused=True
    )


def judge(entry: Entry, stages: Stages, now: datetime) -> Judgement:
    """What a stored entry is about now that its text is its feed's and its article's."""
    feed = stages.feeds.get(entry.feed_url) or _listed_feed(entry.feed_url, stages.store)
    hits = _hits(entry, feed, stages)
    is_placed = bool(stages.store.members([entry.id]))
    placements = () if is_placed else _place([entry], hits, stages, stages.store)
    candidates = (
        # Whom an article names besides is no news of the story: its channels have the link to it.
        _enlarged([entry], hits, feed, stages.store, Relation.SAME_STORY)
        if is_placed
        else _arrived([entry], hits, placements, feed, stages.store)
    )
    return Judgement(hits, placements, _alerts(candidates, stages, stages.store, now, first_poll=False))


def met_by(
    merge: Merge, batch: Batch | PageBatch, placement: Placement, stages: Stages, now: datetime
) -> tuple[Alert, ...]:
    """What is owed since two stories are one: companies that a rule wants together may have met by it.

    The entry that has shown it tells it; one without a date is too old for that, as on a feed's first poll.
    """
    if not stages.routing.has_pairs:
        return ()
    entries = (batch.entry,) if isinstance(batch, PageBatch) else (*batch.new, *batch.edited)
    entry = next(one for one in entries if one.id == placement.entry_id)
    hits = tuple(hit for hit in batch.hits if hit.entry_id == entry.id)
    feed = stages.feeds.get(entry.feed_url) or _listed_feed(entry.feed_url, stages.store)
    place = replace(placement, story_id=merge.story_id, relation=Relation.SAME_STORY)
    candidate = Candidate(entry, hits, place, feed.tier, _outlet(entry, feed))
    pairs = replace(stages, routing=stages.routing.pairs())
    return _alerts([candidate], pairs, stages.store, now, first_poll=True)


def _listed_feed(url: str, store: Store) -> Feed:
    """A feed that a list names, or that a command added: the memory has its tier and publisher."""
    return next((due.feed for due in store.dues([url])), Feed(url))


def _listed(document: Document, feed: Feed, stages: Stages, lookups: Memory) -> dict[str, Any]:
    """What a list's document changes: feeds that are named, and those that it names no more.

    What is configured under another spelling of its address, or stands twice in the list, is polled once.
    """
    if document.feeds is None or document.is_cut:
        return {}
    named: dict[str, Feed] = {}
    for one in document.feeds:
        others = feed_spellings(one.url)
        if not any(other in named or other in stages.feeds for other in others):
            named[one.url] = one
    unlisted = tuple(url for url in lookups.listed(feed.url) if url not in named)
    return {"listed": tuple(named.values()), "unlisted": unlisted, "retires": feed.kind is not FeedKind.SITEMAP}


def _hits(entry: Entry, feed: Feed, stages: Stages) -> tuple[Hit, ...]:
    """The entry's hits; of a feed that is about one company, that company is always among them."""
    hits = stages.matching.hits(entry)
    if not feed.company_id or feed.company_id not in stages.company_names:
        return hits
    if any(hit.company_id == feed.company_id for hit in hits):
        return hits
    end = len(feed.company_name)
    own = Mention(
        feed.company_id,
        EntryField.TITLE,
        0,
        end,
        entry.title[:end],
        feed.company_name,
        Method.EXACT,
        100.0,
        (Reason("the feed is about this company alone", 100.0),),
    )
    return (*hits, Hit(entry.id, feed.company_id, 100.0, 100.0, (own,), rule_version=OWN_FEED))


def _pages(
    entries: Sequence[Entry], hits: Sequence[Hit], feed: Feed, stages: Stages, now: datetime, *, first_poll: bool
) -> tuple[str, ...]:
    """The entries whose pages are worth reading: those that hit, or all of a marked feed; not those that are too old
    to alert anybody, and no filings, whose pages are lists of files.
    """
    if not stages.fulltext.enabled or feed.company_id:
        return ()
    hit = {one.entry_id for one in hits}

    def is_fresh(entry: Entry) -> bool:
        is_dated = entry.date_kind is not DateKind.SEEN or not first_poll
        return is_dated and bool(entry.published_at and now - entry.published_at <= stages.fulltext.max_age)

    return tuple(one.id for one in entries if (feed.fulltext or one.id in hit) and is_fresh(one) and page_url(one))


def _overlap(found: Sorted, known: Iterable[Known], feed: Feed) -> float | None:
    """How much of the document this feed itself had brought before; from other feeds does not count."""
    own = {entry.entry_id for entry in known if entry.feed_url == feed.url}
    elsewhere = {sighting.entry_id for sighting in found.sightings} - own
    return overlap_of(known=len(set(found.seen) - elsewhere), total=len(found.seen) + len(found.new))


def _place(entries: Sequence[Entry], hits: Sequence[Hit], stages: Stages, lookups: Lookups) -> tuple[Placement, ...]:
    """The places of entries that are hits, told oldest first so that a story begins where the news began."""
    hits_of: dict[str, list[Hit]] = {}
    for hit in hits:
        hits_of.setdefault(hit.entry_id, []).append(hit)
    arrivals = [_arrival(entry, hits_of[entry.id]) for entry in entries if entry.id in hits_of]
    arrivals.sort(key=lambda arrival: (str(arrival.entry.published_at), arrival.entry.id))
    return stages.stories.place(arrivals, lookups)


def _arrival(entry: Entry, hits: Sequence[Hit]) -> Arrival:
    return Arrival(entry, frozenset(hit.company_id for hit in hits), _names(hits))


def _names(hits: Sequence[Hit]) -> frozenset[str]:
    """The companies' names, as they are listed and as the entries have them."""
    return frozenset(name for hit in hits for mention in hit.mentions for name in (mention.name, mention.found))


def _arrived(
    entries: Sequence[Entry], hits: Sequence[Hit], placements: Sequence[Placement], feed: Feed, lookups: Lookups
) -> Sequence[Candidate]:
    """Entries that were placed just now, those that add to a story with what they add."""
    by_id = {entry.id: entry for entry in entries}
    added_to = {place.story_id for place in placements if place.relation is Relation.UPDATE}
    before = {story.id: story for story in lookups.stories(added_to)} if added_to else {}
    candidates = []
    for place in placements:
        entry = by_id[place.entry_id]
        own = tuple(hit for hit in hits if hit.entry_id == place.entry_id)
        candidate = Candidate(entry, own, place, feed.tier, _outlet(entry, feed))
        if place.relation is Relation.UPDATE and place.story_id in before:
            candidate = replace(candidate, untold=untold(entry, before[place.story_id]))
        candidates.append(candidate)
    return candidates


def _outlet(entry: Entry, feed: Feed) -> str:
    """Who tells the entry, as the outlets of a story are counted."""
    return entry.publisher or feed.publisher or entry.feed_url


def _enlarged(
    edited: Sequence[Entry], hits: Sequence[Hit], feed: Feed, lookups: Lookups, relation: Relation
) -> Sequence[Candidate]:
    """Edited entries, with the companies that the edit brought in. They keep their place, and their date.

    What they were about before has had its chance of an alert.
    """
    members = lookups.members([entry.id for entry in edited]) if edited and hits else {}
    candidates = []
    for entry in edited:
        member = members.get(entry.id)
        if member is None:
            continue
        own = [hit for hit in hits if hit.entry_id == entry.id]
        news = tuple(hit for hit in own if hit.company_id not in member.companies)
        is_list = is_round_up(entry.title, _names(own) or member.companies, entry.publisher)
        told = Relation.SAME_STORY if is_list else relation
        place = Placement(entry.id, member.article_id, member.story_id, told, "edited", is_round_up=is_list)
        if news:
            as_told = replace(entry, published_at=member.published_at)
            candidates.append(Candidate(as_told, news, place, feed.tier, _outlet(entry, feed)))
    return candidates


def _alerts(
    candidates: Sequence[Candidate], stages: Stages, memory: StoryMemory, now: datetime, *, first_poll: bool
) -> tuple[Alert, ...]:
    """What the rules ask for, at the moments that the channels' rhythms say."""
    alerts = owed(candidates, stages.routing, memory, now=now, options=stages.alert, first_poll=first_poll)
    return timed(alerts, stages.rhythms, now)


def _record(
    polled: Polled, now: datetime, document: Document | None = None, found: Sorted | None = None
) -> FetchRecord:
    """The line of the fetch history."""
    result, answer = polled.result, polled.result.answer
    failed = result if isinstance(result, FetchFailed) else None
    outcome = "failed" if failed else "not_modified" if isinstance(result, NotModified) else "fetched"
    return FetchRecord(
        feed_url=polled.due.feed.url,
        fetched_at=now,
        outcome=outcome,
        status=answer.status if answer else None,
        error_kind=failed.kind if failed else None,
        error=failed.reason if failed else "",
        entries=len(document.entries) if document else 0,
        new=len(found.new) if found else 0,
        edited=len(found.edited) if found else 0,
        bytes=answer.size if answer else 0,
        elapsed=answer.elapsed if answer else timedelta(),
        damage=_damage(answer, document),
        is_conditional=answer.is_conditional if answer else None,
    )


def _damage(answer: Answer | None, document: Document | None) -> str:
    """What was odd about a document, on its way or in itself."""
    way = _DOWNGRADED if document and answer and answer.is_downgraded else ""
    return "; ".join(filter(None, (way, document.damage if document else "")))

"""The nouns of the product: frozen values that travel between the stages, and nothing else.

Durations are ``timedelta``, moments are aware UTC ``datetime``, names ending in ``_url`` are strings.
A value is changed with ``dataclasses.replace``; only ``store/`` gives values a memory.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields, make_dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

# --------------------------------------------------------------------------- feeds and fetching


class ErrorKind(StrEnum):
    """Why a poll failed; the class decides how long the feed rests (``fetch/polling.py``)."""

    DNS = "dns"
    CONNECT = "connect"
    TLS = "tls"
    TIMEOUT = "timeout"
    TOO_LARGE = "too_large"
    REDIRECT = "redirect"
    BLOCKED_ADDRESS = "blocked_address"
    BLOCKED = "blocked"  # 401, 403, a challenge page
    RATE_LIMITED = "rate_limited"  # 429
    GONE = "gone"  # 410
    NOT_FOUND = "not_found"  # 404
    HTTP = "http"  # any other status that is no success
    ENCODING = "encoding"  # a Content-Encoding that does not decode
    TRUNCATED = "truncated"  # shorter than announced
    EMPTY = "empty"
    NOT_A_FEED = "not_a_feed"
    MALFORMED = "malformed"  # a feed so broken that no entry could be read
    INVALID_URL = "invalid_url"
    UNEXPECTED = "unexpected"  # our own fault: logged with its traceback


class FeedKind(StrEnum):
    """What is to be read at a feed's address."""

    FEED = "feed"  # RSS, Atom, JSON Feed: entries
    OPML = "opml"  # a subscription list: feeds
    SITE = "site"  # a web page: the feeds that it announces
    SITEMAP = "sitemap"  # a news sitemap: entries; or an index of sitemaps: feeds


@dataclass(frozen=True, slots=True)
class Feed:
    """What is polled, as configured, as added to the database, or as a list names it."""

    url: str
    title: str = ""
    publisher: str = ""
    language: str = ""
    tier: int = 3  # 1 = most authoritative .. 5 = least
    tags: tuple[str, ...] = ()
    headers: tuple[tuple[str, str], ...] = ()
    verify_tls: bool = True  # False = any certificate of its own host will do
    proxy: str = field(default="", repr=False)  # by which it is asked; "" = everybody's, "none" = straight
    source: str = "config"  # where it came from: a source's name, or "cli"
    kind: FeedKind = FeedKind.FEED
    listed_by: str = ""  # the address of the list that names it, itself polled as a feed; "" = configured
    fulltext: bool = False  # the pages of all its entries are read, not only of those that hit
    company_id: str = ""  # every entry of it is about this company
    company_name: str = ""  # ... and says so in front of its title


@dataclass(frozen=True, slots=True)
class Hints:
    """What a document asks of its pollers (RSS ttl, skipHours, skipDays; the syndication module)."""

    ttl: timedelta | None = None
    update_every: timedelta | None = None
    skip_hours: tuple[int, ...] = ()
    skip_days: tuple[int, ...] = ()  # 0 = Monday, as in datetime.weekday()
    expired: bool = False  # JSON Feed 1.1: the feed is finished


# Why a feed is disabled that nobody paused. It is back with the first good answer.
GONE = "the server says that the feed is gone for good (410)"
FINISHED = "the feed says that it is finished (JSON Feed: expired)"
# How the reason begins of a feed that its list names no more; it is back when the list names it again.
LEFT = "it left the list "


@dataclass(frozen=True, slots=True)
class FeedState:
    """What is remembered of a feed between two polls. Validators are opaque strings (RFC 9110 8.8)."""

    url: str
    current_url: str = ""  # where polls begin since it moved there for good; "" = at ``url``
    answered_url: str = ""  # what gave the validators, after redirects; "" = where polls begin
    etag: str = ""
    last_modified: str = ""
    asked_as: str = ""  # the mark of how it was asked for them (headers, login, User-Agent)
    body_hash: str = ""
    status: int | None = None  # of the last answer
    failures: int = 0  # in a row
    failing_since: datetime | None = None
    error_kind: ErrorKind | None = None
    error: str = ""
    last_polled_at: datetime | None = None
    last_ok_at: datetime | None = None  # a 200 or a 304
    last_full_at: datetime | None = None  # a 200
    interval: timedelta | None = None
    next_poll_at: datetime | None = None  # None = never polled: due at once
    disabled: str = ""  # a reason in words; "" = enabled
    hints: Hints = Hints()  # of the last document: they hold on a 304 too
    moved_to: str = ""  # where a permanent redirect has led lately; it becomes ``current_url`` when it lasts
    moved_since: datetime | None = None
    moved_polls: int = 0  # good answers in a row that came by it
    squeeze: float = 1.0  # by which overlapping documents shorten the interval; 1 = not at all
    last_gap_at: datetime | None = None  # when a document had nothing in common with the one before


@dataclass(frozen=True, slots=True)
class Due:
    """A feed whose turn it is, with its memory. ``insist`` = a person wants it asked although its host rests."""

    feed: Feed
    state: FeedState
    insist: bool = False

    @property
    def url(self) -> str:
        """Where the poll begins."""
        return self.state.current_url or self.feed.url


@dataclass(frozen=True, slots=True)
class Answer:
    """What the head of a response tells, whatever its body."""

    status: int
    url: str  # the address that answered, after redirects
    moved_to: str = ""  # the end of an unbroken permanent prefix (301, 308)
    etag: str = ""
    last_modified: str = ""
    content_type: str = ""
    fresh_for: timedelta | None = None  # max-age less Age, or Expires less Date
    retry_after: timedelta | None = None  # of it or of a redirect on the way
    spent_for: timedelta | None = None  # the requests that the host grants are used up, for so long
    asked_as: str = ""  # the mark of how it was asked
    is_conditional: bool = False  # validators were sent
    is_downgraded: bool = False  # a redirect on the way led from https to http
    elapsed: timedelta = timedelta()
    size: int = 0  # bytes of the decoded body


@dataclass(frozen=True, slots=True)
class Fetched:
    """A body to parse; once it is parsed it is left behind (``body`` empty, ``answer.size`` kept)."""

    answer: Answer
    body: bytes
    body_hash: str


@dataclass(frozen=True, slots=True)
class NotModified:
    """304: nothing new; may bring newer validators (RFC 9111 4.3.4)."""

    answer: Answer


@dataclass(frozen=True, slots=True)
class FetchFailed:
    """A poll that brought nothing, foreseen: the reason is for the person who must act."""

    kind: ErrorKind
    reason: str
    answer: Answer | None = None
    announced: tuple[str, ...] = ()  # feeds that the page names which came instead of one
    rest: timedelta | None = None  # not asked at all: its host is left alone for so long


FetchResult = Fetched | NotModified | FetchFailed


# --------------------------------------------------------------------------- entries


class DateKind(StrEnum):
    """How far an entry's date can be trusted."""

    GIVEN = "given"
    GUESSED = "guessed"  # an odd format, a zone supplied by us, a future date clamped
    SEEN = "seen"  # none in the feed: the time we first saw the entry


@dataclass(frozen=True, slots=True)
class Entry:
    """One normalised item of a feed.

    ``title`` and ``text`` are plain text; ``summary`` and ``content`` are HTML as it came and must be
    cleaned before they are shown. ``keys`` are the entry's identities, strongest first (``keys.py``);
    ``id`` is the hash of the first.
    """

    id: str
    feed_url: str
    title: str
    text: str = ""
    url: str = ""  # absolute
    canonical_url: str = ""
    guid: str = ""  # as published
    keys: tuple[str, ...] = ()
    summary: str = ""
    content: str = ""
    author: str = ""
    publisher: str = ""
    language: str = ""
    published_at: datetime | None = None
    updated_at: datetime | None = None
    date_kind: DateKind = DateKind.SEEN
    content_hash: str = ""  # of what a reader would see: title and text


_OpenEntry: Any = make_dataclass("_OpenEntry", [one.name for one in fields(Entry)], slots=True)


def entry_of(*values: Any, **named: Any) -> Entry:
    """``Entry`` with a value for each of its fields, for those who make thousands: a fifth of the time.

    Frozen, each field is set by a call of its own; so it is made open, and closed.
    """
    entry = _OpenEntry(*values, **named)
    entry.__class__ = Entry
    return entry  # type: ignore[no-any-return]


@dataclass(frozen=True, slots=True)
class FeedInfo:
    """What a document says of itself. ``format`` is feedparser's word: rss20, atom10, rss10, json11 ..."""

    title: str = ""
    link: str = ""
    language: str = ""
    format: str = ""
    hints: Hints = Hints()


@dataclass(frozen=True, slots=True)
class Document:
    """A parsed feed; ``damage`` says in words what had to be repaired or was cut, "" = nothing."""

    info: FeedInfo
    entries: tuple[Entry, ...]
    damage: str = ""
    is_cut: bool = False  # it breaks off: what it would have brought is still to be had
    feeds: tuple[Feed, ...] | None = None  # the feeds that a list names; None = it is none


@dataclass(frozen=True, slots=True)
class Polled:
    """What came of one feed's turn on the wire; ``document`` is there when ``result`` is Fetched."""

    due: Due
    result: FetchResult
    document: Document | None = None


@dataclass(frozen=True, slots=True)
class Sighting:
    """The same entry in a further feed."""

    entry_id: str
    feed_url: str
    guid: str
    url: str
    keys: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Clue:
    """What a pair of addresses that differ in one parameter tells of it: whether both lead to the same."""

    host: str
    name: str  # of the parameter
    address: str  # what both have in common: the article's address without parameters
    is_same: bool
    one: str
    other: str


# --------------------------------------------------------------------------- companies and hits


class NameKind(StrEnum):
    """How much a name proves by itself."""

    UNIQUE = "unique"
    COMMON = "common"  # an ordinary word, person or place too
    TICKER = "ticker"
    WEAK = "weak"  # counts only beside other evidence


@dataclass(frozen=True, slots=True)
class Name:
    """One way to write a company; ``kind`` None = to be inferred when the watchlist is compiled."""

    text: str
    kind: NameKind | None = None


@dataclass(frozen=True, slots=True)
class Company:
    """Whom we track."""

    id: str
    name: str
    aliases: tuple[Name, ...] = ()
    tickers: tuple[str, ...] = ()
    domains: tuple[str, ...] = ()
    context: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    cik: str = ""  # its number at the SEC, ten digits


@dataclass(frozen=True, slots=True)
class Watchlist:
    """All tracked companies; ids are unique."""

    companies: tuple[Company, ...] = ()


class Method(StrEnum):
    """How a mention was found."""

    EXACT = "exact"
    VARIANT = "variant"  # another spelling of the same name: possessive, spacing, width, inflection
    FUZZY = "fuzzy"  # a typo
    TICKER = "ticker"
    DOMAIN = "domain"


class EntryField(StrEnum):
    """Where a mention stands."""

    TITLE = "title"
    TEXT = "text"
    URL = "url"


@dataclass(frozen=True, slots=True)
class Reason:
    """One signal for (positive) or against (negative) a mention, in points of its score."""

    signal: str
    points: float


@dataclass(frozen=True, slots=True)
class Mention:
    """Evidence that an entry names a company. ``start`` and ``end`` are code points into the field."""

    company_id: str
    field: EntryField
    start: int
    end: int
    found: str  # the field's text from start to end
    name: str  # the name that it was taken for
    method: Method
    score: float  # 0 to 100
    reasons: tuple[Reason, ...] = ()


@dataclass(frozen=True, slots=True)
class Hit:
    """An entry that is about a tracked company: one for each (entry, company). Mentions best first."""

    entry_id: str
    company_id: str
    score: float  # 0 to 100: is it this company?
    salience: float  # 0 to 100: is the entry about it?
    mentions: tuple[Mention, ...]
    rule_version: str = ""
    runner_up: Mention | None = None  # the best mention of another company that was weighed to the end, a hit or not

    @property
    def best(self) -> Mention:
        """The mention that carries the hit."""
        return self.mentions[0]


# --------------------------------------------------------------------------- stories


class Relation(StrEnum):
    """What an entry is to the news already known."""

    NEW = "new"  # opens a story
    SEEN = "seen"  # the same entry again
    COPY = "copy"  # the same article at a further outlet
    SAME_STORY = "same_story"
    UPDATE = "update"  # the same story, with something new in it


@dataclass(frozen=True, slots=True)
class Known:
    """What identity must know of an entry that is already stored."""

    entry_id: str
    feed_url: str
    canonical_url: str
    title: str
    content_hash: str
    published_at: datetime | None = None
    story_id: str = ""


@dataclass(frozen=True, slots=True)
class Member:
    """An entry as its story remembers it: all that similarity looks at."""

    entry_id: str
    article_id: str
    story_id: str
    title: str
    text: str
    published_at: datetime
    publisher: str = ""
    language: str = ""
    companies: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class StoryView:
    """A live story as a candidate: some of its members, newest last.

    ``told`` says of its commonest terms in how many members each stands; empty where ``members`` are all there are.
    """

    id: str
    companies: frozenset[str]
    first_at: datetime
    last_at: datetime
    members: tuple[Member, ...]
    entries: int = 0  # how many there are, when more than those shown; else 0
    told: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Placement:
    """Where an entry belongs, and why. Ids are those of the first member."""

    entry_id: str
    article_id: str
    story_id: str
    relation: Relation
    rule: str  # which rule decided
    partner: str = ""  # the entry it was compared with
    score: float = 0.0  # 0 to 1
    features: tuple[tuple[str, float], ...] = ()  # leading first
    companies: frozenset[str] = frozenset()
    rival: str = ""  # another story that it would have joined: the two may be one
    sketch: tuple[int, ...] = ()  # what the copy index stores: 64-bit signed
    terms: tuple[str, ...] = ()  # what the story index stores
    is_round_up: bool = False  # it tells of several companies one after the other, and belongs to no story


@dataclass(frozen=True, slots=True)
class Merge:
    """Two stories that turned out to be one: ``story_id``, the older, takes in the entries of ``other_id``."""

    story_id: str
    other_id: str
    score: float  # 0 to 1


# --------------------------------------------------------------------------- alerts


@dataclass(frozen=True, slots=True)
class Alert:
    """A message owed to a channel. ``id`` is its idempotency key; ``payload`` is plain JSON data."""

    id: str
    channel: str
    rule: str
    kind: str  # "story", "update", "digest", "warning"
    story_id: str
    entry_id: str
    created_at: datetime
    not_before: datetime
    severity: str = "normal"
    digest: str = ""  # the rhythm of the digest that it waits for: "hourly", "daily" ...; "": sent by itself
    payload: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Telling:
    """A further entry of an alert's story, as an alert names it; as stored, neither cut nor cleaned."""

    publisher: str  # as the entry says, else its feed
    title: str
    url: str
    published_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Untold:
    """What a headline says that no earlier telling of its story did, as the headline writes it."""

    figures: tuple[str, ...] = ()
    reversals: tuple[str, ...] = ()  # words by which a story turns: withdraws, denied
    words: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Told:
    """What a channel has been told of a story, or is owed."""

    updates: int = 0
    rules: frozenset[str] = frozenset()  # those that asked for it


@dataclass(frozen=True, slots=True)
class StorySoFar:
    """A story as it is stored when something arrives in it. ``hits`` has for each company those that no other one
    exceeds in both score and salience; ``outlets`` are publishers, else addresses of feeds.
    """

    id: str
    first: Telling
    hits: tuple[Hit, ...] = ()
    outlets: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class OwedAlert:
    """An alert taken from the outbox under a lease, its payload fixed, with the attempts made before."""

    alert: Alert
    attempts: int = 0
    is_fresh: bool = False  # nobody had it in hand before: its payload was fixed just now
    leased_until: datetime | None = field(default=None, compare=False)  # by which the lease is known as this sender's


@dataclass(frozen=True, slots=True)
class Claim:
    """What a sender asks of the outbox: alerts of one channel that are due, as far as the channel lets them pass."""

    channel: str
    now: datetime  # what is due by then
    at: datetime  # the moment of asking: a pass may take a while
    until: datetime  # the end of the lease
    limit: int
    held_until: datetime | None = None  # quiet hours: until then nothing goes out ...
    urgent_passes: bool = True  # ... but what is urgent, which no cap holds either
    per_hour: int | None = None  # messages that the channel takes in an hour; None = any number
    per_digest: int = 50  # alerts that a digest has room for


@dataclass(frozen=True, slots=True)
class Circuit:
    """How a channel fares that has failed since it last took something: closed, or open until a moment, after which
    one alert decides."""

    channel: str
    failures: int = 0  # in a row
    openings: int = 0  # in a row: rests that ended with a further failure, and the present one
    opened_at: datetime | None = None  # since when it has taken nothing; None = closed
    open_until: datetime | None = None
    reason: str = ""  # of the last failure


@dataclass(frozen=True, slots=True)
class Sent:
    """The receiver took it; ``is_partial`` = not for all whom it was meant for, as ``detail`` says."""

    detail: str = ""
    is_partial: bool = False


@dataclass(frozen=True, slots=True)
class SendFailed:
    """The receiver did not take it; ``permanent`` = trying again cannot help."""

    reason: str
    retry_after: timedelta | None = None
    permanent: bool = False


SendResult = Sent | SendFailed


@dataclass(frozen=True, slots=True)
class Delivery:
    """What came of one attempt, and what follows: exactly one of sent, next attempt, dead."""

    alert_id: str
    channel: str
    attempted_at: datetime
    attempt: int  # from 1
    result: SendResult
    next_attempt_at: datetime | None = None
    dead: bool = False
    leased_until: datetime | None = None  # the lease under which it was made; None = whichever there is


# --------------------------------------------------------------------------- batches and runs


@dataclass(frozen=True, slots=True)
class FetchRecord:
    """One line of the fetch history."""

    feed_url: str
    fetched_at: datetime
    outcome: str  # "fetched", "not_modified" or "failed"
    status: int | None = None
    error_kind: ErrorKind | None = None
    error: str = ""
    entries: int = 0  # in the document
    new: int = 0
    edited: int = 0
    bytes: int = 0
    elapsed: timedelta = timedelta()
    damage: str = ""
    gap: bool = False  # nothing in it was known: what came in between is probably lost
    is_conditional: bool | None = None  # validators were sent; None = there was no answer


@dataclass(frozen=True, slots=True)
class Batch:
    """All that one feed's turn wants written, in one transaction.

    ``hits`` are all that the new and edited entries have: a stored hit of an edited entry that is not among them has
    lost its evidence. ``seen`` are the ids of stored entries that the feed's document still holds.
    """

    feed: Feed
    state: FeedState
    fetch: FetchRecord
    info: FeedInfo | None = None
    new: tuple[Entry, ...] = ()
    edited: tuple[Entry, ...] = ()
    sightings: tuple[Sighting, ...] = ()
    seen: tuple[str, ...] = ()
    hits: tuple[Hit, ...] = ()
    placements: tuple[Placement, ...] = ()
    alerts: tuple[Alert, ...] = ()
    listed: tuple[Feed, ...] = ()  # feeds that the list names
    unlisted: tuple[str, ...] = ()  # addresses of feeds that it named before, and names no more
    pages: tuple[str, ...] = ()  # ids of entries whose pages are to be read
    retires: bool = True  # those are retired aloud; else they go quietly, as sitemaps of past days do
    clues: tuple[Clue, ...] = ()
    is_excused: bool = False  # it failed, and for no fault of the feed

    @property
    def is_plain(self) -> bool:
        """True when it brings nothing but new entries about nobody, and leaves those that were there as they are."""
        return not (
            self.edited
            or self.sightings
            or self.hits
            or self.placements
            or self.alerts
            or self.listed
            or self.unlisted
            or self.pages
            or self.clues
        )


@dataclass(frozen=True, slots=True)
class OwedPage:
    """An entry whose page is to be read."""

    entry: Entry
    owed_at: datetime
    attempts: int = 0
    is_again: bool = False  # it was read before, and its lines count as those of one page


@dataclass(frozen=True, slots=True)
class PageRead:
    """What came of asking for a page. ``outcome``: "read", "empty", "refused" or "failed"."""

    entry_id: str
    outcome: str
    reason: str = ""
    lines: tuple[str, ...] = ()  # of its article, as the site's pages in general do not have them
    addresses: tuple[str, ...] = ()  # where it answered, after redirects; and the one that it gives itself


@dataclass(frozen=True, slots=True)
class PageBatch:
    """All that one page wants written, in one transaction. Hits are only added or strengthened by a page."""

    entry: Entry  # its text with the article's
    outcome: str
    reason: str = ""
    characters: int = 0  # of the article
    attempts: int = 0
    next_attempt_at: datetime | None = None  # None = settled
    site: str = ""
    marks: tuple[str, ...] = ()  # of the page's lines
    keys: tuple[str, ...] = ()  # by which the entry is known from now on too
    clues: tuple[Clue, ...] = ()
    hits: tuple[Hit, ...] = ()
    placements: tuple[Placement, ...] = ()
    alerts: tuple[Alert, ...] = ()


@dataclass(frozen=True, slots=True)
class Committed:
    """What a commit really added; repeats add nothing."""

    new: int = 0
    edited: int = 0
    sightings: int = 0
    hits: int = 0
    stories: int = 0
    alerts: int = 0
    feeds: int = 0  # that a list named for the first time, or again


@dataclass(frozen=True, slots=True)
class FailedFeed:
    """A feed that brought nothing in this run, and why."""

    url: str
    kind: ErrorKind
    reason: str


@dataclass(frozen=True, slots=True)
class Tally:
    """Attempts by one channel that came to the same: "sent", "failed" (to be tried again) or "dead"."""

    channel: str
    outcome: str
    count: int


@dataclass(frozen=True, slots=True)
class RunReport:
    """What one run did; observers count it."""

    started_at: datetime
    took: timedelta
    feeds: int = 0  # configured
    due: int = 0
    fetched: int = 0
    not_modified: int = 0
    failed: tuple[FailedFeed, ...] = ()
    committed: Committed = Committed()
    by_pages: Committed = Committed()  # the part of it that pages brought
    sent: int = 0
    undelivered: int = 0  # alerts that wait for a further attempt
    dead: int = 0  # alerts given up in this run
    is_cut_off: bool = False  # told to stop before all was done
    pages: int = 0  # articles read
    deliveries: tuple[Tally, ...] = ()  # the attempts behind sent, undelivered and dead

    @property
    def unreachable(self) -> bool:
        """True when nothing could be polled: all that was due failed on the network, so the fault is likely ours.

        One dead feed that is due by itself proves nothing, unless it is the only one.
        """
        network = {
            ErrorKind.DNS,
            ErrorKind.CONNECT,
            ErrorKind.TIMEOUT,
            ErrorKind.BLOCKED_ADDRESS,
            ErrorKind.UNEXPECTED,
        }
        everything = 0 < self.due == len(self.failed) and (self.due > 1 or self.feeds == 1)
        return everything and all(feed.kind in network for feed in self.failed)

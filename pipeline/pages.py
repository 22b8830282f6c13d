"""The pages that a run reads after its feeds: which are asked for now, what is decided of each, and what is written."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Executor, Future
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import structlog

from pipeline.article import FulltextOptions, Robots, origin_of
from pipeline.dedup import page_clues
from pipeline.engine import is_done, nothing, shards
from pipeline.errors import DataRefused, NewswardError
from pipeline.fetch import FetchOptions, Rests, public_url
from pipeline.keys import names_an_article, url_key
from pipeline.model import (
    Alert,
    Committed,
    Due,
    Entry,
    Feed,
    FeedState,
    Hit,
    Merge,
    OwedPage,
    PageBatch,
    PageRead,
    Placement,
)
from pipeline.parse import with_article
from pipeline.reading import Page, Reading, marks_of, read_shard, site_of, without_common
from pipeline.store import Store
from pipeline.urls import canonical_url, host_of, registrable_domain

log = structlog.get_logger()

_AGAIN = timedelta(hours=1)  # after the first failure; twice as long after each further one
_AHEAD = 5  # times max_pages that are looked through for some that may be asked for now
_NEVER_READ = frozenset({"news.google.com"})  # links that only scripts lead on from


Written = tuple[PageBatch, Committed, Sequence[Merge]]


@dataclass(frozen=True, slots=True)
class Judgement:
    """What an entry with its article's text is about, and what follows."""

    hits: tuple[Hit, ...] = ()
    placements: tuple[Placement, ...] = ()
    alerts: tuple[Alert, ...] = ()


@dataclass(frozen=True, slots=True)
class PagePass:
    """All that reading pages works with. ``judge`` is pure but for its look-ups; ``repair`` writes the merges that
    follow from placements, and returns them.
    """

    store: Store
    engine: Executor
    fetch: FetchOptions
    options: FulltextOptions
    shard_size: int
    judge: Callable[[Entry], Judgement]
    repair: Callable[[PageBatch], Sequence[Merge]]
    before_wait: Callable[[], None] = nothing  # called while a site is waited for

    def read(self, now: datetime, stop: Callable[[], bool]) -> Iterator[Written]:
        """Reads the pages whose turn it is and writes what came of each; what is not read when told to stop waits."""
        owed = self._in_time(self.store.owed_pages(now, limit=_AHEAD * self.options.max_pages), now)
        by_url: dict[str, list[OwedPage]] = {}
        for page in owed:
            by_url.setdefault(page_url(page.entry), []).append(page)
        robots = self.store.robots({origin_of(url) for url in by_url}, now)
        known = {row["origin"]: Robots(**row) for row in robots}
        chosen = self._choose(by_url, known, now)
        yield from self._read(chosen, known, now, stop)

    def _in_time(self, owed: Sequence[OwedPage], now: datetime) -> list[OwedPage]:
        """Those that are not too old by now; of the others that is noted."""
        in_time = []
        for page in owed:
            if now - page.owed_at > self.options.max_age:
                self.store.commit_page(PageBatch(page.entry, "late", "its entry is too old by now"), now)
            else:
                in_time.append(page)
        return in_time

    def _choose(
        self, by_url: Mapping[str, list[OwedPage]], known: Mapping[str, Robots], now: datetime
    ) -> dict[str, list[OwedPage]]:
        """The pages whose site may be asked now, at most ``max_pages``; the others wait until it may."""
        resting = self.store.resting_hosts(now)
        chosen: dict[str, list[OwedPage]] = {}
        of_site: Counter[str] = Counter()
        for url, pages in by_url.items():
            robots = known.get(origin_of(url))
            until = (robots and robots.next_page_at) or resting.get(host_of(url))
            if until and until > now:
                self.store.put_off_pages([page.entry.id for page in pages], until)
            elif len(chosen) < self.options.max_pages and of_site[site_of(url)] < self.options.max_pages_of_site:
                chosen[url] = pages
                of_site[site_of(url)] += 1
        return chosen

    def _read(
        self,
        chosen: Mapping[str, list[OwedPage]],
        known: Mapping[str, Robots],
        now: datetime,
        stop: Callable[[], bool],
    ) -> Iterator[Written]:
        dealt = shards([Due(Feed(url), FeedState(url)) for url in chosen], self.shard_size)
        futures: list[Future[Reading]] = []
        for shard in dealt:
            pages = [Page(chosen[due.url][0].entry.id, due.url, chosen[due.url][0].entry.title) for due in shard]
            futures.append(self.engine.submit(read_shard, pages, known, self.fetch, self.options, now))
        try:
            for shard, future in zip(dealt, futures, strict=True):
                if not is_done(future, stop, self.before_wait):
                    return
                yield from self._settle(future.result(), [chosen[due.url] for due in shard], now)
        finally:
            for future in futures:
                future.cancel()

    def _settle(self, reading: Reading, pages: Sequence[list[OwedPage]], now: datetime) -> Iterator[Written]:
        """Writes what a shard learned, of its pages and of their sites."""
        self.store.learn_robots([_row(robots) for robots in reading.robots], now)
        results = {result.entry_id: result for result in reading.pages}
        rests = Rests()
        pleas = [plea for answer in reading.rests if (plea := rests.note(answer))]
        for same in pages:
            result = results.get(same[0].entry.id)
            if result is None:
                self._put_off(same, reading, now)
                continue
            for number, page in enumerate(same):
                batch = self._decide(replace(page, is_again=page.is_again or number > 0), result, now)
                yield batch, *self._commit(batch, now)
        for plea in pleas:
            self.store.rest_host(plea.host, now + plea.rest, now)

    def _put_off(self, pages: Sequence[OwedPage], reading: Reading, now: datetime) -> None:
        origin = origin_of(page_url(pages[0].entry))
        until = next((one.next_page_at for one in reading.robots if one.origin == origin), None)
        self.store.put_off_pages([page.entry.id for page in pages], until or now + _AGAIN)

    def _decide(self, page: OwedPage, result: PageRead, now: datetime) -> PageBatch:
        """What is written of a page; a fault of ours costs this page its turn, and stops nobody else."""
        try:
            return self._batch(page, result, now)
        except NewswardError:
            raise
        except Exception as error:
            log.exception("page_failed_unexpectedly", page=public_url(page.entry.url))
            reason = f"a fault in newsward: {type(error).__name__}: {error}"
            return PageBatch(page.entry, "failed", reason, attempts=page.attempts + 1)

    def _batch(self, page: OwedPage, result: PageRead, now: datetime) -> PageBatch:
        attempts, entry = page.attempts + 1, page.entry
        if result.outcome == "failed" and attempts < self.options.attempts:
            again = now + _AGAIN * 2**page.attempts
            return PageBatch(entry, "failed", result.reason, attempts=attempts, next_attempt_at=again)
        if result.outcome != "read":
            return PageBatch(entry, result.outcome, result.reason, attempts=attempts)
        site, marks = site_of(page_url(entry)), marks_of(result.lines)
        others = {mark: pages - page.is_again for mark, pages in self.store.line_counts(site, marks).items()}
        own = without_common(result.lines, others)
        article = " ".join(own)
        keys = further_keys(entry, result.addresses)
        done = PageBatch(entry, "read", attempts=attempts, characters=len(article), site=site, keys=keys)
        if not page.is_again:
            done = replace(done, marks=marks, clues=page_clues(entry.canonical_url, result.addresses))
        if not own:
            return replace(done, outcome="empty", reason="only lines that the site's other pages have too")
        whole = replace(entry, text=with_article(entry.text, article))
        judged = self.judge(whole)
        return replace(done, entry=whole, hits=judged.hits, placements=judged.placements, alerts=judged.alerts)

    def _commit(self, batch: PageBatch, now: datetime) -> tuple[Committed, Sequence[Merge]]:
        """A page and the merges that follow from it: a run that is killed leaves both or neither."""
        with self.store.together():
            try:
                return self.store.commit_page(batch, now), self.repair(batch)
            except DataRefused as error:
                log.exception("page_refused_by_database", page=public_url(batch.entry.url))
                failed = PageBatch(batch.entry, "failed", str(error), attempts=batch.attempts)
                return self.store.commit_page(failed, now), ()


def page_url(entry: Entry) -> str:
    """The address of the entry's page, "" when it has none that can be read: where a redirector leads to, at once."""
    host = host_of(entry.url) if entry.url else ""
    if not host or host in _NEVER_READ:
        return ""
    has_other_host = entry.canonical_url and host_of(entry.canonical_url).removeprefix("www.") != host.removeprefix(
        "www."
    )
    return (entry.canonical_url if has_other_host else entry.url).partition("#")[0]


def further_keys(entry: Entry, addresses: Sequence[str]) -> tuple[str, ...]:
    """By what else the entry is known from now on: where its link led in the end, and the address that the page there
    gives itself. One on another site is not believed: it is that of whoever wrote the article first.
    """
    site = registrable_domain(addresses[0]) if addresses else ""
    found = dict.fromkeys(canonical_url(address) for address in addresses if registrable_domain(address) == site)
    return tuple(url_key(one) for one in found if names_an_article(one) and one != entry.canonical_url)


def _row(robots: Robots) -> dict[str, object]:
    return {
        "origin": robots.origin,
        "allows": robots.allows,
        "rules": robots.rules,
        "expires_at": robots.expires_at,
        "next_page_at": robots.next_page_at,
    }

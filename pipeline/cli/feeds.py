"""``newsward feeds``: what is polled, and polling it now."""

from __future__ import annotations

import sys
from collections import Counter, deque
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext, redirect_stdout
from dataclasses import replace
from datetime import datetime
from math import ceil
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import urlsplit

import typer

from pipeline.app import open_stages
from pipeline.cli.leaving import heeding_signals
from pipeline.cli.output import print_json, print_table, progress_bar, say
from pipeline.cli.root import Settings, now
from pipeline.cli.show import show, stored_rows
from pipeline.config import Config, holds, spellings
from pipeline.errors import AlreadyRunning, InputError
from pipeline.fetch import public_url
from pipeline.model import Batch, Committed, Due, ErrorKind, Feed, FeedState
from pipeline.observe import summary
from pipeline.run import run_once
from pipeline.sources import web_address_problem
from pipeline.store import RunLock, Store
from pipeline.text import to_iso

app = typer.Typer(help="The feeds: list, try and poll them, add them, let them rest.", no_args_is_help=True)

_COLUMNS = ("status", "new", "entries", "next_poll_at", "url", "error")


@app.command()
def poll(
    context: typer.Context,
    urls: Annotated[list[str] | None, typer.Argument(help="Feeds to poll; none = all that are due.")] = None,
    urls_file: Annotated[Path | None, typer.Option("--urls", help="A file with one feed URL a line.")] = None,
    force: Annotated[
        bool, typer.Option("--force", help="Also feeds that are not due yet; still conditionally.")
    ] = False,
    allow_private: Annotated[
        bool, typer.Option("--allow-private", help="Allow loopback and private addresses.")
    ] = False,
    wait: Annotated[bool, typer.Option("--wait", help="Wait for a run that is going on.")] = False,
    json: Annotated[bool, typer.Option("--json", help="One JSON line a feed.")] = False,
) -> None:
    """Poll feeds now and print one line each.

    What they bring is stored, matched and alerted as by `run`. Feeds that are not in the configuration are added to
    the database. With `--force`, feeds that are named are polled even if they are paused or retired. Exits with 0 when
    the feeds were polled, failed ones included, with 1 when another run is going on, with 2 when an address is none.

    \b
    Examples:
      newsward --config my-watch feeds poll --force
      newsward --config my-watch feeds poll https://example.com/feed.xml --json
    """
    settings: Settings = context.obj
    config = settings.load()
    if allow_private:
        config = config.replace_fetch(allow_private=True)
    named = named_urls(urls or [], urls_file)
    refused = {url: problem for url in named if (problem := _problem(url))}
    wanted = [url for url in named if url not in refused]
    moment = now()
    with _only_run(config, wait=wait), open_stages(config, moment) as stages:
        calls = _known_as(stages.store, wanted, moment)
        names = {**calls, **{url: url for url in refused}}
        lines = _Lines(stages.store, moment, {url: names[url] for url in named}, as_json=json)
        lines.add_refused(refused)
        dues, resting = _turn(stages.store, calls, moment, force=force, named=bool(urls or urls_file))
        lines.expect(dues, resting)
        # The lines own stdout: an alert for the screen goes to stderr meanwhile.
        with (
            heeding_signals() as ending,
            progress_bar(wanted=not json) as progress,
            redirect_stdout(sys.stderr) if json else nullcontext(),
        ):
            task = progress.add_task("polling", total=len(dues))

            def watch(batch: Batch, committed: Committed) -> None:
                lines.add(batch, committed)
                progress.advance(task)

            report = run_once(
                stages, moment, dues=dues, watch=watch, stop=lambda: lines.is_unread() or ending.is_wanted()
            )
        lines.finish()
    if not json:
        say(summary(report) + (f"; {len(resting)} not polled: --force polls them" if resting else ""))
    ending.obey()
    if refused:
        raise typer.Exit(2)


@app.command("list")
def list_feeds(
    context: typer.Context,
    word: Annotated[str, typer.Argument(help="Only feeds with this in title, address or publisher.")] = "",
    failing: Annotated[bool, typer.Option("--failing", help="Only feeds whose last polls brought nothing.")] = False,
    silent: Annotated[
        bool, typer.Option("--silent", help="Only feeds that answer, and bring nothing new for 30 days.")
    ] = False,
    resting: Annotated[bool, typer.Option("--resting", help="Only feeds that are paused or retired.")] = False,
    json: Annotated[bool, typer.Option("--json", help="One JSON line a feed, with every column.")] = False,
) -> None:
    """The feeds and how they are, those in trouble first.

    Several of the options together list what one of them would.

    \b
    Examples:
      newsward --config my-watch feeds list
      newsward --config my-watch feeds list --failing
      newsward --config my-watch feeds list lantern --json
    """
    # An address may hold a secret. Tables have it as it is, since it is the feed's name there.
    rows = [{**row, "url": public_url(row["url"])} for row in stored_rows(context, "feed_list")]
    problems = {"failing": failing, "silent": silent, "paused": resting, "disabled": resting}
    asked = {problem for problem, is_asked in problems.items() if is_asked}
    shown = [
        row
        for row in rows
        if (not asked or row["problem"] in asked)
        and (not word or holds(word, row["title"], row["url"], row["publisher"]))
    ]
    if not json:
        shown = [{**row, "status": _state(row), "feed": row["title"] or row["url"]} for row in shown]
    columns = ("status", "failures", "next_poll_at", "feed", "reason", "url")
    show(shown, columns, spare=("failures", "url"), as_json=json)
    if not json and shown:
        say(_tally(shown, len(rows)))


def _state(row: Mapping[str, Any]) -> str:
    """One word for how a feed is: it may answer well and yet bring nothing."""
    return str(row["problem"] if row["status"] == "ok" and row["problem"] else row["status"])


def _tally(rows: Sequence[Mapping[str, Any]], total: int) -> str:
    counts = Counter(row["status"] for row in rows)
    told = ", ".join(f"{count} {state}" for state, count in counts.most_common())
    feeds = "1 feed" if total == 1 else f"{total} feeds"
    return f"{feeds}: {told}" if len(rows) == total else f"{len(rows)} of {feeds}: {told}"


def _problem(url: str) -> str:
    """Why an address cannot be polled and stored, in words; an empty string = it can."""
    problem = web_address_problem(url)
    if not problem and "@" in urlsplit(url).netloc:
        return "holds credentials, which every table would show: put the feed into feeds.toml"
    return problem


def named_urls(urls: Sequence[str], urls_file: Path | None) -> list[str]:
    """The named URLs in order, each once. Raises InputError for a file that cannot be read."""
    named = list(urls)
    if urls_file:
        try:
            lines = urls_file.read_text(encoding="utf-8-sig").splitlines()
        except (OSError, UnicodeDecodeError) as error:
            why = getattr(error, "strerror", None) or error
            raise InputError(f"{urls_file}: cannot be read as a list of URLs ({why})") from error
        named += [line.strip() for line in lines if line.strip() and not line.lstrip().startswith("#")]
    return list(dict.fromkeys(named))


@contextmanager
def _only_run(config: Config, *, wait: bool) -> Iterator[None]:
    """The run lock. Raises AlreadyRunning, which says how to wait for it."""
    try:
        with RunLock(config.database.parent, wait=wait):
            yield
    except AlreadyRunning as error:
        raise AlreadyRunning(f"{error}; --wait waits for its end") from error


def _known_as(store: Store, wanted: Sequence[str], moment: datetime) -> Mapping[str, str]:
    """Under which address the feed behind each named one is stored; what is not known is added under its name.

    http or https, a slash at the end or a fragment make no feed of their own: it is polled once.
    """
    known = set(store.configured_feeds(wanted))
    others = {url: spellings(url) for url in wanted if url not in known}
    known |= store.configured_feeds([spelt for spelt_ways in others.values() for spelt in spelt_ways])
    calls, new = {}, []
    for url in wanted:
        ways = others.get(url, (url,))
        found = next((spelt for spelt in ways if spelt in known), None)
        if found is None:
            found = ways[0]
            known.add(found)
            new.append(Feed(found, source="cli"))
        calls[url] = found
    if new:
        store.add_feeds(new, moment)
    return calls


def _turn(
    store: Store, calls: Mapping[str, str], moment: datetime, *, force: bool, named: bool
) -> tuple[Sequence[Due], Sequence[Due]]:
    """The feeds to poll, and those named that are not due. Who forces a named feed wants it, paused or retired."""
    if not named:
        return _insisting(store.all_dues(moment)) if force else store.due(moment), ()
    dues = store.dues(tuple(calls.values()))
    if force:
        return _insisting(dues), ()
    ready = {due.feed.url for due in store.due(moment, urls=set(calls.values()))}
    return [due for due in dues if due.feed.url in ready], [due for due in dues if due.feed.url not in ready]


def _insisting(dues: Sequence[Due]) -> list[Due]:
    """Asked although their host may rest: a person wants to see what comes."""
    return [replace(due, insist=True) for due in dues]


class _Lines:
    """Prints one line a feed: JSON as soon as its turn has come, or a table at the end.

    ``calls`` gives the stored address of each named one, in order. When nobody reads the lines any more, ``is_unread``
    says so.
    """

    def __init__(self, store: Store, moment: datetime, calls: Mapping[str, str], *, as_json: bool) -> None:
        self._store, self._moment, self._json, self._stream = store, moment, as_json, sys.stdout
        self._names: dict[str, list[str]] = {}
        for name, url in calls.items():
            self._names.setdefault(url, []).append(name)
        self._awaited = deque(calls)
        self._ready: dict[str, tuple[Mapping[str, Any], str]] = {}
        self._rows: list[tuple[object, ...]] = []
        self._entries: dict[str, int] = {}
        self._paused: Mapping[str, datetime | None] = {}
        self._broken: BrokenPipeError | None = None

    def expect(self, dues: Sequence[Due], resting: Sequence[Due]) -> None:
        """Before the first poll; the lines of feeds that rest are known already."""
        urls = [due.feed.url for due in (*dues, *resting)]
        # Counted once: nobody but the run that is going on, this one, stores or forgets entries.
        self._entries = dict(self._store.feed_entry_counts(urls))
        self._paused = self._store.paused(list(self._names), self._moment)
        for due in resting:
            self._emit(due.feed.url, due.state, {}, note=self._rest(due))

    def add(self, batch: Batch, committed: Committed) -> None:
        """A feed was polled."""
        fetch, url, new = batch.fetch, batch.feed.url, committed.new + committed.sightings
        self._entries[url] = self._entries.get(url, 0) + new
        outcome = {
            "status": fetch.status,
            "not_modified": fetch.outcome == "not_modified",
            "new": new,
            "error": fetch.error or None,
            "error_kind": fetch.error_kind.value if fetch.error_kind else None,
        }
        self._emit(url, batch.state, outcome)

    def add_refused(self, refused: Mapping[str, str]) -> None:
        """Addresses that are none."""
        for url, problem in refused.items():
            outcome = {"error": f"not polled: the address {problem}", "error_kind": ErrorKind.INVALID_URL.value}
            self._emit(url, FeedState(url), outcome)

    def is_unread(self) -> bool:
        """Whether the reader has gone: what was polled is stored, and the rest is left to the next run."""
        return self._broken is not None

    def finish(self) -> None:
        """The table. Raises BrokenPipeError when the reader has gone."""
        if self._broken:
            raise self._broken
        if not self._json:
            print_table(_COLUMNS, self._rows, spare=("entries",))

    def _rest(self, due: Due) -> str:
        return "paused" if due.feed.url in self._paused else due.state.disabled or "not due yet"

    def _emit(self, url: str, state: FeedState, outcome: Mapping[str, Any], *, note: str = "") -> None:
        names = self._names.get(url)
        # Where the server says that the feed is for good; polls begin there when that has lasted.
        current_url = state.moved_to or state.current_url or url
        turn = self._next_turn(url, state)
        line = {
            "url": url,
            "current_url": current_url if names else public_url(current_url),
            "status": outcome.get("status"),
            "not_modified": outcome.get("not_modified", False),
            "entries": self._entries.get(url, 0),
            "new": outcome.get("new", 0),
            "error": outcome.get("error"),
            "error_kind": outcome.get("error_kind"),
            "next_poll_at": to_iso(turn) if turn else None,
            "next_poll_in": max(0, ceil((turn - self._moment).total_seconds())) if turn else None,
            "disabled": bool(state.disabled) or url in self._paused,
        }
        # Who named an address may see it again, as it was named; one from the configuration may hold a secret.
        for name in names or (public_url(url),):
            self._ready[name] = ({**line, "url": name}, note)
        # Without names the order is that of the turns; with them, what is done early waits for those before it.
        while self._ready and (not self._awaited or self._awaited[0] in self._ready):
            self._print(*self._ready.pop(self._awaited.popleft() if self._awaited else next(iter(self._ready))))

    def _next_turn(self, url: str, state: FeedState) -> datetime | None:
        """When a run will poll it; None = not before somebody enables it."""
        if state.disabled:
            return None
        if url not in self._paused:
            return state.next_poll_at
        until = self._paused[url]
        return until and max(until, state.next_poll_at or until)

    def _print(self, line: Mapping[str, Any], note: str) -> None:
        if not self._json:
            shown = {**line, "error": line["error"] or note}
            self._rows.append(tuple(shown[name] for name in _COLUMNS))
        elif not self._broken:
            try:
                print_json(line, self._stream)
            except BrokenPipeError as error:
                self._broken = error

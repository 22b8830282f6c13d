"""``newsward feeds add|remove|pause|enable``: which feeds take turns, and whose wish it was."""

from __future__ import annotations

import getpass
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated, Any

import typer

from pipeline.cli.feeds import named_urls
from pipeline.cli.output import print_json, say, tell
from pipeline.cli.root import Settings, now
from pipeline.cli.trials import notes, tried
from pipeline.config import Config, Named, existing_main, meant, spellings, table_at
from pipeline.config.editing import add_feed, editing, remove_feed
from pipeline.errors import InputError
from pipeline.fetch import public_url
from pipeline.model import LEFT, Feed
from pipeline.plugins import duration
from pipeline.sources import FeedSource, web_address_problem
from pipeline.store import Store
from pipeline.text import to_iso

_MOST_NAMED = 8  # feeds in a message that asks which one is meant

Feeds = Annotated[list[str], typer.Argument(help="Feeds by address, title, or a part of either that no other has.")]
Json = Annotated[bool, typer.Option("--json", help="One JSON line a feed.")]


def add_commands(app: typer.Typer) -> None:
    """Puts the commands of this module among those of ``feeds``."""
    app.command("add")(add)
    app.command("remove")(remove)
    app.command("pause")(pause)
    app.command("enable")(enable)


# --------------------------------------------------------------------------- pause and enable


def pause(
    context: typer.Context,
    feeds: Feeds,
    until: Annotated[str, typer.Option(help="When it ends: a date, or a moment such as 2026-03-05T08:00, UTC.")] = "",
    length: Annotated[str, typer.Option("--for", help='How long it lasts: "3 days", "12 h".')] = "",
    reason: Annotated[str, typer.Option(help="Why, for whoever wonders later.")] = "",
    json: Json = False,
) -> None:
    """Let feeds rest for a while, or until they are enabled.

    No run polls them until then. `feeds list` and `coverage` say that they are paused, by whom and since when. What
    they brought stays.

    \b
    Examples:
      newsward --config my-watch feeds pause "Lantern Tech" --for "3 days"
      newsward --config my-watch feeds enable "Lantern Tech"
    """
    moment = now()
    end = _end(until, length, moment)
    with _open(context) as store:
        rows = _rows(context.obj, store, feeds, moment)
        words = f"paused by {_person()} on {to_iso(moment)[:10]}"
        words += (f" until {_shown(end)}" if end else "") + (f": {' '.join(reason.split())}" if reason.strip() else "")
        store.pause_feeds([row["url"] for row in rows], words, until=end)
    for row in rows:
        line = {"url": row["url"], "title": row["title"], "paused": words, "paused_until": to_iso(end) if end else None}
        _tell(line, f"{_called(row)}: {words}", as_json=json)
    if not json and not end:
        say("until `newsward feeds enable`")


def enable(context: typer.Context, feeds: Feeds, json: Json = False) -> None:
    """Have feeds polled again that are paused or retired.

    The next run polls them, and from then on they take their turns.
    A feed is retired when its server says that it is gone for good (410), or when it says itself that it is finished.

    \b
    Examples:
      newsward --config my-watch feeds enable "Lantern Tech"
    """
    moment = now()
    with _open(context) as store:
        rows = _rows(context.obj, store, feeds, moment)
        for row in rows:
            if not row["configured"]:
                raise InputError(f"{_called(row)}: is not configured any more; `newsward feeds add` puts it back")
        store.enable_feeds([row["url"] for row in rows], moment)
    for row in rows:
        was = row["paused"] or row["disabled"]
        line = {"url": row["url"], "title": row["title"], "was": was or None, "next_poll_at": to_iso(moment)}
        told = f"enabled ({was})" if was else "was enabled"
        _tell(line, f"{_called(row)}: {told}; the next run polls it", as_json=json)


def _end(until: str, length: str, moment: datetime) -> datetime | None:
    """The end of a pause; None = open. Raises InputError for two ends, one that cannot be read, or one that is over."""
    if until and length:
        raise InputError("--until and --for both say when the pause ends: give one of them")
    if length:
        lasts = duration(length)
        if not lasts:
            raise InputError(f'--for {length!r} is no duration: write it as "3 days", "12 h" or "1 week"')
        return moment.replace(microsecond=0) + lasts
    if not until:
        return None
    try:
        end = datetime.fromisoformat(until)
    except ValueError as error:
        raise InputError(f"--until {until!r} is no date: write it as 2026-03-05 or 2026-03-05T08:00") from error
    end = end.replace(tzinfo=end.tzinfo or UTC).astimezone(UTC)
    if end <= moment:
        raise InputError(f"--until {until!r} is over already ({to_iso(end)})")
    return end


def _person() -> str:
    """Who is at the keyboard; in a container there may be a number only."""
    try:
        return getpass.getuser()
    except (ImportError, KeyError, OSError):
        return f"user {os.geteuid()}"


# --------------------------------------------------------------------------- add


def add(
    context: typer.Context,
    urls: Annotated[list[str], typer.Argument(help="Addresses of the feeds.")],
    title: Annotated[str, typer.Option(help="What to call it; else what it calls itself.")] = "",
    publisher: Annotated[str, typer.Option(help="Who publishes it, when entries do not say.")] = "",
    language: Annotated[str, typer.Option(help="Language of its entries (en, zh-Hans), when they do not say.")] = "",
    tier: Annotated[int, typer.Option(min=1, max=5, help="Authority, 1 (most) to 5 (least).")] = 3,
    tag: Annotated[list[str] | None, typer.Option(help="A word to group it by; may be given again.")] = None,
    no_test: Annotated[bool, typer.Option("--no-test", help="Do not try it first.")] = False,
    allow_private: Annotated[
        bool, typer.Option("--allow-private", help="Allow loopback and private addresses in the try.")
    ] = False,
    json: Json = False,
) -> None:
    """Add feeds to feeds.toml, each after a try as by `feeds test`.

    What fails is not added. Nothing else in the file changes; with several files, it is the last of `feeds = [...]`.
    Exits with 1 when a feed was not added, with 2 when an address is none or the file cannot be written.

    \b
    Examples:
      newsward --config my-watch feeds add https://example.com/feed.xml --no-test
    """
    settings: Settings = context.obj
    config = settings.load()
    if allow_private:
        config = config.replace_fetch(allow_private=True)
    if title and len(urls) > 1:
        raise InputError("--title is for one feed: add the feeds one by one")
    given = {"title": title, "publisher": publisher, "language": language, "tags": tag or []}
    options = {key: value for key, value in given.items() if value} | ({"tier": tier} if tier != 3 else {})
    feeds = {url: _feed(url, options) for url in named_urls(urls, None)}
    new = {url: feed for url, feed in feeds.items() if not _place(config, feed.url)}
    trials = {} if no_test or not new else _trials({feed.url: feed for feed in new.values()}, config)
    good = [url for url, feed in new.items() if trials.get(feed.url, {}).get("verdict") != "failed"]
    with editing(existing_main(settings.config, os.environ).parent):
        files = {url: _written(settings, url, feeds[url], options) for url in good}
    _put_in_turn(config, [feeds[url] for url in good])
    for url, feed in feeds.items():
        _tell_of_new(url, feed, config, files.get(url), trials.get(feed.url), as_json=json)
    if len(files) < len(new):
        raise typer.Exit(1)


def _feed(url: str, options: Mapping[str, Any]) -> Feed:
    """The feed that the table will give. Raises InputError for an address that is none."""
    if problem := web_address_problem(url.strip()):
        raise InputError(f"{public_url(url)}: the address {problem}")
    return FeedSource(url=url, **options).feeds()[0]


def _place(config: Config, url: str) -> str:
    """Where the feed is configured, however its address is spelt there; an empty string = nowhere."""
    return next((config.places[key] for spelt in spellings(url) if (key := ("feed", spelt)) in config.places), "")


def _trials(feeds: Mapping[str, Feed], config: Config) -> Mapping[str, Mapping[str, Any]]:
    """What came of trying each feed, by its address."""
    return dict(zip(feeds, tried(tuple(feeds.values()), config, is_named=True, as_json=False), strict=True))


def _written(settings: Settings, url: str, feed: Feed, options: Mapping[str, Any]) -> str:
    """The file that the feed was written into; another command may have been quicker."""
    config = settings.load()
    if where := _place(config, feed.url):
        return table_at(where)[0]
    return add_feed(config, {"url": url.strip(), **options})


def _put_in_turn(config: Config, feeds: Sequence[Feed]) -> None:
    """So that a daemon polls them before it reads its configuration again; the first run makes the database."""
    if feeds and config.database.exists():
        moment = now()
        with Store.open(config.database, busy_timeout=config.store.busy_timeout) as store:
            store.add_feeds(feeds, moment)
            store.enable_feeds([feed.url for feed in feeds], moment)


def _tell_of_new(
    url: str, feed: Feed, config: Config, file: str | None, trial: Mapping[str, Any] | None, *, as_json: bool
) -> None:
    where = _place(config, feed.url)
    line = {"url": url, "added": file is not None, "file": file, "already": where or None, "trial": trial}
    shown = public_url(url)
    if where:
        told = f"{shown}: is configured already ({where})"
    elif file:
        told = f"{shown}: added to {file}; the next run polls it"
    else:
        told = f"{shown}: not added, its try failed (--no-test adds it all the same)"
    _tell(line, "\n    ".join([told, *(notes(trial) if trial else ())]), as_json=as_json)


# --------------------------------------------------------------------------- remove


@dataclass(frozen=True, slots=True)
class _Removed:
    file: str = ""  # which it stood in
    still: str = ""  # where it is configured all the same


def remove(context: typer.Context, feeds: Feeds, json: Json = False) -> None:
    """Take feeds out of feeds.toml; what they brought stays.

    Feeds that only `feeds poll` has added are taken out of the database's list. Entries and hits stay. A feed of a
    subscription list is taken out of that list by hand, or paused.

    \b
    Examples:
      newsward --config my-watch feeds remove https://example.com/feed.xml
    """
    settings: Settings = context.obj
    moment = now()
    with editing(existing_main(settings.config, os.environ).parent), _open(context) as store:
        rows = _rows(settings, store, feeds, moment)
        config = settings.load()
        for row in rows:
            _refuse_listed(config, row)
        removed = {row["url"]: _taken_out(settings, row["url"]) for row in rows}
        store.remove_feeds([url for url, done in removed.items() if not done.still])
    for row in rows:
        done = removed[row["url"]]
        line = {"url": row["url"], "title": row["title"], "file": done.file or None, "still": done.still or None}
        out_of = f"taken out of {done.file}" if done.file else "taken out of the database's feeds"
        if not row["configured"]:
            out_of = "was taken out before"
        told = f"{out_of}, and still polled by {done.still}" if done.still else f"{out_of}; what it brought stays"
        _tell(line, f"{_called(row)}: {told}", as_json=json)


def _refuse_listed(config: Config, row: Mapping[str, Any]) -> None:
    if row["listed_by"] and row["configured"] and not row["disabled"].startswith(LEFT):
        raise InputError(
            f"{_called(row)}: comes from the list {public_url(row['listed_by'])}: take it out of that list, "
            "or let it rest with `newsward feeds pause`"
        )
    where = config.places.get(("feed", row["url"]), "")
    if where and table_at(where)[1] != "feed":
        raise InputError(
            f"{_called(row)}: comes from {where}, {row['source']}: take it out of that list, "
            "or let it rest with `newsward feeds pause`"
        )


def _taken_out(settings: Settings, url: str) -> _Removed:
    """Every table of the feed taken out; a list that names it too keeps it in turn."""
    file = ""
    while where := (config := settings.load()).places.get(("feed", url), ""):
        if table_at(where)[1] != "feed":
            return _Removed(file, where)
        file = remove_feed(config, url)
    return _Removed(file)


# --------------------------------------------------------------------------- which feed is meant


def _open(context: typer.Context) -> Store:
    """Of the configuration only the database's place is read, so that a feed can be paused without its secrets."""
    return Store.open(context.obj.database())


def _rows(settings: Settings, store: Store, words: Sequence[str], moment: datetime) -> list[Mapping[str, Any]]:
    """The stored feed behind each word, each once; one that no run has seen yet is stored.

    Raises InputError for a word that means none or several; then nothing has changed.
    """
    rows = {row["url"]: row for row in store.rows("feed_names", now=to_iso(moment))}
    if any(not _meant(word, rows) for word in words):
        store.add_feeds([feed for feed in settings.load().feeds if feed.url not in rows], moment)
        rows = {row["url"]: row for row in store.rows("feed_names", now=to_iso(moment))}
    return [rows[url] for url in dict.fromkeys(_clear(word, rows) for word in words)]


def _clear(word: str, rows: Mapping[str, Mapping[str, Any]]) -> str:
    """The address of the one feed that the word means."""
    found = _meant(word, rows)
    if not found:
        raise InputError(f"{word!r}: no feed has this address, title, or part of either (`newsward feeds list`)")
    if len(found) > 1:
        named = "".join(f"\n  {_called(rows[url])}" for url in found[:_MOST_NAMED])
        more = f"\n  and {len(found) - _MOST_NAMED} more" if len(found) > _MOST_NAMED else ""
        raise InputError(f"{word!r} means {len(found)} feeds; say more, or give the address:{named}{more}")
    return found[0]


def _meant(word: str, rows: Mapping[str, Mapping[str, Any]]) -> Sequence[str]:
    """The feeds that the word can mean; those that are not configured any more only if no other can."""
    for is_configured in (1, 0):
        some = [row for row in rows.values() if row["configured"] == is_configured]
        found = meant(word, [Named(row["url"], row["title"], row["current_url"]) for row in some])
        if found:
            return [feed.url for feed in found]
    return ()


def _called(row: Mapping[str, Any]) -> str:
    url = public_url(row["url"])
    return f"{row['title']} <{url}>" if row["title"] else url


def _shown(end: datetime) -> str:
    return f"{to_iso(end)[:16].replace('T', ' ')} UTC"


def _tell(line: Mapping[str, Any], words: str, *, as_json: bool) -> None:
    if as_json:
        print_json(line)
    else:
        tell("".join(char for char in words if char.isprintable() or char == "\n"))

"""``newsward feeds import|export|discover``: feeds by the list, and the feeds of a site."""

from __future__ import annotations

import os
import sys
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import urlsplit

import typer

from pipeline.cli.feeds import named_urls
from pipeline.cli.output import print_json, print_table, progress_bar, say, tell
from pipeline.cli.root import Settings, now
from pipeline.cli.trials import notes, tried
from pipeline.config import Config, existing_main, spellings
from pipeline.config.editing import add_feeds, add_source, editing
from pipeline.engine import open_engine, poll_in_order
from pipeline.errors import InputError
from pipeline.fetch import public_url
from pipeline.model import Due, Feed, FeedKind, FeedState, FetchFailed, Polled
from pipeline.poll import poll_shard
from pipeline.sources import read_opml, web_address_problem, write_opml
from pipeline.store import Store
from pipeline.text import to_iso

Json = Annotated[bool, typer.Option("--json", help="One JSON line a feed.")]
Private = Annotated[bool, typer.Option("--allow-private", help="Allow loopback and private addresses.")]
Tags = Annotated[list[str] | None, typer.Option("--tag", help="A word to group the feeds by; may be given again.")]


def add_commands(app: typer.Typer) -> None:
    """Puts the commands of this module among those of ``feeds``."""
    app.command("import")(import_list)
    app.command("export")(export)
    app.command("discover")(discover)


# --------------------------------------------------------------------------- import


def import_list(
    context: typer.Context,
    list_name: Annotated[str, typer.Argument(metavar="list", help="An OPML file, or its address on the web.")],
    follow: Annotated[
        bool, typer.Option("--follow", help="Keep in step with the list, instead of copying its feeds.")
    ] = False,
    test: Annotated[bool, typer.Option("--test", help="Try each feed first, and leave out what fails.")] = False,
    tag: Tags = None,
    allow_private: Private = False,
    json: Json = False,
) -> None:
    """Take the feeds of an OPML list into feeds.toml.

    Each becomes a [[feed]] table, its folders become tags; what is configured already is left alone. With `--follow`
    the list becomes one [[source]] table: feeds come and go with it. Exits with 1 when the list cannot be had.

    \b
    Examples:
      newsward --config my-watch feeds export > list.opml
      newsward --config my-watch feeds import list.opml --tag mine
    """
    settings: Settings = context.obj
    config = settings.load()
    if allow_private:
        config = config.replace_fetch(allow_private=True)
    listed = _listed(list_name, config)
    if follow:
        _follow(settings, list_name, tag or [], listed)
        return
    new = {feed.url: feed for feed in listed if not _is_configured(config, feed.url)}
    trials = (
        {line["url"]: line for line in tried(tuple(new.values()), config, is_named=True, as_json=False)} if test else {}
    )
    good = [feed for url, feed in new.items() if trials.get(url, {}).get("verdict") != "failed"]
    file = _written(settings, good, tag or [])
    added = {feed.url for feed in good}
    _tell_imported(listed, new, added, trials, file, as_json=json)


def _listed(list_name: str, config: Config) -> tuple[Feed, ...]:
    """The feeds of the list, each once. Raises ConfigError or InputError for a list that cannot be read."""
    if "://" not in list_name:
        outlines = read_opml(Path(list_name))
        feeds = (Feed(one.url, one.title, language=one.language, tags=one.folders) for one in outlines)
        return tuple({feed.url: feed for feed in feeds}.values())
    if problem := web_address_problem(list_name):
        raise InputError(f"{public_url(list_name)}: the address {problem}")
    (polled,) = _polled([Feed(list_name, kind=FeedKind.OPML)], config, "reading the list")
    if isinstance(polled.result, FetchFailed):
        typer.echo(f"newsward: {public_url(list_name)}: {polled.result.reason}", err=True)
        raise typer.Exit(1)
    assert polled.document
    if polled.document.damage:
        say(f"{public_url(list_name)}: {polled.document.damage}")
    return polled.document.feeds or ()


def _follow(settings: Settings, list_name: str, tags: Sequence[str], listed: Sequence[Feed]) -> None:
    with editing(existing_main(settings.config, os.environ).parent):
        config = settings.load()
        if "://" in list_name:
            table = {"kind": "opml", "url": list_name}
        else:
            table = {"kind": "opml", "path": _from(config.directory, Path(list_name))}
        file = add_source(config, table | ({"tags": list(tags)} if tags else {}))
    say(f"{public_url(list_name)}: followed from {file}; it names {_counted(len(listed))} now")


def _from(directory: Path, path: Path) -> str:
    """The path as the configuration finds it: relative while it lies inside its folder."""
    whole, inside = path.resolve(), directory.resolve()
    return str(whole.relative_to(inside) if whole.is_relative_to(inside) else whole)


def _is_configured(config: Config, url: str) -> bool:
    return any(("feed", spelt) in config.places for spelt in spellings(url))


def _written(settings: Settings, feeds: Sequence[Feed], tags: Sequence[str]) -> str:
    """The file that the feeds were written into; another command may have been quicker with some."""
    with editing(existing_main(settings.config, os.environ).parent):
        config = settings.load()
        tables = [_table(feed, tags) for feed in feeds if not _is_configured(config, feed.url)]
        return add_feeds(config, tables) if tables else ""


def _table(feed: Feed, tags: Sequence[str]) -> dict[str, Any]:
    given = {
        "url": feed.url,
        "title": feed.title,
        "language": feed.language,
        "tags": list(dict.fromkeys((*tags, *feed.tags))),
    }
    return {key: value for key, value in given.items() if value}


def _tell_imported(
    listed: Sequence[Feed],
    new: Mapping[str, Feed],
    added: set[str],
    trials: Mapping[str, Mapping[str, Any]],
    file: str,
    *,
    as_json: bool,
) -> None:
    counts: Counter[str] = Counter()
    for feed in listed:
        state = "added" if feed.url in added else "failed" if feed.url in new else "already"
        counts[state] += 1
        trial = trials.get(feed.url)
        if as_json:
            print_json({"url": feed.url, "title": feed.title, "state": state, "trial": trial})
        elif state == "failed" and trial:
            tell("\n    ".join([f"{public_url(feed.url)}: not added, its try failed", *notes(trial)]))
    where = f" to {file}" if file else ""
    failed = f", {counts['failed']} not added since they failed" if counts["failed"] else ""
    say(f"{_counted(counts['added'])} added{where}, {counts['already']} configured already{failed}")


# --------------------------------------------------------------------------- export


def export(
    context: typer.Context,
    tag: Tags = None,
    with_secrets: Annotated[
        bool, typer.Option("--with-secrets", help="Also addresses that hold a token or a key.")
    ] = False,
) -> None:
    """Print the feeds as an OPML list that other readers import.

    All that are configured, and what `feeds poll` added or a list brought and is not retired. A feed that needs headers
    or a login is left out, since a list cannot hold them.

    \b
    Examples:
      newsward --config my-watch feeds export > list.opml
      newsward --config my-watch feeds export --tag technology > technology.opml
    """
    config = context.obj.load()
    feeds = [feed for feed in _all(config) if feed.kind is FeedKind.FEED and (not tag or set(tag) & set(feed.tags))]
    sayable = [feed for feed in feeds if not feed.headers and (with_secrets or public_url(feed.url) == feed.url)]
    sys.stdout.write(write_opml(sayable, title="Newsward"))
    left_out = len(feeds) - len(sayable)
    say(f"{_counted(len(sayable))}" + (f"; {left_out} left out: they hold or need a secret" if left_out else ""))


def _all(config: Config) -> Iterator[Feed]:
    """The feeds in turn: as configured, then what only the database knows."""
    known = {feed.url: feed for feed in config.feeds}
    titles: dict[str, Feed] = {}
    if config.database.exists():
        with Store.open(config.database, busy_timeout=config.store.busy_timeout) as store:
            rows = store.rows("feed_names", now=to_iso(now()))
            titles = {
                due.feed.url: due.feed
                for due in store.dues([row["url"] for row in rows if row["configured"] and not row["disabled"]])
            }
    for url, feed in known.items():
        stored = titles.pop(url, feed)
        yield replace(feed, title=feed.title or stored.title, language=feed.language or stored.language)
    yield from (feed for feed in titles.values() if feed.listed_by or feed.source == "cli")


# --------------------------------------------------------------------------- discover


def discover(
    context: typer.Context,
    sites: Annotated[list[str] | None, typer.Argument(help="Web sites, by any of their pages.")] = None,
    sites_file: Annotated[Path | None, typer.Option("--urls", help="A file with one address a line.")] = None,
    add: Annotated[bool, typer.Option("--add", help="Add what is good to feeds.toml.")] = False,
    tag: Tags = None,
    allow_private: Private = False,
    json: Json = False,
) -> None:
    """Find the feeds of web sites, and try them.

    Asks for the page and takes the feeds that it announces; if there are none, asks at the usual places, one after the
    other. Exits with 1 when a site has no feed, with 2 when an address is none.

    \b
    Examples:
      newsward --config my-watch feeds discover https://example.com # exits with 1
    """
    settings: Settings = context.obj
    config = settings.load()
    if allow_private:
        config = config.replace_fetch(allow_private=True)
    pages = _pages(named_urls(sites or [], sites_file))
    found = {polled.due.feed.url: polled for polled in _polled(pages, config, "looking")}
    feeds = {feed.url: feed for polled in found.values() for feed in _feeds_of(polled)}
    lines = {line["url"]: line for line in tried(tuple(feeds.values()), config, is_named=True, as_json=False)}
    good = [
        replace(feed, title="", tags=())
        for url, feed in feeds.items()
        if lines[url]["verdict"] != "failed" and not _is_configured(config, url)
    ]
    file = _written(settings, good, tag or []) if add else ""
    _tell_found(found, lines, {feed.url for feed in good} if file else set(), as_json=json)
    if file:
        say(f"{_counted(len(good))} added to {file}; the next run polls what is new")
    if not all(map(_feeds_of, found.values())):
        raise typer.Exit(1)


def _pages(urls: Sequence[str]) -> list[Feed]:
    """The pages to ask for. Raises InputError for what is no address; https is what a bare name means."""
    if not urls:
        raise InputError("there is no site to look at: name one")
    whole = [url if "://" in url else f"https://{url}/" for url in urls]
    if wrong := next((url for url in whole if web_address_problem(url)), ""):
        raise InputError(f"{public_url(wrong)}: the address {web_address_problem(wrong)}")
    return [Feed(url, kind=FeedKind.SITE) for url in dict.fromkeys(whole)]


def _feeds_of(polled: Polled) -> tuple[Feed, ...]:
    """What the site has; a page that is a feed itself is its own."""
    if polled.document is None:
        return ()
    if polled.document.feeds is None:
        return (replace(polled.due.feed, kind=FeedKind.FEED),)
    return polled.document.feeds


def _tell_found(
    found: Mapping[str, Polled], lines: Mapping[str, Mapping[str, Any]], added: set[str], *, as_json: bool
) -> None:
    rows: list[tuple[object, ...]] = []
    for site, polled in found.items():
        feeds = _feeds_of(polled)
        if not feeds:
            assert isinstance(polled.result, FetchFailed)
            rows.append((urlsplit(site).hostname, "no feed", None, None, polled.result.reason))
            if as_json:
                print_json({"site": site, "url": None, "error": polled.result.reason})
        for feed in feeds:
            line = lines[feed.url]
            rows.append((urlsplit(site).hostname, line["verdict"], line["entries"], line["title"], feed.url))
            if as_json:
                print_json({"site": site, **line, "added": feed.url in added})
    if not as_json:
        print_table(("site", "verdict", "entries", "title", "feed"), rows, spare=("title",))


# --------------------------------------------------------------------------- both


def _polled(feeds: Sequence[Feed], config: Config, task_name: str) -> Iterator[Polled]:
    """What came of asking each of them once, in order; nothing is remembered."""
    dues = [Due(feed, FeedState(feed.url)) for feed in feeds]
    poll = partial(poll_shard, options=config.fetch)
    with open_engine(config.engine) as engine, progress_bar() as progress:
        task = progress.add_task(task_name, total=len(dues))
        for polled in poll_in_order(engine, dues, poll, size=config.engine.shard_size, ahead=config.engine.workers):
            progress.advance(task)
            yield polled


def _counted(number: int) -> str:
    return "1 feed" if number == 1 else f"{number} feeds"

"""``newsward feeds test``: feeds tried now, judged in words, and nothing stored."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Annotated, Any

import typer

from pipeline.cli.feeds import named_urls
from pipeline.cli.leaving import heeding_signals
from pipeline.cli.output import print_json, print_table, progress_bar, say, tell
from pipeline.cli.root import now
from pipeline.config import Config
from pipeline.engine import never, open_engine
from pipeline.errors import InputError
from pipeline.fetch import public_url
from pipeline.model import ErrorKind, Feed
from pipeline.sources import FeedSource, web_address_problem
from pipeline.text import to_iso
from pipeline.trial import Trial, try_feeds

_UNREACHED = (ErrorKind.DNS, ErrorKind.CONNECT, ErrorKind.TIMEOUT)
_WORST_FIRST = ("failed", "warning", "ok")


def add_commands(app: typer.Typer) -> None:
    """Puts the command of this module among those of ``feeds``."""
    app.command("test")(try_out)


def try_out(
    context: typer.Context,
    urls: Annotated[list[str] | None, typer.Argument(help="Feeds to try; none = all that are configured.")] = None,
    urls_file: Annotated[Path | None, typer.Option("--urls", help="A file with one feed URL a line.")] = None,
    allow_private: Annotated[
        bool, typer.Option("--allow-private", help="Allow loopback and private addresses.")
    ] = False,
    json: Annotated[
        bool, typer.Option("--json", help="One JSON line a feed, as soon as it and those before it are tried.")
    ] = False,
) -> None:
    """Try feeds now, and store nothing.

    Says of each whether it is good, and what to do if not. Exits with 1 when a feed failed, with 2 when an address is
    none or there is no feed to try. Ctrl-C ends it, and it tells what it has tried.

    \b
    Examples:
      newsward --config my-watch feeds test
      newsward --config my-watch feeds test https://example.com/   # exits with 1
    """
    config = context.obj.load()
    if allow_private:
        config = config.replace_fetch(allow_private=True)
    is_named = bool(urls or urls_file)
    named = named_urls(urls or [], urls_file)
    refused = {url: problem for url in named if (problem := web_address_problem(url))}
    feeds = _configured([url for url in named if url not in refused], config) if is_named else config.feeds
    if not feeds and not refused:
        raise InputError("there is no feed to try: name one, or add [[feed]] tables to feeds.toml")
    patience = timedelta.max if json else config.engine.patience
    with heeding_signals() as ending:
        trials = _refusals(refused, as_json=json)
        trials += tried(feeds, config, is_named=is_named, as_json=json, patience=patience, stop=ending.is_wanted)
    if not json:
        _print_trials(trials)
    say(_closing(trials, of=len(refused) + len(feeds)))
    ending.obey()
    if code := _exit_code(trials, refused):
        raise typer.Exit(code)


def _exit_code(trials: Sequence[Mapping[str, Any]], refused: Mapping[str, str]) -> int:
    if refused:
        return 2
    return int(any(trial["verdict"] == "failed" for trial in trials))


def _configured(urls: Sequence[str], config: Config) -> tuple[Feed, ...]:
    """The named feeds, each address once; one that is configured with all that its table says."""
    known = {feed.url: feed for feed in config.feeds}
    named = (feed for url in urls for feed in FeedSource(url=url).feeds())
    return tuple({feed.url: known.get(feed.url, feed) for feed in named}.values())


def tried(
    feeds: Sequence[Feed],
    config: Config,
    *,
    is_named: bool,
    as_json: bool,
    patience: timedelta = timedelta.max,
    stop: Callable[[], bool] = never,
) -> list[Mapping[str, Any]]:
    """The line of each feed, in their order; as JSON it is printed as soon as it is known, and those before it are, if
    they come within ``patience``. After a yes of ``stop``, those that were tried."""
    lines: dict[str, Mapping[str, Any]] = {}
    moment = now()
    with open_engine(config.engine, config.database.parent, is_run=False) as engine, progress_bar() as progress:
        task = progress.add_task("trying", total=len(feeds))
        for trial in try_feeds(
            feeds,
            engine,
            moment,
            fetch=config.fetch,
            options=config.engine,
            max_age=config.alert.max_age,
            patience=patience,
            stop=stop,
        ):
            line = lines[trial.feed.url] = _trial_line(trial, moment, is_named=is_named)
            if as_json:
                print_json(line)
            progress.advance(task)
    return [lines[feed.url] for feed in feeds if feed.url in lines]


def _refusals(refused: Mapping[str, str], *, as_json: bool) -> list[Mapping[str, Any]]:
    """The lines of addresses that are none."""
    lines = []
    for url, problem in refused.items():
        trial = Trial(
            Feed(url), "failed", error_kind=ErrorKind.INVALID_URL, error=f"not tried: the address {problem}",
            advice=("correct the address",),
        )  # fmt: skip
        lines.append(_trial_line(trial, now(), is_named=True))
        if as_json:
            print_json(lines[-1])
    return lines


def _trial_line(trial: Trial, moment: datetime, *, is_named: bool) -> Mapping[str, Any]:
    newest_at = trial.newest_at
    return {
        # Who named an address may see it again; one from the configuration may hold a secret.
        "url": trial.feed.url if is_named else public_url(trial.feed.url),
        "verdict": trial.verdict,
        "status": trial.status,
        "error": trial.error or None,
        "error_kind": trial.error_kind.value if trial.error_kind else None,
        "title": trial.title or trial.feed.title,
        "format": trial.format or None,
        "language": trial.language or None,
        "entries": trial.entries,
        "dated": trial.dated,
        "newest_at": to_iso(newest_at) if newest_at else None,
        "newest_age": round((moment - newest_at).total_seconds()) if newest_at else None,
        "moved_to": public_url(trial.moved_to) or None,
        "announced": trial.announced,
        "seconds": round(trial.took.total_seconds(), 3) if trial.took else None,
        "advice": trial.advice,
    }


def _print_trials(lines: Sequence[Mapping[str, Any]]) -> None:
    """The table, worst first; then, of each feed about which there is something to say, all of it."""
    columns = ("verdict", "status", "format", "entries", "dated", "newest", "lang", "time", "url")
    rows = sorted(lines, key=lambda line: _WORST_FIRST.index(line["verdict"]))
    print_table(columns, map(_cells, rows), spare=("format", "dated", "lang"))
    for line in rows:
        if told := notes(line):
            tell("\n    ".join([f"\n{line['verdict']}: {line['url']}", *told]))


def notes(line: Mapping[str, Any]) -> list[str]:
    """What there is to say about a feed that was tried, a sentence each."""
    moved = f"now at {line['moved_to']}" if line["moved_to"] else None
    return [note for note in (line["error"], moved, *line["advice"]) if note]


def _cells(line: Mapping[str, Any]) -> tuple[object, ...]:
    age, seconds = line["newest_age"], line["seconds"]
    return (
        line["verdict"],
        line["status"],
        line["format"],
        line["entries"],
        line["dated"],
        None if age is None else _age(age),
        line["language"],
        None if seconds is None else f"{seconds:.1f} s",
        line["url"],
    )


def _age(seconds: int) -> str:
    """``5 h`` and the like: enough to see whether a feed is alive."""
    for unit, size in (("d", 86400), ("h", 3600), ("min", 60)):
        if seconds >= size:
            return f"{seconds // size} {unit}"
    return "now"


def _closing(lines: Sequence[Mapping[str, Any]], *, of: int) -> str:
    counts = Counter(line["verdict"] for line in lines)
    feeds = "1 feed" if of == 1 else f"{of} feeds"
    unreached = len(lines) > 1 and all(line["error_kind"] in _UNREACHED for line in lines)
    hint = " (none could be reached: look at this machine's network, name server, proxy)" if unreached else ""
    tried = f"{feeds} tried" if len(lines) == of else f"stopped after {len(lines)} of {feeds}"
    return f"{tried}: {counts['ok']} ok, {counts['warning']} with warnings, {counts['failed']} failed{hint}"

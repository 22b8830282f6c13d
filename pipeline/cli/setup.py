"""Commands about the configuration: ``init``, ``check``, ``schema``."""

from __future__ import annotations

import os
import re
import shlex
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Literal

import typer
from rich.text import Text

from pipeline.cli.output import out, print_json, say
from pipeline.cli.root import Settings
from pipeline.config import (
    DEFAULT_FOLDER,
    Config,
    Problem,
    Reached,
    existing_main,
    probe,
    schemas,
    write_schemas,
    written,
)
from pipeline.config import check as check_config
from pipeline.errors import ConfigError, InputError
from pipeline.scaffold import (
    DEFAULT_COMPANIES,
    DEFAULT_DATABASE,
    DEFAULT_PACKS,
    NO_PACK,
    PACKS,
    directive,
    feeds_text,
    introductions,
    packs,
    refuse_to_overwrite,
    write,
)

_COLOURS = {"error": "bold red", "warning": "yellow"}
_APART = 3  # problems of one cause that are told one by one
_QUOTED = re.compile(r"“[^”]*”|'[^']*'")  # what a problem is about


def add_commands(app: typer.Typer) -> None:
    """Puts the commands of this module into the app."""
    for command in (init, check, schema):
        app.command()(command)


# --------------------------------------------------------------------------- init


def init(
    directory: Annotated[
        Path, typer.Argument(help="Where the configuration goes; the database will lie in it. Default: ./config.")
    ] = Path(DEFAULT_FOLDER),
    yes: Annotated[bool, typer.Option("--yes", help="Ask nothing: take the defaults for what is not given.")] = False,
    company: Annotated[list[str] | None, typer.Option(help="A company to track; may be repeated.")] = None,
    pack: Annotated[
        list[str] | None, typer.Option(help=f"A feed pack ({', '.join(PACKS)}, or none); may be repeated.")
    ] = None,
    database: Annotated[
        str, typer.Option(help="Where the database will lie, seen from the folder; in a container: /data/newsward.db.")
    ] = DEFAULT_DATABASE,
) -> None:
    """Write a working configuration into a folder.

    Without options it asks for companies and feed packs; with some, it takes the defaults for the others, and says
    so. Nothing is overwritten: where one of the files is there already, it exits with 2, and so it does when there is
    nobody to answer.

    \b
    Examples:
      newsward init watch --company Siemens --company 小米 --pack technology
      newsward init practice --yes
    """
    refuse_to_overwrite(directory)
    companies, chosen = company or [], pack or []
    if not (yes or companies or chosen):
        companies, chosen = _asked()
    else:
        _introduce(companies or DEFAULT_COMPANIES)
        _tell_defaults(companies, chosen)
    for path in write(directory, companies=companies, packs=chosen, database=database):
        say(f"wrote {path}")
    _tell_what_is_next(directory)


def _tell_what_is_next(directory: Path) -> None:
    is_found = directory == Path(DEFAULT_FOLDER) and not os.environ.get("NEWSWARD_CONFIG")
    command = "newsward" if is_found else f"newsward --config {shlex.quote(str(directory))}"
    say("\nNext:")
    for name, what in (
        ("check", "what is wrong, or could be better"),
        ("feeds test", "whether the feeds can be reached"),
        ("run", "one pass: poll, store hits, alert"),
    ):
        say(f"  {command} {name:<10}  # {what}")


def _asked() -> tuple[list[str], list[str]]:
    """The companies and packs that a person names. Raises InputError where the answers end before the questions."""
    try:
        return _asked_for_companies(), _asked_for_packs()
    except typer.Abort as error:
        if sys.stdin.isatty():
            raise  # Ctrl-C
        say("")  # the question still stands in its line
        names, feeds = " and ".join(DEFAULT_COMPANIES), " and ".join(DEFAULT_PACKS)
        raise InputError(
            f"nobody is there to answer: name --company and --pack ({', '.join(PACKS)}, or none), or give --yes, which "
            f"takes {names} and the pack {feeds}; nothing was written"
        ) from error


def _tell_defaults(companies: Sequence[str], chosen: Sequence[str]) -> None:
    """What was taken since nothing was named, and how to choose otherwise."""
    if not companies:
        names = " and ".join(DEFAULT_COMPANIES)
        say(f"no company was named: {names} stand for yours (--company names them, later companies.toml)")
    if not chosen:
        feeds = sum(pack.feeds for pack in packs() if pack.name in DEFAULT_PACKS)
        others = ", ".join(pack for pack in (*PACKS, NO_PACK) if pack not in DEFAULT_PACKS)
        say(f"no feed pack was named: {' and '.join(DEFAULT_PACKS)}, {feeds} feeds (--pack chooses others: {others})")


def _asked_for_companies() -> list[str]:
    answer = typer.prompt("Companies to track, separated by commas", default=", ".join(DEFAULT_COMPANIES), err=True)
    companies = _listed(answer)
    _introduce(companies)
    return companies


def _introduce(companies: Sequence[str]) -> None:
    for line in introductions(companies):
        say(f"  {line}")


def _asked_for_packs() -> list[str]:
    """Asked until the answer is one: a slip must not cost the answers before it."""
    say("\nFeed packs:")
    for pack in packs():
        say(f"  {pack.name:<11} {pack.feeds:>3} feeds  {pack.about}")
    say(f"  {NO_PACK:<11}   0 feeds  for who has a list of their own")
    while True:
        answer = typer.prompt("Packs to poll, separated by commas", default=", ".join(DEFAULT_PACKS), err=True)
        try:
            feeds_text(_listed(answer))
        except ConfigError as error:
            say(f"  {error}")
            continue
        return _listed(answer)


def _listed(answer: str) -> list[str]:
    return [name.strip() for name in answer.split(",") if name.strip()]


# --------------------------------------------------------------------------- check


def check(
    context: typer.Context,
    online: Annotated[
        bool,
        typer.Option(
            "--online", help="Also try whether receivers and the heartbeat's service can be reached; sends nothing."
        ),
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON line a problem.")] = False,
) -> None:
    """Tell what in the configuration is wrong, or useless.

    Exits with 2 when something is wrong (an error), with 0 when there are warnings only.

    \b
    Examples:
      newsward --config my-watch check
      newsward --config my-watch check --json
    """
    config = context.obj.load()
    problems = list(check_config(config))
    if online:
        problems += _unreached(config)
    problems.sort(key=lambda problem: problem.severity != "error")
    if as_json:
        for problem in problems:
            print_json(asdict(problem))
    else:
        for alike in _alike(problems):
            _show(*alike)
    say(_closing(config, problems))
    if any(problem.severity == "error" for problem in problems):
        raise typer.Exit(2)


def _unreached(config: Config) -> list[Problem]:
    """What cannot be reached; of the others it is told that they can, or cannot be tried."""
    problems = []
    for answer in probe(config):
        if isinstance(answer, Reached):
            told = "can be reached" if answer.is_tried else "not tried: its kind offers no way but to send an alert"
            say(f"{answer.what}: {told}")
        else:
            problems.append(answer)
    say("feeds are tried by: newsward feeds test")
    return problems


def _alike(problems: Sequence[Problem]) -> Iterator[Sequence[Problem]]:
    """The problems in their order; where more than three have a cause in common, they come with the first of them."""
    by_cause: dict[tuple[str, str, str], list[Problem]] = {}
    for problem in problems:
        by_cause.setdefault(_cause(problem), []).append(problem)
    for problem in problems:
        alike = by_cause[_cause(problem)]
        if len(alike) <= _APART:
            yield (problem,)
        elif problem is alike[0]:
            yield alike


def _cause(problem: Problem) -> tuple[str, str, str]:
    return problem.severity, _QUOTED.sub("", problem.what), problem.remedy


def _show(problem: Problem, *others: Problem) -> None:
    """A problem for people, and where else it is; in colour on a terminal only."""
    shown = Text.assemble((problem.severity, _COLOURS[problem.severity]), f": {problem.where}: {problem.what}")
    if problem.remedy:
        shown.append(f"\n    {problem.remedy}")
    if others:
        places = ", ".join(
            other.where.removeprefix(f"{problem.where.partition(': ')[0]}: ") for other in others[:_APART]
        )
        more = ", ..." if len(others) > _APART else ""
        shown.append(f"\n    the same of {len(others)} more (--json lists all): {places}{more}")
    out().print(shown, soft_wrap=True)


def _closing(config: Config, problems: Sequence[Problem]) -> str:
    sizes = (
        ("company", "companies", len(config.watchlist.companies)),
        ("feed", "feeds", len(config.feeds)),
        ("rule", "rules", len(config.rules)),
        ("channel", "channels", len(config.channels)),
    )
    counts = ", ".join(f"{size} {one if size == 1 else many}" for one, many, size in sizes)
    found = Counter(problem.severity for problem in problems)
    told = [f"{count} {kind}{'s' * (count != 1)}" for kind in ("error", "warning") if (count := found[kind])]
    return f"{counts}: {', '.join(told) or 'no problem'}"


# --------------------------------------------------------------------------- schema


def schema(
    context: typer.Context,
    file: Annotated[
        Literal["companies", "feeds", "newsward"] | None, typer.Argument(help="Whose schema is printed.")
    ] = None,
    write_them: Annotated[
        bool, typer.Option("--write", help="Write all three into .schema/ beside the files, over those of before.")
    ] = False,
) -> None:
    """Print the JSON Schema of a file, for editors.

    Or, after an upgrade, refresh those that lie beside the files.

    \b
    Examples:
      newsward schema companies > companies.schema.json
      newsward --config my-watch schema --write
    """
    if (file is None) is not write_them:
        raise InputError("say either which schema to print (companies, feeds or newsward), or --write")
    if file:
        out().file.write(written(schemas()[file]))
        return
    settings: Settings = context.obj
    folder = existing_main(settings.config, os.environ).parent
    for path in write_schemas(folder):
        say(f"wrote {path}")
        toml = folder / f"{path.stem}.toml"
        if toml.is_file() and directive(path.stem) not in toml.read_text(encoding="utf-8", errors="replace"):
            say(f"  to have editors use it, put into the first line of {toml.name}: {directive(path.stem)}")

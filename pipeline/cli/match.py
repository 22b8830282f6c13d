"""``newsward match`` and ``newsward explain``: the matcher over files, and why it decides as it does."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

import typer

from pipeline.cli.output import Unread, print_json, print_table, read_json_lines, tell
from pipeline.cli.root import Settings, company_named
from pipeline.config import load_companies
from pipeline.errors import InputError
from pipeline.match import AnyMatcher, Explanation, MatchEngine, Matcher, read_companies_jsonl
from pipeline.model import Entry, Hit, Mention, Watchlist
from pipeline.urls import canonical_url

_TEXTS = ("title", "text", "url", "publisher", "lang")


def add_commands(app: typer.Typer) -> None:
    """Puts the commands of this module into the app."""
    app.command()(match)
    app.command()(explain)


def match(
    companies: Annotated[Path, typer.Option(help="companies.toml, or JSON Lines with one company a line.")],
) -> None:
    """Match entries, JSON Lines on stdin, against companies. One line out for each line in, in order.

    A line that cannot be understood is answered with an `error`; the others are matched, and the exit code is 2.

    \b
    Examples:
      echo '{"id": 1, "title": "Xiamio opens a shop"}' |
        newsward match --companies my-watch/companies.toml
    """
    engine = MatchEngine.build(read_watchlist(companies), [Matcher()])
    unread = Unread()
    for number, line in read_json_lines(sys.stdin, "stdin"):
        name = None if isinstance(line, InputError) else line.get("id")
        entry = line if isinstance(line, InputError) else _entry(line, number)
        if isinstance(entry, InputError):
            unread.tell(entry, {"id": name, "hits": []})
        else:
            print_json({"id": name, "hits": [_hit(hit) for hit in engine.hits(entry)]})
    unread.leave()


def read_watchlist(path: Path) -> Watchlist:
    """The companies of a ``.toml`` file or of JSON Lines. Raises ConfigError or InputError."""
    if path.suffix.lower() == ".toml":
        return load_companies(path)
    try:
        with path.open(encoding="utf-8") as lines:
            return read_companies_jsonl(lines)
    except (OSError, UnicodeDecodeError) as error:
        why = getattr(error, "strerror", None) or error
        raise InputError(f"{path}: cannot be read ({why})") from error
    except InputError as error:
        raise InputError(f"{path}: {error}") from error


def _entry(line: dict[str, Any], number: int) -> Entry | InputError:
    for name in _TEXTS:
        if not isinstance(value := line.get(name), str | None):
            return InputError(f"stdin, line {number}: {name!r} must be text, not {type(value).__name__}")
    title, text, url, publisher, language = (line.get(name) or "" for name in _TEXTS)
    return Entry(
        id=str(line.get("id", number)),
        feed_url="",
        title=title,
        text=text,
        url=url,
        canonical_url=canonical_url(url),
        publisher=publisher,
        language=language,
    )


def _hit(hit: Hit) -> dict[str, Any]:
    best = hit.best
    return {
        "company": hit.company_id,
        "score": round(hit.score, 1),
        "salience": round(hit.salience, 1),
        "method": best.method.value,
        "name": best.name,
        "found": best.found,
        "field": best.field.value,
        "start": best.start,
        "end": best.end,
    }


def explain(
    context: typer.Context,
    title: Annotated[str, typer.Argument(help="A headline to explain.")],
    text: Annotated[str, typer.Option(help="The text below the headline.")] = "",
    company: Annotated[str | None, typer.Option(help="One company's id; else all that are considered.")] = None,
    companies: Annotated[Path | None, typer.Option(help="A companies file instead of the configuration's.")] = None,
    lang: Annotated[str, typer.Option(help="Language of the text, such as de.")] = "",
    url: Annotated[str, typer.Option(help="The entry's link.")] = "",
    json: Annotated[bool, typer.Option("--json", help="One JSON line a company.")] = False,
) -> None:
    """Show why a text is a hit for a company, or why not.

    \b
    Examples:
      newsward --config my-watch explain "Xiamio opens a shop"
      newsward --config my-watch explain "Apple pie for all" --company apple
    """
    settings: Settings = context.obj
    matchers: Sequence[AnyMatcher] = [Matcher()]
    if companies:
        watchlist = read_watchlist(companies)
    else:
        config = settings.load()
        watchlist, matchers = config.watchlist, config.matchers
    entry = Entry("explain", "", title=title, text=text, language=lang, url=url, canonical_url=canonical_url(url))
    engine = MatchEngine.build(watchlist, matchers)
    for explanation in _explanations(engine, watchlist, entry, company):
        if json:
            print_json(_as_json(explanation))
        else:
            _show(explanation)


def _explanations(engine: MatchEngine, watchlist: Watchlist, entry: Entry, company: str | None) -> list[Explanation]:
    """Of the company named, else of every company that the text gave a candidate for."""
    if company:
        named = company_named(company, {one.id: one.name for one in watchlist.companies})
        if not named:
            raise InputError(f"{company!r} is not the id of a tracked company; companies are listed in companies.toml")
        return [engine.explain(entry, named)]
    considered = list(engine.explain_all(entry))
    if not considered:
        tell("no name of a tracked company occurs; with --company ID the nearest text is shown")
    return considered


def _show(explanation: Explanation) -> None:
    tell(f"\n{'HIT ' if explanation.hit else 'none'}  {explanation.summary}")
    if explanation.hit:
        hit = explanation.hit
        tell(f"      score {hit.score:.0f}, salience {hit.salience:.0f} ({explanation.role}), rules {hit.rule_version}")
    rows = [
        (
            "yes" if candidate.accepted else "no",
            candidate.mention.score,
            candidate.mention.method.value,
            f"{candidate.mention.field.value} {candidate.mention.start}-{candidate.mention.end}",
            candidate.mention.found,
            candidate.mention.name,
            "\n".join(f"{reason.points:+.0f} {reason.signal}" for reason in candidate.mention.reasons),
        )
        for candidate in explanation.candidates
    ]
    if rows:
        print_table(("accepted", "score", "method", "where", "found", "name", "reasons"), rows)
    if explanation.runner_up:
        other = explanation.runner_up
        tell(f"      runner-up: {other.company_id} by “{other.found}” ({other.score:.0f})")


def _as_json(explanation: Explanation) -> dict[str, Any]:
    return {
        "company": explanation.company_id,
        "hit": _hit(explanation.hit) if explanation.hit else None,
        "summary": explanation.summary,
        "role": explanation.role,
        "candidates": [
            {"accepted": candidate.accepted, **_mention(candidate.mention)} for candidate in explanation.candidates
        ],
        "runner_up": _mention(explanation.runner_up) if explanation.runner_up else None,
    }


def _mention(mention: Mention) -> dict[str, Any]:
    return {
        "company": mention.company_id,
        "score": round(mention.score, 1),
        "method": mention.method.value,
        "name": mention.name,
        "found": mention.found,
        "field": mention.field.value,
        "start": mention.start,
        "end": mention.end,
        "reasons": [{"signal": reason.signal, "points": reason.points} for reason in mention.reasons],
    }

"""How the parts of a payload are put into words: moments, evidence, counts, and what is left out to be short."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any, get_args
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pipeline.alert.rules import Severity, loudness

_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_SEVERITIES = get_args(Severity)
_RHYTHMS = {
    "hourly": "Hourly digest",
    "daily": "Daily digest",
    "weekly": "Weekly digest",
    "quiet": "Held back in the quiet hours",
    "cap": "Held back, more than this channel takes in an hour",
}
_SHORT_TITLE = 100
_FEW = 3


# --------------------------------------------------------------------------- words


def moment(value: object, zone: object = "UTC") -> str:
    """``2 Mar 2026, 08:30 UTC``, or as late as it is then in the zone; an empty string for what is no moment."""
    try:
        at = datetime.fromisoformat(str(value)).astimezone(UTC)
    except ValueError:
        return ""
    with suppress(ZoneInfoNotFoundError, ValueError, OverflowError):
        at = at.astimezone(ZoneInfo(str(zone)))
    return f"{at.day} {_MONTHS[at.month - 1]} {at.year}, {at:%H:%M} {at.tzname()}"


def tag(severity: object) -> str:
    """``[HIGH]`` for what is louder or quieter than usual, else nothing."""
    return f"[{severity}]".upper() if severity in _SEVERITIES and severity != "normal" else ""


def counted(number: int, one: str, many: str) -> str:
    """``1 story``, ``12 stories``."""
    return f"{number:,} {one if number == 1 else many}"


def listed(words: Sequence[str], most: int = 3) -> str:
    """``Xiaomi, Apple and 3 more``."""
    shown = [str(word) for word in words[:most]]
    if len(words) > most:
        return f"{', '.join(shown)} and {len(words) - most:,} more"
    return f"{', '.join(shown[:-1])} and {shown[-1]}" if len(shown) > 1 else "".join(shown)


def why(company: Mapping[str, Any]) -> str:
    """Why the entry is about this company, in one sentence: the payload's own, else made of its evidence."""
    if company.get("why"):
        return str(company["why"])
    return "; ".join(_evidence(mention) for mention in company.get("evidence", ()))


def _evidence(mention: Mapping[str, Any]) -> str:
    found, name = mention.get("found", ""), mention.get("name", "")
    taken = f', taken for "{name}"' if found != name else ""
    return f'"{found}" in the {mention.get("field", "text")} ({mention.get("method", "")}{taken})'


def rhythm(name: object) -> str:
    """What kind of digest it is: ``Daily digest``."""
    return _RHYTHMS.get(str(name), "Digest")


# --------------------------------------------------------------------------- digests


def by_company(items: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """The stories under the company that each is most about: ``name``, ``count``, ``told``, ``stories``.

    The loudest company comes first, then the one with most stories; of its stories the loudest, then the newest.
    """
    groups: dict[str, dict[str, Any]] = {}
    for item in items:
        company: Mapping[str, Any] = next(iter(item.get("companies", ())), {})
        group = groups.setdefault(str(company.get("id", "")), {"name": company.get("name", ""), "stories": []})
        group["stories"].append(item)
    for group in groups.values():
        group["stories"].sort(key=lambda item: str(item.get("published_at") or ""), reverse=True)
        group["stories"].sort(key=lambda item: -_loudness(item))
        group["count"] = len(group["stories"])
        group["told"] = told(group["stories"])
    return sorted(groups.values(), key=lambda group: (-_loudness(group["stories"][0]), -group["count"], group["name"]))


def told(items: Sequence[Mapping[str, Any]]) -> str:
    """How much a digest tells: ``3 stories and 1 update``."""
    updates = sum(item.get("type") == "update" for item in items)
    numbers = (len(items) - updates, "story", "stories"), (updates, "update", "updates")
    return " and ".join(counted(number, one, many) for number, one, many in numbers if number)


def _loudness(item: Mapping[str, Any]) -> int:
    return loudness(item.get("severity"))


def prepared(payload: Mapping[str, Any]) -> dict[str, Any]:
    """The payload with what templates want beside it: how much a digest has ``told``, its ``groups``, their ``counts``,
    ``left_out``; a story's ``outlets``, the names of the others that tell it, and ``told_at``, what is said before
    them: they tell the story of an update, and perhaps not what is new. What an update says it began with is not
    named again."""
    if payload.get("type") != "digest":
        return {"companies": (), "left_out": 0, **payload, **_elsewhere(payload)}
    items = tuple({**item, **_elsewhere(item)} for item in payload.get("items", ()))
    groups = by_company(items)
    counts = [{"name": group["name"], "count": group["count"]} for group in groups]
    beside = {"told": told(items), "groups": groups, "counts": counts, "left_out": 0}
    return {"count": len(items), "coverage": None, **payload, **beside}


def _elsewhere(story: Mapping[str, Any]) -> dict[str, Any]:
    """The further tellings, and the names of their outlets: each once, and not that of the story itself."""
    began = (story.get("first") or {}).get("url")
    also_at = tuple(one for one in story.get("also_at", ()) if not began or one.get("url") != began)
    names = dict.fromkeys(name for one in also_at if (name := one.get("publisher")))
    outlets = tuple(name for name in names if name != story.get("publisher"))
    told_at = "the story also at" if story.get("type") == "update" else "also at"
    return {"also_at": also_at, "outlets": outlets, "told_at": told_at}


# --------------------------------------------------------------------------- shorter and shorter


def leaner(view: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """What ``prepared`` made, first whole, then with less and less in it, for a place that takes so much only."""
    yield view
    if view.get("type") == "digest":
        yield from _leaner_digest(view)
    elif view.get("type") in {"story", "update"}:
        yield from _leaner_story(view)


def _leaner_story(story: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    for step in (_without_summary, _with_few_outlets, _without_evidence, _without_outlets, _with_short_title):
        story = step(story)
        yield story


def _leaner_digest(view: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """Details go first, then stories from the end; their number is kept in ``left_out``."""
    for step in (_without_summary, _with_few_outlets, _without_evidence):
        view = {**view, "groups": [{**group, "stories": [*map(step, group["stories"])]} for group in view["groups"]]}
        yield view
    shown = sum(group["count"] for group in view["groups"])
    while shown > 1:
        shown = shown * 3 // 4
        yield _of_first(view, shown)
    first = _of_first(view, 1)
    yield {**first, "groups": [{**group, "stories": [*map(_least, group["stories"])]} for group in first["groups"]]}


def _of_first(view: Mapping[str, Any], shown: int) -> dict[str, Any]:
    groups, left = [], shown
    for group in view["groups"]:
        if left > 0:
            groups.append({**group, "stories": group["stories"][:left]})
        left -= len(group["stories"])
    return {**view, "groups": groups, "left_out": max(0, -left)}


def _least(story: Mapping[str, Any]) -> Mapping[str, Any]:
    return _with_short_title(_without_outlets(story))


def _without_summary(story: Mapping[str, Any]) -> Mapping[str, Any]:
    return {**story, "summary": ""}


def _with_few_outlets(story: Mapping[str, Any]) -> Mapping[str, Any]:
    outlets = tuple(story.get("also_at", ()))
    return {**story, "also_at": outlets[:_FEW], "more_outlets": max(0, len(outlets) - _FEW)}


def _without_evidence(story: Mapping[str, Any]) -> Mapping[str, Any]:
    companies = [{**company, "why": "", "evidence": ()} for company in story.get("companies", ())]
    return {**story, "companies": companies[:5]}


def _without_outlets(story: Mapping[str, Any]) -> Mapping[str, Any]:
    return {**story, "also_at": (), "outlets": (), "more_outlets": 0}


def _with_short_title(story: Mapping[str, Any]) -> Mapping[str, Any]:
    title = str(story.get("title", ""))
    short = title if len(title) <= _SHORT_TITLE else f"{title[: _SHORT_TITLE - 1].rstrip()}…"
    return {**story, "title": short, "companies": story.get("companies", ())[:1]}

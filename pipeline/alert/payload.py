"""What an alert says, as plain JSON data: the format of ``docs/webhook.md``, version 1."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from urllib.parse import quote, urlsplit

from pipeline.model import Entry, EntryField, Hit, Mention, Method, Telling
from pipeline.text import to_iso

VERSION = 1
OWN_FEED = "feed"  # the ``rule_version`` of a hit that stands because its whole feed is about the company

# Standard Webhooks recommends payloads under 20 kB. An ordinary one has 1 to 3 kB; these bound what a feed makes of it.
_TITLE = 300
_SUMMARY = 500
_NAME = 200
_URL = 2048  # longer ones are refused by common servers and proxies
_COMPANIES = 20
_EVIDENCE = 3
_OUTLETS = 10
_NEWS = 10
_PEOPLE = 50

_SURROGATE = re.compile("[\ud800-\udfff]")
# All that RFC 3986 keeps out of a URL and that a terminal, a mail or a chat could take for markup or hide.
_UNSAFE_IN_URL = re.compile(
    '[\x00-\x20\x7f-\xa0"<>\\\\^`{|}\xad\u061c\u1680\u180e\u2000-\u200f\u2028-\u202f\u205f-\u206f\u3000'
    "\ufeff\ufff9-\ufffb\U000e0000-\U000e007f]"
)


def story_payload(
    *,
    alert_id: str,
    rules: Sequence[str],
    severity: str,
    story_id: str,
    lead: Entry,
    hits: Sequence[Hit],
    others: Sequence[Entry],
    names: Mapping[str, str],
    now: datetime,
    people: Sequence[str] = (),
) -> dict[str, Any]:
    """The payload of an alert about a story told by ``lead`` and by ``others``, meant for ``people`` (ids).

    ``hits`` are those that the rules took; a company hit in several entries is told by its hit in the lead, else
    by the most salient. Every text is cut to a length, every link is http(s) or empty.
    """
    return {
        "version": VERSION,
        "type": "story",
        "id": alert_id,
        "created_at": to_iso(now),
        "severity": severity,
        "rules": list(rules),
        "people": list(people)[:_PEOPLE],
        "story_id": story_id,
        "entry_id": lead.id,
        "title": cut(lead.title, _TITLE),
        "url": web_link(lead.url),
        "publisher": cut(lead.publisher, _NAME),
        "published_at": to_iso(lead.published_at) if lead.published_at else None,
        "language": cut(lead.language, _NAME),
        "summary": cut(lead.text, _SUMMARY),
        "companies": _companies(hits, lead.id, names),
        "also_at": _outlets(web_link(lead.url), others),
    }


def as_update(story: Mapping[str, Any], news: Sequence[Mapping[str, str]], first: Telling) -> dict[str, Any]:
    """The payload of an update: that of a story, led by what brings the ``news``, and the telling it began with."""
    return {
        **story,
        "type": "update",
        "news": [{"kind": one["kind"], "text": cut(one["text"], _TITLE)} for one in news[:_NEWS]],
        "first": {
            "title": cut(first.title, _TITLE),
            "url": web_link(first.url),
            "publisher": cut(first.publisher, _NAME),
            "published_at": to_iso(first.published_at) if first.published_at else None,
        },
    }


def in_zone(payload: Mapping[str, Any], zone: str) -> Mapping[str, Any]:
    """The payload with the time zone in which people are told its moments; UTC, in which they stand, goes without."""
    return {**payload, "zone": zone} if zone != "UTC" else payload


def with_tellings(payload: Mapping[str, Any], tellings: Sequence[Telling]) -> Mapping[str, Any]:
    """The payload with these as the further tellings, cut and made safe; without any it stays as it is."""
    return {**payload, "also_at": _outlets(payload.get("url", ""), tellings)} if tellings else payload


def _companies(hits: Sequence[Hit], lead_id: str, names: Mapping[str, str]) -> list[dict[str, Any]]:
    best: dict[str, Hit] = {}
    for hit in sorted(hits, key=lambda hit: (hit.entry_id != lead_id, -hit.salience, -hit.score)):
        best.setdefault(hit.company_id, hit)
    ranked = sorted(best.values(), key=lambda hit: (-hit.salience, -hit.score, hit.company_id))
    return [_company(hit, names) for hit in ranked[:_COMPANIES]]


def _company(hit: Hit, names: Mapping[str, str]) -> dict[str, Any]:
    name = names.get(hit.company_id, hit.company_id)
    return {
        "id": hit.company_id,
        "name": cut(name, _NAME),
        "why": why(hit, name),
        "score": round(hit.score, 1),
        "salience": round(hit.salience, 1),
        "entry_id": hit.entry_id,
        "evidence": [_evidence(mention) for mention in hit.mentions[:_EVIDENCE]],
    }


def why(hit: Hit, company: str) -> str:
    """Why the entry is about the company, in words: ``“Xiamio” in the title, a misspelling of Xiaomi``."""
    if hit.rule_version == OWN_FEED:
        return f"its feed is about {cut(company, _NAME)} alone"
    if not hit.mentions:
        return ""
    best = _shown(hit)
    found, name = cut(best.found, _NAME), cut(best.name, _NAME)
    place = {EntryField.TITLE: "in the title", EntryField.TEXT: "in the text", EntryField.URL: "in the link"}[
        best.field
    ]
    match best.method:
        case Method.FUZZY:
            meaning = f", a misspelling of {name}"
        case Method.VARIANT:
            meaning = f", another spelling of {name}"
        case Method.TICKER:
            meaning = f", a ticker of {cut(company, _NAME)}"
        case Method.DOMAIN:
            meaning = f", a domain of {cut(company, _NAME)}"
        case Method.EXACT:
            meaning = "" if name == company else f", a name of {cut(company, _NAME)}"
    return f"“{found}” {place}{meaning}"


def _shown(hit: Hit) -> Mention:
    """The best mention; where the title says the same, as it stands there: it is what the reader sees."""
    same = (one for one in hit.mentions if (one.name, one.method) == (hit.best.name, hit.best.method))
    return next((one for one in same if one.field is EntryField.TITLE), hit.best)


def _evidence(mention: Mention) -> dict[str, Any]:
    return {
        "field": mention.field.value,
        "found": cut(mention.found, _NAME),
        "name": cut(mention.name, _NAME),
        "method": mention.method.value,
        "score": round(mention.score, 1),
        "start": mention.start,
        "end": mention.end,
    }


def _outlets(lead_url: str, others: Sequence[Entry | Telling]) -> list[dict[str, Any]]:
    """The further tellings, each address once; an entry without a link is known by who says what."""
    outlets: dict[tuple[str, ...], dict[str, Any]] = {}
    for entry in others:
        url = web_link(entry.url)
        outlet = {"publisher": cut(entry.publisher, _NAME), "title": cut(entry.title, _TITLE), "url": url}
        outlets.setdefault((url,) if url else (entry.publisher, entry.title), outlet)
    outlets.pop((lead_url,), None)
    return list(outlets.values())[:_OUTLETS]


def cut(text: str, limit: int) -> str:
    """At most ``limit`` code points on one run of single spaces, an ellipsis where something was lost.

    Lone surrogates, which no UTF-8 can carry, become U+FFFD.
    """
    # Only so much is looked at as could matter: a title may be a megabyte long.
    words = " ".join(text[: limit * 4].split())
    short = words if len(words) <= limit and len(text) <= limit * 4 else f"{words[: limit - 1].rstrip()}…"
    return _SURROGATE.sub("\ufffd", short)


def web_link(url: str) -> str:
    """The URL, safe to print and to click, when it is http or https; else an empty string. Idempotent.

    The scheme comes in lower case, and characters that have no place in a URL percent-encoded. A link with
    credentials is refused: it is a secret or a disguise (``https://bank.example@other.example/``).
    """
    if len(url) > _URL:
        return ""
    link = _UNSAFE_IN_URL.sub(lambda match: quote(match[0]), _SURROGATE.sub("\ufffd", url.strip()))
    try:
        parts = urlsplit(link)
        host = parts.hostname
    except ValueError:
        return ""
    is_web = parts.scheme in ("http", "https") and bool(host) and "@" not in parts.netloc
    return f"{parts.scheme}{link[len(parts.scheme) :]}" if is_web and len(link) <= _URL else ""

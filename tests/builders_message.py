"""Payloads of every type, as messages are made of them, and titles that attack."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from pipeline.model import Alert

NOW = datetime(2026, 3, 2, 9, 30, tzinfo=UTC)

# What a hostile feed would put into a title. Every channel has a test that spells out what becomes of it.
HOSTILE = (
    "<!channel> @here <b>x</b> & *b* _i_ `c` [click](javascript:alert(1)) {{ 7*7 }}"
    "\r\nBcc: all@evil.example\r\n\r\n\x1b[2J\u202eevil\u202c"
)


def evidence(found: str, name: str = "", **changes: Any) -> dict[str, Any]:
    method = "exact" if not name or found == name else "fuzzy"
    mention = {"field": "title", "found": found, "name": name or found, "method": method, "score": 91.0}
    return {**mention, "start": 0, "end": len(found), **changes}


def company(id: str = "xiaomi", name: str = "Xiaomi", found: str = "Xiamio") -> dict[str, Any]:
    how = "exact" if found == name else f'fuzzy, taken for "{name}"'
    return {
        "id": id,
        "name": name,
        "why": f'"{found}" in the title ({how})',
        "score": 91.0,
        "salience": 84.0,
        "entry_id": "9d0c5b7a1e3f4c22",
        "evidence": [evidence(found, name)],
    }


def story(number: int = 1, **changes: Any) -> dict[str, Any]:
    values: dict[str, Any] = {
        "version": 1,
        "type": "story",
        "id": f"{number:016x}",
        "created_at": "2026-03-02T09:30:00Z",
        "severity": "normal",
        "rules": ["partners"],
        "people": [],
        "story_id": "9d0c5b7a1e3f4c22",
        "entry_id": "9d0c5b7a1e3f4c22",
        "title": "Xiamio opens a plant in Gdynia",
        "url": "https://news.example/plant?a=1&b=2",
        "publisher": "Example News",
        "published_at": "2026-03-02T08:30:00Z",
        "language": "en",
        "summary": "The plant will build speakers.",
        "companies": [company()],
        "also_at": [{"publisher": "Sample Times", "title": "A plant", "url": "https://times.example/plant"}],
    }
    return {**values, **changes}


def update(number: int = 2, **changes: Any) -> dict[str, Any]:
    first = {
        "title": "Xiaomi looks for a site",
        "url": "https://wire.example/1",
        "publisher": "Wire",
        "published_at": "2026-03-01T12:00:00Z",
    }
    news = [
        {"kind": "figures", "text": "40 million euros"},
        {"kind": "company", "text": "Northwind is named too"},
    ]
    return story(number, **{"type": "update", "news": news, "first": first, **changes})


def digest(items: list[dict[str, Any]], **changes: Any) -> dict[str, Any]:
    values = {
        "version": 1,
        "type": "digest",
        "id": "d1d1d1d1d1d1d1d1",
        "created_at": "2026-03-03T08:00:00Z",
        "severity": "high",
        "rhythm": "daily",
        "channel": "desk",
        "count": len(items),
        "items": items,
        "coverage": {
            "line": "2 feeds could not be read since 2 Mar 2026.",
            "feeds_failed": 2,
            "feeds_silent": 0,
            "gaps": 0,
            "undelivered": 0,
            "since": "2026-03-02T08:00:00Z",
        },
    }
    return {**values, **changes}


def warning(**changes: Any) -> dict[str, Any]:
    values = {
        "version": 1,
        "type": "warning",
        "id": "a1a1a1a1a1a1a1a1",
        "created_at": "2026-03-03T08:00:00Z",
        "severity": "high",
        "title": "channel team has given up 3 alerts",
        "text": "hooks.example: answered 403 Forbidden",
        "channel": "team",
        "count": 3,
    }
    return {**values, **changes}


def alert(payload: Mapping[str, Any], channel: str = "desk") -> Alert:
    return Alert(
        id=str(payload["id"]),
        channel=channel,
        rule="partners",
        kind=str(payload["type"]),
        story_id=str(payload.get("story_id", "")),
        entry_id=str(payload.get("entry_id", "")),
        created_at=NOW,
        not_before=NOW,
        severity=str(payload["severity"]),
        payload=payload,
    )

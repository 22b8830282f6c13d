"""Is the entry about the company, or does it only name it: 0 (boilerplate) to 100 (the headline's subject)."""

from __future__ import annotations

import re
from collections.abc import Sequence

from pipeline.model import Entry, EntryField, Mention

_ROUND_UP = re.compile(
    r"\b(round-?up|stocks? to watch|market wrap|wrap|movers|top gainers|briefs?"
    r"|morning (?:call|brief|note)|newsletter|digest|watchlist"
    r"|what to know|live updates|week ahead|calendar|marktbericht|borse|pressestimmen)\b"
)
_BOILERPLATE = re.compile(
    r"(follow us on|share on|also read|read more|subscribe|sign up"
    r"|advertisement|sponsored by|about the author|download our app)"
)
_LEAD = 240  # code points: a news lead of some forty words


def salience_of(entry: Entry, mentions: Sequence[Mention], others: int) -> float:
    """``mentions`` of one company; ``others`` = how many further companies the entry names."""
    title, text = entry.title.lower(), entry.text
    in_title = [m for m in mentions if m.field is EntryField.TITLE]
    in_text = [m for m in mentions if m.field is EntryField.TEXT]
    points = _of_title(in_title, title) if in_title else 0.0
    points += _of_text(in_text, text)
    points += 4.0 * min(3, max(0, len(mentions) - 1))
    points -= 7.0 * min(5, others) if in_title else 9.0 * min(5, others)
    if _ROUND_UP.search(title) or title.count(",") + title.count(";") >= 4:
        points -= 25.0
    return round(min(100.0, max(5.0, points)), 1)


def _of_title(mentions: Sequence[Mention], title: str) -> float:
    first = min(mention.start for mention in mentions)
    return 80.0 if first <= len(title) / 3 else 66.0


def _of_text(mentions: Sequence[Mention], text: str) -> float:
    if not mentions:
        return 0.0
    first = min(mentions, key=lambda mention: mention.start)
    around = text[max(0, first.start - 60) : first.end + 20].lower()
    if _BOILERPLATE.search(around):
        return 5.0
    if first.start < _LEAD:
        return 42.0
    return 28.0 if first.start < len(text) / 2 else 18.0

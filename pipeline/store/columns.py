"""Values as columns hold them: text that SQLite takes, moments, durations, JSON, and the way back."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from itertools import groupby
from typing import Any

from pipeline.text import fold, is_cjk, pairs, to_iso, tokens

_JSON = json.JSONEncoder(ensure_ascii=False, allow_nan=False, separators=(",", ":"))
_SURROGATE = re.compile("[\ud800-\udfff]")
_ASCII = bytes(range(0x80))
_MAYBE_UNSPACED = re.compile("[^\0-\u2e7f]")  # nothing before it folds to a character of an unspaced script


def clean(text: str) -> str:
    """The text as it is, but half surrogates, which UTF-8 cannot say, become U+FFFD."""
    if text.isascii():
        return text
    try:
        text.encode()  # a third of the time that looking for them takes
    except UnicodeEncodeError:
        return _SURROGATE.sub("\ufffd", text)
    return text


def stamp(moment: datetime | None) -> str | None:
    """A moment as its column holds it; None = unknown."""
    return None if moment is None else to_iso(moment)


def moment(stamp: str | None) -> datetime | None:
    """The moment of a column; None = unknown."""
    return None if stamp is None else instant(stamp)


def instant(stamp: str) -> datetime:
    """The moment that ``stamp`` wrote; strptime would take ten times as long, for every member of every candidate."""
    return datetime.fromisoformat(stamp)


def seconds(duration: timedelta | None) -> float | None:
    """A duration as its column holds it; None = unknown."""
    return None if duration is None else duration.total_seconds()


def duration(seconds: float | None) -> timedelta | None:
    """The duration of a column; None = unknown."""
    return None if seconds is None else timedelta(seconds=seconds)


def to_json(data: Any) -> str:
    """JSON that SQLite's own functions read. Raises ValueError for NaN and infinities, which JSON cannot say."""
    return clean(_JSON.encode(data))


def texts(values: Iterable[str]) -> str:
    """Strings as the JSON list that ``json_each(?)`` takes: sorted, each once."""
    distinct = set(values)
    return to_json(sorted(distinct if all(map(str.isascii, distinct)) else {clean(value) for value in distinct}))


def search_query(words: str) -> str:
    """What full-text search is asked for, so that each of the words occurs; "" when there is none among them.

    Signs within a word (Moody's, Coca-Cola) are taken as they are, ``ferr*`` finds what begins so, and an unspaced run
    is asked for as the phrase of its pairs, since pairs are what the index holds.
    """
    return " ".join(part for word in words.split() for part in _asked(word))


def _asked(word: str) -> Iterator[str]:
    for is_unspaced, group in groupby(word, is_cjk):
        run = "".join(group)
        if is_unspaced:
            found = pairs(fold(run))
            yield f'"{" ".join(found)}"' + ("*" if len(run) == 1 else "")
        elif any(char.isalnum() for char in run):
            quoted = run.rstrip("*").replace('"', '""')
            yield f'"{quoted}"' + ("*" if run.endswith("*") else "")


def cjk_pairs(*fields: str) -> str:
    """Overlapping pairs of each unspaced run, so that full-text search finds two-character words (小米)."""
    # Folding takes far longer than the question.
    asked = [field for field in fields if not field.isascii() and _MAYBE_UNSPACED.search(_beyond_ascii(field))]
    return " ".join(token for field in asked for token in tokens(fold(field)) if is_cjk(token[0])) if asked else ""


def _beyond_ascii(text: str) -> str:
    """The few characters that are not ASCII; an expression takes longer to pass over the others."""
    return text.encode("utf-8", "ignore").translate(None, _ASCII).decode()

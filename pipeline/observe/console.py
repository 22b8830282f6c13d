"""Events as lines for people on a terminal: what happened, to whom, and why, without what is empty."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Mapping
from typing import Any

from structlog.typing import EventDict, WrappedLogger

# What an event is about stands before the rest, without its name.
_SUBJECTS = ("feed", "list", "page", "channel", "host", "database", "file", "template", "address", "option")
_WHY = ("reason", "faults", "damage")
# Of what is counted, nothing is no news; of the rest it may be (a configuration of 0 companies).
_COUNTED = frozenset(
    {"new", "edited", "hits", "alerts", "sent", "undelivered", "dead", "failed", "fetched", "not_modified", "added"}
)
_APART = frozenset({"timestamp", "level", "event", "logger", "exception", "stack", "traceback"})
_MOMENT = re.compile(r"(\d{4}-\d\d-\d\d)T(\d\d:\d\d:\d\d)(?:\.\d+)?Z")
_RED, _YELLOW, _FAINT, _BOLD, _PLAIN = ("\x1b[31m", "\x1b[33m", "\x1b[2m", "\x1b[1m", "\x1b[0m")
_COLOURS = {"debug": _FAINT, "warning": _YELLOW, "error": _RED, "critical": _RED}


class PeopleRenderer:
    """The last structlog processor: an event as one line, with its traceback below if it has one."""

    def __init__(self, *, is_coloured: bool) -> None:
        self._is_coloured = is_coloured and not os.environ.get("NO_COLOR")

    def __call__(self, logger: WrappedLogger, method: str, event: EventDict) -> str:
        level = str(event.get("level", ""))
        words = [str(event.get("timestamp", ""))[11:19]]
        if level != "info":
            words.append(self._painted(level, _COLOURS.get(level, "")))
        words.append(self._painted(str(event.get("event", "")), _BOLD))
        line = " ".join(filter(None, words)) + told(event)
        below = (str(event[name]).rstrip("\n") for name in ("exception", "stack", "traceback") if event.get(name))
        return "\n".join((line, *below))

    def _painted(self, text: str, colour: str) -> str:
        return f"{colour}{text}{_PLAIN}" if colour and self._is_coloured else text


def told(event: Mapping[str, Any]) -> str:
    """The fields of an event in words, to be put behind its name; what is empty, or counts nothing, is left out."""
    fields = {key: _plain(value) for key, value in event.items() if key not in _APART and not _is_empty(key, value)}
    subject = next((fields.pop(name) for name in _SUBJECTS if name in fields), "")
    why = next((fields.pop(name) for name in _WHY if name in fields), "")
    rest = ", ".join(f"{key.replace('_', ' ')} {value}" for key, value in fields.items())
    said = (f"{why} ({rest})" if rest else why) if why else rest
    by = f" [{event['logger']}]" if event.get("logger") else ""
    return by + (f" {subject}" if subject else "") + (f": {said}" if said else "")


def _is_empty(key: str, value: Any) -> bool:
    return value in (None, "", [], {}) or (value == 0 and (key in _COUNTED or value is False))


def _plain(value: Any) -> str:
    match value:
        case str():
            return _MOMENT.sub(r"\1 \2", value)
        case Mapping():
            return "; ".join(f"{key} {_plain(item)}" for key, item in value.items())
        case Iterable():
            return "; ".join(_plain(item).strip() for item in value)
        case _:
            return str(value)

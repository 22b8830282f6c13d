"""An alert's payload as a message for people: for a terminal, a mail, a chat or a feed reader."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from textwrap import dedent
from typing import Any

import structlog

from pipeline.alert.escaping import plain
from pipeline.alert.wording import leaner, prepared

__all__ = ["KINDS", "Medium", "Messages", "plain", "render"]

log = structlog.get_logger()

KINDS = ("story", "update", "digest", "warning")
_LONGEST_TITLE = 250


class Medium(StrEnum):
    """Where a message is shown; the value is how the names of its templates end."""

    TITLE = "title.txt"  # a line of plain text: a subject, a heading
    TEXT = "txt"
    MARKDOWN = "md"  # CommonMark, as chats know it
    PART = "part.html"  # a few lines of HTML, in a chat or a feed reader
    HTML = "html"  # a whole page: a mail


@dataclass(frozen=True, slots=True)
class Messages:
    """Payloads in words, by the templates of a user's own folder where it has one, else by the built-in ones.

    ``calls`` = false: in what is rendered no @ can call anybody.
    """

    folder: Path | None = None
    calls: bool = True
    _told: set[str] = field(default_factory=set, compare=False)

    def title(self, payload: Mapping[str, Any], limit: int = _LONGEST_TITLE) -> str:
        """One line of at most ``limit`` characters, an ellipsis where it was cut."""
        line = " ".join(self._rendered(prepared(payload), Medium.TITLE).split())
        return line if len(line) <= limit else f"{line[: limit - 1].rstrip()}…"

    def body(
        self,
        payload: Mapping[str, Any],
        medium: Medium,
        *,
        titled: bool = False,
        limit: int = 0,
        measure: Callable[[str], int] = len,
    ) -> str:
        """The message; with a ``limit``, left out is what is least needed until ``measure`` gives no more than that.

        ``titled``: the title stands above it already. What cannot be made short enough is returned as short as it
        can be. Never raises: what a user's own template does wrong is logged once, and the built-in one speaks.
        """
        text = ""
        for view in leaner(prepared(payload)):
            text = self._rendered({**view, "titled": titled}, medium)
            text = dedent(text) if titled else text  # lines are set in under a title that stands with them
            if not limit or measure(text) <= limit:
                break
        return text

    def _rendered(self, view: Mapping[str, Any], medium: Medium) -> str:
        from pipeline.alert.environment import environment_of  # Jinja takes long to load, and most runs send nothing

        kind = view.get("type", "story")
        name = f"{kind if kind in KINDS else 'story'}.{medium}"
        if self.folder is not None and name not in self._told:
            try:
                return _tidy(environment_of(medium, self.folder, self.calls).get_template(name).render(view))
            except Exception as error:  # noqa: BLE001 - a template is code of others, and may raise anything
                self._told.add(name)
                log.error("template_failed", template=name, error=type(error).__name__, reason=str(error))
        return _tidy(environment_of(medium, None, self.calls).get_template(name).render(view))


def render(payload: Mapping[str, Any]) -> str:
    """The message as text, several lines without one at the end; a field that the payload lacks is left out."""
    return Messages().body(payload, Medium.TEXT)


def _tidy(text: str) -> str:
    """Without empty lines at both ends, and never two of them together."""
    lines: list[str] = []
    for line in text.strip("\n").split("\n"):
        if line.strip() or (lines and lines[-1].strip()):
            lines.append(line)
    return "\n".join(lines)

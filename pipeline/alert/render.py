"""An alert's payload as a message for people: for a terminal, a mail, a chat or a feed reader."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import quote

import structlog
from jinja2 import BaseLoader, ChoiceLoader, FileSystemLoader, PackageLoader, PrefixLoader
from jinja2.sandbox import ImmutableSandboxedEnvironment
from markupsafe import Markup, escape

from pipeline.alert.escaping import isolated, markdown, plain, quiet, with_words_isolated
from pipeline.alert.payload import web_link
from pipeline.alert.wording import counted, leaner, listed, moment, prepared, rhythm, tag, why

__all__ = ["KINDS", "Medium", "Messages", "environment_of", "plain", "render"]

log = structlog.get_logger()

KINDS = ("story", "update", "digest", "warning")
_LONGEST_TITLE = 250
_BUILT_IN = "builtin"  # {% include "builtin/story.txt" %} in a template of a user's own
# What CommonMark or a dialect of it could take for the end of a link, for emphasis, or for a name to call.
_UNSAFE_IN_LINK = "()[]*_~@|"


class Medium(StrEnum):
    """Where a message is shown; the value is how the names of its templates end."""

    TITLE = "title.txt"  # a line of plain text: a subject, a heading
    TEXT = "txt"
    MARKDOWN = "md"  # CommonMark, as chats know it
    PART = "part.html"  # a few lines of HTML, in a chat or a feed reader
    HTML = "html"  # a whole page: a mail


_OF_HTML = (Medium.HTML, Medium.PART)


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
        line = self._rendered(prepared(payload), Medium.TITLE)
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
            if not limit or measure(text) <= limit:
                break
        return text

    def _rendered(self, view: Mapping[str, Any], medium: Medium) -> str:
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


# --------------------------------------------------------------------------- environments


@cache
def environment_of(medium: Medium, folder: Path | None, calls: bool) -> ImmutableSandboxedEnvironment:
    """Where templates of this medium are rendered: in a sandbox, everything that they print escaped."""
    environment = ImmutableSandboxedEnvironment(
        loader=_loader(folder),
        autoescape=medium in _OF_HTML,
        # Every value that a template prints passes through here: the escaping of this medium.
        finalize=_finalize(medium, calls),
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(
        counted=lambda number, one, many: counted(int(number), one, many),
        link=_LINKS.get(medium, _in_text),
        listed=_listed(medium, calls),
        moment=moment,
        rhythm=rhythm,
        tag=tag,
        why=_why(medium, calls),
    )
    return environment


def _loader(folder: Path | None) -> BaseLoader:
    built_in = PackageLoader("pipeline.alert")
    if folder is None:
        return built_in
    return ChoiceLoader([FileSystemLoader(folder), built_in, PrefixLoader({_BUILT_IN: built_in})])


def _finalize(medium: Medium, calls: bool) -> Callable[[object], object]:
    def finalize(value: object) -> object:
        if isinstance(value, Markup):
            return value
        return _shown(isolated(plain("" if value is None else value)), medium, calls=calls)

    return finalize


def _shown(line: str, medium: Medium, *, calls: bool) -> str:
    line = line if calls else quiet(line)
    return markdown(line) if medium is Medium.MARKDOWN else line


def _marked(text: str, medium: Medium) -> Markup:
    """What is ready for this medium but for the escaping of HTML, so that nothing escapes it again."""
    return escape(text) if medium in _OF_HTML else Markup(text)  # noqa: S704


def _listed(medium: Medium, calls: bool) -> Callable[..., Markup]:
    """``listed``, each word by itself: the direction of one name must not turn the others round."""

    def several(words: Sequence[object], most: int = 3) -> Markup:
        shown = [_shown(isolated(plain(word)), medium, calls=calls) for word in words]
        return _marked(listed(shown, most), medium)

    return several


def _why(medium: Medium, calls: bool) -> Callable[[Mapping[str, Any]], Markup]:
    def reason(company: Mapping[str, Any]) -> Markup:
        return _marked(_shown(with_words_isolated(plain(why(company))), medium, calls=calls), medium)

    return reason


def _in_text(url: object) -> Markup:
    """The address, safe to print and to click, or nothing."""
    return Markup(web_link(str(url or "")))  # noqa: S704 - for a medium without markup


def _in_html(url: object) -> Markup:
    return escape(web_link(str(url or "")))


def _in_markdown(url: object) -> Markup:
    """The address so that it can stand between the parentheses of a Markdown link."""
    link = web_link(str(url or ""))
    return Markup("".join(quote(char) if char in _UNSAFE_IN_LINK else char for char in link))  # noqa: S704


_LINKS = {Medium.MARKDOWN: _in_markdown, Medium.HTML: _in_html, Medium.PART: _in_html}


def _tidy(text: str) -> str:
    """Without empty lines at both ends, and never two of them together."""
    lines: list[str] = []
    for line in text.strip("\n").split("\n"):
        if line.strip() or (lines and lines[-1].strip()):
            lines.append(line)
    return "\n".join(lines)

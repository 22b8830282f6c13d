"""Templates in a sandbox: whatever they print is escaped for the place where the message is shown."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import quote

from jinja2 import BaseLoader, ChoiceLoader, FileSystemLoader, PackageLoader, PrefixLoader, pass_context
from jinja2.runtime import Context
from jinja2.sandbox import ImmutableSandboxedEnvironment
from markupsafe import Markup, escape

from pipeline.alert.escaping import isolated, markdown, plain, quiet, with_words_isolated
from pipeline.alert.payload import web_link
from pipeline.alert.render import Medium
from pipeline.alert.wording import counted, listed, moment, rhythm, tag, why

_BUILT_IN = "builtin"  # {% include "builtin/story.txt" %} in a template of a user's own
# What CommonMark or a dialect of it could take for the end of a link, for emphasis, or for a name to call.
_UNSAFE_IN_LINK = "()[]*_~@|"
_OF_HTML = (Medium.HTML, Medium.PART)


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
        moment=_moment,
        rhythm=rhythm,
        tag=tag,
        why=_why(medium, calls),
    )
    return environment


@pass_context
def _moment(context: Context, value: object) -> str:
    return moment(value, context.get("zone") or "UTC")


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

"""An alert's payload as a message for people, in plain text."""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping
from functools import cache
from typing import TYPE_CHECKING, Any

from pipeline.alert.payload import web_link

if TYPE_CHECKING:
    from jinja2 import Template

# Longer than the longest field of a payload (a link of 2,048), so that nothing is cut that was in order.
_LONGEST = 2100
_KEPT_FORMAT = "\u200c\u200d"  # joiners: Persian words and emoji are spelt with them


def plain(value: object) -> str:
    """The value as text on one line that a terminal shows as it is. Idempotent.

    Gone are control and escape sequences, line breaks, invisible and directional characters (Unicode categories
    Cc, Cf, Cs, Zl, Zp), and whatever exceeds the longest field of a payload.
    """
    # Twice the limit: enough to fill it although some characters fall away.
    visible = "".join(map(_visible, str(value)[: 2 * _LONGEST]))
    return " ".join(visible.split())[:_LONGEST].rstrip(" ")


def _visible(char: str) -> str:
    if " " <= char <= "~" or char in _KEPT_FORMAT:
        return char
    match unicodedata.category(char):
        case "Cc" | "Zl" | "Zp":
            return " "
        case "Cf":
            return ""
        case "Cs":
            return "\ufffd"
        case _:
            return char


@cache
def _story() -> Template:
    """The template, read when the first message is made: most runs make none."""
    from jinja2 import PackageLoader, select_autoescape
    from jinja2.sandbox import ImmutableSandboxedEnvironment

    environment = ImmutableSandboxedEnvironment(
        loader=PackageLoader("pipeline.alert"),
        autoescape=select_autoescape(("html",)),
        # Every value that a template prints passes through here: the escaping of this medium.
        finalize=plain,
        trim_blocks=True,
    )
    environment.filters["web_link"] = web_link
    return environment.get_template("story.txt")


def render(payload: Mapping[str, Any]) -> str:
    """The message, several lines without one at the end; a field that the payload lacks is left out."""
    return _story().render(payload).strip("\n")

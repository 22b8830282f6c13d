"""What templates and broken connections do to XML, and how it is put right: on the text, before it is parsed again."""

from __future__ import annotations

import html
import re
from itertools import islice

# What templates get wrong: bare "&" and "<", HTML's entities, references to characters that XML forbids. Inside CDATA
# and comments all that is text already.
_MISTAKE = re.compile(
    r"(<!\[CDATA\[.*?(?:\]\]>|\Z)|<!--.*?(?:-->|\Z))"
    r"|&(?!(?-i:amp|lt|gt|quot|apos);)(?:#(x[0-9a-f]{1,6}|\d{1,7});|([a-z][a-z0-9]{1,31});)?"
    r"|<(?![a-z/!?_:])",
    re.DOTALL | re.IGNORECASE,
)
# The same for tags: what stands in CDATA and comments is none.
_VERBATIM = r"<!\[CDATA\[.*?(?:\]\]>|\Z)|<!--.*?(?:-->|\Z)"
_VOID = re.compile(rf"{_VERBATIM}|<(?:br|hr|img|input|wbr)\b[^<>]*(?<!/)>(?!\s*</(?:br|hr|img|input|wbr)\b)", re.DOTALL)
_START_TAG = re.compile(rf"{_VERBATIM}|<[A-Za-z][^<>]*>", re.DOTALL)
_BARE_VALUE = re.compile(r"(\s[\w:.-]+\s*=\s*)([^\s\"'<>=]+)(?=[\s>/]|$)")
_LEAF = re.compile(rf"{_VERBATIM}|<([A-Za-z][\w:.-]*)((?:\s[^<>]*)?)>([^<]*)</(?!\1\s*>)[\w:.-]+\s*>", re.DOTALL)
_ROOT_NAME = re.compile(r"<[\w.:-]+")
_ITEM_END = re.compile(r"</(?:\w+:)?(?:item|entry)\s*>", re.IGNORECASE)
_CHANNEL = re.compile(r"<(/?)((?:\w+:)?channel)(?=[\s>])", re.IGNORECASE)
_CLOSED = re.compile(r"</(?:\w+:)?(?:rss|feed|rdf|channel)\s*>", re.IGNORECASE)
_TAIL = 2000  # characters in which the end of a whole document stands, before the remarks of caches


def mend(text: str) -> str:
    """The text with bare ampersands and angle brackets escaped, HTML's entities as characters, forbidden ones gone."""
    return _MISTAKE.sub(_mended, text)


def before_mistake(text: str, number: int) -> str:
    """The text before the mistake of that number that ``mend`` would put right; "" where it makes no more."""
    found = next(islice(filter(_is_mistake, _MISTAKE.finditer(text)), number - 1, None), None)
    return text[: found.start()] if found else ""


def _is_mistake(found: re.Match[str]) -> bool:
    return found[1] is None


def close_voids(text: str) -> str:
    """The text with the tags of HTML closed that hold nothing: ``<br>`` is ``<br/>``."""
    return _VOID.sub(lambda found: found[0] if found[0][1] == "!" else f"{found[0][:-1]}/>", text)


def quote_values(text: str) -> str:
    """The text with quotes round the values of attributes that have none."""

    def quoted(found: re.Match[str]) -> str:
        tag = found[0]
        if tag[1] == "!" or "=" not in tag:
            return tag
        pieces = re.split(r"(\"[^\"]*\"|'[^']*')", tag)
        pieces[::2] = [_BARE_VALUE.sub(r'\1"\2"', piece) for piece in pieces[::2]]
        return "".join(pieces)

    return _START_TAG.sub(quoted, text)


def rename_ends(text: str) -> str:
    """The text with the end tags of elements without children called like their start tags (``<title>a</titel>``)."""
    return _LEAF.sub(lambda found: f"<{found[1]}{found[2]}>{found[3]}</{found[1]}>" if found[1] else found[0], text)


def declare(text: str, prefix: str, uri: str) -> str:
    """The text with a namespace declared at its root."""
    found = _ROOT_NAME.match(text)
    return f'{found[0]} xmlns:{prefix}="{uri}"{text[found.end() :]}' if found else text


def is_cut(text: str) -> bool:
    """True for a feed whose end is missing."""
    return not _CLOSED.search(text, max(len(text) - _TAIL, 0))


def whole_items(text: str) -> str:
    """A document that was cut off, up to its last whole item, and closed; "" where there is none."""
    end = max((found.end() for found in _ITEM_END.finditer(text)), default=0)
    root = _ROOT_NAME.match(text)
    if not end or not root:
        return ""
    channels = list(_CHANNEL.finditer(text, 0, end))
    channel = f"</{channels[-1][2]}>" if channels and not channels[-1][1] else ""
    return f"{text[:end]}{channel}</{root[0][1:]}>"


def _mended(match: re.Match[str]) -> str:
    whole, verbatim, number, name = match[0], match[1], match[2], match[3]
    if verbatim:
        return whole
    if whole == "<":
        return "&lt;"
    if number:
        code = int(number[1:], 16) if number[0] in "xX" else int(number)
        return whole if _is_xml_character(code) else ""
    if name:
        character = html.unescape(whole)
        return "&amp;" + whole[1:] if character == whole else html.escape(character)
    return "&amp;"


def _is_xml_character(code: int) -> bool:
    """XML 1.0 2.2."""
    return code in (9, 10, 13) or 0x20 <= code <= 0xD7FF or 0xE000 <= code <= 0xFFFD or 0x10000 <= code <= 0x10FFFF

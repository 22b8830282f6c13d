"""HTML and dirty text to plain text: no markup, no control characters, no trailers of publishing systems."""

from __future__ import annotations

import html
import re

MAX_HTML = 200_000  # characters of a summary or content that are kept
MAX_TEXT = 20_000  # characters of an entry's plain text
MAX_TITLE = 1_000  # characters

# Every alternative ends at the next "<" at the latest, or else swallows the rest for good: linear on any input.
_MARKUP = re.compile(
    r"<!--.*?(?:-->|\Z)"
    r"|<!\[CDATA\[|\]\]>"
    r"|<(script|style|template|noscript|svg|iframe|object|head|title|select|textarea)\b[^<>]*(?:/>|>.*?(?:</\1\s*>|\Z)|\Z)"
    r"|</?([a-z][^\s<>/]*+)(?:\"[^\"<]*+\"|'[^'<]*+'|[^<>\"'])*+>"
    r"|</?([a-z][^\s<>/]*+)[^<>]*+(?:>|(?=<)|\Z)"
    r"|<[!?/][^<>]*+>?",
    re.DOTALL | re.IGNORECASE,
)
# Tags inside a word do not part it: "Micro<b>soft</b>" is one name.
_INLINE = re.compile(
    r"a|abbr|acronym|b|bdi|bdo|big|cite|code|data|del|dfn|em|font|i|ins|kbd|mark|nobr|q|s|samp|small|span|strike|strong"
    r"|sub|sup|time|tt|u|var|wbr",
    re.IGNORECASE,
)
_ENTITY = re.compile(r"&(?:#\d{1,7}|#[xX][0-9a-fA-F]{1,6}|[A-Za-z][A-Za-z0-9]{1,31});")
# C0 and C1 (a terminal obeys them), overrides of writing direction (a reader is deceived by them), lone surrogates, and
# what stands invisibly within words: soft hyphens, zero-width spaces, joiners of words.
_UNSEEN = re.compile(
    "[\x00-\x08\x0e-\x1b\x7f-\x84\x86-\x9f\xad\u061c\u200b\u200e\u200f\u202a-\u202e\u2060\u2066-\u2069\ufeff\ufff9-\ufffb\ud800-\udfff]"
)
_FORMATTING = re.compile(
    r"</?(?:a|abbr|b|big|br|cite|code|div|em|font|h[1-6]|i|iframe|img|ins|mark|p|s|script|small|span|strong|style|sub|sup|tt|u)"
    r"(?:\s[^<>]*+)?/?>",
    re.IGNORECASE,
)
# A description that was escaped once too often begins with an escaped tag.
_ESCAPED_HTML = re.compile(
    r"\s*&lt;(?:p|div|br|img|a|span|table|ul|ol|h[1-6]|b|i|strong|em|figure)\b[^<>]*?&gt;", re.IGNORECASE
)

# What publishing systems and feed services put behind an article's own words. "More" links are cut only where they
# end the text, behind a sentence or an ellipsis.
_MORE = (
    r"Continue reading|Keep reading|Read more|Read the (?:full|rest|entire|whole)|View the full|Weiterlesen|Mehr lesen"
    r"|Lire la suite|Leer más|Seguir leyendo|Leggi tutto|Continua a leggere|Lees meer|Ler mais"
    r"|Читать далее|Читать полностью"
)
_SHARE = (
    r"(?:Click to share|Share) on \w+|Tweet|Share|Print|E-?mail|Facebook|Twitter|X|LinkedIn|Reddit|WhatsApp|Telegram"
    r"|Pinterest|Tumblr|Pocket|\(Opens in new window\)|Like|Loading|Related|[.…,|]"
)
# WordPress: "The post TITLE first appeared on SITE."
_APPEARED = (
    ("The post", "first appeared on|appeared first on"),
    ("Der Beitrag", "erschien zuerst auf|ist zuerst erschienen auf"),
    ("L['’]article", "est apparu en premier sur"),
    ("La entrada", "se publicó primero en|aparece primero en"),
    ("Сообщение", "появилось сначала на|появились сначала на"),
)
_TRAILERS = tuple(
    re.compile(rf"{pattern}\s*\Z", re.IGNORECASE)
    for pattern in (
        *(
            rf"\b{post}\s(?:(?!\b{post}\s|[.!?]\s(?:He|She|It|They|The|This|That)\s).){{1,300}}?\s(?:{appeared})\s"
            r"(?:[^,;.!?]|\.(?=\S)){1,80}[.!]?"
            for post, appeared in _APPEARED
        ),
        rf"(?<=[.!?…\]»”\"'])\s*(?:{_MORE})\b[^.!?…]{{0,80}}[.…→»>›]*",
        rf"\bShare this:(?:\s*(?:{_SHARE}))*",
        r"\[link\]\s*\[comments\]",  # Reddit
        r"\bsubmitted by /u/\S+(?:\s+to r/\S+)?",
    )
)
_LEADER = re.compile(r"\A\s*(?:Skip to (?:main )?(?:content|navigation)|Advertisement)\b[\s.:|–-]*", re.IGNORECASE)
_TAIL = 700  # characters in which a trailer may begin: bounds the patterns above
_ROUNDS = 8  # trailers stand behind one another, three or four at most; more are an attack


def plain_text(html_text: str) -> str:
    """The words of a piece of HTML on one line, entities undone once; linear in time, for any input."""
    return _one_line(_undo_entities(_strip(html_text)))


def plain_title(title: str, *, is_markup: bool) -> str:
    """A title on one line, at most 1,000 characters.

    One that is not declared as markup keeps its angle brackets ("R&D <3") but for tags that only format.
    """
    bounded = title[: MAX_TITLE * 20]
    stripped = _strip(bounded) if is_markup else _FORMATTING.sub("", bounded)
    return _cap(_one_line(_undo_entities(stripped)), MAX_TITLE)


def plain_line(value: str, limit: int) -> str:
    """A short field (author, publisher) on one line without markup, at most ``limit`` characters."""
    return _cap(plain_title(value, is_markup=False), limit)


def entry_text(summary: str, content: str) -> str:
    """The plain text of an entry: its summary, and its content where that says more; at most 20,000 characters."""
    short, long = trim_boilerplate(plain_text(summary)), trim_boilerplate(plain_text(content))
    return _cap(_join(short, long), MAX_TEXT)


def with_article(text: str, article: str) -> str:
    """The plain text of an entry whose page was read: what the feed said, and the article where that says more."""
    return _cap(_join(text.removesuffix("…"), _one_line(article)), MAX_TEXT)


def trim_boilerplate(text: str) -> str:
    """The text without what a publishing system put round it: at its end, in the last 5,600 characters."""
    text = _LEADER.sub("", text)
    split = max(len(text) - _TAIL * _ROUNDS, 0)
    body, tail = text[:split], text[split:]
    for _ in range(_ROUNDS):
        shorter = _without_trailers(tail)
        if shorter == tail:
            break
        tail = shorter
    return body + tail if tail else body.rstrip()


def _without_trailers(text: str) -> str:
    for pattern in _TRAILERS:
        if found := pattern.search(text, max(len(text) - _TAIL, 0)):
            text = text[: found.start()].rstrip()
    return text


def first_words(text: str, limit: int = 100) -> str:
    """The beginning of a text as a title, cut between words where it has any."""
    if len(text) <= limit:
        return text
    head, space, _ = text[:limit].rpartition(" ")
    return (head if space else text[:limit]).rstrip(" ,;:-–—") + "…"


def _strip(html_text: str) -> str:
    bounded = html_text[:MAX_HTML]
    if "<" not in bounded and _ESCAPED_HTML.match(bounded):
        bounded = _undo_entities(bounded)
    return _MARKUP.sub(_gap, bounded) if "<" in bounded else bounded


def _gap(match: re.Match[str]) -> str:
    tag = match[2] or match[3]
    return "" if tag and _INLINE.fullmatch(tag) else " "


def _undo_entities(text: str) -> str:
    return _ENTITY.sub(lambda match: html.unescape(match[0]), text) if "&" in text else text


def _one_line(text: str) -> str:
    return " ".join(_UNSEEN.sub("", text).split())


def _join(short: str, long: str) -> str:
    """Both texts, or the one that holds the other; a summary is often the content's beginning, cut off."""
    opening = short.removesuffix("[…]").removesuffix("[...]").rstrip(" .…")
    if not short or long.startswith(opening) or short in long:
        return long or short
    if not long or long in short:
        return short
    return f"{short} {long}"


def _cap(text: str, limit: int) -> str:
    return text if len(text) <= limit else text[: limit - 1].rstrip() + "…"

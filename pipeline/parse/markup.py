"""HTML and dirty text to plain text: no markup, no control characters, no trailers of publishing systems."""

from __future__ import annotations

import html
import re
from collections.abc import Sequence
from functools import lru_cache
from operator import methodcaller

from ahocorasick_rs import AhoCorasick, Implementation

MAX_HTML = 200_000  # characters of a summary or content that are kept
MAX_TEXT = 20_000  # characters of an entry's plain text
MAX_TITLE = 1_000  # characters

# What shows nothing of what stands in it, and marks that are no tags.
_HIDDEN = re.compile(
    r"<!--.*?(?:-->|\Z)"
    r"|<!\[CDATA\[|\]\]>"
    r"|<(script|style|template|noscript|svg|iframe|object|head|title|select|textarea)\b[^<>]*(?:/>|>.*?(?:</\1\s*>|\Z)|\Z)",
    re.DOTALL | re.IGNORECASE,
)
# The rest of a tag behind its name. Every alternative ends at the next "<" at the latest: linear on any input.
_REST = r"(?:[^<>\"']*+(?:\"[^\"<]*+\"[^<>\"']*+|'[^'<]*+'[^<>\"']*+)*+>|[^<>]*+(?:>|(?=<)|\Z))"
_TAG = re.compile(r"<(/?[A-Za-z][^\s<>/]*+|[!?/])" + _REST)
_HIDING = frozenset(
    {"!", *re.findall(r"\w+", "script style template noscript svg iframe object head title select textarea")}
)
_INLINE = frozenset(
    re.findall(
        r"\w+",
        "a abbr acronym b bdi bdo big cite code data del dfn em font i ins kbd mark nobr q s samp small span strike"
        " strong sub sup time tt u var wbr",
    )
)
_BLOCKS = re.findall(
    r"\w+", "p br div li ul ol h1 h2 h3 h4 h5 h6 img hr tr td th table tbody figure figcaption blockquote pre section"
)


class _Gaps(dict[str, str]):
    """What parts the words on both sides of a tag, by its name; tags inside a word do not ("Micro<b>soft</b>")."""

    def __missing__(self, name: str) -> str:
        return "" if name.lower().removeprefix("/") in _INLINE else " "


class _Hiding(Exception):
    """The HTML holds what is not to be read."""


class _Shown(_Gaps):
    """The same; raises ``_Hiding`` for what is no tag, or for one whose content is not shown."""

    def __missing__(self, name: str) -> str:
        if name.lower() in _HIDING:
            raise _Hiding
        return super().__missing__(name)


_USUAL = {f"{slash}{name}": "" if name in _INLINE else " " for name in (*_INLINE, *_BLOCKS) for slash in ("", "/")}
_GAPS, _SHOWN = _Gaps(_USUAL), _Shown(_USUAL)
_MARK = "\0"  # next to no document holds it


class _Unusual(Exception):
    """The HTML must be looked at tag by tag."""


class _Marked(dict[str, str]):
    """The same by the whole tag behind a mark. Raises ``_Unusual`` for what is no usual tag as a whole."""

    def __missing__(self, tag: str) -> str:
        gap = self.get(tag.partition(" ")[0])
        if gap is None or "'" in tag or "]" in tag or tag.count('"') % 2:
            raise _Unusual
        return gap


_gap_of = _Marked({f"{_MARK}{tag}": gap for tag, gap in _USUAL.items()}).__getitem__
_ENTITY = re.compile(r"&(?:#\d{1,7}|#[xX][0-9a-fA-F]{1,6}|[A-Za-z][A-Za-z0-9]{1,31});")
_USUAL_GAPS = "\n\t\r\xa0"  # white space in feeds, beside spaces
# C0 and C1 (a terminal obeys them), overrides of writing direction (a reader is deceived by them), lone surrogates, and
# what stands invisibly within words: soft hyphens, zero-width spaces, joiners of words.
_UNSEEN = re.compile(
    "[\x00-\x08\x0e-\x1b\x7f-\x84\x86-\x9f\xad\u061c\u200b\u200e\u200f\u202a-\u202e\u2060\u2066-\u2069\ufeff\ufff9-\ufffb\ud800-\udfff]"
)
_C1 = re.compile("[\x80-\x84\x86-\x9f]")
_CP1252 = {chr(code): bytes([code]).decode("cp1252", "ignore") or chr(code) for code in range(0x80, 0xA0)}
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
_MORE_WORDS = (
    *("continue r", "keep r", "read more", "read the", "view the full", "weiterlesen", "mehr lesen", "lire la"),
    *("leer más", "seguir leyendo", "leggi tutto", "continua a", "lees meer", "ler mais", "читать"),
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
_ENDINGS = (
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
# Each with words of which one stands in it.
_TRAILERS = tuple(
    (words, re.compile(rf"{ending}\s*\Z", re.IGNORECASE))
    for ending, words in zip(
        _ENDINGS,
        (
            *(("appeared",), ("erschien",), ("est apparu",), (" primero ",), ("появил",)),
            *(_MORE_WORDS, ("share this:",), ("[comments]",), ("/u/",)),
        ),
        strict=True,
    )
)
_NEAR = 150  # characters before the end in which the words of most stand
_near_words = AhoCorasick(
    [word for words, _ in _TRAILERS for word in words if word not in ("share this:", "/u/")],
    implementation=Implementation.DFA,
).find_matches_as_indexes
_LEADER = re.compile(r"\s*(?:Skip to (?:main )?(?:content|navigation)|Advertisement)\b[\s.:|–-]*", re.IGNORECASE)
_TAIL = 700  # characters in which a trailer may begin: bounds the patterns above
_ROUNDS = 8  # trailers stand behind one another, three or four at most; more are an attack


def plain_text(html_text: str) -> str:
    """The words of a piece of HTML on one line, entities undone once; linear in time, for any input."""
    return _one_line(_undo_entities(_strip(html_text))) if html_text else ""


def plain_title(title: str, *, is_markup: bool) -> str:
    """A title on one line, at most 1,000 characters.

    One that is not declared as markup keeps its angle brackets ("R&D <3") but for tags that only format.
    """
    if _is_plain(title) and len(title) <= MAX_TITLE:
        return title
    bounded = title[: MAX_TITLE * 20]
    stripped = _strip(bounded) if is_markup else _FORMATTING.sub("", bounded)
    return _cap(_one_line(_undo_entities(stripped)), MAX_TITLE)


def plain_line(value: str, limit: int) -> str:
    """A short field (author, publisher) on one line without markup, at most ``limit`` characters."""
    return _cap(plain_title(value, is_markup=False), limit)


def entry_text(summary: str, content: str) -> str:
    """The plain text of an entry: its summary, and its content where that says more; at most 20,000 characters."""
    short, long = (trim_boilerplate(plain_text(part)) if part else "" for part in (summary, content))
    return _cap(_join(short, long), MAX_TEXT)


def with_article(text: str, article: str) -> str:
    """The plain text of an entry whose page was read: what the feed said, and the article where that says more."""
    return _cap(_join(text.removesuffix("…"), _one_line(article)), MAX_TEXT)


def trim_boilerplate(text: str) -> str:
    """The text without what a publishing system put round it: at its end, in the last 5,600 characters."""
    if leader := _LEADER.match(text):
        text = text[leader.end() :]
    split = max(len(text) - _TAIL * _ROUNDS, 0)
    body, tail = text[:split], text[split:]
    for _ in range(_ROUNDS):
        shorter = _without_trailers(tail)
        if shorter == tail:
            break
        tail = shorter
    return body + tail if tail else body.rstrip()


def _without_trailers(text: str) -> str:
    for pattern in _likely_trailers(text[-_TAIL:]):
        if found := pattern.search(text, max(len(text) - _TAIL, 0)):
            text = text[: found.start()].rstrip()
    return text


def _likely_trailers(tail: str) -> Sequence[re.Pattern[str]]:
    """Those whose words stand near the end: nearly always none, and that is asked of every text."""
    # Lower case is made only of what needs it: of all the rest it would take as long as all of this.
    if not _near_words(tail[-_NEAR:].lower()) and (
        ("/" not in tail or ("/u/" not in tail and "/U/" not in tail))
        and (":" not in tail or "share this:" not in tail.lower())
    ):
        return ()
    tail = tail.lower()
    return [pattern for words, pattern in _TRAILERS if any(word in tail for word in words)]


def first_words(text: str, limit: int = 100) -> str:
    """The beginning of a text as a title, cut between words where it has any."""
    if len(text) <= limit:
        return text
    head, space, _ = text[:limit].rpartition(" ")
    return (head if space else text[:limit]).rstrip(" ,;:-–—") + "…"


def _strip(html_text: str) -> str:
    bounded = html_text[:MAX_HTML]
    if "<" not in bounded:
        if "&lt;" not in bounded or not _ESCAPED_HTML.match(bounded):
            return bounded
        bounded = _undo_entities(bounded)
    try:
        return _without_usual_tags(bounded)
    except _Unusual:
        pass
    try:
        if "]]>" not in bounded:
            return _without_tags(bounded)
    except _Hiding:
        pass
    pieces = _TAG.split(_HIDDEN.sub(" ", bounded))
    pieces[1::2] = map(_GAPS.__getitem__, pieces[1::2])
    return "".join(pieces)


def _without_usual_tags(html_text: str) -> str:
    """The HTML with gaps for its tags, all at once. Raises ``_Unusual`` where angle brackets are anything but the two
    ends of usual tags.

    Each "<" becomes a ">" and a mark, so that cutting at ">" leaves text and marked tags in turns.
    """
    marked = html_text.replace("<", f">{_MARK}")
    pieces = marked.split(">")
    has_pairs = len(pieces) == 2 * (len(marked) - len(html_text)) + 1
    if not has_pairs or _MARK in html_text:
        raise _Unusual
    pieces[1::2] = map(_gap_of, pieces[1::2])
    return "".join(pieces)


def _without_tags(html_text: str) -> str:
    """The HTML with gaps for its tags. Raises ``_Hiding``.

    No tag reaches over the next "<", so that HTML is cut there, which is quick; most tags are short, or their first ">"
    is their end, and only what is left is asked of the expression.
    """
    before, *pieces = html_text.split("<")
    shown = [before]
    for piece in pieces:
        tag, end, text = piece.partition(">")
        gap = _USUAL.get(tag) if end else None
        if gap is None:
            name = tag.partition(" ")[0]
            gap = _USUAL.get(name) if end and "'" not in tag and not tag.count('"') % 2 else None
            if gap is None:
                shown += _without_tag(piece)
                continue
        shown += (gap, text)
    return "".join(shown)


def _without_tag(piece: str) -> tuple[str, str]:
    """The gap and the text of what stands behind a "<". Raises ``_Hiding``."""
    found = _TAG.match("<" + piece)
    return (_SHOWN[found[1]], piece[found.end() - 1 :]) if found else ("<", piece)


def _undo_entities(text: str) -> str:
    return _ENTITY.sub(_character, text) if "&" in text else text


def _character(match: re.Match[str]) -> str:
    return _unescape(match[0])


_unescape = lru_cache(maxsize=2048)(html.unescape)


def _is_plain(text: str) -> bool:
    """True for what is one line without markup already; false says nothing."""
    return (
        text.isascii()
        and "<" not in text
        and "&" not in text
        and "  " not in text
        and text[:1] != " "
        and text[-1:] != " "
        and text.isprintable()
    )


def _one_line(text: str) -> str:
    if not text.isprintable():
        for gap in _USUAL_GAPS:
            text = text.replace(gap, " ")
        if not text.isprintable():
            return " ".join(_UNSEEN.sub("", undo_c1(text)).split())
    # Of white space only spaces are printable, and what is invisible is not. Runs of spaces are few: splitting at them
    # takes half the time of splitting at each.
    return " ".join(filter(None, map(_without_margins, text.split("  "))))


_without_margins = methodcaller("strip", " ")


def undo_c1(text: str) -> str:
    """The text with control characters that are meant to be windows-1252 (``&#146;``) as what they are meant to be."""
    return _C1.sub(lambda found: _CP1252[found[0]], text)


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

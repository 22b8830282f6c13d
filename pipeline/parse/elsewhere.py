"""Lists of other articles inside an entry's HTML, which prove nothing of the entry."""

from __future__ import annotations

import re

from pipeline.elsewhere import ELSEWHERE

_FORMAT = r"(?:\s|&nbsp;|</?(?:strong|b|em|i|u|span|a|font)\b[^<>]*+>)*+"
_APOSTROPHE = r"(?:['’]|&#8217;|&rsquo;|&#0?39;|&#x2019;|&apos;)"
# As the headings stand in HTML: apostrophes may be entities, and no heading goes on behind a tag.
_HEADINGS = ELSEWHERE.replace("['’]", _APOSTROPHE).replace("[s'’]", rf"(?:s|{_APOSTROPHE})").replace(".{", "[^<>]{")
_HEADING = re.compile(
    rf"<(h[1-6]|p|div)\b[^<>]*+>{_FORMAT}(?:{_HEADINGS})\s*:?{_FORMAT}</\1\s*>{_FORMAT}\Z", re.IGNORECASE
)
_LIST = re.compile(r"<(/?)[uo]l\b")
_BEFORE = 250  # characters before a list in which its heading must begin


def own_words(html_text: str) -> str:
    """The HTML without its lists of other articles ("Editors' Recommendations", "Related stories") and the heading of
    each; HTML without such a heading directly before a list comes back as it is. Linear in time, for any input.
    """
    pieces: list[str] = []
    kept_from = 0
    # From the lists backwards: they are few, and the expression of the headings is slow.
    for opening in _LIST.finditer(html_text) if "<li" in html_text else ():
        if opening[1] or opening.start() < kept_from:
            continue
        heading = _HEADING.search(html_text, max(kept_from, opening.start() - _BEFORE), opening.start())
        if heading:
            pieces.append(html_text[kept_from : heading.start()])
            kept_from = _end_of_list(html_text, opening)
    return " ".join([*pieces, html_text[kept_from:]]) if pieces else html_text


def _end_of_list(html_text: str, opening: re.Match[str]) -> int:
    """Behind the end tag that closes the list, lists within it passed over; one that is never closed is the rest."""
    depth = 0
    for tag in _LIST.finditer(html_text, opening.start()):
        depth += -1 if tag[1] else 1
        if depth == 0:
            return html_text.find(">", tag.end()) + 1 or len(html_text)
    return len(html_text)

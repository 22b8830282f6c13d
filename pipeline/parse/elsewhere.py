"""Lists of other articles inside an entry's HTML, which prove nothing of the entry."""

from __future__ import annotations

import re

from pipeline.elsewhere import ELSEWHERE

_FORMAT = r"(?:\s|&nbsp;|</?(?:strong|b|em|i|u|span|a|font)\b[^<>]*+>)*+"
_APOSTROPHE = r"(?:['’]|&#8217;|&rsquo;|&#0?39;|&#x2019;|&apos;)"
# As the headings stand in HTML: apostrophes may be entities, and no heading goes on behind a tag.
_HEADINGS = ELSEWHERE.replace("['’]", _APOSTROPHE).replace("[s'’]", rf"(?:s|{_APOSTROPHE})").replace(".{", "[^<>]{")
# A heading with the list under it; a paragraph that only points elsewhere. Each ends at the next end of its kind, or
# swallows the rest: linear on any input.
_LIST = rf"<(h[1-6]|p|div)\b[^<>]*+>{_FORMAT}(?:{_HEADINGS})\s*:?{_FORMAT}</\1\s*>{_FORMAT}<(ul|ol)\b.*?(?:</\2\s*>|\Z)"
_POINTER = rf"<p\b[^<>]*+>{_FORMAT}(?:{_HEADINGS}|read more)\s*{_FORMAT}:.{{0,600}}?</p\s*>"
_ELSEWHERE = re.compile(rf"{_LIST}|{_POINTER}", re.DOTALL | re.IGNORECASE)


def own_words(html_text: str) -> str:
    """The HTML without its lists of other articles ("Editors' Recommendations", "Related stories") and pointers to one
    ("Read more: ..."); HTML without headings, lists or such words comes back as it is.
    """
    return _ELSEWHERE.sub(" ", html_text) if "<" in html_text else html_text

"""What in a page is not its article: furniture of the site, recommendations, lines that many of its pages have."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from functools import cache

from pipeline.elsewhere import ELSEWHERE, expression_of
from pipeline.keys import digest

_LONGEST_HEADING = 80  # characters
_PROSE = 140  # characters of a line that is a paragraph and no headline
_PROSE_CJK = 50
_LONGEST_LINE = 2000  # characters that are looked at; a longer line is a paragraph
_SENTENCE_END = re.compile(r"[.!?…。！？:;][\"'”’»)\]）」』]*$")
_CJK = re.compile(r"[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]")
_BULLET = re.compile(r"^(?:[-*•·▪►>|]|\d{1,2}[.)])\s+")


@dataclass(frozen=True, slots=True)
class _Signs:
    """What lines that are no article's are known by."""

    furniture: re.Pattern[str]
    heading: re.Pattern[str]
    pointer: re.Pattern[str]


@cache
def _signs() -> _Signs:
    """Made when the first page is read: most runs read none, and such long expressions take a while."""
    return _Signs(
        furniture=re.compile(expression_of("pipeline.article", "furniture.txt"), re.IGNORECASE),
        heading=re.compile(rf"(?:{ELSEWHERE})\s*[:：>»→]?", re.IGNORECASE),
        pointer=re.compile(rf"\W{{0,3}}(?:{ELSEWHERE})\s*[:：|»→–—]\s*\S.*", re.IGNORECASE),
    )


def own_lines(lines: Sequence[str], common: Collection[str] = ()) -> tuple[str, ...]:
    """The lines of a page that are its article's.

    Left out are furniture, headings such as "Editors' Recommendations" with the headlines under them, pointers to
    other articles, lines whose mark is among ``common`` (those of other pages of the site), and at the end what is no
    sentence.
    """
    kept = [line for line in _within(lines) if line_mark(line) not in common]
    while kept and not _SENTENCE_END.search(kept[-1]):
        kept.pop()
    return tuple(kept)


def line_mark(line: str) -> str:
    """By which the same line is known on another page: without its numbers, which dates and counters change."""
    return digest("line", re.sub(r"\d+", "0", " ".join(line.casefold().split())))


def _within(lines: Sequence[str]) -> Iterator[str]:
    """Lines outside the lists of other articles; such a list ends with the next paragraph."""
    is_elsewhere = False
    for whole in lines:
        line = _BULLET.sub("", whole.strip())
        if not line or _is_furniture(line):
            continue
        if len(line) <= _LONGEST_HEADING and _signs().heading.fullmatch(line):
            is_elsewhere = True
            continue
        is_elsewhere = is_elsewhere and not _is_prose(line)
        if not is_elsewhere:
            yield line


def _is_furniture(line: str) -> bool:
    return len(line) <= _LONGEST_LINE and any(sign.fullmatch(line) for sign in (_signs().furniture, _signs().pointer))


def _is_prose(line: str) -> bool:
    """A paragraph: long, and it ends as sentences do."""
    return len(line) >= (_PROSE_CJK if _CJK.search(line) else _PROSE) and bool(_SENTENCE_END.search(line))

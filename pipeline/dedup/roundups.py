"""Round-ups: entries that tell the news of several companies, one after the other, and belong to no story."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Collection, Sequence
from importlib.resources import files
from typing import Any

from pipeline.dedup.wording import stem, stop_words
from pipeline.text import fold, tokens

LISTED = 3  # companies, or pieces of news, make a list
NAME_WORDS = 4  # that the name of a company has, at most

_WORDS: dict[str, Any] = tomllib.loads(
    files("pipeline.dedup").joinpath("roundups.toml").read_text(encoding="utf-8"),
)


def _said(part: str) -> frozenset[str]:
    return frozenset(fold(" ".join(_WORDS[part].values())).split())


def _any_of(names: str) -> str:
    return "|".join(re.escape(fold(name.strip())) for name in sorted(names.split("|"), key=len, reverse=True))


_FORM, _ABOUT, _MOVING, _MOMENT, _MARKET = map(_said, ("form", "about", "moving", "moment", "market"))
_KNOWN = _FORM.union(_ABOUT, _MOVING, _MOMENT, _MARKET, _said("beside"), stop_words())
_LABELS = _FORM | _ABOUT | _MOVING
_PHRASES = _WORDS["phrase"]["all"]
_PHRASE = re.compile(rf"\b(?:{_any_of(_PHRASES)})\b")
_MAY_BE_LABEL = _LABELS.union(fold(name).split()[-1] for name in _PHRASES.split("|"))
_FORMS, _BESIDE = _any_of(_WORDS["unspaced"]["forms"]), _any_of(_WORDS["unspaced"]["beside"])
_UNSPACED_FORM = re.compile(_FORMS)
_UNSPACED = re.compile(rf"(?>{_FORMS}|{_BESIDE}|[\d\W])+")  # as they stand: no other way to cut them is tried
_PART = re.compile(r"[:|–—•·丨【】\[\]()?!]+|\s[-/]\s")
_MORE = re.compile(rf"(?:{_any_of(_WORDS['more']['all'])})[\s.…]*$")
_COMMA = re.compile(r"[,、]|\s(?:&|and|und|et|y|e|и)\s")
_LISTS = re.compile("[,;、]")
_WORD = re.compile(r"\w+")


def is_round_up(title: str, companies: Collection[str]) -> bool:
    """Does the headline announce several pieces of news that have nothing in common? Never without a company: who
    follows none may well follow what an outlet tells every morning.

    It does when a part of it is a label made of nothing but words for round-ups; when a list that is not told to its
    end names one of the companies; or when three sentences stand in a row, two of which are about two of the companies.
    """
    if not companies:
        return False
    folded = fold(title)
    if _may_have_label(folded) and any(_is_label(part, place == 0) for place, part in enumerate(_PART.split(folded))):
        return True
    if not _LISTS.search(folded):
        return False
    names = [frozenset(map(stem, tokens(fold(company)))) for company in companies]
    return _is_open_list(folded, frozenset().union(*names)) or _is_row(folded, names)


def _may_have_label(folded: str) -> bool:
    return not _MAY_BE_LABEL.isdisjoint(_WORD.findall(folded)) or _has_unspaced_form(folded)


def _has_unspaced_form(folded: str) -> bool:
    return not folded.isascii() and bool(_UNSPACED_FORM.search(folded))


def _is_label(part: str, is_first: bool) -> bool:
    """A part that is nothing but a label. A number is a moment only in front: "5 things to know" of nothing else."""
    if _has_unspaced_form(part) and _UNSPACED.fullmatch(part):
        return True
    bare, phrases = _PHRASE.subn(" ", part)
    words = _WORD.findall(bare)
    if not all(word in _KNOWN or word.isdigit() for word in words):
        return False
    if phrases or not _FORM.isdisjoint(words):
        return True
    is_dated = not _MOMENT.isdisjoint(words) or (is_first and bool(words) and words[0].isdigit())
    if is_dated:
        return not _LABELS.isdisjoint(words)
    return not _MOVING.isdisjoint(words) and not _MARKET.isdisjoint(words)


def _is_open_list(folded: str, own: frozenset[str]) -> bool:
    """Names in a row, one of them the company's, of which not all are told: "Apple, Toyota, Visa and more"."""
    listed, has_more = _MORE.subn("", _PART.split(folded)[-1])
    names = _COMMA.split(listed.strip(" ,、")) if has_more else ()
    if len(names) < LISTED - 1:
        return False
    first, *others = [frozenset(map(stem, tokens(name))) for name in names]
    # What stands first may be a sentence: "Apple shows phone, watch and more" lists no companies.
    is_own = bool(first) and first <= own
    return is_own or any(len(words) <= NAME_WORDS and not own.isdisjoint(words) for words in others)


def _is_row(folded: str, companies: Sequence[frozenset[str]]) -> bool:
    """Sentences in a row, each about another company: "Apple sues; Toyota recalls; Visa loses"."""
    told = [frozenset(map(stem, tokens(one))) for one in re.split("[;；]", folded)]
    about = [sum(not company.isdisjoint(words) for words in told) for company in companies]
    return len(told) >= LISTED and about.count(1) >= 2 and max(about) == 1

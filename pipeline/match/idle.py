"""Occurrences that no surroundings can make a mention: ordinary words in lower case, which most are in most texts.

So are several ordinary words that are a name only together and capitalised. Whoever asks for hits alone need not weigh
them. What could speak for a word in lower case must be known here: the points are those of the weights, and the words
behind it those that ``signals`` looks for.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from math import inf

from pipeline.match import lexicon
from pipeline.match.forms import Form
from pipeline.match.index import Found
from pipeline.match.members import Flavour, Method
from pipeline.match.neighbours import FUTURE, PLAIN_FORMS, is_future
from pipeline.match.place import UNSPACED_LANGUAGES
from pipeline.match.skeleton import Skeleton
from pipeline.match.surroundings import entry_signals_at_most
from pipeline.match.weights import points

OCCURRENCES = 100  # of one company in one field that are weighed, idle or not; more prove nothing more


def idle_apart(
    found: list[Found], language: str, threshold: float, has_context: Callable[[int], bool]
) -> tuple[list[Found], list[Found]]:
    """Those that may be accepted or stand in another's way; and idle ones, which wait for what these turn out to be.

    Named beyond doubt elsewhere, a company needs little to be meant in lower case too.
    """
    if language in UNSPACED_LANGUAGES:
        return found, []
    speaking = _speaking(language)
    idle = [_is_idle(item, speaking, language, threshold, has_context) for item in found]
    if True not in idle:
        return (found if any(item.meaning.forms for item in found) else []), []
    active = [item for item, is_idle in zip(found, idle, strict=True) if not is_idle]
    if not any(item.meaning.forms for item in active):
        return [], []
    if len(found) > OCCURRENCES:
        return found, []
    active = [
        item
        for item, is_idle in zip(found, idle, strict=True)
        if not is_idle or (item.first != item.last and any(_lies_in(other, item) for other in active))
    ]
    return active, [item for item in found if item not in active]


def _lies_in(item: Found, other: Found) -> bool:
    return item.skeleton is other.skeleton and other.first <= item.first and item.last <= other.last


def _is_idle(
    item: Found, speaking: _Speaking, language: str, threshold: float, has_context: Callable[[int], bool]
) -> bool:
    skeleton, first, last, meaning = item.skeleton, item.first, item.last, item.meaning
    if not first or meaning.excluded or not meaning.forms:
        return False
    surface = skeleton.surfaces[first]
    if not surface.islower() or (not surface.isascii() and surface.upper() == surface) or skeleton.is_lower:
        return False
    if first != last and not _is_plain_phrase(item):
        return False
    if meaning.lower_at_most is None:
        meaning.lower_at_most = max([_at_most(form, has_context(form.company)) for form in meaning.forms])
    most = meaning.lower_at_most
    if item.repairs and any(repair.method is Method.FUZZY for repair in item.repairs):
        most += max(0.0, points("typo.uncertain"), points("typo.uncertain", "word"))
    if "%" in skeleton.folded_text and _may_have_moved(skeleton, last + 1):
        most += max(0.0, points("where.price_move"))
    # Of most words it is idle to look at what stands behind them.
    return most + speaking.most < threshold or most + _added(skeleton, last + 1, language, speaking) < threshold


def _may_have_moved(skeleton: Skeleton, at: int) -> bool:
    """``ibm, sap 10% up``: behind a price that moved stands a figure, or where to."""
    return at < len(skeleton.tokens) and (skeleton.tokens[at][0].isdigit() or skeleton.tokens[at] in ("up", "down"))


def _added(skeleton: Skeleton, at: int, language: str, speaking: _Speaking) -> float:
    """The points that the words from there on can add to a name before them."""
    if at >= len(skeleton.tokens):
        return 0.0
    word = skeleton.tokens[at]
    if word in speaking.legal and (word == "s" or word in PLAIN_FORMS or not skeleton.surfaces[at].islower()):
        return speaking.most
    if word in speaking.acting or (word == "in" and not speaking.dealings.isdisjoint(skeleton.tokens[at + 1 : at + 2])):
        return speaking.by_acting
    return points("after.verb") if language in FUTURE and is_future(skeleton.surfaces[at], language) else 0.0


def _is_plain_phrase(item: Found) -> bool:
    """``the united states``: several ordinary words, all in lower case, in a text without a possessive."""
    skeleton = item.skeleton
    if not skeleton.is_ascii or any(form.flavour is not Flavour.PHRASE for form in item.meaning.forms):
        return False
    if not " ".join(skeleton.surfaces[item.first : item.last + 1]).islower():
        return False
    return "'" not in skeleton.folded_text and "&#39;" not in skeleton.folded_text


@dataclass(frozen=True, slots=True)
class _Speaking:
    """The words that speak for a name before them, and those that may begin such."""

    acting: frozenset[str]
    dealings: frozenset[str]  # behind "in"
    legal: frozenset[str]
    by_acting: float  # points at most
    most: float  # of all of them


@cache
def _speaking(language: str) -> _Speaking:
    cues = lexicon.cues(language)
    acting = max(points(f"after.{sign}") for sign in ("noun", "verb", "auxiliary", "to"))
    return _Speaking(
        acting=cues.nouns | cues.verbs | cues.auxiliaries,
        dealings=cues.dealings,
        # Behind a possessive s anything may follow.
        legal=lexicon.legal_openings() | {"s"},
        by_acting=acting,
        most=max(acting, points("after.legal_form")),
    )


def _at_most(form: Form, has_context: bool) -> float:
    """The points that a form can have in lower case within a sentence, with no word behind that speaks for it."""
    if form.name[:1].islower():
        return inf
    known = form.base + points("case.lower", form.flavour.value) + max(0.0, points("where.hashtag"))
    if form.flavour is Flavour.PHRASE:
        return known + entry_signals_at_most(has_context, by_business=False)
    return known + max(0.0, points("after.possessive")) + entry_signals_at_most(has_context)

"""Occurrences that no surroundings can make a mention: ordinary words in lower case, which most are in most texts.

Whoever asks for hits alone need not weigh them. What could speak for a word in lower case must be known here: the
points are those of the weights, and the words behind it those that ``signals`` looks for.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache
from math import inf

from pipeline.match import lexicon
from pipeline.match.forms import Form
from pipeline.match.index import Found
from pipeline.match.members import Method
from pipeline.match.place import UNSPACED_LANGUAGES
from pipeline.match.signals import FUTURE, is_future
from pipeline.match.surroundings import entry_signals_at_most
from pipeline.match.weights import points


def without_idle(
    found: list[Found], language: str, threshold: float, has_context: Callable[[int], bool]
) -> list[Found]:
    """Those that may be accepted or stand in another's way; an idle one stays where its company occurs otherwise."""
    if language in UNSPACED_LANGUAGES:
        return found
    speaking = _speaking(language)
    idle = [_is_idle(item, language, speaking, threshold, has_context) for item in found]
    if True not in idle:
        return found if any(item.meaning.forms for item in found) else []
    # Named beyond doubt elsewhere, a company needs little to be meant in lower case too.
    active = {
        form.company for item, is_idle in zip(found, idle, strict=True) if not is_idle for form in item.meaning.forms
    }
    if not active:
        return []
    return [
        item
        for item, is_idle in zip(found, idle, strict=True)
        if not is_idle or any(form.company in active for form in item.meaning.forms)
    ]


def _is_idle(
    item: Found, language: str, speaking: Mapping[str, float], threshold: float, has_context: Callable[[int], bool]
) -> bool:
    skeleton, place, meaning = item.skeleton, item.first, item.meaning
    if place != item.last or not place or meaning.excluded or not meaning.forms:
        return False
    surface = skeleton.surfaces[place]
    if not surface.islower() or (not surface.isascii() and surface.upper() == surface) or skeleton.is_lower:
        return False
    if meaning.lower_at_most is None:
        meaning.lower_at_most = max([_at_most(form, has_context(form.company)) for form in meaning.forms])
    after = skeleton.tokens[place + 1] if place + 1 < len(skeleton.tokens) else ""
    added = speaking.get(after, 0.0)
    if not added and after and language in FUTURE and is_future(skeleton.surfaces[place + 1], language):
        added = points("after.verb")
    if item.repairs and any(repair.method is Method.FUZZY for repair in item.repairs):
        added += max(0.0, points("typo.uncertain"), points("typo.uncertain", "word"))
    return meaning.lower_at_most + added < threshold


@cache
def _speaking(language: str) -> dict[str, float]:
    """The words that speak for a name before them, and those that may begin such, with what they add at most."""
    cues = lexicon.cues(language)
    legal = {word for form in lexicon.legal_after() for word in form.split()[:1]}
    acting = max(points(f"after.{sign}") for sign in ("noun", "verb", "auxiliary", "to"))
    found = dict.fromkeys((*cues.nouns, *cues.verbs, *cues.auxiliaries, "to", "in"), acting)
    # Behind a possessive s anything may follow.
    return found | dict.fromkeys((*legal, "s"), max(acting, points("after.legal_form")))


def _at_most(form: Form, has_context: bool) -> float:
    """The points that a form can have in lower case within a sentence, with no word behind that speaks for it."""
    if form.name[:1].islower():
        return inf
    around = max(0.0, points("where.hashtag")) + max(0.0, points("after.possessive"))
    return form.base + points("case.lower", form.flavour.value) + around + entry_signals_at_most(has_context)

"""How alike an entry and a story are: named features, and the small model that turns them into a probability."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from heapq import nlargest
from importlib.resources import files
from itertools import chain, repeat
from math import exp, log, log1p, sqrt
from operator import mul
from typing import NamedTuple
from weakref import ref

from rapidfuzz.fuzz import token_set_ratio

from pipeline.dedup.wording import (
    MAX_TERMS,
    Wording,
    everyday,
    is_everyday,
    is_recurring,
    is_swapped,
    is_told,
    stem,
    wording,
)
from pipeline.model import Member, StoryView
from pipeline.text import fold, is_day, tokens

MEMBERS_COMPARED = 6
CROSS_HOURS = 48.0
HOURS_OF_AGE = 168.0  # a story that is older counts as so old
OWN_NAME_RARITY = 0.2  # a company's own name cannot tell its stories apart
SESSION_HOURS = 15.0  # what shares do is told until they are traded again
_MOVE = "move"  # the kind of event
BEST_MEMBERS = 3  # mean of the best three: the best one chains, the mean of all splits
RAREST = 8.0  # a term that one story of some thousand tells
TELLING_WORDS = 3  # of a headline; the others are what every headline has
FEW_MEMBERS = 3.0  # so many members weigh as much as what is known of all stories
TITLE_WEIGHT = 2.0  # a term in the headline counts as two in the text

# A stream that has just begun knows no frequencies: it starts as if it had seen so many stories, in which
# everyday words were this common.
PRIOR_STORIES = 400
PRIOR_EVERYDAY = 60


@dataclass(frozen=True, slots=True)
class Model:
    """A logistic regression with a name for each weight."""

    bias: float
    weights: Mapping[str, float]

    def probability(self, features: Mapping[str, float]) -> float:
        """That the entry belongs to the story, 0 to 1."""
        values = map(features.get, self.weights, repeat(0.0))
        score = self.bias + sum(map(mul, self.weights.values(), values))
        return 1 / (1 + exp(-max(-40.0, min(40.0, score))))

    def leading(self, features: Mapping[str, float], count: int = 5) -> tuple[tuple[str, float], ...]:
        """The features that moved the decision most, with what each added to its log-odds."""
        moved = ((name, weight * value) for name, weight in self.weights.items() if (value := features.get(name)))
        parts = [(name, round(part, 3)) for name, part in moved if part]
        return tuple(sorted([part for part in parts if part[1]], key=lambda part: (-abs(part[1]), part[0]))[:count])


@lru_cache(maxsize=4)
def story_model(name: str) -> Model:
    """A model of ``weights.json``, which ``bench/train_stories.py`` writes: "broad", "normal", "ungated", "update"."""
    stored = json.loads(files("pipeline.dedup").joinpath("weights.json").read_text(encoding="utf-8"))[name]
    return Model(float(stored["bias"]), {str(name): float(weight) for name, weight in stored["weights"].items()})


class Idf(dict[str, float]):
    """The inverse document frequency of terms, in stories, smoothed by what is known before the first."""

    def __init__(self, frequencies: Mapping[str, int], stories: int, companies: Iterable[str] = ()) -> None:
        super().__init__()
        self.own = frozenset(stem(token) for name in companies for token in tokens(fold(name)))
        self.update(dict.fromkeys(self.own, OWN_NAME_RARITY))
        self._frequencies, self._stories = frequencies, PRIOR_STORIES + stories + 1
        self.squares = _Squares(self)

    def fill(self, terms: Iterable[str]) -> None:
        """Has the rarity of all these terms at hand, which is faster at once. Others count as never told."""
        stories = self._stories
        known = tuple(terms)
        counts = dict(zip(known, map(self._frequencies.get, known, repeat(0)), strict=True))
        for term in everyday().intersection(counts):
            counts[term] += PRIOR_EVERYDAY - 1
        # Many terms are told by as many stories, and a logarithm is dear.
        rarity = {count: log(stories / (count + 1.5)) for count in set(counts.values())}
        square = {count: value * value for count, value in rarity.items()}
        ours = dict(self)
        self.update(zip(counts, map(rarity.__getitem__, counts.values()), strict=True))
        self.squares.update(zip(counts, map(square.__getitem__, counts.values()), strict=True))
        self.update(ours)
        self.squares.update({term: value * value for term, value in ours.items()})
        # The memory may know more terms from earlier questions; what was not asked for must not depend on them.
        self._frequencies = {}

    def __missing__(self, term: str) -> float:
        seen = self._frequencies.get(term, 0) + (PRIOR_EVERYDAY if is_everyday(term) else 1)
        self[term] = found = log(self._stories / (seen + 0.5))
        return found


def rarest_first(counts: Iterable[tuple[str, int]]) -> list[str]:
    """Terms by their inverse document frequency, each given with its count; of equals the first in the alphabet."""
    common = everyday()
    seen = [(count + PRIOR_EVERYDAY - 1 if term in common else count, term) for term, count in counts]
    return [term for _, term in sorted(seen)]


class _Squares(dict[str, float]):
    """What a term adds to a product in which it stands on both sides."""

    def __init__(self, idf: Idf) -> None:
        super().__init__()
        # Not a ring: the collector of garbage would find it only after thousands of hits, each with two large tables.
        self._idf = ref(idf)

    def __missing__(self, term: str) -> float:
        idf = self._idf()
        assert idf is not None
        rarity = idf[term]
        self[term] = found = rarity * rarity
        return found

    def of(self, terms: Iterable[str]) -> float:
        """Of all these terms together."""
        return sum(map(self.__getitem__, terms))


def words_of(member: Member) -> Wording:
    """The wording of a member of a story."""
    return wording(member.title, member.text, member.publisher, member.language)


def story_features(
    entry: Wording, companies: frozenset[str] | None, hours: float, story: StoryView, age: float, idf: Idf
) -> dict[str, float]:
    """The features of an entry against a story: ``hours`` since its last member, ``age`` hours since its first.

    Similarities lie between 0 and 1, conflicts are 0 or 1. ``companies`` None = the gate is off.
    """
    told = [words_of(member) for member in story.members]
    near = told if len(told) <= MEMBERS_COMPARED else _nearest(entry, told)
    ours = _vector(entry, idf)
    seen = [_vector(other, idf) for other in near]
    both = [ours.whole(other) for other in seen]
    titles = [ours.title(other) for other in seen]
    texts = [ours.text(other) for other in seen if ours.text_length and other.text_length]
    said = frozenset().union(*(other.bag for other in told))
    readable = [other for other in told if not _is_foreign(entry, other)] or told
    shared = len(companies & story.companies) if companies is not None else 0
    counts = story.told or _counted([other.bag for other in readable])
    features = {
        "core": ours.core(counts),
        "wording": _mean_of_best(both),
        "title": _mean_of_best(titles),
        "text": max(texts, default=0.0),
        "no_text": float(not texts),
        "title_set": max(token_set_ratio(entry.title, other.title) for other in near) / 100,
        "known_words": _headline_share(entry.title_terms, said, idf),
        "told_words": max(_headline_share(other.title_terms, entry.bag, idf) for other in near),
        "backbone": _backbone(entry.title_terms, counts, story.entries or len(readable), idf),
        "telling": 0.0 if texts else _telling(entry.title_terms, counts, story.entries or len(readable), idf),
        "gap": gap(hours),
        "age": min(age, HOURS_OF_AGE) / HOURS_OF_AGE,
        # What a story says may be alike by chance, the more it says. Copies of a headline alone say nothing more.
        "size": 1 - 1 / (len(readable) if texts else len({member.article_id for member in story.members})),
        "crowd": log1p(story.entries or len(told)) / log1p(1000.0),
        "further_companies": float(min(max(shared - 1, 0), 2)),
    }
    features.update(_facts(entry, told, hours))
    features.update(_names(entry, near, said, idf))
    _settle(features, shared)
    return features


def _nearest(entry: Wording, told: Sequence[Wording]) -> list[Wording]:
    return nlargest(MEMBERS_COMPARED, told, key=lambda other: len(entry.bag & other.bag))


def _settle(features: dict[str, float], shared: int) -> None:
    """Strikes out what others of these features overrule; ``shared`` is the number of companies in common."""
    # Of two recalls the facts tell whether they are one; where nothing contradicts, the kind of event does.
    if any(value for name, value in features.items() if name.endswith("_clash")):
        features["events"] = features["session"] = 0.0
    if shared > 1:  # two companies in common are names that agree; that others differ is what a sequel brings
        features["names_clash"] = 0.0


def _counted(bags: Sequence[frozenset[str]]) -> Mapping[str, int]:
    """By how many each term is told."""
    return dict.fromkeys(bags[0], 1) if len(bags) == 1 else Counter(chain.from_iterable(bags))


def gap(hours: float) -> float:
    """A span of time on the scale of the features: 0 at once, 1 after three days; minutes count as hours do later."""
    return log1p(60 * max(hours, 0.0)) / log1p(60 * 72.0)


def _backbone(headline: frozenset[str], counts: Mapping[str, int], members: int, idf: Idf) -> float:
    """The word of the headline that is rarest and told by most members: what all tellings of a story have.

    A single telling cannot show which of its words that will be.
    """
    if members < 2:
        return 0.0
    shared = [idf[term] * min(1.0, counts[term] / members) for term in headline - idf.own if term in counts]
    return min(1.0, max(shared, default=0.0) / RAREST)


def _telling(headline: frozenset[str], counts: Mapping[str, int], members: int, idf: Idf) -> float:
    """How much likelier the three most telling words of the headline are in the story than in any, as logarithms.

    What few members tell is mixed with what any story tells, so that it counts for little.
    """
    rarity = [(counts[term], idf[term]) for term in headline - idf.own if term in counts]
    likelier = [
        log((count + FEW_MEMBERS * exp(-rare)) / (members + FEW_MEMBERS)) + rare for count, rare in rarity if rare > 0
    ]
    return sum(max(0.0, one) for one in nlargest(TELLING_WORDS, likelier)) / TELLING_WORDS / RAREST


def _facts(entry: Wording, told: Sequence[Wording], hours: float) -> dict[str, float]:
    """Where hard facts agree or clash: figures, quarters, weekdays, up and down, the day of a share's move."""
    figures = frozenset().union(*(other.figures for other in told))
    quarters = frozenset().union(*(other.quarters for other in told))
    weekdays = frozenset().union(*(other.weekdays for other in told))
    events = frozenset().union(*(other.events for other in told))
    directions = {other.direction for other in told} - {0}
    is_same_quarter = bool(entry.quarters & quarters)  # whose results are of many things
    return {
        "figures": min(1.0, len(entry.figures & figures) / 2),
        # A turn of events brings figures of its own.
        "figures_clash": float(
            not (entry.reversals or is_same_quarter) and _figures_clash(entry.title_figures, figures)
        ),
        "texts_clash": float(
            bool(entry.text)
            and not (entry.reversals or is_same_quarter)
            and entry.figures.isdisjoint(figures)
            and _figures_clash(entry.figures, figures)
        ),
        "sessions_clash": float(hours >= SESSION_HOURS and _MOVE in entry.events and _MOVE in events),
        "session": float(
            hours < SESSION_HOURS and _MOVE in entry.events and _MOVE in events and entry.direction in directions
        ),
        "sequel": float(bool(entry.reversals and entry.events & events)),
        "quarters": float(bool(entry.quarters & quarters)),
        "events": float(any(not is_recurring(event) for event in entry.events & events)),
        "events_clash": float(bool(entry.events and events) and not entry.events & events),
        "quarters_clash": float(bool(entry.quarters and quarters) and not entry.quarters & quarters),
        "weekdays_clash": float(bool(entry.weekdays and weekdays) and not entry.weekdays & weekdays),
        "direction": float(entry.direction in directions),
        "direction_clash": float(bool(entry.direction and directions) and entry.direction not in directions),
    }


def _figures_clash(ours: frozenset[str], theirs: frozenset[str]) -> bool:
    """Figures of one kind stand on both sides, and none of any kind is the same, rounded or not."""
    is_new = not any(is_told(one, theirs) for one in ours)
    return is_new and not {_kind_of(one) for one in ours}.isdisjoint(map(_kind_of, theirs))


@lru_cache(maxsize=16384)
def _kind_of(figure: str) -> str:
    """A share, an amount in millions, or a count or price: 900 jobs do not contradict 12 billion dollars."""
    return "share" if figure.endswith("%") else "amount" if float(figure) >= 1e6 else "count"


def _names(entry: Wording, near: Sequence[Wording], said: frozenset[str], idf: Idf) -> dict[str, float]:
    """How far the words written as names agree: brokers, targets, places, people; not the company's own."""
    actors = entry.actors - idf.own
    told = [_share(theirs, entry.bag, idf) for other in near if (theirs := other.actors - idf.own)]
    return {
        "names": _share(actors, said, idf),
        "names_told": max(told, default=0.0),
        "names_clash": float(bool(actors and told) and not actors & said),
        "swap_clash": float(any(is_swapped(entry.title_terms, other.title_terms) for other in near)),
        "parties_clash": float(_parties_clash(entry, near, said, idf)),
    }


def _parties_clash(entry: Wording, near: Sequence[Wording], said: frozenset[str], idf: Idf) -> bool:
    """Both headlines name somebody beside the company, and nobody that the other side names at all."""
    ours = entry.title_actors - idf.own
    theirs = frozenset().union(*(other.title_actors for other in near)) - idf.own
    return bool(ours and theirs) and not ours & said and not theirs & entry.bag


def cross_language_score(
    entry: Wording, companies: frozenset[str] | None, hours: float, story: StoryView
) -> tuple[float, dict[str, float]]:
    """The probability that a story is told here in another language, with its features.

    No words can be compared, so companies, figures and quoted Latin names must carry it, and the time must be near.
    Set by hand, not learnt: two companies and one figure or two names are enough, so are one company and two figures.
    """
    shared = len(companies & story.companies) if companies else 0
    best: tuple[float, dict[str, float]] = (0.0, {})
    for other in map(words_of, story.members if shared and hours <= CROSS_HOURS else ()):
        if not _is_foreign(entry, other):
            continue
        figures, names = _numbers_shared(entry, other), len(_quotable(entry) & _quotable(other))
        evidence = 1.5 * (shared - 1) + figures + (0.5 if shared > 1 else 0.25) * min(names, 3)
        found = 1 / (1 + exp(3.5 + hours / 24 - 2.0 * evidence))
        if found > best[0]:
            best = (
                found,
                {"shared_companies": shared, "shared_figures": figures, "shared_names": names, "hours": hours},
            )
    return best


def _numbers_shared(one: Wording, other: Wording) -> int:
    """The figures that both tell, and a day of a month as one more."""
    return len(one.figures & other.figures) + any(map(is_day, one.bag & other.bag))


def _is_foreign(one: Wording, other: Wording) -> bool:
    """Known to be in two languages: their words cannot be compared."""
    return bool(one.language and other.language) and one.language != other.language


def is_of_other_scripts(entry: Wording, story: StoryView) -> bool:
    """Is one written in words with spaces and all of the other without, and no number is in both?"""
    told = map(words_of, story.members)
    return all(_is_unspaced(other) != _is_unspaced(entry) and not _numbers_shared(entry, other) for other in told)


def _is_unspaced(words: Wording) -> bool:
    return words.language in ("zh", "ja")


def _quotable(words: Wording) -> frozenset[str]:
    """Latin words that another language would quote: all of them in a text of another script, else the names."""
    return words.latin if words.language == "zh" else words.actors | words.latin


class _Vector(NamedTuple):
    """A wording as three vectors of rarities: all its terms, those of the title counting more; its title; its text.

    Two wordings have few terms in common, and products are made of these alone.
    """

    words: Wording
    squares: _Squares
    length: float
    title_length: float
    text_length: float

    def whole(self, other: _Vector) -> float:
        """The cosine of title and text together."""
        shared = self.words.bag & other.words.bag
        ours, theirs = shared & self.words.title_terms, shared & other.words.title_terms
        more = self.squares.of(ours) + self.squares.of(theirs) + (TITLE_WEIGHT - 1) * self.squares.of(ours & theirs)
        product = self.squares.of(shared) + (TITLE_WEIGHT - 1) * more
        return product / (self.length * other.length) if shared else 0.0

    def title(self, other: _Vector) -> float:
        """The cosine of the titles."""
        shared = self.words.title_terms & other.words.title_terms
        return self.squares.of(shared) / (self.title_length * other.title_length) if shared else 0.0

    def text(self, other: _Vector) -> float:
        """The cosine of the texts."""
        shared = self.words.text_terms & other.words.text_terms
        return self.squares.of(shared) / (self.text_length * other.text_length) if shared else 0.0

    def core(self, counts: Mapping[str, int]) -> float:
        """The cosine with what members have in common: each term by its rarity and by how many say it."""
        squares, title = self.squares, self.words.title_terms
        shared = self.words.bag & counts.keys()
        product = sum([squares[term] * counts[term] * (TITLE_WEIGHT if term in title else 1.0) for term in shared])
        weighed = map(mul, map(squares.__getitem__, counts), counts.values())
        length = sqrt(sum(map(mul, weighed, counts.values())))
        return product / (self.length * length) if shared else 0.0


def _vector(words: Wording, idf: Idf) -> _Vector:
    of = idf.squares.of
    title, text = of(words.title_terms), of(words.text_terms)
    if len(words.terms) < MAX_TERMS:  # all terms of title and text are there: most need not be added up again
        headed = text - of(words.title_terms & words.text_terms) + TITLE_WEIGHT**2 * title
    else:
        headed = of(words.bag) + (TITLE_WEIGHT**2 - 1) * of(words.bag & words.title_terms)
    return _Vector(words, idf.squares, sqrt(headed), sqrt(title), sqrt(text))


def _mean_of_best(scores: Sequence[float]) -> float:
    best = sorted(scores, reverse=True)[:BEST_MEMBERS]
    return sum(best) / len(best)


def _headline_share(headline: frozenset[str], whole: frozenset[str], idf: Idf) -> float:
    """How much of a headline is found in the whole; one that is only the company's name tells nothing."""
    return 0.0 if headline <= idf.own else _share(headline, whole, idf)


def _share(part: frozenset[str], whole: frozenset[str], idf: Idf) -> float:
    """How much of the part is found in the whole, each term weighing its rarity."""
    total = sum(map(idf.__getitem__, part))
    return sum(map(idf.__getitem__, part & whole)) / total if total else 0.0

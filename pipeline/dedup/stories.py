"""Stories: where an entry belongs, decided against what is stored, each decision with its reasons."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from pipeline.dedup.lookups import Lookups, term_weight
from pipeline.dedup.overlay import Overlay
from pipeline.dedup.roundups import is_round_up
from pipeline.dedup.similarity import (
    Idf,
    Model,
    cross_language_score,
    is_of_other_scripts,
    rarest_first,
    story_features,
    story_model,
    words_of,
)
from pipeline.dedup.sketch import SHARED_HASHES, SHORT_HOURS, SHORT_TOKENS, Shingled, copy_score, shingled, sketch
from pipeline.dedup.updates import news_in, update_features
from pipeline.dedup.wording import Wording, is_latin
from pipeline.model import Entry, Member, Merge, Placement, Relation, StoryView

# The probability from which an entry joins a story. Broad is what a news site shows as one cluster (side aspects
# included), fine is one event told by several outlets.
THRESHOLDS: Mapping[str, float] = {"broad": 0.18, "normal": 0.35, "fine": 0.7}

UPDATE_THRESHOLD = 0.2  # the probability from which an entry that joins is an update
# From which probability, both ways, two stories are made one; and how long after the other one may have been opened.
MERGE_FROM: Mapping[str, float] = {"broad": 0.45, "normal": 0.9, "fine": 0.95}
# An entry that would have joined a second story as surely as this makes the two be compared.
RIVAL_FROM: Mapping[str, float] = {"broad": 0.3, "normal": 0.9, "fine": 0.95}
MERGE_WITHIN = timedelta(hours=24)
# So many of a story's newest speak for it beside its opener. A broad story has many sides: three may all tell of one.
MERGE_MEMBERS: Mapping[str, int] = {"broad": 7, "normal": 3, "fine": 3}
COPIES_COMPARED = 20  # entries that share the most hashes: the originals of a copy are always among them
SHARE_OF_ENTRY = 0.06  # of what the entry says first, by the rarity of its terms (decision 0039)
FIRST_TERMS = 32  # a headline alone shares little of a long text, and may be its story
QUERY_TERMS = 20  # the entry's rarest terms, by which stories are found


class StoryOptions(BaseModel):
    """How entries become stories."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    grain: Literal["broad", "normal", "fine"] = Field(
        "normal", description="How wide a story is: broad (a topic and its side aspects), normal, fine (one event)."
    )
    window: timedelta = Field(
        timedelta(hours=72), gt=timedelta(), description="A story lives on while its last entry is no older than this."
    )
    max_age: timedelta = Field(
        timedelta(days=7), gt=timedelta(), description="No entry joins a story that began longer ago than this."
    )
    copy_window: timedelta = Field(
        timedelta(days=14), gt=timedelta(), description="How long the same article is recognised at further outlets."
    )
    candidates: int = Field(12, ge=1, le=100, description="Stories that an entry is compared with, at most.")


@dataclass(frozen=True, slots=True)
class Arrival:
    """An entry to be placed. ``entry.published_at`` is set; ``companies`` None = the company gate is off.

    ``names`` are the companies' names as they stand in the entry: they cannot tell its stories apart, and a round-up is
    told by them. Where they are unknown, the ids must do for names.
    """

    entry: Entry
    companies: frozenset[str] | None
    names: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class _Verdict:
    """A story weighed for an entry."""

    story: StoryView
    partner: str  # the member that is most alike
    rule: str
    score: float
    features: Mapping[str, float]
    leading: tuple[tuple[str, float], ...]

    @property
    def odds(self) -> float:
        """How much likelier it is than not that the entry belongs there."""
        return self.score / max(1e-9, 1 - self.score)

    @property
    def entries(self) -> int:
        """How many tell the story."""
        return self.story.entries or len(self.story.members)


class StoryIndex:
    """Places entries into stories. Holds no state: what is stored is asked, what is decided is returned."""

    def __init__(self, options: StoryOptions, model: Model | None = None) -> None:
        self._options = options
        is_broad = options.grain == "broad"
        self._model = model or story_model("broad" if is_broad else "normal")
        # Where any company will do, strangers are many: what makes one company's stories one is too little there.
        self._ungated = model or story_model("broad" if is_broad else "ungated")
        self._updates = story_model("update")

    def place(self, arrivals: Sequence[Arrival], lookups: Lookups) -> tuple[Placement, ...]:
        """One placement for each arrival, in order; later arrivals see the earlier ones. Changes nothing.

        Raises ValueError for an entry without ``published_at``.
        """
        memory = Overlay(lookups)
        placements = []
        with memory.steady():
            for arrival in arrivals:
                placement, story = self._place(arrival, memory)
                memory.add(arrival.entry, placement, story)
                placements.append(placement)
        return tuple(placements)

    def _place(self, arrival: Arrival, lookups: Lookups) -> tuple[Placement, StoryView | None]:
        entry = arrival.entry
        if entry.published_at is None:
            raise ValueError(f"an entry without a date cannot be placed: {entry.id}")
        look = shingled(entry.title, entry.text, entry.publisher, entry.language)
        is_list = is_round_up(entry.title, _names_of(arrival), entry.publisher)
        placement = Placement(
            entry_id=entry.id,
            article_id=entry.id,
            story_id=entry.id,
            relation=Relation.NEW,
            rule="nothing_like_it",
            companies=arrival.companies or frozenset(),
            sketch=sketch(look.shingles),
            terms=() if is_list else look.words.terms,  # no entry finds its story by a round-up
            is_round_up=is_list,
        )
        original = self._original(arrival, look, placement.sketch, lookups)
        if original is not None:
            return _as_copy(placement, *original), None
        if arrival.companies is not None and not arrival.companies:
            return replace(placement, rule="no_company"), None
        if is_list:
            return replace(placement, rule="round_up"), None
        return self._join(arrival, look.words, placement, lookups)

    def repair(self, placement: Placement, lookups: Lookups) -> Merge | None:
        """Whether the story of an entry that was placed and stored, and its rival, are one after all."""
        if not placement.rival:
            return None
        lookups = Overlay(lookups)
        views = lookups.stories({placement.story_id, placement.rival})
        if len(views) < 2:
            return None
        older, newer = views
        if newer.first_at - older.first_at > MERGE_WITHIN:
            return None
        score = min(self._likeness(newer, older, lookups), self._likeness(older, newer, lookups))
        return Merge(older.id, newer.id, round(score, 4)) if score >= MERGE_FROM[self._options.grain] else None

    def _likeness(self, one: StoryView, other: StoryView, lookups: Lookups) -> float:
        """How surely the entries of one story would join the other: the mean over its opener and its newest."""
        shown = (one.members[0], *one.members[1:][-MERGE_MEMBERS[self._options.grain] :])
        return sum(self._likeness_of(member, other, lookups) for member in shown) / len(shown)

    def _likeness_of(self, member: Member, story: StoryView, lookups: Lookups) -> float:
        entry = Entry(member.entry_id, "", member.title, member.text, published_at=member.published_at)
        arrival = Arrival(entry, member.companies or None)
        return self.judge(arrival, words_of(member), [story], lookups)[0].score

    # ------------------------------------------------------------------ the same article

    def _original(
        self, arrival: Arrival, look: Shingled, hashes: Sequence[int], lookups: Lookups
    ) -> tuple[Member, float] | None:
        """The earlier entry that this one copies, with how surely; the surest, then the earliest."""
        at = arrival.entry.published_at
        assert at is not None
        sharing = lookups.sharing(hashes, at - self._options.copy_window)
        needed = min(SHARED_HASHES, len(hashes))
        near = [other for other, shared in sharing.items() if shared >= needed]
        if not near:
            return None
        near.sort(key=lambda other: (-sharing[other], other))
        best: tuple[Member, float] | None = None
        for member in lookups.members(near[:COPIES_COMPARED]).values():
            score = self._copy_score(arrival, look, member)
            if score and (best is None or _before(score, member, best)):
                best = member, score
        return best

    def _copy_score(self, arrival: Arrival, look: Shingled, member: Member) -> float:
        entry = arrival.entry
        if member.entry_id == entry.id or (
            arrival.companies and member.companies and not arrival.companies & member.companies
        ):
            return 0.0
        other = shingled(member.title, member.text, member.publisher, member.language)
        assert entry.published_at is not None
        apart = abs(entry.published_at - member.published_at) / timedelta(hours=1)
        if min(look.tokens, other.tokens) < SHORT_TOKENS and apart > SHORT_HOURS:
            return 0.0
        return copy_score(look, other)

    # ------------------------------------------------------------------ the same story

    def _join(
        self, arrival: Arrival, words: Wording, placement: Placement, lookups: Lookups
    ) -> tuple[Placement, StoryView | None]:
        verdicts = self.weigh(arrival, words, lookups)
        best = self._best(verdicts)
        if best is None:
            return placement, None
        score = round(best.score, 4)
        if best.score < THRESHOLDS[self._options.grain]:
            unlike = replace(placement, partner=best.partner, score=score, rule="too_unlike", features=best.leading)
            return unlike, None
        news = self._news(words, arrival, best)
        rival = max(
            (one for one in verdicts if one is not best), key=lambda one: (one.score, one.story.id), default=None
        )
        relation = Relation.UPDATE if news else Relation.SAME_STORY
        return replace(
            placement,
            story_id=best.story.id,
            partner=best.partner,
            score=score,
            relation=relation,
            rival=rival.story.id if rival and rival.score >= RIVAL_FROM[self._options.grain] else "",
            rule=best.rule,
            features=best.leading + tuple((f"new:{what}", 1.0) for what in news),
        ), best.story

    def _best(self, verdicts: Sequence[_Verdict]) -> _Verdict | None:
        """The likeliest story; of broad ones that all fit, the one that is likely and told by many.

        They are often two sides of one story: entries that went to the smaller would keep both alive.
        """
        fitting = [verdict for verdict in verdicts if verdict.score >= THRESHOLDS["broad"]]
        if self._options.grain == "broad" and fitting:
            return max(fitting, key=lambda verdict: (verdict.odds * verdict.entries, verdict.story.id))
        return max(verdicts, key=lambda verdict: (verdict.score, verdict.story.id), default=None)

    def _news(self, words: Wording, arrival: Arrival, verdict: _Verdict) -> tuple[str, ...]:
        """What the entry adds to its story, in kinds; empty when that is not worth telling."""
        news = news_in(words, arrival.companies or frozenset(), verdict.story)
        features = update_features(words, verdict.features, news)
        if self._updates.probability(features) < UPDATE_THRESHOLD:
            return ()
        return news.kinds or ("words",)

    def weigh(self, arrival: Arrival, words: Wording, lookups: Lookups) -> list[_Verdict]:
        """Every candidate story with its probability; the training of the model looks at these too."""
        at = arrival.entry.published_at
        assert at is not None
        counts, total = lookups.frequencies(words.terms)
        # A term that no story has told yet leads to none.
        told = rarest_first([(term, count) for term in words.terms if (count := counts.get(term))])
        terms = told[:QUERY_TERMS]
        # What another language may share must not be crowded out by words that it cannot.
        terms += [term for term in told[QUERY_TERMS:] if is_latin(term) or term in words.figures][: QUERY_TERMS // 2]
        options = self._options
        # By two companies an entry may find a story in another language, with which it shares next to no words.
        least = _least_shared(words, counts, total) if len(arrival.companies or ()) < 2 else 0.0
        stories = lookups.candidates(arrival.companies, terms, at - options.window, options.candidates, least)
        open_stories = [story for story in stories if self._is_open(story, arrival)]
        return self.judge(arrival, words, open_stories, lookups)

    def judge(self, arrival: Arrival, words: Wording, stories: Sequence[StoryView], lookups: Lookups) -> list[_Verdict]:
        """The given stories, each with its probability."""
        idf = _idf_of(words, arrival.names.union(arrival.companies or ()), stories, lookups)
        return [self._verdict(arrival, words, story, idf) for story in stories]

    def _is_open(self, story: StoryView, arrival: Arrival) -> bool:
        at = arrival.entry.published_at
        assert at is not None
        is_near = at - story.first_at <= self._options.max_age and story.first_at - at <= self._options.window
        return is_near and bool(story.members)

    def _verdict(self, arrival: Arrival, words: Wording, story: StoryView, idf: Idf) -> _Verdict:
        at = arrival.entry.published_at
        assert at is not None
        hours = abs(at - story.last_at) / timedelta(hours=1) if at > story.last_at else 0.0
        age = abs(at - story.first_at) / timedelta(hours=1)
        features = story_features(words, arrival.companies, hours, story, age, idf)
        model = self._ungated if arrival.companies is None else self._model
        score = model.probability(features)
        partner = max(story.members, key=lambda member: len(words_of(member).title_terms & words.title_terms)).entry_id
        # "... Q2 results" and "... Q3 results" share all other words, and their outlets' templates.
        if features["quarters_clash"] and self._options.grain != "broad":
            return _Verdict(story, partner, "other_quarter", 0.0, features, (("quarters_clash", 1.0),))
        foreign, evidence = cross_language_score(words, arrival.companies, hours, story)
        # Between scripts only a few Latin words can agree, and what is left out cannot contradict.
        if foreign > score or is_of_other_scripts(words, story):
            return _Verdict(story, partner, "other_language", foreign, features, tuple(evidence.items()))
        return _Verdict(story, partner, "alike", score, features, model.leading(features))


def look_at(member: Member, names: Mapping[str, str] | None = None) -> tuple[Sequence[int], Sequence[str]]:
    """What the indexes hold of a placed entry: its sketch and its terms. ``names`` are those of companies, by id."""
    look = shingled(member.title, member.text, member.publisher, member.language)
    named = [(names or {}).get(company, company) for company in member.companies]
    terms = () if is_round_up(member.title, named, member.publisher) else look.words.terms
    return sketch(look.shingles), terms


def _names_of(arrival: Arrival) -> Collection[str]:
    return (arrival.names or arrival.companies or ()) if arrival.companies else ()


def _least_shared(words: Wording, counts: Mapping[str, int], stories: int) -> float:
    """What a candidate must share: what the model joins shares more (decision 0039)."""
    told = [counts.get(term, 0) for term in words.terms[:FIRST_TERMS]]
    weights = {count: term_weight(count, stories) for count in set(told)}
    return SHARE_OF_ENTRY * sum(map(weights.__getitem__, told))


def _idf_of(words: Wording, companies: Collection[str], stories: Sequence[StoryView], lookups: Lookups) -> Idf:
    """Rarity of every term that the comparison will weigh, in one question."""
    told = [words, *(words_of(member) for story in stories for member in story.members)]
    terms = set(words.terms).union(*[part for one in told for part in (one.title_terms, one.text_terms, one.actors)])
    idf = Idf(*lookups.frequencies(terms), companies)
    idf.fill(terms)
    return idf


def _before(score: float, member: Member, best: tuple[Member, float]) -> bool:
    return (-score, member.published_at, member.entry_id) < (-best[1], best[0].published_at, best[0].entry_id)


def _as_copy(placement: Placement, original: Member, score: float) -> Placement:
    return replace(
        placement,
        article_id=original.article_id,
        story_id=original.story_id,
        relation=Relation.COPY,
        rule="same_words",
        partner=original.entry_id,
        score=round(score, 4),
        features=(("words_shared", round(score, 4)),),
    )

"""Alert rules as a person writes them: which hits are worth a message, how loud, and by which channels or to whom."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Literal, get_args

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from pipeline.model import Hit
from pipeline.text import fold

Severity = Literal["low", "normal", "high", "urgent"]
Wish = Literal["at once", "hourly", "daily", "weekly"]
_RANK: Mapping[object, int] = {severity: rank for rank, severity in enumerate(get_args(Severity))}
WARNINGS, TESTS = "newsward-warnings", "newsward-test"  # where a message tells its rule, what no rule asked for
_SOONEST = ("at once", None, "hourly", "daily", "weekly")  # None = as the channel has it, which may be at once


class Rule(BaseModel):
    """One rule of the configuration; every condition must hold for a hit to be taken."""

    model_config = ConfigDict(
        frozen=True,
        extra="forbid",
        json_schema_extra={"anyOf": [{"required": ["channels"]}, {"required": ["people"]}]},
    )

    name: str = Field(min_length=1, max_length=100, description="Names the rule in alerts and tables.")
    companies: tuple[str, ...] = Field(
        (), description="Company ids. With no companies, tags and groups given, the rule is about every company."
    )
    tags: tuple[str, ...] = Field(
        (), description="Companies that bear one of these tags are meant too, besides those named by id."
    )
    groups: tuple[str, ...] = Field(
        (), description="Ids of [[group]] tables, whose companies are meant too.", examples=[["rivals"]]
    )
    together: tuple[str, ...] = Field(
        (),
        description="Ids of two or more companies that must all be in one story, if only in different tellings of it. "
        "The alert falls due when the last of them arrives.",
        examples=[["apple", "nvidia"]],
    )
    together_of: str = Field(
        "", description="Id of a [[group]], any two companies of which must be in one story.", examples=["rivals"]
    )
    words: tuple[str, ...] = Field(
        (),
        description="Words or phrases of which one must be in the title or text. Case, accents and width do not "
        "count; they are looked for as whole words, in scripts without spaces anywhere; recall* stands for any ending.",
        examples=[["recall*", "product safety", "召回"]],
    )
    without: tuple[str, ...] = Field(
        (),
        description="Words or phrases, written likewise, of which none may be in the title or text.",
        examples=[["sponsored"]],
    )
    min_score: float = Field(0, ge=0, le=100, description="Least score of a hit, 0 to 100: is it this company?")
    min_salience: float = Field(0, ge=0, le=100, description="Least salience, 0 to 100: is the entry about it?")
    max_tier: int = Field(
        5, ge=1, le=5, description="Only feeds of this tier or a better one, 1 (most authoritative) to 5."
    )
    languages: tuple[str, ...] = Field(
        (),
        description="Language tags (en, zh, pt-BR); en takes en-GB too. Empty = all. An entry whose language "
        "nobody told passes: an odd alert is a smaller harm than a missing one.",
        examples=[["en", "zh"]],
    )
    on: tuple[Literal["new", "updates"], ...] = Field(
        ("new", "updates"),
        min_length=1,
        description="new: stories that a channel does not know. updates: what is new in a story, also in one that the "
        "channel does not know.",
    )
    severity: Severity = Field("normal", description="low, normal, high or urgent: told in the alert.")
    digest: Wish | None = Field(
        None,
        description="When it shall be told: at once, or gathered. Of several rules the soonest counts; by default as "
        "the channel has it.",
    )
    channels: tuple[str, ...] = Field((), min_length=1, description="Ids of the channels that carry the alert.")
    people: tuple[str, ...] = Field(
        (), min_length=1, description="Ids of [[person]] tables, whose channels carry it too; needed without channels."
    )

    @field_validator("name")
    @classmethod
    def _is_no_name_of_ours(cls, name: str) -> str:
        if name.casefold() in (WARNINGS, TESTS):
            raise ValueError("must not be a name that Newsward gives its own messages: call the rule otherwise")
        return name

    @field_validator("words", "without")
    @classmethod
    def _are_words(cls, phrases: tuple[str, ...]) -> tuple[str, ...]:
        for phrase in phrases:
            if not any(char.isalnum() for char in fold(phrase)):
                raise ValueError("one of them has neither a letter nor a digit")
        return phrases

    @model_validator(mode="after")
    def _is_told_to_somebody(self) -> Rule:
        if not self.channels and not self.people:
            raise ValueError("names neither channels nor people: nobody would be told")
        return self

    @model_validator(mode="after")
    def _is_a_pair(self) -> Rule:
        if self.together and self.together_of:
            raise ValueError("has together and together_of: make two rules of it")
        if len(set(self.together)) == 1:
            raise ValueError("together needs two companies or more")
        return self

    @property
    def is_about_all(self) -> bool:
        """Does it name no company in any way?"""
        return not (self.companies or self.tags or self.groups or self.together or self.together_of)

    def is_worth(self, hit: Hit) -> bool:
        """Has the hit the score and the salience?"""
        return hit.score >= self.min_score and hit.salience >= self.min_salience

    def reads(self, language: str) -> bool:
        """RFC 4647 3.3.1, basic filtering: a range matches the tag itself and whatever refines it."""
        if not self.languages or not language:
            return True
        tag = language.replace("_", "-").casefold()
        ranges = (given.replace("_", "-").casefold() for given in self.languages)
        return any(tag == given or tag.startswith(f"{given}-") for given in ranges)


class Group(BaseModel):
    """Companies that rules name together."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    id: str = Field(min_length=1, max_length=100, description="How rules name it.", examples=["rivals"])
    companies: tuple[str, ...] = Field((), description="Company ids.")
    tags: tuple[str, ...] = Field((), description="Companies that bear one of these tags belong to it too.")


class Person(BaseModel):
    """Somebody whom rules name."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    id: str = Field(min_length=1, max_length=100, description="How rules name the person; told in alerts.")
    channels: tuple[str, ...] = Field(min_length=1, description="Ids of the channels by which the person is reached.")
    min_severity: Severity = Field("low", description="Rules of a lower severity do not reach the person.")


def loudness(severity: object) -> int:
    """The rank of a severity, from 0; what is none counts as normal."""
    return _RANK.get(severity, _RANK["normal"])


def is_louder(one: Severity, other: Severity) -> bool:
    """Is the first severity higher than the second?"""
    return loudness(one) > loudness(other)


def loudest(rules: Iterable[Rule]) -> Severity:
    """The highest severity among the rules; raises ValueError when there are none."""
    return max((rule.severity for rule in rules), key=_RANK.__getitem__)


def soonest(rules: Iterable[Rule]) -> str:
    """When the rules together want to be told, "" = as the channel has it; raises ValueError when there are none."""
    return min((rule.digest for rule in rules), key=_SOONEST.index) or ""

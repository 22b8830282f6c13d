"""Alert rules as a person writes them: which hits are worth a message, how loud, and by which channels."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Literal, get_args

from pydantic import BaseModel, ConfigDict, Field

from pipeline.model import Entry, Hit

Severity = Literal["low", "normal", "high", "urgent"]
_RANK = {severity: rank for rank, severity in enumerate(get_args(Severity))}


class Rule(BaseModel):
    """One rule of the configuration; every condition must hold for a hit to be taken."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str = Field(min_length=1, max_length=100, description="Names the rule in alerts and tables.")
    companies: tuple[str, ...] = Field(
        (), description="Company ids. With no companies and no tags given, the rule is about every company."
    )
    tags: tuple[str, ...] = Field(
        (), description="Companies that bear one of these tags are meant too, besides those named by id."
    )
    min_score: float = Field(0, ge=0, le=100, description="Least score of a hit, 0 to 100: is it this company?")
    min_salience: float = Field(0, ge=0, le=100, description="Least salience, 0 to 100: is the entry about it?")
    languages: tuple[str, ...] = Field(
        (),
        description="Language tags (en, zh, pt-BR); en takes en-GB too. Empty = all. An entry whose language "
        "nobody told passes: an odd alert is a smaller harm than a missing one.",
        examples=[["en", "zh"]],
    )
    severity: Severity = Field("normal", description="low, normal, high or urgent: told in the alert.")
    channels: tuple[str, ...] = Field(min_length=1, description="Ids of the channels that carry the alert.")

    def takes(self, entry: Entry, hit: Hit, tags: Mapping[str, Iterable[str]]) -> bool:
        """Is this hit of this entry one that the rule alerts on? ``tags``: company id to its tags."""
        return (
            hit.score >= self.min_score
            and hit.salience >= self.min_salience
            and self._means(hit.company_id, tags)
            and self._reads(entry.language)
        )

    def _means(self, company_id: str, tags: Mapping[str, Iterable[str]]) -> bool:
        if not self.companies and not self.tags:
            return True
        return company_id in self.companies or not set(self.tags).isdisjoint(tags.get(company_id, ()))

    def _reads(self, language: str) -> bool:
        """RFC 4647 3.3.1, basic filtering: a range matches the tag itself and whatever refines it."""
        if not self.languages or not language:
            return True
        tag = language.replace("_", "-").casefold()
        ranges = (given.replace("_", "-").casefold() for given in self.languages)
        return any(tag == given or tag.startswith(f"{given}-") for given in ranges)


def is_louder(one: Severity, other: Severity) -> bool:
    """Is the first severity higher than the second?"""
    return _RANK[one] > _RANK[other]


def loudest(rules: Iterable[Rule]) -> Severity:
    """The highest severity among the rules; raises ValueError when there are none."""
    return max((rule.severity for rule in rules), key=_RANK.__getitem__)

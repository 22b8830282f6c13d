"""Searches of news services that answer as feeds, made from the companies that are tracked."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Literal, Self
from urllib.parse import quote_plus, urlsplit

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from pipeline.errors import ConfigError
from pipeline.keys import digest
from pipeline.model import Company, Feed
from pipeline.sources.feed import web_address_problem

_SERVICES = {
    "google_news": (
        "Google News",
        "https://news.google.com/rss/search?q={query}&hl={language}-{country}&gl={country}&ceid={country}:{language}",
        " when:{days}d",
    ),
    "bing_news": (
        "Bing News",
        "https://www.bing.com/news/search?q={query}&format=rss&setlang={language}&cc={country}&qft=sortbydate%3D%221%22",
        "",
    ),
}
_PLACE = re.compile(r"\{([^{}]*)\}")
_KNOWN_PLACES = frozenset({"query", "language", "country", "days"})
_SHOWN = 3  # names in a feed's title


class Source(BaseModel):
    """Feeds of a news search, a few companies in each: their names in quotes, joined by OR."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    service: Literal["google_news", "bing_news", ""] = Field("", description="google_news or bing_news; or a template")
    template: str = Field(
        "",
        description="instead of service: address of another search that answers as a feed, with {query} in it, "
        "and {language}, {country} and {days} where it wants them",
        examples=["https://search.example.com/news?q={query}&format=rss"],
    )
    language: str = Field("en", pattern=r"^[a-z]{2,3}$", description="language of the search, two or three letters")
    country: str = Field("US", pattern=r"^[A-Z]{2}$", description="country of the search, two capital letters")
    days: int = Field(2, ge=1, le=30, description="how far back a search goes, where the service can be told")
    company_tags: tuple[str, ...] = Field((), description="only companies with one of these tags; default: all")
    aliases: bool = Field(False, description="ask for further names too, and not only for the name")
    extra: str = Field("", max_length=100, description="words added to every query", examples=["-stock"])
    companies_per_feed: int = Field(
        8, ge=1, le=50, description="companies in one query at most; fewer bring more entries of each"
    )
    max_query: int = Field(400, ge=40, le=1500, description="characters of one query at most, before it is encoded")
    tier: int = Field(4, ge=1, le=5, description="authority, 1 (most) to 5 (least), as stored with the feeds")
    tags: tuple[str, ...] = Field((), description="words to group the feeds by")

    @field_validator("template")
    @classmethod
    def _has_a_place_for_the_query(cls, template: str) -> str:
        if not template:
            return template
        if "{query}" not in template:
            raise ValueError("must have {query} where the names go")
        if not set(_PLACE.findall(template)) <= _KNOWN_PLACES:
            raise ValueError("knows {query}, {language}, {country} and {days} in braces, and nothing else")
        if problem := web_address_problem(_PLACE.sub("x", template)):
            raise ValueError(problem)
        return template

    @model_validator(mode="after")
    def _is_one_of_the_two(self) -> Self:
        if bool(self.service) == bool(self.template):
            raise ValueError("needs either 'service' (google_news, bing_news) or 'template'")
        return self

    def feeds_for(self, companies: Sequence[Company]) -> tuple[Feed, ...]:
        """The queries for these companies, each company in one of them. Raises ConfigError when none is chosen, or a
        company's names alone are longer than a query may be.
        """
        wanted = set(self.company_tags)
        chosen = [company for company in companies if not wanted or wanted & set(company.tags)]
        if not chosen:
            raise ConfigError("there is no company to ask for", remedy="add companies, or other company_tags")
        return tuple(self._feed(group) for group in self._groups(sorted(chosen, key=lambda company: company.id)))

    def _groups(self, companies: Sequence[Company]) -> Iterator[list[Company]]:
        """Companies in the order of their ids, cut where a query is full, and after ids that chance picks once for
        all: so a company that comes or goes changes its own query and not all that follow.
        """
        group: list[Company] = []
        for company in companies:
            alone = self._query([company])
            if len(alone) > self.max_query:
                raise ConfigError(
                    f"the names of company {company.id!r} make a query of {len(alone)} characters",
                    remedy=f"max_query is {self.max_query}: raise it, or leave out aliases",
                )
            if group and (
                len(group) == self.companies_per_feed or len(self._query([*group, company])) > self.max_query
            ):
                yield group
                group = []
            group.append(company)
            if int(digest(company.id), 16) % self.companies_per_feed == 0:
                yield group
                group = []
        if group:
            yield group

    def _query(self, companies: Sequence[Company]) -> str:
        names = [name for company in companies for name in self._names(company)]
        _, _, when = _SERVICES.get(self.service, ("", "", ""))
        terms = " OR ".join(f'"{name}"' for name in dict.fromkeys(names))
        if len(names) > 1 and (self.extra or when):
            terms = f"({terms})"
        return terms + (f" {self.extra}" if self.extra else "") + when.replace("{days}", str(self.days))

    def _names(self, company: Company) -> Iterator[str]:
        for name in (company.name, *(alias.text for alias in company.aliases if self.aliases)):
            yield " ".join(name.replace('"', " ").split())

    def _feed(self, companies: Sequence[Company]) -> Feed:
        label, template, _ = _SERVICES.get(self.service, ("", self.template, ""))
        values = {
            "query": quote_plus(self._query(companies)),
            "language": self.language,
            "country": self.country,
            "days": str(self.days),
        }
        url = _PLACE.sub(lambda place: values[place[1]], template)
        label = label or urlsplit(url).hostname or ""
        names = ", ".join(company.name for company in companies[:_SHOWN])
        more = f" and {len(companies) - _SHOWN} more" if len(companies) > _SHOWN else ""
        return Feed(
            url=url,
            title=f"{label}: {names}{more}",
            publisher=label,
            language=self.language,
            tier=self.tier,
            tags=self.tags,
            source=f"query:{self.service or label}",
        )

"""Filings with the SEC: a feed of EDGAR for each company that has a CIK."""

from __future__ import annotations

import re
from collections.abc import Sequence
from urllib.parse import quote

from pydantic import BaseModel, ConfigDict, Field, field_validator

from pipeline import __version__
from pipeline.errors import ConfigError
from pipeline.model import Company, Feed
from pipeline.sources.feed import web_address

_EDGAR = "https://www.sec.gov/cgi-bin/browse-edgar"
_CONTACT = re.compile(r"[^@\s]+@[^@\s.]+(?:\.[^@\s.]+)+")
_FORM = re.compile(r"[A-Z0-9][A-Z0-9 /-]{0,19}")


class Source(BaseModel):
    """The filings of the tracked companies: each is about its company, whatever its title says."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    contact: str = Field(
        description="your e-mail address: the SEC refuses programs that do not say whom to write to; sent to it only",
        examples=["desk@example.com"],
    )
    forms: tuple[str, ...] = Field(
        ("8-K", "6-K"), min_length=1, description="forms to follow, one feed a company each: 8-K, 10-Q, 10-K, 6-K ..."
    )
    company_tags: tuple[str, ...] = Field((), description="only companies with one of these tags; default: all")
    address: str = Field(_EDGAR, description="where EDGAR answers")
    tier: int = Field(1, ge=1, le=5, description="authority, 1 (most) to 5 (least), as stored with the feeds")
    tags: tuple[str, ...] = Field(("filings",), description="words to group the feeds by")

    @field_validator("contact")
    @classmethod
    def _can_be_written_to(cls, contact: str) -> str:
        contact = contact.strip()
        if not _CONTACT.fullmatch(contact) or not contact.isascii() or not contact.isprintable():
            raise ValueError("must be an e-mail address that the SEC can write to")
        return contact

    @field_validator("forms")
    @classmethod
    def _are_forms(cls, forms: tuple[str, ...]) -> tuple[str, ...]:
        upper = tuple(dict.fromkeys(form.strip().upper() for form in forms))
        if not all(_FORM.fullmatch(form) for form in upper):
            raise ValueError('must be names of forms, such as "8-K"')
        return upper

    @field_validator("address")
    @classmethod
    def _is_web_address(cls, address: str) -> str:
        return web_address(address)

    def feeds_for(self, companies: Sequence[Company]) -> tuple[Feed, ...]:
        """A feed for each company with a CIK and each form. Raises ConfigError when no chosen company has one."""
        wanted = set(self.company_tags)
        chosen = [one for one in companies if one.cik and (not wanted or wanted & set(one.tags))]
        if not chosen:
            raise ConfigError(
                "no company to follow has a cik",
                remedy='give the [[company]] its number at the SEC, such as cik = "0000320193"',
            )
        return tuple(self._feed(company, form) for company in chosen for form in self.forms)

    def _feed(self, company: Company, form: str) -> Feed:
        query = f"action=getcompany&CIK={company.cik}&type={quote(form)}&dateb=&owner=exclude&count=40&output=atom"
        return Feed(
            url=f"{self.address}?{query}",
            title=f"EDGAR: {company.name}, {form}",
            publisher="SEC EDGAR",
            language="en",
            tier=self.tier,
            tags=self.tags,
            headers=(("User-Agent", f"newsward/{__version__} ({self.contact})"),),
            source="edgar",
            company_id=company.id,
            company_name=company.name,
        )

"""Which pages are read, and how many."""

from __future__ import annotations

from datetime import timedelta
from importlib.util import find_spec

from pydantic import BaseModel, ConfigDict, Field, field_validator


class FulltextOptions(BaseModel):
    """The pages behind entries. Off by default: each page is a request, to sites that did not ask for readers."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    enabled: bool = Field(
        False,
        description="read the pages of entries that hit, and of all entries of feeds with fulltext = true; needs the "
        "extra fulltext",
    )
    max_pages: int = Field(200, ge=1, le=10_000, description="pages read in one run at most; the others wait")
    max_pages_of_site: int = Field(
        20, ge=1, le=10_000, description="pages of one domain read in one run at most: each takes [fetch] spacing"
    )
    max_age: timedelta = Field(
        timedelta(days=2), gt=timedelta(0), description="pages of entries older than this are not read"
    )
    max_size: int = Field(2_000_000, ge=1000, description="bytes of a page when decompressed; larger ones are left")
    attempts: int = Field(3, ge=1, le=10, description="how often a page is tried that cannot be had")

    @field_validator("enabled")
    @classmethod
    def _is_installed(cls, enabled: bool) -> bool:
        if enabled and not (find_spec("trafilatura") and find_spec("protego")):
            raise ValueError("needs libraries that are not installed: pip install 'newsward[fulltext]'")
        return enabled

"""Filings: a feed a company and form, and never without saying who asks."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from pipeline.errors import ConfigError
from pipeline.model import Company
from pipeline.sources.edgar import Source

APPLE = Company("apple", "Apple", cik="0000320193", tags=("phones",))


def test_a_company_with_a_cik_has_a_feed_a_form() -> None:
    feeds = Source(contact="desk@mill.example", forms=("8-k", "10-Q")).feeds_for([APPLE, Company("gap", "Gap")])

    assert [feed.url for feed in feeds] == [
        "https://www.sec.gov/cgi-bin/browse-edgar?action=getcompany&CIK=0000320193"
        f"&type={form}&dateb=&owner=exclude&count=40&output=atom"
        for form in ("8-K", "10-Q")
    ]
    assert {(feed.company_id, feed.company_name) for feed in feeds} == {("apple", "Apple")}
    assert [name for name, _ in feeds[0].headers] == ["User-Agent"]
    assert feeds[0].headers[0][1].endswith(" (desk@mill.example)")


def test_without_a_cik_there_is_nothing_to_follow_and_that_is_said() -> None:
    with pytest.raises(ConfigError, match=r"no company to follow has a cik \(give the \[\[company\]\] its number"):
        Source(contact="desk@mill.example").feeds_for([Company("gap", "Gap")])


@pytest.mark.parametrize("contact", ["", "desk", "desk@mill", "a b@mill.example", "desk@mill.example\r\nX: y"])
def test_a_contact_that_cannot_be_written_to_is_refused(contact: str) -> None:
    with pytest.raises(ValidationError, match="must be an e-mail address that the SEC can write to"):
        Source(contact=contact)

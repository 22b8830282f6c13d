"""Reasons and URLs as people may see them."""

from __future__ import annotations

import pytest

from pipeline.fetch import one_line, public_url

SECRETS = ("accessToken", "jwt", "session", "sid", "credentials", "access%5Ftoken", "feedtoken", "X-Amz-Credential")


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("https://mill.example/feed", "https://mill.example/feed"),
        ("https://ann:s3cret@mill.example:8443/feed?page=2", "https://***@mill.example:8443/feed?page=2"),
        ("https://s3cret@mill.example/feed#top", "https://***@mill.example/feed#top"),
        ("https://a:p@s s@mill.example/", "https://***@mill.example/"),
        ("https://mill.example/f?token=s3cret&page=2", "https://mill.example/f?token=***&page=2"),
        ("https://mill.example/f?page=2&api_key=s3cret", "https://mill.example/f?page=2&api_key=***"),
        ("https://mill.example/f?X-Amz-Signature=s3cret", "https://mill.example/f?X-Amz-Signature=***"),
        ("https://mill.example/f?monkey=7&design=2", "https://mill.example/f?monkey=7&design=2"),
        ("http://ann:s3cret@[::1", "http://***@[::1"),
        ("ann:s3cret@mill.example/feed", "***@mill.example/feed"),
        ("//ann:s3cret@mill.example/feed", "//***@mill.example/feed"),
        *((f"https://mill.example/f?{name}=s3%20cret", f"https://mill.example/f?{name}=***") for name in SECRETS),
        ("https://mill.example/f?sid=s3 cret&page=2", "https://mill.example/f?sid=***&page=2"),
        ("nonsense", "nonsense"),
    ],
)
def test_secrets_in_a_url_are_not_shown(url: str, shown: str) -> None:
    assert public_url(url) == shown


def test_a_reason_is_one_short_line() -> None:
    assert one_line("no\r\n feed\x1b[2J but\u2028\u202e\x00 this ") == "no feed [2J but this"
    assert one_line("x" * 500) == "x" * 500
    assert one_line("x" * 501) == "x" * 497 + "..."

"""URLs as people may see them."""

from __future__ import annotations

import pytest

from pipeline.fetch import public_url


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("https://mill.example/feed", "https://mill.example/feed"),
        ("https://ann:s3cret@mill.example:8443/feed?page=2", "https://mill.example:8443/feed?page=2"),
        ("https://s3cret@mill.example/feed#s3cret", "https://mill.example/feed"),
        ("https://a:p@ss@mill.example/", "https://mill.example/"),
        ("https://mill.example/f?token=s3cret&page=2", "https://mill.example/f?token=***&page=2"),
        ("https://mill.example/f?page=2&api_key=s3cret", "https://mill.example/f?page=2&api_key=***"),
        ("https://mill.example/f?X-Amz-Signature=s3cret", "https://mill.example/f?X-Amz-Signature=***"),
        ("https://mill.example/f?monkey=7&design=2", "https://mill.example/f?monkey=7&design=2"),
        ("http://ann:s3cret@[::1", "(an address that cannot be read)"),
        ("nonsense", "nonsense"),
    ],
)
def test_secrets_in_a_url_are_not_shown(url: str, shown: str) -> None:
    assert public_url(url) == shown

"""One feed by its address: the ``[[feed]]`` table."""

from __future__ import annotations

import re
from base64 import b64encode
from urllib.parse import SplitResult, unquote, urlsplit, urlunsplit

from pydantic import BaseModel, ConfigDict, Field, field_validator

from pipeline.model import Feed
from pipeline.urls import STRAIGHT, proxy_problem

_LONGEST_URL = 4096
_TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")  # RFC 9110 5.6.2, a header's name
_HEADER_VALUE = re.compile(r"[\t\x20-\x7e\x80-\xff]*")  # RFC 9110 5.5, a header's value


class Source(BaseModel):
    """A feed at an http or https address."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    url: str = Field(
        repr=False,
        description="address of the feed, http or https; user:password@ in it is sent as basic auth and stored nowhere",
        examples=["https://news.example.com/business.xml"],
    )
    title: str = Field("", description="what to call the feed; default: what the feed calls itself")
    publisher: str = Field("", description="who publishes it, when entries do not say")
    language: str = Field(
        "", description="BCP 47 tag of its entries (en, zh-Hans), when they do not say", examples=["en"]
    )
    tier: int = Field(3, ge=1, le=5, description="authority, 1 (most) to 5 (least), as stored with the feed")
    tags: tuple[str, ...] = Field((), description="words to group feeds by", examples=[["business"]])
    fulltext: bool = Field(
        False, description="read the pages of all its entries before they are matched; needs [fulltext] enabled"
    )
    headers: dict[str, str] = Field(
        default_factory=dict,
        repr=False,
        description="request headers for this feed; stored nowhere",
        examples=[{"Authorization": "Bearer ${NEWS_TOKEN}"}],
    )
    verify_tls: bool = Field(
        True,
        description="false = take any certificate of this feed's own host, also an expired one: whoever is on the way "
        "can read and change what is sent. An authority of your own is better named in `ca_file` of `[fetch]`",
    )
    proxy: str = Field(
        "",
        repr=False,
        description="HTTP proxy for this feed alone, http://user:password@host:port; none = straight, whatever "
        "`proxy` of `[fetch]` says",
        examples=["none"],
    )

    @field_validator("proxy")
    @classmethod
    def _is_proxy(cls, proxy: str) -> str:
        if proxy not in ("", STRAIGHT) and (problem := proxy_problem(proxy)):
            raise ValueError(problem)
        return proxy

    @field_validator("url")
    @classmethod
    def _is_web_address(cls, url: str) -> str:
        return web_address(url)

    @field_validator("headers")
    @classmethod
    def _are_sendable(cls, headers: dict[str, str]) -> dict[str, str]:
        for name, value in headers.items():
            if not _TOKEN.fullmatch(name):
                raise ValueError("has a header name that HTTP does not allow")
            if not _HEADER_VALUE.fullmatch(value):
                raise ValueError("has a header value with line breaks or characters outside Latin-1")
        return headers

    def feeds(self) -> tuple[Feed, ...]:
        """Just the one; credentials leave the address for a header, so that nothing stores or shows them."""
        parts = urlsplit(self.url)
        headers = tuple(self.headers.items())
        if parts.username is not None:
            headers = (*headers, ("Authorization", _basic(parts)))
        return (
            Feed(
                url=urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2], fragment="")),
                title=self.title,
                publisher=self.publisher,
                language=self.language,
                tier=self.tier,
                tags=self.tags,
                headers=headers,
                fulltext=self.fulltext,
                verify_tls=self.verify_tls,
                proxy=self.proxy,
            ),
        )


def web_address(url: str) -> str:
    """The address without white space around it. Raises ValueError, in words, when it can be no feed's."""
    url = url.strip()
    problem = web_address_problem(url)
    if problem:
        raise ValueError(problem)
    return url


def web_address_problem(url: str) -> str:
    """Why this can be no feed's address, in words that do not repeat it; an empty string = it can."""
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname, parts.port
    except ValueError:
        return "is not a valid address"
    if parts.scheme not in {"http", "https"}:
        return "must be an http or https address"
    if not host:
        return "names no host"
    if len(url) > _LONGEST_URL:
        return f"is longer than {_LONGEST_URL} characters"
    if any(char.isspace() or not char.isprintable() for char in url):
        return "has a space or control character in it"
    return ""


def _basic(parts: SplitResult) -> str:
    """RFC 7617."""
    pair = f"{unquote(parts.username or '')}:{unquote(parts.password or '')}"
    return f"Basic {b64encode(pair.encode()).decode()}"

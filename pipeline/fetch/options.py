"""How feeds are asked: the settings of this stage's wire side."""

from __future__ import annotations

from datetime import timedelta
from ipaddress import ip_network
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, SecretStr, field_validator

from pipeline import __version__
from pipeline.urls import proxy_problem


class FetchOptions(BaseModel):
    """How feeds are asked. Durations are seconds where text is read."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    user_agent: str = Field(
        f"newsward/{__version__} (+https://pypi.org/project/newsward/)",
        min_length=1,
        pattern=r"^[ -~]+$",
        description="Name, version and a URL where a site owner finds out who is asking.",
    )
    concurrency: int = Field(
        50,
        ge=1,
        le=2000,
        description="Feeds of one shard asked at the same time, each on its own domain; in all, at most [engine] "
        "workers times this, or times shard_size where that is less.",
    )
    spacing: timedelta = Field(
        timedelta(seconds=1),
        ge=timedelta(0),
        description="Time between two requests to one registrable domain, from start to start.",
    )
    deadline: timedelta = Field(
        timedelta(seconds=40), gt=timedelta(0), description="Time for one feed in all: names, redirects and body."
    )
    connect_timeout: timedelta = Field(
        timedelta(seconds=10), gt=timedelta(0), description="Time to find a host and to be connected to it."
    )
    min_rate: int = Field(200, ge=0, description="Bytes a second: an answer that is slower is given up.")
    rate_window: timedelta = Field(
        timedelta(seconds=10), gt=timedelta(0), description="Time over which the slowest rate is measured."
    )
    max_raw: int = Field(5_000_000, gt=0, description="Bytes of a body as sent.")
    max_decoded: int = Field(10_000_000, gt=0, description="Bytes of a body when decompressed.")
    max_in_flight: int = Field(
        64_000_000,
        gt=0,
        description="Bytes of large bodies as sent that are held at a time, by all feeds together; others wait.",
    )
    max_redirects: int = Field(5, ge=0, le=20, description="Redirects followed in one poll.")
    allow_private: bool = Field(
        False, description="Poll addresses that are not public too: this machine, private networks, any port, anything."
    )
    allow_networks: tuple[str, ...] = Field(
        (), description="Networks (such as 10.1.0.0/16) that may be polled although they are not public."
    )
    allow_ports: tuple[Annotated[int, Field(ge=1, le=65535)], ...] = Field(
        (), description="Ports below 1024 besides 80 and 443, and ports of other services, that may be polled."
    )
    proxy: SecretStr = Field(
        SecretStr(""),
        description="HTTP proxy by which everything is polled, http://user:password@host:port; it alone resolves names "
        "then, so it has to keep what lies in its own network to itself. A feed may have another, or none.",
        examples=["${HTTPS_PROXY}"],
    )
    ca_file: str = Field("", description="PEM file of certificates to trust besides the public ones.")

    @field_validator("proxy")
    @classmethod
    def _is_proxy(cls, proxy: SecretStr) -> SecretStr:
        if proxy.get_secret_value() and (problem := proxy_problem(proxy.get_secret_value())):
            raise ValueError(problem)
        return proxy

    @field_validator("allow_networks")
    @classmethod
    def _are_networks(cls, blocks: tuple[str, ...]) -> tuple[str, ...]:
        for block in blocks:
            ip_network(block, strict=False)
        return blocks

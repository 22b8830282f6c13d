"""Which addresses may be connected to; rows 112 and 114 of the behaviour catalogue."""

from __future__ import annotations

import pytest

from pipeline.fetch.guard import Guard


@pytest.mark.parametrize(
    "address",
    [
        "0.0.0.0",
        "10.1.2.3",
        "100.64.0.1",
        "127.0.0.1",
        "127.255.255.254",
        "169.254.169.254",
        "172.16.0.1",
        "172.31.255.255",
        "192.0.0.8",
        "192.168.1.1",
        "198.18.0.1",
        "203.0.113.5",
        "224.0.0.1",
        "239.255.255.250",
        "255.255.255.255",
        "::",
        "::1",
        "::127.0.0.1",
        "::ffff:127.0.0.1",
        "::ffff:10.0.0.1",
        "64:ff9b::7f00:1",
        "64:ff9b::a9fe:a9fe",
        "64:ff9b:1::1",
        "100::1",
        "2001::1",
        "2001:db8::1",
        "2002:7f00:1::1",
        "2002:808:808::1",
        "3fff::1",
        "5f00::1",
        "fc00::1",
        "fd12:3456::1",
        "fe80::1",
        "fe80::1%eth0",
        "fec0::1",
        "ff02::1",
    ],
)
def test_an_address_that_is_not_public_is_refused_in_words(address: str) -> None:
    assert Guard().objection(address)


@pytest.mark.parametrize(
    "address",
    ["1.1.1.1", "93.184.215.14", "172.32.0.1", "100.128.0.1", "2606:4700::1111", "::ffff:8.8.8.8", "64:ff9b::808:808"],
)
def test_a_public_address_is_good(address: str) -> None:
    assert Guard().objection(address) == ""


def test_only_the_allowed_network_is_let_through() -> None:
    guard = Guard(allow_networks=("10.1.0.0/16", "fd00::/8"))

    assert guard.objection("10.1.9.9") == ""
    assert guard.objection("::ffff:10.1.9.9") == ""
    assert guard.objection("fd00::7") == ""
    assert guard.objection("10.2.0.1")
    assert guard.objection("127.0.0.1")


def test_everything_can_be_allowed() -> None:
    assert Guard(allow_private=True).objection("169.254.169.254") == ""


@pytest.mark.parametrize(
    ("address", "network"),
    [
        ("127.0.0.1", "127.0.0.1/32"),
        ("::ffff:10.0.0.1", "10.0.0.1/32"),
        ("64:ff9b::a9fe:a9fe", "169.254.169.254/32"),
        ("fd12::1", "fd12::1/128"),
        ("fe80::1%eth0", "fe80::1/128"),
    ],
)
def test_the_exception_offered_lets_the_address_through(address: str, network: str) -> None:
    offered = Guard().exception(address)

    assert offered == network
    assert Guard(allow_networks=(offered,)).objection(address) == ""

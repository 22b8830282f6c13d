"""What is valid and useless is told: each such fault, and nothing about a sound configuration."""

from __future__ import annotations

from pathlib import Path
from time import perf_counter

import pytest

from pipeline.config import check, load

MAIN = '[[channel]]\nid = "screen"\nkind = "stdout"\n[[rule]]\nname = "all"\nchannels = ["screen"]\n'
COMPANIES = '[[company]]\nname = "Xiaomi"\ntags = ["phones"]\n'
FEEDS = '[[feed]]\nurl = "https://news.example/rss"\n'


def problems(folder: Path, main: str = MAIN, companies: str = COMPANIES, feeds: str = FEEDS) -> list[str]:
    for name, text in (("newsward.toml", main), ("companies.toml", companies), ("feeds.toml", feeds)):
        (folder / name).write_text(text, encoding="utf-8")
    return [f"{problem.severity}: {problem}" for problem in check(load(folder, {}))]


def test_a_sound_configuration_has_no_problems(tmp_path: Path) -> None:
    assert problems(tmp_path) == []


def test_nothing_to_watch_nothing_to_poll_and_nobody_to_tell(tmp_path: Path) -> None:
    assert problems(tmp_path, "", "", "") == [
        "warning: companies: no company is tracked: there will be no hits (add [[company]] tables)",
        "warning: feeds: no feed is configured (add [[feed]] tables, or run: newsward feeds poll URL)",
        "warning: newsward.toml: there is no rule: hits are stored, nobody is told (add a [[rule]])",
    ]


def test_what_was_noticed_while_loading_is_told_too(tmp_path: Path) -> None:
    assert problems(tmp_path, feeds=FEEDS + FEEDS) == [
        (
            "warning: feeds.toml: feed 2 (news.example): the same feed as feed 1 (news.example); polled once "
            "(remove one of them)"
        )
    ]


def test_an_ordinary_word_without_context_or_ticker_is_told(tmp_path: Path) -> None:
    (problem,) = problems(tmp_path, companies='[[company]]\nname = "Target"\n')

    assert problem.startswith("warning: company target: “Target” is an ordinary word too")
    assert problem.endswith("(add context (words that stand beside it: products, people, trade) or a ticker)")


@pytest.mark.parametrize("more", ['context = ["retailer"]', 'tickers = ["TGT"]'])
def test_context_or_a_ticker_is_enough_for_an_ordinary_word(tmp_path: Path, more: str) -> None:
    assert problems(tmp_path, companies=f'[[company]]\nname = "Target"\n{more}\n') == []


def test_two_companies_of_one_name_are_told_of_each_other(tmp_path: Path) -> None:
    companies = '[[company]]\nname = "Delta Inc"\n[[company]]\nname = "Delta Corp."\n'
    remedy = "(add context words that tell them apart)"

    assert problems(tmp_path, companies=companies) == [
        f"warning: company delta-inc: “Delta Inc” is a name of Delta Corp. too {remedy}",
        f"warning: company delta-corp: “Delta Corp.” is a name of Delta Inc too {remedy}",
    ]


def test_ten_thousand_companies_are_checked_in_seconds(tmp_path: Path) -> None:
    consonants, vowels = "bdfgklmnprstvz", "aeiou"
    syllables = [a + b for a in consonants for b in vowels]
    names = [f"{a}{b}{c}".title() for a in syllables for b in syllables for c in "xyz"][:10_000]
    for name, text in (
        ("newsward.toml", MAIN),
        ("companies.toml", "".join(f'[[company]]\nname = "{name} Holdings"\naliases = ["{name}"]\n' for name in names)),
        ("feeds.toml", FEEDS),
    ):
        (tmp_path / name).write_text(text, encoding="utf-8")
    config = load(tmp_path, {})

    started = perf_counter()
    check(config)

    assert len(config.watchlist.companies) == 10_000
    assert perf_counter() - started < 15  # 2 s on a developer's machine


@pytest.mark.parametrize(
    ("url", "host"),
    [
        ("http://localhost:8000/rss", "localhost"),
        ("http://news.localhost/rss", "news.localhost"),
        ("http://127.0.0.1/rss", "127.0.0.1"),
        ("http://192.168.1.7:8080/rss", "192.168.1.7"),
        ("http://100.64.0.1/rss", "100.64.0.1"),
        ("http://[::1]/rss", "::1"),
    ],
)
def test_a_feed_that_the_guard_will_refuse_is_told_until_it_is_allowed(tmp_path: Path, url: str, host: str) -> None:
    feeds = f'[[feed]]\nurl = "{url}"\n'

    assert problems(tmp_path, feeds=feeds) == [
        (
            f"warning: feed {host}: {host} is not public: it will be refused "
            "(to poll it, set allow_private = true or allow_networks in [fetch])"
        )
    ]
    assert problems(tmp_path, "[fetch]\nallow_private = true\n" + MAIN, feeds=feeds) == []
    assert problems(tmp_path, '[fetch]\nallow_networks = ["127.0.0.0/8"]\n' + MAIN, feeds=feeds) == []


@pytest.mark.parametrize("url", ["https://news.example/rss", "https://8.8.8.8/rss", "https://localhost.example/rss"])
def test_a_public_feed_is_no_problem(tmp_path: Path, url: str) -> None:
    assert problems(tmp_path, feeds=f'[[feed]]\nurl = "{url}"\n') == []


def test_a_name_that_the_user_calls_unique_is_believed(tmp_path: Path) -> None:
    named = '[[company]]\nname = "Xiaomi"\naliases = [{{ text = "Bread", kind = "{}" }}]\n'

    assert problems(tmp_path, companies=named.format("unique")) == []
    assert len(problems(tmp_path, companies=named.format("common"))) == 1


def test_an_exclusion_that_kills_every_hit_is_an_error(tmp_path: Path) -> None:
    companies = '[[company]]\nname = "Acme Rockets"\naliases = ["ACME Rockets Inc."]\nexclude = ["acme", "rocket"]\n'

    assert problems(tmp_path, companies=companies) == [
        (
            "error: company acme-rockets: every name holds the exclusion 'acme': there can be no hit "
            "(remove it from exclude)"
        )
    ]


def test_an_exclusion_that_leaves_a_name_is_no_problem(tmp_path: Path) -> None:
    companies = '[[company]]\nname = "Acme Rockets"\naliases = ["Zzyrtek Ltd"]\nexclude = ["acme"]\n'

    assert problems(tmp_path, companies=companies) == []


def test_a_rule_for_a_tag_that_nobody_has_is_told(tmp_path: Path) -> None:
    assert problems(tmp_path, MAIN + 'tags = ["phones", "fones"]\n') == [
        "warning: rule all: no company has the tag 'fones' (correct it, or give it to a company)"
    ]


def test_a_channel_that_no_rule_uses_is_told(tmp_path: Path) -> None:
    assert problems(tmp_path, MAIN + '[[channel]]\nid = "desk"\nkind = "stdout"\n') == [
        "warning: channel desk: no rule uses it (name it in a rule's channels, or remove it)"
    ]


def test_credentials_over_plain_http_are_told_without_showing_them(tmp_path: Path) -> None:
    feeds = '[[feed]]\nurl = "http://ann:hunter2@www.news.example/rss"\n'

    assert problems(tmp_path, feeds=feeds) == [
        "warning: feed news.example: its credentials are sent over plain http, readable on the way (use https)"
    ]


def test_a_rhythm_that_politeness_makes_impossible_is_told(tmp_path: Path) -> None:
    feeds = "".join(f'[[feed]]\nurl = "https://news.example/{number}"\n' for number in range(40))

    assert problems(tmp_path, '[fetch]\nspacing = "30 s"\n' + MAIN, feeds=feeds) == [
        (
            "warning: feeds of news.example: 40 feeds, one request each 30 s: a round takes 20 minutes "
            "(fewer feeds of it, or a longer min_interval in [polling])"
        )
    ]


def test_a_feed_polled_more_rarely_than_news_stays_fresh_is_told(tmp_path: Path) -> None:
    (problem,) = problems(tmp_path, '[polling]\nmax_interval = "12 h"\n[alert]\nmax_age = "6 h"\n' + MAIN)

    assert problem == (
        "warning: newsward.toml: [polling]: max_interval is longer than [alert] max_age: entries of rarely polled "
        "feeds are too old to alert (shorten the one or lengthen the other)"
    )

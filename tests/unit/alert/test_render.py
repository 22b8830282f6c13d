import pytest

from pipeline.alert import plain, render
from pipeline.alert.payload import story_payload
from tests.builders_alert import NOW, entry, hit


def message(**changes):
    lead = entry(**changes)
    return render(
        story_payload(
            alert_id="0123456789abcdef",
            rules=["phones", "all"],
            severity="high",
            story_id="s1",
            lead=lead,
            hits=[hit()],
            others=[entry("e2", publisher="Sample Times"), entry("e3", publisher="", url="javascript:x", title="T3")],
            names={"xiaomi": "Xiaomi"},
            now=NOW,
        )
    )


def test_a_message_says_what_where_and_why():
    assert message().splitlines() == [
        "[HIGH] Xiaomi: Xiamio opens a plant in Gdynia",
        "  https://news.example/e1",
        "  Example News, 2 Mar 2026, 08:30 UTC",
        "  The plant will build speakers.",
        "  why: Xiaomi, score 91, salience 80; “Xiamio” in the title, a misspelling of Xiaomi",
        "  also at Sample Times: https://news.example/e2",
        "  also at another outlet: T3",
        "  rule: phones, all",
    ]


def test_what_the_feed_does_not_tell_takes_no_line():
    lines = message(text="", url="", publisher="", published_at=None, title="").splitlines()

    assert lines[0] == "[HIGH] Xiaomi: (no title)"
    assert lines[1].startswith("  why: ")


def test_a_normal_severity_is_not_shouted():
    assert render({"severity": "normal", "title": "T"}) == "T"


@pytest.mark.parametrize(
    ("title", "shown"),
    [
        ("One\r\n  rule: forged", "One rule: forged"),
        ("One\u2028two\u2029three\x0bfour\x85five", "One two three four five"),
        ("\x1b[2J\x1b]0;owned\x07 gone", "[2J ]0;owned gone"),
        ("\x9b31m red", "31m red"),
        ("safe \u202efdp.exe\u202c \u2066x\u2069", "safe fdp.exe x"),
        ("zero\u200bwidth\ufeff and tags\U000e0041", "zerowidth and tags"),
        ("<!channel> <https://evil.example|click> *b* [a](javascript:x)", None),
        ("{{ 7 * 7 }} {% raw %}", None),
        ("小米 и Xiaomi قابل\u200cدسترس", "\u2068小米 и Xiaomi قابل\u200cدسترس\u2069"),
    ],
)
def test_a_title_is_one_line_of_visible_text(title, shown):
    first, *rest = message(title=title).splitlines()

    assert first == f"[HIGH] Xiaomi: {title if shown is None else shown}"
    assert len(rest) == 7


def test_a_megabyte_of_title_is_a_short_message():
    assert len(message(title="A" * 1_000_000)) < 1_000


def test_a_link_from_an_untrusted_payload_is_checked_again():
    assert "javascript" not in render({"title": "T", "url": "javascript:alert(1)"})


def test_plain_replaces_what_cannot_be_encoded():
    plain("\ud800").encode()

    assert plain(None) == "None"
    assert plain("  a \t b ") == "a b"
    assert len(plain("x" * 10_000)) == 2_100

import json
from dataclasses import replace

import pytest

from pipeline.alert.payload import OWN_FEED, as_update, cut, story_payload, web_link, why, with_tellings
from pipeline.model import EntryField, Hit, Mention, Method, Telling
from tests.builders_alert import NOW, entry, hit, violations


def payload(lead=None, hits=None, others=(), names=None):
    return story_payload(
        alert_id="0123456789abcdef",
        rules=["r"],
        severity="normal",
        story_id="s1",
        lead=lead or entry(),
        hits=hits or [hit()],
        others=others,
        names=names or {},
        now=NOW,
    )


def test_the_payload_tells_the_story_and_the_evidence():
    told = payload(names={"xiaomi": "Xiaomi"})

    assert told["created_at"] == "2026-03-02T09:30:00Z"
    assert told["published_at"] == "2026-03-02T08:30:00Z"
    assert told["summary"] == "The plant will build speakers."
    assert told["companies"] == [
        {
            "id": "xiaomi",
            "name": "Xiaomi",
            "why": "“Xiamio” in the title, a misspelling of Xiaomi",
            "score": 91,
            "salience": 80,
            "entry_id": "e1",
            "evidence": [
                {
                    "field": "title",
                    "found": "Xiamio",
                    "name": "Xiaomi",
                    "method": "fuzzy",
                    "score": 91,
                    "start": 0,
                    "end": 6,
                }
            ],
        }
    ]


def test_an_entry_that_tells_nothing_but_its_words_still_fits_the_schema():
    bare = entry(title="", text="", url="", publisher="", language="", published_at=None)

    told = payload(bare)

    assert violations(told) == []
    assert told["published_at"] is None


def test_hostile_sizes_stay_within_the_schema_and_a_quarter_of_a_megabyte():
    huge = "\U00020000\U00020001 " * 350_000
    long = f"https://news.example/{'x' * 2000}"
    mention = replace(hit().mentions[0], found=huge, name=huge, field=EntryField.TEXT)
    hits = [hit("e1", f"company-{number}", mentions=(mention,) * 9) for number in range(60)]
    others = [entry(f"o{number}", title=huge, publisher=huge, url=f"{long}{number}") for number in range(60)]

    told = payload(entry(title=huge, text=huge, publisher=huge, language=huge, url=long), hits, others)

    assert violations(told) == []
    assert len(json.dumps(told, ensure_ascii=False).encode()) < 250_000


def test_lone_surrogates_do_not_reach_the_payload():
    told = payload(entry(title="A \ud83d B", text="\udc00", publisher="\ud800"))

    assert told["title"] == "A \ufffd B"
    json.dumps(told, ensure_ascii=False).encode()


def test_a_long_text_is_cut_with_an_ellipsis():
    assert cut("word " * 200, 10) == "word word…"
    assert cut("0123456789", 10) == "0123456789"
    assert cut("01234567890", 10) == "012345678…"
    assert cut(" \n" * 100 + "late", 10).endswith("…")


@pytest.mark.parametrize(
    ("given", "link"),
    [
        ("https://news.example/a?b=c&d=%20#e", "https://news.example/a?b=c&d=%20#e"),
        (" http://news.example/a ", "http://news.example/a"),
        ("https://news.example/小米", "https://news.example/小米"),
        ('https://news.example/a"onclick="b', "https://news.example/a%22onclick=%22b"),
        ("https://news.example/<b>|x", "https://news.example/%3Cb%3E%7Cx"),
        ("https://news.example/a\r\nX-Evil: 1", "https://news.example/a%0D%0AX-Evil:%201"),
        ("https://news.example/\u202egnp.exe", "https://news.example/%E2%80%AEgnp.exe"),
        ("https://news.example/\ud83d", "https://news.example/\ufffd"),
        ("HTTPS://News.example/A", "https://News.example/A"),
    ],
)
def test_a_web_link_stays_a_link_and_nothing_else(given, link):
    assert web_link(given) == link


@pytest.mark.parametrize(
    "given",
    [
        "",
        "javascript:alert(1)",
        "JavaScript:alert(1)//https://news.example/",
        "java\nscript:alert(1)",
        "\x01javascript:alert(1)",
        "data:text/html,<b>",
        "file:///etc/passwd",
        "//news.example/a",
        "news.example/a",
        "https://",
        "https:///a",
        "http://[::1",
        "https://bank.example@other.example/",
        "https://user:word@news.example/",
        f"https://news.example/{'x' * 2048}",
        f"https://news.example/{'<' * 900}",
    ],
)
def test_what_is_no_safe_web_link_is_empty(given):
    assert web_link(given) == ""


def test_later_tellings_are_cut_and_made_safe_like_everything_else():
    huge = "x" * 5000
    hostile = Telling(huge, huge + "\ud83d", "javascript:alert(1)")
    many = [Telling("Post", "Title", f"https://post.example/{number}") for number in range(20)]

    told = with_tellings(payload(), [hostile, *many])

    assert violations(told) == []
    assert len(told["also_at"]) == 10
    assert told["also_at"][0]["url"] == ""
    assert [len(told["also_at"][0][key]) for key in ("publisher", "title")] == [200, 300]
    assert with_tellings({"title": "no story"}, []) == {"title": "no story"}


@pytest.mark.parametrize(
    ("found", "name", "method", "field", "sentence"),
    [
        ("Xiaomi", "Xiaomi", Method.EXACT, EntryField.TITLE, "“Xiaomi” in the title"),
        ("小米", "小米", Method.EXACT, EntryField.TEXT, "“小米” in the text, a name of Xiaomi"),
        ("Xiamio", "Xiaomi", Method.FUZZY, EntryField.TITLE, "“Xiamio” in the title, a misspelling of Xiaomi"),
        ("XIAOMI's", "Xiaomi", Method.VARIANT, EntryField.TEXT, "“XIAOMI's” in the text, another spelling of Xiaomi"),
        ("1810.HK", "1810.HK", Method.TICKER, EntryField.TITLE, "“1810.HK” in the title, a ticker of Xiaomi"),
        ("mi.com", "mi.com", Method.DOMAIN, EntryField.URL, "“mi.com” in the link, a domain of Xiaomi"),
    ],
)
def test_the_evidence_is_a_sentence(found, name, method, field, sentence):
    mention = Mention("xiaomi", field, 0, len(found), found, name, method, 90)

    assert why(Hit("e1", "xiaomi", 90, 80, (mention,)), "Xiaomi") == sentence


def test_what_the_title_says_as_well_is_shown_as_it_stands_there():
    in_text, in_title = (
        Mention("xiaomi", field, 0, 6, "Xiaomi", "Xiaomi", Method.EXACT, score)
        for field, score in ((EntryField.TEXT, 95), (EntryField.TITLE, 85))
    )

    assert why(Hit("e1", "xiaomi", 95, 80, (in_text, in_title)), "Xiaomi") == "“Xiaomi” in the title"


def test_a_feed_about_one_company_is_evidence_enough():
    assert why(hit(rule_version=OWN_FEED), "Xiaomi") == "its feed is about Xiaomi alone"


def test_an_update_has_at_most_ten_news_and_safe_links():
    first = Telling("Example News", "A" * 400, "javascript:x")

    told = as_update(payload(), [{"kind": "words", "text": "new " * 200}] * 12, first)

    assert violations(told) == []
    assert (len(told["news"]), told["first"]["url"], told["first"]["published_at"]) == (10, "", None)


def test_people_are_told_by_id():
    assert payload()["people"] == []

import json
from xml.etree import ElementTree

import feedparser
import pytest
import structlog

from pipeline.alert.channels.feed import Channel
from pipeline.model import SendFailed, Sent
from tests.builders_message import HOSTILE, alert, digest, story, update, warning

ATOM = "{http://www.w3.org/2005/Atom}"


def items(folder, rule="partners"):
    return json.loads((folder / f"{rule}.json").read_text(encoding="utf-8"))["items"]


def entries(folder, rule="partners"):
    return ElementTree.parse(folder / f"{rule}.atom").getroot().findall(f"{ATOM}entry")


def test_a_rule_has_an_atom_feed_and_a_json_feed(tmp_path):
    channel = Channel(directory=tmp_path / "feeds", url="https://news.example/feeds")
    channel.send(alert(story()))

    feed = json.loads((tmp_path / "feeds" / "partners.json").read_text(encoding="utf-8"))
    (item,) = feed.pop("items")
    assert feed["version"] == "https://jsonfeed.org/version/1.1"
    assert feed["title"] == "Newsward: partners"
    assert feed["feed_url"] == "https://news.example/feeds/partners.json"
    assert item == {
        "id": "urn:uuid:" + item["id"].rpartition(":")[2],
        "url": "https://news.example/plant?a=1&b=2",
        "title": "Xiaomi: Xiamio opens a plant in Gdynia",
        "content_html": '<a href="https://news.example/plant?a=1&amp;b=2">Example News</a> · '
        "2 Mar 2026, 08:30 UTC<br>\n"
        "<br>The plant will build speakers.<br>\n"
        "<br>Why <b>Xiaomi</b>: &#34;Xiamio&#34; in the title (fuzzy, taken for &#34;Xiaomi&#34;)\n"
        '<br>Also at <a href="https://times.example/plant">Sample Times</a>',
        "date_published": "2026-03-02T08:30:00Z",
        "date_modified": "2026-03-02T09:30:00Z",
        "authors": [{"name": "Example News"}],
        "tags": ["Xiaomi"],
    }
    read = feedparser.parse((tmp_path / "feeds" / "partners.atom").read_bytes())
    assert not read.bozo
    assert read.feed.links[0].href == "https://news.example/feeds/partners.atom"
    assert [entry.title for entry in read.entries] == ["Xiaomi: Xiamio opens a plant in Gdynia"]
    assert read.entries[0].link == "https://news.example/plant?a=1&b=2"
    assert read.entries[0].id == item["id"]


def test_sent_twice_is_told_once_and_keeps_its_id(tmp_path):
    channel = Channel(directory=tmp_path)
    channel.send(alert(story()))
    (first,) = items(tmp_path)
    Channel(directory=tmp_path).send(alert(story(title="corrected")))

    (second,) = items(tmp_path)
    assert (second["id"], second["title"]) == (first["id"], "Xiaomi: corrected")
    assert len(entries(tmp_path)) == 1


def test_the_newest_are_kept(tmp_path):
    channel = Channel(directory=tmp_path, keep=3)
    for number in (3, 1, 5, 2, 4):
        channel.send(alert(story(number, title=f"T{number}", created_at=f"2026-03-02T0{number}:00:00Z")))

    assert [item["title"] for item in items(tmp_path)] == ["Xiaomi: T5", "Xiaomi: T4", "Xiaomi: T3"]
    assert len(entries(tmp_path)) == 3


def test_each_rule_of_an_alert_and_each_story_of_a_digest_has_its_feed(tmp_path):
    told = digest([story(1), update(2, rules=["partners", "phones"])])

    assert Channel(directory=tmp_path).send(alert(told)) == Sent()
    assert [len(items(tmp_path, rule)) for rule in ("partners", "phones")] == [2, 1]


def test_an_item_that_is_all_title_has_a_text(tmp_path):
    bare = story(url="", publisher="", published_at=None, summary="", companies=[], also_at=[])
    Channel(directory=tmp_path).send(alert(bare))

    (item,) = items(tmp_path)
    assert "Xiamio opens a plant in Gdynia" in item["content_html"]
    assert item["date_published"] == "2026-03-02T09:30:00Z"


def test_warnings_and_tests_have_feeds_of_their_own(tmp_path):
    channel = Channel(directory=tmp_path)
    channel.send(alert(warning()))
    channel.send(alert(story(test=True)))

    assert sorted(path.name for path in tmp_path.glob("*.json")) == ["newsward-test.json", "newsward-warnings.json"]
    assert items(tmp_path, "newsward-warnings")[0]["title"] == "Newsward: channel team has given up 3 alerts"


@pytest.mark.parametrize("title", [HOSTILE, "\x00\x01\ufffe\uffff\ud800 ]]> <![CDATA[ &amp; </title>", "\u202eأرامكو"])
def test_hostile_words_leave_both_files_sound(tmp_path, title):
    channel = Channel(directory=tmp_path)
    hostile = story(title=title, summary=title, publisher=title, rules=["partners"], url="javascript:alert(1)")
    hostile["companies"][0]["name"] = title
    channel.send(alert(hostile))

    (entry,) = entries(tmp_path)
    assert [link.get("href") for link in entry.findall(f"{ATOM}link")] == []
    content = entry.findtext(f"{ATOM}content")
    assert "<b>x" not in content
    assert "<!" not in content
    assert "</title>" not in content
    assert entry.findtext(f"{ATOM}title") == items(tmp_path)[0]["title"]
    assert "\u202e" not in (tmp_path / "partners.atom").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("rule", "file"),
    [
        ("every company", "every company"),
        ("小米", "小米"),
        ("../../etc/passwd", "-..-etc-passwd-"),
        (".hidden", "hidden-"),
        ("a/b", "a-b-"),
        ("x" * 300, "x" * 100 + "-"),
    ],
)
def test_a_rule_names_its_files_and_cannot_leave_the_folder(tmp_path, rule, file):
    folder = tmp_path / "feeds"
    Channel(directory=folder).send(alert(story(rules=[rule])))

    (found,) = folder.glob("*.json")
    assert found.stem == file if file == rule else found.stem.startswith(file)
    assert [path.name for path in tmp_path.iterdir()] == ["feeds"]


def test_rules_that_no_file_can_tell_apart_have_two(tmp_path):
    Channel(directory=tmp_path).send(alert(story(rules=["a/b", "a\\b", "a-b"])))

    assert len(list(tmp_path.glob("*.atom"))) == 3


@pytest.mark.parametrize("broken", ["{", "[]", '{"items": [1]}', '{"items": [{"id": 1}]}', "", "[" * 100_000])
def test_a_broken_file_is_set_aside_and_told(tmp_path, broken):
    (tmp_path / "partners.json").write_text(broken)
    (tmp_path / "partners.json.broken-1").write_text("an older one")

    with structlog.testing.capture_logs() as logged:
        assert Channel(directory=tmp_path).send(alert(story())) == Sent()

    assert (tmp_path / "partners.json.broken-2").read_text() == broken
    assert len(items(tmp_path)) == 1
    assert [(line["event"], line["aside"]) for line in logged] == [("feed_file_set_aside", "partners.json.broken-2")]


def test_a_folder_that_cannot_be_made_is_a_failure_that_may_pass(tmp_path):
    (tmp_path / "file").write_text("")
    channel = Channel(directory=tmp_path / "file" / "feeds")

    result = channel.send(alert(story()))

    assert isinstance(result, SendFailed)
    assert not result.permanent
    assert channel.probe() == f"there is no folder {tmp_path / 'file'}"
    assert Channel(directory=tmp_path / "new").probe() == ""


def test_no_half_written_file_is_ever_in_place(tmp_path):
    Channel(directory=tmp_path).send(alert(story()))

    assert sorted(path.name for path in tmp_path.iterdir()) == [".lock", "partners.atom", "partners.json"]

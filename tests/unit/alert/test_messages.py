"""What people are shown, medium by medium: the whole message, and what becomes of a feed that attacks."""

import re

import pytest
import structlog

from pipeline.alert.render import KINDS, Medium, Messages
from tests.builders_message import HOSTILE, company, digest, story, update, warning

BODIES = [medium for medium in Medium if medium is not Medium.TITLE]
PAYLOADS = [story(), update(), digest([story(), update()]), warning()]

SHOWN = "<!channel> @here <b>x</b> & *b* _i_ `c` [click](javascript:alert(1)) {{ 7*7 }} Bcc: all@evil.example [2Jevil"


def hostile(**changes):
    values = {
        "title": HOSTILE,
        "summary": HOSTILE,
        "publisher": "<i>P</i>",
        "url": "javascript:alert(1)",
        "also_at": [{"publisher": "*P*", "title": "x", "url": "https://e.example/(a)_b_@c?<>"}],
        "companies": [company(name="<b>Mi</b>", found="M\ni")],
    }
    return story(**{**values, **changes})


# --------------------------------------------------------------------------- the messages


def test_titles_say_what_it_is():
    titles = [Messages().title(payload) for payload in PAYLOADS]

    assert titles == [
        "Xiaomi: Xiamio opens a plant in Gdynia",
        "Update: Xiaomi: Xiamio opens a plant in Gdynia",
        "[HIGH] Daily digest: 1 story and 1 update about Xiaomi",
        "Newsward: channel team has given up 3 alerts",
    ]


def test_a_title_is_cut_where_there_is_no_room():
    assert Messages().title(story(title="A" * 500), 40) == "Xiaomi: " + "A" * 31 + "…"


def test_an_update_as_text_has_what_is_new_first():
    assert Messages().body(update(), Medium.TEXT).splitlines() == [
        "Update: Xiaomi: Xiamio opens a plant in Gdynia",
        "  https://news.example/plant?a=1&b=2",
        "  Example News, 2 Mar 2026, 08:30 UTC",
        "  new: 40 million euros",
        "  new: Northwind is named too",
        "  The plant will build speakers.",
        "  began with: Xiaomi looks for a site (Wire, 1 Mar 2026, 12:00 UTC): https://wire.example/1",
        '  why: Xiaomi, score 91, salience 84; "Xiamio" in the title (fuzzy, taken for "Xiaomi")',
        "  the story also at Sample Times: https://times.example/plant",
        "  rule: partners",
    ]


def test_an_update_as_markdown():
    assert Messages().body(update(severity="urgent"), Medium.MARKDOWN).splitlines() == [
        r"**[\[URGENT\] Update: Xiaomi: Xiamio opens a plant in Gdynia](https://news.example/plant?a=1&b=2)**  ",
        "Example News · 2 Mar 2026, 08:30 UTC  ",
        "**New:** 40 million euros  ",
        "**New:** Northwind is named too  ",
        "",
        "The plant will build speakers.",
        "",
        "Began with [Xiaomi looks for a site](https://wire.example/1), Wire, 1 Mar 2026, 12:00 UTC",
        "",
        'Why Xiaomi: "Xiamio" in the title (fuzzy, taken for "Xiaomi")  ',
        "The story also at [Sample Times](https://times.example/plant)",
    ]


def test_what_the_same_outlet_told_besides_is_named_by_its_headline():
    own = {"publisher": "Example News", "title": "Court halts the plant", "url": "https://news.example/court"}
    told = story(also_at=[own])

    assert (
        "  also: Court halts the plant: https://news.example/court" in Messages().body(told, Medium.TEXT).splitlines()
    )
    assert "Also at [Court halts the plant](https://news.example/court)" in Messages().body(told, Medium.MARKDOWN)


def test_below_its_title_a_message_does_not_repeat_it():
    assert Messages().body(story(), Medium.MARKDOWN, titled=True).splitlines()[0] == (
        "[Example News](https://news.example/plant?a=1&b=2) · 2 Mar 2026, 08:30 UTC  "
    )
    assert Messages().body(story(), Medium.TEXT, titled=True).splitlines()[0] == "https://news.example/plant?a=1&b=2"


def test_times_are_those_of_the_channel_s_zone():
    local = story(zone="Europe/Berlin")

    assert "2 Mar 2026, 09:30 CET" in Messages().body(local, Medium.TEXT)
    assert "2 Mar 2026, 09:30 CET" in Messages().body(digest([story()], zone="Europe/Berlin"), Medium.HTML)
    assert "2 Mar 2026, 08:30 UTC" in Messages().body(story(zone="Moon/Base"), Medium.TEXT)


def test_a_message_that_is_sent_again_says_so():
    again = story(replay=True)

    assert Messages().title(again) == "Sent again: Xiaomi: Xiamio opens a plant in Gdynia"
    assert "**[Sent again: Xiaomi: " in Messages().body(again, Medium.MARKDOWN)
    assert ">Sent again</bdi>" in Messages().body(again, Medium.HTML)
    assert "Sent again" not in Messages().body(story(), Medium.HTML)


def test_a_digest_is_told_by_company_with_the_coverage_at_the_end():
    acme = company("acme", "Acme", "Acme")
    items = [story(1), update(2, severity="high"), story(3, companies=[acme, company()], also_at=[])]

    assert Messages().body(digest(items), Medium.TEXT).splitlines() == [
        "[HIGH] Daily digest: 2 stories and 1 update about Xiaomi and Acme",
        "",
        "Xiaomi (2)",
        "- [HIGH] Update: Xiamio opens a plant in Gdynia",
        "  https://news.example/plant?a=1&b=2",
        "  Example News, 2 Mar 2026, 08:30 UTC; the story also at Sample Times",
        "  new: 40 million euros",
        "  new: Northwind is named too",
        '  why: "Xiamio" in the title (fuzzy, taken for "Xiaomi")',
        "- Xiamio opens a plant in Gdynia",
        "  https://news.example/plant?a=1&b=2",
        "  Example News, 2 Mar 2026, 08:30 UTC; also at Sample Times",
        '  why: "Xiamio" in the title (fuzzy, taken for "Xiaomi")',
        "",
        "Acme (1)",
        "- Xiamio opens a plant in Gdynia",
        "  https://news.example/plant?a=1&b=2",
        "  Example News, 2 Mar 2026, 08:30 UTC",
        '  why: "Acme" in the title (exact)',
        "  with Xiaomi",
        "",
        "2 feeds could not be read since 2 Mar 2026.",
    ]


@pytest.mark.parametrize("medium", BODIES)
def test_a_digest_of_fifty_names_every_story(medium):
    told = Messages().body(digest([story(number, title=f"Story {number:02}") for number in range(50)]), medium)

    assert [f"Story {number:02}" for number in range(50) if f"Story {number:02}" not in told] == []


@pytest.mark.parametrize("medium", BODIES)
def test_a_warning_is_plain(medium):
    told = Messages().body(warning(), medium)

    assert "channel team has given up 3 alerts" in told
    assert "hooks.example: answered 403 Forbidden" in told


@pytest.mark.parametrize("payload", PAYLOADS, ids=KINDS)
@pytest.mark.parametrize("medium", list(Medium))
def test_what_a_payload_lacks_is_left_out(payload, medium):
    told = Messages().body({"type": payload["type"]}, medium)

    assert "None" not in told
    assert "()" not in told


@pytest.mark.parametrize("medium", BODIES)
@pytest.mark.parametrize("limit", [400, 1000, 4000])
def test_a_digest_fits_and_says_what_it_left_out(medium, limit):
    if medium is Medium.HTML:
        limit += 3500  # the page around it
    told = Messages().body(digest([story(number) for number in range(50)]), medium, limit=limit)

    assert len(told) <= limit
    assert re.search(r"and \d+ more stories that did not fit in here", told)


def test_a_payload_of_a_type_to_come_is_told_like_a_story():
    assert Messages().body(story(type="forecast"), Medium.TEXT).startswith("Xiaomi: Xiamio opens")


# --------------------------------------------------------------------------- attacks


def test_a_hostile_feed_as_text():
    assert Messages().body(hostile(), Medium.TEXT).splitlines() == [
        f"<b>Mi</b>: {SHOWN}",
        "  <i>P</i>, 2 Mar 2026, 08:30 UTC",
        f"  {SHOWN}",
        '  why: <b>Mi</b>, score 91, salience 84; "M i" in the title (fuzzy, taken for "<b>Mi</b>")',
        "  also at *P*: https://e.example/(a)_b_@c?%3C%3E",
        "  rule: partners",
    ]


def test_a_hostile_feed_as_markdown_of_a_chat():
    title = (
        r"\<%s!channel\> @%shere \<b\>x\</b\> & \*b\* \_i\_ \`c\` \[click\](javascript:alert(1)) {{ 7\*7 }} "
        r"Bcc: all@%sevil.example \[2Jevil"
    ) % (("\u2060",) * 3)

    assert Messages(calls=False).body(hostile(), Medium.MARKDOWN).splitlines() == [
        rf"**\<b\>Mi\</b\>: {title}**  ",
        r"\<i\>P\</i\> · 2 Mar 2026, 08:30 UTC  ",
        "",
        title,
        "",
        r'Why \<b\>Mi\</b\>: "M i" in the title (fuzzy, taken for "\<b\>Mi\</b\>")  ',
        r"Also at [\*P\*](https://e.example/%28a%29_b_%40c?%3C%3E)",
    ]


def test_a_hostile_feed_as_html_of_a_chat():
    title = (
        "&lt;\u2060!channel&gt; @\u2060here &lt;b&gt;x&lt;/b&gt; &amp; *b* _i_ `c` [click](javascript:alert(1)) "
        "{{ 7*7 }} Bcc: all@\u2060evil.example [2Jevil"
    )

    assert Messages(calls=False).body(hostile(), Medium.PART).splitlines() == [
        f"<b>&lt;b&gt;Mi&lt;/b&gt;: {title}</b><br>",
        "&lt;i&gt;P&lt;/i&gt; · 2 Mar 2026, 08:30 UTC<br>",
        f"<br>{title}<br>",
        (
            "<br>Why <b>&lt;b&gt;Mi&lt;/b&gt;</b>: &#34;M i&#34; in the title "
            "(fuzzy, taken for &#34;&lt;b&gt;Mi&lt;/b&gt;&#34;)"
        ),
        '<br>Also at <a href="https://e.example/(a)_b_@c?%3C%3E">*P*</a>',
    ]


def test_a_hostile_feed_as_html_of_a_mail():
    told = Messages().body(hostile(), Medium.HTML)
    shown = SHOWN.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")

    assert re.findall(r"<h1[^>]*>(.*)</h1>", told) == [shown]
    assert re.findall(r"<title>(.*)</title>", told) == [f"&lt;b&gt;Mi&lt;/b&gt;: {shown}"]
    assert re.findall(r'href="([^"]*)"', told) == ["https://e.example/(a)_b_@c?%3C%3E"]
    assert set(re.findall(r"<(\w+)", told)) == {
        *("html", "head", "meta", "title", "style", "body", "div", "p", "b", "h1", "bdi", "a"),
    }


@pytest.mark.parametrize("medium", BODIES)
@pytest.mark.parametrize(
    "url", ["javascript:alert(1)", "data:text/html,x", "https://bank.example@evil.example/", 'https://e.example/"><em>']
)
def test_a_link_is_a_web_address_or_none(medium, url):
    told = Messages().body(story(url=url, summary="", also_at=[]), medium)

    assert "javascript" not in told
    assert "data:" not in told
    assert "bank.example" not in told
    assert "<em>" not in told


@pytest.mark.parametrize("medium", list(Medium))
def test_a_megabyte_is_a_short_message(medium):
    told = Messages().body(story(title="A" * 1_000_000, summary="<" * 1_000_000), medium)

    assert len(told) < 25_000


@pytest.mark.parametrize("medium", BODIES)
def test_a_title_from_right_to_left_is_isolated(medium):
    assert "\u2068أرامكو (عاجل)\u2069" in Messages().body(digest([story(title="\u202eأرامكو (عاجل)")]), medium)


# --------------------------------------------------------------------------- templates of a user's own


def test_a_template_of_the_users_own_takes_the_place_of_ours(tmp_path):
    (tmp_path / "story.txt").write_text("{{ title | upper }} by {{ publisher }}\n\n{% include 'builtin/story.txt' %}")

    told = Messages(tmp_path).body(story(), Medium.TEXT).splitlines()

    assert told[:3] == ["XIAMIO OPENS A PLANT IN GDYNIA by Example News", "", "Xiaomi: Xiamio opens a plant in Gdynia"]
    assert Messages(tmp_path).body(warning(), Medium.TEXT).startswith("Newsward: channel team")


def test_a_title_of_the_users_own_is_one_line(tmp_path):
    (tmp_path / "story.title.txt").write_text("{{ title }}\n\n{{ publisher }}\n")

    assert Messages(tmp_path).title(story()) == "Xiamio opens a plant in Gdynia Example News"


def test_a_users_own_template_is_escaped_like_ours(tmp_path):
    (tmp_path / "story.html").write_text("<p>{{ title }}</p>")
    (tmp_path / "story.md").write_text("[{{ title }}]({{ url | link }})")

    assert Messages(tmp_path).body(story(title="<b>"), Medium.HTML) == "<p>&lt;b&gt;</p>"
    assert Messages(tmp_path).body(story(title="*b*", url="https://e.example/(a)"), Medium.MARKDOWN) == (
        r"[\*b\*](https://e.example/%28a%29)"
    )


@pytest.mark.parametrize(
    "template", ["{{ 1 / 0 }}", "{{ title.nothing.more }}", "{{ ''.__class__.__mro__ }}", "{% include 'absent.txt' %}"]
)
def test_a_template_that_fails_is_told_once_and_ours_speaks(tmp_path, template):
    (tmp_path / "story.txt").write_text(template)
    messages = Messages(tmp_path)

    with structlog.testing.capture_logs() as logged:
        told = [messages.body(story(), Medium.TEXT) for _ in range(2)]

    assert [text.splitlines()[0] for text in told] == ["Xiaomi: Xiamio opens a plant in Gdynia"] * 2
    assert [(line["event"], line["template"], line["log_level"]) for line in logged] == [
        ("template_failed", "story.txt", "error")
    ]

"""Rows 92 to 104 and 119 of docs/behaviour.md: what an entry is, whatever its feed does with it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from xml.sax.saxutils import escape

import pytest

from pipeline.model import ErrorKind
from pipeline.parse import child
from tests.builders_behaviour import HOUR, NOW, Desk, rss
from tests.feed_server import Reply

DATED = "Wed, 04 Mar 2026 10:00:00 GMT"


def feed(*items: str, head: str = "") -> Reply:
    return Reply(f"<rss version='2.0'><channel><title>Mill News</title>{head}{''.join(items)}</channel></rss>".encode())


def item(
    title: str = "", guid: str = "", link: str = "", date: str = "", text: str = "", permalink: str = "false"
) -> str:
    fields = (
        f"<title>{escape(title)}</title>" if title else "",
        f"<guid isPermaLink='{permalink}'>{escape(guid)}</guid>" if guid else "",
        f"<link>{escape(link)}</link>" if link else "",
        f"<pubDate>{date}</pubDate>" if date else "",
        f"<description>{escape(text)}</description>" if text else "",
    )
    return f"<item>{''.join(fields)}</item>"


def polled(desk: Desk, *replies: Reply) -> None:
    """One poll for each reply, an hour apart."""
    desk.watch(desk.server.serve("/feed", list(replies)))
    for _ in replies:
        desk.poll()


def stored(desk: Desk) -> list[tuple[object, ...]]:
    return desk.ask("SELECT title FROM entries ORDER BY seq")


def test_row_92_a_guid_is_the_identity_within_its_feed_and_is_trimmed(desk: Desk) -> None:
    before = feed(item("Mill sold", "\n  tag:mill,2026:1 ", "https://mill.example/1"))
    after = feed(item("Mill is sold", "tag:mill,2026:1", "https://mill.example/1"))
    polled(desk, before, after)

    assert desk.ask("SELECT title, guid FROM entries") == [("Mill is sold", "tag:mill,2026:1")]


def test_row_92_a_guid_of_another_feed_is_another_entry(desk: Desk) -> None:
    one, two = feed(item("Mill sold", "1")), feed(item("Ferry late", "1"))
    desk.watch(desk.server.serve("/one", one), desk.server.serve("/two", two))
    desk.poll()

    assert desk.titles() == {"Mill sold", "Ferry late"}


def test_row_92_a_guid_is_a_link_unless_it_says_that_it_is_none(desk: Desk) -> None:
    linked = item("Linked", "https://mill.example/a", permalink="true")
    polled(desk, feed(linked, item("Not linked", "https://mill.example/b")))

    assert desk.ask("SELECT title, url FROM entries ORDER BY title") == [
        ("Linked", "https://mill.example/a"),
        ("Not linked", ""),
    ]


def test_row_93_without_a_guid_the_address_is_the_identity(desk: Desk) -> None:
    before = feed(item("Mill sold", link="https://mill.example/1?utm_source=rss"))
    after = feed(item("Mill is sold", link="http://www.mill.example/1"))
    polled(desk, before, after)

    assert stored(desk) == [("Mill is sold",)]


def test_row_93_without_both_it_is_what_the_entry_says_over_every_poll(desk: Desk) -> None:
    document = feed(item("Mill sold", text="For a song."), item("", text="Ferry late again."))
    polled(desk, document, document, document)

    assert stored(desk) == [("Mill sold",), ("Ferry late again.",)]


def test_row_94_one_guid_for_all_is_told_apart_by_the_addresses(desk: Desk) -> None:
    items = [item(f"Entry {number}", "same", f"https://mill.example/{number}") for number in range(10)]
    polled(desk, feed(*items), feed(*items[:3]), feed(item("Entry 10", "same", "https://mill.example/10"), *items))

    assert sorted(str(title) for (title,) in stored(desk)) == sorted(f"Entry {number}" for number in range(11))


def test_row_95_guids_that_change_at_each_poll_make_no_doubles(desk: Desk) -> None:
    def document(session: int) -> Reply:
        items = [
            item(f"Entry {number}", f"{number}?sid={session}", f"http{'s' * (session % 2)}://mill.example/{number}")
            for number in range(8)
        ]
        return feed(*items)

    polled(desk, *map(document, range(3)))

    assert len(stored(desk)) == 8


def test_row_95_where_the_address_changes_too_title_and_date_are_the_identity(desk: Desk) -> None:
    def document(session: int) -> Reply:
        link = f"https://mill.example/go/{session}abc{session}"
        return feed(
            item("Mill sold", link, link, DATED), item("Ferry late", f"{link}x", f"{link}x", DATED, "By an hour.")
        )

    polled(desk, *map(document, range(3)))

    assert stored(desk) == [("Mill sold",), ("Ferry late",)]


def test_row_95_entries_of_one_title_and_date_that_stand_side_by_side_are_several(desk: Desk) -> None:
    first = item("Fitter wanted", "1", "https://mill.example/1", DATED)
    second = item("Fitter wanted", "2", "https://mill.example/2", DATED)
    polled(desk, feed(first), feed(second, first))

    assert len(stored(desk)) == 2


def test_row_96_an_edit_changes_the_entry_and_the_old_wording_is_kept(desk: Desk) -> None:
    polled(desk, feed(item("Mill sold", "1", text="To Ashby.")), feed(item("Mill not sold", "1", text="To nobody.")))

    assert desk.ask("SELECT title, text FROM entries") == [("Mill not sold", "To nobody.")]
    assert desk.ask("SELECT title, text FROM revisions") == [("Mill sold", "To Ashby.")]
    [(first, last)] = desk.ask("SELECT first_seen_at, last_seen_at FROM entries")
    assert str(first) < str(last)


def test_row_97_what_changes_in_the_markup_alone_is_no_edit(desk: Desk) -> None:
    def document(number: int) -> Reply:
        text = f"<p>To Ashby.</p><img src='https://mill.example/pixel?n={number}'><script>{number}</script>"
        return feed(item("Mill sold", "1", text=text))

    polled(desk, *map(document, range(4)))

    assert desk.ask("SELECT count(*) FROM revisions") == [(0,)]


def test_row_97_of_a_text_that_always_changes_a_few_wordings_are_kept(desk: Desk) -> None:
    polled(desk, *(feed(item("Mill sold", "1", text=f"{number} people read this.")) for number in range(24)))

    assert desk.ask("SELECT text FROM entries") == [("23 people read this.",)]
    assert desk.ask("SELECT count(*) FROM revisions") == [(20,)]


def test_row_98_a_guid_that_is_used_again_for_other_news_is_a_new_entry(desk: Desk) -> None:
    before = feed(item("Mill sold", "front", "https://mill.example/sold", "Tue, 03 Mar 2026 08:00:00 GMT"))
    after = feed(item("Ferry late", "front", "https://mill.example/ferry", DATED))
    polled(desk, before, after, after)

    assert stored(desk) == [("Mill sold",), ("Ferry late",)]


@pytest.mark.parametrize(
    ("date", "published", "kind"),
    [
        (DATED, "2026-03-04T10:00:00Z", "given"),
        ("Wed, 04 Mar 2026 10:00:00", "2026-03-04T10:00:00Z", "guessed"),
        ("", "2026-03-04T13:00:00Z", "seen"),
        ("yesterday-ish", "2026-03-04T13:00:00Z", "seen"),
        ("Thu, 01 Jan 1970 00:00:00 GMT", "2026-03-04T13:00:00Z", "seen"),
        ("Wed, 04 Mar 2026 16:00:00 GMT", "2026-03-04T13:00:00Z", "guessed"),
        ("Tue, 06 Jan 2099 10:00:00 GMT", "2026-03-04T13:00:00Z", "seen"),
    ],
    ids=["given", "no zone", "none", "nonsense", "1970", "ahead", "far ahead"],
)
def test_row_99_a_date_is_stored_with_how_far_it_can_be_trusted(
    desk: Desk, date: str, published: str, kind: str
) -> None:
    polled(desk, feed(item("Mill sold", "1", date=date)))

    assert desk.ask("SELECT published_at, date_kind FROM entries") == [(published, kind)]


@pytest.mark.parametrize(
    "date",
    [
        "Mi, 04 März 2026 11:00:00 +0100",
        "mer., 04 mars 2026 11:00:00 +0100",
        "3/4/2026 10:00 AM",
        "1772618400",
        "2026-03-04T05:00:00-05:00",
        "Wed, 04 Mar 2026 05:00:00 EST",
        "2026年3月4日 10:00",
    ],
)
def test_row_100_dates_of_many_countries_are_read(desk: Desk, date: str) -> None:
    polled(desk, feed(item("Mill sold", "1", date=date)))

    assert desk.ask("SELECT published_at FROM entries") == [("2026-03-04T10:00:00Z",)]


def test_row_100_a_date_that_may_be_two_is_none(desk: Desk) -> None:
    polled(desk, feed(item("Mill sold", "1", date="3/4/2026")))

    assert desk.ask("SELECT date_kind FROM entries") == [("seen",)]


def test_row_101_the_newest_are_the_newest_in_whatever_order_they_stand(desk: Desk) -> None:
    moments = [NOW - timedelta(minutes=number) for number in range(600)]
    items = [
        item(f"Entry {number}", str(number), date=f"{at:%a, %d %b %Y %H:%M:%S} GMT")
        for number, at in enumerate(moments)
    ]
    polled(desk, feed(*reversed(items)))

    assert desk.titles() == {f"Entry {number}" for number in range(500)}


def test_row_102_an_entry_that_vanishes_is_kept(desk: Desk) -> None:
    polled(desk, rss("One", "Two"), rss("Two"), feed())

    assert desk.titles() == {"One", "Two"}


def test_row_103_of_very_many_items_the_newest_are_taken_and_that_is_said(desk: Desk) -> None:
    polled(desk, feed(*(item(f"Entry {number}", str(number)) for number in range(20_000))))

    assert desk.ask("SELECT count(*) FROM entries") == [(500,)]
    assert desk.ask("SELECT damage FROM fetches") == [("19500 older entries beyond 500 were left out",)]


def republished(*, move: str, date: str = DATED) -> Reply:
    return feed(
        *(
            item(
                f"Xiaomi opens mill {number}",
                f"{move}{number}",
                f"https://mill.example/{move}/{number}",
                date,
                f"No. {number}",
            )
            for number in range(20)
        )
    )


@pytest.mark.parametrize("date", [DATED, ""], ids=["dated", "undated"])
def test_row_104_a_feed_that_is_published_anew_brings_nothing_new(desk: Desk, date: str) -> None:
    polled(desk, republished(move="old", date=date), republished(move="new", date=date))

    assert len(stored(desk)) == 20
    assert desk.reports[1].committed.new == 0
    assert desk.reports[1].committed.alerts == 0
    polled_again = desk.poll()
    assert polled_again.committed.new == 0


def test_row_104_what_is_new_among_it_is_new(desk: Desk) -> None:
    moved = republished(move="new").body.replace(
        b"</title><item>", b"</title><item><title>Ferry late</title></item><item>", 1
    )
    polled(desk, republished(move="old"), Reply(moved))

    assert desk.titles() == {f"Xiaomi opens mill {number}" for number in range(20)} | {"Ferry late"}


@pytest.fixture
def _no_child_is_left() -> Iterator[None]:
    child.end_child()
    yield
    child.end_child()


@pytest.mark.usefixtures("_no_child_is_left")
def test_row_119_a_document_that_kills_the_parser_costs_its_own_feed_only(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(child, "PROGRAM", "import os, signal; os.kill(os.getpid(), signal.SIGSEGV)")
    broken = Reply(b"<rss version='2.0'><channel><item><title>x</b></title><p><q></item></channel></rss>")
    deadly, sound = desk.server.serve("/deadly", broken), desk.server.serve("/sound", rss("One"))
    desk.watch(deadly, sound)
    report = desk.poll()

    assert [(feed.url, feed.kind) for feed in report.failed] == [(deadly, ErrorKind.MALFORMED)]
    assert "the parser died of it" in report.failed[0].reason
    assert desk.titles() == {"One"}
    assert desk.wait(deadly) >= HOUR / 2

"""Rows 44 to 58 of docs/behaviour.md: redirects, and what a status says."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from pipeline.model import ErrorKind
from tests.builders_behaviour import CERTIFICATE, DAY, HOUR, MINUTE, Desk, https, rss
from tests.feed_server import FeedServer, Reply, raw, redirect

SECOND = timedelta(seconds=1)


@pytest.mark.parametrize("status", [301, 308])
def test_row_44_a_permanent_redirect_is_believed_after_three_polls_over_a_day(desk: Desk, status: int) -> None:
    target = desk.server.serve("/new", rss("One", etag='"1"'))
    desk.watch(desk.server.serve("/old", redirect("/new", status)))
    for after in (HOUR, 10 * HOUR, 10 * HOUR):
        desk.poll(after=after)
    early = desk.state()
    desk.poll(after=5 * HOUR)
    settled = desk.state()
    report = desk.poll()

    assert (early.current_url, early.moved_to, early.moved_polls) == ("", target, 3)
    assert (settled.current_url, settled.moved_to, settled.url) == (target, "", desk.urls[0])
    assert len(desk.server.requests("/old")) == 4
    assert report.not_modified == 1


def test_row_44_two_polls_are_too_few_however_far_apart(desk: Desk) -> None:
    desk.server.serve("/new", rss("One"))
    desk.watch(desk.server.serve("/old", redirect("/new", 301)))
    desk.poll()
    desk.poll(after=10 * DAY)

    assert desk.state().current_url == ""


def test_row_44_a_redirect_that_is_taken_back_is_forgotten(desk: Desk) -> None:
    desk.server.serve("/new", rss("One"))
    moves = [redirect("/new", 301), redirect("/new", 301), rss("One"), redirect("/new", 301)]
    desk.watch(desk.server.serve("/old", moves))
    for _ in range(4):
        desk.poll(after=DAY)

    assert (desk.state().current_url, desk.state().moved_polls) == ("", 1)


def test_row_44_https_for_http_is_believed_at_once(desk: Desk) -> None:
    with https() as secure:
        target = secure.serve("/feed", rss("One"))
        desk.watch(desk.server.serve("/feed", redirect(target, 301)), fetch=f'ca_file = "{CERTIFICATE}"')
        desk.poll()
        desk.poll()

        assert desk.state().current_url == target
        assert len(desk.server.requests()) == 1
        assert len(secure.requests()) == 2


def test_row_44_the_command_tells_where_the_feed_moved_to(desk: Desk) -> None:
    target = desk.server.serve("/new", rss("One"))
    old = desk.server.serve("/old", redirect("/new", 301))
    desk.watch(old)

    assert [desk.line(old)["current_url"] for _ in range(3)] == [target] * 3


def test_row_44_a_new_address_that_fails_gives_way_to_the_configured_one(desk: Desk) -> None:
    desk.server.serve("/new", [rss("One")] * 3 + [Reply(b"", 410)])
    desk.watch(desk.server.serve("/old", [redirect("/new", 301)] * 3 + [rss("Two")]))
    for _ in range(5):
        desk.poll(after=13 * HOUR)

    assert desk.titles() == {"One", "Two"}
    assert (desk.state().current_url, desk.state().disabled) == ("", "")


@pytest.mark.parametrize("failure", [Reply(b"", 404), Reply(b"", 410)], ids=["404", "410"])
def test_row_45_the_new_address_is_taken_at_once_when_the_old_one_fails(desk: Desk, failure: Reply) -> None:
    target = desk.server.serve("/new", [rss("One"), rss("Two", "One")])
    desk.watch(desk.server.serve("/old", [redirect("/new", 301), failure]))
    desk.poll()
    desk.poll()
    wait = desk.wait()
    desk.run(after=wait)

    assert wait <= MINUTE + SECOND
    assert desk.state().current_url == target
    assert desk.titles() == {"One", "Two"}


def test_row_45_a_tracked_target_that_fails_itself_is_not_taken(desk: Desk) -> None:
    desk.server.serve("/new", [rss("One"), Reply(b"", 404)])
    desk.watch(desk.server.serve("/old", redirect("/new", 301)))
    desk.poll()
    desk.poll()

    assert desk.state().current_url == ""


@pytest.mark.parametrize("status", [302, 303, 307])
def test_row_46_a_temporary_redirect_is_followed_and_never_stored(desk: Desk, status: int) -> None:
    desk.server.serve("/elsewhere", rss("One"))
    url = desk.server.serve("/feed", redirect("/elsewhere", status))
    desk.watch(url)
    for _ in range(4):
        desk.poll(after=DAY)

    assert desk.titles() == {"One"}
    assert len(desk.server.requests("/feed")) == 4
    assert desk.line(url)["current_url"] == url


@pytest.mark.parametrize(
    ("statuses", "stored"),
    [((302, 301), ""), ((301, 302), "/1"), ((301, 308), "/2"), ((301, 302, 301), "/1")],
    ids=["302 301", "301 302", "301 308", "301 302 301"],
)
def test_row_47_only_an_unbroken_permanent_chain_is_stored(desk: Desk, statuses: tuple[int, ...], stored: str) -> None:
    for step, status in enumerate(statuses):
        desk.server.serve(f"/{step}", redirect(f"/{step + 1}", status))
    desk.server.serve(f"/{len(statuses)}", rss("One"))
    desk.watch(desk.server.url("/0"))
    for _ in range(3):
        desk.poll(after=13 * HOUR)

    assert desk.state().current_url == (desk.server.url(stored) if stored else "")


def _behind_portal(desk: Desk, portal: FeedServer, answer: Reply, count: int) -> list[str]:
    """Feeds of as many hosts which something on the way leads to one page."""
    page = portal.serve("/login", answer)
    return [
        desk.server.serve(f"/{number}", [rss("One"), redirect(page, 301)], host=f"127.0.0.{number}")
        for number in range(61, 61 + count)
    ]


def test_row_48_a_page_that_many_hosts_suddenly_lead_to_changes_nothing(desk: Desk) -> None:
    with FeedServer("127.0.0.99") as portal:
        urls = _behind_portal(desk, portal, Reply(b"<html>Log in</html>", content_type="text/html"), 4)
        desk.watch(*urls)
        desk.run()
        before = [desk.state(url) for url in urls]
        desk.poll(after=HOUR)

    assert {desk.state(url).failures for url in urls} == {0}
    assert {desk.wait(url) for url in urls} == {MINUTE}
    assert [replace(desk.state(url), next_poll_at=None) for url in urls] == [
        replace(state, next_poll_at=None) for state in before
    ]


def test_row_48_a_move_to_a_host_that_many_suddenly_share_is_not_noted(desk: Desk) -> None:
    with FeedServer("127.0.0.99") as portal:
        urls = _behind_portal(desk, portal, rss("Two"), 4)
        desk.watch(*urls)
        desk.run()
        desk.poll(after=HOUR)

    assert {desk.state(url).moved_to for url in urls} == {""}


def test_row_48_three_hosts_are_no_portal(desk: Desk) -> None:
    with FeedServer("127.0.0.99") as portal:
        urls = _behind_portal(desk, portal, rss("Two"), 3)
        desk.watch(*urls)
        desk.run()
        desk.poll(after=HOUR)

        assert {desk.state(url).moved_to for url in urls} == {portal.url("/login")}


def test_row_49_a_loop_ends_after_five_redirects(desk: Desk) -> None:
    desk.watch(desk.server.serve("/feed", redirect("/feed", 301)))
    desk.poll()

    assert len(desk.server.requests()) == 6
    assert desk.state().error_kind is ErrorKind.REDIRECT


def test_row_50_plain_http_instead_of_https_is_followed_flagged_and_never_stored(desk: Desk) -> None:
    desk.server.serve("/feed", rss("One"))
    with https() as secure:
        url = secure.serve("/feed", redirect(desk.server.url("/feed"), 301))
        desk.watch(url, fetch=f'ca_file = "{CERTIFICATE}"')
        for _ in range(3):
            desk.poll(after=DAY)
        asked = len(secure.requests())

    assert desk.titles() == {"One"}
    assert (asked, desk.state().current_url, desk.state().moved_to) == (3, "", "")
    assert desk.ask("SELECT DISTINCT damage FROM fetches") == [
        ("came by plain HTTP, to which a redirect led from HTTPS",)
    ]


@pytest.mark.parametrize("target", ["file:///etc/passwd", "gopher://127.0.0.1/", "data:text/xml,<rss/>", "about:blank"])
def test_row_51_a_redirect_off_the_web_is_refused(desk: Desk, target: str) -> None:
    desk.watch(desk.server.serve("/feed", redirect(target, 301)))
    desk.poll()

    assert desk.state().error_kind is ErrorKind.REDIRECT
    assert "it must begin with http:// or https://" in desk.state().error


def test_row_52_another_host_sees_no_credentials(desk: Desk) -> None:
    with FeedServer("127.0.0.2") as other:
        target = other.serve("/feed", rss("One"))
        url = desk.server.serve("/feed", redirect(target)).replace("//", "//ann:s3cret@")
        desk.watch(url, headers={"X-Key": "s3cret", "Cookie": "id=s3cret"})
        desk.poll(url.replace("ann:s3cret@", ""))
        [first], [second] = desk.server.requests(), other.requests()

    assert first.headers["authorization"] == "Basic YW5uOnMzY3JldA=="
    assert first.headers["x-key"] == "s3cret"
    assert "s3cret" not in str(second.headers)
    assert "authorization" not in second.headers


def test_row_52_the_same_host_keeps_seeing_the_credentials(desk: Desk) -> None:
    desk.server.serve("/new", rss("One"))
    desk.watch(desk.server.serve("/old", redirect("/new")), headers={"Authorization": "Bearer abc"})
    desk.poll()

    assert [seen.headers["authorization"] for seen in desk.server.requests()] == ["Bearer abc", "Bearer abc"]


@pytest.mark.parametrize(
    ("location", "path"),
    [
        ("new", "/dir/new"),
        ("../new", "/new"),
        ("//{host}/new", "/new"),
        ("/new#top", "/new"),
        ("/new one", "/new%20one"),
        ("?page=1", "/dir/feed?page=1"),
    ],
)
def test_row_53_any_form_of_location_is_understood(desk: Desk, location: str, path: str) -> None:
    desk.server.serve(path, rss("One"))
    target = location.replace("{host}", f"127.0.0.1:{desk.server.port}")
    desk.watch(desk.server.serve("/dir/feed", redirect(target)))
    desk.poll()

    assert desk.server.requests()[1].path == path
    assert desk.titles() == {"One"}


def test_row_53_a_location_in_raw_utf8_is_encoded(desk: Desk) -> None:
    desk.server.serve("/m%C3%BChle", rss("One"))
    head = "HTTP/1.1 302 Found\r\nLocation: /mühle\r\nContent-Length: 0\r\n\r\n"
    desk.watch(desk.server.serve("/feed", raw(head.encode())))
    desk.poll()

    assert desk.titles() == {"One"}


@pytest.mark.parametrize("location", ["", "http://", "http://[::1", "http://a:b:c/", "/\x01"])
def test_row_53_a_location_that_is_none_is_a_failure(desk: Desk, location: str) -> None:
    desk.watch(desk.server.serve("/feed", redirect(location) if location else Reply(status=301)))
    desk.poll()

    assert desk.state().error_kind is ErrorKind.REDIRECT


@pytest.mark.parametrize(
    "reply",
    [
        Reply(b"", 401),
        Reply(b"", 403),
        Reply(b"<html>Just a moment</html>", 403, {"cf-mitigated": "challenge"}),
        Reply(b"<html>Just a moment</html>", 503, {"cf-mitigated": "challenge"}),
    ],
    ids=["401", "403", "challenge 403", "challenge 503"],
)
def test_row_54_a_server_that_refuses_us_is_left_alone_for_hours(desk: Desk, reply: Reply) -> None:
    desk.watch(desk.server.serve("/feed", reply))
    desk.poll()

    assert desk.state().error_kind is ErrorKind.BLOCKED
    assert desk.wait() >= 2 * HOUR
    assert len(desk.server.requests()) == 1


def test_row_55_a_feed_that_was_not_found_is_kept_and_may_come_back(desk: Desk) -> None:
    desk.watch(desk.server.serve("/feed", [Reply(b"", 404)] * 3 + [rss("One")]))
    for _ in range(3):
        desk.run(after=DAY)
    failing = desk.ask("SELECT status, failures FROM feed_health")
    desk.run(after=DAY)

    assert failing == [("failing", 3)]
    assert desk.titles() == {"One"}
    assert desk.state().failures == 0


@pytest.mark.parametrize("script", [Reply(b"", 500), Reply(b"", 503), raw()], ids=["500", "503", "no answer"])
def test_row_56_a_failure_is_not_tried_again_in_the_same_poll(desk: Desk, script: Reply) -> None:
    desk.watch(desk.server.serve("/feed", [script, rss("One")]))
    desk.poll()

    assert len(desk.server.requests()) == 1
    assert desk.state().failures == 1


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (204, ErrorKind.EMPTY),
        (206, ErrorKind.HTTP),
        (300, ErrorKind.HTTP),
        (304, ErrorKind.HTTP),
        (400, ErrorKind.HTTP),
        (404, ErrorKind.NOT_FOUND),
        (418, ErrorKind.HTTP),
        (500, ErrorKind.HTTP),
        (599, ErrorKind.HTTP),
    ],
)
def test_row_57_every_status_has_its_class(desk: Desk, status: int, kind: ErrorKind) -> None:
    desk.watch(desk.server.serve("/feed", Reply(b"words", status)))
    desk.poll()

    assert (desk.state().status, desk.state().error_kind) == (status, kind)
    assert str(status) in desk.state().error


def test_row_57_an_answer_that_is_not_http_is_a_failure(desk: Desk) -> None:
    desk.watch(desk.server.serve("/feed", raw(b"220 mail.mill.example ESMTP\r\n\r\n")))
    desk.poll()

    assert desk.state().error_kind is ErrorKind.HTTP


@pytest.mark.parametrize("status", [200, 203, 226])
def test_row_57_a_success_with_a_body_is_read(desk: Desk, status: int) -> None:
    desk.watch(desk.server.serve("/feed", rss("One", status=status)))
    desk.poll()

    assert desk.titles() == {"One"}


def test_row_58_early_hints_are_skipped(desk: Desk) -> None:
    desk.watch(desk.server.serve("/feed", rss("One", early_hints=True)))
    desk.poll()

    assert desk.titles() == {"One"}

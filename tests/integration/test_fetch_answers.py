"""What comes with an answer; numbers are rows of the behaviour catalogue."""

from __future__ import annotations

from datetime import timedelta

import pytest

from pipeline.model import ErrorKind
from tests.builders_fetch import BODY, failed, fetched
from tests.feed_server import FeedServer, Reply


def test_a_body_comes_whole_with_its_head() -> None:
    with FeedServer() as server:
        result = fetched(server.serve("/feed", Reply(BODY, headers={"Content-Type": "text/xml"})))

    assert result.body == BODY
    assert result.answer.content_type == "text/xml"
    assert result.answer.size == len(BODY)
    assert result.answer.elapsed > timedelta(0)


@pytest.mark.parametrize("body", [b"", b" \r\n\t "])
def test_an_empty_body_is_a_failure(body: bytes) -> None:
    """Row 86."""
    with FeedServer() as server:
        assert failed(server.serve("/feed", Reply(body))).kind is ErrorKind.EMPTY

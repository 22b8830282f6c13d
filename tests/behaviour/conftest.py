"""The desk that every row of the catalogue is tried at."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.builders_behaviour import Desk
from tests.feed_server import FeedServer


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    with FeedServer(host="0.0.0.0") as server:
        yield Desk(server, tmp_path / "desk")

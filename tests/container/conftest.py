"""One image for all tests of the folder, and the figures that they measure."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.container.engine import Engine, built, find_engine


@pytest.fixture(scope="session")
def figures() -> Iterator[list[str]]:
    """Told at the end, each with the command that measured it."""
    lines: list[str] = []
    yield lines
    print("\n" + "\n".join(f"  {line}" for line in lines))


@pytest.fixture(scope="session")
def engine(figures: list[str]) -> Iterator[Engine]:
    """The engine with the image in it."""
    with tempfile.TemporaryDirectory(prefix="newsward-container-", ignore_cleanup_errors=True) as folder:
        found = find_engine(Path(folder))
        with built(found, Path(folder)) as cost:
            figures.extend(cost)
            yield found


@pytest.fixture
def volume(engine: Engine, request: pytest.FixtureRequest) -> Iterator[str]:
    """A named volume that nobody has used yet."""
    name = f"newsward-try-{request.node.originalname.replace('_', '-')[:40]}"
    yield engine.must("volume", "create", name)
    engine.call("volume", "rm", "--force", name)

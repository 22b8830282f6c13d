"""What holds for every test."""

from __future__ import annotations

import logging
from collections.abc import Iterator

import pytest
import structlog
from hypothesis import settings

# The first example pays for what is loaded once (vocabularies, the suffix list), and the machine may be busy.
settings.register_profile("newsward", deadline=None)
settings.load_profile("newsward")


@pytest.fixture(autouse=True)
def _logging_as_it_was() -> Iterator[None]:
    """A test that configures logging, as every command does, leaves none of it behind."""
    root = logging.getLogger()
    level = root.level
    yield
    structlog.reset_defaults()
    logging.captureWarnings(False)
    root.setLevel(level)
    for handler in [one for one in root.handlers if type(one).__module__.startswith("pipeline.")]:
        root.removeHandler(handler)


@pytest.fixture(autouse=True)
def _no_terminal_of_a_known_width(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever runs the tests may have told the width of the terminal, as pytest-xdist does; tables would be drawn."""
    monkeypatch.delenv("COLUMNS", raising=False)

"""Values that are made by the thousand."""

from dataclasses import FrozenInstanceError, fields

import pytest

from pipeline.model import Entry, entry_of


def test_an_entry_made_in_less_time_is_the_same_and_as_frozen() -> None:
    values = {one.name: f"value of {one.name}" for one in fields(Entry)}

    entry = entry_of(**values)

    assert type(entry) is Entry
    assert entry == entry_of(*values.values()) == Entry(**values)  # type: ignore[arg-type]
    assert hash(entry) == hash(Entry(**values))  # type: ignore[arg-type]
    with pytest.raises(FrozenInstanceError):
        entry.title = "another"  # type: ignore[misc]


def test_an_entry_without_one_of_its_values_is_none() -> None:
    with pytest.raises(TypeError):
        entry_of("id", "https://mill.example/feed", "Quay opens")

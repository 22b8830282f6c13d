"""Every file behind a door obeys its protocol, forbids what it does not know, and says what its options mean.

Files are discovered, so that a new source, matcher or channel is held to this on the day it is added.
"""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from typing import Any, get_type_hints

import pytest
from pydantic import BaseModel, SecretStr, ValidationError

from pipeline.plugins import kinds, resolve

# role: its package, and the methods of its door with the number of arguments after self
DOORS: dict[str, tuple[str, dict[str, int]]] = {
    "Source": ("pipeline.sources", {"feeds": 0}),
    "Matcher": ("pipeline.match", {"compile": 1}),
    "Channel": ("pipeline.alert.channels", {"send": 1, "close": 0}),
}
PROTOCOLS = {
    "Source": "pipeline.sources:Source",
    "CompanySource": "pipeline.sources:CompanySource",
    "Matcher": "pipeline.match:AnyMatcher",
    "Channel": "pipeline.alert:Channel",
}
SECRET = ("secret", "token", "password")
EXPECTED = {
    "Source": {"feed", "opml", "site", "sitemap", "query", "edgar"},
    "Matcher": {"names"},
    "Channel": {"apprise", "email", "feed", "file", "stdout", "webhook"},
}
# A source whose feeds depend on the companies has another method in the place of `feeds`.
COMPANY_SOURCES = {"query", "edgar"}


def doors() -> Iterator[tuple[str, str]]:
    for role, (package, _) in DOORS.items():
        for kind in kinds(role=role, package=package):
            yield role, kind


def door(role: str, kind: str) -> type[BaseModel]:
    return resolve(kind, role=role, package=DOORS[role][0])


@pytest.mark.parametrize("role", DOORS)
def test_the_kinds_that_we_promise_are_there(role: str) -> None:
    assert set(kinds(role=role, package=DOORS[role][0])) >= EXPECTED[role]


@pytest.mark.parametrize("role", ["Source", "Channel"])
def test_no_file_of_these_folders_is_left_out(role: str) -> None:
    """A file beside the others is a kind, or the protocol itself."""
    package = DOORS[role][0]
    folder = Path(import_module(package).__path__[0])
    names = {path.stem for path in folder.glob("*.py") if path.stem not in {"__init__", "door"}}

    assert names == set(kinds(role=role, package=package))


@pytest.mark.parametrize(("role", "kind"), tuple(doors()))
def test_a_door_offers_the_methods_of_its_protocol(role: str, kind: str) -> None:
    model = door(role, kind)
    is_of_companies = role == "Source" and kind in COMPANY_SOURCES
    module, _, name = PROTOCOLS["CompanySource" if is_of_companies else role].partition(":")
    protocol = getattr(import_module(module), name)

    for method, arguments in ({"feeds_for": 1} if is_of_companies else DOORS[role][1]).items():
        offered, asked = getattr(model, method), getattr(protocol, method)
        assert len(inspect.signature(offered).parameters) == arguments + 1
        assert get_type_hints(offered)["return"] == get_type_hints(asked)["return"]
        assert inspect.getdoc(offered)


@pytest.mark.parametrize(("role", "kind"), tuple(doors()))
def test_a_door_is_frozen_and_forbids_unknown_options(role: str, kind: str) -> None:
    model = door(role, kind)

    assert model.model_config.get("frozen") is True
    with pytest.raises(ValidationError) as raised:
        model.model_validate({"no_such_option": 1})
    assert "extra_forbidden" in {error["type"] for error in raised.value.errors()}


@pytest.mark.parametrize(("role", "kind"), tuple(doors()))
def test_every_option_of_a_door_is_described(role: str, kind: str) -> None:
    model = door(role, kind)

    assert inspect.getdoc(model)
    assert [name for name, field in model.model_fields.items() if not field.description and name != "kind"] == []


@pytest.mark.parametrize(("role", "kind"), tuple(doors()))
def test_id_and_kind_are_left_to_the_configuration(role: str, kind: str) -> None:
    """They stand in the same table as the options; an option of that name could never be given."""
    fields = door(role, kind).model_fields

    assert "id" not in fields
    assert "kind" not in fields or fields["kind"].default == kind


@pytest.mark.parametrize(("role", "kind"), tuple(doors()))
def test_options_with_a_secrets_name_do_not_show_it(role: str, kind: str) -> None:
    def is_hidden(name: str) -> bool:
        field: Any = door(role, kind).model_fields[name]
        return field.repr is False or SecretStr in {field.annotation, *getattr(field.annotation, "__args__", ())}

    secrets = [name for name in door(role, kind).model_fields if any(word in name for word in SECRET)]
    assert [name for name in secrets if not is_hidden(name)] == []

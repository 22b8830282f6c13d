"""Kinds become classes, options become models, and faults become words without values."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Literal

import pytest
from pydantic import BaseModel, ConfigDict, Field, SecretStr, ValidationInfo, field_validator

from pipeline.errors import ConfigError
from pipeline.plugins import build, duration, kinds, nearest, resolve, together, validate

URL_IS = "a page of the site, usually the first; when it announces no feed, the usual places are tried"
NOT_A_DURATION = (
    'must be a duration such as "30 minutes", or a number of seconds '
    '(units: seconds, minutes, hours, days, weeks or s, m, h, d, w, as in "1 day 12 h")'
)
NOT_A_NUMBER = "must be a string, not a whole number (put it in quotes)"
SOURCES = {"role": "Source", "package": "pipeline.sources"}


class Inner(BaseModel):
    model_config = ConfigDict(extra="forbid")

    text: str


class Options(BaseModel):
    """Stands in for any stage's options."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    count: int = Field(1, ge=0, le=5)
    ratio: float | None = None
    on: bool = False
    words: tuple[str, ...] = ()
    wait: timedelta = Field(timedelta(), ge=timedelta(), le=timedelta(hours=1))
    style: Literal["plain", "rich"] = "plain"
    file: Path = Path()
    inner: tuple[Inner, ...] = ()
    token: SecretStr | None = None
    label: str = Field("x", min_length=1)

    @field_validator("label")
    @classmethod
    def _is_tame(cls, label: str) -> str:
        if label.startswith("hunter"):
            raise ValueError(f"{label} is not allowed here")
        if label == "bad":
            raise ValueError("must be good")
        return label

    @field_validator("file")
    @classmethod
    def _from_here(cls, file: Path, info: ValidationInfo) -> Path:
        return Path((info.context or {})["directory"]) / file


class Needy(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    url: str = Field(description="Where to send.")


def told(options: dict[str, object], model: type[BaseModel] = Options) -> list[str]:
    outcome = validate(model, options, where="here")
    assert isinstance(outcome, tuple)
    return [str(fault) for fault in outcome]


# --------------------------------------------------------------------------- kinds


def test_a_kind_inside_the_tree_is_a_file_and_its_role() -> None:
    model = resolve("opml", **SOURCES)

    assert (model.__module__, model.__name__) == ("pipeline.sources.opml", "Source")


def test_kinds_are_the_files_that_hold_the_role_and_no_others() -> None:
    assert kinds(**SOURCES) == ("edgar", "feed", "opml", "query", "site", "sitemap")


def test_an_unknown_kind_names_the_nearest() -> None:
    with pytest.raises(ConfigError) as raised:
        resolve("ompl", **SOURCES)

    assert str(raised.value) == "source kind 'ompl' is unknown (did you mean 'opml'?)"


@pytest.mark.parametrize("kind", ["zzz", "door", "", "../feed", "Feed", "feed\n", "__init__"])
def test_a_kind_that_is_like_nothing_lists_what_there_is(kind: str) -> None:
    with pytest.raises(ConfigError) as raised:
        resolve(kind, **SOURCES)

    assert str(raised.value).startswith(f"source kind {kind!r} is unknown (")
    assert "feed" in raised.value.remedy


@pytest.fixture
def outside(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.syspath_prepend(tmp_path)
    return tmp_path


def test_a_class_outside_the_tree_is_found_by_module_and_name(outside: Path) -> None:
    (outside / "acme_pager.py").write_text(
        "from pydantic import BaseModel, ConfigDict\n"
        "class Channel(BaseModel):\n"
        "    model_config = ConfigDict(frozen=True, extra='forbid')\n"
        "    number: str\n"
    )

    made = build("acme_pager:Channel", "Channel", "pipeline.alert.channels", {"number": "112"}, "here")

    assert made.model_dump() == {"number": "112"}


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("raise RuntimeError('no battery')", "cannot be imported: RuntimeError: no battery"),
        ("def broken(:", "cannot be imported: SyntaxError"),
        ("import module_that_nobody_has", "cannot be imported: ModuleNotFoundError"),
        ("x = 1", "module 'acme_{n}' has no 'Channel'"),
        ("class Channel: pass", "is no pydantic model"),
        ("from pydantic import BaseModel\nclass Channel(BaseModel): pass", "would swallow misspelt options"),
    ],
)
def test_an_outside_class_that_cannot_be_used_is_a_fault_with_its_cause(
    outside: Path, source: str, message: str, request: pytest.FixtureRequest
) -> None:
    name = f"acme_{abs(hash(request.node.name))}"
    (outside / f"{name}.py").write_text(source)

    with pytest.raises(ConfigError) as raised:
        resolve(f"{name}:Channel", role="Channel", package="pipeline.alert.channels")

    assert message.replace("acme_{n}", name) in str(raised.value)


@pytest.mark.parametrize("kind", [":", "a:", ":B", "a b:C", "os;x:C", "a::B", "a.:B"])
def test_an_outside_kind_must_be_written_module_colon_class(kind: str) -> None:
    with pytest.raises(ConfigError, match="is not written as module:Class"):
        resolve(kind, role="Channel", package="pipeline.alert.channels")


def test_build_tells_where_and_all_that_is_wrong() -> None:
    with pytest.raises(ConfigError) as raised:
        build("site", "Source", "pipeline.sources", {"ulr": "x", "tier": 9}, "feeds.toml: source 1 (site)")

    assert str(raised.value).splitlines() == [
        "feeds.toml: source 1 (site): key 'url' is missing (" + URL_IS + ")",
        "feeds.toml: source 1 (site): key 'tier' must be at most 5",
        "feeds.toml: source 1 (site): key 'ulr' is unknown (did you mean 'url'?)",
    ]


def test_build_tells_where_an_unknown_kind_stands() -> None:
    with pytest.raises(ConfigError, match=r"^feeds.toml: source 1: source kind 'ompl' is unknown"):
        build("ompl", "Source", "pipeline.sources", {}, "feeds.toml: source 1")


# --------------------------------------------------------------------------- options


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"cuont": 1}, "key 'cuont' is unknown (did you mean 'count'?)"),
        ({"count": 9}, "key 'count' must be at most 5"),
        ({"count": -1}, "key 'count' must be at least 0"),
        ({"count": "many"}, "key 'count' must be a whole number"),
        ({"count": 1.5}, "key 'count' must be a whole number, not a decimal number"),
        ({"count": True}, "key 'count' must be a number, not a boolean"),
        ({"ratio": True}, "key 'ratio' must be a number, not a boolean"),
        ({"ratio": []}, "key 'ratio' must be a number, not an array"),
        ({"on": "perhaps"}, "key 'on' must be true or false"),
        ({"words": "one"}, "key 'words' must be an array, not a string"),
        ({"words": ["one", True]}, "item 2 of key 'words' must be a string, not a boolean (put it in quotes)"),
        ({"words": [1810]}, "item 1 of key 'words' must be a string, not a whole number (put it in quotes)"),
        ({"wait": True}, "key 'wait' must be a number, not a boolean"),
        ({"wait": "soon"}, f"key 'wait' {NOT_A_DURATION}"),
        ({"wait": "10 minuets"}, f"key 'wait' {NOT_A_DURATION}"),
        ({"wait": "2 hours"}, "key 'wait' must be at most 1 hour"),
        ({"style": "rihc"}, "key 'style' must be 'plain' or 'rich'"),
        ({"file": 3}, "key 'file' must be a string, not a whole number"),
        ({"label": ""}, "key 'label' must not be empty"),
        ({"label": "bad"}, "key 'label': must be good"),
        ({"inner": [{"text": "a"}, {"text": 1}]}, f"key 'text' of item 2 of key 'inner' {NOT_A_NUMBER}"),
    ],
)
def test_a_fault_is_told_in_words_of_toml(options: dict[str, object], message: str) -> None:
    assert told(options) == [f"here: {message}"]


def test_an_unknown_key_like_no_other_lists_the_known_ones() -> None:
    (fault,) = told({"url": "x", "qqq": 1}, Needy)

    assert fault == "here: key 'qqq' is unknown (known keys: url)"


def test_a_missing_key_is_explained_by_its_description() -> None:
    assert told({}, Needy) == ["here: key 'url' is missing (Where to send.)"]


def test_all_faults_come_together() -> None:
    assert len(told({"count": "x", "wodrs": [], "style": 1, "label": ""})) == 4


def test_values_never_appear_in_messages() -> None:
    secret = "hunter2-very-secret"

    faults = told({"count": secret, "style": secret, "label": secret, "words": secret, "token": [secret], "on": secret})

    assert len(faults) == 6
    assert secret not in "\n".join(faults)


def test_a_number_too_long_for_its_type_is_told() -> None:
    assert told({"count": "9" * 5000}) == ["here: key 'count' must be a whole number"]


def test_relative_paths_start_from_the_configuration(tmp_path: Path) -> None:
    made = validate(Options, {"file": "a.txt"}, where="here", directory=tmp_path)

    assert isinstance(made, Options)
    assert made.file == tmp_path / "a.txt"


def test_a_thousand_faults_of_one_table_are_cut() -> None:
    assert len(told({"words": [1] * 1000})) == 50


@pytest.mark.parametrize(
    ("words", "seconds"),
    [
        ("30 minutes", 1800),
        ("1 minute", 60),
        ("90s", 90),
        ("1.5 h", 5400),
        ("1 day 12 hours", 129600),
        ("2 weeks", 1209600),
        ("0 s", 0),
    ],
)
def test_durations_are_written_as_people_say_them(words: str, seconds: float) -> None:
    assert duration(words) == timedelta(seconds=seconds)


@pytest.mark.parametrize("words", ["", "soon", "10", "3 months", "-1 h", "1 h ago", "h", "1e5 s", "9" * 400 + " w"])
def test_other_words_are_no_duration(words: str) -> None:
    assert duration(words) is None


def test_a_duration_in_words_becomes_the_option() -> None:
    made = validate(Options, {"wait": "0 s"}, where="here")
    later = validate(Options, {"wait": "30 minutes"}, where="here")

    assert isinstance(made, Options)
    assert isinstance(later, Options)
    assert (made.wait, later.wait) == (timedelta(), timedelta(minutes=30))


def test_one_fault_is_itself_and_many_are_lines() -> None:
    faults = [ConfigError(f"fault {number}", where="here") for number in range(60)]

    assert together(faults[:1]) is faults[0]
    assert str(together(faults[:2])) == "here: fault 0\nhere: fault 1"
    assert str(together(faults)).splitlines()[-1] == "... and 10 more"


def test_a_much_shorter_word_is_not_near() -> None:
    assert nearest("path", ["at", "keep"]) == ""
    assert nearest("ta", ["at"]) == ""
    assert nearest("pth", ["path", "at"]) == "did you mean 'path'?"

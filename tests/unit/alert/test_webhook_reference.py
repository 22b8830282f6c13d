import json
import re
import time
from base64 import b64encode
from pathlib import Path

import jsonschema
import pytest

from pipeline.alert import AlertOptions
from pipeline.alert.channels.webhook import _PERMANENT, Channel, sign
from tests.builders_alert import SCHEMA, violations
from tests.builders_message import digest, story, update, warning

REFERENCE = Path("docs/webhook.md").read_text(encoding="utf-8")


def block(language):
    return re.search(rf"```{language}\n(.*?)```", REFERENCE, re.DOTALL)[1]


def described(schema):
    for name, value in schema.get("properties", {}).items():
        yield name
        yield from described(value)
    for definition in schema.get("$defs", {}).values():
        yield from described(definition)


def test_the_example_fits_the_schema_and_has_every_key():
    example = json.loads(block("json"))

    story = SCHEMA["$defs"]["story"]
    assert violations(example) == []
    assert set(story["properties"]) - {"test", "replay", "zone"} == set(example)


def test_there_is_an_example_of_each_type_and_each_fits():
    examples = [json.loads(found) for found in re.findall(r"```json\n(.*?)```", REFERENCE, re.DOTALL)]

    assert [example["type"] for example in examples] == ["story", "update", "digest", "warning"]
    assert [violations(example) for example in examples] == [[], [], [], []]


def test_the_schema_is_one_for_every_validator():
    validator = jsonschema.Draft202012Validator(SCHEMA)
    validator.check_schema(SCHEMA)

    payloads = [story(), update(), digest([story(), update()], coverage=None), warning()]
    assert [list(validator.iter_errors(payload)) for payload in payloads] == [[], [], [], []]
    assert list(validator.iter_errors(digest([warning()])))


@pytest.mark.parametrize(
    "change", [{"version": 2}, {"title": "x" * 301}, {"url": "javascript:x"}, {"companies": []}, {"new": 1}]
)
def test_the_check_of_the_schema_can_fail(change):
    assert violations({**json.loads(block("json")), **change})


def test_every_key_of_the_schema_is_explained():
    table = REFERENCE[REFERENCE.index("| key | meaning |") :]

    assert [name for name in described(SCHEMA) if not re.search(rf"[`.]{name}`", table)] == []


def test_every_option_of_the_channel_is_shown():
    assert [name for name in Channel.model_fields if f"\n{name} = " not in block("toml")] == []


def test_the_statuses_that_give_up_are_the_documented_ones():
    rows = [line for line in REFERENCE.splitlines() if "Given up" in line]

    assert {int(status) for row in rows for status in re.findall(r"`(\d{3})`", row)} == _PERMANENT


def test_the_figures_are_the_defaults():
    options = AlertOptions()

    assert (
        f"double from {options.backoff_base.seconds} seconds to {options.backoff_cap.seconds // 3600} hours"
        in REFERENCE
    )
    assert f"After {options.max_attempts} attempts" in REFERENCE
    assert options.stop_after == 3
    assert "fails three times in a row" in REFERENCE


def test_the_recipe_accepts_what_we_sign_and_nothing_else():
    names = {}
    exec(block("python"), names)
    key, body, moment = bytes(range(32)), '{"title":"小米"}'.encode(), int(time.time())
    secret = f"whsec_{b64encode(key).decode()}"

    def genuine(body=body, moment=moment, **headers):
        given = {
            "webhook-id": "a1",
            "webhook-timestamp": str(moment),
            "webhook-signature": sign(key, "a1", moment, body),
        }
        return names["is_genuine"](secret, {**given, **headers}, body)

    assert genuine()
    assert not genuine(moment=moment - 400)
    assert not genuine(**{"webhook-id": "a2"})
    assert not genuine(**{"webhook-signature": sign(bytes(32), "a1", moment, body)})

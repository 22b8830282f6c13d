import json
import re
import time
from base64 import b64encode
from pathlib import Path

import pytest

from pipeline.alert import AlertOptions
from pipeline.alert.channels.webhook import _PERMANENT, Channel, sign
from tests.builders_alert import SCHEMA, violations

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

    assert violations(example) == []
    assert set(SCHEMA["required"]) == set(SCHEMA["properties"]) - {"news", "first"} == set(example)


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

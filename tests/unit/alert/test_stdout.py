import io
import json
import sys

import pytest

from pipeline.alert import render
from pipeline.alert.channels.stdout import Channel
from pipeline.model import SendFailed, Sent
from tests.builders_alert import alert

PAYLOAD = {"title": "小米 \x9b31m \u202e", "severity": "normal", "rules": ["r"]}


def test_the_message_goes_to_standard_output(capsys):
    assert Channel().send(alert(payload=PAYLOAD)) == Sent()
    assert capsys.readouterr().out == f"{render(PAYLOAD)}\n"


def test_json_is_one_line_that_a_terminal_survives(capsys):
    Channel(format="json").send(alert(payload=PAYLOAD))

    out = capsys.readouterr().out
    assert out.isascii()
    assert out.count("\n") == 1
    assert json.loads(out) == PAYLOAD


def test_an_output_that_knows_no_chinese_still_gets_the_message(monkeypatch):
    raw = io.BytesIO()
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(raw, encoding="ascii"))

    assert Channel().send(alert(payload=PAYLOAD)) == Sent()
    assert raw.getvalue().startswith(b"\\u5c0f\\u7c73 31m\n")


class Full(io.StringIO):
    def flush(self):
        raise OSError(28, "No space left on device")


@pytest.mark.parametrize("broken", ["closed", "full"])
def test_an_output_that_cannot_be_written_is_a_failure_that_may_pass(monkeypatch, broken):
    stream = Full() if broken == "full" else io.StringIO()
    if broken == "closed":
        stream.close()
    monkeypatch.setattr(sys, "stdout", stream)

    result = Channel().send(alert(payload=PAYLOAD))

    assert isinstance(result, SendFailed)
    assert result.reason.startswith("standard output cannot be written: ")
    assert not result.permanent

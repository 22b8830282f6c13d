import hashlib
import hmac
from base64 import b64decode, b64encode
from datetime import UTC, datetime, timedelta

import httpx
import pytest
from pydantic import ValidationError

from pipeline.alert.channels.webhook import Channel, _drain, _retry_after, sign

KEY = bytes(range(32))
SECRET = f"whsec_{b64encode(KEY).decode()}"
URL = "https://user:word@hooks.example/T000/private?token=abc"


def test_the_signature_is_that_of_the_specifications_own_example():
    # The vector that the reference libraries of Standard Webhooks test themselves against.
    key = b64decode("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")

    signature = sign(key, "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, b'{"test": 2432232314}')

    assert signature == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


def test_the_signature_covers_id_moment_and_body():
    mac = hmac.new(KEY, b"a1.7.{}", hashlib.sha256).digest()

    assert sign(KEY, "a1", 7, b"{}") == f"v1,{b64encode(mac).decode()}"


def test_nothing_secret_shows_in_a_channel_nor_in_what_is_wrong_with_it():
    channel = Channel(url=URL, secret=SECRET, headers={"Authorization": "Bearer abcdef"})
    shown = f"{channel!r} {channel} {channel.model_dump()} {channel.model_dump_json()}"
    with pytest.raises(ValidationError) as wrong:
        Channel(url="ftp://user:word@hooks.example", secret="whsec_short", headers={"Host": "abcdef"}, timeout=-1)

    for text in (shown, str(wrong.value)):
        assert not any(secret in text for secret in ("word@", "private", "abc", SECRET, "short"))
    assert wrong.value.error_count() == 4


@pytest.mark.parametrize(
    "url", ["", "hooks.example", "ftp://hooks.example/", "https://", "javascript:x", "http://[::1"]
)
def test_an_address_that_is_none_is_refused(url):
    with pytest.raises(ValidationError, match="must be"):
        Channel(url=url)


@pytest.mark.parametrize(
    ("secret", "why"),
    [
        (b64encode(KEY).decode(), "begin with whsec_"),
        ("whsec_", "24 to 64 bytes"),
        (f"whsec_{b64encode(bytes(23)).decode()}", "24 to 64 bytes"),
        (f"whsec_{b64encode(bytes(65)).decode()}", "24 to 64 bytes"),
        ("whsec_not base64!", "base64"),
    ],
)
def test_a_signing_key_that_is_none_is_refused_with_the_reason(secret, why):
    with pytest.raises(ValidationError, match=why):
        Channel(url=URL, secret=secret)


@pytest.mark.parametrize(
    "headers",
    [{"X": "a\r\nX-Evil: 1"}, {"X\n": "a"}, {"X": ""}, {"X": "ü"}, {"webhook-ID": "a"}, {"Content-Type": "text/plain"}],
)
def test_headers_that_would_break_the_request_or_its_promises_are_refused(headers):
    with pytest.raises(ValidationError):
        Channel(url=URL, headers=headers)


@pytest.mark.parametrize(
    ("value", "wait"),
    [
        ("0", timedelta()),
        (" 120 ", timedelta(minutes=2)),
        ("99999999999999999999", timedelta(seconds=10**9)),
        ("Mon, 02 Mar 2026 09:31:00 GMT", timedelta(minutes=1)),
        ("Mon, 02 Mar 2026 09:31:00 -0000", timedelta(minutes=1)),
        ("Mon, 02 Mar 2026 09:00:00 GMT", timedelta()),
        ("-5", None),
        ("1.5", None),
        ("soon", None),
        ("", None),
        ("²", None),
        ("Mon, 99 Mar 99999 09:31:00 GMT", None),
    ],
)
def test_retry_after_is_seconds_or_a_date_or_nothing(value, wait):
    assert _retry_after({"Retry-After": value}, datetime(2026, 3, 2, 9, 30, tzinfo=UTC)) == wait


@pytest.mark.parametrize(("pause", "read"), [(0, 66), (3, 4)])
def test_an_endless_answer_is_left_after_its_limit_of_bytes_or_time(pause, read):
    chunks = []

    def endless():
        while len(chunks) < 500:
            chunks.append(b"x" * 1_000)
            yield chunks[-1]

    _drain(httpx.Response(200, content=endless()), timedelta(seconds=10), clock=lambda: len(chunks) * pause)

    assert len(chunks) == read

import pytest
from pydantic import SecretStr

from pipeline.model import Feed
from pipeline.observe import redact, redact_url
from pipeline.observe.redact import Masker, is_secret_name


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("https://user:word@news.example/feed?q=1", "https://***@news.example/feed?q=1"),
        ("https://token@news.example/feed", "https://***@news.example/feed"),
        ("https://a@b:word@news.example/", "https://***@news.example/"),
        ("https://news.example/@author/piece", "https://news.example/@author/piece"),
        ("https://news.example/f?api_key=123&q=key&KEY=4", "https://news.example/f?api_key=***&q=key&KEY=***"),
        (
            "https://news.example/f?X-Amz-Signature=ab&access%5Ftoken=cd",
            "https://news.example/f?X-Amz-Signature=***&access%5Ftoken=***",
        ),
        ("https://news.example/f#accessToken=ab&x=1", "https://news.example/f#accessToken=***&x=1"),
        ("https://news.example/f?a=1&amp;sig=ab;pwd=cd", "https://news.example/f?a=1&amp;sig=***;pwd=***"),
        ("https://news.example/f?token=", "https://news.example/f?token="),
        ("https://news.example/f?author=a&keyword=b&design=c", "https://news.example/f?author=a&keyword=b&design=c"),
        ("postgres://user:word@db.example/x", "postgres://***@db.example/x"),
        ("", ""),
    ],
)
def test_a_url_loses_its_credentials_and_nothing_else(url, shown):
    assert redact_url(url) == shown


@pytest.mark.parametrize(
    "name",
    [
        *("password", "api_key", "apiKey", "APIKey", "x-api-key", "Authorization", "Proxy-Authorization", "SIG"),
        *("client_secret", "accesstoken", "Set-Cookie", "session_id", "sessionid", "signing_key", "private_key"),
        "webhook-signature",
    ],
)
def test_names_that_hold_secrets_are_known(name):
    assert is_secret_name(name)


@pytest.mark.parametrize(
    "name", ["key", "keys", "author", "feed", "keyword", "monkey", "design", "status", "passed", "title", ""]
)
def test_harmless_names_are_left_alone(name):
    assert not is_secret_name(name)


def test_secrets_are_found_at_any_depth_and_in_any_container():
    told = redact("x", {"a": [{"token": "abc", "n": 1}], "b": ("https://user:word@x.example/",), "password": ""})

    assert told == {"a": [{"token": "***", "n": 1}], "b": ["https://***@x.example/"], "password": ""}


def test_headers_written_as_pairs_are_headers():
    feed = Feed("https://user:word@news.example/", headers=(("Authorization", "Bearer abc"), ("Accept", "text/xml")))

    told = redact("feed", feed)

    assert told["url"] == "https://***@news.example/"
    assert told["headers"] == [["Authorization", "***"], ["Accept", "text/xml"]]


def test_what_lies_too_deep_is_not_written():
    value = "abc"
    for _ in range(9):
        value = {"in": value}

    assert "abc" not in str(redact("x", value))


def test_other_things_become_text_without_their_secrets():
    error = ValueError("https://user:word@news.example/")

    assert redact("error", error) == "https://***@news.example/"
    assert "word" not in redact("url", SecretStr("word"))


def test_a_known_secret_is_masked_wherever_it_stands():
    mask = Masker(["sesame-one", "sesame-one-and-more", "sesame two"])

    shown = mask("a sesame-one-and-more, sesame-onesesame-one 小米 /sesame%20two/ (sesame two)")

    assert shown == "a ***, ****** 小米 /***/ (***)"


def test_a_short_secret_is_left_to_the_rules_of_names_and_addresses():
    assert Masker(["news", ""])("news of the day") == "news of the day"


def test_nobody_elses_words_are_masked():
    assert Masker(["sesame-one"])("小米 sesame-on e") == "小米 sesame-on e"


def test_two_sentences_are_no_header_and_its_value():
    told = redact("faults", ["company 2: key 'name' is missing", "company 2: key 'nme' is unknown"])

    assert told == ["company 2: key 'name' is missing", "company 2: key 'nme' is unknown"]

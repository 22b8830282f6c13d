"""Which values of a configuration are known to be secrets."""

from __future__ import annotations

from pathlib import Path

from pipeline.config import load
from tests.builders_run import write_config

PATH = "T0123/B4567/abcdefghijklmnop"


def secrets(directory: Path, main: str, feeds: str, **environ: str) -> frozenset[str]:
    write_config(directory, [])
    with (directory / "newsward.toml").open("a", encoding="utf-8") as file:
        file.write(main)
    (directory / "feeds.toml").write_text(feeds, encoding="utf-8")
    return load(directory, environ).secrets


def test_a_channels_secrets_are_known_and_what_of_its_address_is_one(tmp_path: Path) -> None:
    table = f"""
[[channel]]
id = "chat"
kind = "webhook"
url = "https://user:sesame%20word@hooks.example/services/{PATH}?key=k"
headers = {{ X-Api = "sesame-header" }}
"""
    known = secrets(tmp_path, table, "")

    assert {"sesame word", f"/services/{PATH}", "abcdefghijklmnop", "sesame-header", "key=k"} <= known


def test_every_long_part_of_a_services_address_is_known(tmp_path: Path) -> None:
    table = """
[[channel]]
id = "chat"
kind = "apprise"
url = "slack://T1JJ3T3L2/A1BRTD4JD/TIiajkdnlazkcOXrIdevi7FQ"

[[channel]]
id = "phone"
kind = "apprise"
url = "tgram://123456789:abcdefg_hijklmnop-ABCDEFGHIJKLMNO/12315544"

[[channel]]
id = "mail"
kind = "email"
host = "mail.example"
user = "news"
password = "sesame-mail"
sender = "news@example.com"
to = ["desk@example.com"]
"""
    known = secrets(tmp_path, table, "")

    assert {"TIiajkdnlazkcOXrIdevi7FQ", "abcdefg_hijklmnop-ABCDEFGHIJKLMNO", "sesame-mail"} <= known
    assert "desk@example.com" not in known


def test_what_a_feed_sends_is_known_but_not_what_tells_nothing(tmp_path: Path) -> None:
    feed = """
[[feed]]
url = "https://user:word@news.example/feed"
headers = { X-Who = "sesame-one", Cookie = "session=two", Accept-Language = "en-GB,en" }
"""
    known = secrets(tmp_path, "", feed)

    assert known - {""} == {"sesame-one", "session=two", "Basic dXNlcjp3b3Jk", "dXNlcjp3b3Jk"}


def test_variables_are_secrets_by_their_name_and_files_always(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("sesame-file\n", encoding="utf-8")
    feed = '[[feed]]\nurl = "https://${HOST}/${API_TOKEN}"\ntitle = "${PLACE}"\n'

    known = secrets(
        tmp_path, "", feed, HOST="news.example", API_TOKEN="sesame-token", PLACE_FILE=str(tmp_path / "file")
    )

    assert known == {"sesame-token", "sesame-file"}

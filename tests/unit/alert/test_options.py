from pathlib import Path

import pytest

from pipeline.alert.channels.stdout import Channel
from pipeline.alert.options import template_concerns, template_faults
from pipeline.plugins import validate


def test_templates_that_cannot_be_loaded_are_told_with_file_and_line(tmp_path):
    (tmp_path / "story.txt").write_text("{{ title }}")
    (tmp_path / "update.txt").write_text("one\n{% if %}\n")
    (tmp_path / "digest.md").write_text("one\n\n{{ title | shout }}")
    (tmp_path / "warning.part.html").write_bytes(b"\xff")

    assert list(template_faults(tmp_path)) == [
        "digest.md, line 3: No filter named 'shout'.",
        "update.txt, line 2: Expected an expression, got 'end of statement block'",
        "warning.part.html is not UTF-8",
    ]


def test_a_file_that_nothing_asks_for_is_told_and_a_part_is_not(tmp_path):
    (tmp_path / "sotry.txt").write_text("{{ title }}")
    (tmp_path / "_part.txt").write_text("{{ title }}")
    (tmp_path / ".hidden").write_text("{{")

    assert list(template_faults(tmp_path)) == [
        (
            "sotry.txt is asked for by nothing; names are one of story, update, digest, warning and one of .title.txt, "
            ".txt, .md, .part.html, .html"
        )
    ]


def test_a_folder_that_is_not_there_is_told(tmp_path):
    assert list(template_faults(tmp_path / "absent")) == ["cannot be read: No such file or directory"]


def test_a_fault_of_a_template_is_one_of_the_configuration(tmp_path):
    folder = tmp_path / "words"
    folder.mkdir()
    (folder / "story.txt").write_text("{{ title")

    (fault,) = validate(Channel, {"templates": "words"}, where="newsward.toml: channel 1 (desk)", directory=tmp_path)

    assert str(fault).startswith("newsward.toml: channel 1 (desk): key 'templates': story.txt, line 1: unexpected end")


@pytest.mark.parametrize("given", ["words", "./words"])
def test_the_folder_starts_at_that_of_the_configuration(tmp_path, given):
    (tmp_path / "words").mkdir()
    (tmp_path / "words" / "story.txt").write_text("{{ title }}")

    channel = validate(Channel, {"templates": given}, where="", directory=tmp_path)

    assert list(channel.files()) == [tmp_path / "words" / "story.txt"]
    assert list(Channel().files()) == []


def test_a_folder_that_has_gone_since_has_no_files(tmp_path):
    folder = tmp_path / "words"
    folder.mkdir()
    channel = validate(Channel, {"templates": "words"}, where="", directory=tmp_path)
    folder.rmdir()

    assert list(channel.files()) == []


def test_names_that_no_message_has_are_told(tmp_path):
    (tmp_path / "story.txt").write_text("{{ titel }} {{ publisher }} {% for n in range(3) %}{{ n }}{% endfor %}")
    (tmp_path / "digest.md").write_text("{% for group in groups %}{{ group.name }}{{ zzz }}{% endfor %}")
    (tmp_path / "_part.txt").write_text("{{ anything }}")

    assert list(template_concerns(tmp_path)) == [
        ("digest.md: there is no 'zzz' in such a message", "docs/webhook.md has the names"),
        ("story.txt: there is no 'titel' in such a message", "did you mean 'title'?"),
    ]
    assert list(template_concerns(None)) == []


def test_our_own_templates_ask_for_nothing_that_is_not_there():
    assert list(template_concerns(Path("pipeline/alert/templates"))) == []
    assert list(template_faults(Path("pipeline/alert/templates"))) == []

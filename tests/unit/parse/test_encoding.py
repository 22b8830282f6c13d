"""Which encoding a document is in, against what it says."""

import codecs
import gzip

import pytest

from pipeline.parse.encoding import MAX_INFLATED, decode

RUSSIAN = "<rss><title>Новости дня: порт открыт</title></rss>"


def declared(encoding: str, text: str) -> bytes:
    return f'<?xml version="1.0" encoding="{encoding}"?>'.encode() + text.encode(encoding)


@pytest.mark.parametrize(
    ("encoding", "text"),
    [
        ("windows-1251", RUSSIAN),
        ("koi8-r", RUSSIAN),
        ("iso-8859-2", "<t>Zażółć gęślą jaźń</t>"),
        ("iso-8859-7", "<t>Ειδήσεις</t>"),
        ("shift_jis", "<t>港のニュース</t>"),
        ("euc-jp", "<t>港のニュース</t>"),
        ("euc-kr", "<t>항구 뉴스</t>"),
        ("big5", "<t>港口新聞</t>"),
        ("gbk", "<t>港口新闻</t>"),
    ],
)
def test_a_declared_encoding_is_believed(encoding: str, text: str) -> None:
    result = decode(declared(encoding, text))

    assert text in result.text
    assert result.damage == ""


@pytest.mark.parametrize(
    ("label", "superset", "text"),
    [
        ("gb2312", "gb18030", "<t>港口镕</t>"),
        ("iso-8859-1", "cp1252", "<t>It’s “new” – 5€</t>"),
        ("us-ascii", "cp1252", "<t>naïve</t>"),
        ("shift_jis", "cp932", "<t>髙﨑①</t>"),
        ("ks_c_5601-1987", "cp949", "<t>똠방</t>"),
    ],
)
def test_a_label_is_widened_to_what_is_used_under_it(label: str, superset: str, text: str) -> None:
    body = f'<?xml version="1.0" encoding="{label}"?>'.encode() + text.encode(superset)

    assert text in decode(body).text


@pytest.mark.parametrize(
    ("mark", "encoding"),
    [
        (codecs.BOM_UTF8, "utf-8"),
        (codecs.BOM_UTF16_LE, "utf-16-le"),
        (codecs.BOM_UTF16_BE, "utf-16-be"),
        (codecs.BOM_UTF32_LE, "utf-32-le"),
        (codecs.BOM_UTF32_BE, "utf-32-be"),
        (b"", "utf-16-le"),
        (b"", "utf-16-be"),
        (b"", "utf-32-be"),
    ],
)
def test_a_byte_order_mark_or_wide_characters_beat_every_label(mark: bytes, encoding: str) -> None:
    text = '<?xml version="1.0" encoding="ISO-8859-1"?>' + RUSSIAN

    assert decode(mark + text.encode(encoding), content_type="text/xml; charset=koi8-r").text == text


def test_valid_utf8_wins_over_a_label_of_single_bytes() -> None:
    body = '<?xml version="1.0" encoding="windows-1252"?><t>Grüße</t>'.encode()

    result = decode(body)

    assert "Grüße" in result.text
    assert "utf-8" in result.damage


@pytest.mark.parametrize("label", ["utf-16", "x-nobody-knows", "rot13", "unicode_escape", "idna", "zlib", "utf-7"])
def test_a_label_that_cannot_be_true_or_is_no_character_set_is_passed_over(label: str) -> None:
    body = f'<?xml version="1.0" encoding="{label}"?>{RUSSIAN}'.encode()

    assert RUSSIAN in decode(body).text


def test_a_charset_that_fails_gives_way_to_the_prolog() -> None:
    result = decode(declared("windows-1251", RUSSIAN), content_type="text/xml; charset=utf-8")

    assert RUSSIAN in result.text


@pytest.mark.parametrize(
    ("encoding", "language"), [("cp1253", "el"), ("cp1250", "pl-PL"), ("cp949", "ko"), ("cp932", "ja")]
)
def test_what_is_undeclared_is_guessed_by_the_language_of_the_feed(encoding: str, language: str) -> None:
    text = {"el": "Ειδήσεις", "pl-PL": "Zażółć", "ko": "항구 뉴스", "ja": "港のニュースとカメラ"}[language]

    result = decode(f"<t>{text}</t>".encode(encoding), language=language)

    assert text in result.text
    assert "guessed" in result.damage


@pytest.mark.parametrize("encoding", ["cp1251", "koi8-r"])
def test_undeclared_cyrillic_is_known_by_whole_words_beyond_ascii(encoding: str) -> None:
    assert decode(RUSSIAN.encode(encoding)).text == RUSSIAN


def test_undeclared_western_text_is_windows_1252() -> None:
    text = "<t>Der Börsengang – für 5€, naïvely</t>"

    assert decode(text.encode("cp1252")).text == text


def test_odd_bytes_within_utf8_are_read_as_windows_1252_and_the_rest_stays() -> None:
    body = '<?xml version="1.0" encoding="utf-8"?><t>Порт '.encode() + b"Caf\xe9 \x93new\x94" + " 港</t>".encode()

    result = decode(body)

    assert "Порт Café “new” 港" in result.text
    assert "not" in result.damage


def test_no_control_character_comes_through() -> None:
    result = decode(b"a\0b\x0bc\x0cd\x1fe\x7f\tf\r\ng\xef\xbf\xbfh")

    assert result.text == "ab c d e\tf\r\ngh"


def test_a_body_that_is_still_gzip_is_unpacked_and_bounded() -> None:
    assert decode(gzip.compress(gzip.compress(RUSSIAN.encode()))).text == RUSSIAN
    assert len(decode(gzip.compress(b"a" * (MAX_INFLATED + 1000))).text) == MAX_INFLATED
    assert decode(b"\x1f\x8b\x08 broken").text != ""

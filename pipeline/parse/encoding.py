"""Bytes to text: which encoding a document is really in, whatever it says, and what had to be guessed."""

from __future__ import annotations

import codecs
import re
import zlib
from collections.abc import Iterator
from dataclasses import dataclass

from pipeline.parse.charset import guess_encoding

MAX_INFLATED = 10 * 1024 * 1024  # bytes; what the fetcher lets through as a whole body

_BOMS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),  # before UTF-16, whose mark it begins with
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
# A document begins with "<" or "{" and an ASCII character: XML 1.0 appendix F.1.
_WIDE = (
    (re.compile(rb"[<{]\0\0\0[^\0]\0\0\0"), "utf-32-le"),
    (re.compile(rb"\0\0\0[<{]\0\0\0[^\0]"), "utf-32-be"),
    (re.compile(rb"[<{]\0[^\0]\0"), "utf-16-le"),
    (re.compile(rb"\0[<{]\0[^\0]"), "utf-16-be"),
)
_PROLOG = re.compile(rb"<\?xml[^>]{0,200}?encoding\s*=\s*[\"']([A-Za-z0-9._:-]{1,40})[\"']")
_CHARSET = re.compile(r"charset\s*=\s*[\"']?([A-Za-z0-9._:-]{1,40})", re.IGNORECASE)
_LANGUAGE = re.compile(rb"(?:<(?:dc:)?language>\s*|xml:lang\s*=\s*[\"'])([A-Za-z]{2,3})\b")
_HEAD = 4096  # bytes in which a document may tell its encoding and language
_VALID_OR_ODD = re.compile(
    rb"(?:[\xc2-\xdf][\x80-\xbf]|[\xe0-\xef][\x80-\xbf]{2}|[\xf0-\xf4][\x80-\xbf]{3})+|([\x80-\xff]+?)"
)
# Control characters that XML 1.0 2.2 forbids, lone surrogates (which no encoding can write), and marks of byte order.
_FORBIDDEN = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff\ufeff\ufffe\uffff]")

# Where a label names a subset, publishers use the superset: WHATWG Encoding Standard 4.2.
_SUPERSETS = {
    "ascii": "cp1252",
    "iso8859-1": "cp1252",
    "iso8859-9": "cp1254",
    "iso8859-11": "cp874",
    "tis-620": "cp874",
    "gb2312": "gb18030",
    "gbk": "gb18030",
    "big5": "big5hkscs",
    "shift_jis": "cp932",
    "euc_kr": "cp949",
    "utf-16": "utf-16-le",
    "utf-32": "utf-32-le",
}
# Python also registers codecs that are no character sets, are slow on purpose-made input, or run escapes.
_TRUSTED = re.compile(
    r"utf-8|utf-(?:16|32)(?:-[bl]e)?|ascii|iso8859-\d+|cp\d+|koi8-[rut]|mac-\w+|tis-620|gb2312|gbk|gb18030"
    r"|big5(?:hkscs)?|shift_jis(?:_2004|x0213)?|euc_(?:jp|kr|jis_2004|jisx0213)|iso2022_jp\w*|johab"
)
_BY_LANGUAGE = {
    **dict.fromkeys(("ru", "uk", "bg", "be", "sr", "mk", "kk"), ("cp1251", "koi8-r")),
    **dict.fromkeys(("pl", "cs", "sk", "hu", "sl", "hr", "ro"), ("cp1250",)),
    **dict.fromkeys(("lt", "lv", "et"), ("cp1257",)),
    **dict.fromkeys(("ar", "fa", "ur"), ("cp1256",)),
    "el": ("cp1253",),
    "tr": ("cp1254",),
    "he": ("cp1255",),
    "vi": ("cp1258",),
    "th": ("cp874",),
    "ja": ("euc_jp", "cp932"),
    "ko": ("cp949",),
    "zh": ("gb18030", "big5hkscs"),
}


_CONTROLS = bytes(code for code in (*range(0x20), 0x7F) if code not in b"\t\n\r")
# U+FEFF, U+FFFE and U+FFFF; UTF-8 has no surrogates.
_MARKS = re.compile(rb"\xef(?:\xbb\xbf|\xbf[\xbe\xbf])")


@dataclass(frozen=True, slots=True)
class Text:
    """A decoded document; ``damage`` says what was guessed or mended, "" = nothing."""

    text: str
    damage: str = ""


def decode(body: bytes, *, content_type: str = "", language: str = "") -> Text:
    """The text of a document, without byte order mark and without characters that no document may hold.

    A byte order mark counts most, then the charset of ``content_type``, then the prolog (RFC 7303 3); a
    label that the bytes contradict is passed over. ``language`` helps to guess where nothing is declared.
    """
    body = _inflate(body)
    for mark, encoding in _BOMS:
        if body.startswith(mark):
            return _finish(body[len(mark) :].decode(encoding, "replace"))
    for pattern, encoding in _WIDE:
        if pattern.match(body.lstrip(b" \t\r\n")[:8]):
            return _finish(body.decode(encoding, "replace"))
    return _decode_bytes(body, list(_labels(body, content_type)), language)


def plain_utf8(body: bytes, content_type: str = "") -> bytes | None:
    """The body without its mark, if by all that it says it is UTF-8, and it holds nothing to be taken out that XML may
    hold; else None. Whether it is UTF-8 and holds nothing that XML forbids is for the reader of the bytes to see.
    """
    if body.startswith(codecs.BOM_UTF8):
        body = body[3:]
    elif any(label != "utf-8" for label in _labels(body, content_type)) or body[:1] not in (b"<", b" ", b"\n", b"\r"):
        return None
    # A mark's first byte is rare, and looking for one byte takes a tenth of the time.
    return None if b"\x7f" in body or (b"\xef" in body and codecs.BOM_UTF8 in body) else body


def _decode_bytes(body: bytes, labels: list[str], language: str) -> Text:
    try:
        text = body.decode("utf-8")
    except UnicodeDecodeError:
        return _decode_other(body, labels, language)
    if not labels or labels[0] == "utf-8" or text.isascii():
        return Text(text) if _is_clean(body) else _finish(text)
    # Text in a single-byte encoding is valid UTF-8 by accident only when next to nothing in it is not ASCII; in
    # a double-byte one a single word can be, but twenty such accidents in a row cannot.
    needed = 1 if _is_single_byte(labels[0]) or labels[0].startswith("utf-") else 20
    if len(body) - len(text) >= needed:
        return _finish(text, f"labelled {labels[0]}, is utf-8")
    return _decode_other(body, labels, language)


def _is_clean(utf8: bytes) -> bool:
    """True for UTF-8 without what ``_FORBIDDEN`` takes out; on the bytes, because that is many times as quick."""
    return len(utf8.translate(None, _CONTROLS)) == len(utf8) and not _MARKS.search(utf8)


def _decode_other(body: bytes, labels: list[str], language: str) -> Text:
    """The text of bytes that are not UTF-8 (or so few that the label is more credible)."""
    for label in labels:
        if label.startswith("utf-"):
            continue
        if _is_single_byte(label):
            return _finish(body.decode(label, "replace"))
        try:
            return _finish(body.decode(label))
        except UnicodeDecodeError:
            continue
    if labels and not labels[0].startswith("utf-"):
        return _finish(body.decode(labels[0], "replace"), f"holds bytes that are not {labels[0]}")
    if labels:
        # Labelled UTF-8: the question is only what the odd bytes are.
        guesses = _guesses(_VALID_OR_ODD.sub(lambda match: match[1] or b" ", body), language)
        return _finish(_mend(body, guesses[-1]), f"labelled utf-8, holds bytes that are not: read as {guesses[-1]}")
    guesses = _guesses(body, language)
    for guess in guesses:
        try:
            return _finish(body.decode(guess), f"encoding guessed: {guess}")
        except UnicodeDecodeError:
            continue
    return _finish(_mend(body, guesses[-1]), f"encoding guessed: {guesses[-1]}")


def _labels(body: bytes, content_type: str) -> Iterator[str]:
    """The declared encodings that we trust, the most credible first."""
    head = body[:_HEAD]
    for found in (_CHARSET.search(content_type), _PROLOG.search(head)):
        if found:
            name = found[1] if isinstance(found[1], str) else found[1].decode("ascii")
            encoding = _trusted(name)
            if encoding and not (encoding.startswith(("utf-16", "utf-32")) and b"\0" not in head):
                yield encoding


def _trusted(label: str) -> str:
    """Python's name of a character set, widened to what is used under that label; "" = unknown."""
    squeezed = label.lower().removeprefix("x-").replace("windows-", "cp")
    squeezed = {"ks_c_5601-1987": "cp949", "sjis": "cp932", "iso-8859-8-i": "iso8859-8"}.get(squeezed, squeezed)
    try:
        name = codecs.lookup(squeezed).name
    except (LookupError, ValueError):
        return ""
    return _SUPERSETS.get(name, name) if _TRUSTED.fullmatch(name) else ""


def _is_single_byte(encoding: str) -> bool:
    wide_pages = {"cp932", "cp949", "cp950"}
    return encoding.startswith(("cp", "iso8859", "koi8", "mac", "tis")) and encoding not in wide_pages


def _guesses(body: bytes, language: str) -> tuple[str, ...]:
    """Encodings to try for bytes that declare none: by language, else by how the bytes lie."""
    hinted = _LANGUAGE.search(body[:_HEAD])
    code = (language or (hinted[1].decode("ascii") if hinted else "")).lower()[:2]
    if code in _BY_LANGUAGE:
        return _BY_LANGUAGE[code]
    return ("cp1252",) if code else (guess_encoding(body),)


def _mend(body: bytes, fallback: str) -> str:
    """UTF-8 with the odd bytes read as ``fallback``; linear in the size of the body."""

    def recode(match: re.Match[bytes]) -> bytes:
        return match[0] if match[1] is None else match[1].decode(fallback, "replace").encode()

    return _VALID_OR_ODD.sub(recode, body).decode("utf-8", "replace")


def _inflate(body: bytes) -> bytes:
    """A body that is still gzip (a file, or compressed twice by a server) is unpacked, bounded in size and depth."""
    for _ in range(2):
        if not body.startswith(b"\x1f\x8b"):
            break
        try:
            body = zlib.decompressobj(wbits=31).decompress(body, MAX_INFLATED)
        except zlib.error:
            break
    return body


def _finish(text: str, damage: str = "") -> Text:
    """Control characters that part words (form feed, unit separator ...) leave a space."""
    return Text(_FORBIDDEN.sub(lambda match: " " if match[0].isspace() else "", text), damage)

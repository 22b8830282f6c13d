"""A body's content codings undone, within bounds that no bomb can pass."""

from __future__ import annotations

import zlib
from collections.abc import Callable

import brotli  # type: ignore[import-untyped]
import zstandard

from pipeline.fetch.failures import PollError
from pipeline.model import ErrorKind

ACCEPT_ENCODING = "gzip, deflate, br, zstd"

_GZIP_MAGIC = b"\x1f\x8b"
_GZIP, _ZLIB, _RAW_DEFLATE = 31, 15, -15  # zlib's wbits
# RFC 9659: a decoder for the web needs windows of 8 MB at most.
_ZSTD_WINDOW = 8 * 1024 * 1024
_ZSTD_SIP = 128
_STEP = 256 * 1024
# Feeds shrink 3 to 20 fold; what shrinks a hundredfold and is large after that is made to hurt.
_MAX_RATIO = 100
_RATIO_COUNTS_FROM = 1_000_000
# More codings than two are never sent by servers that mean well.
_MAX_CODINGS = 2

Decode = Callable[[bytes, int], bytes]


def decode_body(raw: bytes, content_encoding: str, max_size: int) -> bytes:
    """The body as it was before its codings. PollError: ENCODING, TRUNCATED, TOO_LARGE (above ``max_size`` bytes).

    A label that does not fit a readable body is ignored, and a body that is gzip without a label, or still is
    after decoding, is decoded once more: both are common faults of servers that compress twice or not at all.
    """
    codings = [coding.strip().lower() for coding in content_encoding.split(",") if coding.strip()]
    if len(codings) > _MAX_CODINGS:
        raise PollError(ErrorKind.ENCODING, f"{len(codings)} content codings on one body")
    body = raw
    for coding in reversed(codings):
        body = _undo(coding, body, max_size)
    if body.startswith(_GZIP_MAGIC):
        body = _gunzip(body, max_size)
    _refuse_bomb(len(body), len(raw), max_size)
    return body


def _undo(coding: str, body: bytes, max_size: int) -> bytes:
    if coding == "identity" or not body:
        return body
    decode = _DECODERS.get(coding)
    if decode is None:
        raise PollError(ErrorKind.ENCODING, f"the content coding {coding[:40]!r} was not asked for and is not known")
    try:
        return decode(body, max_size)
    except (zlib.error, brotli.error, zstandard.ZstdError) as error:
        if _reads_as_text(body):
            return body
        raise PollError(ErrorKind.ENCODING, f"the body is labelled {coding} but does not decode: {error}") from error


def _reads_as_text(body: bytes) -> bool:
    """Whether a body begins as XML, HTML or JSON does, after a byte order mark and white space."""
    return body[:256].removeprefix(b"\xef\xbb\xbf").lstrip()[:1] in (b"<", b"{", b"[")


def _refuse_bomb(size: int, raw_size: int, max_size: int) -> None:
    if size > max_size:
        raise PollError(ErrorKind.TOO_LARGE, f"the body is larger than {max_size:,} bytes when decoded")
    if size > _RATIO_COUNTS_FROM and size > raw_size * _MAX_RATIO:
        raise PollError(ErrorKind.TOO_LARGE, f"{raw_size:,} bytes that decode to over {size:,}: a decompression bomb")


def _gunzip(body: bytes, max_size: int) -> bytes:
    """All members of a gzip file (RFC 1952, 2.2); what follows them is ignored, as gunzip does."""
    decoded, rest = _inflate(body, _GZIP, max_size)
    pieces = [decoded]
    size = len(decoded)
    while size <= max_size and rest.startswith(_GZIP_MAGIC):
        decoded, rest = _inflate(rest, _GZIP, max_size - size)
        pieces.append(decoded)
        size += len(decoded)
    return b"".join(pieces)


def _deflate(body: bytes, max_size: int) -> bytes:
    """``deflate`` is zlib's format (RFC 9110, 8.4.1.2), but servers send bare DEFLATE data as well."""
    try:
        return _inflate(body, _ZLIB, max_size)[0]
    except zlib.error:
        return _inflate(body, _RAW_DEFLATE, max_size)[0]


def _inflate(body: bytes, wbits: int, max_size: int) -> tuple[bytes, bytes]:
    """One stream decoded, and what follows it."""
    stream = zlib.decompressobj(wbits)
    decoded = stream.decompress(body, max_size + 1)
    if not stream.eof and len(decoded) <= max_size:
        raise PollError(ErrorKind.TRUNCATED, "the compressed body ends early")
    return decoded, stream.unused_data


def _unbrotli(body: bytes, max_size: int) -> bytes:
    stream = brotli.Decompressor()
    pieces = [stream.process(body, output_buffer_limit=_STEP)]
    size = len(pieces[0])
    while not stream.is_finished() and size <= max_size:
        piece = stream.process(b"", output_buffer_limit=_STEP)
        if not piece:
            raise PollError(ErrorKind.TRUNCATED, "the compressed body ends early")
        pieces.append(piece)
        size += len(piece)
    return b"".join(pieces)


def _unzstd(body: bytes, max_size: int) -> bytes:
    """Its decoder knows no bound on the output, so the input comes in sips: 128 bytes hold at most 32 blocks
    of a repeated byte, each 128 kB when decoded (RFC 8878, 3.1.1.2), and so at most 4 MB.
    """
    stream = zstandard.ZstdDecompressor(max_window_size=_ZSTD_WINDOW).decompressobj()
    pieces: list[bytes] = []
    size = 0
    for start in range(0, len(body), _ZSTD_SIP):
        piece = stream.decompress(body[start : start + _ZSTD_SIP])
        pieces.append(piece)
        size += len(piece)
        if stream.eof or size > max_size:
            return b"".join(pieces)
    raise PollError(ErrorKind.TRUNCATED, "the compressed body ends early")


_DECODERS: dict[str, Decode] = {
    "gzip": _gunzip,
    "x-gzip": _gunzip,
    "deflate": _deflate,
    "br": _unbrotli,
    "zstd": _unzstd,
}

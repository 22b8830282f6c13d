"""A body's content codings undone, within bounds that no bomb can pass."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Generator, Iterator

import brotli  # type: ignore[import-untyped]
import zstandard

from pipeline.fetch.failures import PollError
from pipeline.model import ErrorKind

ACCEPT_ENCODING = "gzip, deflate, br, zstd"

_GZIP_MAGIC = b"\x1f\x8b"
_GZIP, _ZLIB, _RAW_DEFLATE = 31, 15, -15  # zlib's wbits
# RFC 9659: a decoder for the web needs windows of 8 MB at most.
_ZSTD_WINDOW = 8 * 1024 * 1024
_ZSTD_SIP, _ZSTD_SMALL_SIP = 128, 8
_ZSTD_SIP_HOLDS = 4 * 1024 * 1024
_STEP = 256 * 1024
# Feeds shrink 3 to 20 fold; what shrinks a hundredfold and is large after that is made to hurt.
_MAX_RATIO = 100
_RATIO_COUNTS_FROM = 1_000_000
# More codings than two are never sent by servers that mean well.
_MAX_CODINGS = 2

# Of a body the decoded pieces, bounded each; the second argument is how much will be taken in all.
Decode = Callable[[bytes, int], Iterator[bytes]]


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
        body = _undo(coding, body, len(raw), max_size)
    if body.startswith(_GZIP_MAGIC):
        body = _collected(_gunzip, body, len(raw), max_size)
    if len(body) > max_size:
        raise _too_large(max_size)
    return body


def _undo(coding: str, body: bytes, raw_size: int, max_size: int) -> bytes:
    if coding == "identity" or not body:
        return body
    decode = _DECODERS.get(coding)
    if decode is None:
        raise PollError(ErrorKind.ENCODING, f"the content coding {coding[:40]!r} was not asked for and is not known")
    try:
        return _collected(decode, body, raw_size, max_size)
    except (zlib.error, brotli.error, zstandard.ZstdError) as error:
        if _reads_as_text(body):
            return body
        raise PollError(ErrorKind.ENCODING, f"the body is labelled {coding} but does not decode: {error}") from error


def _reads_as_text(body: bytes) -> bool:
    """Whether a body begins as XML, HTML or JSON does, after a byte order mark and white space."""
    return body[:256].removeprefix(b"\xef\xbb\xbf").lstrip()[:1] in (b"<", b"{", b"[")


def _collected(decode: Decode, body: bytes, raw_size: int, max_size: int) -> bytes:
    """The pieces as one, given up as soon as they are more than any feed has."""
    most_by_ratio = max(_RATIO_COUNTS_FROM, raw_size * _MAX_RATIO)
    limit = min(max_size, most_by_ratio)
    pieces: list[bytes] = []
    size = 0
    for piece in decode(body, limit):
        size += len(piece)
        if size > max_size:
            raise _too_large(max_size)
        if size > most_by_ratio:
            reason = f"{raw_size:,} bytes that decode to over {size:,}: a decompression bomb"
            raise PollError(ErrorKind.TOO_LARGE, reason)
        pieces.append(piece)
    return b"".join(pieces)


def _too_large(max_size: int) -> PollError:
    return PollError(ErrorKind.TOO_LARGE, f"the body is larger than {max_size:,} bytes when decoded")


def _ends_early() -> PollError:
    return PollError(ErrorKind.TRUNCATED, "the compressed body ends early")


def _gunzip(body: bytes, limit: int) -> Iterator[bytes]:
    """All members of a gzip file (RFC 1952, 2.2); what follows them is ignored, as gunzip does."""
    rest = yield from _inflate(body, _GZIP)
    while rest.startswith(_GZIP_MAGIC):
        rest = yield from _inflate(rest, _GZIP)


def _deflate(body: bytes, limit: int) -> Iterator[bytes]:
    """``deflate`` is zlib's format (RFC 9110, 8.4.1.2), but servers send bare DEFLATE data as well."""
    has_header = len(body) > 1 and body[0] & 0x0F == zlib.DEFLATED and int.from_bytes(body[:2]) % 31 == 0
    yield from _inflate(body, _ZLIB if has_header else _RAW_DEFLATE)


def _inflate(body: bytes, wbits: int) -> Generator[bytes, None, bytes]:
    """The pieces of one stream; returns what follows it."""
    stream = zlib.decompressobj(wbits)
    rest = body
    while not stream.eof:
        piece = stream.decompress(rest, _STEP)
        rest = stream.unconsumed_tail
        if not piece and not rest and not stream.eof:
            raise _ends_early()
        yield piece
    return stream.unused_data


def _unbrotli(body: bytes, limit: int) -> Iterator[bytes]:
    stream = brotli.Decompressor()
    piece = stream.process(body, output_buffer_limit=_STEP)
    while True:
        yield piece
        if stream.is_finished():
            return
        piece = stream.process(b"", output_buffer_limit=_STEP)
        if not piece and not stream.is_finished():
            raise _ends_early()


def _unzstd(body: bytes, limit: int) -> Iterator[bytes]:
    """Its decoder knows no bound on the output, so the input comes in sips: 128 bytes hold at most 32 blocks
    of a repeated byte, each 128 kB when decoded (RFC 8878, 3.1.1.2), and so at most 4 MB. Near the limit it sips less.
    """
    stream = zstandard.ZstdDecompressor(max_window_size=_ZSTD_WINDOW).decompressobj()
    size = start = 0
    while start < len(body):
        sip = _ZSTD_SIP if size + _ZSTD_SIP_HOLDS < limit else _ZSTD_SMALL_SIP
        piece = stream.decompress(body[start : start + sip])
        yield piece
        if stream.eof:
            return
        size += len(piece)
        start += sip
    raise _ends_early()


_DECODERS: dict[str, Decode] = {
    "gzip": _gunzip,
    "x-gzip": _gunzip,
    "deflate": _deflate,
    "br": _unbrotli,
    "zstd": _unzstd,
}

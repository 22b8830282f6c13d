"""Which encoding undeclared bytes are in that are not UTF-8: by how often the letters of each language occur."""

from __future__ import annotations

import re
from dataclasses import dataclass

_HIGH_RUN = re.compile(rb"[\x80-\xff]+")
_SAMPLE = 1 << 16  # bytes that are looked at
_FEW = 8  # bytes of which nothing can be told
_ENOUGH = 0.4  # of what a text of the language has; chance gives a tenth

_KANA = "".join(map(chr, (*range(0x3041, 0x3094), *range(0x30A1, 0x30FD))))
_RUSSIAN = "оеаинтсрвл"
_SIMPLIFIED = (
    "的一是不了在人有我他这中大来上国个到说们为子和你地出道也时年得就那要下以生会自着去之过家学对可她里后小么心多天而能"
    "好都然没日于起还发成事只作当想看文无开手用主行方又如前所本见经头面公同三已老从动两长新市月业"
)
_TRADITIONAL = (
    "的一是不了在人有我他這中大來上國個到說們為子和你地出道也時年得就那要下以生會自著去之過家學對可她裡後小麼心多天而能"
    "好都然沒日於起還發成事只作當想看文無開手用主行方又如前所本見經頭面公同三已老從動兩長新市月業"
)


@dataclass(frozen=True, slots=True)
class _Candidate:
    """An encoding, the letters that are frequent in what is written in it, and which share of a text they are."""

    encoding: str
    letters: frozenset[str]
    share: float


_CANDIDATES = tuple(
    _Candidate(encoding, frozenset(letters), share)
    for encoding, letters, share in (
        ("cp1251", _RUSSIAN, 0.65),
        ("koi8-r", _RUSSIAN, 0.65),
        ("cp1253", "αάοόιίεέτσςνηήυύρ", 0.75),
        ("cp1255", "יוהלארתבמש", 0.65),
        ("cp1256", "اليمنورتبع", 0.65),
        ("cp874", "านรอกเงมยลวดทสต่้ี", 0.65),
        ("euc_jp", _KANA, 0.5),
        ("cp932", _KANA, 0.5),
        ("cp949", "이다는에의가을하고지로한사기를은도어스리아대해자정", 0.35),
        ("gb18030", _SIMPLIFIED, 0.2),
        ("big5hkscs", _TRADITIONAL, 0.2),
    )
)


def guess_encoding(body: bytes) -> str:
    """The most likely encoding of bytes that are not UTF-8; windows-1252 where no other script shows itself."""
    sample = body[:_SAMPLE]
    runs = _HIGH_RUN.findall(sample)
    # In western languages letters beyond ASCII stand alone or in pairs; whole words of them are another script.
    if not runs or (sum(map(len, runs)) < 3 * len(runs) and not _may_be_double_byte(sample)):
        return "cp1252"
    likely = max(_CANDIDATES, key=lambda candidate: _likelihood(sample, candidate))
    return likely.encoding if _likelihood(sample, likely) >= _ENOUGH else "cp1252"


def _may_be_double_byte(sample: bytes) -> bool:
    """In Shift_JIS and Big5 the second byte of a character can be an ASCII letter, which parts the runs."""
    high = sum(byte >= 0x80 for byte in sample)
    return high >= _FEW and high * 4 > len(re.sub(rb"<[^>]*>|\s", b"", sample))


def _likelihood(sample: bytes, candidate: _Candidate) -> float:
    text = sample.decode(candidate.encoding, "replace")
    letters = [char for char in text.lower() if char > "\x7f"]
    spoilt = text.count("\ufffd") * 10
    frequent = sum(char in candidate.letters for char in letters)
    return max(frequent - spoilt, 0) / max(len(letters), 1) / candidate.share

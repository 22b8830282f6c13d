"""What a feed says, made safe for the place where it is shown: it is text there, and never a command or markup."""

from __future__ import annotations

import re
import unicodedata

# Longer than the longest field of a payload (a link of 2,048), so that nothing is cut that was in order.
_LONGEST = 2100
_KEPT_FORMAT = "\u200c\u200d"  # joiners: Persian words and emoji are spelt with them
_FIRST_STRONG, _END = "\u2068", "\u2069"  # Unicode UAX 9: an isolate whose direction is that of its first letter
_JOINER = "\u2060"  # word joiner: invisible, and no part of a name

# An underscore between letters or digits opens nothing (CommonMark 6.2), and names are full of them.
_MARKUP = re.compile(r"[\\`*~\[\]<>]|(?<![^\W_])_|_(?![^\W_])|\|(?=\|)")
_AT_THE_START = re.compile(r"^(?:[-+=#]|\d{1,9}(?=[.)](?:\s|$)))")
_ENTITY = re.compile(r"&(?=#?\w{1,40};)")
_RTL = "\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufefc\U00010800-\U00010fff\U0001e800-\U0001efff"  # right-to-left scripts
_RTL_WORDS = re.compile(rf"[{_RTL}]+(?:[\s\d.,'-]+[{_RTL}]+)*")
_WEB = re.compile(r"https?://\S+")


def plain(value: object) -> str:
    """The value as text on one line that a terminal shows as it is. Idempotent.

    Gone are control and escape sequences, line breaks, invisible and directional characters (Unicode categories
    Cc, Cf, Cs, Zl, Zp), and whatever exceeds the longest field of a payload.
    """
    # Twice the limit: enough to fill it although some characters fall away.
    visible = "".join(map(_visible, str(value)[: 2 * _LONGEST]))
    return " ".join(visible.split())[:_LONGEST].rstrip(" ")


def _visible(char: str) -> str:
    if " " <= char <= "~" or char in _KEPT_FORMAT:
        return char
    match unicodedata.category(char):
        case "Cc" | "Zl" | "Zp":
            return " "
        case "Cf":
            return ""
        case "Cs":
            return "\ufffd"
        case "Cn" if ord(char) & 0xFFFE == 0xFFFE or "\ufdd0" <= char <= "\ufdef":
            return "\ufffd"  # no character and never one (Unicode 23.7); XML does not take some of them
        case _:
            return char


def isolated(text: str) -> str:
    """The text between marks that keep its direction to itself, when some of it runs from right to left.

    So what stands before and after an Arabic or Hebrew title stays where it was written. Addresses stay as they are.
    """
    is_rtl = not text.isascii() and any(unicodedata.bidirectional(char) in {"R", "AL", "AN"} for char in text)
    return f"{_FIRST_STRONG}{text}{_END}" if is_rtl and not _WEB.fullmatch(text) else text


def with_words_isolated(text: str) -> str:
    """The same for a sentence of ours that quotes such words: they alone run from right to left."""
    return text if text.isascii() else _RTL_WORDS.sub(lambda words: f"{_FIRST_STRONG}{words[0]}{_END}", text)


def markdown(text: str) -> str:
    """A line of text as CommonMark that shows it: no emphasis, link, code, heading, list, HTML or character reference.

    Of CommonMark's ways to quote only those are used that the dialects of chats (Slack, Discord, Telegram) know too.
    """
    quoted = _MARKUP.sub(r"\\\g<0>", _ENTITY.sub(f"&{_JOINER}", text))
    return _AT_THE_START.sub(lambda start: _not_a_mark(start[0]), quoted)


def _not_a_mark(start: str) -> str:
    return f"{start}{_JOINER}" if start.isdigit() else f"\\{start}"


def quiet(text: str) -> str:
    """The text with an invisible mark in each @ and <!, so that no chat takes it for somebody to call."""
    return text.replace("@", f"@{_JOINER}").replace("<!", f"<{_JOINER}!")

"""Is the entry about the company, or does it only name it: 0 (boilerplate) to 100 (the headline's subject)."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from pipeline.match.members import EntryField
from pipeline.model import Entry, Mention

_ROUND_UP = re.compile(
    r"\b(round-?up|stocks? (?:to watch|in (?:the )?(?:news|focus))|buzzing stocks|market wrap|wrap|movers"
    r"|top (?:gainers|losers)|briefs?|briefly|at a glance|morning (?:call|brief|note)|newsletter|digest|watchlist"
    r"|(?:morning|evening|daily|news|market|business) briefing"
    r"|brokers?' (?:call|views)|what to know|live updates|week ahead|calendar"
    r"|marktbericht|börse|borse|pressestimmen|tagesrückblick|revue de presse)\b"
)
# Around a page's text: what every page says, whatever the news. Both are for lower-cased text: a pattern that
# ignores case takes seven times as long.
_BOILERPLATE = re.compile(
    r"\b(follow us on|find us on|like us on|share (?:this )?(?:on|via)|also read|read (?:more|also|next)"
    r"|related(?: articles)?:|subscribe (?:to|now|for|via|on)|sign up (?:to|for|with|now)|log ?in with|advertisement"
    r"|about the author|(?:download|get) (?:our|the) app|available (?:on|in) the|(?:uses?|accept|our|all) cookies"
    r"|(?:our|free|daily|weekly) newsletters?"
    r"|mehr zum thema|lesen sie auch|teilen auf|folgen sie uns|à lire aussi|partager sur"
    r"|lea también|síguenos en|compartir en)\W*(?:\w+\W+){0,4}$"
)
_SPONSOR = re.compile(
    r"(sponsored by|presented by|powered by|brought to you by|in (?:partnership|association|cooperation) with"
    r"|with (?:the )?support (?:of|from)|title sponsor|präsentiert von|gesponsert von|en partenariat avec"
    r"|patrocinado por)\W*$"
)
_SPONSOR_ENDS = ("by", "with", "of", "from", "sponsor", "von", "avec", "por")  # of the alternatives above
_ASCII_NO_WORD = "".join(char for char in map(chr, range(128)) if not (char.isalnum() or char == "_"))
_SPONSORED = re.compile(
    r"^\W{0,3}(?:Open|Cup|Championships?|Classic|Trophy|Grand Prix|Masters|Invitational|Marathon|League|Series"
    r"|Stadium|Arena|Center|Centre|Park|Field|Theat(?:re|er)|Prize|Awards?|Ladies|500|400|300)\b"
)
_FIGURE = re.compile(r"\d[\d.,]*\s?%|[+\-−]\d|[$€£¥₹]\s?\d|\b\d+\.\d+\b")
_TABLE_REACH, _TABLE_FIGURES = 100, 5  # so many figures within so many characters on either side are a table
_LEAD = 240  # code points: a news lead of some forty words
_UNWEIGHED = "source tag"  # a sign of the matcher: who tells the news
_LEAST, _MOST = 5.0, 100.0


def salience_of(entry: Entry, mentions: Sequence[Mention], others: int) -> float:
    """``mentions`` of one company; ``others`` = how many further companies the entry names."""
    return weigh(entry, mentions, others)[0]


def weigh(entry: Entry, mentions: Sequence[Mention], others: int) -> tuple[float, str]:
    """The salience and in words what made it: the subject, a passing mention, a list, a sponsor, boilerplate."""
    telling = [mention for mention in mentions if not _is_source(mention)]
    if not telling:
        return _LEAST, "only as the source of the news"
    by_role = [(mention, _role(entry, mention)) for mention in telling]
    plain = [mention for mention, role in by_role if not role]
    if not plain:
        role = by_role[0][1]
        return {"a sponsor": 15.0, "a table": 18.0}.get(role, _LEAST), f"only as {role}" if role else ""
    points = _of_places(entry, plain) + 4.0 * min(3, len(plain) - 1) + _of_company(plain, others)
    is_list = _is_list(entry.title)
    points -= 25.0 if is_list else 0.0
    total = round(min(_MOST, max(_LEAST, points)), 1)
    return total, "in a list" if is_list else _in_words(total)


def _in_words(points: float) -> str:
    if points >= 60.0:
        return "what the entry is about"
    return "one of those it is about" if points >= 40.0 else "in passing"


def _is_source(mention: Mention) -> bool:
    return _UNWEIGHED in [reason.signal for reason in mention.reasons]


def _role(entry: Entry, mention: Mention) -> str:
    """What the words beside one mention make of it; "" = a part of the news."""
    text = entry.title if mention.field is EntryField.TITLE else entry.text
    # The dot that is left of a lower-cased İ would cut the word.
    before = text[max(0, mention.start - 60) : mention.start].lower().replace("i\u0307", "i")
    after = text[mention.end : mention.end + 40]
    if mention.field is EntryField.URL:
        return ""
    if _is_sponsored(before) or _SPONSORED.match(after):
        return "a sponsor"
    if mention.field is not EntryField.TEXT:
        return ""
    if _BOILERPLATE.search(before):
        return "boilerplate"
    around = text[max(0, mention.start - _TABLE_REACH) : mention.end + _TABLE_REACH]
    return "a table" if _has_figures(around) else ""


def _is_sponsored(before: str) -> bool:
    """The last word tells of most texts that no sponsor is named behind them, without the slow pattern."""
    if before.isascii() and not before.rstrip(_ASCII_NO_WORD).endswith(_SPONSOR_ENDS):
        return False
    return _SPONSOR.search(before) is not None


def _has_figures(text: str) -> bool:
    """So many that it is a table. Counting digits first tells of most texts that it has not."""
    if text.isascii() and len(text) - len(text.encode().translate(None, b"0123456789")) < _TABLE_FIGURES:
        return False
    return len(_FIGURE.findall(text)) >= _TABLE_FIGURES


def _of_places(entry: Entry, mentions: Iterable[Mention]) -> float:
    in_title = [mention.start for mention in mentions if mention.field is EntryField.TITLE]
    in_text = [mention.start for mention in mentions if mention.field is EntryField.TEXT]
    return (_of_title(min(in_title), entry.title) if in_title else 0.0) + _of_text(in_text, entry.text)


def _of_company(mentions: Sequence[Mention], others: int) -> float:
    """Others beside it take from it, less where it is in the headline."""
    in_title = any(mention.field is EntryField.TITLE for mention in mentions)
    return -(7.0 if in_title else 9.0) * min(5, others)


def _of_title(first: int, title: str) -> float:
    if first <= len(title) / 3:
        return 80.0
    # "...: Deutsche Bank" ends a headline with who says it.
    return 45.0 if title.rfind(": ", 0, first) == first - 2 else 66.0


def _of_text(starts: Sequence[int], text: str) -> float:
    if not starts:
        return 0.0
    first = min(starts)
    if first < _LEAD:
        return 42.0
    return 28.0 if first < len(text) / 2 else 18.0


def _is_list(title: str) -> bool:
    folded = title.lower()
    return _ROUND_UP.search(folded) is not None or folded.count(",") + folded.count(";") >= 4

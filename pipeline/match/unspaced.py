"""Signals in Chinese, Japanese and Korean: what stands near a name, and what is glued to it and makes it another."""

from __future__ import annotations

import re
from collections.abc import Iterator

from pipeline.match.forms import Form
from pipeline.match.members import EntryField, Flavour
from pipeline.match.place import Place
from pipeline.match.segment import is_cut_out
from pipeline.match.skeleton import fold_han
from pipeline.match.weights import points
from pipeline.model import Reason

_NEARBY = 40  # characters on either side that are looked at for business words
_HAN = re.compile("[\u4e00-\u9fff々]+")
_KATAKANA = re.compile("[\u30a1-\u30faー]")
_DOT_AFTER = re.compile("・[\u30a1-\u30faー]")
_DOT_BEFORE = re.compile("[\u30a1-\u30faー]・$")
_BRACKETS = {"《": "》", "『": "』", "「": "」"}
_WORK_REACH = 40  # characters; titles of works are shorter
_ERA_YEAR = re.compile(r"\d{1,2}年|元年")
# A news agency's own line: 中新网9月11日电, 新华网北京11月23日电, 每经记者胡健发自北京.
_DATELINE = re.compile(
    r"(?:\w{0,6}?\d{1,2}月\d{1,2}日(?:电|讯|消息)|(?:\w{0,4}?)(?:特约|实习|见习)?记者|讯[（(\s]|讯\w{0,4}\d)"
)
_ROAD = re.compile("路(?![由演透线])|街(?!头)|大桥|[镇寺湖]")  # 中兴路; but 中兴路由器
_TOPIC = re.compile("[,、]\\s?")  # 기아, EV5 출시
_MODEL = re.compile(r"\s?[a-z]{1,5}-?\d{1,4}(?![\d年月日%])")  # 기아 EV4; the text is folded
_ADJECTIVE = re.compile("な(?![どらのん])")  # シャープな切れ味; but ソニーなど
_ERA, _ERA_NAME = "時代", 3  # 明治時代; behind a longer name it is somebody's time with the firm
_SHORT = 2  # characters: of a Han name that is found inside other words too


def unspaced_signals(form: Form, place: Place) -> Iterator[Reason]:
    """What tells in unspaced text, where neither capitals nor the words before and after do."""
    yield from _near(form, place)
    yield from _acts(form, place)
    if place.language == "zh":
        yield from _chinese(place)
    elif place.language == "ja":
        yield from _japanese(place)
    if kind := _kind_after(place):
        yield Reason(f"another thing: {place.found}{kind}", points("unspaced.kind_after"))
    elif work := _work_around(place):
        yield Reason(f"in the title of something: {work}", points("unspaced.inside_work"))


def _near(form: Form, place: Place) -> Iterator[Reason]:
    text, span = place.skeleton.folded_text, place.span
    window = _folded(text[max(0, span.start - _NEARBY) : span.end + _NEARBY], place)
    is_latin = place.found.isascii() and place.found.isalpha()
    if is_latin and form.flavour in (Flavour.WORD, Flavour.PERSON, Flavour.PROPER):
        yield Reason("a Latin word in unspaced text is a name", points("unspaced.latin"))
    fragile = form.flavour in (Flavour.CJK, Flavour.WEAK)
    plain = min((word for word in place.cues.plain if word in window), default="")
    business = sorted((word for word in place.cues.near if word in window), key=lambda word: (-len(word), word))
    if plain and fragile and not business:
        yield Reason(f"plain word near: {plain}", points("unspaced.plain"))
    sports = place.cues.sports if not (business or place.found.isascii()) else ()
    if sport := min((word for word in sports if word in window), default=""):
        yield Reason(f"word of sports near: {sport}", points("unspaced.sports"))
    if fragile and business:
        worth = points("unspaced.business", "two" if len(business) > 1 else "")
        yield Reason(f"business word near: {business[0]}", worth)


def _acts(form: Form, place: Place) -> Iterator[Reason]:
    after = _around(place)[1]
    verb = next((word for word in sorted(place.cues.verbs, key=len, reverse=True) if after.startswith(word)), "")
    if form.flavour not in (Flavour.CJK, Flavour.WEAK):
        return
    if verb:
        yield Reason(f"acts: {verb}", points("unspaced.acts"))
    elif model := _MODEL.match(after):
        yield Reason(f"a model: {model[0].strip()}", points("unspaced.model"))
    elif place.skeleton.where is EntryField.TITLE and place.span.start == 0 and _TOPIC.match(after):
        yield Reason("the topic of the headline", points("unspaced.topic"))


def _around(place: Place) -> tuple[str, str]:
    """The field before and behind the name, Chinese in simplified characters."""
    text, span = place.skeleton.folded_text, place.span
    before, after = text[max(0, span.start - _WORK_REACH) : span.start], text[span.end : span.end + _WORK_REACH]
    return _folded(before, place), _folded(after, place)


def _folded(text: str, place: Place) -> str:
    """Japanese keeps its own characters, in which the words to look for are written."""
    return text if place.language == "ja" else fold_han(text)


def _chinese(place: Place) -> Iterator[Reason]:
    before, after = _around(place)
    if _HAN.fullmatch(place.found) and is_cut_out(before, fold_han(place.found), after, place.cues.tails):
        yield Reason("cut out of other words", points("unspaced.cut_out"))
    if len(place.found) <= _SHORT and _ROAD.match(after):
        yield Reason("a road or a place", points("unspaced.kind_after"))
    if _DATELINE.match(after) and not _HAN.fullmatch(before[-1:]):
        yield Reason("a news agency's line", points("unspaced.dateline"))


def _japanese(place: Place) -> Iterator[Reason]:
    before, after = _around(place)
    found = place.found
    beside = _HAN.match(before[-1:]) or _HAN.match(after[:1]) or _KATAKANA.match(after[:1]) or _ERA_YEAR.match(after)
    is_own = any(after.startswith(tail) for tail in place.cues.tails)
    if _HAN.fullmatch(found) and len(found) <= _SHORT and beside and not is_own:
        yield Reason("part of a longer word", points("unspaced.kanji_beside"))
    if found.isascii() and _KATAKANA.match(after[:1]) and not is_own:
        yield Reason("another name after", points("unspaced.katakana_after_latin"))
    if _ADJECTIVE.match(after):
        yield Reason("an adjective: な follows", points("unspaced.adjective"))
    if _KATAKANA.fullmatch(found[-1:]) and (_DOT_AFTER.match(after) or _DOT_BEFORE.search(before)):
        yield Reason("one of several names joined by a dot", points("unspaced.dot_beside"))


def _kind_after(place: Place) -> str:
    """A word glued behind the name that makes a place, a team, an event or an office of it."""
    after = _around(place)[1]
    kind = max((word for word in place.cues.kinds if after.startswith(word)), key=len, default="")
    return "" if kind == _ERA and len(place.found) > _ERA_NAME else kind


def _work_around(place: Place) -> str:
    """The title in brackets that holds the name and more: 《华夏时报》."""
    before, after = _around(place)
    for opening, closing in _BRACKETS.items():
        begin = before.rfind(opening, max(0, len(before) - _WORK_REACH))
        end = after.find(closing, 0, _WORK_REACH)
        if begin > before.rfind(closing) and end >= 0 and begin >= 0 and (begin < len(before) - 1 or end > 0):
            return before[begin:] + place.found + after[: end + 1]
    return ""

"""Is this occurrence the company? Named signals around it, each worth points for or against.

What each is worth stands in ``data/weights.toml``. A score is the sum, within 0 and 100; 60 accepts.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache

from pipeline.match import lexicon
from pipeline.match.abbreviations import Row, explained, rows_of, spelt_out_elsewhere
from pipeline.match.forms import Form
from pipeline.match.kinds import NAME_ITSELF
from pipeline.match.lexicon import Cues
from pipeline.match.members import EntryField, Flavour, Method
from pipeline.match.skeleton import Lazy, Skeleton, Span, tokenise
from pipeline.match.weights import points
from pipeline.model import Reason
from pipeline.text import fold

# Languages in which a capital says nothing: German writes every noun so; the others have no case or are not cased here.
_CASE_SILENT = frozenset({"de", "zh", "ja", "ko", "th", "ar", "he", "hi"})
UNSPACED_LANGUAGES = frozenset({"zh", "ja", "ko"})  # their signals are in ``unspaced.py``
_SENTENCE_END = re.compile(r"[.!?:;|()\[\]•…]|\s-|-\s|--|^['\"]*$")
_BREAK = re.compile(r"[.!?:;|()\[\]•…-]|^$")
_MONEY = re.compile(r"[$€£¥₹]\s*$|\brs\.?\s*$")
_MONEY_ENDS = ("$", "€", "£", "¥", "₹", "rs", "rs.")
_POINTS = re.compile(r"\s(?:\w+\s){1,3}[\d.,]+[\s-]points?\b")  # Dow falls 300 points
_MOVE = re.compile(  # Carrier +2.3%, Weir 2,410 +1.9%
    r" \(?(?:up |down )?[+\-−–]?\d+(?:[.,]\d+)? ?%| [\d.,]+p? [+\-−–]\d+(?:[.,]\d+)? ?%"
)
_COUNTED = re.compile(r"\d+$")
_SAID = re.compile(r": |\b[Ss]a(?:ys|id) ")
_ROAD = re.compile(r"[a-z]\d{1,4}$")  # the M6, die A7
_LONGEST_LINK = 200  # characters before an occurrence that are searched for the beginning of a link


@dataclass(slots=True)
class Place:
    """An occurrence with its neighbours, as the rules ask for them."""

    skeleton: Skeleton
    span: Span
    language: str
    cues: Cues
    start: int = field(init=False)  # of the occurrence in the original, in code points
    end: int = field(init=False)
    found: str = field(init=False)  # the occurrence as the original writes it
    before: str = field(init=False)  # what stands between the token before and the occurrence
    after: str = field(init=False)  # what stands between the occurrence and the token after
    is_possessive: bool = field(init=False)  # 's or a bare apostrophe follows

    def __post_init__(self) -> None:
        skeleton, span = self.skeleton, self.span
        self.start, self.end = skeleton.original_span(span)
        self.found = skeleton.original[self.start : self.end]
        self.before, self.after = skeleton.around(span)
        is_mark = self.after != " " and self.after.strip() in ("'", "&#39;")
        self.is_possessive = is_mark and (self.token(1) == "s" or self.after.startswith("'") or self.found[-1:] == "s")

    @property
    def is_cased(self) -> bool:
        """Does a capital mean anything here?"""
        return self.language not in _CASE_SILENT and self.skeleton.style in ("sentence", "title")

    def token(self, offset: int) -> str:
        """The folded token before (-1, -2 ..) or after (1, 2 ..) the occurrence, "" beyond the ends."""
        index, tokens = (self.span.first if offset < 0 else self.span.last) + offset, self.skeleton.tokens
        return tokens[index] if 0 <= index < len(tokens) else ""

    def surface(self, offset: int) -> str:
        """The same token as the original writes it."""
        index, surfaces = (self.span.first if offset < 0 else self.span.last) + offset, self.skeleton.surfaces
        return surfaces[index] if 0 <= index < len(surfaces) else ""

    @property
    def opens_sentence(self) -> bool:
        """Is it the first word, where a capital is owed to the place?"""
        return self.opens_at(self.span.first)

    def opens_at(self, index: int) -> bool:
        """Is this token the first of a sentence? A quotation mark alone begins none."""
        return index <= 0 or _SENTENCE_END.search(self.skeleton.gap(index)) is not None

    @property
    def following(self) -> int:
        """Offset of the first token after the occurrence and its possessive s."""
        return 2 if self.is_possessive and self.token(1) == "s" else 1


def local_signals(form: Form, place: Place) -> Iterator[Reason]:
    """What the words around one occurrence tell, first its base: what a name of this flavour proves alone."""
    yield Reason(NAME_ITSELF[form.flavour], form.base)
    if form.derived and not form.confirmed:
        yield Reason(f"short form nobody listed{_DOUBTED[form.doubt]}", points(f"short.{form.doubt.replace(' ', '_')}"))
    yield from _where(form, place)
    if form.flavour is Flavour.CJK:
        yield from _among_other_letters(place)
    if place.language != "en":
        yield from _word_of_the_language(form, place)
        if place.language in UNSPACED_LANGUAGES:
            return
    yield from _case(form, place)
    if form.flavour in _PERSON_OR_WORD:
        yield from _named_as_a_place(place)
        if place.after == " " and place.surface(1)[:1].isupper():
            yield from _of_a_person(place)
    if form.flavour is Flavour.PERSON:
        yield from _of_a_city(form, place)
    elif form.flavour is Flavour.DISTINCT and place.found[-1] == "s" and place.token(-1) in _FAMILIAR:
        yield from _of_a_family(form, place)
    if place.skeleton.where is EntryField.TITLE:
        yield from _attribution(form, place)
    yield from _next(form, place)
    yield from _previous(form, place)


_DOUBTED = {"short": "", "beginning": " (its first two words)"}


def _word_of_the_language(form: Form, place: Place) -> Iterator[Reason]:
    """A plain word of the entry's own language ("carrefour") is no name; an English one there can hardly be a word."""
    if place.span.first != place.span.last:
        return
    token = place.skeleton.tokens[place.span.first]
    if form.derived and form.doubt == "beginning" and lexicon.is_word(token, place.language):
        yield Reason(f"a word of the language ({place.language})", points("language.plain_word"))
    if token not in place.cues.words and _opens_as_a_word(form, place):
        yield Reason(f"may be the word of the language ({place.language})", points("language.opening_word"))
    if token in place.cues.words and form.flavour not in (Flavour.WORD, Flavour.CJK):
        yield Reason(f"a noun of the language too ({place.language})", points("language.noun"))
        if (place.before == "-" and len(place.token(-1)) == 1) or _COUNTED.match(place.token(1)):
            yield Reason("a noun, not a name", points("language.noun_used"))
    is_foreign = lexicon.is_foreign(token, place.language) and token not in place.cues.words
    if form.flavour in (Flavour.WORD, Flavour.PROPER) and place.found[:1].isupper() and is_foreign:
        if _is_person_abroad(token, place) or _is_in_an_expression(place):
            return
        if not lexicon.is_in_use(token, place.language):
            worth = points("language.foreign_word", "plural" if lexicon.has_plural(token, place.language) else "")
            yield Reason(f"no word of the language ({place.language}), so hardly anything but a name", worth)
    elif (
        (_is_plain_name(form) or form.flavour is Flavour.PERSON)
        and (lexicon.is_ordinary(token, place.language) or (place.language == "ru" and lexicon.is_word(token, "ru")))
        and place.found.islower()
        and not form.name[:1].islower()
    ):
        yield Reason(f"a word of the language ({place.language})", points("language.plain_word"))


def _among_other_letters(place: Place) -> Iterator[Reason]:
    """``小米 unveils``: whoever writes two Chinese characters into an English sentence writes a name."""
    text, span = place.skeleton.folded_text, place.span
    before, after = text[max(0, span.start - 2) : span.start].rstrip()[-1:], text[span.end : span.end + 2].lstrip()[:1]
    if (before + after).isascii() and (before + after).isalpha() and " " in (*place.before, *place.after):
        yield Reason("written in the letters of another language", points("unspaced.latin"))


def _is_person_abroad(token: str, place: Place) -> bool:
    """``Dirk Kuyt``: an English word that is a first name too, and a capital behind it."""
    return place.after == " " and place.surface(1).istitle() and token in lexicon.given_names()


def _is_in_an_expression(place: Place) -> bool:
    """``Free Tour``, ``Next Level``, ``Rolling Stone``: a capitalised English word beside it belongs to it."""
    before = place.token(-1)
    if (
        place.before == " "
        and place.surface(-1).istitle()
        and before not in lexicon.cues("en").nouns
        and lexicon.is_ordinary(before, "en")
        and lexicon.is_foreign(before, place.language)
    ):
        return True
    after = place.token(1)
    return (
        place.after == " "
        and place.surface(1).istitle()
        and lexicon.is_ordinary(after, "en")
        and after not in place.cues.nouns | place.cues.stop | lexicon.cues("en").nouns
    )


def _is_plain_name(form: Form) -> bool:
    """Known to be no English word or person: distinct, or of two or three letters (Gol) and no abbreviation."""
    if form.flavour is Flavour.ACRONYM:
        return form.name.istitle() or form.name.upper() == form.name.lower()
    return form.flavour is Flavour.DISTINCT


def _opens_as_a_word(form: Form, place: Place) -> bool:
    """``Claro que sí``: the capital is owed to the place; but not ``Telefonica y Santander``."""
    token = place.skeleton.tokens[place.span.first]
    is_trade = form.flavour is Flavour.PERSON and lexicon.is_in_use(token, place.language)  # Bauer
    if not (is_trade or _is_plain_name(form)) or form.derived or place.is_possessive:
        return False
    if not place.opens_sentence and place.language not in _CAPITAL_SAYS_LITTLE:
        return False
    is_listed = place.token(1) in place.cues.prepositions and place.surface(2)[:1].isupper()
    if place.language == "ru":  # which writes companies in quotation marks
        return lexicon.is_word(token, "ru") and '"' not in place.before + place.after
    is_word = lexicon.is_ordinary(token, place.language) or lexicon.is_inflected(token, place.language)
    return is_word and not is_listed


# Names of feasts and orders have capitals in the midst of a Russian sentence; Arabic has none.
_CAPITAL_SAYS_LITTLE = frozenset({"ru", "ar", "hi"})


def _where(form: Form, place: Place) -> Iterator[Reason]:
    """Links, addresses, source tags, amounts."""
    text, span = place.skeleton.folded_text, place.span
    chunk = _chunk_before(text, span.start)
    if chunk and form.method is not Method.DOMAIN and _is_linked(chunk, place):
        yield Reason("inside a link", points("where.inside_link"))
    elif form.method is Method.DOMAIN and text[span.end : span.end + 1] == "/":
        yield Reason("a link, not a mention", points("where.link"))
    elif chunk.endswith("@") and len(chunk) > 1:
        yield Reason("inside an address", points("where.address"))
    elif chunk.endswith("#"):
        yield Reason("hashtag", points("where.hashtag"))
    if _is_source_tag(place):
        yield Reason("source tag", points("where.source_tag"))
    if place.after[:1] == "!" or (form.flavour is Flavour.ACRONYM and place.found[-1].isdigit()):
        yield from _of_no_news(form, place)
    elif place.after == "-" and place.token(1) in _STREETS:
        yield Reason(f"a street: {place.found}-{place.surface(1)}", points("where.road"))
    if form.flavour in _COUNTED_THINGS:
        yield from _amounts(place, text[max(0, span.start - 4) : span.start])
    # Few texts have what the two patterns end in, which is quicker told than that they do not match.
    if "%" in text and form.flavour in _FRAGILE_OR_TICKER and _MOVE.match(text, span.end):
        yield Reason("a price that moved", points("where.price_move"))
    if "point" in text and form.flavour in _COUNTED_IN_POINTS and _POINTS.match(text, span.end):
        yield Reason("points of an index", points("where.index"))


_STREETS = frozenset({"strasse", "str", "platz", "allee", "gasse", "ufer", "brucke", "street", "avenue"})
_PERSON_OR_WORD = (Flavour.PERSON, Flavour.WORD)
_COUNTED_THINGS = (Flavour.WORD, Flavour.ACRONYM, Flavour.WEAK)
_COUNTED_IN_POINTS = (Flavour.WORD, Flavour.ACRONYM, Flavour.PERSON)


def _of_no_news(form: Form, place: Place) -> Iterator[Reason]:
    """``BAM! Een knal``, ``on the M6``."""
    if place.after[:1] == "!":
        is_cry = place.skeleton.tokens[place.span.first] in _CRIES
        if is_cry and form.flavour in _FRAGILE and not form.name.endswith("!") and place.opens_sentence:
            yield Reason("a cry", points("where.cry"))
    elif place.token(-1) in place.cues.articles and _ROAD.match(place.skeleton.tokens[place.span.first]):
        yield from _road(place)


def _road(place: Place) -> Iterator[Reason]:
    """``on the M6``, ``lorry fire closes the M6``; but ``the M1 chip``, ``the M1 results are due``."""
    is_of_roads = place.token(-2) in place.cues.along or _is_among_roads(place)
    if is_of_roads and place.token(1) not in place.cues.nouns:
        yield Reason(f"a road: {place.token(-1)} {place.found}", points("where.road"))


_CRIES = frozenset({"bam", "bang", "boom", "bravo", "hey", "oops", "ouch", "pow", "wham", "wow", "yay", "yum", "zap"})
_ROADS_REACH = 4  # tokens


def _is_among_roads(place: Place) -> bool:
    first, last = place.span.first, place.span.last
    return not place.cues.roads.isdisjoint(
        place.skeleton.tokens[max(0, first - _ROADS_REACH) : last + 1 + _ROADS_REACH]
    )


_BUTTON_REACH = 40  # characters
# What opens a sentence or the text and ends at the name or a list of names, unlike "who sign up with Visa".
_BUTTON = re.compile(
    r"(?:^|[\n.!?:;|•·]\s*|\b(?=Follow us |Share ))(?i:(?:follow|find|like) us on"
    r"|share (?:(?:this|it) )?(?:on|via)|(?:download|get) (?:our|the) app (?:on|from)(?: the)?"
    r"|(?:log ?|sign ?)in with|sign ?up with|teilen auf|folgen sie uns auf|partager sur|suivez-nous sur"
    r"|s[ií]guenos en|compartir en|condividi su|seguici su|compartilhar no|siga-nos no"
    r"|delen (?:op|via)|volg ons op)[^\w\n]*"
    r"(?:[A-Z]\w*(?:,? and |,? or |, | ?/ ?)){0,4}$"  # on Facebook, Slack and
)


def is_on_a_button(form: Form, place: Place) -> bool:
    """``Share this on Slack``: what every page says, whatever the news. Asked of what would else be accepted."""
    if form.flavour not in _FRAGILE or place.skeleton.where is not EntryField.TEXT:
        return False
    return _BUTTON.search(place.skeleton.original, max(0, place.start - _BUTTON_REACH), place.start) is not None


def _is_linked(chunk: str, place: Place) -> bool:
    """``www.apple`` and ``news.target``, but not ``...Cisco`` or ``loss.Cisco``, where only a space was lost."""
    if "://" in chunk or "www." in chunk:
        return True
    return chunk.endswith(".") and not chunk.endswith("..") and not place.found[:1].isupper()


def _of_a_person(place: Place) -> Iterator[Reason]:
    """``Otto Muller``: a first name, and a last name behind it; in German no capital would tell."""
    token, after = place.skeleton.tokens[place.span.first], place.token(1)
    if token not in lexicon.given_names():
        return
    is_last_name = (
        after in lexicon.surnames() and not lexicon.is_ordinary(after, "en") and after not in place.cues.nouns
    ) or (place.language in _LAST_NAMES_UNLISTED and _is_no_word(after, place))
    if is_last_name:
        yield Reason(f"a person: {place.found} {place.surface(1)}", points("after.last_name"))


_LAST_NAMES_UNLISTED = frozenset({"de", "nl"})  # their last names are in no list of ours, but their words are


_FAMILIAR = frozenset({"the", "these", "those"})
_OF_SEVERAL = frozenset({"are", "have", "live", "lived", "moved", "of", "own", "owned", "say", "want", "were"})


def _of_a_family(form: Form, place: Place) -> Iterator[Reason]:
    """``The Frasers have farmed``: people of that last name; but ``the Starbucks boycott``, ``the Boots own brand``."""
    if place.language != "en" or (place.before, place.after) != (" ", " ") or place.token(1) not in _OF_SEVERAL:
        return
    token = place.skeleton.tokens[place.span.last]
    is_plural = token.endswith("s") and token.removesuffix("s") in lexicon.surnames()
    if is_plural and place.token(2) not in place.cues.nouns and not form.name.casefold().startswith("the "):
        yield Reason(f"a family: {place.token(-1)} {place.found}", points("before.article"))


def _is_no_word(token: str, place: Place) -> bool:
    """No noun of the language, which in German has its capital anyway, nor of business: most likely a last name."""
    is_listed = (
        lexicon.is_word(token, place.language) or token in place.cues.nouns | place.cues.near | lexicon.cues("en").nouns
    )
    return len(token) > 3 and not is_listed and place.skeleton.gap(place.span.last + 2)[:1] != "-"


def _named_as_a_place(place: Place) -> Iterator[Reason]:
    """``la ville d'Orange``, ``House of Orange``, ``FC Porto``, ``Burlington, Vermont``."""
    head, before = place.token(-2), place.token(-1)
    if before in _OF and head in place.cues.civics | place.cues.titles | _HEADS_OF:
        yield Reason(f"named after it: {head} {before} {place.found}", points("before.civic"))
    elif before in _CLUBS or (place.after == " " and place.token(1) in _CLUBS_BEHIND):
        yield Reason("a sports club", points("before.civic"))
    elif place.after == ", " and place.language == "en" and not place.skeleton.gap(place.span.last + 2).startswith("'"):
        state = place.token(1)
        if state in lexicon.states() or f"{state} {place.token(2)}" in lexicon.states():
            yield Reason(f"a place in {place.surface(1)}", points("after.state"))


_CLUBS = frozenset({"fc", "cf", "afc", "sc", "vfl", "vfb", "tsv", "sv", "rc", "bc", "fk", "timnas"})
_CLUBS_BEHIND = _CLUBS - {"sc", "bc", "sv", "rc"}  # those are, behind a name: Supreme Court, British Columbia
_HEADS_OF = frozenset(
    {"house", "order", "university", "church", "city", "town", "village", "isle", "bay", "cape", "duke"}
)


def _of_a_city(form: Form, place: Place) -> Iterator[Reason]:
    """``in Santander``, ``Santander police``: the city."""
    land = place.token(1)
    if land in place.cues.lands and place.after == " ":
        yield Reason(f"a landscape: {place.found} {land}", points("before.civic"))
        return
    is_listed = place.skeleton.tokens[place.span.last] in lexicon.places()
    if place.token(-1) in _NEAR and place.token(1) not in place.cues.nouns and (is_listed or _is_beside(place)):
        yield Reason(f"a place: {place.token(-1)} {place.found}", points("before.where"))
        return
    if not is_listed:
        return
    cues, before = place.cues, place.token(-1)
    if before in cues.wheres and place.token(-2) not in cues.nouns:  # but: a stake in Santander
        yield Reason(f"a place: {before} {place.found}", points("before.where"))
    beside = (place.token(place.following), before, place.token(-2) if before in cues.prepositions else "")
    civic = next((word for word in beside if word in cues.civics), "")
    if civic:
        yield Reason(f"a city: {civic}", points("before.civic"))


_NEAR = frozenset({"near", "outside"})  # which little is of a company but its plants, and those who protest


def _is_beside(place: Place) -> bool:
    """``avalanche near Vail``, of a town that no list has; but ``Outside Disney, a protest``."""
    return not place.opens_at(place.span.first - 1) and place.cues.crowds.isdisjoint(place.skeleton.tokens)


def _amounts(place: Place, before: str) -> Iterator[Reason]:
    """Sums of money and numbers of things: ``$5 Gap``, ``9 Target``, ``3M people``."""
    if before.rstrip().endswith(_MONEY_ENDS) and _MONEY.search(before):
        yield Reason("an amount of money", points("where.money"))
    elif place.token(-1)[-1:].isdigit() and place.before in (" ", "-", "% ", ""):
        yield Reason("number before", points("where.number_before"))
    if not (place.found[:1].isdigit() and place.found[-1:] in "MBKmbk"):
        return
    word = place.surface(1)
    counted = word.islower() and (word.endswith("s") or word == "people") and place.after == " "
    if counted and not _is_of_business(word, place.cues):
        yield Reason(f"a number of: {word}", points("where.quantity"))


def _is_small(word: str, cues: Cues) -> bool:
    return word in cues.stop or word in cues.prepositions or word in cues.articles


def _is_of_business(word: str, cues: Cues) -> bool:
    return word in cues.nouns or word in cues.verbs or word in cues.auxiliaries


def _chunk_before(text: str, start: int) -> str:
    """The characters up to ``start`` that no space or line break divides from it."""
    if not start or text[start - 1].isspace():
        return ""
    return text[max(0, start - _LONGEST_LINK) : start].rsplit(maxsplit=1)[-1]


def _is_source_tag(place: Place) -> bool:
    """``(Reuters)``, ``... - Sky News``, ``© dpa``: who tells the news, not whom it is about."""
    before, after = place.before, place.after
    if "©" in before or (before.endswith("@") and place.token(-1) == "via"):
        return True
    if before.endswith("(") and after.startswith(")") and place.language not in UNSPACED_LANGUAGES:
        is_last = place.span.last == len(place.skeleton.tokens) - 1
        return is_last or " - " in after or " -" in after or place.span.last < 5
    if place.skeleton.where is EntryField.TEXT and before.endswith("| ") and after.startswith("\n"):
        return True
    is_title_end = place.skeleton.where is EntryField.TITLE and place.span.last == len(place.skeleton.tokens) - 1
    return is_title_end and place.span.first > 3 and before in (" - ", " | ", " -- ", " -")


def _attribution(form: Form, place: Place) -> Iterator[Reason]:
    """``...: Jane Roe`` or ``says Jane Roe`` ends a headline: who says it, not whom it is about."""
    skeleton, span = place.skeleton, place.span
    is_fragile = form.flavour in (Flavour.PERSON, Flavour.WORD) or form.derived
    if span.first < 3 or span.first != span.last:
        return
    speaker = _speaker(skeleton.original, place.start)
    if not 2 <= len(speaker) <= 4 or not all(word[:1].isupper() for word in speaker):
        return
    others = [token for word in speaker for token in tokenise(fold(word)) if token not in form.own]
    if not is_fragile and (not others or any(_names_a_firm(token, place.cues) for token in others)):
        return
    variant = "distinct" if form.flavour is Flavour.DISTINCT else ""
    yield Reason("who says it, at the end of the headline", points("where.attribution", variant))


def _speaker(title: str, start: int) -> list[str]:
    """The words of the headline's last part that holds ``start``: behind a colon or ``says``, up to a comma."""
    if not (": " in title or "ays " in title or "aid " in title):  # as in most, and quicker told
        return []
    begin = max((match.end() for match in _SAID.finditer(title, 0, start)), default=0)
    said = title[begin:].split(",")[0] if begin else ""
    return said.split() if start < begin + len(said) else []


def _names_a_firm(token: str, cues: Cues) -> bool:
    return token in cues.nouns or token in lexicon.describing_long() | lexicon.siblings() | lexicon.legal_after()


def _case(form: Form, place: Place) -> Iterator[Reason]:
    found, style = place.found, place.skeleton.style
    if style == "lower":
        if form.flavour in (Flavour.WORD, Flavour.ACRONYM):
            yield Reason("text without capitals", points("case.text_lower"))
        if place.token(1) == "down":
            yield from _fails(form, place)
    elif style == "upper" and form.flavour is Flavour.ACRONYM and _is_small_or_verb(place):
        yield Reason(f"a word, in a text of capitals: {place.found}", points("case.not_capitals_word"))
    elif found.islower() and not form.name[:1].islower() and found.upper() != found:
        yield from _lower_case(form, place)
    elif form.flavour is Flavour.ACRONYM and not found.isupper() and form.name.isupper():
        if found[:-1] != form.name:  # IBMs is as good as IBM
            is_word = lexicon.is_ordinary(fold(found), place.language)
            yield Reason("not in capitals", points("case.not_capitals", "word" if is_word else ""))
    elif _is_raised(form, found, style):
        yield Reason("all capitals", points("case.all_capitals"))
    elif form.flavour is Flavour.PHRASE and place.is_cased and _is_half_raised(form, found):
        yield Reason("its other words in lower case", points("case.half_raised"))
    elif form.flavour is Flavour.WORD and place.is_cased and style == "sentence" and not place.opens_sentence:
        is_class = lexicon.is_class_name(place.skeleton.tokens[place.span.first])
        yield Reason("capital within a sentence", points("case.capital_within", "class" if is_class else ""))
    if not form.name.isascii() and form.flavour in _PERSON_OR_WORD and found.isascii():
        yield Reason("accents left out", points("case.accents_left_out"))


def _fails(form: Form, place: Place) -> Iterator[Reason]:
    """``is zoom down for anyone``: asked in forums, of services."""
    is_asked = place.token(-1) == "is" or place.token(2) in ("", "again", "for", "right")
    if form.flavour in _FRAGILE and is_asked and place.skeleton.gap(place.span.last + 1) == " ":
        yield Reason("fails: down", points("after.down"))


def _is_small_or_verb(place: Place) -> bool:
    """``WIE MAN SPART``: one of the words that every sentence has."""
    token = place.skeleton.tokens[place.span.first]
    return token in place.cues.stop or lexicon.is_frequent(token, place.language)


def _is_raised(form: Form, found: str, style: str) -> bool:
    """All capitals in a text that has others: of a word, or of a name of people (GAIL) that is listed so."""
    if not found.isupper() or len(found) <= 3:
        return False
    if form.flavour in (Flavour.WORD, Flavour.PHRASE):
        return style == "sentence"
    return form.flavour is Flavour.PERSON and form.name.isupper() and style != "upper"


def _is_half_raised(form: Form, found: str) -> bool:
    """``General dynamics``, for a company whose every long word has a capital."""
    later = [word for word in found.split()[1:] if len(word) > 2]
    if not later or not all(word.islower() and fold(word) in form.own for word in later):
        return False
    return not any(word.islower() for word in form.name.split())


def _lower_case(form: Form, place: Place) -> Iterator[Reason]:
    """A sentence does not begin in lower case: there a feed has lost the capital, and little is proven by it."""
    opening = place.span.first == 0 and form.flavour in (Flavour.WORD, Flavour.ACRONYM, Flavour.PHRASE)
    unlisted = form.flavour is Flavour.DISTINCT and place.language != "en"
    variant = "unlisted" if unlisted else "phrase" if _is_phrase_abroad(form, place) else form.flavour
    worth = points("case.lower_opening") if opening else points("case.lower", variant)
    if worth:
        yield Reason("lower case", worth)


def _is_phrase_abroad(form: Form, place: Place) -> bool:
    """``la poste``: several words that are all in daily use where the entry was written."""
    span, language = place.span, place.language
    if form.flavour is not Flavour.DISTINCT or language == "en" or span.first == span.last:
        return False
    return all(lexicon.is_ordinary(token, language) for token in place.skeleton.tokens[span.first : span.last + 1])


def _next(form: Form, place: Place) -> Iterator[Reason]:
    """The words behind the name."""
    offset, cues = place.following, place.cues
    word, written = place.token(offset), place.surface(offset)
    after = place.after if offset == 1 else place.skeleton.gap(place.span.last + offset)
    adjoining = (
        after == " "
        or after.replace('"', "") in (" ", "-", "  ")
        or (place.is_possessive and not after.strip("' "))
        or after in ("' ", "'")
    )
    if place.is_possessive:
        yield Reason("possessive", points("after.possessive"))
    if not word or not adjoining:
        return
    two = f"{word} {place.token(offset + 1)}"
    if (word in lexicon.legal_after() or two in lexicon.legal_after()) and (
        not written.islower() or word in _PLAIN_FORMS
    ):
        yield from _legal_form(form, word, written)
    elif word in cues.nouns and (written.islower() or word not in lexicon.siblings() or not place.is_cased):
        is_thing = form.flavour is Flavour.WORD and word in cues.things and place.opens_sentence
        yield Reason(f"business word after: {word}", points("after.noun", "thing" if is_thing else ""))
    elif sign := _acting(place, word, written):
        if not _is_of_another(form, place):
            yield Reason(f"{_ACTING[sign]}: {word}", points(f"after.{sign}"))
    elif word == "to" and place.skeleton.where is EntryField.TITLE and place.span.first == 0:
        yield Reason("acts: to ...", points("after.to"))
    elif word == "in" and place.token(offset + 1) in cues.dealings and not place.is_possessive:
        yield Reason(f"acts: in {place.token(offset + 1)}", points("after.verb"))
    elif word == "of" and form.derived and _goes_on(form, place, offset + 1):
        yield Reason(f"the name goes on: {written} {place.surface(offset + 1)}", points("after.goes_on"))
    elif word in _PARTICLES and place.surface(offset + 1)[:1].isupper() and place.is_cased:
        yield Reason(f"the name goes on: {written} {place.surface(offset + 1)}", points("after.particle"))
    else:
        yield from _next_unknown(form, place, word, written)


# Verbs of what will be, which no list could hold: abrirá, lançará, supprimera, aprirà.
FUTURE = {
    "es": re.compile(r"\w{2,}(?:rá|rán)$"),
    "pt": re.compile(r"\w{2,}(?:rá|rão)$"),
    "fr": re.compile(r"\w{3,}(?:era|eront|ira|iront|dra|dront)$"),
    "it": re.compile(r"\w{2,}(?:rà|ranno)$"),
}


def is_future(written: str, language: str) -> bool:
    """Is it a verb of what will be, in a language that has a form for it?"""
    return language in FUTURE and written.islower() and FUTURE[language].match(written) is not None


_ACTING = {"verb": "does what companies do", "auxiliary": "acts or is"}


def _acting(place: Place, word: str, written: str) -> str:
    """The sign that the word behind the name is, if it says what the name does; else ""."""
    if place.is_possessive:
        return ""
    if is_acting(word, written, place.language, place.cues.verbs):
        return "verb"
    return "auxiliary" if word in place.cues.auxiliaries else ""


# Verbs that are another word without their accent: Gol é, but Gol e Azul.
_ACCENTED = {"pt": {"e": "é", "esta": "está"}, "it": {"e": "è"}, "es": {"esta": "está"}, "fr": {"a": "a"}}


def is_acting(word: str, written: str, language: str, verbs: frozenset[str]) -> bool:
    """Is the folded word a verb of the list, or one of what will be? ``written`` is as the text has it."""
    if word not in verbs:
        return is_future(written, language)
    accented = _ACCENTED.get(language, {}).get(word, "")
    return not accented or written.casefold() == accented or is_future(written, language)


_OF = frozenset({"of", "de", "d", "du", "di", "da", "do", "del", "della", "von", "van"})


def _is_of_another(form: Form, place: Place) -> bool:
    """``House of Orange opens``: what is said is said of the house. ``Devlet garanti verdi``: of the state."""
    if form.flavour in _FRAGILE:
        return place.token(-1) in _OF
    is_lowered = place.found.islower() and not form.name[:1].islower() and place.skeleton.style == "sentence"
    return is_lowered and not lexicon.has_words(place.language)


_FRAGILE = (Flavour.WORD, Flavour.WEAK, Flavour.PERSON, Flavour.ACRONYM)
_FRAGILE_OR_TICKER = (*_FRAGILE, Flavour.TICKER)


def _goes_on(form: Form, place: Place, offset: int) -> bool:
    """``Royal Bank of Scotland``, for the short form of Royal Bank of Canada."""
    return place.is_cased and place.surface(offset)[:1].isupper() and place.token(offset) not in form.own


_PLAIN_FORMS = frozenset({"plc", "inc", "ltd", "llc", "corp", "gmbh", "pvt"})  # no words, also in lower case
_PARTICLES = frozenset({"de", "del", "da", "do", "di", "van", "von", "der", "la"})


def _is_abbreviation(written: str) -> bool:
    return written.isupper() and written.isalpha() and 2 <= len(written) <= 3


def _legal_form(form: Form, word: str, written: str) -> Iterator[Reason]:
    """``Delta Corp`` is a company, but not the one whose full name begins otherwise: Delta Air Lines."""
    if form.heads and word not in form.own and form.flavour is Flavour.WORD:
        yield Reason(f"another firm: {written}", points("after.legal_form_other"))
    elif word != "as":
        yield Reason(f"legal form: {written}", points("after.legal_form"))


def _next_unknown(form: Form, place: Place, word: str, written: str) -> Iterator[Reason]:
    raised = written[:1].isupper()
    is_sentence = place.skeleton.style == "sentence"
    if raised and word in lexicon.siblings() and place.is_cased and not place.is_possessive and word not in form.own:
        yield Reason(f"another firm: {written}", points("after.sibling", "" if is_sentence else "title"))
    elif raised and form.derived and not form.confirmed and place.is_cased and not place.is_possessive:
        if word not in form.own and form.flavour is not Flavour.ACRONYM:
            yield Reason(f"the name goes on: {written}", points("after.goes_on", "" if is_sentence else "title"))
    elif form.flavour in _FRAGILE and place.is_cased:
        if raised and is_sentence and not place.is_possessive:
            further = place.token(place.following + 1)
            if _is_abbreviation(written) and further in place.cues.nouns:  # Meta AI chief
                yield Reason(f"business word after: {written} {further}", points("after.noun"))
                return
            variant = "abbreviation" if _is_abbreviation(written) else form.flavour
            yield Reason(f"another name after: {written}", points("after.name", variant))
        elif (
            written.islower()
            and form.flavour is Flavour.WORD
            and not place.is_possessive
            and word not in place.cues.prepositions
            and lexicon.is_ordinary(word, place.language)
        ):
            yield Reason(f"ordinary word after: {word}", points("after.ordinary"))


def _previous(form: Form, place: Place) -> Iterator[Reason]:
    """The words before the name."""
    word, written, before, cues = place.token(-1), place.surface(-1), place.before, place.cues
    if not word or (before != " " and _is_broken(before)):
        return
    if person := _person_before(form, place, word, written):
        yield person
    elif word in _PARTICLES and written.islower() and _is_first_name_before(place):
        yield Reason(f"first name before: {place.surface(-2)} {written}", points("before.first_name"))
    elif _is_named_by_a_noun(form, place, word):
        yield Reason(
            f"business word before: {place.token(-2)} {word}", points("before.noun_of", "at" if word in _AT else "")
        )
    elif word in cues.articles and form.flavour in _WITH_ARTICLES:
        yield from _article(form, place, word)
    elif (
        word in cues.nouns
        and form.flavour in (Flavour.WORD, Flavour.WEAK, Flavour.ACRONYM)
        and not place.found.islower()
        and not _is_part_of_a_name(place, written)
    ):
        yield Reason(f"business word before: {word}", points("before.noun"))
    elif word == "to" and form.flavour is Flavour.WORD and place.skeleton.style != "sentence":
        yield Reason("to before: a verb", points("before.to"))
    elif word in cues.prepositions:
        if form.flavour is Flavour.WORD and place.is_cased and not place.found.islower() and word not in cues.wheres:
            yield Reason(f"preposition before: {word}", points("before.preposition"))
    elif before == "-" and form.flavour in (Flavour.WORD, Flavour.PERSON) and written[:1].isupper():
        yield Reason(f"second half of a compound: {written}", points("before.compound"))
    elif written[:1].isupper() and place.is_cased and before == " ":
        yield from _previous_capital(form, place, word, written)


def _is_broken(gap: str) -> bool:
    """Does it part more than two words of a sentence?"""
    return gap.strip(" -'\"") != "" or _BREAK.search(gap.replace("-", "").replace('"', "")) is not None


_SUBORDINATING = frozenset({"what", "that", "which"})
_AT = frozenset({"at", "bei", "beim", "chez", "presso", "bij"})
_OF_OR_AT = _OF | _AT


def _is_part_of_a_name(place: Place, written: str) -> bool:
    """``at Union Square``: within a sentence a word of business has no capital unless it is part of a name."""
    is_raised = written.istitle() and place.is_cased and place.skeleton.style == "sentence"
    return is_raised and not place.opens_at(place.span.first - 1)


def _is_named_by_a_noun(form: Form, place: Place, word: str) -> bool:
    """``shares of Target``, ``engineer at Stripe``: things and posts that only a company has."""
    return (
        form.flavour in _FRAGILE
        and place.found[:1].isupper()
        and word in _OF_OR_AT
        and place.token(-2) in place.cues.nouns
        and place.skeleton.gap(place.span.first - 1) == " "
    )


def _person_before(form: Form, place: Place, word: str, written: str) -> Reason | None:
    """A title or a first name just before: the name is a person's."""
    fragile = form.flavour in (Flavour.WORD, Flavour.WEAK, Flavour.PERSON, Flavour.ACRONYM)
    if not written[:1].isupper() or not (fragile or _is_single(form, place)):
        return None
    if fragile and word in place.cues.titles:
        return Reason(f"title before: {written}", points("before.title"))
    if place.before != " ":
        return None
    if word in lexicon.given_names():
        if not lexicon.is_ordinary(word, "en"):
            return Reason(f"first name before: {written}", points("before.first_name"))
        if fragile and not _is_small(word, place.cues) and not _is_of_business(word, place.cues):
            return Reason(f"first name before: {written}", points("before.first_name", "word"))
    if _is_name_abroad(word, written, place):
        return Reason(f"first name before: {written}", points("before.first_name"))
    return None


def _is_first_name_before(place: Place) -> bool:
    """``Guillermo del Toro``, ``Werner von Siemens``: a particle between the first name and the last."""
    first, written = place.token(-2), place.surface(-2)
    if not written.istitle() or place.skeleton.gap(place.span.first - 1) != " ":
        return False
    if first not in lexicon.given_names() and first not in lexicon.given_names_abroad():
        return False
    is_word = lexicon.is_ordinary(first, place.language) and place.language != "de"
    return not (is_word or _is_of_business(first, place.cues) or _is_small(first, place.cues))


def _is_single(form: Form, place: Place) -> bool:
    """One capitalised word that is neither an abbreviation nor written like a brand: a last name of people too?"""
    words = place.found.split("'")[0].split("\u2019")[0]
    return form.flavour is Flavour.DISTINCT and words.istitle() and " " not in words and "-" not in words


def _is_name_abroad(word: str, written: str, place: Place) -> bool:
    if not written.istitle() or word not in lexicon.given_names_abroad():
        return False
    if place.language == "en":
        return not lexicon.is_ordinary(word, "en")
    # The lists of other languages hold first names too, and so do not tell.
    return not (_is_small(word, place.cues) or _is_of_business(word, place.cues) or word in place.cues.words)


_WITH_ARTICLES = (Flavour.DISTINCT, Flavour.WORD, Flavour.WEAK, Flavour.PERSON)


def _article(form: Form, place: Place, word: str) -> Iterator[Reason]:
    """Speaks against words, not against abbreviations ("the BBC"); less where it belongs to a noun behind the name."""
    if form.flavour is Flavour.DISTINCT:
        if place.found.islower() and place.is_cased and not form.name[:1].islower() and not place.is_possessive:
            yield Reason(f"article before, in lower case: {word}", points("before.article_lower"))
        return
    word_after, cues = place.token(1), place.cues
    if word in _SUBORDINATING and place.token(place.following) in cues.verbs:  # what Target wants
        return
    acts = word_after in cues.verbs or word_after in cues.auxiliaries or _is_small(word_after, cues)
    is_of_noun = place.after == " " and place.surface(1).islower() and not acts  # an Apple executive
    is_of_noun = is_of_noun or (place.after == "-" and word_after in cues.nouns)  # die Alphabet-Tochter
    variants = ("noun",) if is_of_noun else (f"{form.flavour}_{place.language}", form.flavour)
    yield Reason(f"article before: {word}", points("before.article", *variants))


def _previous_capital(form: Form, place: Place, word: str, written: str) -> Iterator[Reason]:
    """A capitalised word just before: part of a longer name, unless it opens the sentence or is a plain word."""
    if word in lexicon.heads() and lexicon.is_ordinary(place.skeleton.tokens[place.span.first], "en"):
        yield Reason(f"a longer name: {written} {place.found}", points("before.head"))
        return
    if place.language != "en" and word in place.cues.nouns | lexicon.cues("en").nouns:
        return  # Bank Mandiri, Grupo Bimbo: where the kind of a company comes first
    ordinary = lexicon.is_ordinary(word, place.language)
    if place.skeleton.style == "title":
        if form.flavour is Flavour.WORD:
            yield Reason(f"inside a headline in capitals: {written}", points("before.title_capital"))
        return
    if place.opens_at(place.span.first - 1) and (ordinary or place.language != "en"):
        return
    whole = place.span.first != place.span.last or lexicon.is_class_name(word)
    variant = form.flavour if form.flavour is not Flavour.PHRASE else ""
    yield Reason(
        f"another name before: {written}", points("before.name", "phrase" if whole and variant in _FIRM else variant)
    )


_FIRM = ("", "distinct", "proper", "domain", "ticker", "cjk")


_PROVEN_BY_BUSINESS = (Flavour.WORD, Flavour.WEAK, Flavour.ACRONYM, Flavour.TICKER)
_OPENING = "language.opening_word"


def opens_as_a_word(reasons: list[Reason]) -> bool:
    """Was it said of the occurrence that its capital may be owed to the place?"""
    return any(getattr(reason.points, "key", "") == _OPENING for reason in reasons)


_ENDING_AT_LEAST = 5  # letters of the last part of a German compound


class Surroundings:
    """What a whole entry tells, looked up once for each company, however often it is named."""

    def __init__(self, skeletons: list[Skeleton], cues: Cues) -> None:
        self._skeletons = skeletons
        self._cues = cues
        self._present: dict[tuple[str, ...], list[str]] = {}
        self._spelt_out: dict[str, frozenset[str]] = {}

    @Lazy
    def explained(self) -> dict[str, frozenset[str]]:
        """The abbreviations that the entry explains, with their words."""
        return {key: words for skeleton in self._skeletons for key, words in explained(skeleton.original).items()}

    def spelt_out(self, letters: str) -> frozenset[str]:
        """The words that an abbreviation of capitals stands for, if the entry has them in a row."""
        if letters not in self._spelt_out:
            is_plain = letters.isascii() and letters.isalpha() and letters.isupper()
            runs = (spelt_out_elsewhere(letters, row) for row in self._rows) if is_plain else iter(())
            self._spelt_out[letters] = next((words for words in runs if words), frozenset())
        return self._spelt_out[letters]

    @Lazy
    def _rows(self) -> list[Row]:
        return [row for skeleton in self._skeletons for row in rows_of(skeleton.original)]

    @Lazy
    def near(self) -> list[str]:
        """The words of business in the entry."""
        found = self._among(self._cues.near)
        return [*found, *self._compounds] if self._cues is lexicon.cues("de") else found

    @Lazy
    def _compounds(self) -> list[str]:
        """German glues what a firm is or has to what it makes: Modekette, Jahresumsatz."""
        endings = tuple(word for word in self._cues.near if len(word) >= _ENDING_AT_LEAST)
        words = {token for skeleton in self._skeletons for token in skeleton.tokens if token.endswith(endings)}
        return sorted(words - self._cues.near)

    @Lazy
    def sports(self) -> list[str]:
        """The words in the entry that only sports have."""
        return self._among(self._cues.sports)

    @Lazy
    def plants(self) -> list[str]:
        """The words in the entry that only kitchens and gardens have."""
        return self._among(self._cues.plants)

    @Lazy
    def _tokens(self) -> set[str]:
        return set().union(*[skeleton.tokens for skeleton in self._skeletons])

    def _among(self, words: frozenset[str]) -> list[str]:
        return sorted(words & self._tokens)

    def present(self, phrases: tuple[str, ...]) -> list[str]:
        """Those of the patterns that occur, in their order."""
        if not phrases:
            return []
        if phrases not in self._present:
            self._present[phrases] = [phrase for phrase in phrases if self._occurs(phrase)]
        return self._present[phrases]

    def _occurs(self, phrase: str) -> bool:
        return any(phrase in skeleton.text for skeleton in self._skeletons)


@cache
def entry_signals_at_most(has_context: bool) -> float:
    """The points that ``entry_signals`` can add for a company, with context words or without."""
    business, near = points("entry.business_most"), points("entry.context_most") if has_context else 0.0
    return max(0.0, business) + max(0.0, near)


def entry_signals(
    *, context: tuple[str, ...], exclude: tuple[str, ...], form: Form, surroundings: Surroundings, is_word: bool
) -> Iterator[Reason]:
    """What the whole entry tells: the company's own context and exclusion words, words of business.

    ``is_word``: the name is a word where the entry was written, whatever it is elsewhere.
    """
    if present := surroundings.present(context):
        worth = points("entry.context_first") + points("entry.context_more") * (len(present) - 1)
        shown = ", ".join(phrase.strip() for phrase in present[:3])
        yield Reason(f"context: {shown}", min(points("entry.context_most"), worth))
    if absent := surroundings.present(exclude):
        is_firm = form.flavour in (Flavour.DISTINCT, Flavour.PHRASE, Flavour.DOMAIN)
        yield Reason(f"exclusion: {absent[0].strip()}", points("entry.exclusion", "distinct" if is_firm else ""))
    if is_word or form.flavour in _FRAGILE_OR_TICKER:
        yield from _of_other_fields(form, surroundings)
    is_common = form.flavour is Flavour.PERSON and form.base < points("name.person")
    if not (is_word or is_common) and form.flavour not in _PROVEN_BY_BUSINESS:
        return
    if near := [word for word in surroundings.near if word not in form.own]:
        worth = min(points("entry.business_most"), points("entry.business") * len(near))
        yield Reason(f"words of business: {', '.join(near[:3])}", worth)


def _of_other_fields(form: Form, surroundings: Surroundings) -> Iterator[Reason]:
    """Where a striker scores, a name is more often a player's, a club's or a word than a company's; where something
    blossoms or is baked, an ordinary word is what it says.
    """
    for kind, words in (
        ("sports", surroundings.sports),
        ("kitchen and garden", surroundings.plants if form.flavour is Flavour.WORD else ()),
    ):
        if words and (found := [word for word in words if word not in form.own]):
            worth = points("entry.field", kind) + points("entry.field_more") * (len(found) - 1)
            yield Reason(f"words of {kind}: {', '.join(found[:3])}", max(points("entry.field_most"), worth))

"""Entry in, hits out, and why."""

from dataclasses import replace

import pytest

from pipeline.match import RULE_VERSION, Candidate, MatchEngine, Matcher
from pipeline.model import Entry, EntryField, Mention, Method, Name, NameKind, Watchlist
from tests.builders_match import company, engine, entry, found

MICROSOFT = company("microsoft", "Microsoft", "Microsoft Corp.", "微软", tickers=("MSFT",), domains=("microsoft.com",))
SIEMENS = company("siemens", "Siemens", "Siemens AG")
ENERGY = company("energy", "Siemens Energy")
TARGET = company("target", "Target", context=("shoppers",), exclude=("archery",))
XIAOMI = company("xiaomi", "Xiaomi", "小米", tickers=("1810.HK",))


def best(title: str, *companies, language: str = "en"):
    hits = engine(*companies).hits(entry(title, language=language))
    return hits[0].best if hits else None


@pytest.mark.parametrize(
    ("title", "method", "text_found"),
    [
        ("Microsoft buys a studio", Method.EXACT, "Microsoft"),
        ("Microsofts buys a studio", Method.VARIANT, "Microsofts"),
        ("Micorsoft buys a studio", Method.FUZZY, "Micorsoft"),
        ("Rally for $MSFT today", Method.TICKER, "$MSFT"),
        ("Ｍｉｃｒｏｓｏｆｔ buys a studio", Method.VARIANT, "Ｍｉｃｒｏｓｏｆｔ"),
        ("Outage at microsoft.com today", Method.DOMAIN, "microsoft.com"),
    ],
)
def test_a_mention_says_how_and_where_it_was_found(title: str, method: Method, text_found: str) -> None:
    mention = best(title, MICROSOFT)

    assert mention is not None
    assert (mention.method, mention.found) == (method, text_found)
    assert title[mention.start : mention.end] == text_found


def test_two_edits_that_only_move_a_letter_are_one_typo() -> None:
    assert found(engine(XIAOMI), "Xiamio unveils a scooter") == ["xiaomi"]


def test_fuzzy_can_be_switched_off() -> None:
    assert found(engine(XIAOMI, fuzzy=False), "Xiamio unveils a scooter") == []


def test_one_misspelt_word_of_several_is_forgiven() -> None:
    assert found(engine(company("gs", "Goldman Sachs")), "Goldman Sahcs hires an economist") == ["gs"]


def test_the_longer_name_wins_and_the_shorter_is_silent() -> None:
    assert found(engine(SIEMENS, ENERGY), "Siemens Energy lifts its outlook") == ["energy"]


def test_a_sibling_that_nobody_listed_is_not_the_company() -> None:
    assert found(engine(SIEMENS), "Order boom at Siemens Healthineers continues") == []


def test_a_phrase_that_holds_the_name_wins_silently() -> None:
    amazon = company("amazon", "Amazon")

    assert found(engine(amazon), "Dolphins return to the Amazon River") == []
    assert found(engine(amazon), "Amazon opens a warehouse in Ohio") == ["amazon"]


def test_context_words_lift_an_ordinary_word() -> None:
    plain = company("target", "Target")

    assert found(engine(plain), "Lines Form Outside Target") == []
    assert found(engine(TARGET), "Lines Form Outside Target", "Hundreds of shoppers waited.") == ["target"]


def test_exclusion_words_sink_it_again() -> None:
    assert found(engine(TARGET), "Target opens a range", "The archery club welcomes shoppers.") == []


def test_an_exclusion_phrase_silences_only_its_own_company() -> None:
    siemens = company("siemens", "Siemens", exclude=("Siemens Energy",))

    assert found(engine(siemens, ENERGY), "Siemens Energy hires") == ["energy"]
    assert found(engine(siemens), "Siemens Energy hires") == []


def test_a_page_of_exclusions_does_not_hide_the_company_behind_them() -> None:
    apple = company("apple", "Apple", "Apple Inc.", context=("iPhone",), exclude=("Apple pie",))

    assert found(engine(apple), text="Apple pie is good. " * 101) == []
    assert found(engine(apple), text="Apple pie is good. " * 101 + "Apple Inc. sells the iPhone.") == ["apple"]


def test_a_weak_name_counts_only_beside_other_evidence() -> None:
    letter = company("x", "X", context=("Musk",))

    assert found(engine(letter), "Room X is closed") == []
    assert found(engine(letter), "X says posts are down", "Musk blamed an attack.") == ["x"]


def test_a_ticker_needs_its_notation_or_its_capitals() -> None:
    ford = company("ford", "Ford Motor Company", tickers=("F",))

    assert found(engine(ford), "Stocks to own (NYSE: F)") == ["ford"]
    assert found(engine(ford), "F is for fiction") == []
    assert found(engine(MICROSOFT), "MSFT leads the rally") == ["microsoft"]
    assert found(engine(MICROSOFT), "the msft of boats") == []


def test_trademark_signs_are_no_tickers() -> None:
    assert found(engine(company("toyota", "Toyota", tickers=("TM",))), "New Widget(TM) for gardens (TM)") == []


def test_a_name_in_a_link_is_no_mention() -> None:
    assert found(engine(MICROSOFT), "Look here", "https://example.org/microsoft/page") == []


def test_the_newsroom_of_a_company_speaks_of_it() -> None:
    assert found(engine(MICROSOFT), "A new campus", url="https://news.microsoft.com/a-new-campus") == ["microsoft"]
    assert found(engine(MICROSOFT), "A new game", url="https://www.microsoft.com/store/game") == []


def test_the_agency_that_tells_the_news_is_not_its_subject() -> None:
    reuters = company("reuters", "Reuters")

    assert found(engine(reuters), "Storm hits the coast (Reuters)") == []
    assert found(engine(reuters), "Reuters names an editor") == ["reuters"]


def test_two_companies_of_one_name_need_more_than_the_name() -> None:
    first = company("a", "Prudenza", context=("Milan",))
    second = company("b", "Prudenza", context=("Lima",))

    assert found(engine(first, second), "Prudenza opens an office") == []
    assert found(engine(first, second), "Prudenza opens an office in Lima") == ["b"]


@pytest.mark.parametrize(
    ("language", "title", "name"),
    [
        ("de", "Streik bei der Deutschen Bahn", "Deutsche Bahn"),
        ("de", "VW-Chef kündigt Sparkurs an", "VW"),
        ("ru", "Прибыль Газпрома снизилась", "Газпром"),
        ("tr", "Türk Telekom'un geliri arttı", "Türk Telekom"),
        ("ko", "현대차는 공장을 증설한다", "현대차"),
        ("zh", "记者在visa公司总部", "Visa"),
        ("ja", "トヨタ、国内生産を再開", "トヨタ"),
    ],
)
def test_inflection_and_script_boundaries_do_not_hide_a_name(language: str, title: str, name: str) -> None:
    assert found(engine(company("c", name)), title, language=language) == ["c"]


@pytest.mark.parametrize(
    ("language", "title", "name"),
    [
        ("ja", "ソニータウンの跡地に公園", "ソニー"),
        ("fr", "Un accident au carrefour", "Carrefour"),
        ("en", "Pineapple prices rise", "Apple"),
        ("en", "Boxing champion returns", "Boeing"),
        ("en", "The car has 300 hp", "HP"),
        ("en", "Japan's trade surplus widens", "Japan S"),
    ],
)
def test_what_only_looks_like_the_name_is_left_alone(language: str, title: str, name: str) -> None:
    assert found(engine(company("c", name)), title, language=language) == []


def test_hits_come_by_company_with_their_best_mention_first() -> None:
    hits = engine(XIAOMI, MICROSOFT).hits(entry("Xiaomi and Microsoft agree", "Shares of Microsoft rose."))

    assert [hit.company_id for hit in hits] == ["microsoft", "xiaomi"]
    assert all(hit.rule_version == RULE_VERSION for hit in hits)
    assert [m.score for m in hits[0].mentions] == sorted((m.score for m in hits[0].mentions), reverse=True)


def test_reasons_add_up_to_the_score() -> None:
    mention = best("Target shares slide", TARGET)

    assert mention is not None
    assert mention.score == min(100.0, sum(reason.points for reason in mention.reasons))


def test_a_forced_unique_name_needs_no_evidence() -> None:
    sure = company("t", "Zeta", Name("Target", NameKind.UNIQUE))

    assert found(engine(sure), "Target practice range") == []
    assert found(engine(sure), "Inside Target") == ["t"]


def test_an_explanation_shows_the_rejected_and_the_runner_up() -> None:
    explanation = engine(TARGET, MICROSOFT).explain(entry("Microsoft misses its 2% target"), "target")

    assert explanation.hit is None
    assert [candidate.accepted for candidate in explanation.candidates] == [False]
    assert explanation.runner_up is not None
    assert explanation.runner_up.company_id == "microsoft"
    assert "lower case" in explanation.summary


def test_an_explanation_names_the_nearest_text_when_nothing_occurs() -> None:
    summary = engine(XIAOMI, fuzzy=False).explain(entry("Xiamio unveils a scooter"), "xiaomi").summary

    assert "No name of Xiaomi occurs" in summary
    assert "xiamio" in summary


@pytest.mark.parametrize("title", ["A storm is coming", "", "x"])
def test_what_is_nothing_like_a_name_is_not_shown_as_the_nearest(title: str) -> None:
    assert engine(XIAOMI).explain(entry(title), "xiaomi").summary == "No name of Xiaomi occurs."


def test_an_explanation_names_the_exclusion_that_keeps_a_name_out() -> None:
    shell = company("shell", "Shell", exclude=("shell company",))

    summary = engine(shell).explain(entry("Shell company used to launder millions"), "shell").summary

    assert summary == "Shell: “shell company” occurs, which its exclude list keeps out; no name beside it."


def test_all_companies_are_explained_from_one_search_hits_first() -> None:
    searched = []

    class Counting:
        def __init__(self, watchlist: Watchlist) -> None:
            self.names = Matcher().compile(watchlist)

        def find(self, item: Entry) -> tuple[Candidate, ...]:
            searched.append(item)
            return self.names.find(item)

    watchlist = Watchlist((TARGET, XIAOMI, MICROSOFT, SIEMENS))
    ask = MatchEngine(watchlist, lambda: [Counting(watchlist)])
    news = entry("Micorsoft and Xiaomi miss their 2% target")

    explanations = ask.explain_all(news)

    assert len(searched) == 1
    assert [item.company_id for item in explanations] == ["xiaomi", "microsoft", "target"]
    assert [item.hit is not None for item in explanations] == [True, True, False]
    assert explanations == tuple(ask.explain(news, item.company_id) for item in explanations)


class Foreign:
    """A matcher and finder from outside that answers what it is told to."""

    def __init__(self, **changes: object) -> None:
        mention = Mention("xiaomi", EntryField.TITLE, 0, 4, "Mi-1", "Mi", Method.EXACT, 70.0)
        self.mention = replace(mention, **changes)

    def compile(self, watchlist: Watchlist) -> "Foreign":
        return self

    def find(self, item: Entry) -> tuple[Candidate, ...]:
        return (Candidate(self.mention, accepted=True),)


class Versioned(Foreign):
    version = "acme-7"


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"company_id": "nobody"}, "found a company that is not on the watchlist: 'nobody'"),
        ({"score": float("nan")}, "gave 'xiaomi' a score that is no number: nan"),
        ({"score": float("inf")}, "gave 'xiaomi' a score that is no number: inf"),
        ({"end": 99}, "found 'xiaomi' outside the entry: title 0-99"),
        ({"start": -1}, "found 'xiaomi' outside the entry: title -1-4"),
        ({"start": 3, "end": 2}, "found 'xiaomi' outside the entry: title 3-2"),
        ({"field": "body"}, "found 'xiaomi' outside the entry: body 0-4"),
    ],
)
def test_an_impossible_answer_is_refused_naming_who_gave_it(changes: dict, message: str) -> None:
    ask = MatchEngine.build(Watchlist((XIAOMI,)), [Foreign(**changes)])

    with pytest.raises(ValueError) as raised:
        ask.hits(entry("Mi-1 is out"))

    assert str(raised.value) == f"{Foreign.__module__}:Foreign {message}"


@pytest.mark.parametrize(("score", "kept"), [(250.0, 100.0), (-3.0, 0.0), (70.0, 70.0)])
def test_a_score_beyond_the_scale_is_brought_back_to_it(score: float, kept: float) -> None:
    (hit,) = MatchEngine.build(Watchlist((XIAOMI,)), [Foreign(score=score)]).hits(entry("Mi-1 is out"))

    assert (hit.score, hit.best.score) == (kept, kept)


def test_a_hit_is_stamped_with_the_version_of_the_matcher_that_carries_it() -> None:
    def version(foreign: Foreign, title: str) -> str:
        (hit,) = MatchEngine.build(Watchlist((XIAOMI,)), [Matcher(), foreign]).hits(entry(title))
        return hit.rule_version

    assert version(Versioned(), "Mi-1 is out") == "acme-7"
    assert version(Foreign(), "Mi-1 is out") == f"{Foreign.__module__}:Foreign"
    assert version(Versioned(), "Mi-1 by Xiaomi") == RULE_VERSION
    assert version(Versioned(score=99.0), "Mi-1 by Xiaomi") == "acme-7"


def test_explaining_an_unknown_company_is_refused() -> None:
    with pytest.raises(KeyError):
        engine(XIAOMI).explain(entry("x"), "nobody")


def test_an_empty_watchlist_and_an_empty_entry_have_no_hits() -> None:
    assert engine().hits(entry("Microsoft")) == ()
    assert engine(MICROSOFT).hits(entry()) == ()


def test_a_hit_keeps_the_best_mention_of_another_company() -> None:
    ask = engine(XIAOMI, MICROSOFT)

    microsoft, xiaomi = ask.hits(entry("Xiaomi beats Micorsoft"))
    (alone,) = ask.hits(entry("Xiaomi opens a shop"))

    assert (xiaomi.runner_up.company_id, xiaomi.runner_up.found) == ("microsoft", "Micorsoft")
    assert microsoft.runner_up == xiaomi.best
    assert alone.runner_up is None

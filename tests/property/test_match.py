"""What holds for any text and any order of the watchlist."""

from time import perf_counter

from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.match import MatchEngine, Matcher
from pipeline.model import Entry, EntryField, Watchlist
from tests.builders_match import company, engine, entry

COMPANIES = (
    company("apple", "Apple", "Apple Inc.", tickers=("AAPL",), context=("iPhone",), exclude=("orchard",)),
    company("att", "AT&T", tickers=("T",), domains=("att.com",)),
    company("xiaomi", "Xiaomi", "小米", tickers=("1810.HK",)),
    company("samsung", "Samsung Electronics", "삼성전자"),
    company("nestle", "Nestlé", "Nestlé S.A."),
    company("siemens", "Siemens"),
    company("sony", "Sony", "ソニー"),
)
ENGINE = engine(*COMPANIES)
PIECES = (
    *(
        "Apple",
        "apple's",
        "AT&amp;T",
        "AT & T",
        "Xiamio",
        "小米",
        "发布",
        "삼성전자는",
        "Nestlé",
        "Ne\u0301stle",
        "ソニータウン",
    ),
    *("Siemenss", "$AAPL", "1810.HK", "(T)", "https://att.com/x", "shares", "the", "iPhone", "orchard"),
    *("\u200b", "\n", "—", "…", "ﬁ", "İ", "ß"),
)
news = st.lists(st.one_of(st.sampled_from(PIECES), st.text(max_size=8)), max_size=14).map(" ".join)


def field_of(entry: Entry, name: EntryField) -> str:
    return {EntryField.TITLE: entry.title, EntryField.TEXT: entry.text, EntryField.URL: entry.url}[name]


@settings(max_examples=250, deadline=None)
@given(news, news)
def test_a_mention_points_at_the_text_as_given(title: str, text: str) -> None:
    item = entry(title, text)

    for hit in ENGINE.hits(item):
        for mention in hit.mentions:
            assert field_of(item, mention.field)[mention.start : mention.end] == mention.found
            assert mention.found.strip()
            assert 60 <= mention.score <= 100
        assert 0 <= hit.salience <= 100


@settings(max_examples=60, deadline=None)
@given(news, st.permutations(COMPANIES))
def test_the_order_of_the_watchlist_is_irrelevant(text: str, shuffled: list) -> None:
    other = MatchEngine.build(Watchlist(tuple(shuffled)), [Matcher()])

    assert other.hits(entry(text)) == ENGINE.hits(entry(text))


@settings(max_examples=60, deadline=None)
@given(news)
def test_a_stranger_on_the_watchlist_changes_nobodys_evidence(text: str) -> None:
    larger = engine(*COMPANIES, company("zyx", "Qwertzuiop Maschinenbau"))

    ours = {hit.company_id: (hit.score, hit.mentions) for hit in ENGINE.hits(entry(text))}
    theirs = {hit.company_id: (hit.score, hit.mentions) for hit in larger.hits(entry(text)) if hit.company_id != "zyx"}

    assert ours == theirs


@settings(max_examples=150, deadline=None)
@given(st.text(max_size=200), st.text(max_size=40))
def test_any_unicode_is_read_without_an_error(text: str, url: str) -> None:
    item = entry(text, text, url=url, language="")

    ENGINE.hits(item)
    assert ENGINE.explain(item, "apple").summary


def test_a_megabyte_of_adversarial_text_takes_bounded_time() -> None:
    texts = [
        "Apple " * 170_000,
        "a" * 1_000_000,
        "e\u0301" * 500_000,
        "小米" * 500_000,
        "(A" * 500_000,
        "$A.B:" * 200_000,
        "Siemenss " * 110_000,
    ]

    started = perf_counter()
    for text in texts:
        ENGINE.hits(entry("Apple", text))

    assert perf_counter() - started < 20

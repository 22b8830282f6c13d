"""What holds for any text and any order of the watchlist."""

import sys
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.match import MatchEngine, Matcher
from pipeline.match.compiling import best_forms
from pipeline.match.index import NameIndex
from pipeline.match.repair import NearWords
from pipeline.match.skeleton import Skeleton
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
    company("target", "Target", "Target Corp."),
    company("gap", "Gap", "GPS", context=("jeans",)),
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
    *(
        "target",
        "target's",
        "#target",
        "Target",
        "targets",
        "gap",
        "GAP",
        "gps",
        "jeans",
        "of",
        "to",
        "says",
        "said",
        "Corp",
    ),
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


# Of letters that no name of ours has, so that no two words are one edit apart.
strange_words = st.text("qwzxv", min_size=6, max_size=12).map(str.capitalize)
strangers = st.lists(strange_words, min_size=1, max_size=3).map(" ".join)


@settings(max_examples=60, deadline=None)
@given(news, st.lists(strangers, min_size=1, max_size=5, unique=True), st.data())
def test_a_stranger_on_the_watchlist_changes_nobodys_evidence(text: str, names: list[str], data: st.DataObject) -> None:
    text = f"{text} {data.draw(st.sampled_from(names))} {text}"
    larger = engine(*(company(f"zyx{number}", name) for number, name in enumerate(names)), *COMPANIES)

    ours = {hit.company_id: (hit.score, hit.mentions) for hit in ENGINE.hits(entry(text))}
    theirs = {hit.company_id: (hit.score, hit.mentions) for hit in larger.hits(entry(text))}

    assert {company_id: found for company_id, found in theirs.items() if not company_id.startswith("zyx")} == ours


@settings(max_examples=150, deadline=None)
@given(st.text(max_size=200), st.text(max_size=40))
def test_any_unicode_is_read_without_an_error(text: str, url: str) -> None:
    item = entry(text, text, url=url, language="")

    ENGINE.hits(item)
    assert ENGINE.explain(item, "apple").summary


@settings(max_examples=150, deadline=None)
@given(news, news)
def test_hits_are_what_is_accepted_of_all_candidates(title: str, text: str) -> None:
    """For hits, candidates that cannot be accepted are not made; those that are explained are all."""
    item = entry(title, text)

    hits = ENGINE.hits(item)
    explained = {explanation.company_id: explanation.hit for explanation in ENGINE.explain_all(item) if explanation.hit}
    assert [replace(hit, runner_up=None) for hit in hits] == [
        replace(explained[company_id], runner_up=None) for company_id in sorted(explained)
    ]
    for hit in hits:
        further = explained[hit.company_id].runner_up
        assert hit.runner_up is None or (further is not None and further.score >= hit.runner_up.score)


words = st.text("abcdé小", min_size=1, max_size=4)
names = st.lists(words, min_size=1, max_size=3).map(" ".join)


@settings(max_examples=150, deadline=None)
@given(st.lists(names, min_size=1, max_size=12, unique=True), st.lists(words, max_size=20).map(" ".join))
def test_the_index_finds_what_a_plain_search_finds(names: list[str], text: str) -> None:
    companies = tuple(company(f"c{number}", name) for number, name in enumerate(names))
    skeleton = Skeleton(EntryField.TEXT, text)
    listed = [
        (number, pattern)
        for number, one in enumerate(companies)
        for pattern, form in best_forms(number, one).items()
        if not form.derived
    ]

    found = NameIndex(Watchlist(companies), fuzzy=False).find(skeleton, "zz")
    exact = {
        (form.company, f"{item.skeleton.tokens[item.span.first : item.span.last + 1]}", item.span.start, item.span.end)
        for item in found
        for form in item.meaning.forms
        if not form.derived and not item.repairs
    }

    assert exact == {
        (number, f"{skeleton.tokens[span.first : span.last + 1]}", span.start, span.end)
        for number, pattern in listed
        for span in (skeleton.span_of(at, at + len(pattern)) for at in places_of(pattern, skeleton.text))
    }


def places_of(pattern: str, text: str) -> list[int]:
    return [place for place in range(len(text)) if text.startswith(pattern, place)]


letters = st.sampled_from("abcxyzéя小")


@settings(max_examples=300, deadline=None)
@given(st.text(letters, min_size=4, max_size=12), st.data())
def test_every_word_that_is_one_edit_away_is_offered(word: str, data: st.DataObject) -> None:
    place, letter = data.draw(st.integers(0, len(word) - 1)), data.draw(letters)
    beside = word[place + 1 : place + 2] + word[place] + word[place + 2 :]
    edits = (word[:place] + word[place + 1 :], word[:place] + letter + word[place:])
    edits += (word[:place] + letter + word[place + 1 :], word[:place] + beside, word[0] + "".join(sorted(word[1:])))
    near = NearWords.of([word, "unrelated"])

    assert all(word in near.to(edit) for edit in edits)


ADVERSARIAL = {
    "a name": "Apple ",
    "one word": "a",
    "marks": "e\u0301",
    "unspaced": "小米",
    "brackets": "(A",
    "tickers": "$A.B:",
    "misspelt": "Siemenss ",
    "beginnings": "Samsung ",
    "many words": "AT & ",
    "possessives": "apple's ",
    "links": "https://att.com/Apple.",
    "line breaks": "Sony\n\n",
    "quotes": "“Nestlé” ",
}


@pytest.mark.parametrize("piece", ADVERSARIAL.values(), ids=ADVERSARIAL)
def test_the_work_grows_no_faster_than_the_text(piece: str) -> None:
    """Counted in calls, not in seconds: those depend on the computer and on what else it does."""
    ENGINE.hits(entry("Apple", piece * 20))  # word lists are loaded once
    short, long = (work_of(entry("Apple", (piece * size)[:size])) for size in (20_000, 80_000))

    assert long <= 4.5 * short + 1_000


def work_of(item: Entry) -> int:
    calls = 0

    def count(*_: object) -> None:
        nonlocal calls
        calls += 1

    before = sys.getprofile()
    sys.setprofile(count)
    try:
        ENGINE.hits(item)
    finally:
        sys.setprofile(before)
    return calls


@pytest.mark.parametrize("piece", ["a", "e\u0301", "(A", "$A.B:", "Bank "])
def test_a_megabyte_costs_no_more_than_what_is_read_of_it(piece: str) -> None:
    whole = (piece * 1_000_000)[:1_000_000]

    assert work_of(entry("Apple", whole)) <= 1.1 * work_of(entry("Apple", whole[:200_000])) + 1_000

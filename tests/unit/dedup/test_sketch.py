"""Copies: edited copies are found, reports from one template are told apart."""

from __future__ import annotations

from pipeline.dedup.sketch import SKETCH_SIZE, copy_score, shingled, sketch
from pipeline.dedup.wording import wording

TITLE = "Harbour fund buys ferry line from city of Aalborg"
TEXT = (
    "The Harbour fund has agreed to buy the ferry line that crosses the sound every hour from the city of Aalborg. "
    "Some 340 people work on the boats and in the two terminals, and the council wants their jobs kept for five years. "
    "A vote is planned before the summer, when the line carries most of its passengers."
)


def test_a_sketch_is_small_signed_and_stable() -> None:
    found = sketch(shingled(TITLE, TEXT).shingles)

    assert len(found) == SKETCH_SIZE
    assert all(-(2**63) <= value < 2**63 for value in found)
    assert found == sketch(shingled(TITLE, TEXT).shingles)


def test_a_copy_with_outlet_dateline_and_cut_is_a_copy() -> None:
    copied = shingled(f"{TITLE} - Daily Quay", "AALBORG (Daily Quay) - " + TEXT[:200] + "...", "Daily Quay")

    assert copy_score(shingled(TITLE, TEXT), copied) > 0.8
    assert len(set(sketch(shingled(TITLE, TEXT).shingles)) & set(sketch(copied.shingles))) >= 2


def test_the_same_story_in_other_words_is_no_copy() -> None:
    other = shingled(
        "Aalborg council to sell its ferries",
        "Boats across the sound will soon belong to an investor, if the council agrees in a vote planned this spring.",
    )

    assert copy_score(shingled(TITLE, TEXT), other) == 0.0


def test_one_template_with_other_figures_is_no_copy() -> None:
    def report(firm: str, percent: str, volume: str) -> str:
        return (
            f"Shares of {firm} were down {percent}% in Monday trading. Volume was {volume} million shares against "
            "an average of 46 million over the last three months, the exchange said in its daily note to members."
        )

    one = shingled("Aarlund shares down 6.3%", report("Aarlund", "6.3", "44"))
    other = shingled("Aarlund shares down 2.1%", report("Aarlund", "2.1", "31"))

    assert copy_score(one, other) == 0.0


def test_short_texts_need_equal_figures_and_headlines() -> None:
    assert copy_score(shingled("Aarlund Q2 results", ""), shingled("Aarlund Q2 results | Daily Quay", "")) > 0
    assert (
        copy_score(
            shingled("Aarlund lifts dividend to 14 cents", ""), shingled("Aarlund lifts dividend to 16 cents", "")
        )
        == 0
    )


def test_two_headlines_of_one_template_are_no_copies() -> None:
    ours = shingled("Aarlund strikes deal for Brightmoor Labs in push into ferries", "")
    theirs = shingled("Aarlund strikes deal for Corvallis Media in push into ferries", "")
    cut = shingled("Aarlund strikes deal for Brightmoor Labs in push...", "")

    assert copy_score(ours, theirs) == 0.0
    assert copy_score(ours, cut) > 0.8


def test_unspaced_script_is_compared_by_pairs_of_characters() -> None:
    one = shingled("微软与小米签署谅解备忘录", "双方将在云服务与音箱方面合作")
    other = shingled("微软与小米签署谅解备忘录 - 晨报", "双方将在云服务与音箱方面合作")

    assert copy_score(one, other) > 0.8


def test_nothing_is_like_nothing() -> None:
    assert copy_score(shingled("", ""), shingled("", "")) == 0.0
    assert sketch(shingled("", "").shingles) == ()


def test_what_is_remembered_of_whole_texts_is_bounded() -> None:
    largest = 20_000 * 4  # bytes of a text in four-byte characters

    remembered = sum(cache.cache_info().maxsize or 0 for cache in (wording, shingled))

    assert remembered * largest < 256 * 2**20


def test_a_denial_in_the_words_of_what_it_denies_is_no_copy() -> None:
    told = shingled(
        "Aarlund to build a camera factory in Porto", "Aarlund plans a camera factory in Porto that employs 900 people."
    )
    denied = shingled(
        "Aarlund denies plan for camera factory in Porto",
        "Aarlund denies that it will build a camera factory in Porto that employs 900 people.",
    )

    assert copy_score(told, denied) == copy_score(denied, told) == 0.0


def test_a_denial_that_is_copied_is_a_copy() -> None:
    text = "Aarlund denied on Monday that it will build a camera factory in Porto. " + TEXT
    one, other = (
        shingled("Aarlund denies plan for factory in Porto", text),
        shingled("No Porto factory, says Aarlund", text),
    )

    assert copy_score(one, other) > 0.8


def test_two_headlines_that_differ_in_one_place_are_no_copies() -> None:
    one = shingled("Harbour fund picks Aalborg for its new ferry terminal and yard", "")

    assert copy_score(one, shingled("Harbour fund picks Gdynia for its new ferry terminal and yard", "")) == 0.0
    assert copy_score(one, shingled("Harbour fund picks Aalborg for its new ferry terminal and yard - Quay", "")) > 0.9

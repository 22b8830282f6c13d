import pytest

from pipeline.alert.wording import by_company, counted, leaner, listed, moment, prepared, rhythm, tag, why
from tests.builders_message import company, digest, evidence, story, update


def test_moments_are_told_in_words_and_in_utc():
    assert moment("2026-03-02T10:05:00+02:00") == "2 Mar 2026, 08:05 UTC"
    assert [moment(None), moment(""), moment("soon")] == ["", "", ""]


def test_what_is_usual_has_no_tag():
    assert [tag(word) for word in ("low", "normal", "high", "urgent", "odd", None)] == [
        "[LOW]",
        "",
        "[HIGH]",
        "[URGENT]",
        "",
        "",
    ]


@pytest.mark.parametrize(
    ("words", "told"),
    [([], ""), (["A"], "A"), (["A", "B"], "A and B"), ("ABC", "A, B and C"), ("ABCDE", "A, B, C and 2 more")],
)
def test_a_list_is_told_like_a_person_would(words, told):
    assert listed(words) == told


def test_counts_agree():
    assert [counted(1, "story", "stories"), counted(1200, "story", "stories")] == ["1 story", "1,200 stories"]


def test_a_digest_is_called_by_its_rhythm():
    assert [rhythm(word) for word in ("daily", "quiet", "")] == [
        "Daily digest",
        "Held back in the quiet hours",
        "Digest",
    ]


def test_why_is_the_sentence_of_the_payload_or_made_of_its_evidence():
    two = {"evidence": [evidence("Xiamio", "Xiaomi"), evidence("mi.com", field="url", method="domain")]}

    assert why(two) == '"Xiamio" in the title (fuzzy, taken for "Xiaomi"); "mi.com" in the url (domain)'
    assert why({**two, "why": "its ticker is in the title"}) == "its ticker is in the title"
    assert why({"name": "X"}) == ""


def test_stories_stand_under_the_company_they_are_most_about_the_loudest_first():
    acme, xiaomi = company("acme", "Acme"), company()
    groups = by_company(
        [
            story(1, companies=[xiaomi, acme], published_at="2026-03-02T01:00:00Z"),
            story(2, companies=[xiaomi], published_at="2026-03-02T03:00:00Z"),
            story(3, companies=[xiaomi], published_at=None),
            story(4, companies=[acme], severity="urgent"),
        ]
    )

    assert [(group["name"], group["count"]) for group in groups] == [("Acme", 1), ("Xiaomi", 3)]
    assert [one["id"][-1] for one in groups[1]["stories"]] == ["2", "1", "3"]


def test_a_story_without_a_company_is_not_lost():
    assert [(group["name"], group["count"]) for group in by_company([story(companies=[])])] == [("", 1)]


def test_an_outlet_that_tells_a_story_several_times_is_named_once_and_the_storys_own_not_at_all():
    told = [
        {"publisher": name, "title": "T", "url": f"https://e.example/{number}"} for number, name in enumerate("ABA")
    ]
    (group,) = prepared(digest([story(publisher="B", also_at=told)]))["groups"]

    assert group["stories"][0]["outlets"] == ("A",)


def test_an_update_names_what_it_began_with_once():
    first = {"title": "T", "url": "https://wire.example/1", "publisher": "Wire"}
    other = {"title": "T", "url": "https://times.example/1", "publisher": "Times"}

    assert prepared(update(also_at=[first, other]))["also_at"] == (other,)
    assert prepared(update(first=None, also_at=[first, other]))["also_at"] == (first, other)


def test_a_story_loses_first_what_is_least_needed():
    outlets = [{"publisher": f"P{number}", "title": "T", "url": ""} for number in range(5)]
    views = list(leaner(prepared(update(also_at=outlets, title="T" * 300))))

    assert [view["summary"] != "" for view in views] == [True, False, False, False, False, False]
    assert [len(view["also_at"]) for view in views] == [5, 5, 3, 3, 0, 0]
    assert views[2]["more_outlets"] == 2
    assert [bool(view["companies"][0]["evidence"]) for view in views] == [True, True, True, False, False, False]
    assert [len(view["title"]) for view in views] == [300, 300, 300, 300, 300, 100]
    assert all(view["news"] for view in views)


def test_a_digest_says_how_many_stories_it_leaves_out():
    views = list(leaner(prepared(digest([story(number) for number in range(8)]))))

    shown = [sum(len(group["stories"]) for group in view["groups"]) for view in views]
    assert shown == [8, 8, 8, 8, 6, 4, 3, 2, 1, 1]
    assert [view["left_out"] for view in views] == [0, 0, 0, 0, 2, 4, 5, 6, 7, 7]
    assert all(view["counts"] == [{"name": "Xiaomi", "count": 8}] for view in views)

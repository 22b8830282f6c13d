import pytest

from pipeline.alert.phrases import Phrases, searchable


def occurs(phrase, *fields):
    return Phrases([phrase]).occur_in(searchable(*fields))


@pytest.mark.parametrize(
    ("phrase", "text"),
    [
        ("recall", "A recall, at last"),
        ("recall", "RECALL"),
        ("Société", "societe generale"),
        ("societe", "La Société dit"),
        ("recall", "the recall's end"),
        ("product safety", "on Product  Safety"),
        ("take-over", "a take over bid"),
        ("take over", "a take-over bid"),
        ("recall*", "it recalls cars"),
        ("AT&T", "AT&T sells"),
        ("C++", "written in C++."),
        ("召回", "小米公司召回手机"),
        ("Azure云", "微软在azure云上"),
        ("Azure", "微软在Azure上"),
        ("삼성전자", "삼성전자는 공장을"),
        ("10 %", "by 10 % today"),
        ("recall", "ｒｅｃａｌｌ of cars"),
    ],
)
def test_a_phrase_is_found_however_it_is_written(phrase, text):
    assert occurs(phrase, text)


@pytest.mark.parametrize(
    ("phrase", "text"),
    [
        ("recall", "it recalls cars"),
        ("recall", "nonrecall"),
        ("safety product", "product safety"),
        ("product safety", "product. Safety first"),
        ("ai", "said again"),
        ("召回", "召唤"),
        ("recall*", "prerecall"),
    ],
)
def test_a_part_of_a_word_and_words_apart_are_not_the_phrase(phrase, text):
    assert not occurs(phrase, text)


def test_a_phrase_does_not_reach_from_the_title_into_the_text():
    assert occurs("plant", "A plant", "in Gdynia")
    assert not occurs("plant in", "A plant", "in Gdynia")


def test_no_phrases_occur_nowhere_and_one_of_many_is_enough():
    assert not Phrases([]).occur_in("anything")
    assert not Phrases([])
    assert Phrases(["fire", "flood"]).occur_in(searchable("A flood"))


@pytest.mark.parametrize(
    ("phrase", "text", "found"),
    [
        ("fire sale*", "the fire sales begin", True),
        ("fire sale*", "a sale of fire", False),
        ("fire-*", "fire", True),
        ("AT&T wireless", "at&t wireless", True),
        ("AT&T wireless", "at t wireless", False),
        ("小米 recall", "小米 recall", True),
    ],
)
def test_phrases_of_odd_parts_are_found_as_they_are_written(phrase, text, found):
    assert occurs(phrase, text) is found

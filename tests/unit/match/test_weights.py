"""How many points each sign is worth."""

import pytest

from pipeline.match.weights import points


def test_a_variant_is_taken_where_the_file_tells_it_apart_else_the_sign_itself() -> None:
    assert points("case.lower", "distinct") != points("case.lower")
    assert points("case.lower", "word") == points("case.lower")
    assert points("before.article", "person_de", "person") == points("before.article_person_de")
    assert points("before.article", "person_en", "person") == points("before.article_person")


def test_points_know_their_key() -> None:
    assert getattr(points("after.verb"), "key", "") == "after.verb"


def test_a_sign_that_the_file_does_not_have_is_a_fault() -> None:
    with pytest.raises(KeyError):
        points("after.nothing")

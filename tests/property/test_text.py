"""Folding holds for any Unicode."""

from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.text import fold, fold_with_offsets, tokens


@settings(max_examples=400, deadline=None)
@given(st.text(max_size=60))
def test_folding_twice_is_folding_once(text: str) -> None:
    assert fold(fold(text)) == fold(text)


@settings(max_examples=400, deadline=None)
@given(st.text(max_size=60))
def test_every_folded_character_knows_where_it_comes_from(text: str) -> None:
    folded = fold_with_offsets(text)

    assert folded.text == fold(text)
    assert len(folded.starts) == len(folded.ends) == len(folded.text)
    assert all(0 <= start < end <= len(text) for start, end in zip(folded.starts, folded.ends, strict=True))
    assert list(folded.starts) == sorted(folded.starts)


@settings(max_examples=200, deadline=None)
@given(st.text(max_size=60))
def test_tokens_stand_in_the_text(text: str) -> None:
    folded = fold(text)

    assert all(token in folded for token in tokens(folded))

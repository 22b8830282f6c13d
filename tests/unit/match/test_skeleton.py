"""Where tokens stand in a field, however that is worked out."""

import pytest

from pipeline.match.skeleton import Skeleton
from pipeline.model import EntryField


@pytest.mark.parametrize(
    "text",
    [
        "  Apple, Inc.  rises\n\tagain ",
        "AT&T and `Acme` & Sons",  # an ampersand is a token, with or without spaces
        "Der Nestl\u00e9-Konzern w\u00e4chst",
        "word " * 200,  # too long for each token to be looked for by itself
        "",
    ],
)
def test_spans_cover_the_tokens_and_gaps_what_is_between(text: str) -> None:
    skeleton = Skeleton(EntryField.TEXT, text)
    tokens = range(len(skeleton.tokens))
    spans = [(span.start, span.end) for span in (skeleton.span_between(place, place) for place in tokens)]

    assert spans == skeleton.spans
    assert [skeleton.folded_text[start:end] for start, end in spans] == skeleton.tokens
    pieces = [piece for place in tokens for piece in (skeleton.gap(place), skeleton.tokens[place])]
    assert "".join([*pieces, skeleton.gap(len(tokens)) if tokens else text]) == skeleton.folded_text

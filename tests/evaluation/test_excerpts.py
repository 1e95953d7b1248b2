import json

from hypothesis import given, settings
from hypothesis import strategies as st

from adjudge.evaluation.excerpts import pieces, quotations

DOCUMENT = "The Provider may raise the fees at any time. Minutes are kept in May, every year."


@settings(deadline=None)
@given(st.lists(st.tuples(st.integers(0, len(DOCUMENT)), st.integers(0, len(DOCUMENT)), st.integers(0, 2)), max_size=6))
def test_pieces_are_the_text(cuts: list[tuple[int, int, int]]):
    """Joined again the pieces give the text, whatever is quoted and however quotations overlap."""
    quotes: list[list[str]] = [[], [], []]
    for start, end, answer in cuts:
        quotes[answer].append(DOCUMENT[start:end])
    found = pieces(DOCUMENT, quotes)
    assert "".join(piece.text for piece in found) == DOCUMENT
    assert all(piece.text for piece in found)


def test_overlapping_quotations_keep_their_owners():
    """Where two answers quote the same words, both are named; elsewhere only one."""
    first, second = "The Provider may raise the fees", "raise the fees at any time"
    found = {piece.text: piece.quoted_by for piece in pieces(DOCUMENT, [[first], [second]])}
    assert found["The Provider may "] == (0,)
    assert found["raise the fees"] == (0, 1)
    assert found[" at any time"] == (1,)


def test_quotations_come_from_broken_answers_too():
    """Strings of JSON, of cut JSON and of JSON with escapes are found; what is not in the document is not."""
    quote, other = "Minutes are kept in May", "The Provider owes nothing."
    whole = json.dumps({"comments": [{"text_excerpt": quote, "comment": other}, {"text_excerpt": quote}]})
    assert quotations(whole, DOCUMENT) == (quote,)
    assert quotations(whole[:-3] + ', "cut here', DOCUMENT) == (quote,)
    assert quotations('{"a": "Minutes are\\nkept in\\u0020May"}', DOCUMENT) == ("Minutes are\nkept in May",)
    assert quotations("no JSON at all", DOCUMENT) == ()
    assert quotations('"\\x"', DOCUMENT) == ()

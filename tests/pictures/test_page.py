from hypothesis import given, settings
from hypothesis import strategies as st

from adjudge.pictures.page import plain


@settings(deadline=None)
@given(st.text())
def test_plain_text_keeps_its_length_and_hides_nothing(text: str):
    """Every character stays or becomes visible; the result has a UTF-8 form and is stable."""
    found = plain(text)
    assert len(found) == len(text)
    assert not set(found) & {chr(code) for code in (0, 8, 0x200B, 0x202E, 0x2066, 0xFEFF, 0xD800)}
    found.encode()
    assert plain(found) == found
